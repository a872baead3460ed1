"""Read, list, change and delete messages.

https://www.twilio.com/docs/messaging/api/message-resource. What Twilio forgets has still reached
the phone: redacted and deleted messages stay in the inbox.
"""

from simulators.kernel import receipts
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message, Step
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.providers.twilio import resource, wire


def find(exchange: Exchange) -> Message:
    """The message in the path. Sent under test credentials, or deleted, it is unknown."""
    world = exchange.world
    message = world.store.find(world.id, exchange.params["sid"])
    if message is None or not readable(message):
        raise Refusal(Problem.NOT_FOUND)
    return message


def readable(message: Message) -> bool:
    """Whether Twilio has the message, and still has it."""
    details = message.details
    return message.provider == "twilio" and "test" not in details and "deleted" not in details


def fetch(exchange: Exchange) -> Reply:
    """One message."""
    return wire.reply(exchange, 200, resource.full(exchange, find(exchange)), "Message")


def update(exchange: Exchange) -> Reply:
    """An empty Body redacts, Status=canceled cancels; nothing else can be changed."""
    message, form = find(exchange), exchange.document["body"]
    if "Status" in form:
        message = _cancel(exchange, message, form)
    if "Body" in form:
        message = _redact(exchange, message, form)
    return wire.reply(exchange, 200, resource.full(exchange, message), "Message")


def delete(exchange: Exchange) -> Reply:
    """Forgets a message that is finished."""
    message = find(exchange)
    _finished(exchange, message)
    _mark(exchange, message, deleted=True)
    return wire.empty(exchange)


def _cancel(exchange: Exchange, message: Message, form: Fields) -> Message:
    if first(form, "Status") != "canceled":
        raise Refusal("20001/value", name="Status")
    lifecycles = exchange.provider.lifecycles
    if message.status(exchange.now, lifecycles)[0].status != "scheduled":
        raise Refusal("30409")
    lifecycle = message.ending(exchange.now, Step(0, "canceled"), lifecycles)
    world = exchange.world
    canceled = world.store.change(world.id, message.id, lifecycle=lifecycle) or message
    reporting = exchange.provider.reporting(canceled)
    if reporting is not None:
        receipts.turn(reporting, world, canceled)
    return canceled


def _redact(exchange: Exchange, message: Message, form: Fields) -> Message:
    if first(form, "Body"):
        raise Refusal("20001/value", name="Body")
    _finished(exchange, message)
    return _mark(exchange, message, redacted=True, updated=exchange.now)


def _finished(exchange: Exchange, message: Message) -> None:
    step, _since = message.status(exchange.now, exchange.provider.lifecycles)
    if step.status not in resource.FINISHED:
        raise Refusal("20009")


def _mark(exchange: Exchange, message: Message, **marks: object) -> Message:
    world, details = exchange.world, {**message.details, **marks}
    return world.store.change(world.id, message.id, details=details) or message
