"""HTTP/1.1 as it comes over a connection: uvicorn's protocol, and what RFC 9110 asks beyond it.

* A plain request that is answered at once goes to the app and out in one write. What its head says
  is remembered: clients send the same again and again, and to compare it is a fraction of reading
  it. Everything else goes uvicorn's way, by ASGI and in a task: a head in pieces, a body that is
  large, chunked or waited for, an upgrade, HEAD, HTTP/1.0, a request with another one behind it, an
  answer that waits, drips or breaks the connection, a fault. No rule of HTTP is kept here that only
  those need.
* A head, or the trailers of a body, are bounded while they arrive; what is complete, the gateway
  measures.
* An upgrade is ignored (7.8) and the request read as any other: Java's HttpClient and
  `curl --http2` offer one to HTTP/2 with each first request.
* Trailers are none of the headers (6.5.1): what says who asks, or how much comes, cannot follow.
* `Expect: 100-continue` means nothing in HTTP/1.0 (10.1.1).
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from itertools import starmap

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from simulators.kernel.call import Call, Reply
from simulators.kernel.headers import line
from simulators.server.arrival import MAX_HEADER_BYTES, MAX_HEADERS, Served, arrived
from simulators.server.loop import BODILESS, Receive, Scope, Send, deliver

MAX_HEAD = 1 << 20
# A body of more digits of bytes is read in pieces, so that others have their turn meanwhile.
_DIGITS = 5

_TEXT = b"the head of the request is over 1 MiB"
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain\r\ncontent-length: %d\r\n\r\n%b" % (len(_TEXT), _TEXT)
)
_FRAMING = (b"content-length", b"transfer-encoding")
_END = b"\r\n\r\n"
_HEADS = 1024  # are remembered
_LONGEST = 2048  # of them

_App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Head:
    """What a request begins with: where it is plain the `call` but for its body and who sends it,
    the bytes of the head and of all of it, and whether another may follow."""

    __slots__ = ("_fields", "_parser", "_url", "call", "keep", "length", "whole")

    def __init__(self, raw: bytes) -> None:
        self.call: Call | None = None
        self.length = len(raw)
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(raw)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.call = None
        del self._parser, self._fields  # the one leads back here

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        parser, fields = self._parser, self._fields
        method = parser.get_method()
        if method == b"HEAD" or parser.get_http_version() != "1.1":
            return
        if parser.should_upgrade():
            return  # CONNECT does without the header, and is known by its method alone
        if len(fields) > MAX_HEADERS or self.length > MAX_HEADER_BYTES:
            return
        url = httptools.parse_url(self._url)
        path, query = url.path.decode("latin-1"), (url.query or b"").decode("latin-1")
        call = arrived(method.decode("ascii"), path, query, fields)
        headers = call.headers
        if "expect" in headers or "transfer-encoding" in headers or "upgrade" in headers:
            return
        size = headers.get("content-length", "0")
        if len(size) <= _DIGITS:
            self.call = call
            self.whole = self.length + int(size)
            self.keep = parser.should_keep_alive()


class _Heads:
    """Clients begin their requests with the same bytes again and again, which then mean the same. A
    head is remembered when it comes a second time, as one that is signed never does."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}
        self._once: set[int] = set()  # the hashes of those that came

    def read(self, raw: bytes) -> Head:
        """What a head says."""
        head = self._known.get(raw)
        if head is None:
            head = Head(raw)
            mark = hash(raw)
            if mark not in self._once:
                if len(self._once) >= _HEADS:
                    self._once.clear()
                self._once.add(mark)
            elif len(raw) <= _LONGEST:
                if len(self._known) >= _HEADS:
                    self._known.clear()
                self._known[raw] = head
        return head


_heads = _Heads()


