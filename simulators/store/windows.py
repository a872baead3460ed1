"""Flow-control windows in memory: counts of calendar slices, rolling times, draining queues.

A hit counts at its own time, wherever the clock goes afterwards. A clock that is set back finds
what was sent back then, and what was sent ahead of it: a message passes only if no window that it
falls into holds more than is permitted, those that end ahead of the clock among them. So the kept
messages, counted over again by their times, never exceed a limit.

For that, windows remember more than counts now, but not for ever: `REMEMBERED` hits of a window
beyond those that count, and `REMEMBERED` windows of a limit beyond those in use. Of those in use no
more than twice `MOST_WINDOWS` are: a request may choose a window of years.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from simulators.kernel.flow import Headroom, Hit
from simulators.store.discarded import Container, Discarded

REMEMBERED = 1000
MOST_WINDOWS = 1_000_000
_ROUNDING = 1e-9
MOST_LIMITS = 2000  # more than can be in force at once: those an account no longer has go first


class _Counter(Protocol):
    """The windows of one limit. `limit` tells it from another one of the same name."""

    limit: str

    def fits(self, hit: Hit, amount: int, now: float) -> bool:
        """Whether `amount` more leave no window with more than it permits."""

    def take(self, hit: Hit, now: float) -> None:
        """Counts the hit."""

    def room(self, hit: Hit, now: float) -> float:
        """When a hit that does not fit now will, if nothing else comes."""

    def in_use(self, now: float) -> Iterator[Headroom]:
        """The windows that count something now."""

    def containers(self) -> Sequence[Container]:
        """All that it holds, for who gives it up."""

    def state(self) -> list[Any]:
        """All that it holds, as plain JSON."""

    def restore(self, state: list[Any]) -> None:
        """Holds again what `state` told."""


class Windows:
    """The windows of one account. All of `full` is asked before any `take`."""

    def __init__(self, gone: Discarded | None = None) -> None:
        self._gone = Discarded() if gone is None else gone
        self._counters: dict[tuple[str, str], _Counter] = {}

    def full(self, hit: Hit, now: float, pending: int = 0) -> bool:
        """Whether this hit finds no room once `pending` others of the same step are counted."""
        return not self._counter(hit).fits(hit, pending + hit.cost, now)

    def first_full(self, hits: Sequence[Hit], now: float) -> Hit | None:
        """The first that finds no room, of those of a step that has no others."""
        for hit in hits:
            if not self._counter(hit).fits(hit, hit.cost, now):
                return hit
        return None

    def take(self, hit: Hit, now: float) -> None:
        """Counts the hit."""
        self._counter(hit).take(hit, now)

    def room(self, hit: Hit, now: float) -> float:
        """When a full window has room for this hit again."""
        return self._counter(hit).room(hit, now)

    def headroom(self, now: float) -> Iterator[Headroom]:
        """Every window that still counts something."""
        for counter in self._counters.values():
            yield from counter.in_use(now)

    def _counter(self, hit: Hit) -> _Counter:
        name = hit[:2]
        counter = self._counters.get(name)
        if counter is None or counter.limit != hit.identity:
            if counter is not None:
                self._drop(name)
            if len(self._counters) >= MOST_LIMITS:
                self._drop(next(iter(self._counters)))
            made = _COUNTERS[hit.kind](hit.identity, self._gone)
            counter = self._counters[name] = made
        return counter

    def state(self) -> Iterator[list[Any]]:
        """All windows as plain JSON, limit by limit."""
        for (scope, limit), counter in self._counters.items():
            kind = next(kind for kind, made in _COUNTERS.items() if type(counter) is made)
            yield [scope, limit, kind, counter.limit, *counter.state()]

    def restore(self, state: list[Any]) -> None:
        """Takes what `state` told of one limit."""
        scope, limit, kind, identity, *held = state
        made = self._counters[scope, limit] = _COUNTERS[kind](identity, self._gone)
        made.restore(held)

    def _drop(self, name: tuple[str, str]) -> None:
        self._gone.put(self._counters.pop(name).containers())

    def containers(self) -> Iterator[Container]:
        """All that it holds, for who gives it up."""
        for counter in self._counters.values():
            yield from counter.containers()


class _Natural:
    """Counts by slice of the calendar, each forgotten as a whole."""

    __slots__ = ("gone", "limit", "sample", "slices")

    def __init__(self, limit: str, gone: Discarded) -> None:
        self.limit = limit
        self.gone = gone
        self.slices: dict[float, dict[str, int]] = {}
        self.sample: Hit | None = None

    def fits(self, hit: Hit, amount: int, _now: float) -> bool:
        counts = self.slices.get(hit.start)
        return (counts.get(hit.window, 0) if counts else 0) + amount <= hit.permits

    def take(self, hit: Hit, _now: float) -> None:
        counts = self.slices.get(hit.start)
        if counts is None:
            self._forget()
            counts = self.slices[hit.start] = {}
        counts[hit.window] = counts.get(hit.window, 0) + hit.cost
        self.sample = hit

    def _forget(self) -> None:
        kept = sum(map(len, self.slices.values()))
        while kept > REMEMBERED:
            slice_ = self.slices.pop(next(iter(self.slices)))
            kept -= len(slice_)
            self.gone.put([slice_])

    def containers(self) -> Sequence[Container]:
        return list(self.slices.values())

    def state(self) -> list[Any]:
        return [_plain(self.sample), [[start, counts] for start, counts in self.slices.items()]]

    def restore(self, state: list[Any]) -> None:
        sample, slices = state
        self.sample = _hit(sample)
        self.slices = {float(start): counts for start, counts in slices}

    def room(self, hit: Hit, now: float) -> float:
        start = hit.start + hit.seconds
        while start in self.slices and not self.fits(hit._replace(start=start), hit.cost, now):
            if hit.cost > hit.permits:  # no slice will ever do
                break
            start += hit.seconds
        return start

    def in_use(self, now: float) -> Iterator[Headroom]:
        if self.sample is None:
            return
        scope, limit, permits, seconds = _named(self.sample)
        for start, counts in self.slices.items():
            if start <= now < start + seconds:
                for window, used in counts.items():
                    yield Headroom(scope, limit, window, permits, used, start + seconds)


class _Generations:
    """Windows of one limit in two generations. The old one is dropped as a whole once all that it
    holds has left its window and the young one holds enough: forgetting costs nothing, however
    many there are."""

    __slots__ = ("gone", "limit", "longest", "old", "sample", "turned", "young")

    def __init__(self, limit: str, gone: Discarded) -> None:
        self.limit = limit
        self.longest = 0.0  # of the seconds that its hits have
        self.gone = gone
        self.young: dict[str, Any] = {}
        self.old: dict[str, Any] = {}
        self.turned = 0.0
        self.sample: Hit | None = None

    def get(self, window: str) -> Any:
        found = self.young.get(window)
        return self.old.get(window) if found is None else found

    def put(self, hit: Hit, kept: Any, now: float) -> None:
        if hit.seconds > self.longest:
            self.longest = hit.seconds
        held = len(self.young)
        if held >= REMEMBERED and (now - self.turned >= self.longest or held >= MOST_WINDOWS):
            self.gone.put([self.old])
            self.old, self.young = self.young, {}
            self.turned = now
        elif now < self.turned or not self.young:  # begins, or the clock was set back
            self.turned = now
        self.young[hit.window] = kept
        self.sample = hit

    def containers(self) -> Sequence[Container]:
        return [self.young, self.old]

    def state(self) -> list[Any]:
        told = [
            {name: _told(kept) for name, kept in held.items()} for held in (self.young, self.old)
        ]
        return [_plain(self.sample), self.longest, self.turned, *told]

    def restore(self, state: list[Any]) -> None:
        sample, self.longest, self.turned, young, old = state
        self.sample = _hit(sample)
        self.young, self.old = (
            {name: _kept(told) for name, told in held.items()} for held in (young, old)
        )

    def items(self) -> Iterator[tuple[str, Any]]:
        yield from self.young.items()
        yield from ((name, kept) for name, kept in self.old.items() if name not in self.young)


class _Rolling(_Generations):
    """The times of a window's hits, in order: a single one as it is, more as an array, a tenth of
    a list's size and nothing that the garbage collector would have to walk through."""

    __slots__ = ()

    def fits(self, hit: Hit, amount: int, now: float) -> bool:
        kept = self.get(hit.window)
        if kept is None:
            return amount <= hit.permits
        if isinstance(kept, float):
            return (-hit.seconds < kept - now < hit.seconds) + amount <= hit.permits
        return self._fits(kept, hit, amount, now)

    def _fits(self, times: "array[float]", hit: Hit, amount: int, now: float) -> bool:
        upto = bisect_right(times, now)
        if upto - bisect_right(times, now - hit.seconds) + amount > hit.permits:
            return False
        # The windows that end with a hit ahead of the clock hold this one as well.
        for at in range(upto, bisect_left(times, now + hit.seconds)):
            if at + 1 - bisect_right(times, times[at] - hit.seconds) + amount > hit.permits:
                return False
        return True

    def take(self, hit: Hit, now: float) -> None:
        kept = self.get(hit.window)
        if kept is None and hit.cost == 1:
            self.put(hit, float(now), now)
            return
        times = _times(kept)
        place = bisect_right(times, now)
        times[place:place] = array("d", [now] * hit.cost)
        past = bisect_right(times, now - hit.seconds) if len(times) > REMEMBERED else 0
        if past > REMEMBERED:
            del times[: past - REMEMBERED // 2]
        self.put(hit, times, now)

    def room(self, hit: Hit, now: float) -> float:
        times = _times(self.get(hit.window))
        counted = times[bisect_right(times, now - hit.seconds) :]
        left = (time + hit.seconds for time in counted)
        never = now + hit.seconds  # it is full of what came in the same step, or for good
        return next((at for at in left if self._fits(times, hit, hit.cost, at)), never)

    def in_use(self, now: float) -> Iterator[Headroom]:
        if self.sample is None:
            return
        scope, limit, permits, seconds = _named(self.sample)
        for window, kept in self.items():
            times = _times(kept)
            first = bisect_right(times, now - seconds)
            used = bisect_right(times, now) - first
            if used > 0:
                yield Headroom(scope, limit, window, permits, used, times[first] + seconds)


class _Queue(_Generations):
    """How full a queue was after each hit: times and levels, in order of time."""

    __slots__ = ()

    def fits(self, hit: Hit, amount: int, now: float) -> bool:
        kept = self.get(hit.window)
        if kept is None:
            return amount <= hit.permits
        times, levels = kept
        if now >= times[-1]:  # nothing is ahead of it: so it is but for a clock that was set back
            drained = (now - times[-1]) * hit.permits / hit.seconds
            level: float = max(levels[-1] - drained, 0.0) + amount
            return level <= hit.permits + _ROUNDING
        return max(self._levels(kept, hit, amount, now)) <= hit.permits + _ROUNDING

    def take(self, hit: Hit, now: float) -> None:
        times, levels = kept = self.get(hit.window) or (array("d"), array("d"))
        if not times or now >= times[-1]:
            drained = (now - times[-1]) * hit.permits / hit.seconds if times else 0.0
            levels.append(max(levels[-1] - drained, 0.0) + hit.cost if times else hit.cost)
            times.append(now)
        else:
            place = bisect_right(times, now)
            levels[place:] = array("d", self._levels(kept, hit, hit.cost, now))
            times.insert(place, now)
        past = bisect_right(times, now - hit.seconds) if len(times) > REMEMBERED else 0
        if past > REMEMBERED:
            del times[: past - REMEMBERED // 2], levels[: past - REMEMBERED // 2]
        self.put(hit, kept, now)

    def _levels(self, kept: Any, hit: Hit, amount: int, now: float) -> list[float]:
        """The levels from now on if `amount` comes now. What came later keeps its place: the
        queue is longer there by what of it has not drained by then."""
        times, levels = kept
        rate = hit.permits / hit.seconds
        place = bisect_right(times, now)
        before = _drained(levels[place - 1], now - times[place - 1], rate) if place else 0.0
        without, level, last = before, before + amount, now
        found = [level]
        for at in range(place, len(times)):
            passed = times[at] - last
            came = max(levels[at] - _drained(without, passed, rate), 0.0)
            level = _drained(level, passed, rate) + came
            found.append(level)
            without, last = levels[at], times[at]
        return found

    def room(self, hit: Hit, now: float) -> float:
        kept = self.get(hit.window)
        if kept is None:
            return now + hit.seconds
        last: float = max(now, kept[0][-1])
        excess = self._levels(kept, hit, hit.cost, last)[0] - hit.permits
        if excess <= 0 or hit.cost > hit.permits:  # full of what came in the same step, or for good
            return last + hit.seconds
        return last + excess * hit.seconds / hit.permits

    def in_use(self, now: float) -> Iterator[Headroom]:
        if self.sample is None:
            return
        scope, limit, permits, seconds = _named(self.sample)
        for window, kept in self.items():
            used = self._levels(kept, self.sample, 0, now)[0]
            if used > 0:
                resets = now + used * seconds / permits
                yield Headroom(scope, limit, window, permits, used, resets)


def _drained(level: float, seconds: float, rate: float) -> float:
    return max(level - seconds * rate, 0.0)


def _times(kept: "array[float] | float | None") -> "array[float]":
    if isinstance(kept, array):
        return kept
    return array("d", () if kept is None else (kept,))


def _told(kept: Any) -> Any:
    """What is kept of a window, as plain JSON: a time, a list of them, or two lists."""
    if isinstance(kept, array):
        return kept.tolist()
    return [list(one) for one in kept] if isinstance(kept, tuple) else kept


def _kept(told: Any) -> Any:
    if not isinstance(told, list):
        return float(told)
    if told and isinstance(told[0], list):
        times, levels = told
        return array("d", times), array("d", levels)
    return array("d", told)


def _plain(sample: Hit | None) -> list[Any] | None:
    return None if sample is None else list(sample)


def _hit(told: list[Any] | None) -> Hit | None:
    return None if told is None else Hit(*told)


def _named(hit: Hit) -> tuple[str, str, int, float]:
    return hit.scope, hit.limit, hit.permits, hit.seconds


_COUNTERS: Mapping[str, Callable[[str, Discarded], _Counter]] = {
    "natural": _Natural,
    "rolling": _Rolling,
    "queue": _Queue,
}
