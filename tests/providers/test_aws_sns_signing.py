"""Signature Version 4 against botocore's signer, the headers of every SDK, and the mistakes that
clients of their own make."""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
import requests
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from simulators.catalog import PROVIDERS
from simulators.kernel import reading
from simulators.kernel.call import Call
from simulators.providers.aws_sns import signing

PUBLISHED = PROVIDERS["aws_sns"].published
FORM = "application/x-www-form-urlencoded"
BODY = "Action=Publish&Version=2010-03-31&PhoneNumber=%2B14155550123&Message=Your+code+is+123456"
KEYS = Credentials(PUBLISHED["access_key_id"], PUBLISHED["secret_access_key"])

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
NAMES = st.from_regex(r"x-[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True)
VALUES = st.from_regex(r"[!-~]{1,8}( {1,3}[!-~]{1,8}){0,2}", fullmatch=True)


@given(
    method=st.sampled_from(["POST", "GET"]),
    path=st.lists(st.from_regex(r"[A-Za-z0-9_.~ é%-]{1,8}", fullmatch=True), max_size=3),
    query=st.lists(st.tuples(TEXTS, TEXTS), max_size=5),
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    body=st.binary(max_size=50),
)
def test_any_request_has_the_signature_that_botocore_makes(method, path, query, headers, body):
    """Over paths, queries and headers of all kinds. Segments that mean another place are left
    out: an SDK goes there before it signs."""
    segments = [quote(one) for one in path if one.strip(".")]
    raw = "/" + "/".join(segments)
    sent = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in query)
    url = f"http://127.0.0.1:8026{raw}{f'?{sent}' if sent else ''}"
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
    SigV4Auth(KEYS, "sns", "eu-west-1").add_auth(request)
    carried = {name.lower(): value for name, value in request.headers.items()}
    call = Call(method, raw, sent, {**carried, "host": "127.0.0.1:8026"}, body=body, raw_path=raw)

    proof = signing.by_header(carried["authorization"], carried["x-amz-date"])

    ours = signing.signature(call, proof, call.host, PUBLISHED["secret_access_key"])
    assert proof.signature == ours


@given(query=st.lists(st.tuples(TEXTS, TEXTS), max_size=5), expires=st.integers(1, 604_800))
def test_any_presigned_request_has_the_signature_that_botocore_makes(query, expires):
    """Its own parameters are among those that are signed."""
    query = [(n, v) for n, v in dict(query).items() if n and not n.startswith("X-Amz-")]
    sent = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in query)
    request = AWSRequest(method="GET", url=f"http://localhost/?{sent}")
    SigV4QueryAuth(KEYS, "sns", "us-east-1", expires=expires).add_auth(request)
    sent = request.url.partition("?")[2]
    call = Call("GET", "/", sent, {"host": "localhost"}, raw_path="/")

    proof = signing.by_query(reading.fields(sent))

    ours = signing.signature(call, proof, call.host, PUBLISHED["secret_access_key"])
    assert proof.signature == ours


