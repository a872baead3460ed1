"""Worlds in this process's memory. Messages are kept packed, so a million cost no garbage scans."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from itertools import count as counting
from itertools import islice
from operator import itemgetter
from typing import Any

from simulators.kernel.flow import Headroom, Hit
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.store import (
    BALANCE,
    LOOKED_AT,
    Admission,
    Cost,
    Planned,
    Selected,
    Selection,
)
from simulators.store.leases import Leases
from simulators.store.shelf import Shared, Shelf, packed
from simulators.store.windows import Windows

KEEP = 1_000_000
JOURNAL = 10_000
_MONEY_DIGITS = 6
_FREED = 100  # items of what was forgotten, with each step that keeps something new
_TIDIED = 5000  # and by one `tidy`
_LOOKED_INTO = 1000  # accounts that are asked for a number


class MemoryStore:
    """A `Store` without persistence: `keep` bounds the messages of an account, `journal` each
    of its logs; the oldest go first."""

    def __init__(self, keep: int = KEEP, journal: int = JOURNAL) -> None:
        self._keep = keep
        self._journal = journal
        self._accounts: dict[str, dict[str, Any]] = {}
        self._by_credential: dict[tuple[str, str], str] = {}
        self._credentials: dict[str, tuple[tuple[str, str], ...]] = {}
        self._shelves: dict[str, Shelf] = {}
        self._shared = Shared()
        self._on_plan: list[Callable[[str], None]] = []
        self._numbers = counting(1)
        self._planned = 0
        self._on_news: tuple[Callable[[str], object], ...] = ()

    def put_account(self, account: dict[str, Any], credentials: Sequence[tuple[str, str]]) -> None:
        self._check_credentials(account["id"], credentials)
        self._forget_credentials(account["id"])
        self._accounts[account["id"]] = account
        self._by_credential.update(dict.fromkeys(credentials, account["id"]))
        self._credentials[account["id"]] = tuple(credentials)

    def account(self, account: str) -> dict[str, Any] | None:
        return self._accounts.get(account)

    def account_of(self, provider: str, credential: str) -> str | None:
        return self._by_credential.get((provider, credential))

    def accounts(self) -> list[str]:
        return list(self._accounts)

    def accounts_kept(self) -> int:
        return len(self._accounts)

    def drop_account(self, account: str) -> bool:
        self._forget_credentials(account)
        shelf = self._shelves.pop(account, None)
        if shelf is not None:
            shelf.give_up()
        self._tell(account)
        return self._accounts.pop(account, None) is not None

    def _check_credentials(self, account: str, credentials: Sequence[tuple[str, str]]) -> None:
        for pair in credentials:
            owner = self._by_credential.get(pair, account)
            if owner != account:
                raise ValueError(f"{pair[0]} credential '{pair[1]}' belongs to account '{owner}'")

    def _forget_credentials(self, account: str) -> None:
        for pair in self._credentials.pop(account, ()):
            self._by_credential.pop(pair, None)

    def _shelf(self, account: str) -> Shelf:
        shelf = self._shelves.get(account)
        if shelf is None:
            shelf = self._shelves[account] = Shelf(self._journal, self._shared)
        return shelf

    def admit(
        self,
        account: str,
        drafts: Sequence[tuple[Sequence[Hit], Message]],
        now: float,
        costs: Sequence[Cost] = (),
    ) -> Sequence[Admission]:
        if self._shared.gone:
            self._shared.gone.some(_FREED)
        shelf = self._shelf(account)
        full = _first_full(shelf.windows, drafts, now)
        balance = shelf.settings.get(BALANCE) if costs else None
        poor = () if balance is None else _poor(balance, costs)
        if any(full) or any(poor):
            room = shelf.windows.room
            pairs = zip(full, poor or [False] * len(full), strict=True)
            return [Admission(None, hit, room(hit, now) if hit else 0.0, no) for hit, no in pairs]
        left = None
        if balance is not None:
            left = round(balance - sum(cost.amount for cost in costs), _MONEY_DIGITS)
        kept = self._keep_all(account, shelf, drafts, now, left)
        self._tell(account)
        return kept

    def _keep_all(
        self,
        account: str,
        shelf: Shelf,
        drafts: Sequence[tuple[Sequence[Hit], Message]],
        now: float,
        left: float | None,
    ) -> list[Admission]:
        """Keeps what may be kept: the hits and the messages, and what is left of the balance."""
        if left is not None:
            shelf.settings[BALANCE] = left
        kept = []
        for hits, message in drafts:
            for hit in hits:
                shelf.windows.take(hit, now)
            kept.append(Admission(shelf.add(message, self._keep), None))
        return kept

    def find(self, account: str, message: str) -> Message | None:
        shelf = self._shelf(account)
        sequence = shelf.by_id.get(message)
        return None if sequence is None else Message.unpack(shelf.messages[sequence])

    def select(self, account: str, selection: Selection) -> Selected:
        found: list[Message] = []
        if selection.limit <= 0:
            return Selected(found)
        shelf, last = self._shelf(account), 0
        for looked, message in enumerate(shelf.walk(selection)):
            if shelf.in_order and _beyond(message, selection):
                break
            if len(found) >= selection.limit or looked >= selection.limit + LOOKED_AT:
                return Selected(found, last)
            last = message.sequence
            if _wanted(message, selection):
                found.append(message)
        return Selected(found)

    def change(self, account: str, message: str, **changes: Any) -> Message | None:
        found = self.find(account, message)
        if found is None:
            return None
        changed = found.changed(**changes)
        self._shelf(account).messages[found.sequence] = packed(changed)
        self._tell(account)
        return changed

    def remove(self, account: str, message: str) -> bool:
        self._tell(account)
        return self._shelf(account).remove(message)

    def remove_all(self, account: str) -> int:
        self._tell(account)
        return self._shelf(account).remove_all()

    def newest(self, account: str) -> int:
        return self._shelf(account).sequence

    def holders(self, to: str, limit: int) -> list[str]:
        holding = (
            account
            for account, shelf in islice(reversed(self._shelves.items()), _LOOKED_INTO)
            if (to in shelf.newest_to if to else shelf.messages)
        )
        return list(islice(holding, limit))

    def kept(self, account: str = "") -> int:
        if not account:
            return self._shared.kept
        shelf = self._shelves.get(account)
        return len(shelf.messages) if shelf else 0

    def watch(self, account: str, seen: Callable[[Message], None]) -> Callable[[], None]:
        watchers = self._shelf(account).watchers
        watchers.append(seen)

        def stop() -> None:
            if seen in watchers:
                watchers.remove(seen)

        return stop

    def load(self, account: str, name: str) -> Any:
        try:  # asked a dozen times a request: no call, no shelf
            return self._shelves[account].settings.get(name)
        except KeyError:
            return None

    def save(self, account: str, name: str, value: Any) -> None:
        settings = self._shelf(account).settings
        if value is None:
            settings.pop(name, None)
        else:
            settings[name] = value
        self._tell(account)

    def update(self, account: str, name: str, change: Callable[[Any], Any]) -> Any:
        self.save(account, name, change(self.load(account, name)))
        return self.load(account, name)

    def include(
        self, account: str, name: str, members: Sequence[str], most: int, *, anew: bool = False
    ) -> bool:
        sets = self._shelf(account).sets
        kept = [] if anew else sets.get(name, [])
        new = {member for member in members if not _holds(kept, member)}
        if new and len(kept) + len(new) > most:
            return False
        if len(new) == 1:
            insort(kept, new.pop())
        else:
            kept += sorted(new)
            kept.sort()  # two runs that are in order: it goes through them once
        sets[name] = kept
        self._tell(account)
        return True

    def exclude(self, account: str, name: str, member: str) -> bool:
        kept = self._shelf(account).sets.get(name, [])
        if not _holds(kept, member):
            return False
        del kept[bisect_left(kept, member)]
        self._tell(account)
        return True

    def includes(self, account: str, name: str, member: str) -> bool:
        shelf = self._shelves.get(account)  # asked with each message
        kept = shelf.sets.get(name) if shelf else None
        return kept is not None and _holds(kept, member)

    def members(self, account: str, name: str, start: int, limit: int) -> list[str]:
        return self._shelf(account).sets.get(name, [])[start : start + limit]

    def size(self, account: str, name: str) -> int:
        return len(self._shelf(account).sets.get(name, ()))

    def once(self, account: str, key: str, now: float, until: float) -> bool:
        return self._shelf(account).once(key, now, until)

    def count(self, account: str, name: str) -> int:
        counters = self._shelf(account).counters
        counters[name] = counters.get(name, 0) + 1
        return counters[name]

    def counted(self, account: str, name: str) -> int:
        return self._shelf(account).counters.get(name, 0)

    def uncount(self, account: str, names: Sequence[str]) -> None:
        counters = self._shelf(account).counters
        for name in names:
            counters.pop(name, None)

    def lease(self, account: str, name: str, until: float) -> int:
        leases = self._shelf(account).leases
        if name not in leases:
            leases[name] = Leases()
        number = next(self._numbers)
        leases[name].take(number, until)
        return number

    def release(self, account: str, name: str, lease: int) -> None:
        leases = self._shelf(account).leases.get(name)
        if leases is not None:
            leases.give_back(lease)

    def leased(self, account: str, name: str, now: float) -> int:
        shelf = self._shelves.get(account)
        leases = shelf.leases.get(name) if shelf else None
        return leases.count(now) if leases else 0

    def plan(self, account: str, at: float, item: Sequence[Any]) -> None:
        self._planned += 1
        if self._shelf(account).plans.add(at, item, self._planned):
            self.ring(account)

    def due(self, account: str, now: float, limit: int) -> list[Planned]:
        return self._shelf(account).plans.due(now, limit)

    def done(self, account: str, number: int) -> None:
        """Nothing: what was handed out is gone, as whoever has it is gone only with all of this."""

    def elsewhere(self, account: str) -> bool:
        return False

    def planned(self, account: str, limit: int) -> list[tuple[float, list[Any]]]:
        return self._shelf(account).plans.earliest(limit)

    def next_due(self, account: str) -> float | None:
        shelf = self._shelves.get(account)
        return shelf.plans.soonest() if shelf else None

    def on_plan(self, changed: Callable[[str], None]) -> None:
        self._on_plan.append(changed)

    def ring(self, account: str) -> None:
        for changed in self._on_plan:
            changed(account)

    def record(self, account: str, entry: bytes, *logs: str) -> None:
        self._shelf(account).record(entry, logs)
        self._tell(account)

    def records(
        self, account: str, log: str, *, after: int = 0, before: int = 0, limit: int = 100
    ) -> list[tuple[int, bytes]]:
        return _newest(self._shelf(account).logs.get(log, ()), after, before, limit)

    def headroom(self, account: str, now: float, limit: int = 1000) -> list[Headroom]:
        return list(islice(self._shelf(account).windows.headroom(now), limit))

    def clear(self, account: str) -> None:
        old = self._shelves.pop(account, None)
        if old is not None:
            old.give_up()
            new = self._shelf(account)
            new.watchers, new.leases = old.watchers, old.leases
        self._tell(account)

    def on_news(self, changed: Callable[[str], object]) -> Callable[[], None]:
        self._on_news = (*self._on_news, changed)

        def stop() -> None:
            self._on_news = tuple(one for one in self._on_news if one is not changed)

        return stop

    def _tell(self, account: str) -> None:
        for changed in self._on_news:
            changed(account)

    async def synced(self) -> None:
        """Returns when all that was acknowledged is where it is kept: it is."""

    def close(self) -> None:
        """Ends the use of what others may have next: there is nothing."""

    def tidy(self) -> bool:
        """Gives some of what was forgotten back to the machine; whether there is more."""
        self._shared.gone.some(_TIDIED)
        return bool(self._shared.gone)


def _newest(
    entries: Sequence[tuple[int, bytes]], after: int, before: int, limit: int
) -> list[tuple[int, bytes]]:
    end = bisect_left(entries, before, key=_sequence) if before else len(entries)
    begin = max(bisect_right(entries, after, key=_sequence) if after else 0, end - limit)
    return list(islice(reversed(entries), len(entries) - end, max(len(entries) - begin, 0)))[::-1]


_sequence = itemgetter(0)


def _holds(kept: list[str], member: str) -> bool:
    place = bisect_left(kept, member)
    return place < len(kept) and kept[place] == member


def _poor(balance: float, costs: Sequence[Cost]) -> list[bool]:
    found = []
    for cost in costs:
        found.append(round(balance, _MONEY_DIGITS) < cost.least)
        balance -= cost.amount
    return found


def _first_full(
    windows: Windows, drafts: Sequence[tuple[Sequence[Hit], Message]], now: float
) -> list[Hit | None]:
    if len(drafts) == 1:  # nothing else in this step can fill a window
        return [windows.first_full(drafts[0][0], now)]
    pending: dict[tuple[str, str, str], int] = {}
    found: list[Hit | None] = []
    for hits, _message in drafts:
        full = None
        for hit in hits:
            key = hit[:3]
            earlier = pending.get(key, 0)
            if full is None and windows.full(hit, now, earlier):
                full = hit
            pending[key] = earlier + hit.cost
        found.append(full)
    return found


def _beyond(message: Message, selection: Selection) -> bool:
    """Whether neither it nor any that would follow, all in order of time, is wanted."""
    if selection.oldest_first:
        return message.at > selection.until
    return message.at < selection.since


def _wanted(message: Message, selection: Selection) -> bool:
    return (
        selection.since <= message.at <= selection.until
        and (not selection.to or message.to == selection.to)
        and (not selection.provider or message.provider == selection.provider)
        and (not selection.sender or message.sender == selection.sender)
        and selection.inbound in (None, message.operation == INBOUND)
    )
