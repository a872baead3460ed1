"""Hostile input: any bytes get an answer in the provider's language, and nothing accepted is lost.

Every provider of the catalogue is a subject, from its recorded requests and its contracts'
examples; so is the control API. Over sockets for the bytes, and in process with the door open
(whoever asks is the default account) for what lies behind the signature. A few of each here, and
a million at night (`make hard`).
"""

import dataclasses
import json
import logging
import re
import socket
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.app import Options, Simulators, in_thread
from simulators.bench.samples import samples
from simulators.catalog import PROVIDERS
from simulators.control.routes import ROUTES
from simulators.data import contracts
from simulators.kernel import journal
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call
from simulators.kernel.credentials import lookup_ids
from simulators.kernel.journal import REQUESTS
from simulators.kernel.pipeline import Settings
from simulators.kernel.store import Selection
from simulators.server import routes
from simulators.server.apps import App

NAMES = sorted(PROVIDERS)
CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.jsonl"))
TIMEOUT = 10
fuzz = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Errors(logging.Handler):
    """Everything logged as an error, whichever thread it comes from."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.found = []

    def emit(self, record):
        self.found.append(self.format(record))


@pytest.fixture
def errors():
    """What was logged meanwhile; the test fails if there is anything."""
    handler = Errors()
    logging.getLogger().addHandler(handler)
    yield handler.found
    logging.getLogger().removeHandler(handler)

    assert handler.found == []


@pytest.fixture(scope="module")
def server():
    """A server of its own: what is sent to its control API spoils nobody's account. Without
    limits: sixty sends at once are more than some providers take in a second."""
    options = Options(port=0, tls_port=None, settings=Settings(limits="off"))
    with in_thread(options) as simulators:
        yield simulators


def exchange(server, raw, *, cut=False):
    """All that comes back until the server closes; a timeout is a hang, and fails."""
    address = ("127.0.0.1", server.ports["http"])
    answer = b""
    with socket.create_connection(address, timeout=TIMEOUT) as sock:
        try:
            sock.sendall(raw)
            if cut:
                sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(1 << 16):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
    return answer


def status(answer):
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def framed(method, target, host, headers=(), body=b"", *, chunked=False):
    """A request whose end the server can tell, after which it closes."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        parts = [body[at : at + 700] for at in range(0, len(body), 700)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body


@cache
def recorded(name):
    """The recorded requests to a provider: method, target, headers, body."""
    found = []
    for path in CAPTURES:
        for line in path.read_text().splitlines():
            for request in json.loads(line)["requests"]:
                if request["host"].partition(":")[0] in PROVIDERS[name].hosts:
                    headers = [f"{n}: {v}" for n, v in request["headers"] if wanted(n)]
                    body = (request.get("body") or "").encode()
                    found.append((request["method"], request["target"], headers, body))
    return found


def wanted(header):
    return header.lower() not in ("host", "connection", "content-length", "transfer-encoding")


@cache
def calls(name):
    """What a provider can be asked, as calls: recorded requests and examples of its contracts."""
    found = []
    for method, target, headers, body in recorded(name):
        url = urlsplit(target)
        named = {h.partition(": ")[0].lower(): h.partition(": ")[2] for h in headers}
        found.append(Call(method, url.path, url.query, named, body))
    for path in sorted(contracts(name).glob("*.examples.json")):
        found += [spelled(kept) for kept in orjson.loads(path.read_bytes())["keeps"]]
    return found or [Call("GET", "/")]


def spelled(document):
    """A request document as the call it was read from."""
    headers = {name: str(value) for name, value in document["headers"].items()}
    query = urlencode(document["query"] or {}, doseq=True)
    body = document["body"]
    if body is None:
        raw = b""
    elif "form" in headers.get("content-type", "form"):
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        raw = urlencode(body, doseq=True).encode()
    else:
        raw = json.dumps(body).encode()
    return Call(document["method"], document["path"], query, headers, raw)


