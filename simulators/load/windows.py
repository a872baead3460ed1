"""Windows counted over again: from the times of the messages and the table of limits alone."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]

_ROUNDING = 0.001  # the inbox tells times in whole milliseconds


def countable(limit: Row) -> bool:
    """Whether messages tell all that this limit counts by."""
    return not set(limit["key"]) - _FIELDS.keys()


def grouped(limit: Row, messages: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The messages (newest first) that a limit counts, by window and in order of time."""
    grouped = defaultdict(list)
    for message in sorted(messages, key=lambda m: (_at(m["at"]), m["sequence"])):
        if message["provider"] == limit["provider"] and _counted(limit, message):
            grouped[tuple(_FIELDS[name](message) for name in limit["key"])].append(message)
    return grouped


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


def _signature(message: Row) -> str:
    found = re.match("【(.*?)】", message["text"])
    return found[1] if found else ""


_FIELDS: Mapping[str, Callable[[Row], str]] = {
    "number": lambda message: _field(message, "to"),
    "template": lambda message: _field(message, "template"),
    "sender": lambda message: _field(message, "sender"),
    "text": lambda message: _field(message, "text"),
    "life": lambda message: _field(message, "life"),
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
        first = bisect_right(times, times[place] - limit["seconds"] + _ROUNDING)
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


@lru_cache(maxsize=65_536)
def _at(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
