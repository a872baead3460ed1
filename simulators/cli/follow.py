"""The lines that `serve` prints, of all accounts.

They are written by a thread of their own: a terminal that is slow, or a pipe that nobody reads,
holds up no request. Nothing is piled up for it either; what it has no time for is left out and
counted.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

from simulators.app import Simulators
from simulators.cli import lines
from simulators.control.events import BEAT_SECONDS, BUSY_SECONDS
from simulators.kernel.events import MOST, Cursor
from simulators.kernel.store import Unavailable

END_SECONDS = 0.5
_WAITING = 10  # rounds of lines that may wait to be written


class Printer:
    """The thread that writes. `write` may wait as long as it wants."""

    def __init__(self, write: Callable[[Sequence[lines.Line]], None]) -> None:
        self._write = write
        self._waiting: queue.Queue[list[lines.Line]] = queue.Queue(_WAITING)
        self.over = False  # nobody reads any more
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it takes no more for now."""
        return self._waiting.full()

    def put(self, told: list[lines.Line]) -> None:
        """Has some lines written, where it is not busy."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(told)

    def end(self, seconds: float = END_SECONDS) -> None:
        """Waits until all is written, so many seconds at most."""
        with contextlib.suppress(queue.Full):
            self._waiting.put([], timeout=seconds)
            self._thread.join(seconds)

    def _work(self) -> None:
        try:
            while told := self._waiting.get():
                self._write(told)
        except OSError:
            pass
        self.over = True


async def follow(simulators: Simulators, printer: Printer) -> None:
    """Has a line printed for whatever happens in any account, until the server ends."""
    feed, watch, accounts = simulators.feed, simulators.watch, simulators.accounts
    seen: dict[str, Cursor] = {}
    left: set[str] = set()  # accounts that may have more to tell
    with watch.open(None) as bell:
        closed = False
        while not closed and not printer.over:
            left |= await bell.changed(watch.tick if left else BEAT_SECONDS)
            closed = watch.closed  # what came before is still told
            told: list[lines.Line] = []
            while left and not printer.busy and len(told) < MOST:
                account = left.pop()
                try:
                    world = accounts.world(account)
                except LookupError:  # it was dropped
                    seen.pop(account, None)
                    continue
                try:
                    events = feed.after(world, seen.get(account) or feed.beginning(world))
                except Unavailable:  # they are told once it is there again
                    left.add(account)
                    break
                if events:
                    seen[account] = events[-1].cursor
                    left.add(account)
                told += [line for event in events for line in lines.of(event.name, event.data)]
            if told:
                printer.put(told)
            if any(line.provider == lines.MORE for line in told) and not closed:
                await asyncio.sleep(BUSY_SECONDS)  # more comes than anybody reads
    printer.end()
