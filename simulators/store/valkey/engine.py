"""The way to an engine or a Cluster of them, from wherever it is asked for something.

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
from simulators.store.valkey.cluster import ACCOUNTS, Cluster, slot, subscription
from simulators.store.valkey.green import Green, factory
from simulators.store.valkey.line import Asked, Line, UnfitEngine, commands

Concerned = Callable[[str], bool]
AGAIN_SECONDS = 0.2
LOOK_SECONDS = 2.0  # between two looks at the map of a Cluster
BEHIND_SECONDS = 0.005
_log = logging.getLogger(__name__)


class Engine:
    """One engine or Cluster. `heard` is told what others publish, `reached` for which accounts
    there is a line again."""

    def __init__(
        self,
        address: Address,
        heard: Callable[[str, bytes], None],
        reached: Callable[[Concerned], None],
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
        self._line: Line | Cluster | None = None
        self._why = "it was not reached yet"
        self._channels: dict[str, str] = {}
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

    def subscribe(self, channel: str, account: str) -> None:
        """Has `heard` told of a channel, now and after each new line: over that of an account, in
        order with what is asked for there."""
        self._channels[channel] = account
        if self._line is not None and self._line.is_up:
            self.tell(partial(subscription, "SUBSCRIBE", channel, account))

    def unsubscribe(self, channel: str) -> None:
        """The opposite."""
        account = self._channels.pop(channel, "")
        if self._line is not None and self._line.is_up:
            self.tell(partial(subscription, "UNSUBSCRIBE", channel, account))

    def check(self) -> None:
        """Raises `Unavailable` where something is away, whoever needs it."""
        line = self._line
        if isinstance(line, Cluster) and type(getcurrent()) is Green:
            line.of_each("PING")[1].wait()
        if line is not None and line.why:
            raise line.away()

    def of_each(self, *command: Any) -> dict[str, Any]:
        """What each engine answers, by its address: of a Cluster those that are there."""
        line = self._line
        if not isinstance(line, Cluster) or type(getcurrent()) is not Green:
            return {str(self._address): self.ask(commands(command))[0]}
        places, trip = line.of_each(*command)
        return dict(zip(map(str, places), trip.wait(), strict=True))

    async def _answered(self, asked: Asked) -> Any:
        loop = asyncio.get_running_loop()
        if self._serving is None:
            await self._ensure(loop)
        self.send(asked)
        while not asked.ended:
            answered = asked.future()
            if self._serving is None:  # nobody else mends a Cluster that the answer waits for
                assert self._line is not None  # noqa: S101 - it was asked
                ended = self._line.ended
                await asyncio.wait((answered, ended), return_when=asyncio.FIRST_COMPLETED)
                if not asked.ended:
                    await self._ensure(loop)
            else:
                await answered
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

    async def _ensure(
        self, loop: asyncio.AbstractEventLoop, *, look: bool = False
    ) -> Concerned | None:
        """Opens what is not open, and looks at the map of a Cluster if something is wrong with it,
        or to `look`. Returns whose line is another one. Raises `Unavailable` or `UnfitEngine`."""
        line = self._line
        if line is None or not line.is_up:
            first = Line(loop, self._address, self._heard, self._deadline)
            try:
                await first.open()
            except Unavailable:
                self._why = first.why
                raise
            if not first.of_cluster:
                self._line = first
                for channel, account in self._channels.items():
                    first.submit(subscription("SUBSCRIBE", channel, account))
                return _everybody
            made = partial(Line, loop, heard=self._heard, deadline=self._deadline)
            line = self._line = Cluster(first, made, self._channels)
            look = True
        if not isinstance(line, Cluster) or not (look or line.ended.done()):
            return None
        changed = await line.mend()
        if not changed:
            return None
        # Where another engine tells of all accounts, news of any may have been missed.
        all_ = slot(ACCOUNTS) in changed
        return lambda account: line.has(account) and (all_ or slot(account) in changed)

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
        """Opens another line when one has ended, and looks at the map of a Cluster now and then."""
        missed: list[Concerned] = []
        while True:
            assert self._line is not None  # noqa: S101 - it was opened before
            await asyncio.wait((self._line.ended,), timeout=LOOK_SECONDS)
            away = self._why = self._line.why
            if away:
                _log.warning("%s", self._line.away())
            while not await self._is_mended(loop, missed):
                await asyncio.sleep(AGAIN_SECONDS)
            if away:
                _log.warning("the store at %s is there again", self._address)

    async def _is_mended(self, loop: asyncio.AbstractEventLoop, missed: list[Concerned]) -> bool:
        """Opens what can be opened. Whether that is all; `missed` are whose news nobody heard."""
        try:
            changed = await self._ensure(loop, look=True)
            if changed is not None:
                missed.append(changed)
            while missed:
                self._reached(missed[0])
                del missed[0]
        except Unavailable:
            return False
        except UnfitEngine as error:
            self._why = str(error)
            return False
        except Exception:
            _log.exception("the store at %s", self._address)
            return False
        return self._line is not None and not self._line.why


def _everybody(_account: str) -> bool:
    return True


def _told(asked: Asked) -> None:
    if asked.error is not None and not isinstance(asked.error, Unavailable):
        _log.error("the store: %s", asked.error)
