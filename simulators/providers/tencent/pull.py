"""Receipts for those who ask instead of being called.

https://cloud.tencent.com/document/api/382/55977: the plain pull hands out each receipt once, the
one by number as often as asked.
"""

from collections.abc import Iterator
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.tencent import apps, numbers, pages, parameters, wire

MOST = 100
QUEUE = "tencent/pulled"
_SLICE, _AHEAD = 500, 20


def receipts(exchange: Exchange) -> Reply:
    """PullSmsSendStatus: the oldest receipts not handed out yet."""
    given = parameters.of(exchange)
    apps.own(exchange, given["SmsSdkAppId"])
    limit, _offset = pages.window(given, MOST)
    found = _taken(exchange, limit)
    return wire.succeed(exchange, PullSmsSendStatusSet=[_receipt(exchange, m) for m in found])


def _taken(exchange: Exchange, limit: int) -> list[Message]:
    """Takes receipts off the queue: `upto` is a sequence to which all are handed out, `beyond`
    are those above it."""
    found: list[Message] = []

    def taken(queue: dict[str, Any]) -> dict[str, Any]:
        found.clear()
        waiting: list[int] = []
        seen, beyond = queue["upto"], set(queue["beyond"])
        for message in _after(exchange, seen):
            if len(found) == limit:
                break
            seen = message.sequence
            if message.provider != exchange.provider.name or seen in beyond:
                continue
            if _is_final(exchange, message):
                found.append(message)
                beyond.add(seen)
            else:
                waiting.append(seen)
        upto = waiting[0] - 1 if waiting else seen
        return {"upto": upto, "beyond": sorted(n for n in beyond if n > upto)}

    exchange.world.update(QUEUE, taken, {"upto": 0, "beyond": []})
    return found


def receipts_of(exchange: Exchange) -> Reply:
    """PullSmsSendStatusByPhoneNumber: the receipts of one number in a span of time."""
    given, span = by_number(exchange)
    limit, offset = pages.window(given, MOST)
    kept = exchange.world.messages(
        provider=exchange.provider.name,
        to=number(given["PhoneNumber"]),
        since=span[0],
        until=span[1],
        limit=offset + limit,
    )
    found = [m for m in kept if _is_final(exchange, m)][offset:]
    return wire.succeed(exchange, PullSmsSendStatusSet=[_receipt(exchange, m) for m in found])


def by_number(exchange: Exchange) -> tuple[dict[str, Any], tuple[float, float]]:
    """The parameters of a query by number, and its span of time."""
    given = parameters.of(exchange)
    apps.own(exchange, given["SmsSdkAppId"])
    return given, pages.seconds(given, exchange.now)


def number(text: str) -> str:
    """The number in E.164; raises `Refusal` where it is none."""
    found = numbers.parse(text)
    if isinstance(found, str):
        raise Refusal(found)
    return found.e164


def _after(exchange: Exchange, sequence: int) -> Iterator[Message]:
    """Messages kept after one, oldest first, not further ahead than a queue would be."""
    world = exchange.world
    newest = world.store.newest(world.id)
    for start in range(sequence, min(newest, sequence + _SLICE * _AHEAD), _SLICE):
        yield from reversed(world.messages(after=start, before=start + _SLICE + 1, limit=_SLICE))


def _is_final(exchange: Exchange, message: Message) -> bool:
    step, _since = message.status(exchange.now, exchange.provider.lifecycles)
    return exchange.provider.states[step.status].final


def _receipt(exchange: Exchange, message: Message) -> dict[str, Any]:
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    code = str(message.details["code"])
    return {
        "UserReceiveTime": int(since),
        "CountryCode": code,
        "SubscriberNumber": message.to.removeprefix(f"+{code}"),
        "PhoneNumber": message.to,
        "SerialNo": message.id,
        "ReportStatus": "FAIL" if step.error else "SUCCESS",
        "Description": step.status,
        "SessionContext": message.details["session"],
    }
