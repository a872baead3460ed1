"""A request as it arrives: read from the listener, bounded, answered by whoever is served.

There is one door, `Served.answer`, and two ways to it from a connection: a plain request comes
straight from its bytes (`http1.py`), any other by ASGI (`serve`).
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Protocol
from urllib.parse import unquote

from simulators.kernel.call import MAX_BODY, Call, Reply
from simulators.server.loop import Receive, Scope, Send, deliver, environ

Headers = Sequence[tuple[bytes, bytes]]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 64 << 10
MAX_DRAINED = 16 << 20
MAX_PATH = 8 << 10  # a longer one is nobody's: it is not even decoded
# An upgrade was ignored (Werkzeug would look for a WebSocket view), chunks were put together.
OF_THE_CONNECTION = frozenset({"upgrade", "transfer-encoding"})


class Disconnected(Exception):
    """The client went away while its request was read."""


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or None if it is over `MAX_BODY`. Raises `Disconnected`.

    A body that is too large is still read to `MAX_DRAINED`: a client that is cut off while it
    sends does not see the answer.
    """
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"]:
        first: bytes = message["body"]
        return first if len(first) <= MAX_BODY else None
    kept = bytearray()
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        size += len(message["body"])
        if size <= MAX_BODY:
            kept += message["body"]
        if not message["more_body"] or size > MAX_DRAINED:
            return bytes(kept) if size <= MAX_BODY else None
        message = await receive()


class Served(Protocol):
    """What is behind a listener."""

    def answer(self, call: Call, port: int) -> Reply:
        """The reply to a request that came to a port, and how it is to be delivered."""


async def serve(served: Served, scope: Scope, receive: Receive, send: Send) -> None:
    """Reads one request and delivers what is answered."""
    if scope["type"] != "http":
        return
    headers: Headers = scope["headers"]
    call = arrived(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
    )
    call.scheme = scope["scheme"]
    call.client = scope["client"][0] if scope["client"] else ""
    address = len(scope["raw_path"]) + len(scope["query_string"])
    refused = too_much(len(headers), address + sum(map(len, chain.from_iterable(headers))))
    if refused is not None:
        await deliver(refused, receive, send)
        return
    try:
        body = await read_body(receive)
    except Disconnected:
        return
    call.body = body or b""
    call.too_large = body is None
    await deliver(served.answer(call, scope["server"][1]), receive, send)


class Site:
    """The ASGI application of a listener that has one app, which answers a call on a port.
    `stranger` has the refusal of a host that it is not served under, None for one that it is."""

    def __init__(
        self, app: Callable[[Call, int], Reply], stranger: Callable[[str], Reply | None]
    ) -> None:
        self._app = app
        self._stranger = stranger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(self, scope, receive, send)

    def answer(self, call: Call, port: int) -> Reply:
        """What the app answers."""
        if call.too_large:
            return problem(
                413, "the body is too large", got="more", expected="a body of at most 1 MiB"
            )
        refused = self._stranger(call.host)
        return refused or self._app(call, port)


def full_environ(call: Call, port: int) -> dict[str, Any]:
    """The environ with the request's headers in it, for apps that read them from there: but those
    about the connection, which is dealt with."""
    env = environ(call, port)
    for name, value in call.headers.items():
        if name not in OF_THE_CONNECTION:
            env[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return env


def problem(status: int, error: str, *, got: str, expected: str) -> Reply:
    """A refusal of the server's own, before any app is asked."""
    return Reply.json(status, {"error": error, "expected": expected, "got": got})


def arrived(method: str, raw_path: str, query: str, raw: Headers) -> Call:
    """The call of a request's head, without its body; the path as it was sent."""
    headers = {str(name, "latin-1").lower(): str(value, "latin-1") for name, value in raw}
    if len(headers) < len(raw):
        headers = _joined(raw)
    escaped = "%" in raw_path and len(raw_path) <= MAX_PATH
    path = unquote(raw_path) if escaped else raw_path
    return Call(method, path, query, headers, raw_path=raw_path)


def _joined(raw: Headers) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "  # RFC 9110 5.2, RFC 6265 5.4
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers


def too_much(headers: int, size: int) -> Reply | None:
    """The refusal of more headers than are taken, by their number and their bytes in all, those of
    the address among them: it is kept in the journal as they are."""
    if headers <= MAX_HEADERS and size <= MAX_HEADER_BYTES:
        return None
    got = f"{headers} headers of {size} bytes"
    expected = f"at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes in all, with the address"
    return problem(431, "the headers are too large", got=got, expected=expected)