# What each SDK signs, and what it sends besides.
SDKS = {
    "Go v2": (
        {
            "Content-Type": FORM,
            "Content-Length": str(len(BODY)),
            "Amz-Sdk-Invocation-Id": "6c2b9c3c-0000-4000-8000-000000000000",
            "Amz-Sdk-Request": "attempt=1; max=3",
        },
        {"User-Agent": "aws-sdk-go-v2/1.36.0", "Accept-Encoding": "gzip"},
    ),
    "PHP": (
        {"aws-sdk-invocation-id": "0123456789abcdef", "aws-sdk-retry": "0/0"},
        {"Content-Type": FORM, "User-Agent": "aws-sdk-php/3.300.0"},
    ),
    "Java v2": (
        {
            "Content-Type": f"{FORM}; charset=UTF-8",
            "Content-Length": str(len(BODY)),
            "x-amz-content-sha256": hashlib.sha256(BODY.encode()).hexdigest(),
            "amz-sdk-invocation-id": "6c2b9c3c-0000-4000-8000-000000000000",
            "amz-sdk-request": "attempt=1; max=4",
        },
        {"Expect": "100-continue", "User-Agent": "aws-sdk-java/2.30.0", "Connection": "Keep-Alive"},
    ),
    "Java v1": ({"Content-Type": f"{FORM}; charset=utf-8"}, {"User-Agent": "aws-sdk-java/1.12"}),
    "Ruby": (
        {
            "Content-Type": f"{FORM}; charset=utf-8",
            "X-Amz-Content-Sha256": hashlib.sha256(BODY.encode()).hexdigest(),
        },
        {"Accept-Encoding": "", "User-Agent": "aws-sdk-ruby3/3.200.0", "Accept": "*/*"},
    ),
    "a body that is not signed": (
        {"Content-Type": FORM, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
        {},
    ),
    "a session token": ({"Content-Type": FORM, "x-amz-security-token": "{session_token}"}, {}),
}


@pytest.mark.parametrize("sdk", SDKS)
def test_every_sdk_s_headers_are_taken(sdk, sms, send_raw):
    """Signed by botocore's signer, in the order and the case that the SDK has them."""
    known, port = sms.credentials("aws_sns"), sms.simulators.ports["http"]
    signed, besides = SDKS[sdk]
    signed = {name: value.format(**known) for name, value in signed.items()}
    url = f"http://127.0.0.1:{port}/aws_sns/"
    request = AWSRequest(method="POST", url=url, data=BODY, headers=signed)
    own = Credentials(known["access_key_id"], known["secret_access_key"])
    SigV4Auth(own, "sns", "us-east-1").add_auth(request)
    headers = {"Host": f"127.0.0.1:{port}", **besides, **dict(request.headers.items())}
    headers = {"Content-Length": str(len(BODY)), **headers}
    lines = ["POST /aws_sns/ HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]

    answer = send_raw("\r\n".join([*lines, "", BODY]).encode())

    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert "123456" == sms.wait_for_code()


def digest(key, text):
    return hmac.digest(key, text.encode(), "sha256")


def derived(secret, *parts):
    for part in parts:
        secret = digest(secret, part)
    return secret


@pytest.fixture
def by_hand(sms, send_raw):
    """Sends a request that is signed by the page, with what is to be wrong in it; returns status
    and code of the answer, and how the journal explains its signature."""

    def send(
        *,
        host="{host}",
        path="/aws_sns/",
        method="POST",
        body=BODY,
        signed="content-type;host;x-amz-date",
        key="AWS4{secret}",
        derive=True,
        scope="{date}/us-east-1/sns/aws4_request",
        end="",
        header="AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={sig}",
        at=None,
        **more,
    ):
        known, port = sms.credentials("aws_sns"), sms.simulators.ports["http"]
        real = f"127.0.0.1:{port}"
        now = at or datetime.fromtimestamp(sms.clock.now().timestamp(), UTC).strftime(
            "%Y%m%dT%H%M%SZ"
        )
        values = {"content-type": FORM, "x-amz-date": now, "host": host.format(host=real)}
        lines = "".join(f"{name}:{values[name]}\n" for name in signed.split(";"))
        payload = hashlib.sha256(body.encode()).hexdigest()
        canonical = "\n".join([method, path, "", lines, signed, payload])
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        scope = scope.format(date=now[:8])
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}{end}"
        secret = key.format(secret=known["secret_access_key"]).encode()
        made = digest(derived(secret, *scope.split("/")) if derive else secret, text).hex()
        named = {"id": known["access_key_id"], "scope": scope, "signed": signed, "sig": made}
        sent = {
            "Host": real,
            "Content-Type": FORM,
            "X-Amz-Date": now,
            "Authorization": header.format(**named),
            "Content-Length": str(len(BODY)),
            **more,
        }
        head = [f"{name}: {value}" for name, value in sent.items() if value is not None]
        raw = "\r\n".join(["POST /aws_sns/ HTTP/1.1", *head, "", BODY])
        answer = send_raw(raw.encode()).decode()
        code = re.search(r"<Code>(\w+)</Code><Message>(.*?)</Message>", answer)
        entry = sms.requests()[-1] if sms.requests() else {}
        return int(answer.split()[1]), code and (code[1], code[2]), entry.get("mismatch")

    return send


def test_one_that_is_signed_by_hand_is_taken(by_hand):
    """The page's way, to the letter."""
    assert 200 == by_hand()[0]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-16 * 60, r"Signature expired: \w+ is now earlier than \w+ \(\w+ - 15 min\.\)"),
        (16 * 60, r"Signature not yet current: \w+ is still later than \w+ \(\w+ \+ 15 min\.\)"),
    ],
)
def test_a_clock_that_is_off_by_more_than_fifteen_minutes_is_told_so(seconds, told, by_hand, sms):
    """To either side."""
    at = datetime.fromtimestamp(sms.clock.now().timestamp() + seconds, UTC)

    status, (code, text), _ = by_hand(at=at.strftime("%Y%m%dT%H%M%SZ"))

    assert (403, "SignatureDoesNotMatch") == (status, code)
    assert re.fullmatch(told, text)


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"key": "{secret}"}, "the key was derived from the secret without AWS4 before it"),
        ({"key": "{secret}", "derive": False}, "the key was the secret itself, not derived"),
        ({"derive": False}, "the key was AWS4 and the secret, not derived"),
        (
            {"key": f"AWS4{PUBLISHED['secret_access_key']}"},
            "the secret was the published one, not this account's",
        ),
        ({"key": "AWS4{secret}\n"}, "the secret had a newline behind it"),
        ({"end": "\n"}, "a newline was signed behind the string"),
        ({"method": "GET"}, "it was signed as a GET, and sent as a POST"),
        ({"method": "post"}, "the method was signed in lower case, as post"),
        ({"body": ""}, "the body was not hashed"),
        (
            {"body": BODY.replace("+", "%20")},
            "the body was signed with %20 for its blanks, and sent with +",
        ),
    ],
)
def test_a_mistake_is_named(by_hand, changes, mistake):
    """What is over what is in the journal, and what was done in another way."""
    status, (code, _text), explained = by_hand(**changes)

    assert (403, "SignatureDoesNotMatch") == (status, code)
    assert mistake == explained["mistake"]
    assert explained["ours"]["canonical_request"].startswith("POST\n/aws_sns/\n")


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"path": "/"}, "the path was signed as /, and sent as /aws_sns/"),
        (
            {"host": "sns.us-east-1.amazonaws.com"},
            "the host was signed as sns.us-east-1.amazonaws.com, and sent as ",
        ),
        ({"host": "127.0.0.1"}, "the host was signed without its port"),
    ],
)
def test_what_a_proxy_changes_is_let_pass_unless_the_account_is_strict(
    by_hand, sms, changes, mistake
):
    """Host and path are then as they came, and the mistake is named."""
    assert 200 == by_hand(**changes)[0]
    sms.settings("aws_sns", {"aws_sns": {"strict": True}})

    status, _refusal, explained = by_hand(**changes)

    assert 403 == status
    assert explained["mistake"].startswith(mistake)


