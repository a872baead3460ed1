"""The engines of a Cluster, asked as one: each account is at the primary that has its slot.

Where the slots are, any engine of it knows: all are asked now and then, and whoever has heard of
the latest change is believed. What an engine answers with MOVED was not done, and is asked for
where that points to. An engine that is away holds up those alone who ask for accounts there.
"""

import asyncio
import re
from binascii import crc_hqx
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from simulators.kernel.store import Unavailable
from simulators.store.valkey.address import Address
from simulators.store.valkey.green import Trip
from simulators.store.valkey.line import Asked, Line, Moved, UnfitEngine, commands, pack, wrong

ACCOUNTS = "#"  # the world of accounts
SLOTS = 16384
_HOPS = 5
_ACCOUNT = re.compile(rb"sms:\{([^}]+)\}")
_STATE = re.compile(rb"cluster_state:ok\b")
_EPOCH = re.compile(rb"cluster_current_epoch:(\d+)")


def slot(account: str | bytes) -> int:
    """Where all keys of an account are, as its name is their hash tag."""
    return crc_hqx(account.encode() if isinstance(account, str) else account, 0) % SLOTS


def subscription(command: str, channel: str, account: str) -> Asked:
    """Begins or ends to listen to a channel, at the engine of an account."""
    # It is answered by what is pushed, which is no answer to be waited for; PING's is.
    return Asked(pack((command, channel)) + pack(("PING", f"sms:{{{account}}}")), 1)


def _slot(asked: Asked) -> int:
    """Where something is to be asked for: the first key says whom it is about. What is about nobody
    goes where the accounts are."""
    found = _ACCOUNT.search(asked.packed)
    return slot(found[1] if found else ACCOUNTS)


class Map(NamedTuple):
    """What one engine knows of all: whether it takes part, the latest change it has heard of, the
    primaries of slots (from, to), and whom else it knows."""

    sound: bool
    epoch: int
    slots: Sequence[tuple[int, int, Address]]
    known: Set[Address]

    @property
    def size(self) -> int:
        """How many slots are somewhere."""
        return sum(last + 1 - first for first, last, _place in self.slots)


