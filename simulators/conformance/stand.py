"""The simulators as a conformance run uses them: one account of a running server, borrowed by the
control API, and fresh numbers that its provider takes.
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from simulators.control import client
from simulators.kernel import phone
from simulators.kernel.rules import Rule
from simulators.kernel.world import STRANGERS
from simulators.samples import sample

MOST = "1000"
Entry = dict[str, Any]


class Stand:
    """One account of a running server, and one provider of it. Raises `ControlError`."""

    def __init__(self, url: str, provider: str, account: str, token: str, ca: str = "") -> None:
        self.url = url.rstrip("/")
        self.provider = provider
        self.account = account
        self._token = token
        self._ca = ca

    def places(self) -> dict[str, str]:
        """Where the provider is and what the account signs in to it with, as placeholders."""
        listed = self._call("GET", "/_sim/providers")["providers"]
        known = next(found for found in listed if found["name"] == self.provider)
        urls = known["urls"]
        own = urls["port"] or urls["prefix"]
        return {
            **known["credentials"],
            "provider": self.provider,
            "account": self.account,
            "url": self.url,
            "ca": self._ca,
            "base_url": urls["prefix"],
            "secure_url": urls["https"] or "",
            "port_url": own if urls["port"] else "",
            "address": urlsplit(own).netloc if urls["port"] else "",
        }

    def journal(self, account: str = "") -> int:
        """The sequence of the newest request."""
        newest = self._requests(account, limit="1")
        return int(newest[0]["sequence"]) if newest else 0

    def requests(self, after: int, account: str = "") -> list[Entry]:
        """The requests that came later, oldest first."""
        return self._requests(account, after=str(after), limit=MOST)

    def strangers(self, after: int) -> list[Entry]:
        """Those of no account."""
        return self.requests(after, STRANGERS)

    def strangers_mark(self) -> int:
        """The sequence of the newest request of no account."""
        return self.journal(STRANGERS)

    def newest(self) -> int:
        """The sequence of the newest message."""
        found = self._call("GET", "/_sim/messages", limit="1")["messages"]
        return int(found[0]["sequence"]) if found else 0

    def sent(self, after: int) -> list[Entry]:
        """The messages that came later, newest first."""
        found = self._call("GET", "/_sim/messages", since=str(after), limit=MOST)
        return list(found["messages"])

    def attempts(self, message: str) -> list[Entry]:
        """The receipts of a message that were tried."""
        tried = self._call("GET", "/_sim/receipts", limit=MOST)["attempts"]
        return [entry for entry in tried if entry["message"] == message]

    def script(self, rules: Sequence[Rule]) -> None:
        """Puts these rules in force, and no others."""
        self._call("PUT", "/_sim/rules", {"rules": list(rules)})

    def advance(self, seconds: float) -> None:
        """Moves the account's clock; returns once the receipts due by then have been tried."""
        self._call("POST", "/_sim/clock", {"advance": seconds})

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """The account without its own rules and without flow control, which come back at the end:
        what a run meets is what it asked for."""
        rules = self._call("GET", "/_sim/rules")["rules"]
        mode = self._call("GET", "/_sim/limits")["mode"]
        self._call("PUT", "/_sim/limits", {"mode": "off"})
        try:
            self.script(())
            yield
        finally:
            kept = [{name: rule[name] for name in ("name", "match", "effect")} for rule in rules]
            self.script(kept)
            self._call("PUT", "/_sim/limits", {"mode": mode})

    def _requests(self, account: str, **query: str) -> list[Entry]:
        asked = {"account": account or self.account, **query}
        return list(self._call("GET", "/_sim/requests", None, **asked)["requests"])

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
    ) -> Any:
        asked = {"account": self.account, **query}
        return client.call(self.url, method, path, asked, body=body, token=self._token)


@dataclass(slots=True)
class Arrived:
    """What came to the simulator for one trigger: how many requests asked for its message, how many
    of them met the rule that was in wait for them, how many messages to its number were accepted;
    and what is wrong with them, violations and warnings, each sentence once.
    """

    requests: int = 0
    met: int = 0
    accepted: int = 0
    wrong: dict[str, None] = field(default_factory=dict)


class Tally:
    """Counts what arrives for each trigger, by the journal and the messages that are kept.

    Every trigger has a rule of its own, by the name of which its requests are known, however late
    they come. A request that is refused before a rule sees it is one for the trigger under way.
    """

    def __init__(self, stand: Stand, sends: Collection[str]) -> None:
        self._stand = stand
        self._sends = sends  # the operations that ask for a message
        self._journal, self._newest = stand.journal(), stand.newest()
        self._now = ""
        self._rules: list[Rule] = []
        self._arrived: dict[str, Arrived] = {}

    def begin(self, rule: Rule, number: str) -> None:
        """Puts a trigger's rule in force for messages to its number, before those of earlier
        ones."""
        self.read()
        match = {**rule.get("match", {}), "provider": self._stand.provider, "to": number}
        self._rules.insert(0, {**rule, "match": match})
        self._now = rule["name"]
        self._arrived[self._now] = Arrived()
        self._stand.script(self._rules)

    def read(self) -> None:
        """Counts what came since it was read last."""
        entries = self._stand.requests(self._journal)
        kept = self._stand.sent(self._newest)
        numbers = {rule["name"]: rule["match"]["to"] for rule in self._rules}
        to = {message["id"]: message["to"] for message in kept}
        for entry in entries:
            self._count(entry, numbers, to)
        self._journal = max((self._journal, *(entry["sequence"] for entry in entries)))
        self._newest = max((self._newest, *(message["sequence"] for message in kept)))

    def _count(self, entry: Entry, numbers: Mapping[str, str], to: Mapping[str, str]) -> None:
        if entry["provider"] != self._stand.provider or entry["operation"] not in self._sends:
            return
        name = entry["rule"]
        if name in numbers:
            found = self._arrived[name]
            found.met += 1
            found.accepted += sum(to.get(sent) == numbers[name] for sent in entry["messages"])
        elif entry["messages"] or not self._now:
            return  # to somebody else: an alert to an operator, say
        else:
            found = self._arrived[self._now]
        found.requests += 1
        found.wrong.update(dict.fromkeys([*entry["sentences"], *entry["warnings"]]))

    def arrived(self, name: str) -> Arrived:
        """What came for the trigger whose rule has this name, as far as it was read."""
        return self._arrived[name]


class BadNumber(ValueError):
    """No number a message can go to; the message says what is wrong."""


def fresh(provider: str, given: str, wanted: int, chance: random.Random) -> Iterator[str]:
    """That many numbers in E.164, by a pattern in which `#` is a digit; by a `given` number
    without one the same each time. Raises `BadNumber`."""
    pattern = given or sample(provider).fresh
    places = pattern.count("#")
    if places and 10**places < wanted:
        raise BadNumber(
            f"--to: '{pattern}' has only {10**places} numbers, and each message takes one of its"
            f" own: {wanted}"
        )
    _valid(pattern.replace("#", "0"))
    chosen = chance.sample(range(10**places), wanted) if places else [0] * wanted
    return (_valid(_filled(pattern, f"{number:0{places}}")) for number in chosen)


def _filled(pattern: str, digits: str) -> str:
    for digit in digits[: pattern.count("#")]:
        pattern = pattern.replace("#", digit, 1)
    return pattern


def _valid(text: str) -> str:
    number = phone.parse(text)
    if number is None or not number.valid:
        raise BadNumber(f"--to: expected a number like +14155550100, # for any digit, got '{text}'")
    return number.e164
