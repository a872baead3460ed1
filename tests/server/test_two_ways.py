"""Straight from its bytes or by ASGI, a request is answered with the same bytes."""

import contextlib
import json
import re
import socket
from http.client import HTTPResponse
from itertools import product

import pytest

from simulators.server.http1 import Protocol
from tests.server.conftest import VENDOR

DATE = re.compile(rb"date: [^\r]+\r\n")


def sent(target="/", *lines, body=b"", method="POST", version="1.1", host=VENDOR):
    """The bytes of a request."""
    length = [f"Content-Length: {len(body)}"] if body and "chunked" not in str(lines) else []
    head = [f"{method} {target} HTTP/{version}", f"Host: {host}", *lines, *length]
    return "\r\n".join([*head, "", ""]).encode() + body


LAST = sent("/last", "Connection: close", method="GET")
LONG = b"x" * 120_000
# What comes over a connection, in the pieces in which it comes; the last request ends it.
CASES = {
    "plain": [sent("/a?x=1", "Content-Type: text/plain", body=b"hello")],
    "without a body": [sent("/a", method="GET")],
    "a method of nobody's": [sent("/a", method="PROPFIND")],
    "HEAD": [sent("/a", method="HEAD")],
    "CONNECT": [sent(VENDOR, method="CONNECT")],
    "one behind a CONNECT": [sent("/a", method="CONNECT") + sent("/b", body=b"a")],
    "OPTIONS *": [sent("*", method="OPTIONS")],
    "the absolute form": [sent(f"http://{VENDOR}/a?b=c", method="GET")],
    "a path in UTF-8": [sent("/%D0%B0%2Fb%20c?q=%D0%B0", method="GET")],
    "a path that is no UTF-8": [sent("/%ff%fe", method="GET")],
    "a fragment": [sent("/a#b", method="GET")],
    "a header twice": [sent("/a", "X-A: 1", "x-a: 2", "Cookie: a=1", "Cookie: b=2")],
    "a header in Latin-1": [sent("/a").replace(b"Host", b"X-A: \xe9\r\nHost")],
    "HTTP/1.0": [sent("/a", version="1.0", body=b"hello")],
    "HTTP/1.0, kept alive": [sent("/a", "Connection: keep-alive", version="1.0", body=b"hello")],
    "the head in pieces": [b"POST /a HT", b"TP/1.1\r\nHost: " + VENDOR.encode(), b"\r\n\r\n"],
    "head, then body": [sent("/a", body=b"hello")[:-5], b"he", b"llo"],
    "chunked": [sent("/a", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")],
    "chunked, with trailers": [
        sent("/a", "Transfer-Encoding: chunked", body=b"1\r\na\r\n0\r\nX-T: 1\r\n\r\n")
    ],
    "an upgrade": [sent("/a", "Connection: Upgrade", "Upgrade: h2c", body=b"hello")],
    "a body waited for": [sent("/a", "Expect: 100-continue", body=b"hello")],
    "a large body": [sent("/a", body=LONG)],
    "too large a body": [sent("/a", body=b"x" * (1 << 20) + b"y")],
    "too many headers": [sent("/a", *[f"X-{n}: {n}" for n in range(101)])],
    "headers that are too long": [sent("/a", f"X-Long: {'x' * 66_000}")],
    "three in one packet": [sent("/1", body=b"a") + sent("/2", body=b"bb") + sent("/3")],
    "behind one that waits": [sent("/1?delay=0.01") + sent("/2", method="GET")],
    "no host that is here": [sent("/a", host="example.org")],
    "a fault": [sent("/a?fault=x")],
    "204": [sent("/a?status=204")],
    "304 with a body": [sent("/a?status=304&body=x")],
    "an unheard-of status": [sent("/a?status=299&body=x")],
    "no body": [sent("/a?empty=1")],
    "a length of its own": [sent("/a?headers=Content-Length:99&body=abc")],
    "chunks of its own": [sent("/a?headers=Transfer-Encoding:chunked&body=abc")],
    "a header that is none": [sent("/a?headers=X%20Y:1|X-Z:%C3%A9%0A&body=abc")],
    "a connection that ends": [sent("/a?headers=Connection:close&body=abc")],
    "a client that ends it": [sent("/a", "Connection: close")],
    "truncated": [sent("/a?trouble=truncate&body=abcdef")],
    "closed": [sent("/a?trouble=close")],
    "no HTTP": [b"\x16\x03\x01\r\n\r\n"],
    "no such version": [sent("/a", version="9.9")],
    "two lengths": [sent("/a", "Content-Length: 4", body=b"hello")],
    "a length that is none": [sent("/a", "Content-Length: five")],
    "a bare line feed": [sent("/a").replace(b"\r\n", b"\n")],
    "nothing behind the body": [sent("/a", "Content-Length: 3", body=b"") + b"abc"],
}


def answers(port, pieces):
    """All bytes that come back, without their dates, until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in (*pieces, LAST):
                sock.sendall(piece)
        # Ended before it was asked to: what was answered until then is there all the same.
        with contextlib.suppress(ConnectionResetError):
            while piece := sock.recv(1 << 16):
                raw += piece
    return DATE.sub(b"date: now\r\n", raw)


@pytest.mark.parametrize("case", CASES)
def test_both_ways_give_the_same_bytes(listeners, case):
    """Head and body of each answer, their order, and who ends the connection."""
    plainly, by_asgi = (answers(p, CASES[case]) for p in (listeners.plain, listeners.by_asgi))

    assert by_asgi == plainly
    assert plainly or case == "closed"


def test_the_same_head_again_is_a_request_of_its_own(listeners):
    """What it says is remembered; what came behind it, and how it came, is that of each request."""
    told = []
    for secure in (False, True, False):
        with listeners.connect(secure) as sock:
            for body in (b"hello", b"world"):
                sock.sendall(sent("/a", "Content-Type: text/plain", body=body))
                response = HTTPResponse(sock)
                response.begin()
                found = json.loads(response.read())
                told.append((found["begins"], found["call"][-1]))

    pairs = product(("http", "https", "http"), ("hello", "world"))
    assert [(body, scheme) for scheme, body in pairs] == told


def test_each_way_is_taken(listeners, monkeypatch):
    """The plain cases are answered without ASGI, so that the comparison is one."""
    taken = []
    answered = Protocol._answer

    def told(self, head, came):
        taken.append(head.call.path)
        answered(self, head, came)

    monkeypatch.setattr(Protocol, "_answer", told)

    answers(listeners.by_asgi, CASES["plain"])
    assert [] == taken
    answers(listeners.plain, [])  # but for the last, alone in its packet
    assert ["/last"] == taken
