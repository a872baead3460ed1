"""What a vendor does by itself when its time has come: a second message, say, to somebody who has
not entered the code of the first.

A provider plans a task beside the reports of its messages, on the same clock. When it is due it is
called with what it had planned; whether that still holds is for it to see, by the world as it is.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from simulators.kernel import receipts
from simulators.kernel.message import Message
from simulators.kernel.provider import Draft
from simulators.kernel.store import Cost
from simulators.kernel.world import World

_MARK = "task"


class Task(NamedTuple):
    """Something planned: the provider that is called, and what it wanted to be told."""

    provider: str
    told: Sequence[Any]


class Sending(Protocol):
    """A provider, as far as sending by itself goes."""

    @property
    def name(self) -> str: ...

    @property
    def price(self) -> float: ...

    def reporting(self, message: Message) -> receipts.Reporting | None:
        """What telling the application of this message needs; None if it never is."""


def plan(world: World, message: Message, at: float, *told: Any) -> None:
    """Plans a task about a message, of plain values. It is forgotten with the message."""
    world.store.plan(world.id, at, (message.id, _MARK, message.provider, *told))


def task(item: Sequence[Any]) -> Task | None:
    """The task that a planned item is, None for a report."""
    if item[1] != _MARK:
        return None
    _about, _mark, provider, *told = item
    return Task(provider, told)


def send(
    provider: Sending,
    world: World,
    draft: Draft,
    at: float,
    *,
    operation: str,
    callback: str,
) -> Message:
    """Keeps a message that nobody asked for now, as sent `at` the time it was due, and plans its
    reports. There is nobody to be refused it: no limit holds it up, and a balance that does not do
    goes below nothing."""
    message = Message(
        id=world.chance.uuid(),
        provider=provider.name,
        operation=operation,
        to=draft.number,
        sender=draft.sender,
        text=draft.text,
        segments=draft.segments,
        at=at,
        lifecycle=draft.lifecycle,
        callback=callback,
        details=draft.details,
        code=draft.code,
    )
    cost = Cost(provider.price * draft.segments)
    ((kept, *_full),) = world.store.admit(world.id, [((), message)], at, [cost])
    assert kept is not None  # noqa: S101 - it hits no window, and costs whatever is left
    reporting = provider.reporting(kept)
    if reporting is not None:
        receipts.plan(reporting, world, kept)
    return kept
