"""A body that is something else than it is read as is told as that, and what is wrong beside it."""

import gzip
import json
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import misread
from simulators.kernel.call import Call
from simulators.kernel.validation import validate
from simulators.samples import FORM, JSON, sample
from simulators.server import routes

PARTS = '--XX\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'


def good(provider):
    record, found = sample(provider), PROVIDERS[provider]
    to = record.written(record.number(1))
    return record.call(found.published, to, "482913", now=1_795_248_470, nonce="n" * 32)


def pairs(call):
    if call.content_type == FORM:
        return dict(parse_qsl(call.body.decode()))
    return json.loads(call.body)


def flat(call):
    return {name: value for name, value in pairs(call).items() if isinstance(value, str)}


def parts(call):
    return "".join(PARTS.format(*pair) for pair in flat(call).items()).encode() + b"--XX--\r\n"


def sent(call, body, kind):
    bare = {name: value for name, value in call.headers.items() if name != "content-type"}
    headers = {**bare, "content-type": kind} if kind else bare
    return replace(call, body=body, headers=headers)


def told(provider, call):
    found = PROVIDERS[provider]
    here, _params = routes.match(found, call)
    return [(v.pointer, v.got, v.expected) for v in validate(found, here, call).violations]


FORMS = [name for name in PROVIDERS if good(name).content_type == FORM]
BODIED = [name for name in PROVIDERS if good(name).body]
ACTIONS = [name for name, provider in PROVIDERS.items() if provider.action]


def all_but(name):
    return [other for other in BODIED if other != name]


@pytest.mark.parametrize("kind", ["", "text/plain"])
@pytest.mark.parametrize("provider", all_but("gatewayapi"))  # takes JSON of any type
def test_a_wrong_content_type_is_the_one_violation(provider, kind):
    """Not one for each field that nobody found."""
    call = good(provider)

    ((pointer, got, expected),) = told(provider, sent(call, call.body, kind))

    assert ("headers.content-type", f"`{kind}`" if kind else "missing") == (pointer, got)
    assert expected.startswith(f"{call.content_type}, as the body is ")


@pytest.mark.parametrize("kind", [FORM, JSON])
@pytest.mark.parametrize("provider", FORMS)
def test_json_where_a_form_is_read_is_the_one_violation(provider, kind):
    """With its names as they would stand in a form, and no value: that may be a secret."""
    call = good(provider)
    body = json.dumps(pairs(call)).encode()

    ((pointer, got, expected),) = told(provider, sent(call, body, kind))

    assert ("body", "JSON") == (pointer, got)
    assert expected.startswith(f"a form ({FORM}), as ")
    assert f"{next(iter(pairs(call)))}=..." in expected


@pytest.mark.parametrize("provider", ["smsaero", "vonage"])
def test_a_form_that_says_it_is_json_is_the_one_violation(provider):
    """These read either."""
    call = good(provider)
    found = told(provider, sent(call, urlencode(pairs(call)).encode(), JSON))

    assert [("headers.content-type", f"`{JSON}`", f"{FORM}, as the body is a form")] == found


@pytest.mark.parametrize("provider", all_but("http_sms"))
def test_what_is_wrong_beside_it_is_told_too(provider):
    """Of what the body was meant as."""
    call = good(provider)
    text = call.body.decode()
    to = sample(provider).written(sample(provider).number(1))
    spoilt = text.replace(quote(to, safe=""), "12").replace(to, "12").encode()
    body = json.dumps(spoilt.decode()).encode()

    found = told(provider, replace(call, body=body))

    assert ("body", "a text in JSON's quotes") == found[0][:2]
    assert 2 == len(found)


