"""Sequences in order, for what is asked for but rarely there: eight bytes each, and no objects.

Alone because it is a structure of numbers only, which knows no message.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

_BLOCK = 4096


class Index:
    """Rising sequences in blocks: one is added at the end, taken out anywhere, and those below
    another gone through from the newest, without a look at those that are not asked for."""

    __slots__ = ("_blocks", "_firsts", "size")

    def __init__(self) -> None:
        self.size = 0
        self._blocks: list[array[int]] = []
        self._firsts: list[int] = []

    def add(self, sequence: int) -> None:
        """Adds one that is above all others."""
        blocks = self._blocks
        if not blocks or len(blocks[-1]) >= _BLOCK:
            blocks.append(array("q"))
            self._firsts.append(sequence)
        blocks[-1].append(sequence)
        self.size += 1

    def remove(self, sequence: int) -> None:
        """Takes one out that is there."""
        at = bisect_right(self._firsts, sequence) - 1
        block = self._blocks[at]
        del block[bisect_left(block, sequence)]
        self.size -= 1
        if not block:
            del self._blocks[at], self._firsts[at]
        else:
            self._firsts[at] = block[0]

    def beyond(self, bound: float, value: Callable[[int], float]) -> int:
        """The first whose value is over a bound, 0 for none, where values rise as sequences do."""
        at = bisect_right(self._firsts, bound, key=value) - 1
        if at < 0:
            return self._firsts[0] if self._firsts else 0
        place = bisect_right(self._blocks[at], bound, key=value)
        if place < len(self._blocks[at]):
            return self._blocks[at][place]
        return self._firsts[at + 1] if at + 1 < len(self._firsts) else 0

    def above(self, after: int, before: int) -> Iterator[int]:
        """Those between the two, both excluded, from the oldest."""
        at = max(bisect_right(self._firsts, after) - 1, 0)
        while at < len(self._blocks):
            block = self._blocks[at]
            for place in range(bisect_right(block, after), len(block)):
                if block[place] >= before:
                    return
                yield block[place]
            at += 1

    def below(self, before: int, after: int) -> Iterator[int]:
        """Those between the two, both excluded, from the newest."""
        at = bisect_left(self._firsts, before) - 1
        while at >= 0:
            block = self._blocks[at]
            for place in range(bisect_left(block, before) - 1, -1, -1):
                if block[place] <= after:
                    return
                yield block[place]
            at -= 1
