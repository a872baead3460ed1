"""An application that takes receipts, or leaves every one of them hanging."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

# What every provider takes for an acknowledgement: some want 200, some a code or a result of 0.
_BODY = b'{"code": 0, "msg": "OK", "result": 0, "errmsg": "OK"}'
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class Receiver:
    """Listens in threads of its own. While `hanging` it reads a callback and says nothing."""

    def __init__(self) -> None:
        self.hanging = True
        self.taken = 0
        self._lock = threading.Lock()
        self._left: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)

    @property
    def url(self) -> str:
        """Where callbacks are to go."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/receipts"

    @property
    def left(self) -> int:
        """How many callbacks hang."""
        return len(self._left)

    def recover(self) -> None:
        """Drops what hangs, and answers from now on."""
        self.hanging = False
        for connection in self._left:
            connection.close()

    def close(self) -> None:
        """Listens no more."""
        self.recover()
        self._listening.close()

    def listen(self) -> None:
        """Accepts until closed."""
        with suppress(OSError):
            while True:
                connection, _address = self._listening.accept()
                threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as stream:
            while length := _head(stream):
                stream.read(length)
                if self.hanging:
                    self._left.append(connection)
                    return
                with self._lock:
                    self.taken += 1
                connection.sendall(_TAKEN)
        connection.close()


def _head(stream: BinaryIO) -> int:
    """The length of the body that follows; 0 at the end of the stream."""
    length = 0
    for line in iter(stream.readline, b""):
        if line == b"\r\n":
            return length
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return 0


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that hangs, while the context lasts."""
    made = Receiver()
    threading.Thread(target=made.listen, daemon=True).start()
    try:
        yield made
    finally:
        made.close()
