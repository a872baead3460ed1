"""Receipts: a change of a message's status, and the callback that reports it.

A message with a callback URL has one item planned at a time: the next report in line. When that
is acknowledged or given up, the one after it is planned; so a message's reports keep their order,
and a receiver that is slow for one message delays no other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

import orjson

from simulators.kernel.call import JSON
from simulators.kernel.catalogue import ErrorRow
from simulators.kernel.message import INBOUND, Lifecycle, Message, Step
from simulators.kernel.store import Cost
from simulators.kernel.world import World

FORM = "application/x-www-form-urlencoded"

# The store's logs: every attempt to deliver a callback, and those that were answered wrongly.
LOG = "receipts"
UNANSWERED = "callbacks answered wrongly"


@dataclass(frozen=True, slots=True)
class Callback:
    """One HTTP request to the application."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def json(cls, url: str, value: Any, *headers: tuple[str, str], kind: str = JSON) -> "Callback":
        """Posts JSON; `kind` is its content type."""
        return cls("POST", url, (("Content-Type", kind), *headers), orjson.dumps(value))

    @classmethod
    def form(cls, url: str, fields: Mapping[str, Any], kind: str = FORM) -> "Callback":
        """Posts a form."""
        return cls("POST", url, (("Content-Type", kind),), urlencode(fields).encode())


@dataclass(frozen=True, slots=True)
class Report:
    """One change of status to report: the step, when it began, its row where it is a failure.
    `part` counts from 0 where a provider reports each part of a long message by itself."""

    message: Message
    step: Step
    since: float
    row: ErrorRow | None = None
    part: int = 0


class CallbackBuilder(Protocol):
    """Makes the callback to a URL for reports of one account, signed as the provider signs."""

    def __call__(self, world: World, url: str, reports: Sequence[Report], /) -> Callback: ...


class Acknowledgement(Protocol):
    """What the application's answer lacks to acknowledge a callback, "" for nothing."""

    def __call__(self, status: int, body: bytes, /) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """How a provider reports.

    `statuses` are the words it reports; `build` makes the callback to a URL for up to `batch`
    reports of one account; `expects` says what the application's answer (status, body) lacks, ""
    when it acknowledges; `retries` are the seconds from each failed attempt to the next, and
    `timeout` those an answer may take. `per_part` says that each part of a long message has reports
    of its own. `source` is the vendor's page.
    """

    statuses: frozenset[str]
    build: CallbackBuilder
    expects: Acknowledgement
    retries: tuple[float, ...]
    timeout: float
    source: str
    batch: int = 1
    per_part: bool = False


class Due(NamedTuple):
    """A planned report: the message, its place in the line, the attempts so far, and when the
    status it reports began (or the line was due, if a rule reorders it)."""

    message: str
    place: int
    attempt: int
    since: float


class Reporting(NamedTuple):
    """What of a provider reporting needs."""

    receipts: Receipts
    lifecycles: Mapping[str, Lifecycle]
    row: Callable[[str], ErrorRow]


class Teller(Protocol):
    """A provider, as far as telling what became of a message goes."""

    def reporting(self, message: Message, /) -> Reporting | None:
        """What telling the application of this message needs; None if it never is."""


class Place(NamedTuple):
    """A report in the line: the step of the message's lifecycle, and the part it is about."""

    step: int
    part: int


def line(reporting: Reporting, message: Message) -> list[Place]:
    """The reports in the order they go out: a rule may reverse or double them. The first status
    of what was sent is told by the answer; a reply from a phone has had none."""
    told = reporting.receipts
    parts = range(message.segments if told.per_part else 1)
    first = 0 if message.operation == INBOUND else 1
    steps = enumerate(_steps(reporting, message))
    reported = [at for at, step in steps if at >= first and step.status in told.statuses]
    found = [Place(at, part) for at in reported for part in parts]
    script: Mapping[str, Any] = message.details.get("receipt", {})
    if script.get("reorder"):
        found.reverse()
    if script.get("duplicate"):
        found = [place for place in found for _copy in (1, 2)]
    return found


def plan(reporting: Reporting, world: World, message: Message, place: int = 0) -> None:
    """Plans the report at that place of the message's line, if there is one."""
    begins = _begins(reporting, message, place)
    if message.callback and begins is not None:
        due = Due(message.id, place, 0, begins)
        world.store.plan(world.id, max(begins, world.clock.now()) if place else begins, due)


def begin(teller: Teller, world: World, message: Message) -> None:
    """Plans the first report of a message that was just kept, if it is reported at all."""
    reporting = teller.reporting(message)
    if reporting is not None:
        plan(reporting, world, message)


def keep(
    teller: Teller, world: World, message: Message, at: float, costs: Sequence[Cost] = ()
) -> Message:
    """Keeps a message that no request asked for, and plans its reports. There is nobody to be
    refused it: no limit counts it, and what it costs leaves a balance below nothing."""
    ((kept, *_full),) = world.store.admit(world.id, [((), message)], at, costs)
    assert kept is not None  # noqa: S101 - it hits no window, and any balance does
    begin(teller, world, kept)
    return kept


def turn(reporting: Reporting, world: World, message: Message) -> None:
    """Plans the last reports of a message whose lifecycle was just cut off. What was planned of the
    lifecycle it had before finds that it holds no longer."""
    order = line(reporting, message)
    if order:
        last = next(at for at, place in enumerate(order) if place.step == order[-1].step)
        plan(reporting, world, message, last)


def report(reporting: Reporting, message: Message, due: Due) -> Report | None:
    """What a due item reports; None if the message's lifecycle took another turn meanwhile."""
    if _begins(reporting, message, due.place) != due.since:
        return None
    place = line(reporting, message)[due.place]
    step = _steps(reporting, message)[place.step]
    row = reporting.row(step.error) if step.error else None
    return Report(message, step, message.at + step.after, row, place.part)


def again(reporting: Reporting, world: World, due: Due) -> bool:
    """Plans the next attempt of a report that failed; False when its attempts are used up."""
    retries = reporting.receipts.retries
    if due.attempt >= len(retries):
        return False
    at = world.clock.now() + retries[due.attempt]
    world.store.plan(world.id, at, due._replace(attempt=due.attempt + 1))
    return True


def _steps(reporting: Reporting, message: Message) -> Lifecycle:
    return (
        reporting.lifecycles[message.lifecycle]
        if isinstance(message.lifecycle, str)
        else message.lifecycle
    )


def _begins(reporting: Reporting, message: Message, place: int) -> float | None:
    order = line(reporting, message)
    if place >= len(order):
        return None
    reordered = message.details.get("receipt", {}).get("reorder")
    steps = _steps(reporting, message)
    return message.at + steps[(max(order) if reordered else order[place]).step].after
