"""The inbox of the simulators: the phones of all the people while a run lasts, and at its end all
that was kept of it, messages and limits, for the invariants to compare with.

Under Locust every socket gives way to the other users while it waits. Connections are not shared
while in use, so any number of users may wait at once (the simulators hold 1,000 open waits).
"""

import contextlib
import http.client
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from simulators.control.client import ControlError, call
from simulators.kernel.operations import MOST_WINDOWS
from simulators.load.nodes import Deck

_PAGE = 1000
_GRACE = 10.0  # a held request is answered this much later at most
_INBOUND = "inbound"


class Sms(NamedTuple):
    """A message as the person with the phone has it; `sequence` orders an account's messages."""

    number: str
    text: str
    code: str
    message_id: str
    sequence: int


class Inbox:
    """The messages of one account of the simulators at `base`, or at several addresses that are one
    simulator (`nodes`): each question goes to another of them."""

    def __init__(
        self,
        base: str | Sequence[str],
        *,
        account: str = "default",
        token: str = "",
        chance: random.Random | None = None,
    ) -> None:
        self.nodes = (base,) if isinstance(base, str) else tuple(base)
        self.base = self.nodes[0] if self.nodes else ""
        self.account, self._token = account, token
        self._deck = Deck(self.nodes or ("",), chance)
        self._idle: dict[str, list[http.client.HTTPConnection]] = defaultdict(list)

    def each(self) -> "list[Inbox]":
        """The same as each single node tells it, over the same connections."""
        if len(self.nodes) == 1:
            return [self]
        found = [Inbox(one, account=self.account, token=self._token) for one in self.nodes]
        for one in found:
            one._idle = self._idle
        return found

    def wait(
        self, number: str, *, after: int = 0, timeout: float = 10.0, beside: str = ""
    ) -> Sms | None:
        """The newest message to a number, as soon as one comes with a later sequence than
        `after`; None if none comes within `timeout` seconds. Of several nodes it is another that is
        asked than `beside`. Raises `ControlError`."""
        to = number if number.startswith("+") else f"+{number}"
        query = {"to": to, "timeout": f"{timeout:g}"}
        if after:
            query["since"] = str(after)
        node = self._deck.deal(beside)
        status, found = self._get("/_sim/wait", query, timeout + _GRACE, node)
        if status == 408:
            return None
        self._good(status, found, node)
        return _sms(found["message"])

    def messages(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """All kept messages with a later sequence, newest first, as the control API shows them."""
        cursor = 0
        while True:
            query = {"limit": str(_PAGE)}
            if cursor:
                query["cursor"] = str(cursor)
            page = self._found("/_sim/messages", query)
            for kept in page["messages"]:
                if kept["sequence"] <= after:
                    return
                yield kept
            if not page["next"]:
                return
            cursor = page["next"]

    def newest(self) -> int:
        """The sequence of the newest message to anybody, 0 if there is none."""
        last = self.last()
        return last.sequence if last else 0

    def last(self) -> Sms | None:
        """The newest message to anybody."""
        page = self._found("/_sim/messages", {"limit": "1"})
        return _sms(page["messages"][0]) if page["messages"] else None

    def limits(self) -> list[dict[str, Any]]:
        """The table of the limits in force."""
        rows: list[dict[str, Any]] = self.call("GET", "/_sim/limits/table")["limits"]
        return rows

    def refusals(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """The messages that found a window full, newest first, down to a `sequence`."""
        cursor = 0
        while True:
            query = {"limit": str(_PAGE)}
            if cursor:
                query["cursor"] = str(cursor)
            page = self._found("/_sim/limits/refusals", query)
            for refusal in page["refusals"]:
                if refusal["sequence"] <= after:
                    return
                yield refusal
            if not page["next"]:
                return
            cursor = page["next"]

    def refused(self) -> int:
        """How many messages have found a window full, ever."""
        page = self._found("/_sim/limits/refusals", {"limit": "1"})
        return page["refusals"][0]["sequence"] if page["refusals"] else 0

    def violations(self, most: int) -> list[dict[str, Any]]:
        """The newest requests that broke their contract, the newest last."""
        rows: list[dict[str, Any]]
        rows = self._found("/_sim/violations", {"limit": str(most)})["violations"]
        return rows

    def journal(self, most: int) -> list[dict[str, Any]]:
        """The newest requests that came in, the newest last: all that are answered. A node puts
        them into the journal behind its answer, or before it asks for something."""
        *others, last = self.nodes
        for node in others:
            self._found("/_sim/requests", {"limit": "1"}, node)
        rows: list[dict[str, Any]]
        rows = self._found("/_sim/requests", {"limit": str(most)}, last)["requests"]
        return rows

    def metrics(self) -> str:
        """What a node has counted, and its CPU time. Raises `ControlError`."""
        node = self._deck.deal()
        status, text = self._answered("/metrics", 60.0, node)
        if status != 200:
            raise ControlError(f"{node} answered {status} to /metrics")
        return text.decode("utf-8", "replace")

    def windows(self) -> list[dict[str, Any]]:
        """What is left in every window in use."""
        rows: list[dict[str, Any]] = self.call("GET", "/_sim/limits")["windows"]
        return rows

    def call(self, method: str, path: str, body: Any = None, *, of_account: bool = True) -> Any:
        """Any other request to the control API, for this account, or for what is of none. Raises
        `ControlError`."""
        query = {"account": self.account} if of_account else {}
        return call(self._deck.deal(), method, path, query, body=body, token=self._token)

    def close(self) -> None:
        """Closes the connections that lie idle."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _found(self, path: str, query: Mapping[str, str], node: str = "") -> dict[str, Any]:
        node = node or self._deck.deal()
        status, found = self._get(path, query, 60.0, node)
        self._good(status, found, node)
        return found

    def _get(
        self, path: str, query: Mapping[str, str], timeout: float, node: str
    ) -> tuple[int, dict[str, Any]]:
        target = f"{path}?{urlencode({**query, 'account': self.account})}"
        status, told = self._answered(target, timeout, node)
        try:
            return status, json.loads(told)
        except ValueError as error:
            raise ControlError(f"{node} does not answer: {error!r}") from None

    def _answered(self, target: str, timeout: float, node: str) -> tuple[int, bytes]:
        try:
            return self._asked(self._connection(timeout, node), target, node)
        except (http.client.HTTPException, ConnectionError):
            self._idle[node].clear()  # closed while they lay idle: once more with a new one
        try:
            return self._asked(self._connection(timeout, node), target, node)
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise ControlError(f"{node} does not answer: {error!r}") from None

    def _asked(
        self, connection: http.client.HTTPConnection, target: str, node: str
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            found = answer.read()
        except BaseException:  # a user that is stopped leaves its connection in the middle
            connection.close()
            raise
        self._idle[node].append(connection)
        return answer.status, found

    def _connection(self, timeout: float, node: str) -> http.client.HTTPConnection:
        if self._idle[node]:
            connection = self._idle[node].pop()
            if connection.sock:
                connection.sock.settimeout(timeout)
            connection.timeout = timeout
            return connection
        parts = urlsplit(node)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=timeout)

    def _good(self, status: int, found: Any, node: str) -> None:
        if status != 200:
            raise ControlError(f"{node} answered {status}: {found}")


def _sms(kept: Mapping[str, Any]) -> Sms:
    return Sms(kept["to"], kept["text"], kept["code"] or "", kept["id"], kept["sequence"])


@dataclass(frozen=True, slots=True)
class Kept:
    """The messages to phones since the run began, as the control API shows them; `gone` more
    messages are kept no longer. `limits` is the table in force all the time; the limits named in
    `changed` were not. `refusals` are the messages that found a window full, `forgotten` more are
    not logged any longer. `used` are the windows, as (provider, limit, window), that counted
    something when the run began, None if there were more than are told. All is told by the first of
    the `nodes`; in `apart` is a sentence for each thing that another tells otherwise."""

    messages: Sequence[Mapping[str, Any]]
    limits: Sequence[Mapping[str, Any]] = ()
    changed: Sequence[str] = ()
    gone: int = 0
    refusals: Sequence[Mapping[str, Any]] = ()
    forgotten: int = 0
    used: frozenset[tuple[str, str, str]] | None = frozenset()
    nodes: Sequence[str] = ()
    apart: Sequence[str] = ()


class Watch:
    """Remembers where the inbox stood when the run began, and looks at its end at what every node
    tells of it. Raises `ControlError`."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._last = inbox.last()
        self._refused = inbox.refused()
        self._used = _used(inbox.windows())
        self._limits: list[dict[str, Any]] | None = None

    def settle(self) -> None:
        """Remembers the limits, once the scenario has set those that it wants. A run that is over
        before had those in force at its end. Raises `ControlError`."""
        self._limits = self._inbox.limits()

    def kept(self) -> Kept:
        """All that came since, also if the world was emptied at the start of the run. Raises
        `ControlError` if no node tells it."""
        emptied = self._last is not None and not self._still_there()
        after = self._last.sequence if self._last and not emptied else 0
        refused = 0 if emptied else self._refused
        there, away = self._nodes()
        first = there[0]
        # Before the messages, so that all that are told to have been there by then are among them.
        refusals = list(first.refusals(refused))
        messages = list(first.messages(after))
        now = first.limits()
        before = now if self._limits is None else self._limits
        newest = [*(one["sequence"] for one in messages), *(one["after"] for one in refusals)]
        count = max(newest, default=after) - after
        apart = [*away, *_apart(there, after, refused)]
        return Kept(
            [message for message in messages if message["operation"] != _INBOUND],
            [limit for limit in now if limit in before],
            sorted({_name(one) for one in (*before, *now) if one not in before or one not in now}),
            count - len(messages),
            refusals,
            max((one["sequence"] for one in refusals), default=refused) - refused - len(refusals),
            self._used,
            self._inbox.nodes,
            apart,
        )

    def _nodes(self) -> tuple[list[Inbox], list[str]]:
        """Those that answer, and a sentence for each other one. Raises `ControlError`."""
        there, away = list[Inbox](), list[str]()
        for node in self._inbox.each():
            try:
                node.last()
                there.append(node)
            except ControlError as error:
                away.append(str(error))
        if not there:
            raise ControlError("; ".join(away))
        return there, away

    def _still_there(self) -> bool:
        assert self._last is not None  # noqa: S101 - asked only if there was one
        for node in self._inbox.each():  # one of which may be gone by now
            with contextlib.suppress(ControlError):
                node.call("GET", f"/_sim/messages/{self._last.message_id}")
                return True
        return False


_Row = Mapping[str, Any]
_SAME = ("id", "provider", "to", "text", "code", "at", "limit", "window")
_JOURNALLED = 200  # requests that are compared
_LOOKS = 3


class _Told(NamedTuple):
    """What a node tells, by sequence: what a row is called, and all of it that time does not
    change, in a number."""

    messages: Mapping[int, tuple[str, int]]
    refusals: Mapping[int, tuple[str, int]]
    requests: Mapping[int, tuple[str, int]]
    violations: Mapping[int, tuple[str, int]]
    limits: Sequence[_Row]


def _told(node: Inbox, after: int, refused: int) -> _Told:
    return _Told(
        _rows(node.messages(after)),
        _rows(node.refusals(refused)),
        _rows(node.journal(_JOURNALLED)),
        _rows(node.violations(_JOURNALLED)),
        node.limits(),
    )


def _rows(rows: Iterable[_Row]) -> dict[int, tuple[str, int]]:
    found: dict[int, tuple[str, int]] = {}
    for row in rows:
        same = tuple(row.get(name) for name in _SAME)
        twice = row["sequence"] in found
        found[row["sequence"]] = (
            str(row.get("id") or row["provider"]),
            hash((same, found[row["sequence"]])) if twice else hash(same),
        )
    return found


def _apart(nodes: Sequence[Inbox], after: int, refused: int) -> list[str]:
    """What nodes tell otherwise than the first. Something may still come, between two that are
    asked: they are apart if they are so each time."""
    if len(nodes) < 2:
        return []
    found: list[str] = []
    for _ in range(_LOOKS):
        told, found = [], []
        for node in nodes:
            try:
                told.append((node, _told(node, after, refused)))
            except ControlError as error:
                found.append(str(error))
        for other in told[1:]:
            found += _differing(*told[0], *other)
        if not found:
            break
    return found


def _differing(first: Inbox, mine: _Told, other: Inbox, its: _Told) -> Iterator[str]:
    """A sentence for each row that only one tells, or the two otherwise."""
    if mine.limits != its.limits:
        yield f"{first.base} and {other.base} have other limits than each other"
    for what, here, there in (
        ("message", mine.messages, its.messages),
        ("refusal", mine.refusals, its.refusals),
        ("request", *_both(mine.requests, its.requests)),
        ("violation", *_both(mine.violations, its.violations)),
    ):
        for sequence in sorted(here.keys() | there.keys()):
            one, another = here.get(sequence), there.get(sequence)
            if one == another:
                continue
            named = f"{what} {sequence} ({(one or another or ('',))[0]})"
            if one is None or another is None:
                has, lacks = (first, other) if another is None else (other, first)
                yield f"{named} is at {has.base} and not at {lacks.base}"
            else:
                yield f"{named} is another at {other.base} than at {first.base}"


_Listed = Mapping[int, tuple[str, int]]


def _both(mine: _Listed, its: _Listed) -> tuple[_Listed, _Listed]:
    """Of two journals the part that both may tell: each tells its newest alone, and those of the
    second may be newer."""
    if not mine or not its:
        return mine, its
    first, last = max(min(mine), min(its)), min(max(mine), max(its))
    here, there = (
        {n: row for n, row in rows.items() if first <= n <= last} for rows in (mine, its)
    )
    return here, there


def _used(windows: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, str, str]] | None:
    if len(windows) >= MOST_WINDOWS:
        return None
    return frozenset((one["provider"], one["limit"], one["window"]) for one in windows)


def _name(limit: Mapping[str, Any]) -> str:
    return f"{limit['provider']} {limit['limit']}"
