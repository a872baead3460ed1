"""What becomes of messages, and what phones answer: posted to the application's URL, or pulled.

Callbacks: https://cloud.tencent.com/document/product/382/43547, an array of status reports, or one
reply. Pulled: https://cloud.tencent.com/document/api/382/55977, by the queue once, by number as
often as asked. Whether a callback that is not acknowledged is sent again is not documented.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from simulators.kernel import clock, phone, queues
from simulators.kernel.call import Reply
from simulators.kernel.inbound import Inbound, answered
from simulators.kernel.message import Message, State
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.steps import TURN
from simulators.kernel.world import World
from simulators.providers.tencent import access, send, wire

MOST, MOST_RECORDS = 100, 1000
DELIVERED = "用户短信送达成功"
FAILURES = ("UNDELIV", "EXPIRED", "REJECTD", "SUBFAIL", "MK:0001", "MI:0013", "MX:0003", "TD:0001")
KEYWORD = "-106"
SOURCE = "https://cloud.tencent.com/document/product/382/43547"


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """All reports as one JSON array."""
    return Callback.json(url, [_item(report) for report in reports])


def _item(report: Report) -> dict[str, Any]:
    message, row = report.message, report.row
    code = str(message.details["code"])
    return {
        "user_receive_time": clock.wall(report.since, clock.CHINA),
        "nationcode": code,
        "mobile": message.to.removeprefix(f"+{code}"),
        "report_status": "FAIL" if row else "SUCCESS",
        "errmsg": report.step.status,
        "description": row.message if row else DELIVERED,
        "sid": message.id,
    }


def expects(status: int, body: bytes) -> str:
    """`{"result": 0}` acknowledges."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    taken = isinstance(answer, dict) and answer.get("result") == 0
    return "" if status == 200 and taken else 'a status of 200 and {"result": 0, "errmsg": "OK"}'


def build_reply(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """One reply as a JSON object; not signed."""
    return Callback.json(url, payload(world, reports[0].message))


def payload(world: World, reply: Message) -> dict[str, Any]:
    """The fields of the callback. Signature and extension are those of the message that is
    answered."""
    known, before = phone.parse(reply.sender), answered(world, reply)
    code = str(known.country_code) if known else ""
    return {
        "nationcode": code,
        "mobile": reply.sender.removeprefix(f"+{code}"),
        "text": reply.text,
        "sign": before.sender if before else reply.to,
        "time": int(reply.at),
        "extend": before.details.get("extend", "") if before else "",
    }


RECEIPTS = Receipts(
    statuses=frozenset(("DELIVRD", KEYWORD, *FAILURES)),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),  # that it tries again, and when, is UNVERIFIED
    timeout=10.0,
    source=SOURCE,
    batch=100,
)

# What the platform does with the R of "拒收请回复R" is not documented, so it does nothing.
INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"received"}), build=build_reply, batch=1),
    keywords={},
)


def receipts(exchange: Exchange) -> Reply:
    """PullSmsSendStatus: the oldest receipts not handed out yet."""
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    limit, _offset = wire.window(given, MOST)
    found = queues.receipts(exchange, limit)
    return wire.succeed(exchange, PullSmsSendStatusSet=[_receipt(exchange, m) for m in found])


def receipts_of(exchange: Exchange) -> Turns:
    """PullSmsSendStatusByPhoneNumber: the receipts of one number in a span of time."""
    given, span = _by_number(exchange)
    limit, offset = wire.window(given, MOST)
    kept = list[Message]()
    for some in exchange.world.slices(
        provider=exchange.provider.name,
        to=_e164(given["PhoneNumber"]),
        since=span[0],
        until=span[1],
    ):
        kept += some
        yield TURN
        if len(kept) >= offset + limit:
            break
    final = [m for m in kept[: offset + limit] if exchange.provider.state(m, exchange.now).final]
    found = final[offset:]
    return wire.succeed(exchange, PullSmsSendStatusSet=[_receipt(exchange, m) for m in found])


def _by_number(exchange: Exchange) -> tuple[dict[str, Any], tuple[float, float]]:
    """The parameters of a query by number, and its span of time."""
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    return given, wire.seconds(given, exchange.now)


def _e164(text: str) -> str:
    """The number in E.164; raises `Refusal` where it is none."""
    found = send.number(text)
    if isinstance(found, str):
        raise Refusal(found)
    return found.e164


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


def records(exchange: Exchange) -> Turns:
    """DescribeSendRecordList: what became of the messages to one number, newest first. What was
    refused at once is not among them.

    https://cloud.tencent.com/document/api/382/137245
    """
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    limit, offset = wire.window({"Limit": 20, **given}, 50, furthest=MOST_RECORDS)
    begin, end = wire.seconds(given, exchange.now, back=3 * wire.DAY)
    if end > exchange.now:
        raise Refusal("InvalidParameterValue.EndTimeVerifyFail")
    name, number = exchange.provider.name, _e164(given["PhoneNumber"])
    kept = list[Message]()
    for some in exchange.world.slices(provider=name, to=number, since=begin, until=end):
        kept += some
        if len(kept) >= MOST_RECORDS:
            break
        yield TURN
    del kept[MOST_RECORDS:]
    rows = [_record(exchange, message) for message in kept[offset : offset + limit]]
    return wire.succeed(exchange, SendRecordSet=rows, TotalCount=len(kept))


def _record(exchange: Exchange, message: Message) -> dict[str, Any]:
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    state, code = exchange.provider.states[step.status], message.code
    delivered = state is State.DELIVERED
    hidden = f"{code[:1]}{'*' * (len(code) - 2)}{code[-1:]}"  # parameters are kept masked
    return {
        "PhoneNumber": message.to,
        "SerialNo": message.id,
        "SendStatus": 2 if delivered else 4 if state.final else 3,
        "RequestCode": "Ok",
        "StatusCode": step.status if state.final else "",
        "IsoCode": message.details["iso"],
        "Content": message.text.replace(code, hidden) if code else message.text,
        "SendTime": int(message.at),
        "UserReceiveTime": int(since) if delivered else 0,
    }


def replies(exchange: Exchange) -> Reply:
    """PullSmsReplyStatus: the oldest replies not handed out yet."""
    given = wire.parameters(exchange)
    access.own_app(exchange, given["SmsSdkAppId"])
    limit, _offset = wire.window(given, MOST)
    rows = [_reply_row(exchange.world, reply) for reply in queues.replies(exchange, limit)]
    return wire.succeed(exchange, PullSmsReplyStatusSet=rows)


def replies_of(exchange: Exchange) -> Turns:
    """PullSmsReplyStatusByPhoneNumber: the replies from one number in a span of time."""
    given, (begin, end) = _by_number(exchange)
    limit, offset = wire.window(given, MOST)
    number = _e164(given["PhoneNumber"])
    # Both ends are whole seconds, and so is the time of a reply.
    kept = list[Message]()
    for some in exchange.world.slices(
        provider=exchange.provider.name,
        inbound=True,
        sender=number,
        since=begin,
        until=end + 0.999999,
        oldest_first=True,
    ):
        kept += some
        yield TURN
        if len(kept) >= offset + limit:
            break
    found = kept[offset : offset + limit]
    rows = [_reply_row(exchange.world, reply) for reply in found]
    return wire.succeed(exchange, PullSmsReplyStatusSet=rows)


def _reply_row(world: World, reply: Message) -> dict[str, Any]:
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