class Protocol(HttpToolsProtocol):
    """One connection."""

    _head: Head | None = None  # of the plain request that is arriving
    _came = b""  # of that
    _unbounded = False  # a head or trailers may be arriving, for uvicorn's parser
    _size = 0  # of what came since neither a head nor a piece of a body was complete
    _there = False  # the head of what that parser reads
    _upgrades = False
    _quiet_since = 0.0

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        head, came = self._head, self._came + data
        if head is None:
            head = self._plain_head(came)
        if head is None or len(came) > head.whole:  # with another request behind it
            self._head, self._came = None, b""
            self._go_by_asgi(came)
        elif len(came) < head.whole:
            self._head, self._came = head, came
        else:
            self._head, self._came = None, b""
            self._answer(head, came)

    def _plain_head(self, data: bytes) -> Head | None:
        """What the bytes begin with, if it is a plain request and nothing is before it."""
        idle = self.cycle is None or self.cycle.response_complete
        if not idle or self._unbounded or self.flow.write_paused:
            return None
        # One that has no end yet is cut to three bytes, which say nothing: the parser waits for it.
        head = _heads.read(data[: data.find(_END) + len(_END)])
        return None if head.call is None else head

    def _answer(self, head: Head, came: bytes) -> None:
        """Answers a plain request."""
        served: Served = self.config.loaded_app
        asked = head.call
        assert asked is not None  # noqa: S101 - it is plain
        call = Call(
            asked.method,
            asked.path,
            asked.query,
            asked.headers,
            came[head.length :],
            self.scheme or "http",
            asked.raw_path,
            self.client[0] if self.client else "",
        )
        try:
            reply = served.answer(call, (self.server and self.server[1]) or 0)
        except Exception as fault:
            self._go_by_asgi(came, _failing(fault))
            return
        headers = list(starmap(line, reply.headers)) if _is_plain(reply) else [None]
        if None in headers or (not reply.body and b"" in headers):
            self._go_by_asgi(came, _delivering(reply))
            return
        lines = [STATUS_LINE[reply.status]]
        if not reply.dated:  # the only default is the date
            lines += starmap(_default, self.server_state.default_headers)
        lines += headers  # type: ignore[arg-type]  # None is in no such list
        lines.append(b"content-length: %d\r\n" % len(reply.body))
        lines.append(b"\r\n" if head.keep else b"connection: close\r\n\r\n")
        lines.append(reply.body)
        self.transport.write(b"".join(lines))
        self.server_state.total_requests += 1
        if head.keep:
            self._wait_for_another()
        else:
            self.transport.close()

    def _go_by_asgi(self, data: bytes, app: _App | None = None) -> None:
        """Has uvicorn's parser read the bytes. What begins in them is answered by the app, in place
        of the usual one."""
        usual = self.app
        self.app = app or usual
        rest: bytes | None = data
        try:
            while rest is not None:
                rest = self._fed(rest)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        finally:
            self.app = usual
        if self._unbounded:
            self._size += len(data)
            if self._size > MAX_HEAD and not self.transport.is_closing():
                self._cut_off()

    def _fed(self, data: bytes) -> bytes | None:
        """Hands bytes to the parser. What it leaves behind a head that offers an upgrade is
        returned, and another parser is ready to read it as HTTP."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrades = False
            self.parser = _parser_of_body(self)
            return data[upgrade.args[0] :]
        return None

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._there = False
        self._unbounded = True
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head; those of trailers are left out."""
        if not self._there:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._there = True
        self._size = 0
        self._upgrades = self.parser.should_upgrade()
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there, or as much of it as the parser reads before an upgrade."""
        if not self._upgrades:
            self._unbounded = False
            super().on_message_complete()

    def _wait_for_another(self) -> None:
        """Closes the connection when it has been quiet for long enough. One timer does for many
        requests: whoever finds that one came meanwhile waits for the rest of the time."""
        self._quiet_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        """The time is over that was given, and perhaps extended since."""
        self.timeout_keep_alive_task = None
        answering = self.cycle is not None and not self.cycle.response_complete
        if self._unbounded or self._head is not None or answering:
            return  # a request is here or arriving; its answer will set the time
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def _cut_off(self) -> None:
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(_ANSWER)
        self.transport.close()


@lru_cache(8)  # the date is another each second
def _default(name: bytes, value: bytes) -> bytes:
    return b"%b: %b\r\n" % (name, value)


def _is_plain(reply: Reply) -> bool:
    """Whether it goes out at once, as a head with a body."""
    if reply.delay or reply.trouble or reply.later or reply.stream or reply.released:
        return False
    return reply.status in STATUS_LINE and reply.status not in BODILESS


def _delivering(reply: Reply) -> _App:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await deliver(reply, receive, send)

    return app


def _failing(fault: Exception) -> _App:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise fault

    return app


class _Behind:
    """What the parser behind an upgrade tells: all but the head that sets it up."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._there = False
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if self._there:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._there:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._there:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._there:
            self._protocol.on_headers_complete()
        self._there = True


def _parser_of_body(protocol: Protocol) -> httptools.HttpRequestParser:
    """A parser that has read a head framed like the last one, which offered an upgrade."""
    parser = httptools.HttpRequestParser(_Behind(protocol))
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    lines = [b"POST / HTTP/1.1"]
    lines += [b"%b: %b" % (k, v) for k, v in protocol.scope["headers"] if k in _FRAMING]
    parser.feed_data(b"\r\n".join([*lines, b"", b""]))
    return parser