TEXT = st.one_of(
    st.text(max_size=20),
    st.text("+0123456789", max_size=20),
    st.sampled_from(
        [
            "",
            " ",
            "\0",
            "\n",
            "\ud800",
            "é",
            "\u202e",
            "0" * 5000,
            "{code}",
            "${code}",
            "%s",
            "#code#",
        ]
    ),
    st.sampled_from(
        ["-1", "1e999", "NaN", "null", "[]", "{}", '"', "<script>", "../..", "2026-13-45"]
    ),
)
ODD = st.one_of(
    TEXT,
    st.sampled_from([None, True, False, 0, -1, 2**63, 10**30, 1.5, [], {}, [[]], [None], {"": {}}]),
    st.lists(TEXT, max_size=3),
    st.dictionaries(TEXT, TEXT, max_size=2),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"[" * 100_000,
            b'{"a":' * 5_000,
            b"&" * 5_000,
            b"&".join(b"f%d=" % n for n in range(5_000)),
            b"To=1&To=2&To=3",
            b"%00=%00&%ff=%fe&=",
            b'{"to": "\\ud800"}',
            b"\xef\xbb\xbf{}",
            b"null",
            b'"text"',
            b"[1]",
            b"123",
            b"<xml/>",
        ]
    ),
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "é/\u0301",
    ]
)
METHODS = st.sampled_from(
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "get"]
)
HEADERS = st.lists(
    st.sampled_from(
        [
            "Authorization: Basic !!!",
            "Authorization: Basic dXNlcjpwYXNz",
            "Authorization: Bearer \xff",
            "Authorization: TC3-HMAC-SHA256 Credential=a/b, SignedHeaders=, Signature=",
            "Authorization: ACS3-HMAC-SHA256 Credential=,SignedHeaders=host;;x,Signature=0",
            "Authorization: ",
            "X-TC-Action: SendSms",
            "X-TC-Timestamp: 99999999999999999999",
            "X-TC-Timestamp: x",
            "x-acs-action: SendSms",
            "x-acs-date: yesterday",
            "Accept: */*",
            "Cookie: " + "a" * 3000,
            "X-Odd: \u00e9\u4e2d",
            "Expect: 100-continue",
            "Content-Encoding: gzip",
            "Origin: null",
        ]
    ),
    max_size=4,
)


def places(value, found=()):
    """The path of every value in a document."""
    yield found
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*found, key))


def changed(value, path, new):
    """A copy with another value at a path."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@st.composite
def bodies(draw, body, content_type):
    """A body with something odd in one place, or an odd one altogether."""
    if draw(st.integers(0, 4)) == 0:
        return draw(BODIES)
    if "json" in content_type and _is_json(body):
        document = json.loads(body)
        where = draw(st.sampled_from(list(places(document))))
        return json.dumps(changed(document, where, draw(ODD))).encode()
    return draw(forms(body.decode("utf-8", "replace"))).encode()


@st.composite
def forms(draw, text):
    """A form or query with one field odd, twice, without value or gone."""
    pairs = parse_qsl(text, keep_blank_values=True) or [("a", "b")]
    at = draw(st.integers(0, len(pairs) - 1))
    name, _value = pairs[at]
    odd = quote(draw(TEXT), errors="surrogatepass")
    how = draw(st.sampled_from(["odd", "odd", "odd", "twice", "bare", "gone", "name"]))
    piece = {
        "odd": f"{quote(name)}={odd}",
        "twice": f"{quote(name)}={odd}&{quote(name)}={odd}",
        "bare": quote(name),
        "gone": "",
        "name": f"{odd}=x",
    }[how]
    fields = [f"{quote(n)}={quote(v)}" for n, v in pairs]
    return "&".join([*fields[:at], piece, *fields[at + 1 :]])


@st.composite
def odd_calls(draw, name):
    """A right call with one to three things odd."""
    call = draw(st.sampled_from(calls(name)))
    for _ in range(draw(st.integers(1, 3))):
        match draw(st.sampled_from(["body", "body", "body", "query", "header", "path", "method"])):
            case "body":
                content = call.headers.get("content-type", "")
                call = dataclasses.replace(call, body=draw(bodies(call.body, content)))
            case "query":
                call = dataclasses.replace(call, query=draw(forms(call.query)))
            case "header":
                header = draw(st.sampled_from(sorted({*call.headers, "content-type"})))
                odd = draw(TEXT).encode("utf-8", "replace").decode("latin-1")
                call = dataclasses.replace(call, headers={**call.headers, header: odd})
            case "path":
                parts = call.path.split("/")
                parts[draw(st.integers(0, len(parts) - 1))] = draw(st.text(max_size=9))
                call = dataclasses.replace(call, path="/" + "/".join(parts).lstrip("/"))
            case "method":
                call = dataclasses.replace(call, method=draw(METHODS))
    return call


def _is_json(body):
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


@pytest.fixture(scope="module")
def inside():
    """Simulators without sockets, and without limits that would keep requests from going deep."""
    return Simulators(Options(port=0, tls_port=None, settings=Settings(limits="off")))


def opened(provider, inside):
    """The provider's app with its door open: every caller is the default account."""
    ids = lookup_ids(provider.credentials, provider.published)
    unlocked = dataclasses.replace(
        provider, identify=lambda _exchange: ids[0], authenticate=lambda _exchange: None
    )
    return App(unlocked, inside.pipeline, inside.accounts.strangers)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(fuzz, max_examples=80)
