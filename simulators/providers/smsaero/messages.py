"""The message object, sms/status and sms/list, each with its twin for test messages.

The cost is a number in the answer to a send, and text everywhere else.
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal
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
    step, _ = message.status(exchange.now, exchange.provider.lives)
    return _shown(message, step.status, message.details["cost"])


def kept(exchange: Exchange, message: Message) -> dict[str, Any]:
    """A message as status and list have it. `dateAnswer` is when the last word of the operator
    came, null before there was one."""
    step, since = message.status(exchange.now, exchange.provider.lives)
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


def listing(operation: str, path: str) -> Callable[[Exchange], Reply]:
    """That operation's messages, newest first; `number` and a part of the `text` choose."""

    def handle(exchange: Exchange) -> Reply:
        given = fields.of(exchange)
        to, part = given.get("number"), str(given.get("text", ""))
        found = [
            message
            for message in every(exchange, operation, f"+{to}" if to is not None else "")
            if part in message.text
        ]
        return wire.success(
            paging.page(exchange, found, path, lambda message: kept(exchange, message))
        )

    return handle


def every(exchange: Exchange, operation: str, to: str = "") -> Iterator[Message]:
    """All messages that an operation sent, newest first."""
    before = 0
    while True:
        found = exchange.world.messages(
            provider=exchange.provider.name, to=to, before=before, limit=_PAGE
        )
        yield from (message for message in found if message.operation == operation)
        if len(found) < _PAGE:
            return
        before = found[-1].sequence
