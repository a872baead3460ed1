"""The inbox of the simulators: the phones of all the people while a run lasts, and at its end all
that was kept of it, messages and limits, for the invariants to compare with.

Under Locust every socket gives way to the other users while it waits. Connections are not shared
while in use, so any number of users may wait at once (the simulators hold 1,000 open waits).
"""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from simulators.control.client import ControlError, call
from simulators.kernel.operations import MOST_WINDOWS

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
    """The messages of one account of the simulators at `base`."""

    def __init__(self, base: str, *, account: str = "default", token: str = "") -> None:
        self.base, self.account, self._token = base, account, token
        self._idle: list[http.client.HTTPConnection] = []

    def wait(self, number: str, *, after: int = 0, timeout: float = 10.0) -> Sms | None:
        """The newest message to a number, as soon as one comes with a later sequence than
        `after`; None if none comes within `timeout` seconds. Raises `ControlError`."""
        to = number if number.startswith("+") else f"+{number}"
        query = {"to": to, "timeout": f"{timeout:g}"}
        if after:
            query["since"] = str(after)
        status, found = self._get("/_sim/wait", query, timeout + _GRACE)
        if status == 408:
            return None
        self._good(status, found)
        return _sms(found["message"])

    def messages(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """All kept messages with a later sequence, newest first, as the control API shows them."""
        cursor = 0
        while True:
            query = {"limit": str(_PAGE)}
            if cursor:
                query["cursor"] = str(cursor)
            status, page = self._get("/_sim/messages", query)
            self._good(status, page)
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
        status, page = self._get("/_sim/messages", {"limit": "1"})
        self._good(status, page)
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
            status, page = self._get("/_sim/limits/refusals", query)
            self._good(status, page)
            for refusal in page["refusals"]:
                if refusal["sequence"] <= after:
                    return
                yield refusal
            if not page["next"]:
                return
            cursor = page["next"]

    def refused(self) -> int:
        """How many messages have found a window full, ever."""
        status, page = self._get("/_sim/limits/refusals", {"limit": "1"})
        self._good(status, page)
        return page["refusals"][0]["sequence"] if page["refusals"] else 0

    def journal(self, most: int) -> list[dict[str, Any]]:
        """The newest requests that came in, the newest last."""
        status, page = self._get("/_sim/requests", {"limit": str(most)})
        self._good(status, page)
        rows: list[dict[str, Any]] = page["requests"]
        return rows

    def windows(self) -> list[dict[str, Any]]:
        """What is left in every window in use."""
        rows: list[dict[str, Any]] = self.call("GET", "/_sim/limits")["windows"]
        return rows

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Any other request to the control API, for this account. Raises `ControlError`."""
        return call(
            self.base, method, path, {"account": self.account}, body=body, token=self._token
        )

    def close(self) -> None:
        """Closes the connections that lie idle."""
        while self._idle:
            self._idle.pop().close()

    def _get(
        self, path: str, query: Mapping[str, str], timeout: float = 60.0
    ) -> tuple[int, dict[str, Any]]:
        target = f"{path}?{urlencode({**query, 'account': self.account})}"
        try:
            return self._asked(self._connection(timeout), target)
        except (http.client.HTTPException, ConnectionError):
            self._idle.clear()  # closed while they lay idle: once more with a new one
        try:
            return self._asked(self._connection(timeout), target)
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise ControlError(f"{self.base} does not answer: {error!r}") from None

    def _asked(
        self, connection: http.client.HTTPConnection, target: str
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except BaseException:  # a user that is stopped leaves its connection in the middle
            connection.close()
            raise
        self._idle.append(connection)
        return answer.status, found

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._idle:
            connection = self._idle.pop()
            if connection.sock:
                connection.sock.settimeout(timeout)
            connection.timeout = timeout
            return connection
        parts = urlsplit(self.base)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=timeout)

    def _good(self, status: int, found: Any) -> None:
        if status != 200:
            raise ControlError(f"{self.base} answered {status}: {found}")


def _sms(kept: Mapping[str, Any]) -> Sms:
    return Sms(kept["to"], kept["text"], kept["code"] or "", kept["id"], kept["sequence"])


@dataclass(frozen=True, slots=True)
class Kept:
    """The messages to phones since the run began, as the control API shows them; `gone` more
    messages are kept no longer. `limits` is the table in force all the time; the limits named in
    `changed` were not. `refusals` are the messages that found a window full, `forgotten` more are
    not logged any longer. `used` are the windows, as (provider, limit, window), that counted
    something when the run began, None if there were more than are told."""

    messages: Sequence[Mapping[str, Any]]
    limits: Sequence[Mapping[str, Any]] = ()
    changed: Sequence[str] = ()
    gone: int = 0
    refusals: Sequence[Mapping[str, Any]] = ()
    forgotten: int = 0
    used: frozenset[tuple[str, str, str]] | None = frozenset()


class Watch:
    """Remembers where the inbox stood when the run began. Raises `ControlError`."""

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
        `ControlError`."""
        emptied = self._last is not None and not self._still_there()
        after = self._last.sequence if self._last and not emptied else 0
        refused = 0 if emptied else self._refused
        # Before the messages, so that all that are told to have been there by then are among them.
        refusals = list(self._inbox.refusals(refused))
        messages = list(self._inbox.messages(after))
        now = self._inbox.limits()
        before = now if self._limits is None else self._limits
        newest = [*(one["sequence"] for one in messages), *(one["after"] for one in refusals)]
        count = max(newest, default=after) - after
        return Kept(
            [message for message in messages if message["operation"] != _INBOUND],
            [limit for limit in now if limit in before],
            sorted({_name(one) for one in (*before, *now) if one not in before or one not in now}),
            count - len(messages),
            refusals,
            max((one["sequence"] for one in refusals), default=refused) - refused - len(refusals),
            self._used,
        )

    def _still_there(self) -> bool:
        assert self._last is not None  # noqa: S101 - asked only if there was one
        try:
            self._inbox.call("GET", f"/_sim/messages/{self._last.message_id}")
        except ControlError:
            return False
        return True


def _used(windows: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, str, str]] | None:
    if len(windows) >= MOST_WINDOWS:
        return None
    return frozenset((one["provider"], one["limit"], one["window"]) for one in windows)


def _name(limit: Mapping[str, Any]) -> str:
    return f"{limit['provider']} {limit['limit']}"
