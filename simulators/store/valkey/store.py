"""A store in a Valkey or Redis engine, shared by any number of processes: the nodes.

Each operation is one script or one command, so it is done as a whole or not at all, whoever else
does what meanwhile. All keys of an account have one hash tag, `sms:{ACCOUNT}:...`; accounts and
what is about all of them are in the world `#`, which no account can be named.

Settings are asked for many times a request, so nodes keep them (`heads.py`). Before a request reads
any, the versions of the accounts that it may be about are compared with the engine's, in one trip
for all requests of a turn of the loop: what another node was told is known to be done before it
answered, and so it is found here.
"""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import count as counting
from typing import Any

import orjson
from greenlet import getcurrent

from simulators.kernel.flow import Headroom, Hit
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.store import (
    LOOKED_AT,
    Admission,
    Cost,
    Planned,
    Selected,
    Selection,
    Unavailable,
)
from simulators.kernel.world import STRANGERS
from simulators.store.memory import JOURNAL, KEEP
from simulators.store.valkey.address import Address
from simulators.store.valkey.cluster import ACCOUNTS
from simulators.store.valkey.engine import Engine
from simulators.store.valkey.green import Green, enter, spawn
from simulators.store.valkey.heads import Head
from simulators.store.valkey.line import (
    DEADLINE,
    Asked,
    Command,
    commands,
    pack,
    run,
    values,
    wrong,
)
from simulators.store.valkey.scripts import script

_TOLD = 100  # documents of an account that has changed; others are asked for when they are wanted
_EVERY = 1 << 40
BEAT_SECONDS = 2.0
_RECENT = 8  # accounts whose versions are asked for together
_LOOKED_INTO = 1000  # accounts that are asked for a number
_UNFORESEEN = 64  # requests from one of more accounts than are asked for together
_TOGETHER = 100  # entries of an account's logs in one call
_PLACES = 1000  # accounts of which it is remembered how a call begins


