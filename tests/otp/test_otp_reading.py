"""How requests are read: any content type, chunked or compressed; and whose pages may send one."""

import gzip
import json
import socket
import zlib

import pytest

from simulators.app import Options, in_thread
from simulators.otp.app import ROUTES

PHONE = "15005550009"
JSON = {"content-type": "application/json"}
WRITING = [route for route in ROUTES if route.method != "GET"]
UNSHARED = [route for route in WRITING if not route.shared]


@pytest.fixture(scope="module")
def port():
    """Where a service listens."""
    with in_thread(Options(port=0, tls_port=None, otp_port=0)) as simulators:
        yield simulators.ports["otp"]


def chunked(port, path, kind, body):
    """Sends a body in chunks of seven bytes and gives the status and the document."""
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(head.encode() + sent)
        answer = b""
        while more := client.recv(65536):
            answer += more
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(rest or b"null")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"username": "json"}'),
        ("application/json; charset=utf-8", b'{"username": "charset"}'),
        ("application/vnd.api+json", b'{"username": "vendor"}'),
        ("application/x-www-form-urlencoded", b"username=form&"),
    ],
)
def test_a_chunked_body_is_read(port, kind, body):
    """As HTTP clients send one whose length they do not know beforehand."""
    status, user = chunked(port, "/api/users", kind, body)

    assert (200, True) == (status, user["username"].encode() in body)


@pytest.mark.parametrize("path", sorted({r.path for r in WRITING if r.method == "POST"}))
def test_every_route_reads_a_chunked_body(port, path):
    """A broken one is told as broken, and not taken for none."""
    status, told = chunked(port, path.replace("<id>", "x"), "application/json", b'{"a": tru}')

    assert (400, "Unexpected token") == (status, told["message"][:16])


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_a_compressed_body_is_inflated(otp, encoding, pack):
    """Documents and forms."""
    for kind, body in (
        ("application/json", b'{"username": "%s1"}'),
        ("application/x-www-form-urlencoded", b"username=%s2"),
    ):
        headers = {"content-type": kind, "content-encoding": encoding}
        body %= encoding.encode()
        answer = otp.post("/api/users", raw=pack(body), headers=headers)

        assert (200, encoding) == (answer.status, answer.json["username"][:-1])


def test_what_cannot_be_inflated_is_told(otp):
    """Neither a bomb nor a broken body nor an encoding nobody knows is a fault."""
    bomb = gzip.compress(b" " * (8 << 20))
    answers = [
        otp.post("/api/users", raw=raw, headers={"content-encoding": encoding} | JSON)
        for encoding, raw in (("gzip", bomb), ("gzip", b"no gzip"), ("br", b"{}"))
    ]

    assert [413, 400, 415] == [answer.status for answer in answers]
    assert "gzip, deflate or none, got 'br'" in answers[2].json["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"phone": ', "Unexpected end of JSON input"),
        (b"{", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        (b"[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
        (b'{"a":1}x', "Unexpected non-whitespace character after JSON at position 7"),
        (b"5", "invalid JSON, only supports object and array"),
    ],
)
def test_a_body_that_is_not_json_is_told_as_node_tells_it(otp, body, message):
    """400, in the words of V8 alone: Logto has no code for it."""
    answer = otp.post("/api/verification-codes", raw=body, headers=JSON)

    assert (400, ["message"]) == (answer.status, list(answer.json))
    assert answer.json["message"].startswith(message)


def test_a_body_of_another_kind_is_none(otp):
    """Text is a text, which no guard takes; what has no type or an unknown one is empty."""
    raw = b'{"phone": "15005550009"}'
    text = otp.post("/api/verification-codes", raw=raw, headers={"content-type": "text/plain"})
    empty = otp.post("/api/verification-codes", raw=raw)

    assert "Expected object, received string" in str(text.json["data"])
    assert "guard.invalid_input" == empty.code
    assert "received string" not in str(empty.json["data"])


def test_a_form_will_do_as_well(otp):
    """As Logto's parser takes it; a field that is given twice is a list."""
    assert 204 == otp.post("/api/verification-codes", form={"phone": PHONE}).status
    headers = {"content-type": "application/x-www-form-urlencoded"}
    twice = otp.post("/api/verification-codes", raw=b"phone=1&phone=2", headers=headers)

    assert (400, "guard.invalid_input") == (twice.status, twice.code)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://otp.example"},
        {"origin": "http://evil.example"},
        {"origin": "http://otp.example:81"},
        {"origin": "null"},
        {"origin": "http://[evil"},
        {"referer": "http://evil.example/page"},
    ],
    ids=str,
)
@pytest.mark.parametrize("route", UNSHARED, ids=lambda route: f"{route.method} {route.path}")
def test_no_route_that_changes_anything_takes_a_page_of_another_site(otp, route, headers):
    """Before anything else is looked at, and what came is told."""
    path = route.path.replace("<id>", otp.get("/api/connectors").json[0]["id"])
    before = repr(vars(otp.service.state))
    answer = otp.ask(route.method, path, form={"username": "made"}, headers=headers)

    assert (403, "auth.forbidden") == (answer.status, answer.code)
    assert answer.json["data"]["got"].split(": ")[1] in headers.values()
    assert before == repr(vars(otp.service.state))
    assert 0 == len(otp.service.state.users)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "http://otp.example"},
        {"sec-fetch-site": "none"},
        {"origin": "https://OTP.example"},
        {"referer": "http://otp.example/sign-in"},
    ],
    ids=str,
)
def test_programs_and_the_service_s_own_pages_are_served(otp, headers):
    """And whoever only reads."""
    assert 200 == otp.post("/api/users", {"username": "ada"}, headers=headers).status
    assert 200 == otp.get("/api/connectors", headers={"origin": "http://evil.example"}).status
