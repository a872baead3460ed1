"""What the lines of a data file say: read in order they make a memory store what it was.

A line is a JSON array: the operation, the account, and what the operation came to, not how: what a
document became, which messages were kept with which hits. `snapshot` tells all that a store holds
in as few lines, in the same words and a few more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from simulators.kernel.flow import Hit
from simulators.kernel.message import Message
from simulators.kernel.store import BALANCE
from simulators.store.log import Unusable, lines
from simulators.store.memory import MemoryStore
from simulators.store.shelf import Shelf

_SHOWN = 40
_TOGETHER = 1000  # nonces in a line


def _ignored(_at: int) -> None:
    pass


class Replayed(MemoryStore):
    """A memory store that is made from lines. `base` is how many bytes the last snapshot among
    them has, `based` how many messages it was of."""

    base = based = 0

    def __init__(self, keep: int, journal: int) -> None:
        super().__init__(keep, journal)
        self._awaited: dict[str, dict[int, tuple[float, list[Any]]]] = {}

    def rebuild(
        self, path: Path, file: BinaryIO, upto: int, passed: Callable[[int], object] = _ignored
    ) -> None:
        """Reads the lines up to a place, and tells how far it is. Raises `Unusable` at one that
        says nothing."""
        for number, (at, line) in enumerate(lines(file, upto), 2):
            try:
                name, account, *values = orjson.loads(line)
                _SAID[name](self, account, *values)
            except Exception:  # whatever is wrong with it, it is no line of ours
                raise Unusable(_broken(path, number, line)) from None
            if name == "snapshot":
                self.base = at
            if number % 1000 == 0:
                passed(at)
        for account, awaited in self._awaited.items():
            shelf = self._shelf(account)
            for order, (due, item) in awaited.items():
                if item[0] in shelf.by_id:
                    shelf.plans.add(due, item, order)
        self._awaited = {}

    def _put(self, account: dict[str, Any], credentials: list[tuple[str, str]]) -> None:
        MemoryStore.put_account(self, account, [(name, key) for name, key in credentials])

    def _admit(
        self, account: str, now: float, left: float | None, rows: Iterable[tuple[Any, Any]]
    ) -> None:
        shelf = self._shelf(account)
        kept = list[tuple[Message, bytes]]()
        wanted = list[list[Hit]]()
        for hits, message in rows:
            kept.append(_message(message, shelf.sequence + len(kept) + 1))
            wanted.append([Hit(*hit) for hit in hits])
        self._restore(shelf, wanted, kept, now, left)

    def _restore(
        self,
        shelf: Shelf,
        wanted: Iterable[Iterable[Hit]],
        kept: Iterable[tuple[Message, bytes]],
        now: float,
        left: float | None,
    ) -> None:
        """Keeps numbered messages with their hits, and what is left of the balance."""
        if left is not None:
            shelf.settings[BALANCE] = left
        for hits, (message, packed) in zip(wanted, kept, strict=True):
            for hit in hits:
                shelf.windows.take(hit, now)
            shelf.put(message, packed, self._keep)

    def _changed(self, account: str, message: list[Any]) -> None:
        shelf = self._shelf(account)
        changed, packed = _message(message, message[12])
        if shelf.by_id.get(changed.id) == changed.sequence:
            shelf.messages[changed.sequence] = packed

    def _plan(self, account: str, at: float, item: list[Any], number: int) -> None:
        self._planned = max(self._planned, number)
        self._awaited.setdefault(account, {})[number] = float(at), list(item)

    def _done(self, account: str, number: int) -> None:
        self._awaited.get(account, {}).pop(number, None)

    def _clear(self, account: str) -> None:
        self._awaited.pop(account, None)
        MemoryStore.clear(self, account)

    def _drop(self, account: str) -> None:
        self._awaited.pop(account, None)
        MemoryStore.drop_account(self, account)

    def _record(self, account: str, entry: Any, *logs: str) -> None:
        MemoryStore.record(self, account, _heard(entry), *logs)

    def _include(self, account: str, name: str, members: list[str], most: int, anew: bool) -> None:
        MemoryStore.include(self, account, name, members, most, anew=anew)

    def _snapshot(self, account: str, planned: int, kept: int) -> None:
        self._planned = planned
        self.based = kept

    def _of_shelf(
        self, account: str, sequence: int, oldest: int, latest: float, in_order: bool, recorded: int
    ) -> None:
        shelf = self._shelf(account)
        shelf.sequence, shelf.oldest, shelf.latest = sequence, oldest, float(latest)
        shelf.in_order, shelf.recorded = in_order, recorded

    def _kept(self, account: str, message: list[Any]) -> None:
        shelf = self._shelf(account)
        made, packed = _message(message, max(message[12], shelf.sequence + 1))
        shelf.put(made, packed, self._keep)

    def _window(self, account: str, *state: Any) -> None:
        self._shelf(account).windows.restore(list(state))

    def _counter(self, account: str, name: str, count: int) -> None:
        self._shelf(account).counters[name] = count

    def _nonces(self, account: str, life: int, pairs: list[tuple[str, float]]) -> None:
        self._shelf(account).remember(life, pairs)

    def _entry(self, account: str, number: int, entry: Any, *logs: str) -> None:
        kept = (number, _heard(entry))
        for log in logs:
            self._shelf(account).logs[log].append(kept)

    def snapshot(self) -> Iterator[bytes]:
        """All that it holds, line by line."""
        for told in self._told():
            yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)

    def _told(self) -> Iterator[tuple[Any, ...]]:
        for account, document in self._accounts.items():
            yield "put_account", document, self._credentials.get(account, ())
        for account, shelf in self._shelves.items():
            yield from _of(account, shelf)
            yield from _entries(account, shelf)
        yield "snapshot", "", self._planned, self._shared.kept


def _of(account: str, shelf: Shelf) -> Iterator[tuple[Any, ...]]:
    for packed in shelf.messages.values():
        yield "kept", account, orjson.Fragment(packed)
    numbers = (shelf.sequence, shelf.oldest, shelf.latest, shelf.in_order, shelf.recorded)
    yield "shelf", account, *numbers
    for name, value in shelf.settings.items():
        yield "save", account, name, value
    for name, members in shelf.sets.items():
        yield "include", account, name, members, len(members), True
    for name, count in shelf.counters.items():
        yield "counter", account, name, count
    for state in shelf.windows.state():
        yield "window", account, *state
    for life, keys in shelf.nonce_ends.items():
        pairs = [(key, shelf.nonces[key]) for key in keys if key in shelf.nonces]
        for first in range(0, len(pairs), _TOGETHER):
            yield "nonces", account, life, pairs[first : first + _TOGETHER]
    for at, item, number in sorted(shelf.plans.all(), key=itemgetter(2)):
        yield "plan", account, at, item, number


def _entries(account: str, shelf: Shelf) -> Iterator[tuple[Any, ...]]:
    """Those of all logs, each once: several may have it."""
    found: dict[int, tuple[bytes, list[str]]] = {}
    for log, kept in shelf.logs.items():
        for number, entry in kept:
            found.setdefault(number, (entry, []))[1].append(log)
    for number in sorted(found):
        entry, logs = found[number]
        yield "entry", account, number, said(entry), *logs


def said(entry: bytes) -> orjson.Fragment | str:
    """An entry of a log in a line. Nearly all are JSON, and stand there as they are;
    what may be something else is a text."""
    if entry[:1] in (b"[", b"{") and b"\n" not in entry:
        return orjson.Fragment(entry)
    return entry.decode()


def _heard(told: Any) -> bytes:
    return told.encode() if isinstance(told, str) else orjson.dumps(told)


def _message(values: list[Any], sequence: int) -> tuple[Message, bytes]:
    made = Message._make(values)
    if made.sequence != sequence:
        raise ValueError("it is not the next message")
    return made, bytes(memoryview(orjson.dumps(values)))


def _broken(path: Path, number: int, line: bytes) -> str:
    shown = line[:_SHOWN].decode("utf-8", "backslashreplace").strip()
    return (
        f"{path}, line {number}: expected an operation that follows from the lines before it, as"
        f" sms-simulators writes them, got '{shown}'"
    )


_SAID: Mapping[str, Callable[..., Any]] = {
    "put_account": Replayed._put,
    "drop_account": Replayed._drop,
    "admit": Replayed._admit,
    "change": Replayed._changed,
    "remove": MemoryStore.remove,
    "remove_all": MemoryStore.remove_all,
    "save": MemoryStore.save,
    "include": Replayed._include,
    "exclude": MemoryStore.exclude,
    "once": MemoryStore.once,
    "count": MemoryStore.count,
    "uncount": MemoryStore.uncount,
    "plan": Replayed._plan,
    "done": Replayed._done,
    "record": Replayed._record,
    "clear": Replayed._clear,
    "snapshot": Replayed._snapshot,
    "shelf": Replayed._of_shelf,
    "kept": Replayed._kept,
    "window": Replayed._window,
    "counter": Replayed._counter,
    "nonces": Replayed._nonces,
    "entry": Replayed._entry,
}
