"""QuerySendDetails and QuerySendStatistics: what became of messages.

https://help.aliyun.com/document_detail/419277.html and https://help.aliyun.com/document_detail/419276.html
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from simulators.kernel.message import Message, State
from simulators.kernel.provider import Exchange, Turns
from simulators.kernel.reading import first
from simulators.kernel.steps import TURN
from simulators.providers.aliyun import send, wire

_DAY = 86_400


def details(exchange: Exchange) -> Turns:
    """What was sent to one number on one day, newest first."""
    sent = wire.parameters(exchange.document)
    raw, date = wire.required(sent, "PhoneNumber", "SendDate")
    at, size = wire.page(sent, "CurrentPage", needed=True)
    start, bill = wire.midnight(date, exchange.now), first(sent, "BizId")
    total, rows = 0, list[dict[str, Any]]()
    for number in send.readings(raw):
        for kept in _slices(exchange, start, start + _DAY, number):
            for message in kept:
                if not bill or message.details["biz_id"] == bill:
                    if (at - 1) * size <= total < at * size:
                        rows.append(_detail(exchange, message))
                    total += 1
            yield TURN
    return wire.ok(exchange, TotalCount=total, SmsSendDetailDTOs={"SmsSendDetailDTO": rows})


def statistics(exchange: Exchange) -> Turns:
    """Counts of each day, of all signatures and kinds or of one."""
    sent = wire.parameters(exchange.document)
    where, begins, ends = wire.required(sent, "IsGlobe", "StartDate", "EndDate")
    at, size = wire.page(sent, "PageIndex", needed=True)
    wanted: dict[str, Any] = {"mainland": wire.number(where, 1, 2) == 1}
    if "TemplateType" in sent:
        wanted["type"] = wire.number(first(sent, "TemplateType"), 0, 7)
    if first(sent, "SignName"):
        wanted["signature"] = first(sent, "SignName")
    start, end = (wire.midnight(day, exchange.now) for day in (begins, ends))
    days: dict[str, Counter[State]] = defaultdict(Counter)
    for kept in _slices(exchange, start, end + _DAY):
        for message in kept:
            facts = {
                "mainland": message.to.startswith("+86"),
                "type": message.details["type"],
                "signature": message.sender,
            }
            if wanted.items() <= facts.items():
                days[wire.day(message.at)][_state(exchange, message)] += 1
        yield TURN
    rows = [_counts(day, days[day]) for day in sorted(days)]
    data = {"TotalSize": len(rows), "TargetList": rows[(at - 1) * size : at * size]}
    return wire.ok(exchange, Data=data)


def _slices(exchange: Exchange, start: float, end: float, to: str = "") -> Iterator[list[Message]]:
    # `until` is inclusive, and midnight belongs to the next day.
    return exchange.world.slices(
        provider=exchange.provider.name, to=to, since=start, until=end - 0.000001
    )


def _state(exchange: Exchange, message: Message) -> State:
    step, _since = message.status(exchange.now, exchange.provider.lifecycles)
    return exchange.provider.states[step.status]


def _detail(exchange: Exchange, message: Message) -> dict[str, Any]:
    provider = exchange.provider
    step, since = message.status(exchange.now, provider.lifecycles)
    row: dict[str, Any] = {"TemplateCode": message.template}
    if provider.states[step.status].final:
        row["ReceiveDate"] = wire.date(since)
    row |= {"PhoneNum": send.shown(message.to), "Content": message.text}
    row["SendStatus"] = int(step.status)
    row["SendDate"] = wire.date(message.at)
    if message.details["out_id"]:
        row["OutId"] = message.details["out_id"]
    if provider.states[step.status].final:
        row["ErrCode"] = str(provider.row(step.error).code) if step.error else "DELIVERED"
    return row


def _counts(day: str, states: Counter[State]) -> dict[str, Any]:
    failed = states[State.UNDELIVERED]
    return {
        "SendDate": day,
        "TotalCount": states.total(),
        "RespondedSuccessCount": states[State.DELIVERED],
        "RespondedFailCount": failed,
        "NoRespondedCount": states[State.SENT],
    }
