"""What became of messages, and what phones answer: pushed to an account's URLs, or asked for.

SmsReport and SmsUp: https://help.aliyun.com/document_detail/101867.html. Arrays of one or more, not
signed. The fields of SmsUp are UNVERIFIED. QuerySendDetails and QuerySendStatistics:
https://help.aliyun.com/document_detail/419277.html and https://help.aliyun.com/document_detail/419276.html
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from simulators.kernel.inbound import Inbound, answered
from simulators.kernel.message import Message, State
from simulators.kernel.provider import Exchange, Turns
from simulators.kernel.reading import first
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.steps import TURN
from simulators.kernel.world import World
from simulators.providers.aliyun import send, wire

SOURCE = "https://help.aliyun.com/document_detail/101867.html"
DELIVERED = ("DELIVERED", "用户接收成功")


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """Receipts of any calls, single ones and batches mixed."""
    return _push(url, [_receipt(report) for report in reports])


def build_replies(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """Replies from any phones."""
    return _push(url, [_reply(world, report.message) for report in reports])


def _push(url: str, items: list[dict[str, Any]]) -> Callback:
    return Callback.json(url, items, kind="application/json;charset=utf-8")


def _receipt(report: Report) -> dict[str, Any]:
    message, row = report.message, report.row
    code, text = (str(row.code), row.message) if row else DELIVERED
    return {
        "phone_number": send.shown(message.to),
        "send_time": wire.date(message.at),
        "report_time": wire.date(report.since),
        "success": row is None,
        "err_code": code,
        "err_msg": text,
        "sms_size": str(message.segments),
        "biz_id": message.details["biz_id"],
        "out_id": message.details["out_id"],
    }


def _reply(world: World, reply: Message) -> dict[str, Any]:
    """Signature and extension are those of the message that is answered."""
    before = answered(world, reply)
    return {
        "phone_number": send.shown(reply.sender),
        "send_time": wire.date(reply.at),
        "content": reply.text,
        "sign_name": before.sender if before else reply.to,
        "dest_code": before.details["extension"] if before else "",
        "sequence_id": reply.sequence,
    }


def expects(status: int, body: bytes) -> str:
    """HTTP 200 and a numeric `code`, whichever."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    code = answer.get("code") if isinstance(answer, dict) else None
    numeric = isinstance(code, int | float) and not isinstance(code, bool)
    if status == 200 and numeric:
        return ""
    return 'a status of 200 and a number as code: {"code": 0, "msg": "接收成功"}'


RECEIPTS = Receipts(
    statuses=frozenset({"2", "3"}),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 600.0),
    timeout=10.0,  # how long an answer may take is UNVERIFIED
    source=SOURCE,
    batch=100,  # so is how many go out together
)

# What the platform does with the R of "拒收请回复R" is not documented, so it does nothing.
INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"received"}), build=build_replies),
    keywords={},
)


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
                days[wire.day(message.at)][exchange.provider.state(message, exchange.now)] += 1
        yield TURN
    rows = [_counts(day, days[day]) for day in sorted(days)]
    data = {"TotalSize": len(rows), "TargetList": rows[(at - 1) * size : at * size]}
    return wire.ok(exchange, Data=data)


def _slices(exchange: Exchange, start: float, end: float, to: str = "") -> Iterator[list[Message]]:
    # `until` is inclusive, and midnight belongs to the next day.
    return exchange.world.slices(
        provider=exchange.provider.name, to=to, since=start, until=end - 0.000001
    )


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
