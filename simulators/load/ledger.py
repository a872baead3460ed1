"""What the users of a load test saw: counts by number and by second, small enough to ship.

A scenario writes; each worker sends what is new to the master, whose ledger is the sum. Writing
`asked` before the request is what lets a check tell a message too many from one whose answer
a user did not live to see.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Kind = Literal["asked", "sent", "throttled", "refused", "received", "verified", "wrong", "done"]
KINDS: tuple[Kind, ...] = (
    "asked",
    "sent",
    "throttled",
    "refused",
    "received",
    "verified",
    "wrong",
    "done",
)


class Moment(NamedTuple):
    """One second of one kind of event, for one use of a code under one template."""

    second: int
    kind: Kind
    usage: str
    template: str


class Receipt(NamedTuple):
    """A message as a user read it."""

    number: str
    code: str
    message_id: str


Replay = Literal["used", "expired"]


@dataclass(slots=True)
class Check:
    """Something of a scenario's own that must hold: how often it was looked at, what was wrong."""

    tried: int = 0
    violations: list[str] = field(default_factory=list)


class Mark(NamedTuple):
    """Something that happened to the system under test, for the plots."""

    at: float
    text: str


def digits(number: str) -> str:
    """A phone number as it is compared: country code and number without plus, spaces, dashes."""
    return "".join(filter(str.isdigit, number))


