"""A connection whose requests may wait for the store: each is answered in a greenlet, which is left
while it waits, so that others have their turn. What comes meanwhile is read after the answer.

The parser itself is left in the middle of the bytes that it reads: so a request behind another one
begins when that is answered, and all that is known of a request is there for its answer.
"""

from collections.abc import Callable

from simulators.server.http1 import Protocol
from simulators.store.valkey.green import afresh, spawn

_HIGH_WATER = 1 << 16
# What begins so asks for settings, as a send to a provider does: they are made sure of before it
# is read, for all that come in one turn at once. Everything else asks if it has to: a page, a
# question for the server's health, the rest of a request.
_SEND, _CONTROL = b"POST /", b"POST /_sim"


class Waiting(Protocol):
    """One connection."""

    begun: Callable[..., None]  # `spawn`, once the settings are made sure of
    _reading = False
    _ending = False
    _gone = False
    _held = b""

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._reading:
            self._held += data
            if len(self._held) > _HIGH_WATER and not self.transport.is_closing():
                self.transport.pause_reading()
            return
        self._reading = True
        if data.startswith(_SEND) and not data.startswith(_CONTROL):
            self.begun(self._read, data)
        else:
            spawn(self._read, data)

    def _read(self, data: bytes) -> None:
        try:
            while data and not self._gone:
                super().data_received(data)
                if len(self._held) > _HIGH_WATER and not self.transport.is_closing():
                    self.transport.resume_reading()
                data, self._held = self._held, b""
                afresh()
        except BaseException:
            self.transport.abort()
            raise
        finally:
            self._reading = False
        if self._ending:
            super().shutdown()
        if self._gone and self.cycle is not None:  # it may have begun since
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def timeout_keep_alive_handler(self) -> None:
        """A request that waits is no quiet connection."""
        if self._reading:
            self._quiet_since = self.loop.time()
        super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """The server stops: what is under way is answered."""
        if self._reading:
            self._ending = True
        else:
            super().shutdown()

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone; what is under way for it ends by itself."""
        parser, self._held, self._gone = self.parser, b"", True
        super().connection_lost(error)
        if self._reading:
            self.parser = parser


def waiting(begun: Callable[..., None]) -> type[Waiting]:
    """The protocol of such connections. `begun` is what begins a send in a greenlet."""
    return type("Waiting", (Waiting,), {"begun": staticmethod(begun)})