@given(chosen=st.data())
def test_behind_the_door_nothing_breaks_and_nothing_is_lost(inside, errors, answers, name, chosen):
    """No 5xx, no traceback, and every message that the journal says was accepted is kept."""
    app = opened(PROVIDERS[name], inside)
    call = chosen.draw(odd_calls(name))
    reply = app.answer(call)

    assert errors == [], call
    assert reply.status < 500, call
    store = inside.store
    (noted,) = store.records(DEFAULT, REQUESTS, limit=1) or [(0, b"")]
    for message in journal.read(*noted)["messages"] if noted[0] else ():
        assert store.find(DEFAULT, message) is not None
    answers.clear()  # an account in a path, which nobody checks with the door open, comes back


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(fuzz, max_examples=30)
@given(chosen=st.data())
def test_recorded_requests_with_odd_bytes_are_answered(server, errors, name, chosen):
    """Over a socket, by host or prefix, whole or in chunks: one answer below 500."""
    method, target, headers, body = chosen.draw(
        st.sampled_from(recorded(name) or [("POST", "/", [], b"")])
    )
    host, prefix = chosen.draw(
        st.sampled_from([(PROVIDERS[name].hosts[0], ""), ("localhost", name)])
    )
    if chosen.draw(st.booleans()):
        at = chosen.draw(st.integers(0, len(body)))
        body = body[:at] + chosen.draw(st.binary(max_size=6)) + body[at + 3 :]
    headers = [*headers, *chosen.draw(HEADERS)]
    target = f"/{prefix}{target}" if prefix else target
    raw = framed(method, target, host, headers, body, chunked=chosen.draw(st.booleans()))
    answer = exchange(server, raw)

    assert errors == [], raw
    assert 200 <= status(answer) < 500, raw
    assert b"Traceback" not in answer


UNREADABLE = [b"&" * 5000, b"{", b'{"a": "\xff"}', b"[" * 5000, b"\xff" * 9]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", ["application/x-www-form-urlencoded", "application/json"])
def test_a_body_that_cannot_be_read_is_refused_by_every_operation(name, content):
    """Also where a provider would look into it for who sent it."""
    simulators = Simulators(Options(port=0, tls_port=None))
    provider = PROVIDERS[name]
    for endpoint in provider.endpoints:
        path = re.sub("<[^>]*>", "x", endpoint.path)
        for body in UNREADABLE:
            headers = {"host": provider.hosts[0], "content-type": content}
            call = Call(endpoint.method, path, "", headers, body, "http", path)
            candidates, params = routes.match(provider, call)

            assert simulators.pipeline.respond(provider, candidates, call, params).status < 500


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "_sim", "nobody"])
@settings(fuzz, max_examples=30)
@given(
    method=METHODS,
    path=st.text(max_size=30),
    query=st.text("a=&%+1\xe9", max_size=20),
    content=TYPES,
    headers=HEADERS,
    body=BODIES,
    chunked=st.booleans(),
)
def test_any_request_is_answered(
    server, errors, name, method, path, query, content, headers, body, chunked
):
    """Any method, path, header and body gets an answer below 500, and the server goes on."""
    target = f"/{name}/{quote(path)}?{quote(query, safe='&=%+')}"
    raw = framed(
        method, target, "localhost", [f"Content-Type: {content}", *headers], body, chunked=chunked
    )
    answer = exchange(server, raw)

    assert errors == [], raw
    assert 200 <= status(answer) < 500, raw
    assert b"Traceback" not in answer


