"""Bounds a request's head while it arrives; what is complete, the gateway measures."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 1 << 20

_TEXT = b"the head of the request is over 1 MiB"
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain\r\ncontent-length: %d\r\n\r\n%b" % (len(_TEXT), _TEXT)
)


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, which keeps a head however long, and this bound on it."""

    _arriving = False
    _size = 0

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._arriving = True
        self._size = 0

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._arriving = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        super().data_received(data)
        if self._arriving:
            self._size += len(data)
            if self._size > MAX_HEAD and not self.transport.is_closing():
                self.transport.write(_ANSWER)
                self.transport.close()
