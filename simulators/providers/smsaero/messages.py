"""The message object, sms/status and sms/list, each with its twin for test messages.

The cost is a number in the answer to a send, and text everywhere else.
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.steps import TURN
from simulators.providers.smsaero import fields, paging, wire

# The words for 0, 1 and 8 are recorded; the others are UNVERIFIED.
WORDS = MappingProxyType(
    {
        0: "queue",
        1: "delivery",
        2: "no delivery",
        3: "sent",
        4: "wait status",
        6: "reject",
        8: "moderation",
    }
)
_PAGE = 1000


def wire_status(word: str) -> int:
    """The number on the wire: `0/scheduled` is a 0 that lasts until dateSend."""
    return int(word.partition("/")[0])


def new(exchange: Exchange, message: Message) -> dict[str, Any]:
    """A message as the answer to a send has it."""
    step, _ = message.status(exchange.now, exchange.provider.lifecycles)
    return _shown(message, step.status, message.details["cost"])


def kept(exchange: Exchange, message: Message) -> dict[str, Any]:
    """A message as status and list have it. `dateAnswer` is when the last word of the operator
    came, null before there was one."""
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    shown = _shown(message, step.status, f"{message.details['cost']:.2f}")
    answered = shown["status"] not in (0, 8)
    return {**shown, "dateAnswer": int(since) if answered else None}


def _shown(message: Message, word: str, cost: float | str) -> dict[str, Any]:
    status = wire_status(word)
    return {
        "id": int(message.id),
        "from": message.sender,
        "number": message.to.removeprefix("+"),
        "text": message.text,
        "status": status,
        "extendStatus": WORDS[status],
        "channel": message.details["channel"],
        "cost": cost,
        "dateCreate": int(message.at),
        "dateSend": message.details.get("dateSend") or int(message.at),
    }


def status(operation: str) -> Callable[[Exchange], Reply]:
    """The message with the id asked for, if that operation sent it; 404 for all others."""

    def handle(exchange: Exchange) -> Reply:
        wanted = str(fields.identifier(fields.of(exchange)))
        message = exchange.world.store.find(exchange.world.id, wanted)
        if message is None or (message.provider, message.operation) != ("smsaero", operation):
            raise Refusal(Problem.NOT_FOUND)
        return wire.success(kept(exchange, message))

    return handle


def listing(operation: str, path: str) -> Callable[[Exchange], Turns]:
    """That operation's messages, newest first; `number` and a part of the `text` choose."""

    def handle(exchange: Exchange) -> Turns:
        given = fields.of(exchange)
        to, part = given.get("number"), str(given.get("text", ""))
        found = list[str]()  # their ids: all messages at once might be more than fits in memory
        for some in slices(exchange, operation, f"+{to}" if to is not None else ""):
            found += [message.id for message in some if part in message.text]
            yield TURN

        def shown(key: str) -> dict[str, Any]:
            message = exchange.world.store.find(exchange.world.id, key)
            return kept(exchange, message) if message else {}  # removed since it was found

        return wire.success(paging.page(exchange, found, path, shown))

    return handle


def slices(exchange: Exchange, operation: str, to: str = "") -> Iterator[list[Message]]:
    """The messages that an operation sent, newest first."""
    for found in exchange.world.slices(provider=exchange.provider.name, to=to):
        yield [message for message in found if message.operation == operation]
