"""What GatewayAPI posts to a webhook: one notification for each recipient and change of status.

https://gatewayapi.com/docs/apis/legacy/rest/ , "Delivery Status Notification" and "Authentication
token": with a secret, the same payload comes signed in the header `X-Gwapi-Signature`. What phones
send ("MO SMS") is posted in the same way.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from simulators.kernel import phone
from simulators.kernel.inbound import Inbound
from simulators.kernel.message import Message
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World

FIRST_INBOUND = 1_000_000


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """One notification, as JSON and as a JWT. Receivers trust the JWT and may not read the body."""
    (report,) = reports
    return _post(world, url, notification(report))


def build_inbound(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """One message from a phone, likewise."""
    return _post(world, url, received(world, reports[0].message))


def _post(world: World, url: str, payload: dict[str, Any]) -> Callback:
    signed = jwt(payload, world.credentials("gatewayapi")["webhook_secret"])
    return Callback.json(url, payload, ("Accept", "*/*"), ("X-Gwapi-Signature", signed))


def jwt(payload: Mapping[str, Any], secret: str) -> str:
    """The payload as a signed token (RFC 7515, compact form, HS256), keys in the order given."""
    head = orjson.dumps({"typ": "JWT", "alg": "HS256"})
    signed = f"{_base64url(head)}.{_base64url(orjson.dumps(payload))}"
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


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


def received(world: World, message: Message) -> dict[str, Any]:
    """The payload of a message from a phone. What answers a name goes to the account's number: a
    name takes no replies."""
    number, to = phone.parse(message.sender), message.to.removeprefix("+")
    payload: dict[str, Any] = {
        "id": FIRST_INBOUND + message.sequence,
        "msisdn": int(message.sender),
        "receiver": int(
            to if to.isascii() and to.isdigit() else world.credentials("gatewayapi")["number"]
        ),
        "message": message.text,
        "senttime": int(message.at),
        "webhook_label": "inbound",
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

# The vendor documents no keywords that it acts on itself.
INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"RECEIVED"}), build=build_inbound),
    keywords={},
)
