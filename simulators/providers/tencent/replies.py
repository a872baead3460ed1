"""What phones answer: posted to the application's URL, or pulled.

https://cloud.tencent.com/document/product/382/43547 (callback, one reply at a time),
https://cloud.tencent.com/document/api/382/55977 (pulled: by the queue once, by number always).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.inbound import Inbound, answered
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Turns
from simulators.kernel.receipts import Callback, Report
from simulators.kernel.steps import TURN
from simulators.kernel.world import World
from simulators.providers.tencent import apps, pages, parameters, pull, wire
from simulators.providers.tencent.receipts import RECEIPTS

QUEUE = "tencent/replies"


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """One reply as a JSON object; not signed."""
    body = orjson.dumps(payload(world, reports[0].message))
    return Callback("POST", url, (("Content-Type", "application/json"),), body)


def payload(world: World, reply: Message) -> dict[str, Any]:
    """The fields of the callback. Signature and extension are those of the message that is
    answered."""
    number, before = phone.parse(reply.sender), answered(world, reply)
    code = str(number.country_code) if number else ""
    return {
        "nationcode": code,
        "mobile": reply.sender.removeprefix(f"+{code}"),
        "text": reply.text,
        "sign": before.sender if before else reply.to,
        "time": int(reply.at),
        "extend": before.details.get("extend", "") if before else "",
    }


def queue(exchange: Exchange) -> Reply:
    """PullSmsReplyStatus: the oldest replies not handed out yet."""
    given = parameters.of(exchange)
    apps.own(exchange, given["SmsSdkAppId"])
    limit, _offset = pages.window(given, pull.MOST)
    world, found = exchange.world, list[Message]()

    def taken(upto: int) -> int:
        newest = world.store.newest(world.id)
        waiting = [one for some in _slices(exchange, after=upto) for one in some][::-1]
        found[:] = waiting[:limit]
        return found[-1].sequence if len(found) < len(waiting) else newest

    world.update(QUEUE, taken, 0)
    return wire.succeed(exchange, PullSmsReplyStatusSet=[_row(world, reply) for reply in found])


def by_number(exchange: Exchange) -> Turns:
    """PullSmsReplyStatusByPhoneNumber: the replies from one number in a span of time."""
    given, (begin, end) = pull.by_number(exchange)
    limit, offset = pages.window(given, pull.MOST)
    number = pull.number(given["PhoneNumber"])
    # Both ends are whole seconds, and so is the time of a reply.
    kept = list[Message]()
    for some in _slices(exchange, sender=number, since=begin, until=end + 0.999999):
        kept += some
        yield TURN
    found = kept[::-1][offset : offset + limit]
    rows = [_row(exchange.world, reply) for reply in found]
    return wire.succeed(exchange, PullSmsReplyStatusSet=rows)


def _slices(exchange: Exchange, **selection: Any) -> Iterator[list[Message]]:
    return exchange.world.slices(provider=exchange.provider.name, inbound=True, **selection)


def _row(world: World, reply: Message) -> dict[str, Any]:
    known: Mapping[str, Any] = payload(world, reply)
    return {
        "ExtendCode": known["extend"],
        "CountryCode": known["nationcode"],
        "PhoneNumber": reply.sender,
        "SignName": known["sign"],
        "ReplyContent": known["text"],
        "ReplyTime": known["time"],
        "SubscriberNumber": known["mobile"],
    }


# What the platform does with the R of "拒收请回复R" is not documented, so it does nothing.
INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"received"}), build=build, batch=1),
    keywords={},
)
