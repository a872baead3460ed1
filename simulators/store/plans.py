"""What is to be done later, the earliest first, for as long as what it is about is kept."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from simulators.kernel.store import Planned

Item = tuple[Any, ...]
_Planned = tuple[float, int, Item]
_MOVED = 2


class Plans:
    """Planned items by time. A clock that stands still makes none of them due, so those about what
    is gone have to go by themselves: with each one added, `_MOVED` older ones are moved from one
    heap to the other if `kept` says so, and forgotten if not. So no more than about twice as many
    are kept as there are live ones, and no single call pays for all."""

    __slots__ = ("_kept", "_new", "_old")

    def __init__(self, kept: Callable[[Item], bool]) -> None:
        self._kept = kept
        self._old: list[_Planned] = []
        self._new: list[_Planned] = []

    def containers(self) -> list[list[Any]]:
        """All that it holds, for who gives it up."""
        return [self._old, self._new]

    def __len__(self) -> int:
        return len(self._old) + len(self._new)

    def add(self, at: float, item: Sequence[Any], number: int) -> bool:
        """Plans it by a number above all others; whether it is now the first."""
        soonest = self.soonest()
        heappush(self._new, (at, number, tuple(item)))
        for _ in range(_MOVED):
            if not self._old:
                self._old, self._new = self._new, []
            if not self._old:  # what was just added is about nothing that is kept
                break
            planned = self._old.pop()  # a leaf: what is left is still a heap
            if self._kept(planned[2]):
                heappush(self._new, planned)
        return soonest is None or at < soonest

    def all(self) -> Iterator[tuple[float, Item, int]]:
        """All that is planned, in any order."""
        for at, number, item in (*self._old, *self._new):
            yield at, item, number

    def soonest(self) -> float | None:
        """When the first is due, None if there is none."""
        heap = self._first()
        return heap[0][0] if heap else None

    def due(self, now: float, limit: int) -> list[Planned]:
        """Takes out what is due, the earliest first."""
        found: list[Planned] = []
        while len(found) < limit and (heap := self._first()) and heap[0][0] <= now:
            at, number, item = heappop(heap)
            found.append(Planned(at, list(item), number))
        return found

    def earliest(self, limit: int) -> list[tuple[float, list[Any]]]:
        """The first ones, which stay."""
        found = list[tuple[float, list[Any]]]()
        next_ones = [(heap[0], heap, 0) for heap in (self._old, self._new) if heap]
        heapify(next_ones)
        while next_ones and len(found) < limit:
            (at, _number, item), heap, place = heappop(next_ones)
            found.append((at, list(item)))
            for child in (2 * place + 1, 2 * place + 2):
                if child < len(heap):
                    heappush(next_ones, (heap[child], heap, child))
        return found

    def _first(self) -> list[_Planned]:
        """The heap that has the first on top."""
        if self._old and self._new:
            return min(self._old, self._new, key=lambda heap: heap[0][:2])
        return self._old or self._new