@pytest.mark.sms_allow_violations
@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        (
            {"scope": "{date}/us-east-1/sqs/aws4_request"},
            "SignatureDoesNotMatch",
            "Credential should be scoped to correct service: 'sns'.",
        ),
        (
            {"scope": "20010101/us-east-1/sns/aws5_request"},
            "SignatureDoesNotMatch",
            "Credential should be scoped with a valid terminator: 'aws4_request', not"
            " 'aws5_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601"
            " version of date from HTTP: '20010101' != ",
        ),
        (
            {"signed": "content-type;x-amz-date"},
            "SignatureDoesNotMatch",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        ({"at": "20261341T250000Z"}, "IncompleteSignature", "Date must be in ISO-8601 'basic"),
        ({"at": "yesterday"}, "IncompleteSignature", "Date must be in ISO-8601 'basic format'."),
        (
            {"header": "AWS4-HMAC-SHA256 Credential={id}, SignedHeaders={signed}, Signature={sig}"},
            "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements",
        ),
        (
            {"header": "AWS4-HMAC-SHA256 SignedHeaders={signed}"},
            "IncompleteSignature",
            "Authorization header requires 'Credential' parameter. Authorization header requires"
            " 'Signature' parameter.",
        ),
        (
            {"header": "AWS4-HMAC-SHA512 Credential={id}/{scope}"},
            "IncompleteSignature",
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'",
        ),
        (
            {"header": "Basic YTpi"},
            "IncompleteSignature",
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            {"X-Amz-Date": None, "Date": None},
            "IncompleteSignature",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            {"X-Amz-Date": None, "Date": "Fri, 31 Dec 9999 23:59:59 -2359"},
            "IncompleteSignature",
            "Date must be in ISO-8601 'basic format'.",
        ),
        ({"Authorization": None}, "MissingAuthenticationToken", "Request is missing"),
    ],
)
def test_a_proof_that_is_none_is_refused_as_such(by_hand, changes, code, text):
    """With AWS's own texts."""
    _status, (got, told), _explained = by_hand(**changes)

    assert code == got
    assert told.startswith(text)


@pytest.mark.parametrize("rules", [[], [{"effect": {"delay_ms": 1}}]])
def test_an_answer_is_dated_by_the_account_s_clock(sms, rules):
    """By which the SDK for JavaScript sets its own, and tries again; once, however it goes out."""
    sms.clock.freeze("2030-01-01T12:00:00Z")
    sms.script(*rules)
    url = sms.base_url("aws_sns")
    headers = {"host": url.split("/")[2], "content-type": FORM}
    call = Call("POST", "/", "", headers, BODY.encode(), raw_path="/")
    signed = signing.sign(call, sms.credentials("aws_sns"), sms.clock.now().timestamp(), "")

    answer = requests.post(url, data=BODY, headers=signed.headers, timeout=10)

    assert ["Tue, 01 Jan 2030 12:00:00 GMT"] == answer.raw.headers.getlist("date")
    assert 200 == answer.status_code
