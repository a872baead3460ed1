"""Flow-control windows in memory: counts of calendar slices, rolling times, draining queues."""

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import Any

from simulators.kernel.flow import Headroom, Hit


class Windows:
    """The windows of one account. All of `full` is asked before any `take`."""

    def __init__(self) -> None:
        self._limits: dict[tuple[str, str], _Generations] = {}

    def full(self, hit: Hit, now: float, pending: int = 0) -> bool:
        """Whether this hit finds no room once `pending` others of the same step are counted."""
        return _used(hit, self._kept(hit, now), now) + pending + hit.cost > hit.permits

    def take(self, hit: Hit, now: float) -> None:
        """Counts the hit."""
        generations = self._limits[hit.scope, hit.limit]
        taken = _taken(hit, generations.get(hit.window), now)
        if taken == generations.last:  # most numbers count the same in a slice: they share it
            taken = generations.last
        elif hit.kind == "natural":
            generations.last = taken
        generations.young[hit.window] = taken
        generations.sample = hit

    def room(self, hit: Hit, now: float) -> float:
        """When a full window has room for this hit again."""
        return _room(hit, self._kept(hit, now), now)

    def _kept(self, hit: Hit, now: float) -> Any:
        generations = self._limits.get((hit.scope, hit.limit))
        if generations is None:
            generations = self._limits[hit.scope, hit.limit] = _Generations(now)
        return generations.at(now, hit.seconds).get(hit.window)

    def headroom(self, now: float) -> Iterator[Headroom]:
        """Every window that still counts something."""
        for generations in self._limits.values():
            hit = generations.sample
            if hit is None:
                continue
            for window, kept in generations.items():
                start = kept[0] if hit.kind == "natural" else now
                one = hit._replace(window=window, start=start)
                used = _used(one, kept, now)
                if used > 0 and (hit.kind != "natural" or start <= now < start + hit.seconds):
                    resets = _resets(one, kept, used, now)
                    yield Headroom(hit.scope, hit.limit, window, hit.permits, used, resets)


class _Generations:
    """Windows of one limit in two generations. Each `seconds` the old one is dropped whole: what
    was not hit since holds nothing any more. So forgetting costs nothing, however many there are.
    """

    __slots__ = ("last", "old", "sample", "turned", "young")

    def __init__(self, now: float) -> None:
        self.young: dict[str, Any] = {}
        self.old: dict[str, Any] = {}
        self.turned = now
        self.sample: Hit | None = None
        self.last: Any = None

    def at(self, now: float, seconds: float) -> "_Generations":
        age = now - self.turned
        if age >= seconds:
            self.old = self.young if age < 2 * seconds else {}
            self.young = {}
            self.turned = now
        return self

    def items(self) -> Iterator[tuple[str, Any]]:
        yield from self.young.items()
        yield from ((name, kept) for name, kept in self.old.items() if name not in self.young)

    def get(self, window: str) -> Any:
        found = self.young.get(window)
        return self.old.get(window) if found is None else found


def _used(hit: Hit, kept: Any, now: float) -> float:
    if kept is None:
        return 0
    if hit.kind == "natural":
        start, count = kept
        return float(count) if start == hit.start else 0
    if hit.kind == "rolling":
        if isinstance(kept, float):
            return 1 if now - hit.seconds < kept <= now else 0
        return bisect_right(kept, now) - bisect_right(kept, now - hit.seconds)
    level: float = kept[0] - max(now - kept[1], 0.0) * hit.permits / hit.seconds
    return max(level, 0.0)


def _taken(hit: Hit, kept: Any, now: float) -> Any:
    if hit.kind == "rolling":
        return _rolled(kept, now, hit)
    used = _used(hit, kept, now) + hit.cost
    return (hit.start, int(used)) if hit.kind == "natural" else (used, now)


def _rolled(kept: "array[float] | float | None", now: float, hit: Hit) -> "array[float] | float":
    """The times of the hits that still count, in order: a single one as it is, more as an array,
    a tenth of a list's size and nothing that the garbage collector would have to walk through."""
    if kept is None:
        return float(now) if hit.cost == 1 else array("d", [now] * hit.cost)
    kept = _times(kept)
    del kept[: bisect_right(kept, now - hit.seconds)]
    for _ in range(hit.cost):
        insort(kept, now)
    return kept


def _times(kept: "array[float] | float") -> "array[float]":
    return array("d", [kept]) if isinstance(kept, float) else kept


def _resets(hit: Hit, kept: Any, used: float, now: float) -> float:
    if hit.kind == "natural":
        return float(kept[0]) + hit.seconds
    if hit.kind == "rolling":
        times = _times(kept)
        return times[bisect_right(times, now - hit.seconds)] + hit.seconds
    return now + used * hit.seconds / hit.permits


def _room(hit: Hit, kept: Any, now: float) -> float:
    if hit.kind == "natural":
        return hit.start + hit.seconds
    excess = _used(hit, kept, now) + hit.cost - hit.permits
    if excess <= 0 or hit.cost > hit.permits:  # full of what came in the same step, or for good
        return now + hit.seconds
    if hit.kind == "rolling":
        times = _times(kept)
        oldest = bisect_right(times, now - hit.seconds)
        return times[oldest + int(excess) - 1] + hit.seconds
    return now + excess * hit.seconds / hit.permits
