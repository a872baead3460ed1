"""What GatewayAPI posts to a webhook: one notification for each recipient and change of status.

https://gatewayapi.com/docs/apis/legacy/rest/ , "Delivery Status Notification" and "Authentication
token": with a secret, the same payload comes signed in the header `X-Gwapi-Signature`.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from simulators.kernel import phone
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.gatewayapi import signing


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """One notification, as JSON and as a JWT. Receivers trust the JWT and may not read the body."""
    (report,) = reports
    payload = notification(report)
    signed = signing.jwt(payload, world.credentials("gatewayapi")["webhook_secret"])
    headers = (
        ("Content-Type", "application/json"),
        ("Accept", "*/*"),
        ("X-Gwapi-Signature", signed),
    )
    return Callback("POST", url, headers, orjson.dumps(payload))


def notification(report: Report) -> dict[str, Any]:
    """The payload of one change of status."""
    message, row = report.message, report.row
    number = phone.parse(message.to)
    payload: dict[str, Any] = {
        "id": message.details["id"],
        "msisdn": int(message.to),
        "time": int(report.since),
        "status": report.step.status,
        "error": row.message if row else None,
        "code": row.code if row else None,
        "userref": message.details.get("userref"),
    }
    if number is not None:
        payload |= {"country_code": number.region, "country_prefix": number.country_code}
    return payload


def expects(status: int, _body: bytes) -> str:
    """Any 2xx acknowledges."""
    return "" if 200 <= status < 300 else f"a 2xx status, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset(
        {
            *("SCHEDULED", "BUFFERED", "ENROUTE", "DELIVERED", "EXPIRED", "DELETED"),
            *("UNDELIVERABLE", "ACCEPTED", "REJECTED", "SKIPPED"),
        }
    ),
    build=build,
    expects=expects,
    retries=(60.0, 120.0, 360.0, 1440.0, 7200.0, 43200.0),
    timeout=15.0,
    source="https://gatewayapi.com/docs/apis/legacy/rest/",
)