class Cluster:
    """Does for all engines of a Cluster what a `Line` does for one. `ended` is done when there is
    something to mend. `channels` are those that are listened to, each where an account is."""

    def __init__(
        self, first: Line, made: Callable[[Address], Line], channels: Mapping[str, str]
    ) -> None:
        self._seed = first.address
        self._made = made
        self._channels = channels
        self._loop = asyncio.get_running_loop()
        self._lines: dict[Address, Line] = {}
        self._keep(first)
        self._leaving: set[Line] = set()  # and not gone yet
        self._known: Set[Address] = set()
        self._named: set[Address] = set()
        self._at: list[Line | None] = [None] * SLOTS
        self._strays: list[tuple[Asked, int]] = []
        self._taken = 0
        self.is_up = True
        self.ended: asyncio.Future[None] = self._loop.create_future()

    @property
    def why(self) -> str:
        """What is away, "" if nothing is."""
        away = next((str(line.away()) for line in self._lines.values() if not line.is_up), "")
        return away or (str(self._homeless()) if None in self._at else "")

    @property
    def turn(self) -> object:
        """Another one when anything has gone out."""
        return self._taken, sum([line.turn for line in self._lines.values()])

    # Asking

    def submit(self, asked: Asked) -> None:
        """Sends it where its account is. It has ended if there is nobody."""
        if len(asked.each) < 2:
            self._send(asked, self._at[_slot(asked)], _HOPS)
            return
        parts = [Asked(packed, 1) for packed in asked.each]
        _together(asked, parts)
        for part in parts:
            self.submit(part)

    def of_each(self, *command: Any) -> tuple[list[Address], Trip]:
        """Asks every engine that is there the same. It ends once each has answered, in this order,
        or was given up."""
        lines = [line for line in self._lines.values() if line.is_up]
        asked = [commands(command) for _ in lines]
        all_ = Asked(b"", 0)
        _together(all_, asked)
        for line, one in zip(lines, asked, strict=True):
            line.submit(one)
        return [line.address for line in lines], all_

    def _send(self, asked: Asked, line: Line | None, hops: int) -> None:
        if line is None:
            asked.end(None, self._homeless())
        elif not line.is_up:
            asked.end(None, line.away())
        else:
            sent = Asked(asked.packed, asked.count, asked.script)
            sent.then(partial(self._came, asked, sent, line, hops))
            line.submit(sent)

    def _came(self, asked: Asked, sent: Asked, line: Line, hops: int) -> None:
        value, error = sent.value, sent.error
        if error is None and asked.script is None:
            value = [wrong(v, line.address) if isinstance(v, Exception) else v for v in value]
            error = value[0] if isinstance(value[0], Moved) else None
        if not isinstance(error, Moved) or not hops or not self.is_up:
            asked.end(value, error)
            return
        self._stale()
        address = _place(*error.place, line.address)
        there = self._lines.get(address)
        if there is not None and there.is_up:
            self._send(asked, there, hops - 1)
        else:
            self._named.add(address)
            self._strays.append((asked, hops - 1))

    # Where the slots are

    async def mend(self) -> set[int]:
        """Learns where the slots are, and opens the lines that lack. Returns the slots that have
        another line than before. Raises `Unavailable` if no engine answers."""
        self.ended = self._loop.create_future()
        try:
            latest = await self._latest()
            await self._open({place for _first, _last, place in latest.slots})
            return self._take(latest)
        except Unavailable:
            self._stale()
            raise
        finally:
            strays, self._strays = self._strays, []
            for asked, hops in strays:
                self._send(asked, self._at[_slot(asked)], hops)

    async def _latest(self) -> Map:
        named, self._named = self._named, set()
        await self._open(named)
        maps = await self._maps()
        if not maps:  # replicas may have taken over from all
            await self._open({*self._known, self._seed})
            maps = await self._maps()
        if not maps:
            raise next(line.away() for line in self._lines.values())
        return max(maps, key=lambda one: (one.sound, one.epoch, one.size))

    async def _maps(self) -> list[Map]:
        """What each engine knows that answers."""
        asked = []
        for line in self._lines.values():
            if line.is_up:
                asked.append((line, commands(("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))))
                line.submit(asked[-1][1])
        for _line, one in asked:
            if not one.ended:
                await one.future()
        return [
            _map(line.address, *one.value)
            for line, one in asked
            if one.error is None and not any(isinstance(told, Exception) for told in one.value)
        ]

    async def _open(self, places: Set[Address]) -> None:
        """Opens lines to places that have none. One that fails stands there, and says why."""
        lacking = [p for p in places if p not in self._lines or not self._lines[p].is_up]
        lines = [self._made(place) for place in lacking]
        try:
            ends = await asyncio.gather(*[line.open() for line in lines], return_exceptions=True)
        except asyncio.CancelledError:
            for line in lines:
                line.cut("it was closed")
            raise
        for line, error in zip(lines, ends, strict=True):
            if error is not None and not isinstance(error, Unavailable | UnfitEngine):
                raise error
            self._keep(line)

    def _keep(self, line: Line) -> None:
        self._lines[line.address] = line
        line.ended.add_done_callback(partial(self._lost, line))

    def _lost(self, line: Line, _ended: object) -> None:
        if self._lines.get(line.address) is line:
            self._stale()

    def _take(self, latest: Map) -> set[int]:
        before, self._at = self._at, [None] * SLOTS
        for first, last, place in latest.slots:
            self._at[first : last + 1] = [self._lines[place]] * (last + 1 - first)
        self._taken += 1
        self._known = latest.known
        changed = {
            n for n, line in enumerate(self._at) if line and line.is_up and line is not before[n]
        }
        for channel, account in self._channels.items():
            number = slot(account)
            if number in changed:
                _listen("UNSUBSCRIBE", before[number], channel, account)
                _listen("SUBSCRIBE", self._at[number], channel, account)
        for address in self._lines.keys() - {place for _first, _last, place in latest.slots}:
            self._leave(self._lines.pop(address))
        if self.why:
            self._stale()
        return changed

    def away(self) -> Unavailable:
        """What is told of it where one of its engines is away."""
        return Unavailable(self.why)

    def has(self, account: str) -> bool:
        """Whether the engine of an account is there."""
        line = self._at[slot(account)]
        return line is not None and line.is_up

    def _homeless(self) -> Unavailable:
        return Unavailable(f"the store at {self._seed} is away: some slots are at no engine of it")

    def _leave(self, line: Line) -> None:
        """Ends a line once all that is under way is answered."""
        if not line.is_up:
            return
        self._leaving.add(line)
        line.ended.add_done_callback(lambda _ended: self._leaving.discard(line))
        last = commands(("PING", ""))
        last.then(lambda: line.cut("it has no slots any more"))
        line.submit(last)

    def _stale(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def cut(self, why: str) -> None:
        """Gives up all lines: whatever is under way is unknown."""
        self.is_up = False
        lines, self._lines = [*self._lines.values(), *self._leaving], {}
        self._leaving.clear()
        for line in lines:
            line.cut(why)
        strays, self._strays = self._strays, []
        for asked, _hops in strays:
            asked.end(None, Unavailable(f"the store at {self._seed} is away: {why}"))
        self._stale()


def _together(asked: Asked, parts: Sequence[Asked]) -> None:
    """Ends it when all its parts have ended, with what came or went wrong of each."""
    left = len(parts)

    def ended() -> None:
        nonlocal left
        left -= 1
        if not left:
            asked.end([part.error or part.value[0] for part in parts])

    for part in parts:
        part.then(ended)
    if not parts:
        asked.end([])


def _listen(command: str, line: Line | None, channel: str, account: str) -> None:
    if line is not None and line.is_up:
        line.submit(subscription(command, channel, account))


def _map(told_by: Address, info: bytes, slots: Sequence[Any]) -> Map:
    found = _EPOCH.search(info)
    primaries, known = [], set()
    for first, last, *engines in slots:
        places = [_place(host, port, told_by) for host, port, *_more in engines]
        primaries.append((first, last, places[0]))
        known.update(places)
    return Map(bool(_STATE.search(info)), int(found[1]) if found else 0, primaries, known)


def _place(host: bytes | None, port: int, told_by: Address) -> Address:
    """An engine as another names it, whose own name it is where it names none."""
    name = host.decode() if host and host != b"?" else told_by.host or "127.0.0.1"
    return replace(told_by, host=name, port=port, path="")
