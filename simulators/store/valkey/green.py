"""How code that knows no `await` waits for an engine without holding the loop: it runs in a
greenlet, which is left where it waits and entered again when the answer is there.

`spawn` runs a plain call so, `Stepping` each step of a coroutine: with `factory` as the loop's task
factory, whatever runs in a task may wait. What waits is handed a `Trip`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from greenlet import getcurrent, greenlet

_log = logging.getLogger(__name__)


class Green(greenlet):  # type: ignore[misc]  # it ships no types
    """Where waiting is possible. `sure` is what it has asked the engine for already, and need not
    ask for again: whatever it does belongs to one step of one request. Who makes one sets it."""

    sure: dict[str, Any]
    by_task = False  # a task goes on with it, and the end of what it waits for does not


class Trip:
    """Something that is waited for: `end` is called once, with what came back or what went wrong,
    from the loop itself and never from a greenlet."""

    __slots__ = ("_waiting", "ended", "error", "value")

    def __init__(self) -> None:
        self.ended = False
        self.value: Any = None
        self.error: BaseException | None = None
        self._waiting: list[Callable[[], object]] = []

    def future(self) -> "asyncio.Future[None]":
        """For who can await the end."""
        future = asyncio.get_running_loop().create_future()

        def done() -> None:
            if not future.done():
                future.set_result(None)

        self.then(done)
        return future

    def then(self, go_on: Callable[[], object]) -> None:
        """Calls `go_on` at the end."""
        if self.ended:
            go_on()
        else:
            self._waiting.append(go_on)

    def end(self, value: Any, error: BaseException | None = None) -> None:
        """Lets all go on that wait for it."""
        self.ended, self.value, self.error = True, value, error
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def wait(self) -> Any:
        """What came back. Only to be called in a `Green`."""
        if not self.ended:
            green = getcurrent()
            if not green.by_task:
                self._waiting.append(green.switch)
            green.parent.switch(self)
        if self.error is not None:
            raise self.error
        return self.value


def spawn(work: Callable[..., Any], *given: Any) -> None:
    """Runs `work` until it waits, and the rest of it later; what it raises is logged."""
    enter({}, work, *given)


def enter(sure: dict[str, Any], work: Callable[..., Any], *given: Any) -> None:
    """The same, for who has asked for something already."""
    green = Green(_told)
    green.sure = sure
    green.switch(work, *given)


def afresh() -> None:
    """What comes now is another request: nothing that was asked for before does for it."""
    green = getcurrent()
    if isinstance(green, Green):
        green.sure = {}


def _told(work: Callable[..., Any], *given: Any) -> None:
    try:
        work(*given)
    except Exception:  # nobody is there any more who could be told
        _log.exception("a fault of ours")


class Stepping(Coroutine[Any, Any, Any]):
    """A coroutine each step of which may wait for trips."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self._green: Green | None = None  # the step that waits

    def send(self, value: Any) -> Any:
        """Goes on, as a task does it."""
        if self._green is not None:
            return self._entered(self._green.switch)
        return self._stepped(self._work.send, value)

    def throw(self, *error: Any) -> Any:
        """Goes on with an exception, as a task that is cancelled."""
        if self._green is not None:
            return self._entered(self._green.throw, *error)
        return self._stepped(self._work.throw, *error)

    def close(self) -> None:
        """Ends it."""
        if self._green is not None:
            self._green.throw()
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._work.__await__())

    def _stepped(self, step: Callable[..., Any], *given: Any) -> Any:
        self._green = green = Green(step)
        green.sure, green.by_task = {}, True
        # What a step sets of its task's context, the next one finds.
        green.gr_context = getcurrent().gr_context
        return self._entered(green.switch, *given)

    def _entered(self, enter: Callable[..., Any], *given: Any) -> Any:
        """Enters the step. What is handed on is what the task is to wait for."""
        green = self._green
        try:
            found = enter(*given)
        except BaseException:
            self._green = None
            raise
        if green is None or green.dead:
            self._green = None
            return found
        return next(iter(found.future().__await__()))


def factory(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any
) -> "asyncio.Task[Any]":
    """A task factory: whatever runs in a task may wait."""
    return asyncio.Task(Stepping(work), loop=loop, **more)