class ValkeyStore:
    """A `Store` in an engine: `keep` bounds the messages of an account, `journal` each of
    its logs; the oldest go first. Raises `Unavailable` or `UnfitEngine` at the first
    operation if there is no engine."""

    def __init__(
        self,
        address: Address,
        keep: int = KEEP,
        journal: int = JOURNAL,
        *,
        deadline: float = DEADLINE,
    ) -> None:
        self._keep = keep
        self._journal = journal
        self.node = secrets.token_hex(6)
        self._channels = f"sms:{address.database}:"
        self.engine = Engine(address, self._heard, self._reached, deadline)
        self._heads: dict[str, Head] = {}
        self._check: _Check | None = None
        self._unforeseen = 0  # requests that begin without one
        self._accounts: dict[str, tuple[int, dict[str, Any]]] = {}
        self._pairs: dict[str, list[str]] = {}
        self._owners: dict[str, str] = {}
        self._worlds: set[str] = set()
        self._watchers: dict[str, list[Callable[[Message], None]]] = {}
        self._seen: dict[str, int] = {}  # of watched accounts: the newest that watchers know of
        self._on_news: tuple[Callable[[str], object], ...] = ()
        self._on_plan: list[Callable[[str], None]] = []
        self._handed: dict[int, tuple[str, bytes]] = {}
        self._numbers = counting(1)
        self._recording = threading.Lock()
        self._entries: dict[str, list[Any]] = {}  # of logs, on their way
        self._place = lru_cache(_PLACES)(partial(_placed, self._channels, self.node))
        self._beats: dict[bytes, tuple[bytes, int]] = {}
        self.emptied: Callable[[], None] = _nothing  # called when another has emptied the engine
        self._recent = {name: _version_of(name) for name in (ACCOUNTS, STRANGERS)}

    # Asking

    def _run(self, name: str, account: str, *given: Any) -> Any:
        return self.engine.ask(self._call(name, account, *given))

    def _call(self, name: str, account: str, *given: Any) -> Asked:
        return run(script(name), 3 + len(given), self._place(account) + values(*given))

    def _of_accounts(self, name: str, *given: Any) -> Any:
        tag = f"{self.node} {given[0] if given else ACCOUNTS}"
        place = values(f"sms:{{{ACCOUNTS}}}:", self._channels, tag, *given)
        return self.engine.ask(run(script(name), 3 + len(given), place))

    def _do(self, *all_: Command) -> list[Any]:
        if not all_:  # which nothing would answer
            return []
        found: list[Any] = self.engine.ask(commands(*all_))
        for one in found:
            if isinstance(one, Exception):
                raise wrong(one, self.engine)
        return found

    # Settings as they are in the engine

    def _head(self, account: str) -> Head:
        """The settings of an account, not older than the step in which they are asked for."""
        try:
            head: Head = getcurrent().sure[account]
        except (AttributeError, KeyError):
            return self._made_sure(account, getattr(getcurrent(), "sure", {}))
        return head

    def _made_sure(self, account: str, sure: dict[str, Head]) -> Head:
        sure.update(self._checked(account))
        if ACCOUNTS not in sure:  # whose secrets are hidden, wherever they were made
            self._refresh(ACCOUNTS, sure)
        if account not in sure:
            self._refresh(account, sure)
        return sure[account]

    def _checked(self, account: str) -> dict[str, Head]:
        """Those of this account and of the ones that were asked for lately that are known as they
        are now: one question for all who ask in the same turn."""
        recent = self._recent
        if account not in recent:
            while len(recent) >= _RECENT:
                del recent[next(name for name in recent if name not in (ACCOUNTS, STRANGERS))]
                self._unforeseen = _UNFORESEEN
            recent[account] = _version_of(account)
        if type(getcurrent()) is not Green:
            check = self._made_check()
            self.engine.ask(check.asked)
        else:
            check = self._shared_check()
            if account not in check.names:
                check = self._sent_check()
            check.asked.wait()
        return check.sure(self._heads)

    def _made_check(self) -> "_Check":
        recent = self._recent
        each = list(recent.values())
        asked = Asked(b"".join(each), len(each), None, each)
        return _Check(self.engine.turn, asked, list(recent))

    def _sent_check(self) -> "_Check":
        check = self._made_check()
        self.engine.send(check.asked)
        self._check = check
        return check

    def _shared_check(self) -> "_Check":
        """The check of all who ask in this turn."""
        check = self._check
        if check is None or check.asked.ended or check.turn != self.engine.turn:
            return self._sent_check()
        return check

    def begin(self, work: Callable[..., None], *given: Any) -> None:
        """Runs `work` in a greenlet that is sure of the settings of the accounts that were asked
        for lately: it is entered once for that, and need not be left."""
        if self._unforeseen:  # those are too many to be asked for beforehand
            self._unforeseen -= 1
            spawn(work, *given)
            return
        try:
            check = self._shared_check()
        except Unavailable:  # which is told to who asks for something
            spawn(work, *given)
            return
        if not check.beginning:
            check.asked.then(partial(self._begin, check))
        check.beginning.append((work, given))

    def _begin(self, check: "_Check") -> None:
        sure = {} if check.asked.error is not None else check.sure(self._heads)
        if ACCOUNTS not in sure:  # whose secrets are hidden: they are asked for before anything is
            sure = {}
        for work, given in check.beginning:
            enter(dict(sure), work, *given)

    def _refresh(self, account: str, sure: dict[str, Head]) -> None:
        head = self._heads.get(account)
        if head is None:
            head = self._heads[account] = Head()
        most = _EVERY if account == ACCOUNTS else _TOLD
        told = self._run("refresh", account, head.version, most)
        changed = list(head.refreshed(told))
        sure[account] = head
        if account == ACCOUNTS and changed:
            if told[1]:
                self._worlds.clear()
            self._accounts_changed(head, changed)
            if not head.version:
                self.emptied()

    def _accounts_changed(self, head: Head, changed: Sequence[str]) -> None:
        """Accounts are known whole: whose a credential is costs no trip."""
        for account in changed:
            for pair in self._pairs.pop(account, ()):
                if self._owners.get(pair) == account:
                    del self._owners[pair]
            kept = head.load(account)
            if kept is None:
                self._accounts.pop(account, None)
                self._heads.pop(account, None)
                self._recent.pop(account, None)
                continue
            made, listed, document = kept
            self._accounts[account] = (made, document)
            self._pairs[account] = listed
        for account in changed:
            self._owners.update(dict.fromkeys(self._pairs.get(account, ()), account))
        for account in changed:
            self._rung(account)

    # Accounts

    def put_account(self, account: dict[str, Any], credentials: Sequence[tuple[str, str]]) -> None:
        pairs = [f"{provider}\0{credential}" for provider, credential in credentials]
        packed = orjson.dumps(account)
        told = self._of_accounts("put_account", account["id"], packed, *pairs)
        if not told[0]:
            provider, _, credential = told[1].decode().partition("\0")
            owner = told[2].decode()
            raise ValueError(f"{provider} credential '{credential}' belongs to account '{owner}'")
        self._unsure()

    def account(self, account: str) -> dict[str, Any] | None:
        if self.engine.may_wait:  # who is rung by the engine itself is told what is known
            self._head(ACCOUNTS)
        found = self._accounts.get(account)
        return None if found is None else found[1]

    def account_of(self, provider: str, credential: str) -> str | None:
        self._head(ACCOUNTS)
        return self._owners.get(f"{provider}\0{credential}")

    def accounts(self) -> list[str]:
        self._head(ACCOUNTS)
        return sorted(self._accounts, key=lambda account: self._accounts[account][0])

    def accounts_kept(self) -> int:
        self._head(ACCOUNTS)
        return len(self._accounts)

    def drop_account(self, account: str) -> bool:
        dropped = self._of_accounts("drop_account", account)
        self._unsure()
        self._run("clear", account, "1")
        self._do(("ZREM", f"sms:{{{ACCOUNTS}}}:worlds", account))
        self._worlds.discard(account)
        self._tell(account)
        return bool(dropped)

    def _unsure(self) -> None:
        """What was just changed is to be asked for again in the same step."""
        sure = getattr(getcurrent(), "sure", None)
        if sure is not None:
            sure.pop(ACCOUNTS, None)

    # Messages

    def admit(
        self,
        account: str,
        drafts: Sequence[tuple[Sequence[Hit], Message]],
        now: float,
        costs: Sequence[Cost] = (),
    ) -> Sequence[Admission]:
        self._known(account)
        windows, rows, packed = [], [], b""
        for hits, message in drafts:
            windows.append(hits)
            kind = f"{message.provider}/{int(message.operation == INBOUND)}"
            rows.append((message.id, message.to, kind, message.sender, message.at))
            packed += _two(message.pack_placeless(), orjson.dumps(message.known_code))
        wanted = orjson.dumps((now, self._keep, windows, costs, rows), default=tuple)
        place = b"%b$%d\r\n%b\r\n%b" % (self._place(account), len(wanted), wanted, packed)
        asked = run(script("admit"), 4 + 2 * len(drafts), place)
        kept, found, *rest = self.engine.ask(asked)
        if not kept:
            return [
                Admission(None, hits[place - 1] if place else None, float(room), bool(poor))
                for (hits, _message), (place, room, poor) in zip(drafts, found, strict=True)
            ]
        if rest[0]:
            before, after, left = rest[0]
            self._replaced(account, "balance", left, before, after)
        admitted = []
        for (_hits, message), (sequence, previous) in zip(drafts, found, strict=True):
            made = message.numbered(sequence, previous)
            self._arrived(account, made)
            admitted.append(Admission(made, None))
        self._tell(account)
        return admitted

    def _known(self, account: str) -> None:
        """Where all accounts are asked for something, this one is asked as well."""
        if account not in self._worlds:
            self._worlds.add(account)
            prefix = f"sms:{{{ACCOUNTS}}}:"
            self.engine.tell(
                partial(run, script("know"), 4, values(prefix, self._channels, self.node, account))
            )

    def _arrived(self, account: str, message: Message) -> None:
        if account in self._watchers:
            self._seen[account] = max(message.sequence, self._seen.get(account, 0))
            for seen in tuple(self._watchers[account]):
                seen(message)

    def find(self, account: str, message: str) -> Message | None:
        packed = self._run("find", account, message)
        return None if packed is None else Message.unpack(packed)

    def select(self, account: str, selection: Selection) -> Selected:
        if selection.limit <= 0:
            return Selected([])
        wanted = {
            "provider": selection.provider,
            "to": selection.to,
            "sender": selection.sender,
            "inbound": -1 if selection.inbound is None else int(selection.inbound),
            "since": selection.since,
            "until": min(selection.until, 1e300),
            "before": selection.before,
            "after": selection.after,
            "limit": selection.limit,
            "oldest_first": selection.oldest_first,
        }
        following, *found = self._run("select", account, orjson.dumps(wanted), LOOKED_AT)
        return Selected([Message.unpack(packed) for packed in found], following)

    def change(self, account: str, message: str, **changes: Any) -> Message | None:
        while True:
            packed = self._run("find", account, message)
            if packed is None:
                return None
            changed = Message.unpack(packed).changed(**changes)
            if self._run("change", account, changed.sequence, packed, changed.pack()):
                self._tell(account)
                return changed

    def remove(self, account: str, message: str) -> bool:
        removed = self._run("remove", account, message)
        self._tell(account)
        return bool(removed)

    def remove_all(self, account: str) -> int:
        removed: int = self._run("remove_all", account)
        self._tell(account)
        return removed

    def newest(self, account: str) -> int:
        return int(self._do(("HGET", f"sms:{{{account}}}:counts", "sequence"))[0] or 0)

    def engine_cpu(self) -> dict[str, float]:
        """The seconds of CPU that each engine has used which is there, by its address."""
        told = self.engine.of_each("INFO", "cpu")
        return {place: _cpu(said) for place, said in told.items() if isinstance(said, bytes)}

    def holders(self, to: str, limit: int) -> list[str]:
        (worlds,) = self._do(("ZREVRANGE", f"sms:{{{ACCOUNTS}}}:worlds", 0, _LOOKED_INTO - 1))
        if not worlds:
            return []
        names = [name.decode() for name in worlds]
        asked: list[Command] = [
            ("HEXISTS", f"sms:{{{name}}}:newest-to", to)
            if to
            else ("EXISTS", f"sms:{{{name}}}:messages")
            for name in names
        ]
        holding = zip(names, self._do(*asked), strict=True)
        return [name for name, holds in holding if holds][:limit]

    def kept(self, account: str = "") -> int:
        names = [account] if account else self._all_worlds()
        return sum(self._do(*[("HLEN", f"sms:{{{name}}}:messages") for name in names]))

    def _all_worlds(self) -> list[str]:
        (worlds,) = self._do(("ZRANGE", f"sms:{{{ACCOUNTS}}}:worlds", 0, -1))
        return [name.decode() for name in worlds]

    # Who is told of what happens

    def watch(self, account: str, seen: Callable[[Message], None]) -> Callable[[], None]:
        watchers = self._watchers.setdefault(account, [])
        watchers.append(seen)
        if len(watchers) == 1:
            self._follow(account)

        def stop() -> None:
            if seen in watchers:
                watchers.remove(seen)
            if not watchers and self._watchers.get(account) is watchers:
                del self._watchers[account]
                self._seen.pop(account, None)
                self.engine.unsubscribe(f"{self._channels}kept:{account}")

        return stop

    def _follow(self, account: str) -> None:
        """What is looked for afterwards goes behind this, on the same connection."""
        self.engine.subscribe(f"{self._channels}kept:{account}", account)
        self._seen[account] = max(self.newest(account), self._seen.get(account, 0))

    def on_news(self, changed: Callable[[str], object]) -> Callable[[], None]:
        if not self._on_news:
            self._listen("news")
        self._on_news = (*self._on_news, changed)

        def stop() -> None:
            self._on_news = tuple(one for one in self._on_news if one is not changed)
            if not self._on_news:
                self.engine.unsubscribe(f"{self._channels}news")

        return stop

    def on_plan(self, changed: Callable[[str], None]) -> None:
        if not self._on_plan:
            self._listen("plan")
        self._on_plan.append(changed)

    def _listen(self, name: str) -> None:
        """To what is told of all accounts. Whoever asks for one afterwards may ask another engine
        of a Cluster than tells this, so it is waited for."""
        self.engine.subscribe(f"{self._channels}{name}", ACCOUNTS)
        if self.engine.may_wait:
            with contextlib.suppress(Unavailable):  # all are told once it is there
                self._do(("PING", name))

    def ring(self, account: str) -> None:
        self._do(("PUBLISH", f"{self._channels}plan", f"{self.node} {account}"))
        self._rung(account)

    def _rung(self, account: str) -> None:
        for changed in self._on_plan:
            changed(account)

    def _tell(self, account: str) -> None:
        for changed in self._on_news:
            changed(account)

    def _heard(self, channel: str, told: bytes) -> None:
        """What a node says; what this one does, it has told of already."""
        node, _, rest = told.partition(b" ")
        if node.decode() == self.node:
            return
        name, _, account = channel[len(self._channels) :].partition(":")
        if name == "kept":
            self._arrived(account, Message.unpack(rest))
        elif name == "plan":
            self._rung(rest.decode())
        else:
            self._tell(rest.decode())

    def _reached(self, concerned: Callable[[str], bool]) -> None:
        """The engine of some accounts is there again, or is another one: what happened meanwhile
        was heard by nobody, and what was handed out while it went was not received. What it has
        lost of what was known of it comes again as something else."""
        for account, head in self._heads.items():
            if concerned(account):
                head.version = 0
        for account in filter(concerned, self._all_worlds()):
            own = [planned for of, planned in self._handed.values() if of == account]
            self._run("give_back", account, self.node, *own)
        for account in filter(concerned, tuple(self._watchers)):
            wanted = Selection(after=self._seen.get(account, 0), inbound=None, oldest_first=True)
            for message in self.select(account, wanted).messages:
                if message.sequence > self._seen.get(account, 0):  # it may have been heard since
                    self._arrived(account, message)
        for account in filter(concerned, {*self._all_worlds(), *self._accounts}):
            self._rung(account)
            self._tell(account)

    # Logs, which go behind the answer

    def record(self, account: str, entry: bytes, *logs: str) -> None:
        packed = _two(entry, "\n".join(logs).encode())
        with self._recording:  # entries of one turn go together
            entries = self._entries.get(account)
            if entries is None or len(entries) >= _TOGETHER:
                entries = self._entries[account] = []
                self.engine.tell(partial(self._recorded, account, entries))
            entries.append(packed)
        self._tell(account)

    def _recorded(self, account: str, entries: list[bytes]) -> Asked:
        with self._recording:
            if self._entries.get(account) is entries:
                del self._entries[account]
        most = values(self._journal)
        packed = b"".join([self._place(account), most, *entries])
        return run(script("record"), 4 + 2 * len(entries), packed)

    def records(
        self, account: str, log: str, *, after: int = 0, before: int = 0, limit: int = 100
    ) -> list[tuple[int, bytes]]:
        if limit <= 0:
            return []
        end = f"(0-{before}" if before else "+"
        begin = f"(0-{after}" if after else "-"
        key = f"sms:{{{account}}}:log:{log}"
        (rows,) = self._do(("XREVRANGE", key, end, begin, "COUNT", limit))
        return [(int(place[2:]), fields[1]) for place, fields in reversed(rows)]

    # Settings

    def load(self, account: str, name: str) -> Any:
        try:  # asked a dozen times a request, which is sure of its account after the first
            return getcurrent().sure[account].documents[name]
        except (AttributeError, KeyError):
            head = self._head(account)
        try:
            return head.load(name)
        except KeyError:
            self._fetch(account, head, name)
            return head.load(name)

    def _fetch(self, account: str, head: Head, name: str) -> None:
        head.put(name, self._do(("HGET", f"sms:{{{account}}}:settings", name))[0])

    def save(self, account: str, name: str, value: Any) -> None:
        packed = () if value is None else (orjson.dumps(value),)
        before, after = self._run("save", account, name, *packed)
        self._replaced(account, name, packed[0] if packed else None, before, after)
        self._tell(account)

    def _replaced(
        self, account: str, name: str, packed: bytes | None, before: int, after: int
    ) -> None:
        head = self._heads.get(account)
        if head is not None:
            head.put(name, packed)
            head.moved(before, after)

    def update(self, account: str, name: str, change: Callable[[Any], Any]) -> Any:
        head = self._head(account)
        while True:
            kept = self.load(account, name)
            before = head.packed(name)
            value = change(kept)
            packed = b"" if value is None else orjson.dumps(value)
            done, *rest = self._run("update", account, name, before, packed)
            if done:
                self._replaced(account, name, packed or None, *rest)
                self._tell(account)
                return head.load(name)
            head.put(name, rest[0])

    # Sets, nonces, counters, leases

    def include(
        self, account: str, name: str, members: Sequence[str], most: int, *, anew: bool = False
    ) -> bool:
        given = (name, orjson.dumps(list(members)), most, int(anew))
        included = self._run("include", account, *given)
        if included:
            self._tell(account)
        return bool(included)

    def exclude(self, account: str, name: str, member: str) -> bool:
        excluded = self._run("exclude", account, name, member)
        if excluded:
            self._tell(account)
        return bool(excluded)

    def includes(self, account: str, name: str, member: str) -> bool:
        if not self._head(account).has(f"\0set:{name}"):
            return False
        return self._do(("ZSCORE", f"sms:{{{account}}}:set:{name}", member))[0] is not None

    def members(self, account: str, name: str, start: int, limit: int) -> list[str]:
        if limit <= 0:
            return []
        found = self._run("members", account, name, start, start + limit - 1)[1]
        return [member.decode() for member in found]

    def size(self, account: str, name: str) -> int:
        if not self._head(account).has(f"\0set:{name}"):
            return 0
        size: int = self._do(("ZCARD", f"sms:{{{account}}}:set:{name}"))[0]
        return size

    def once(self, account: str, key: str, now: float, until: float) -> bool:
        return bool(self._run("once", account, key, repr(float(now)), repr(float(until))))

    def count(self, account: str, name: str) -> int:
        counted: int = self._do(("HINCRBY", f"sms:{{{account}}}:counters", name, 1))[0]
        return counted

    def counted(self, account: str, name: str) -> int:
        return int(self._do(("HGET", f"sms:{{{account}}}:counters", name))[0] or 0)

    def uncount(self, account: str, names: Sequence[str]) -> None:
        if names:
            self._do(("HDEL", f"sms:{{{account}}}:counters", *names))

    def lease(self, account: str, name: str, until: float) -> int:
        number: int = self._run("lease", account, name, repr(float(until)))
        return number

    def release(self, account: str, name: str, lease: int) -> None:
        self._run("release", account, name, lease)

    def leased(self, account: str, name: str, now: float) -> int:
        if not self._head(account).has(f"\0leases:{name}"):
            return 0
        leased: int = self._run("leased", account, name, repr(float(now)))
        return leased

    # Plans

    def plan(self, account: str, at: float, item: Sequence[Any]) -> None:
        self._known(account)
        if self._run("plan", account, repr(float(at)), orjson.dumps(list(item))):
            self._rung(account)

    def due(self, account: str, now: float, limit: int) -> list[Planned]:
        if limit <= 0:
            return []
        found = self._run("due", account, repr(float(now)), limit)
        due = []
        for planned, at in zip(found[::2], found[1::2], strict=True):
            number = next(self._numbers)
            self._handed[number] = (account, planned)
            due.append(Planned(float(at), orjson.loads(planned[16:]), number))
        return due

    def done(self, account: str, number: int) -> None:
        handed = self._handed.get(number)
        if handed is not None:
            self._do(("HDEL", f"sms:{{{account}}}:taken", handed[1]))
            self._handed.pop(number, None)

    def elsewhere(self, account: str) -> bool:
        own = sum(of == account for of, _planned in self._handed.values())
        taken: int = self._do(("HLEN", f"sms:{{{account}}}:taken"))[0]
        return taken > own

    def planned(self, account: str, limit: int) -> list[tuple[float, list[Any]]]:
        if limit <= 0:
            return []
        key = f"sms:{{{account}}}:plans"
        (found,) = self._do(("ZRANGE", key, 0, limit - 1, "WITHSCORES"))
        return [(at, orjson.loads(planned[16:])) for planned, at in found]

    def next_due(self, account: str) -> float | None:
        (found,) = self._do(("ZRANGE", f"sms:{{{account}}}:plans", 0, 0, "WITHSCORES"))
        return found[0][1] if found else None

    # Whole worlds

    def headroom(self, account: str, now: float, limit: int = 1000) -> list[Headroom]:
        if limit <= 0:
            return []
        _none, *found = self._run("headroom", account, repr(float(now)), limit)
        texts = [text.decode() for text in found]
        rows = [texts[at : at + 6] for at in range(0, 6 * limit, 6) if at < len(texts)]
        return [
            Headroom(scope, name, window, int(permits), _number(used), float(resets))
            for scope, name, window, permits, used, resets in rows
        ]

    def clear(self, account: str) -> None:
        self._run("clear", account, "0")
        sure = getattr(getcurrent(), "sure", None)
        if sure is not None:
            sure.pop(account, None)
        self._tell(account)

    # What a node does beside

    def beat(self) -> None:
        """Says that this node is there. What a node took that says so no more is planned again:
        who is seen unchanged at `_MISSED` beats of this one is gone. No clock is asked."""
        key = f"sms:{{{ACCOUNTS}}}:nodes"
        _own, found = self._do(("HINCRBY", key, self.node, 1), ("HGETALL", key))
        for node, beats in found.items():
            before, missed = self._beats.get(node, (b"", 0))
            self._beats[node] = (beats, missed + 1 if beats == before else 0)
        for node in [n for n, (_beats, missed) in self._beats.items() if missed >= _MISSED]:
            if self._bury(node.decode(), self._all_worlds()):
                del self._beats[node]

    def close(self) -> None:
        """Ends the connection; whatever is asked for next opens another."""
        self.engine.close()

    @contextlib.asynccontextmanager
    async def attached(self) -> AsyncIterator[None]:
        """Serves the running loop while the context lasts, as one of the nodes."""
        async with self.engine.attached():
            beating = asyncio.ensure_future(self._beat())
            try:
                yield
            finally:
                beating.cancel()
                with contextlib.suppress(asyncio.CancelledError, Unavailable):
                    await beating
                await asyncio.ensure_future(self._leave())

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                self.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def _leave(self) -> None:
        """What was taken and is not done is for the others, at once."""
        with contextlib.suppress(Unavailable):
            self._bury(self.node, {account for account, _planned in self._handed.values()})
            self._handed.clear()

    def _bury(self, node: str, accounts: Iterable[str]) -> bool:
        """Plans again what a node took; False if some of it cannot be reached now."""
        all_ = True
        for account in accounts:
            try:
                if self._run("give_back", account, node):
                    self._rung(account)
            except Unavailable:
                all_ = False
        if all_:
            self._do(("HDEL", f"sms:{{{ACCOUNTS}}}:nodes", node))
        return all_


