"""The way to an engine, from wherever it is asked for something.

In a loop that serves (`attached`) everything goes over one line, and whoever asks from a greenlet
is left waiting there. Before that, and in threads beside it, who asks waits as in any other call.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from greenlet import getcurrent

from simulators.kernel.store import Unavailable
from simulators.store.valkey.address import Address
from simulators.store.valkey.green import Green, factory
from simulators.store.valkey.line import Asked, Line, UnfitEngine, pack

AGAIN_SECONDS = 0.2
BEHIND_SECONDS = 0.005
_log = logging.getLogger(__name__)


class Engine:
    """One engine. `heard` is told what others publish, `reached` that there is a line again."""

    def __init__(
        self,
        address: Address,
        heard: Callable[[str, bytes], None],
        reached: Callable[[], None],
        deadline: float,
    ) -> None:
        self._address = address
        self._heard = heard
        self._reached = reached
        self._deadline = deadline
        self._alone: asyncio.AbstractEventLoop | None = None
        self._lock = threading.RLock()
        self._serving: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._line: Line | None = None
        self._why = "it was not reached yet"
        self._channels: dict[str, None] = {}
        self._behind: list[Callable[[], Asked]] = []
        self._timer: asyncio.TimerHandle | None = None

    def __str__(self) -> str:
        return str(self._address)

    @property
    def turn(self) -> object:
        """What is asked for with the same of these goes out together."""
        line = self._line
        return None if line is None else (line, line.turn)

    @property
    def may_wait(self) -> bool:
        """Whether who asks now can wait: on the loop itself, nobody can."""
        if threading.get_ident() != self._thread:
            return True
        return type(getcurrent()) is Green

    def ask(self, asked: Asked) -> Any:
        """Sends it, and waits for what comes back. Raises `Unavailable`."""
        if threading.get_ident() == self._thread:
            if type(getcurrent()) is not Green:
                raise RuntimeError("the store is asked on the loop itself: all would wait for it")
            self.send(asked)
            return asked.wait()
        with self._lock:
            serving = self._serving
            if serving is not None:
                return asyncio.run_coroutine_threadsafe(self._answered(asked), serving).result()
            if self._alone is None:
                self._alone = asyncio.new_event_loop()
            return self._alone.run_until_complete(self._answered(asked))

    def tell(self, made: Callable[[], Asked]) -> None:
        """Sends what is made a little later, or before whatever is asked for next. If it is lost
        with the line, nobody is told."""
        self._behind.append(made)
        if self._timer is None and self._thread and threading.get_ident() == self._thread:
            assert self._serving is not None  # noqa: S101 - it has a thread
            self._timer = self._serving.call_later(BEHIND_SECONDS, self._send_behind)

    def subscribe(self, channel: str) -> None:
        """Has `heard` told of a channel, now and after each new line."""
        self._channels[channel] = None
        if self._line is not None and self._line.is_up:
            self.tell(partial(_subscription, "SUBSCRIBE", channel))

    def unsubscribe(self, channel: str) -> None:
        """The opposite."""
        self._channels.pop(channel, None)
        if self._line is not None and self._line.is_up:
            self.tell(partial(_subscription, "UNSUBSCRIBE", channel))

    async def _answered(self, asked: Asked) -> Any:
        loop = asyncio.get_running_loop()
        if self._serving is None:
            await self._ensure(loop)
        self.send(asked)
        await asked.future()
        if asked.error is not None:
            raise asked.error
        return asked.value

    def send(self, asked: Asked) -> None:
        """Sends it, from the loop that serves; its end is told. Raises `Unavailable`."""
        line = self._line
        if line is None or not line.is_up:
            self._send_behind()
            raise Unavailable(f"the store at {self._address} is away: {self._why}")
        if self._behind:
            self._send_behind()
        line.submit(asked)

    def _send_behind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        behind, self._behind = self._behind, []
        for made in behind:
            asked = made()
            asked.then(partial(_told, asked))
            if self._line is not None and self._line.is_up:
                self._line.submit(asked)

    async def _ensure(self, loop: asyncio.AbstractEventLoop) -> Line:
        """A line that is up. Raises `Unavailable` or `UnfitEngine`."""
        if self._line is not None and self._line.is_up:
            return self._line
        line = Line(loop, self._address, self._heard, self._deadline)
        try:
            await line.open()
        except Unavailable:
            self._why = line.why
            raise
        self._line = line
        for channel in self._channels:
            line.submit(_subscription("SUBSCRIBE", channel))
        return line

    def __del__(self) -> None:
        if self._alone is not None and self._serving is None:
            self.close()

    def close(self) -> None:
        """Ends the line; what is asked for next opens another."""
        if self._line is not None:
            self._line.cut("it was closed")
            self._line = None
        if self._alone is not None:
            self._alone.run_until_complete(asyncio.sleep(0))
            self._alone.close()
            self._alone = None

    @contextlib.asynccontextmanager
    async def attached(self) -> AsyncIterator[None]:
        """Serves the running loop while the context lasts: whatever runs in a task that is made in
        it may wait. Raises `Unavailable` or `UnfitEngine` if there is no engine."""
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.close)
        usual = loop.get_task_factory()
        await self._ensure(loop)
        self._serving, self._thread = loop, threading.get_ident()
        loop.set_task_factory(factory)  # type: ignore[arg-type]  # it takes what a loop gives
        keeping = asyncio.ensure_future(self._keep(loop))
        try:
            yield
        finally:
            keeping.cancel()
            loop.set_task_factory(usual)
            self._send_behind()
            await asyncio.sleep(0)
            self._serving, self._thread = None, 0
            if self._line is not None:
                self._line.cut("it was closed")
                self._line = None

    async def _keep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Opens another line when one has ended."""
        while True:
            if self._line is not None:
                await asyncio.shield(self._line.ended)
                self._why = self._line.why
            _log.warning("the store at %s is away: %s", self._address, self._why)
            while True:
                try:
                    await self._ensure(loop)
                    self._reached()
                    break
                except Unavailable:
                    await asyncio.sleep(AGAIN_SECONDS)
                except UnfitEngine as error:
                    self._why = str(error)
                    await asyncio.sleep(AGAIN_SECONDS)
                except Exception:
                    _log.exception("the store at %s", self._address)
                    await asyncio.sleep(AGAIN_SECONDS)
            _log.warning("the store at %s is there again", self._address)


def _subscription(command: str, channel: str) -> Asked:
    # It is answered by what is pushed, which is no answer to be waited for; PING's is.
    return Asked(pack((command, channel)) + pack(("PING",)), 1)


def _told(asked: Asked) -> None:
    if asked.error is not None and not isinstance(asked.error, Unavailable):
        _log.error("the store: %s", asked.error)
