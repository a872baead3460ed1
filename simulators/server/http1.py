"""HTTP/1.1 as it comes over a connection: uvicorn's protocol, and what RFC 9110 asks beyond it.

* A plain request that is answered at once goes from the parser to the app and out in one write.
  Everything else goes uvicorn's way, by ASGI and in a task: a body that is large, chunked or
  waited for, an upgrade, HEAD, HTTP/1.0, a request behind another one, an answer that waits, drips
  or breaks the connection, a fault. No rule of HTTP is kept here that only those need.
* A head, or the trailers of a body, are bounded while they arrive; what is complete, the gateway
  measures.
* An upgrade is ignored (7.8) and the request read as any other: Java's HttpClient and
  `curl --http2` offer one to HTTP/2 with each first request.
* Trailers are none of the headers (6.5.1): what says who asks, or how much comes, cannot follow.
* `Expect: 100-continue` means nothing in HTTP/1.0 (10.1.1).
"""

from collections.abc import Awaitable, Callable
from itertools import chain, starmap

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from simulators.kernel.call import Call, Reply
from simulators.kernel.headers import line
from simulators.server.arrival import Served, arrived, too_much
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

_App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Protocol(HttpToolsProtocol):
    """One connection."""

    _unbounded = False  # a head or trailers may be arriving
    _size = 0  # of what came since neither a head nor a piece of a body was complete
    _upgrades = False
    _answered = False  # a request of the bytes at hand was, without a turn for other connections
    _plain: Call | None = None  # the request that is arriving, if it is a plain one
    _body = b""  # of that
    _head: list[tuple[bytes, bytes]]  # the fields that came, trailers behind those of the head
    _quiet_since = 0.0

    def on_message_begin(self) -> None:
        """A head begins. What uvicorn keeps of it, it is told once it is known to need it."""
        self.url = b""
        self._head = []
        self._unbounded = True
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailers."""
        self._head.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._size = 0
        self._plain = self._plainly()
        if self._plain is None:
            self._by_asgi()

    def _by_asgi(self) -> None:
        url = self.url
        super().on_message_begin()
        self.url = url
        for name, value in self._head:
            super().on_header(name, value)
        self._upgrades = self.parser.should_upgrade()
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()

    def _plainly(self) -> Call | None:
        """The request without its body, if it is a plain one and nothing is before it."""
        idle = self.cycle is None or self.cycle.response_complete
        if not idle or self._answered or self.flow.write_paused:
            return None
        method = self.parser.get_method()
        if method == b"HEAD" or self.parser.get_http_version() != "1.1":
            return None
        if self.parser.should_upgrade():
            return None  # CONNECT does without the header, and is known by its method alone
        url = httptools.parse_url(self.url)
        call = arrived(
            method.decode("ascii"),
            url.path.decode("latin-1"),
            (url.query or b"").decode("latin-1"),
            self._head,
        )
        headers = call.headers
        if "expect" in headers or "transfer-encoding" in headers or "upgrade" in headers:
            return None
        if len(headers.get("content-length", "")) > _DIGITS:
            return None
        size = len(self.url) + sum(map(len, chain.from_iterable(self._head)))
        if too_much(len(self._head), size):
            return None
        call.scheme = self.scheme or "http"
        call.client = self.client[0] if self.client else ""
        self._body = b""
        return call

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size = 0
        if self._plain is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """The request is there, or as much of it as the parser reads before an upgrade."""
        call = self._plain
        if call is not None:
            self._unbounded = False
            self._plain = None
            self._answered = True
            call.body = self._body
            self._answer(call)
        elif not self._upgrades:
            self._unbounded = False
            super().on_message_complete()

    def _answer(self, call: Call) -> None:
        """Answers a plain request."""
        served: Served = self.config.loaded_app
        try:
            reply = served.answer(call, (self.server and self.server[1]) or 0)
        except Exception as fault:
            self._go_on_by_asgi(_failing(fault))
            return
        headers = list(starmap(line, reply.headers)) if _is_plain(reply) else [None]
        if None in headers or (not reply.body and b"" in headers):
            self._go_on_by_asgi(_delivering(reply))
            return
        keep = self.parser.should_keep_alive()
        lines = [STATUS_LINE[reply.status]]
        if not reply.dated:  # the only default is the date
            lines += [b"%b: %b\r\n" % pair for pair in self.server_state.default_headers]
        lines += headers  # type: ignore[arg-type]  # None is in no such list
        lines.append(b"content-length: %d\r\n" % len(reply.body))
        lines.append(b"\r\n" if keep else b"connection: close\r\n\r\n")
        lines.append(reply.body)
        self.transport.write(b"".join(lines))
        self.server_state.total_requests += 1
        if keep:
            self._wait_for_another()
        else:
            self.transport.close()

    def _go_on_by_asgi(self, app: _App) -> None:
        """The same request as if it had gone uvicorn's way from the start, to another app."""
        usual = self.app
        self.app = app
        try:
            self._by_asgi()
        finally:
            self.app = usual
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
        if self._unbounded or answering:
            return  # a request is here or arriving; its answer will set the time
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        self._answered = False
        rest: bytes | None = data
        try:
            while rest is not None:
                rest = self._fed(rest)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
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

    def _cut_off(self) -> None:
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(_ANSWER)
        self.transport.close()


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