@pytest.mark.slow
@settings(fuzz, max_examples=100)
@given(chosen=st.data())
def test_every_route_of_the_control_api_is_answered(server, errors, chosen):
    """Whatever its path, query and body say."""
    route = chosen.draw(st.sampled_from(ROUTES))
    filled = "/".join(
        quote(chosen.draw(st.text(min_size=1, max_size=6)), safe="") if "<" in part else part
        for part in route.path.split("/")
    )
    names = sorted(route.query) or ["account"]
    asked = chosen.draw(st.dictionaries(st.sampled_from(names), TEXT, max_size=3))
    query = urlencode({**asked, "timeout": "0"}, errors="surrogatepass")
    document = chosen.draw(st.one_of(ODD, st.dictionaries(st.sampled_from(FIELDS), ODD)))
    body = json.dumps(document).encode()
    headers = ["Content-Type: application/json"]
    raw = framed(route.method, f"{filled}?{query}", "localhost", headers, body)
    answer = exchange(server, raw)

    assert errors == [], raw
    assert 200 <= status(answer) < 500, raw


FIELDS = [
    "id",
    "credentials",
    "seed",
    "freeze",
    "advance",
    "run",
    "mode",
    "match",
    "effect",
    "error",
    "to",
    "text",
    "region",
    "number",
]


@pytest.mark.parametrize("name", NAMES)
@settings(fuzz, max_examples=40)
@given(raw=st.binary(max_size=300), at=st.integers(0, 300))
def test_any_bytes_and_any_cut_end_the_connection(server, errors, name, raw, at):
    """Bytes that are no HTTP, and a right request cut short: an answer or a close, no hang."""
    whole = samples()[name].request(1)
    for sent in (raw, whole[:at], whole[:at] + raw):
        assert status(exchange(server, sent, cut=True)) < 500

    assert errors == []


@pytest.mark.parametrize("name", [*NAMES, "_sim"])
@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
def test_a_body_of_two_mebibytes_is_refused(server, errors, name, chunked):
    """In the provider's own words, and read to its end so that the client sees them."""
    host = PROVIDERS[name].hosts[0] if name in PROVIDERS else "localhost"
    target = "/" if name in PROVIDERS else f"/{name}/rules"
    headers = ["Content-Type: application/json"]
    answer = exchange(
        server, framed("POST", target, host, headers, b"x" * (2 << 20), chunked=chunked)
    )

    assert 200 <= status(answer) < 500
    assert b"content-length" in answer.lower()


@pytest.mark.parametrize("name", NAMES)
def test_more_headers_than_anybody_sends_are_refused(server, errors, name):
    """431, before anything is read."""
    many = [f"X-{n}: 1" for n in range(200)]
    answer = exchange(server, framed("GET", f"/{name}/", "localhost", many))
    assert status(answer) == 431

    answer = exchange(server, framed("GET", f"/{name}/", "localhost", ["X: " + "a" * 70_000]))

    assert status(answer) in (400, 431)


@pytest.mark.parametrize("name", NAMES)
def test_every_accepted_message_is_in_the_inbox(server, errors, name):
    """Between cut, garbled and repeated ones none of the good ones is lost."""
    store = server.store
    good = 0
    for n in range(60):
        request = samples()[name].request(1_000_000 + n)
        if n % 3 == 0:
            exchange(server, request[:-7], cut=True)
        if n % 5 == 0:
            exchange(server, request.replace(b"POST", b"P\0ST", 1), cut=True)
        request = request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        good += samples()[name].good in exchange(server, request)

    kept = server.call(lambda: store.select(DEFAULT, Selection(provider=name, limit=1000)).messages)
    assert good == 60
    assert len({message.to for message in kept}) >= good
