"""Requests with something wrong in them, each made from a seed and its number alone, and a client
that holds every answer to what any answer must be."""

import json
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from itertools import count
from random import Random
from urllib.parse import quote

from simulators.bench.samples import samples
from simulators.catalog import PROVIDERS
from simulators.control.routes import ROUTES
from tests.test_fuzz import recorded

ODD = [
    *("", " ", "\0", "\n", "é", "\u202e", "0" * 5000, "{code}", "%s", "-1", "1e999", "NaN", "null"),
    *("[]", "{}", '"', "<script>", "../..", "2026-13-45", "%00", "%ff", "%", "+", "\ud800"),
]
BODIES = [
    *(b"", b"null", b'"text"', b"[1]", b"123", b"<xml/>", b"\xef\xbb\xbf{}", b'{"to": "\\ud800"}'),
    *(b"[" * 50_000, b'{"a":' * 5_000, b"&" * 5_000, b"To=1&To=2&To=3", b"%00=%00&%ff=%fe&="),
]
HEADERS = [
    *("Authorization: Basic !!!", "Authorization: Bearer \xff", "Authorization: ", "Accept: */*"),
    *("Authorization: Basic dXNlcjpwYXNz", "X-TC-Timestamp: 9999999999999999", "X-TC-Action: Send"),
    *("Content-Encoding: gzip", "Expect: 100-continue", "Upgrade: h2c", "Origin: null"),
    *(
        "Content-Type: application/json; charset=utf-16",
        "Content-Type: text/plain",
        "Content-Type:",
    ),
    "Authorization: ACS3-HMAC-SHA256 Credential=,SignedHeaders=host;;x,Signature=0",
    "Cookie: " + "a" * 3000,
]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW", "get"]
SECONDS = 20.0  # without an answer is a hang


EVERYBODY = [*sorted(PROVIDERS), "_sim", "nobody"]


def hostile(seed, number, names=EVERYBODY, good=None):
    """The bytes of one request whose end a server can tell; some begin as one of the `good`."""
    chance = Random(f"{seed}/{number}")
    name = chance.choice(names)
    if name in PROVIDERS and chance.random() < 0.3:
        return garbled(chance, (good or samples())[name].request(number))
    if name in PROVIDERS and recorded(name):
        method, target, headers, body = chance.choice(recorded(name))
        host = chance.choice([PROVIDERS[name].hosts[0], "localhost"])
        target = target if host != "localhost" else f"/{name}{target}"
    else:
        route = chance.choice(ROUTES)
        method, host, headers, body = route.method, "localhost", [], b'{"id": "a", "to": "+1555"}'
        target = f"{route.path if name == '_sim' else f'/{name}/{number}'}?timeout=0"
    for _ in range(chance.randint(1, 3)):
        match chance.randrange(7):
            case 0:
                method = chance.choice(METHODS)
            case 1:
                target = spoiled(chance, target)
            case 2:
                headers = [*headers, chance.choice(HEADERS)]
            case 3:
                body = chance.choice(BODIES)
            case _:
                body = spoiled(chance, body.decode("utf-8", "replace"), quoted=False).encode()
    return framed(chance, method, target, host, headers, body)


def spoiled(chance, text, *, quoted=True):
    """A text with something odd in a place of it, or with a piece less."""
    odd = chance.choice(ODD)
    odd = quote(odd, errors="replace") if quoted else odd.encode("utf-8", "replace").decode()
    at = chance.randint(1 if quoted else 0, max(1, len(text)))
    return text[:at] + odd + text[at + chance.randint(0, 9) :]


def garbled(chance, raw):
    """A good request with a few bytes of its body changed: what is read is as long as it says."""
    head, _, body = raw.partition(b"\r\n\r\n")
    changed = bytearray(body)
    for _ in range(chance.randint(0, 4) if body else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return head + b"\r\n\r\n" + bytes(changed)


def framed(chance, method, target, host, headers, body):
    """As the bytes of HTTP/1.1, whole or in chunks."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    if chance.random() < 0.3:
        lines.append("Transfer-Encoding: chunked")
        parts = [body[at : at + 700] for at in range(0, len(body), 700)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body


@dataclass
class Told:
    """What came back: how many of each status, and what must not be."""

    statuses: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)

    @property
    def asked(self):
        """How many requests were sent."""
        return sum(self.statuses.values()) + sum("instead of" in one for one in self.wrong)


class Client:
    """One connection after the other to a server; it goes on with the one it has while it may."""

    def __init__(self, port):
        self.port = port
        self.sock = None

    def ask(self, raw):
        """The status of the answer and its body; `OSError` or `HTTPException` where none came."""
        if self.sock is None:
            self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        try:
            self.sock.sendall(raw)
            with HTTPResponse(self.sock, method=raw.split(b" ", 1)[0].decode()) as response:
                response.begin()
                body = response.read()
                if response.will_close:
                    self.close()
                return response.status, body
        except BaseException:
            self.close()
            raise

    def close(self):
        """Whatever comes next is asked on a new connection."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def drive(port, request, *, many, seconds=0.0, clients=8):
    """Sends `request(0)`, `request(1)` and so on from many connections at once, so many and for at
    least so long, and tells what came back."""
    told, numbers = Told(), count()
    end = time.monotonic() + seconds

    def work(_):
        client = Client(port)
        while (number := next(numbers)) < many or time.monotonic() < end:
            raw = request(number)
            try:
                status, body = client.ask(raw)
            except (OSError, HTTPException) as error:
                told.wrong.append(f"{number}: {error!r} instead of an answer")
                continue
            told.statuses[status] += 1
            if status >= 500 or b"Traceback" in body:
                told.wrong.append(f"{number}: {status} {body[:200]!r}")
        client.close()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    return told


def mixed(seed):
    """Good sends of every provider in turn, each to another number; every tenth is hostile, but
    for the control API, where accounts may be made without end."""
    names, good = sorted(PROVIDERS), samples()

    def request(number):
        if number % 10 == 9:
            return hostile(seed, number, names)
        return good[names[number % len(names)]].request(number)

    return request


if __name__ == "__main__":
    port, its_seed, duration, least = sys.argv[1:]
    said = drive(int(port), mixed(its_seed), many=int(least), seconds=float(duration))
    sys.stdout.write(json.dumps({"asked": said.asked, "wrong": said.wrong}))
