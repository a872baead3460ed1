"""A conformance run: one good send, then one message for each class of refusal.

The good send comes first, as refusals mean something only if a message would have gone. A message
that is taken and fails later is followed: did the application learn what became of it?
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulators.conformance.stand import Entry, Stand, Tally
from simulators.conformance.trigger import BadTrigger, Ran, Trigger, Values, of_number
from simulators.conformance.verdict import ABSENT, Report, Verdict, judged, of_good
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule
from simulators.testing.refusals import CLASSES, RefusalCase

GRACE_SECONDS = 0.3
POLL_SECONDS = 0.02
# Every course of a message has ended by then; no request signed before is too old yet.
AHEAD_SECONDS = 120
# It changes nothing, and the journal names it with each request for the good message.
GOOD_RULE: Rule = {"name": "good-message", "effect": {"delay_ms": 0}}


class NothingTested(Exception):
    """The good send was not accepted, or not reported as success; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is to be done: `told` is the trigger as the user wrote it, `timeout` in seconds for one
    message, `absent` are the classes that the provider does not have, with the reason, and
    `strict_warnings` whether a warning about the good message fails the run."""

    provider: Provider
    cases: Sequence[RefusalCase]
    absent: Mapping[str, str]
    trigger: Trigger
    told: str
    timeout: float
    numbers: Iterator[str]
    strict_warnings: bool = False


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
        tally = Tally(stand, {end.operation for end in run.provider.endpoints if end.sends})
        tally.begin(GOOD_RULE, first["to"])
        said, lag = sent_well(stand, run.trigger, first, run.timeout)
        grace = 2 * lag + GRACE_SECONDS
        met = list(_refusals(stand, run, places, tally, grace))
        time.sleep(grace)  # what the last trigger sends behind one's back has to come, too
        tally.read()
    arrived = tally.arrived(GOOD_RULE["name"])
    good = of_good(first["to"], said, arrived, strict=run.strict_warnings)
    found = {
        one.case.kind: judged(
            one.case, one.to, one.ran, tally.arrived(one.case.rule["name"]), one.followed
        )
        for one in met
    }
    for kind, reason in run.absent.items():
        found[kind] = Verdict(kind=kind, sentence=reason, verdict=ABSENT)
    ordered = tuple(found[kind.id] for kind in CLASSES if kind.id in found)
    return Report(provider=run.provider.name, trigger=run.told, good=good, verdicts=ordered)


def _refusals(stand: Stand, run: Run, places: Values, tally: Tally, grace: float) -> Iterator[_Met]:
    # A silence comes last: an application that still waits in it takes no other message.
    for case in sorted(run.cases, key=lambda case: case.kind == "timeout"):
        number = of_number(next(run.numbers))
        tally.begin(case.rule, number["to"])
        met = _meet(stand, run, case, {**places, **number})
        _await_request(tally, case, met.ran, grace)
        yield met


def _meet(stand: Stand, run: Run, case: RefusalCase, values: Values) -> _Met:
    followed = False
    try:
        if case.notice == "later":
            ran, followed = follow(stand, run.provider, run.trigger, values, run.timeout)
        else:
            ran = run.trigger(values, run.timeout)
    except BadTrigger as error:  # the good send went: what it was sent by is there no more
        ran = Ran(False, str(error), crash=str(error))
    return _Met(case, values["to"], ran, followed)


def _await_request(tally: Tally, case: RefusalCase, ran: Ran, grace: float) -> None:
    """An application that sends in the background may have answered before it sends."""
    until = time.monotonic() + grace
    while ran.success and time.monotonic() < until:
        tally.read()
        if tally.arrived(case.rule["name"]).met:
            return
        time.sleep(POLL_SECONDS)


def sent_well(stand: Stand, trigger: Trigger, values: Values, timeout: float) -> tuple[Ran, float]:
    """What the application said, and by how many seconds it said so before its message came.

    Raises `NothingTested`.
    """
    requests, strange = stand.journal(), stand.strangers_mark()
    newest = stand.newest()
    ran = trigger(values, timeout)
    told = time.monotonic()
    while True:
        found = [sent for sent in stand.sent(newest) if sent["provider"] == stand.provider]
        lag = time.monotonic() - told
        if any(sent["to"] == values["to"] for sent in found):
            break
        came = stand.requests(requests), stand.strangers(strange)
        if ran.crash or ran.hung or any(came) or not ran.success or lag > timeout:
            raise NothingTested(_why(ran, values, found, *came))
        time.sleep(POLL_SECONDS)
    if ran.crash or not ran.success:
        raise NothingTested(
            f"{stand.provider} accepted a good message, and the application reports no success:"
            f" {ran.said}; --success-when says what a success looks like"
        )
    return ran, lag


def _why(
    ran: Ran, values: Values, found: list[Entry], came: list[Entry], strangers: list[Entry]
) -> str:
    said = f"the application said: {ran.said}"
    provider = values["provider"]
    if found:
        return (
            f"a good message went to {found[0]['to']} and not to {values['to']}, the number given"
            f" as {{to}} and SMS_TO; {said}"
        )
    of_ours = [entry for entry in came if entry["provider"] == provider]
    if of_ours:
        return f"{provider} refused a good message: {_refusal(of_ours[-1])}; {said}"
    if strangers:
        return (
            f"a request came for {strangers[-1]['provider']} whose credentials are no account's;"
            f" those of '{values['account']}' are in {{name}} and SMS_NAME; {said}"
        )
    if came:
        return f"a request came for {came[-1]['provider']}, not for {provider}; {said}"
    return f"the trigger made no request to {values['base_url']}; {said}"


def _refusal(entry: Entry) -> str:
    """The answer of a refused request, with what its contract says of it."""
    error = f" {entry['error']}" if entry["error"] else ""
    return ": ".join([f"{entry['status']}{error}", *entry["sentences"][:1]])


def follow(
    stand: Stand, provider: Provider, trigger: Trigger, values: Values, timeout: float
) -> tuple[Ran, bool]:
    """Sends, and lets the message fail as soon as it is there, while the application may still be
    asking for it. What the application said, and whether it followed: took the receipt with what
    the provider expects, or asked what became of the message."""
    newest = stand.newest()
    with _Aside(trigger, values, timeout) as aside:
        message = _arrival(stand, newest, values["to"], aside)
        if message is None:
            return aside.ran(), False
        stand.advance(AHEAD_SECONDS)
        try:
            since = stand.journal()
            ran = aside.ran()
            return ran, _taken(stand, provider, message) or _asked(stand, since, message)
        finally:
            stand.advance(-AHEAD_SECONDS)


class _Aside:
    """A trigger in a thread of its own."""

    def __init__(self, trigger: Trigger, values: Values, timeout: float) -> None:
        self._come: list[Ran | BaseException] = []
        self._thread = threading.Thread(target=self._work, args=(trigger, values, timeout))

    def _work(self, trigger: Trigger, values: Values, timeout: float) -> None:
        try:
            self._come.append(trigger(values, timeout))
        except BaseException as error:  # it is raised where the run is waited for
            self._come.append(error)

    def __enter__(self) -> "_Aside":
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._thread.join()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def ran(self) -> Ran:
        self._thread.join()
        (come,) = self._come
        if isinstance(come, BaseException):
            raise come
        return come


def _arrival(stand: Stand, newest: int, to: str, aside: _Aside) -> str | None:
    """The id of the message once it is there; None if the application ended without."""
    while True:
        ended = aside.ended
        for sent in stand.sent(newest):
            if sent["provider"] == stand.provider and sent["to"] == to:
                return str(sent["id"])
        if ended:
            return None
        time.sleep(POLL_SECONDS)


def _taken(stand: Stand, provider: Provider, message: str) -> bool:
    return any(
        attempt["state"] == "delivered" and provider.states[attempt["reports"]].final
        for attempt in stand.attempts(message)
    )


def _asked(stand: Stand, since: int, message: str) -> bool:
    """Whether a later request names the message, or its answer does."""
    return any(
        entry["provider"] == stand.provider
        and message not in entry["messages"]
        and any(message in entry[part] for part in ("target", "body", "answer"))
        for entry in stand.requests(since)
    )
