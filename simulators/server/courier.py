"""Carries callbacks to the application: in a thread of its own, never on the servers' loop."""

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import uvloop

from simulators.kernel.headers import legal
from simulators.kernel.questions import Answered
from simulators.kernel.receipts import Callback

if TYPE_CHECKING:
    from simulators.outbound import Outbound

CONNECTIONS_TO_ONE = 64
CONNECT_SECONDS = 5.0
READ_BYTES = 4096

_Done = Callable[["Delivery"], None]
_Job = tuple[Callback, float, _Done]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one attempt: the answer, or why there was none. `reached` says that the
    application was there, though its answer may not have come in time; `seconds` is how long."""

    status: int
    body: bytes
    error: str
    reached: bool
    seconds: float


class Courier:
    """Sends callbacks, many at a time. Only loopback addresses are contacted, and hosts that match
    one of `allowed` (globs)."""

    def __init__(
        self,
        allowed: tuple[str, ...] = (),
        new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    ) -> None:
        self._allowed = allowed
        self._new_loop = new_loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._outbound: Outbound | None = None
        self._given: deque[_Job] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, callback: Callback, timeout: float, done: Callable[[Delivery], None]) -> None:
        """Makes one attempt; `done` is called in the courier's thread with what came of it."""
        if self._loop is None:
            self._loop = self._new_loop()
            self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)
            self._thread.start()
        # One wake-up of the other thread for all that is given to it meanwhile.
        self._given.append((callback, timeout, done))
        if len(self._given) == 1:
            self._loop.call_soon_threadsafe(self._take)

    async def ask(self, callback: Callback, timeout: float) -> Answered:
        """Makes one attempt, and gives what came of it to whoever waits on another loop."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answered] = loop.create_future()

        def told(delivery: Delivery) -> None:
            if not answered.done():  # else nobody waits for it any more
                answered.set_result(Answered(delivery.status, delivery.body, delivery.error))

        def done(delivery: Delivery) -> None:  # in the courier's thread
            with contextlib.suppress(RuntimeError):  # the server ended meanwhile
                loop.call_soon_threadsafe(told, delivery)

        self.send(callback, timeout, done)
        return await answered

    def _take(self) -> None:
        while self._given:
            task = asyncio.ensure_future(self._attempt(*self._given.popleft()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def close(self) -> None:
        """Ends the thread; attempts under way are dropped."""
        if self._loop is not None and self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        assert self._loop is not None  # noqa: S101 - made before the thread
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    async def _end(self) -> None:
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        if self._outbound is not None:
            await self._outbound.close()
        asyncio.get_running_loop().stop()

    async def _attempt(
        self, callback: Callback, timeout: float, done: Callable[[Delivery], None]
    ) -> None:
        began = monotonic()
        status, body, error, reached = 0, b"", "", True
        try:
            status, body = await self._exchange(callback, timeout)
        except TimeoutError:
            error = f"no answer within {timeout:g} s"
        except (OSError, ValueError) as problem:
            error, reached = str(problem) or type(problem).__name__, False
        done(Delivery(status, body, error, reached, monotonic() - began))

    async def _exchange(self, callback: Callback, timeout: float) -> tuple[int, bytes]:
        """Status and first bytes of the answer. Raises `TimeoutError` when none comes within
        `timeout` seconds, `OSError` when there is no connection, `ValueError` for a bad URL."""
        # Here, as a server that never sends a callback starts faster without them.
        import aiohttp
        from yarl import URL

        from simulators.outbound import Outbound, is_outside

        if self._outbound is None:
            self._outbound = Outbound(self._allowed, to_one=CONNECTIONS_TO_ONE)
        url = URL(callback.url)
        if url.scheme not in ("http", "https") or not url.raw_host:
            raise ValueError(f"'{callback.url}' is not an http(s) URL")
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=timeout)
        try:
            async with self._outbound.request(
                callback.method, url, legal(callback.headers), callback.body, limits
            ) as answer:
                return answer.status, await answer.content.read(READ_BYTES)
        except aiohttp.ClientError as problem:
            if is_outside(problem):
                host = url.host
                said = f"{host} is not this machine; --callbacks-to {host} allows it"
                raise OSError(said) from None
            if isinstance(problem, aiohttp.ClientConnectorError):
                number = problem.os_error.errno or 0
                why = os.strerror(number) if number > 0 else str(problem.os_error)
                said = f"no connection to {problem.host}:{problem.port}: {why}"
                raise OSError(said) from None
            raise OSError(f"{type(problem).__name__}: {problem}") from None