@pytest.mark.parametrize(
    ("encode", "got"),
    [
        (lambda call: b"\xef\xbb\xbf" + call.body, "a byte order mark before it"),
        (lambda call: call.body.decode().encode("utf-16"), "they read as UTF-16"),
        (lambda call: gzip.compress(call.body, mtime=0), "compressed by gzip"),
        (lambda call: json.dumps(call.body.decode()).encode(), "a text in JSON's quotes"),
        (lambda call: quote(call.body, safe="").encode(), "percent-encoded as a whole"),
    ],
)
@pytest.mark.parametrize("provider", BODIED)
def test_an_encoding_too_many_is_named(provider, encode, got):
    """Whatever the provider, if its clients send a body."""
    call = good(provider)

    found = told(provider, replace(call, body=encode(call)))

    assert ("body", True) == (found[0][0], got in found[0][1]), found


@pytest.mark.parametrize("provider", [*FORMS, "vonage", "smsaero"])
def test_parts_of_a_form_are_named(provider):
    """Which browsers' FormData and curl -F make."""
    call = good(provider)
    kind = "multipart/form-data; boundary=XX"

    found = told(provider, sent(call, parts(call), kind))

    assert [("headers.content-type", "`multipart/form-data`, and parts of a form")] == [
        violation[:2] for violation in found
    ]


@pytest.mark.parametrize("provider", ACTIONS)
@pytest.mark.parametrize("left_out", [False, True])
def test_a_wrong_action_is_named_as_that(provider, left_out):
    """With the near ones, and not as a path that is right."""
    call = good(provider)
    place, right = PROVIDERS[provider].action(call)
    name = "" if left_out else right[0].lower() + right[1:]
    headers = {k: v.replace(right, name) for k, v in call.headers.items()}
    body = call.body.replace(f"Action={right}".encode(), f"Action={name}".encode())

    ((pointer, came, expected),) = told(provider, replace(call, headers=headers, body=body))

    assert (pointer, came) == (place, "missing" if left_out else f"`{name}`")
    assert expected.startswith("the name of an operation of ")
    assert right in expected


@pytest.mark.parametrize("provider", ACTIONS)
def test_the_action_is_looked_for_once(provider):
    """However many operations share the path, and whichever of them is asked for."""
    asked, call = [], good(provider)
    here, _params = routes.match(PROVIDERS[provider], call)
    last = [endpoint for endpoint in here if endpoint.action][-1]
    known = replace(
        PROVIDERS[provider], action=lambda call: asked.append(call) or ("", last.action)
    )

    found = validate(known, here, replace(call, method=last.method, body=b""))

    assert (last, 1) == (found.endpoint, len(asked))


def test_an_action_that_nobody_finds_is_a_mistake_of_the_provider():
    """Its endpoints would never be chosen."""
    with pytest.raises(ValueError, match="aliyun: endpoints have an `action`"):
        replace(PROVIDERS["aliyun"], action=None)


def test_a_webhook_without_its_payload_is_one():
    """It has a type, and nothing that the generic form could have a text in."""
    call = good("http_sms")
    for body in ({"to": "14155552671", "type": "SignIn"}, {**pairs(call), "payloads": {}}):
        body.pop("payload", None)
        found = told("http_sms", replace(call, body=json.dumps(body).encode()))

        assert [("body.payload", "missing")] == [violation[:2] for violation in found]


def test_a_body_that_nobody_reads_in_any_form_is_no_violation():
    """As that of a GET, which has its parameters in the query."""
    call = good("vonage")
    query = urlencode(pairs(call))

    assert [] == told("vonage", replace(call, method="GET", query=query, body=b'{"a": "b"}'))


@pytest.mark.parametrize("body", [b"{}", b"null", b"[]", b"hello", b"=", b"--", b'"', b"%3D", b"a"])
@pytest.mark.parametrize("kind", ["", FORM, JSON, "multipart/form-data", "text/plain"])
def test_any_bytes_are_read_again(body, kind):
    """Nothing is raised, for however odd a body; a long one is left alone."""
    call = Call("POST", "/", headers={"content-type": kind}, body=body)

    assert all(reading.wrong.expected for reading in misread.readings(call, "page"))
    assert [] == list(misread.readings(replace(call, body=body * misread.MOST + b"xx"), "page"))
