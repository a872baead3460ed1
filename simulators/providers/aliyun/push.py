"""What Aliyun pushes to an account's URLs: receipts (SmsReport) and replies (SmsUp).

https://help.aliyun.com/document_detail/101867.html. Arrays of one or more, not signed. The fields
of SmsUp are UNVERIFIED.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from simulators.kernel.inbound import Inbound, answered
from simulators.kernel.message import Message
from simulators.kernel.receipts import Callback, Receipts, Report
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
    headers = (("Content-Type", "application/json;charset=utf-8"),)
    return Callback("POST", url, headers, orjson.dumps(items))


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
