"""Several processes that serve as one: which one this is, its sockets, and what all have counted.

What is kept they have in one store; what each counts by itself, as the requests it answered, stands
on a board in memory that all of them see.
"""

import mmap
import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

CELLS = 1 << 14  # for what one process counts: counters are few
NAMES = 1 << 20  # bytes for what they are called
_POLLS, _LENGTH, _FIRST = 0, 1, 2  # the first cells
_CPU = CELLS  # the last, behind those that count requests
_COUNTED = 8 * (CELLS + 1)  # bytes of them all
_SLOT = _COUNTED + NAMES

Key = tuple[str, str, int]


class Counted(NamedTuple):
    """What was counted: requests, by provider, operation and HTTP status, and the long polls that
    are open."""

    requests: Mapping[Key, int]
    polls: int = 0


class Counts(MutableMapping[Key, int]):
    """What one process counts, on the board. A number is written where it is seen by all, its name
    once before it is first counted."""

    def __init__(self, memory: mmap.mmap, number: int) -> None:
        begin = number * _SLOT
        self._cells = memoryview(memory)[begin : begin + _COUNTED].cast("q")
        self._names = memoryview(memory)[begin + _COUNTED : begin + _SLOT]
        self._places: dict[Key, int] = {}
        self._known = 0  # bytes of the names that it has read
        self._before: int | None = None  # the CPU time of those whose place this process has taken

    @property
    def polls(self) -> int:
        """How many long polls are open."""
        return self._cells[_POLLS]

    @polls.setter
    def polls(self, polls: int) -> None:
        self._cells[_POLLS] = polls

    @property
    def cpu(self) -> float:
        """The seconds of CPU that were used when `spent` was last called."""
        return self._cells[_CPU] / 1e9

    def spent(self) -> None:
        """Writes what CPU time this process has used. It cannot be read from outside."""
        if self._before is None:
            self._before = self._cells[_CPU]
        self._cells[_CPU] = self._before + time.process_time_ns()

    def __getitem__(self, key: Key) -> int:
        return self._cells[self._place(key)]

    def __setitem__(self, key: Key, value: int) -> None:
        place = self._places.get(key) or self._place(key, new=True)
        if place:
            self._cells[place] = value

    def __delitem__(self, key: Key) -> None:
        self._cells[self._place(key)] = 0

    def __iter__(self) -> Iterator[Key]:
        self._read()
        return iter(self._places)

    def __len__(self) -> int:
        self._read()
        return len(self._places)

    def _place(self, key: Key, *, new: bool = False) -> int:
        if key not in self._places:
            self._read()
        place = self._places.get(key, 0)
        if place or not new:
            return place or self._places[key]
        length, place = self._cells[_LENGTH], _FIRST + len(self._places)
        name = orjson.dumps(key, option=orjson.OPT_APPEND_NEWLINE)
        if place >= CELLS or length + len(name) > NAMES:
            return 0  # there is no such key that a provider could make
        self._names[length : length + len(name)] = name
        self._places[key] = place
        self._cells[_LENGTH] = self._known = length + len(name)
        return place

    def _read(self) -> None:
        there = self._cells[_LENGTH]
        for name in bytes(self._names[self._known : there]).splitlines():
            provider, operation, status = orjson.loads(name)
            self._places[provider, operation, status] = _FIRST + len(self._places)
        self._known = there


class Board:
    """The counts of each process of a group, made before them. What one has counted stays when it
    ends: the one that takes its place counts on from there. `name` is that of the group."""

    def __init__(self, processes: int) -> None:
        self.name = secrets.token_hex(4)
        memory = mmap.mmap(-1, processes * _SLOT)
        self._counts = [Counts(memory, number) for number in range(processes)]

    def counts(self, number: int) -> Counts:
        """Where a process counts. Its own are written by itself alone."""
        return self._counts[number]

    def total(self) -> Counted:
        """What all have counted."""
        requests = Counter[Key]()
        for counts in self._counts:
            requests.update(dict(counts))
        return Counted(requests, sum(counts.polls for counts in self._counts))

    def cpu(self) -> list[float]:
        """The seconds of CPU that each has told of."""
        return [counts.cpu for counts in self._counts]


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a group: its number, its sockets by name, and `alive`, which can be read from
    once the process that started it is gone."""

    number: int
    sockets: Mapping[str, socket.socket]
    board: Board
    alive: int