@dataclass(slots=True)
class Ledger:
    """The counts. Times are epoch seconds, now by default.

    `usage` is what the code is for (`SignIn`, `Register` ...), `template` what the provider counts
    by where that is another thing; both are labels, and what is not given is "".
    """

    numbers: dict[str, Counter[str]] = field(default_factory=dict)
    verified_codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    handed_off: dict[str, str] = field(default_factory=dict)
    receipts: set[Receipt] = field(default_factory=set)
    moments: Counter[Moment] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    marks: list[Mark] = field(default_factory=list)
    replays: Counter[str] = field(default_factory=Counter)
    revived: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept_back: set[tuple[str, str, str]] = field(default_factory=set)
    expected: dict[str, set[str]] = field(default_factory=dict)
    came: dict[str, set[str]] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)

    def asked(
        self, number: str, at: float | None = None, *, usage: str = "", template: str = ""
    ) -> None:
        """A send is about to be asked for. Write it before the request goes out; it is answered
        by one of `sent`, `throttled` and `refused`, or its fate is unknown."""
        self._send("asked", number, at, usage, template)

    def sent(
        self,
        number: str,
        at: float | None = None,
        *,
        usage: str = "",
        template: str = "",
        message_id: str = "",
    ) -> None:
        """The send was accepted; `message_id` is the provider's, where the user is told it."""
        self._send("sent", number, at, usage, template)
        if message_id:
            self.handed_off[message_id] = digits(number)

    def throttled(
        self, number: str, why: str, at: float | None = None, *, usage: str = "", template: str = ""
    ) -> None:
        """The send was refused for now: flow control. `why` is the code of the refusal."""
        self._send("throttled", number, at, usage, template)
        self.reasons["throttled", why] += 1

    def refused(
        self, number: str, why: str, at: float | None = None, *, usage: str = "", template: str = ""
    ) -> None:
        """The send was refused for any other reason, and surely not carried out."""
        self._send("refused", number, at, usage, template)
        self.reasons["refused", why] += 1

    def received(
        self,
        number: str,
        code: str,
        message_id: str,
        at: float | None = None,
        *,
        usage: str = "",
    ) -> None:
        """The person with this phone read the message, and the code in it."""
        self._moment("received", at, usage, "")
        self.receipts.add(Receipt(digits(number), code, message_id))

    def verified(self, number: str, code: str, at: float | None = None, *, usage: str = "") -> None:
        """The code was accepted for this number."""
        self._moment("verified", at, usage, "")
        self.verified_codes[digits(number), code] += 1

    def wrong(
        self, number: str, code: str, why: str, at: float | None = None, *, usage: str = ""
    ) -> None:
        """A code that should have been accepted was not. Guesses that should fail and do are no
        business of the ledger's."""
        self._moment("wrong", at, usage, "")
        self.reasons["wrong", why] += 1

    def replayed(
        self, kind: Replay, number: str, code: str, *, accepted: bool, usage: str = ""
    ) -> None:
        """A code that was entered before, or is too old, was entered on purpose."""
        self.replays[kind] += 1
        if accepted:
            self.verified(number, code, usage=usage)
        if accepted and kind == "expired":
            self.revived[digits(number), code] += 1

    def keep_back(self, number: str, code: str, where: str = "") -> None:
        """The person has a code and waits until it is too old; `where` is what it takes to enter it
        then, if that is more than the number."""
        self.kept_back.add((digits(number), code, where))

    def done(self, at: float | None = None) -> None:
        """Somebody is through with all that they came for, well or not."""
        self._moment("done", at, "", "")

    def expect(self, what: str, item: str) -> None:
        """A scenario's own: after this, `item` has to come. `what` is the sentence that is true if
        all of them do, as "every message was reported"."""
        self.expected.setdefault(what, set()).add(item)

    def arrived(self, what: str, item: str) -> None:
        """It came."""
        self.came.setdefault(what, set()).add(item)

    def check(self, what: str, violation: str = "") -> None:
        """A scenario's own: `what` was looked at once, and held if there is no `violation`."""
        found = self.checks.setdefault(what, Check())
        found.tried += 1
        found.violations += [violation] if violation else []

    def intend(self, what: str) -> None:
        """The scenario will `check` it; until it does the verdict says that it was not tried."""
        self.checks.setdefault(what, Check())

    def mark(self, text: str, at: float | None = None) -> None:
        """Something happened that explains the plots: "connector changed"."""
        self.marks.append(Mark(time.time() if at is None else at, text))

    def _send(self, kind: Kind, number: str, at: float | None, usage: str, template: str) -> None:
        self.numbers.setdefault(digits(number), Counter())[kind] += 1
        self._moment(kind, at, usage, template)

    def _moment(self, kind: Kind, at: float | None, usage: str, template: str) -> None:
        self.moments[Moment(int(time.time() if at is None else at), kind, usage, template)] += 1

    def count(self, kind: Kind, label: str = "") -> int:
        """How often it happened, to a use or a template if one is named."""
        return sum(
            times
            for moment, times in self.moments.items()
            if moment.kind == kind and label in ("", moment.usage, moment.template)
        )

    def labels(self) -> list[str]:
        """Every use and template that was written."""
        return sorted({name for m in self.moments for name in (m.usage, m.template) if name})

    def take(self) -> dict[str, Any]:
        """All that is new since the last time, as plain lists; the ledger is empty then."""
        packed = {
            "numbers": [[number, dict(counts)] for number, counts in self.numbers.items()],
            "verified": [[*key, times] for key, times in self.verified_codes.items()],
            "handed_off": [[*pair] for pair in self.handed_off.items()],
            "receipts": [[*receipt] for receipt in self.receipts],
            "moments": [[*moment, times] for moment, times in self.moments.items()],
            "reasons": [[*key, times] for key, times in self.reasons.items()],
            "marks": [[*mark] for mark in self.marks],
            "replays": [[*pair] for pair in self.replays.items()],
            "revived": [[*key, times] for key, times in self.revived.items()],
            "kept_back": [[*kept] for kept in self.kept_back],
            "expected": [[what, [*items]] for what, items in self.expected.items()],
            "came": [[what, [*items]] for what, items in self.came.items()],
            "checks": [[what, c.tried, c.violations] for what, c in self.checks.items()],
        }
        self.clear()
        return packed

    def clear(self) -> None:
        """Forgets everything."""
        for name in self.__slots__:
            setattr(self, name, type(getattr(self, name))())

    def merge(self, packed: Mapping[str, Iterable[Any]]) -> None:
        """Adds what another ledger's `take` gave."""
        for number, counts in packed["numbers"]:
            self.numbers.setdefault(number, Counter()).update(counts)
        for number, code, times in packed["verified"]:
            self.verified_codes[number, code] += times
        self.handed_off.update((message_id, number) for message_id, number in packed["handed_off"])
        self.receipts.update(Receipt(*receipt) for receipt in packed["receipts"])
        for *moment, times in packed["moments"]:
            self.moments[Moment(*moment)] += times
        for kind, why, times in packed["reasons"]:
            self.reasons[kind, why] += times
        self.marks.extend(Mark(*mark) for mark in packed["marks"])
        self.marks.sort()
        for kind, times in packed["replays"]:
            self.replays[kind] += times
        for number, code, times in packed["revived"]:
            self.revived[number, code] += times
        self.kept_back.update((number, code, at) for number, code, at in packed["kept_back"])
        for mine, theirs in ((self.expected, "expected"), (self.came, "came")):
            for what, items in packed[theirs]:
                mine.setdefault(what, set()).update(items)
        for what, tried, violations in packed["checks"]:
            check = self.checks.setdefault(what, Check())
            check.tried += tried
            check.violations += violations
