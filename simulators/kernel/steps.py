"""Work that is done in steps, so that whoever has others waiting can look after them in between.

It is a generator: it yields how many characters each step has worked on, and returns what comes
of them all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

_T = TypeVar("_T")

Steps = Generator[int, None, _T]

# After so many characters others have their turn; one text of a step may be longer.
TURN = 2048


def at_once(steps: Steps[_T]) -> _T:
    """What comes of it, for whoever holds up nobody."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: _T = end.value
            return made


async def by_turns(
    steps: Steps[_T], sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
) -> _T:
    """What comes of it, with a turn for everybody else on the loop after each `TURN`."""
    done = 0
    while True:
        try:
            done += next(steps)
        except StopIteration as end:
            made: _T = end.value
            return made
        if done >= TURN:
            done = 0
            await sleep(0)
