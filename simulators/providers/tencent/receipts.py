"""The status report that Tencent posts to the URL of an application.

https://cloud.tencent.com/document/product/382/43547: an array of one or more. Whether a report
that is not acknowledged is sent again is not documented, so it is not.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.tencent.pages import BEIJING

DELIVERED = "用户短信送达成功"
FAILURES = ("UNDELIV", "EXPIRED", "REJECTD", "SUBFAIL", "MK:0001", "MI:0013", "MX:0003", "TD:0001")
KEYWORD = "-106"
SOURCE = "https://cloud.tencent.com/document/product/382/43547"


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """All reports as one JSON array."""
    body = orjson.dumps([_item(report) for report in reports])
    return Callback("POST", url, (("Content-Type", "application/json"),), body)


def _item(report: Report) -> dict[str, Any]:
    message, row = report.message, report.row
    code = str(message.details["code"])
    return {
        "user_receive_time": f"{datetime.fromtimestamp(report.since, BEIJING):%Y-%m-%d %H:%M:%S}",
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


RECEIPTS = Receipts(
    statuses=frozenset(("DELIVRD", KEYWORD, *FAILURES)),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),  # that it tries again, and when, is UNVERIFIED
    timeout=10.0,
    source=SOURCE,
    batch=100,
)
