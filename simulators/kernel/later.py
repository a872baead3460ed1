"""What a vendor does by itself when its time has come: a second message, say, to somebody who has
not entered the code of the first.

A provider plans a task beside the reports of its messages, on the same clock. When it is due it is
called with what it had planned; whether that still holds is for it to see, by the world as it is.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from simulators.kernel import admission, receipts
from simulators.kernel.message import Message
from simulators.kernel.provider import Draft, Provider
from simulators.kernel.store import Cost
from simulators.kernel.world import World

_MARK = "task"


class Task(NamedTuple):
    """Something planned: the provider that is called, and what it wanted to be told."""

    provider: str
    told: Sequence[Any]


def plan(world: World, message: Message, at: float, *told: Any) -> None:
    """Plans a task about a message, of plain values. It is forgotten with the message."""
    world.store.plan(world.id, at, (message.id, _MARK, message.provider, *told))


def task(item: Sequence[Any]) -> Task | None:
    """The task that a planned item is, None for a report."""
    if item[1] != _MARK:
        return None
    _about, _mark, provider, *told = item
    return Task(provider, told)


def send(provider: Provider, world: World, draft: Draft, at: float, operation: str) -> Message:
    """Keeps a message that nobody asked for now, as sent `at` the time it was due, and plans its
    reports. No limit holds it up."""
    one = world.chance.uuid()
    message = admission.message(provider, world, draft, one=one, operation=operation, at=at)
    return receipts.keep(provider, world, message, at, [Cost(provider.price * draft.segments)])
