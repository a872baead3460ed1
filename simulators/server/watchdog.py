"""Tells what holds the servers' loop: while one request is computed, nobody else is answered.

A thread looks at the loop: whether it got round since the last look, at which task it is, and how
much CPU time its thread has spent on that. So a process that was suspended, a machine with other
things to do, and many requests one after another are no fault of one request.
"""

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from simulators.kernel.call import Call

LOOK_SECONDS = 0.025
HELD_SECONDS = 0.1
_SHOWN = 6
_log = logging.getLogger(__name__)


class Watchdog:
    """Watches one thread. `cpu` is the CPU time it has spent so far, in seconds, `task` what it is
    at; `stalls` is how often one task held the loop."""

    def __init__(self, thread: int, cpu: Callable[[], float], task: Callable[[], object]) -> None:
        self._thread = thread
        self._cpu = cpu
        self._task = task
        self._rounds = 0
        self._seen: tuple[int, object] | None = None
        self._since = 0.0
        self._told = False
        self.stalls = 0

    def beat(self) -> None:
        """The loop has got round to this: nothing holds it."""
        self._rounds += 1

    def look(self) -> None:
        """Logs what holds the loop, once a stall."""
        spent, seen = self._cpu(), (self._rounds, self._task())
        if seen != self._seen:
            self._seen, self._since, self._told = seen, spent, False
        elif spent - self._since >= HELD_SECONDS and not self._told:
            self._told = True
            doing = _doing(sys._current_frames().get(self._thread))
            if doing:
                self.stalls += 1
                _log.warning("the loop is held for over %d ms by %s", HELD_SECONDS * 1000, doing)


@contextlib.contextmanager
def watching(answered: Callable[[], int]) -> Iterator[Watchdog | None]:
    """Watches the running loop, in whose thread this is called, while the context lasts; nothing
    where the platform does not tell a thread's CPU time. `answered` counts the requests that were:
    those that are answered at once are no tasks."""
    if not hasattr(time, "pthread_getcpuclockid"):
        yield None
        return
    thread = threading.get_ident()
    clock = time.pthread_getcpuclockid(thread)
    loop = asyncio.get_running_loop()
    dog = Watchdog(
        thread, lambda: time.clock_gettime(clock), lambda: (asyncio.current_task(loop), answered())
    )
    ended = threading.Event()
    beat = loop.call_soon(lambda: None)

    def again() -> None:
        nonlocal beat
        dog.beat()
        beat = loop.call_later(LOOK_SECONDS, again)

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            dog.look()

    again()
    looking = threading.Thread(target=watch, name="watchdog", daemon=True)
    looking.start()
    try:
        yield dog
    finally:
        ended.set()
        beat.cancel()
        looking.join()


def _doing(frame: FrameType | None) -> str:
    """The request in whose computation a thread is, and the calls that lead there, inmost first; ""
    for an import, which takes its time once."""
    asked, calls = "", []
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith("<frozen importlib"):
            return ""
        calls.append(f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
        call = frame.f_locals.get("call")
        if isinstance(call, Call):
            asked = f"{call.method} {call.path} for {call.host or 'no host'}, in "
        frame = frame.f_back
    return f"{asked}{' < '.join(calls[:_SHOWN]) or 'what is over'}"
