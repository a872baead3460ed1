"""Windows counted over again: from the times of the messages and the table of limits alone.

Both ways: a window that let one too many pass (`exceeded`), and one that refused a message that it
had room for (`refused_early`).
"""

import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

Row = Mapping[str, Any]

_DETAIL = "details."  # what a provider's own fields begin with
_ROUNDING = 0.001  # the inbox tells times in whole milliseconds


def countable(limit: Row) -> bool:
    """Whether messages tell all that this limit counts by."""
    return all(name in _FIELDS or name.startswith(_DETAIL) for name in limit["key"])


def grouped(limit: Row, messages: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The messages (newest first) that a limit counts, by window and in order of time."""
    grouped = defaultdict(list)
    for message in sorted(messages, key=lambda m: (_at(m["at"]), m["sequence"])):
        if message["provider"] == limit["provider"] and _counted(limit, message):
            grouped[tuple(_value(message, name) for name in limit["key"])].append(message)
    return grouped


def _value(message: Row, name: str) -> str:
    if not name.startswith(_DETAIL):
        return _FIELDS[name](message)
    return str((message.get("details") or {}).get(name.removeprefix(_DETAIL), ""))


def _counted(limit: Row, message: Row) -> bool:
    if limit["overflow"] and any(
        step["error"] and step["error"]["key"] == limit["overflow"] for step in message["history"]
    ):
        return False
    return all(re.search(pattern, _field(message, at)) for at, pattern in limit["where"].items())


def _field(message: Row, path: str) -> str:
    value: Any = message
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def _seconds(limit: Row, message: Row) -> float:
    """How long the window of a message is: its request may have chosen."""
    path = limit.get("seconds_at")
    return float((path and _field(message, path)) or limit["seconds"])


def _signature(message: Row) -> str:
    found = re.match("【(.*?)】", message["text"])
    return found[1] if found else ""


_FIELDS: Mapping[str, Callable[[Row], str]] = {
    "number": lambda message: _field(message, "to"),
    "template": lambda message: _field(message, "template"),
    "sender": lambda message: _field(message, "sender"),
    "text": lambda message: _field(message, "text"),
    "lifecycle": lambda message: _field(message, "life"),
    "signature": _signature,
}


def exceeded(limit: Row, window: Sequence[str], messages: Sequence[Row]) -> Iterator[str]:
    """A sentence for each message that came when the window was full."""
    for message, used in _COUNTS[limit["kind"]](limit, messages):
        if used > limit["permits"]:
            of = f" of {' '.join(window)}" if window else ""
            yield (
                f"{limit['provider']} {limit['limit']}{of}: message {message['id']} to"
                f" {message['to']} at {message['at']} is number {used:g} of"
                f" {limit['permits']} permitted in {limit['seconds']:g} s"
            )


Counted = Iterator[tuple[Row, float]]


def _natural(limit: Row, messages: Sequence[Row]) -> Counted:
    """Each message with its place in its slice of the calendar."""
    slices: Counter[float] = Counter()
    for message in messages:
        start = (_at(message["at"]) + limit["zone_s"]) // limit["seconds"]
        slices[start] += 1
        yield message, slices[start]


def _rolling(limit: Row, messages: Sequence[Row]) -> Counted:
    """Each message with how many there are in the time that ends with it."""
    times = [_at(message["at"]) for message in messages]
    for place, message in enumerate(messages):
        first = bisect_right(times, times[place] - _seconds(limit, message) + _ROUNDING)
        yield message, place + 1 - first


def _queue(limit: Row, messages: Sequence[Row]) -> Counted:
    """Each message with how full the queue is behind it, in segments."""
    level, before, rate = 0.0, 0.0, limit["permits"] / limit["seconds"]
    for message in messages:
        now = _at(message["at"])
        level = max(level - max(now - before, 0.0) * rate, 0.0) + message["segments"]
        before = now
        yield message, level - rate * _ROUNDING


_COUNTS: Mapping[str, Callable[[Row, Sequence[Row]], Counted]] = {
    "natural": _natural,
    "rolling": _rolling,
    "queue": _queue,
}


def named(limit: Row, refusal: Row, windows: Mapping[str, object]) -> bool:
    """Whether the messages tell that window: one by the lifecycle of a message is none that a
    lifecycle of
    its own, which they do not name, could be looked up in."""
    return "lifecycle" not in limit["key"] or refusal["window"] in windows


def name(window: Sequence[str]) -> str:
    """A window as refusals name it."""
    return "|".join(window)


def refused_early(limit: Row, messages: Sequence[Row], refusals: Sequence[Row]) -> Iterator[str]:
    """A sentence for each message that one window refused and would have had room for: `messages`
    are those that it counted. In case of doubt (times are in whole milliseconds) it had none."""
    used = _USED[limit["kind"]](limit)
    left = sorted(messages, key=lambda m: m["sequence"], reverse=True)
    for refusal in sorted(refusals, key=lambda r: (r["after"], r["sequence"])):
        while left and left[-1]["sequence"] <= refusal["after"]:
            used.add(left.pop())
        found = used.at(_at(refusal["at"]), refusal["seconds"])
        if found + refusal["cost"] <= limit["permits"]:
            of = f" of {refusal['window']}" if refusal["window"] else ""
            yield (
                f"{limit['provider']} {limit['limit']}{of}: refused {refusal['cost']} at"
                f" {refusal['at']} when {found:g} of {limit['permits']} permitted in"
                f" {limit['seconds']:g} s were used"
            )


class _Used(Protocol):
    """What a window counts, as message after message is kept."""

    def __init__(self, limit: Row) -> None: ...

    def add(self, message: Row) -> None:
        """One was kept."""

    def at(self, at: float, seconds: float) -> float:
        """The most that can have been counted for a message at that time, whose window is so
        long."""


class _InSlices:
    def __init__(self, limit: Row) -> None:
        self._zone, self._seconds = limit["zone_s"], limit["seconds"]
        self._slices: Counter[float] = Counter()

    def add(self, message: Row) -> None:
        self._slices[self._slice(_at(message["at"]))] += 1

    def at(self, at: float, _seconds: float) -> float:
        return max(self._slices[self._slice(at + off)] for off in (-_ROUNDING, 0, _ROUNDING))

    def _slice(self, at: float) -> float:
        return float((at + self._zone) // self._seconds)


class _InTheLast:
    def __init__(self, _limit: Row) -> None:
        self._times: list[float] = []

    def add(self, message: Row) -> None:
        insort(self._times, _at(message["at"]))

    def at(self, at: float, seconds: float) -> float:
        # Those ahead, where the clock was set back, have this time in their windows.
        ahead = bisect_left(self._times, at + seconds + _ROUNDING)
        return ahead - bisect_right(self._times, at - seconds - _ROUNDING)


class _InTheQueue:
    """How full the queue was behind each message, in order of time. Of nodes that serve at once one
    may be later with an earlier time: what is ahead of a message then is longer by it."""

    def __init__(self, limit: Row) -> None:
        self._rate: float = limit["permits"] / limit["seconds"]
        self._times: list[float] = []
        self._segments: list[int] = []
        self._levels: list[float] = []

    def add(self, message: Row) -> None:
        at = _at(message["at"])
        place = bisect_right(self._times, at)
        self._times.insert(place, at)
        self._segments.insert(place, message["segments"])
        del self._levels[place:]
        for later in range(place, len(self._times)):
            self._levels.append(self._drained(later, self._times[later]) + self._segments[later])

    def at(self, at: float, _seconds: float) -> float:
        place = bisect_right(self._times, at + _ROUNDING)
        return max([self._drained(place, at - _ROUNDING), *self._levels[place:]])

    def _drained(self, place: int, at: float) -> float:
        """What is left then of all before a place."""
        if not place:
            return 0.0
        passed = max(at - self._times[place - 1], 0.0)
        return max(self._levels[place - 1] - passed * self._rate, 0.0)


_USED: Mapping[str, type[_Used]] = {
    "natural": _InSlices,
    "rolling": _InTheLast,
    "queue": _InTheQueue,
}


@lru_cache(maxsize=65_536)
def _at(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
