"""What became of a message: the log of deliveries, as CloudWatch Logs would have it.

https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html. AWS calls no URL of a
customer's: it writes a document into one of two log groups, from where a subscription filter hands
it to a function. What is posted to the account's URL for receipts is the event that such a function
is invoked with, as Lambda's runtime takes it; the control API shows it beside the message.
"""

import base64
import gzip
from collections.abc import Sequence
from typing import Any

import orjson

from simulators.kernel import clock
from simulators.kernel.catalogue import ErrorRow
from simulators.kernel.message import Message
from simulators.kernel.provider import LogEntry
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World

SUCCESS, FAILURE = "SUCCESS", "FAILURE"
ACCEPTED = "Message has been accepted by phone carrier"
SOURCE = "https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html"
LOGS = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html"
    "#LambdaFunctionExample"
)
_NETWORK = {"US": (310, 270)}  # code of country and of network, as the vendor's example has them


def logged(
    world: World, message: Message, status: str, since: float, row: ErrorRow | None
) -> LogEntry | None:
    """The log group and the document in it, None while nothing is known."""
    if status not in (SUCCESS, FAILURE):
        return None
    known = world.credentials("aws_sns")
    group = f"sns/{message.details.get('region') or known.get('region', '')}"
    group += f"/{known.get('account_id', '')}/DirectPublishToPhoneNumber"
    told = _document(message, status, since, row)
    return LogEntry(f"{group}/Failure" if status == FAILURE else group, told)


def _document(message: Message, status: str, since: float, row: ErrorRow | None) -> dict[str, Any]:
    delivery: dict[str, Any] = {
        "destination": message.to,
        "smsType": message.details.get("type", "Promotional"),
        "providerResponse": row.message if row else ACCEPTED,
        "dwellTimeMs": 100,
    }
    if row is None or not (row.extra or {}).get("unsent"):
        country, network = _NETWORK.get(message.details.get("iso", ""), (0, 0))
        told = max(int((since - message.at) * 1000), 0)
        delivery |= {
            "priceInUSD": message.details.get("price", 0.0),
            "mcc": country,
            "mnc": network,
            "dwellTimeMsUntilDeviceAck": told,
        }
    at = f"{clock.wall(message.at)}.{int(message.at * 1000) % 1000:03d}"
    return {
        "notification": {"messageId": message.id, "timestamp": at},
        "delivery": delivery,
        "status": status,
    }


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """The event of a subscription filter: a zipped document with the events of one log group."""
    report = reports[0]
    entry = logged(world, report.message, report.step.status, report.since, report.row)
    assert entry is not None  # noqa: S101 - no other status is reported
    event = {
        "id": f"{int(report.since * 1000):020d}{report.message.sequence:036d}",
        "timestamp": int(report.since * 1000),
        "message": orjson.dumps(entry.document).decode(),
    }
    told = {
        "messageType": "DATA_MESSAGE",
        "owner": world.credentials("aws_sns").get("account_id", ""),
        "logGroup": entry.group,
        "logStream": report.message.id,
        "subscriptionFilters": ["sms-simulators"],
        "logEvents": [event],
    }
    packed = base64.b64encode(gzip.compress(orjson.dumps(told), mtime=0)).decode()
    return Callback.json(url, {"awslogs": {"data": packed}})


def expects(status: int, _body: bytes) -> str:
    """A function that was invoked answers 200, whatever it returns."""
    return "" if 200 <= status < 300 else "a status of 2xx"


RECEIPTS = Receipts(
    statuses=frozenset({SUCCESS, FAILURE}),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),  # for 24 hours, says the page; in which steps is UNVERIFIED
    timeout=10.0,
    source=LOGS,
)
