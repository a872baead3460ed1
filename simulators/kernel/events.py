"""What happens in an account, as events: `message`, `request`, `receipt`, `rules`, `limits`,
`clock`.

Nothing is kept for those who watch. An event is read from what the store keeps anyway when
somebody asks for what came after a `Cursor`; so a request costs no more when it is watched, who
reads slowly takes no memory, and who comes back goes on where it was, as long as the journal still
has it. Who is too far behind is told how many events it was spared (`more`).
"""

import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple, Self

import orjson

from simulators.kernel import journal, optouts, views
from simulators.kernel.accounts import Accounts
from simulators.kernel.clock import iso
from simulators.kernel.message import Message
from simulators.kernel.receipts import LOG
from simulators.kernel.world import World

MOST = 20  # messages and entries that are made into events at once
BEHIND = 500  # of either, and who watches is too far behind to be told of each
TEXT = 1000  # characters of a message's text in its event
_EVERY = 1 << 30
_LOG_KEPT = 10_000  # a log that is as long may have dropped what came before
_CURSOR = re.compile(r"[0-9a-z]{1,16}(-[0-9]{1,15}){4}(-[0-9a-f]{1,8}){3}", re.ASCII)
_REMEMBERED = 1000  # accounts of which the versions of settings are

# The settings documents that an event is about.
_DOCUMENTS = {
    "rules": ("rules",),
    "limits": ("limits", "regions", "balance", "suspended"),
    "clock": ("clock",),
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where somebody has seen an account: of which server and after how many resets, the
    sequences of the newest message, request and attempt at a receipt, and which rules, limits and
    clock. Written as one word, which is the `id` of an event."""

    server: str
    resets: int = 0
    message: int = 0
    request: int = 0
    receipt: int = 0
    rules: int = 0
    limits: int = 0
    clock: int = 0

    def __str__(self) -> str:
        numbers = (self.resets, self.message, self.request, self.receipt)
        versions = (self.rules, self.limits, self.clock)
        return "-".join([self.server, *map(str, numbers), *(f"{one:x}" for one in versions)])

    @classmethod
    def read(cls, text: str) -> Self:
        """The inverse. Raises `ValueError`."""
        if not _CURSOR.fullmatch(text):
            raise ValueError(text)
        server, *rest = text.split("-")
        numbers = [int(one) for one in rest[:4]] + [int(one, 16) for one in rest[4:]]
        return cls(server, *numbers)


class Event(NamedTuple):
    """Something that happened, and the cursor of who has seen it."""

    name: str
    data: dict[str, Any]
    cursor: Cursor


class Feed:
    """Makes the events of all accounts. `server` tells this process from one before it, of whose
    sequences nothing is known here."""

    def __init__(self, accounts: Accounts, server: str) -> None:
        self._accounts = accounts
        self._server = server
        self._versions: dict[tuple[str, str], tuple[list[Any], int]] = {}

    def now(self, world: World) -> Cursor:
        """The cursor of who wants what comes from now on."""
        store = world.store
        requests = store.records(world.id, journal.REQUESTS, limit=1)
        receipts = store.records(world.id, LOG, limit=1)
        return replace(
            self.beginning(world),
            message=store.newest(world.id),
            request=requests[-1][0] if requests else 0,
            receipt=receipts[-1][0] if receipts else 0,
        )

    def beginning(self, world: World) -> Cursor:
        """The cursor of who wants all messages, requests and receipts that there are."""
        versions = {kind: self._version(world, kind) for kind in _DOCUMENTS}
        return Cursor(self._server, world.resets, **versions)

    def gone(self, world: World, cursor: Cursor) -> Event | None:
        """What somebody who comes back has to be told first: how many requests and receipts of the
        time between are kept no more. None if all of them are."""
        if self._emptied(world, cursor) is not None:
            return None
        requests = world.store.records(world.id, journal.REQUESTS, limit=_EVERY)
        receipts = world.store.records(world.id, LOG, limit=_EVERY)
        gone = {
            "messages": 0,
            "requests": _dropped(requests, cursor.request),
            "receipts": _dropped(receipts, cursor.receipt),
        }
        told = Event("more", {"account": world.id, **gone, "why": "gone"}, cursor)
        return told if any(gone.values()) else None

    def after(self, world: World, cursor: Cursor, behind: float = BEHIND) -> list[Event]:
        """The next events after a cursor, oldest first; none if there are none. Who is more than
        `behind` messages or requests behind gets the newest ones, and is told how many more there
        were."""
        emptied = self._emptied(world, cursor)
        if emptied is not None:
            return [emptied]
        events: list[Event] = []
        requests = world.store.records(
            world.id, journal.REQUESTS, after=cursor.request, limit=_EVERY
        )
        receipts = world.store.records(world.id, LOG, after=cursor.receipt, limit=_EVERY)
        newest = world.store.newest(world.id)
        if max(newest - cursor.message, len(requests), len(receipts)) > behind:
            cursor, spared = _skip(cursor, newest, requests, receipts)
            told = {"account": world.id, **spared, "why": "slow"}
            events.append(Event("more", told, cursor))
            requests, receipts = requests[-MOST:], receipts[-MOST:]
        for event in self._of_settings(world, cursor):
            events.append(event)
            cursor = event.cursor
        events += self._happened(world, cursor, requests, receipts)
        return events

    def _emptied(self, world: World, cursor: Cursor) -> Event | None:
        if cursor.server == self._server and cursor.resets == world.resets:
            now = self.now(world)
            if cursor.message <= now.message and cursor.request <= now.request:
                return None
        return Event("emptied", {"account": world.id}, self.beginning(world))

    def _of_settings(self, world: World, cursor: Cursor) -> Iterator[Event]:
        for kind in _DOCUMENTS:
            version = self._version(world, kind)
            if version != getattr(cursor, kind):
                changed: dict[str, Any] = {kind: version}
                cursor = replace(cursor, **changed)
                yield Event(kind, {"account": world.id, **_TOLD[kind](world)}, cursor)

    def _version(self, world: World, kind: str) -> int:
        """A number that is another when the settings are; it is made when they have changed."""
        opted_out = optouts.count(world) if kind == "limits" else 0
        return (self._version_of_documents(world, kind) + opted_out) % (1 << 32)

    def _version_of_documents(self, world: World, kind: str) -> int:
        documents = [world.load(name) for name in _DOCUMENTS[kind]]
        known = self._versions.get((world.id, kind))
        if known is not None and all(a is b for a, b in zip(known[0], documents, strict=True)):
            return known[1]
        while len(self._versions) >= _REMEMBERED:
            del self._versions[next(iter(self._versions))]
        made = zlib.crc32(orjson.dumps(documents))
        self._versions[world.id, kind] = (documents, made)
        return made

    def _happened(
        self,
        world: World,
        cursor: Cursor,
        requests: list[tuple[int, bytes]],
        receipts: list[tuple[int, bytes]],
    ) -> Iterator[Event]:
        """Messages, requests and attempts at receipts, each message before the request that sent
        it."""
        waiting = deque(_messages(world, cursor.message))
        entries = merge(
            ((sequence, "request", packed) for sequence, packed in requests),
            ((sequence, "receipt", packed) for sequence, packed in receipts),
        )
        for sequence, name, packed in islice(entries, MOST):
            if name == "request":
                entry = journal.read(sequence, packed)
                for message in _up_to(waiting, entry["messages"]):
                    cursor = replace(cursor, message=message.sequence)
                    yield Event("message", self._message(world, message), cursor)
                cursor = replace(cursor, request=sequence)
                told = {"account": world.id, **views.brief(self._accounts, entry)}
                yield Event("request", told, cursor)
            else:
                cursor = replace(cursor, receipt=sequence)
                told = {"account": world.id, **self._receipt(sequence, packed)}
                yield Event("receipt", told, cursor)
        if len(requests) + len(receipts) <= MOST:
            for message in waiting:
                cursor = replace(cursor, message=message.sequence)
                yield Event("message", self._message(world, message), cursor)

    def _message(self, world: World, message: Message) -> dict[str, Any]:
        provider = self._accounts.providers[message.provider]
        shown = views.message(world, provider, message)
        told = {name: shown[name] for name in _OF_MESSAGE}
        return {**told, "text": views.cut(shown["text"], TEXT)}

    def _receipt(self, sequence: int, packed: bytes) -> dict[str, Any]:
        attempt = orjson.loads(packed)
        mask = self._accounts.mask(attempt["provider"])
        hidden = {name: mask.text(views.cut(attempt[name])) for name in ("url", "lacks")}
        told = {name: attempt[name] for name in _OF_RECEIPT}
        return {**told, **hidden, "sequence": sequence, "at": iso(attempt["at"])}


_OF_MESSAGE = (
    *("sequence", "id", "account", "provider", "operation", "to", "sender", "code", "at"),
    *("status", "state"),
)
_OF_RECEIPT = (
    *("message", "provider", "to", "reports", "error", "attempt", "state", "status"),
    "seconds",
)
_TOLD: Mapping[str, Callable[[World], dict[str, Any]]] = {
    "rules": lambda world: {"rules": len(world.load("rules", []))},
    "limits": lambda _world: {},
    "clock": lambda world: world.clock.describe(),
}


def _messages(world: World, after: int) -> list[Message]:
    """The next messages after a sequence, oldest first, replies among them."""
    return world.messages(after=after, inbound=None, limit=MOST, oldest_first=True)


def _up_to(waiting: deque[Message], ids: list[str]) -> Iterator[Message]:
    """Takes out the messages up to the last of those, none if none of them is there."""
    last = max((one.sequence for one in waiting if one.id in ids), default=0)
    while waiting and waiting[0].sequence <= last:
        yield waiting.popleft()


def _skip(
    cursor: Cursor,
    newest: int,
    requests: list[tuple[int, bytes]],
    receipts: list[tuple[int, bytes]],
) -> tuple[Cursor, dict[str, int]]:
    """The cursor in front of the newest, and how many were left out."""
    spared = {
        "messages": max(newest - cursor.message - MOST, 0),
        "requests": len(requests[:-MOST]),
        "receipts": len(receipts[:-MOST]),
    }
    return replace(
        cursor,
        message=cursor.message + spared["messages"],
        request=requests[-MOST - 1][0] if spared["requests"] else cursor.request,
        receipt=receipts[-MOST - 1][0] if spared["receipts"] else cursor.receipt,
    ), spared


def _dropped(kept: list[tuple[int, bytes]], seen: int) -> int:
    """How many entries of a log may be gone that came after one that was seen."""
    return max(kept[0][0] - seen - 1, 0) if len(kept) >= _LOG_KEPT else 0
