"""A conformance run: one good send, then one message for each class of refusal."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.conformance import late
from simulators.conformance.baseline import POLL_SECONDS, sent_well
from simulators.conformance.stand import Stand
from simulators.conformance.trigger import BadTrigger, Ran, Trigger
from simulators.conformance.values import Values, of_number
from simulators.conformance.verdict import ABSENT, Report, Verdict, judged
from simulators.kernel.provider import Provider
from simulators.testing.refusals import CLASSES, RefusalCase

GRACE_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is to be done: `told` is the trigger as the user wrote it, `timeout` in seconds for one
    message, `absent` are the classes that the provider does not have, with the reason."""

    provider: Provider
    cases: Sequence[RefusalCase]
    absent: Mapping[str, str]
    trigger: Trigger
    told: str
    timeout: float
    numbers: Iterator[str]


@dataclass(frozen=True, slots=True)
class _Met:
    """A refusal that was met."""

    case: RefusalCase
    to: str
    ran: Ran
    followed: bool


def conduct(stand: Stand, run: Run) -> Report:
    """Sends well once, then meets every refusal. Raises `NothingTested` where the good send is not
    accepted, `BadTrigger`, `ControlError`, `BadNumber`."""
    places = stand.places()
    with stand.borrowed():
        first = {**places, **of_number(next(run.numbers))}
        said, lag = sent_well(stand, run.trigger, first, run.timeout)
        start = stand.journal()
        met = list(_refusals(stand, run, places, start, 2 * lag + GRACE_SECONDS))
        # Counted at the end: an application may try again behind one's back.
        counts = Counter(entry["rule"] for entry in stand.requests(start))
    found = {
        one.case.kind: judged(
            one.case, one.to, one.ran, counts[one.case.rule["name"]], one.followed
        )
        for one in met
    }
    for kind, reason in run.absent.items():
        found[kind] = Verdict(kind=kind, sentence=reason, verdict=ABSENT)
    ordered = tuple(found[kind.id] for kind in CLASSES if kind.id in found)
    return Report(provider=run.provider.name, trigger=run.told, said=said.said, verdicts=ordered)


def _refusals(stand: Stand, run: Run, places: Values, start: int, grace: float) -> Iterator[_Met]:
    rules: list[dict[str, Any]] = []
    # A silence comes last: an application that still waits in it takes no other message.
    for case in sorted(run.cases, key=lambda case: case.kind == "timeout"):
        number = of_number(next(run.numbers))
        match = {**case.rule["match"], "to": number["to"]}
        rules.insert(0, {**case.rule, "match": match})
        stand.script(rules)
        met = _meet(stand, run, case, {**places, **number})
        _await_request(stand, case, start, met.ran, grace)
        yield met


def _meet(stand: Stand, run: Run, case: RefusalCase, values: Values) -> _Met:
    followed = False
    try:
        if case.notice == "later":
            ran, followed = late.follow(stand, run.provider, run.trigger, values, run.timeout)
        else:
            ran = run.trigger(values, run.timeout)
    except BadTrigger as error:  # the good send went: what it was sent by is there no more
        ran = Ran(False, str(error), crash=str(error))
    return _Met(case, values["to"], ran, followed)


def _await_request(stand: Stand, case: RefusalCase, start: int, ran: Ran, grace: float) -> None:
    """An application that sends in the background may have answered before it sends."""
    until = time.monotonic() + grace
    while ran.success and time.monotonic() < until:
        if any(entry["rule"] == case.rule["name"] for entry in stand.requests(start)):
            return
        time.sleep(POLL_SECONDS)
