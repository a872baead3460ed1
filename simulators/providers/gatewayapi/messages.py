"""One message by its id: read it back, or delete it while it waits for its time.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Get SMS and SMS status" and "Delete
scheduled SMS".
"""

from typing import Any

from simulators.kernel import phone, receipts
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message, Step
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.gatewayapi import prices, wire

_SHOWN = ("label", "tags", "userref", "destaddr", "udh", "payload")
_UNSENT = ("SCHEDULED", "BUFFERED", "DELETED")


def _all(exchange: Exchange) -> list[Message]:
    """The kept messages to all recipients of the message in the path."""
    name = exchange.params["message_id"]
    world = exchange.world
    first = world.store.find(world.id, name) if name.isascii() and name.isdigit() else None
    if first is None or first.provider != exchange.provider.name:
        raise Refusal(Problem.NOT_FOUND)
    others = [world.store.find(world.id, f"{name}-{n}") for n in range(1, first.details["of"])]
    return [first, *[message for message in others if message is not None]]


def get(exchange: Exchange) -> Reply:
    """200 with an array of one. Only what has been sent is in long-term storage; 404 until then."""
    kept = _all(exchange)
    if kept[0].status(exchange.now, exchange.provider.lifecycles)[0].status in _UNSENT:
        raise Refusal(Problem.NOT_FOUND)
    first, details = kept[0], kept[0].details
    shown: dict[str, Any] = {
        "class": details.get("class", "standard"),
        "message": details.get("message", first.text),
        "id": details["id"],
        "recipients": [_recipient(exchange, message) for message in kept],
        "sender": first.sender,
        "sendtime": details.get("sendtime", int(first.at)),
        "priority": details.get("priority", "NORMAL"),
        "validity_period": details.get("validity_period", 86400),
        "encoding": details.get("encoding", "UTF8"),
        "callback_url": first.callback or None,
    }
    shown.update({name: details.get(name) for name in _SHOWN})
    shown["destaddr"] = shown["destaddr"] or "MOBILE"
    return wire.reply(200, [shown])


def _recipient(exchange: Exchange, message: Message) -> dict[str, Any]:
    provider = exchange.provider
    step, since = message.status(exchange.now, provider.lifecycles)
    number = phone.parse(message.to)
    region = number.region if number else ""
    mcc, mnc = prices.network(region)
    row = provider.row(step.error) if step.error else None
    sent = [s.after for s in provider.steps(message.lifecycle) if s.status == "ENROUTE"]
    return {
        "country": region,
        "csms": message.segments,
        "dsnerror": row.message if row else None,
        "dsnerrorcode": row.code if row else None,
        "dsnstatus": step.status,
        "dsntime": float(since),
        "mcc": mcc,
        "mnc": mnc,
        "msisdn": int(message.to),
        "senttime": float(message.at + sent[0]) if sent else None,
        "tagvalues": message.details.get("tagvalues"),
    }


def delete(exchange: Exchange) -> Reply:
    """204 while it is scheduled, 410 once it is sent or deleted."""
    kept, world, now = _all(exchange), exchange.world, exchange.now
    lifecycles, reporting = exchange.provider.lifecycles, exchange.provider.reporting(kept[0])
    if kept[0].status(now, lifecycles)[0].status != "SCHEDULED":
        raise Refusal("410/gone")
    for message in kept:
        ended = message.ending(now, Step(0, "DELETED"), lifecycles)
        changed = world.store.change(world.id, message.id, lifecycle=ended)
        if changed is not None and reporting is not None:
            receipts.turn(reporting, world, changed)
    return Reply(204)
