"""HTTP/1.1 as it comes over a connection: uvicorn's protocol, and what RFC 9110 asks beyond it.

* A head, or the trailers of a body, are bounded while they arrive; what is complete, the gateway
  measures.
* An upgrade is ignored (7.8) and the request read as any other: Java's HttpClient and
  `curl --http2` offer one to HTTP/2 with each first request.
* Trailers are none of the headers (6.5.1): what says who asks, or how much comes, cannot follow.
* `Expect: 100-continue` means nothing in HTTP/1.0 (10.1.1).
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 1 << 20

_TEXT = b"the head of the request is over 1 MiB"
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain\r\ncontent-length: %d\r\n\r\n%b" % (len(_TEXT), _TEXT)
)
_FRAMING = (b"content-length", b"transfer-encoding")


class Protocol(HttpToolsProtocol):
    """One connection."""

    _unbounded = False  # a head or trailers may be arriving
    _size = 0  # of what came since neither a head nor a piece of a body was complete
    _upgrades = False

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._unbounded = True
        self._size = 0

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._size = 0
        self._upgrades = self.parser.should_upgrade()
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        self.headers = []  # for trailers: the scope keeps those of the head

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there, or as much of it as the parser reads before an upgrade."""
        if not self._upgrades:
            self._unbounded = False
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        self._unset_keepalive_if_required()
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