_MISSED = 5


class _Check:
    """The versions of some accounts, asked for in one turn of the loop, and what begins then."""

    __slots__ = ("_sure", "asked", "beginning", "names", "turn")

    def __init__(self, turn: object, asked: Asked, names: list[str]) -> None:
        self.turn = turn
        self.asked = asked
        self.names = names
        self.beginning: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._sure: dict[str, Head] | None = None

    def sure(self, heads: Mapping[str, Head]) -> dict[str, Head]:
        """Of what is known, that which is as it was in the engine when this was asked."""
        if self._sure is None:
            self._sure = {}
            for name, version in zip(self.names, self.asked.value, strict=True):
                known = heads.get(name)
                told = version is None or type(version) is bytes  # and no error
                if known is not None and told and known.version == int(version or 0):
                    self._sure[name] = known
        return self._sure


def _two(first: bytes, second: bytes) -> bytes:
    """Two values, packed as a call has them."""
    return b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(first), first, len(second), second)


def _placed(channels: str, node: str, account: str) -> bytes:
    """What the call of any script about an account begins with."""
    return values(f"sms:{{{account}}}:", channels, f"{node} {account}")


def _version_of(account: str) -> bytes:
    packed: bytes = pack(("GET", f"sms:{{{account}}}:version"))
    return packed


def _cpu(told: bytes) -> float:
    """The seconds of CPU that an engine says it has used."""
    rows = dict(row.split(":", 1) for row in told.decode().split() if ":" in row)
    return float(rows["used_cpu_sys"]) + float(rows["used_cpu_user"])


def _nothing() -> None:
    """Nobody is to be told."""


def _number(text: str) -> float:
    return int(text) if text.isdigit() else float(text)
