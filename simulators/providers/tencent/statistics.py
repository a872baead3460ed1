"""Counts of what was sent and received, packages, and reported conversions.

https://cloud.tencent.com/document/api/382/55965 and the pages beside it.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from simulators.kernel import journal
from simulators.kernel.call import Reply
from simulators.kernel.message import Message, State
from simulators.kernel.provider import Exchange, Turns
from simulators.kernel.steps import TURN, Steps
from simulators.providers.tencent import access, wire

_ENTRIES = 100  # of the journal that are read at once
_MOST_PACKAGES = 500
_SENDS = ("send-sms", "send-multi-global-sms")
_YEAR = 365 * 86_400
_COUNTERS = (
    "InternalErrorCount",
    "InvalidNumberCount",
    "ShutdownErrorCount",
    "BlackListCount",
    "FrequencyLimitCount",
)


def sent(exchange: Exchange) -> Turns:
    """SendStatusStatistics. Numbers that were refused are counted as far as the journal goes."""
    begin, end = _span(exchange)
    accepted = fee = 0
    for kept in _slices(exchange, begin, end):
        accepted += len(kept)
        fee += sum(message.segments for message in kept)
        yield TURN
    refused = yield from _refused(exchange, begin, end)
    counts = {
        "FeeCount": fee,
        "RequestCount": accepted + refused,
        "RequestSuccessCount": accepted,
    }
    return wire.succeed(exchange, SendStatusStatistics=counts)


def received(exchange: Exchange) -> Turns:
    """CallbackStatusStatistics: the receipts by what they say."""
    begin, end = _span(exchange)
    provider = exchange.provider
    counts: Counter[str] = Counter(dict.fromkeys(("CallbackCount", *_COUNTERS), 0))
    delivered = accepted = 0
    for kept in _slices(exchange, begin, end):
        accepted += len(kept)
        for message in kept:
            step, _since = message.status(exchange.now, provider.lifecycles)
            state = provider.states[step.status]
            counts["CallbackCount"] += state.final
            delivered += state is State.DELIVERED
            if step.error:
                counts[(provider.row(step.error).extra or {})["statistic"]] += 1
        yield TURN
    figures = {
        **counts,
        "RequestSuccessCount": accepted,
        "CallbackFailCount": counts["CallbackCount"] - delivered,
        "CallbackSuccessCount": delivered,
    }
    return wire.succeed(exchange, CallbackStatusStatistics=figures)


def packages(exchange: Exchange) -> Turns:
    """SmsPackagesStatistics: the one package of an account whose credit is counted."""
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    limit, offset = wire.window(given, _MOST_PACKAGES, least=0)
    balance = exchange.world.load("balance")
    found = []
    if balance is not None:
        used = 0
        for kept in _slices(exchange, 0, exchange.now):
            used += sum(message.segments for message in kept)
            yield TURN
        found = [_package(exchange, int(balance), used)]
    shown = found[offset : offset + (limit or _MOST_PACKAGES)]
    return wire.succeed(exchange, SmsPackagesStatisticsSet=shown)


def converted(exchange: Exchange) -> Reply:
    """ReportConversion: taken note of, whatever the serial number."""
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    status = {"Code": "ok", "Message": "report success"}
    return wire.succeed(exchange, ReportConversionStatus=status)


def _package(exchange: Exchange, balance: int, used: int) -> dict[str, Any]:
    created = int(exchange.now) // 86_400 * 86_400
    return {
        "PackageCreateTime": created,
        "PackageEffectiveTime": created,
        "PackageExpiredTime": created + _YEAR,
        "PackageAmount": max(balance, 0) + used,
        "PackageType": 1,
        "PackageId": 1000791745,
        "CurrentUsage": used,
    }


def _span(exchange: Exchange) -> tuple[float, float]:
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    wire.window(given, 0, least=0)
    return wire.hours(given)


def _slices(exchange: Exchange, begin: float, end: float) -> Iterator[list[Message]]:
    return exchange.world.slices(provider=exchange.provider.name, since=begin, until=end)


def _refused(exchange: Exchange, begin: float, end: float) -> Steps[int]:
    """Numbers that got a row without being sent to."""
    world, count = exchange.world, 0
    before = 0
    while entries := world.store.records(world.id, journal.REQUESTS, before=before, limit=_ENTRIES):
        before = entries[0][0]
        for sequence, packed in entries:
            entry = journal.read(sequence, packed)
            ours = entry["provider"] == exchange.provider.name and entry["operation"] in _SENDS
            if ours and begin <= entry["at"] < end:
                count += entry["answer"].count('"Fee":0,')
        yield TURN
    return count
