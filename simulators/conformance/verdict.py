"""What an application made of each refusal: the words, and which of them fail a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulators.conformance.stand import Arrived
from simulators.conformance.trigger import Ran
from simulators.testing.refusals import RefusalCase

NOTICED = "noticed"
FALSE_SUCCESS = "false success"
SENT = "sent"
TWICE = "sent twice"
CRASHED = "crashed"
HUNG = "hung"
NOT_TRIED = "not tried"
WRONG = "wrong request"
NOT_FOLLOWED = "not followed"
ABSENT = "not there"
FAILING = (FALSE_SUCCESS, TWICE, CRASHED, HUNG, NOT_TRIED, WRONG)

GOOD = "none"  # the kind of the good message: no refusal at all

# After these a second try is a second message, if the first was taken after all.
UNSURE = ("empty_200", "html_200", "malformed_json", "http_500", "timeout", "reset")
# These ask for a second try, later.
LATER = ("throttled", "http_429", "http_503")
_BODIES = {
    "empty_200": "without a body",
    "html_200": "and a web page",
    "malformed_json": "and JSON cut short",
    "http_429": "and a text",
    "http_500": "and a web page",
    "http_503": "and a web page",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One class of refusal and what came of it, or what came of the good message.

    `answered` is how the provider refused, in a word or two; `to` the number; `requests` how many
    came for it, and `accepted` how many messages; `said` what the application said. For a class
    that the provider does not have, `sentence` is the reason.
    """

    kind: str
    sentence: str
    verdict: str
    answered: str = ""
    to: str = ""
    requests: int = 0
    accepted: int = 0
    said: str = ""
    expects: str = ""
    seconds: float = 0.0
    wrong: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether the run has failed by it."""
        return self.verdict in FAILING

    @property
    def retries(self) -> int:
        """How often the application tried again."""
        return max(self.requests - 1, 0)

    @property
    def duplicates(self) -> int:
        """How many more messages than one a person gets, or would have got, had the provider taken
        the first."""
        return max(self.accepted - 1, self.retries if self.kind in UNSURE else 0)

    @property
    def evidence(self) -> str:
        """That more than one message was accepted, or what is wrong with the request for it, as a
        sentence; "" if not."""
        if self.verdict == WRONG:
            return self.wrong[0]
        if self.accepted < 2:
            return ""
        return f"{self.accepted} messages were accepted for one trigger, and a person gets each"

    @property
    def warning(self) -> str:
        """What is not wrong enough to fail a run, as a sentence; "" for nothing."""
        if self.verdict == NOT_FOLLOWED:
            return "nobody took the receipt (2xx) or asked what became of the message"
        if self.accepted > 1 or self.verdict == WRONG:
            return ""  # it is no warning
        if self.wrong:
            return self.wrong[0]
        if self.duplicates:
            more = f"{self.duplicates} more message{'s' * (self.duplicates > 1)}"
            return f"{self._retried}: {more} if the provider took the first"
        if self.retries and self.kind not in LATER:
            return f"{self._retried}, though the refusal is definite"
        return self._retried if self.retries else ""

    @property
    def _retried(self) -> str:
        return f"retried {self.retries} time{'s' * (self.retries > 1)}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "class": self.kind,
            "verdict": self.verdict,
            "failed": self.fails,
            "answered": self.answered,
            "requests": self.requests,
            "accepted": self.accepted,
            "retries": self.retries,
            "duplicates": self.duplicates,
            "warning": self.warning,
            "said": self.said,
            "to": self.to,
            "seconds": round(self.seconds, 3),
            "sentence": self.sentence,
            "expects": self.expects,
            "wrong": list(self.wrong),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run: the provider, the trigger as it was given, the verdict on the good message, and
    one for each class."""

    provider: str
    trigger: str
    good: Verdict
    verdicts: Sequence[Verdict]

    @property
    def all(self) -> Sequence[Verdict]:
        """The good message first."""
        return (self.good, *self.verdicts)

    @property
    def failed(self) -> int:
        """How many verdicts fail the run."""
        return sum(verdict.fails for verdict in self.all)

    def counts(self) -> dict[str, int]:
        """How many classes have each verdict, without those the provider does not have."""
        tried = [verdict.verdict for verdict in self.verdicts if verdict.verdict != ABSENT]
        return dict(Counter(tried))


def of_good(to: str, ran: Ran, arrived: Arrived, *, strict: bool) -> Verdict:
    """The verdict on the good message, which was accepted and reported as sent. A violation or a
    warning about it fails the run where it is `strict`."""
    word = WRONG if strict and arrived.wrong else SENT
    return Verdict(
        kind=GOOD,
        sentence="A good message is accepted",
        verdict=TWICE if arrived.accepted > 1 else word,
        wrong=tuple(arrived.wrong),
        answered="a good message",
        to=to,
        requests=arrived.requests,
        accepted=arrived.accepted,
        said=ran.said,
        expects="sends it once",
        seconds=ran.seconds,
    )


def judged(case: RefusalCase, to: str, ran: Ran, arrived: Arrived, followed: bool) -> Verdict:
    """The verdict on what the application made of one refusal."""
    return Verdict(
        kind=case.kind,
        sentence=case.sentence,
        verdict=_word(case, ran, arrived, followed),
        answered=_answered(case),
        to=to,
        requests=arrived.requests,
        accepted=arrived.accepted,
        said=ran.said,
        expects=case.expects,
        seconds=ran.seconds,
    )


def _word(case: RefusalCase, ran: Ran, arrived: Arrived, followed: bool) -> str:
    if ran.hung:
        return HUNG
    if ran.crash:
        return CRASHED
    if not arrived.met:
        return NOT_TRIED
    if arrived.accepted > 1:
        return TWICE
    if case.notice == "later":
        return NOTICED if followed or not ran.success else NOT_FOLLOWED
    return FALSE_SUCCESS if ran.success else NOTICED


def _answered(case: RefusalCase) -> str:
    """How the provider refuses, in a word or two."""
    effect = case.rule["effect"]
    if "socket" in effect:
        return "no answer" if effect["socket"] == "hang" else str(effect["socket"])
    if "receipt" in effect:
        return f"{case.status}, then {effect['receipt']['state']}"
    if case.key:
        code = "" if str(case.code) == str(case.status) else f" {case.code}"
        return f"{case.status}{code}" if case.notice == "at once" else f"{case.status}, then{code}"
    return f"{case.status} {_BODIES.get(case.kind, '')}".rstrip()
