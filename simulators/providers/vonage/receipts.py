"""Vonage's delivery receipt (DLR), by the HTTP method that the account has chosen.

https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
A receipt turns the names round: its `to` is the sender, the recipient is its `msisdn`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson

from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.vonage import routing, signing


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A query, a form or a JSON object, signed if the account's webhooks are."""
    (report,) = reports
    bent = world.load("vonage", {})
    fields = receipt(world, report)
    if bent.get("signed_webhooks"):
        sign(world, fields)
    method = bent.get("webhook_method", "POST-JSON")
    url = url.partition("#")[0]
    if method == "GET":
        return Callback("GET", f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}")
    if method == "POST":
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        return Callback("POST", url, headers, urlencode(fields).encode())
    return Callback("POST", url, (("Content-Type", "application/json"),), orjson.dumps(fields))


def receipt(world: World, report: Report) -> dict[str, str]:
    """The fields of a receipt, all of them strings."""
    message = report.message
    at = datetime.fromtimestamp(report.since, UTC)
    fields = {
        "msisdn": message.details["to"],
        "to": message.sender,
        "network-code": message.details["network"],
        "messageId": message.id,
        "price": f"{routing.PRICE:.8f}",
        "status": report.step.status,
        "scts": f"{at:%y%m%d%H%M}",
        "err-code": str(report.row.code) if report.row else "0",
        "api-key": world.credentials("vonage")["api_key"],
        "message-timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
    }
    if "client-ref" in message.details:
        fields["client-ref"] = message.details["client-ref"]
    return fields


def sign(world: World, fields: dict[str, str]) -> None:
    """Adds time, nonce and signature, which is upper-case here."""
    known = world.credentials("vonage")
    method = known["signature_method"]
    fields["timestamp"] = str(int(world.clock.now()))
    fields["nonce"] = world.chance.uuid()
    text = signing.string_to_sign(fields)
    secret = known["signature_secret"]
    fields["sig"] = signing.digest(
        method if method in signing.METHODS else "md5hash", secret, text
    ).upper()


def expects(status: int, _body: bytes) -> str:
    """200 to 205 acknowledge."""
    return "" if 200 <= status <= 205 else f"a status of 200 or 204, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset(
        {"accepted", "buffered", "delivered", "expired", "failed", "rejected", "unknown"}
    ),
    build=build,
    expects=expects,
    retries=(60.0, 120.0, 300.0, 600.0, 1800.0, *[3600.0] * 23),  # a day; the steps are UNVERIFIED
    timeout=10.0,
    source="https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts",
)
