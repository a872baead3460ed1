"""Vonage's delivery receipt (DLR) and inbound message, by the HTTP method the account has chosen.

https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
A receipt turns the names round: its `to` is the sender, the recipient is its `msisdn`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from simulators.kernel import segments
from simulators.kernel.inbound import Inbound
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.vonage import access, send


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A query, a form or a JSON object, signed if the account's webhooks are."""
    (report,) = reports
    return _call(world, url, receipt(world, report))


def build_inbound(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A message from a phone. What answers a name goes to the account's virtual number: a name
    takes no replies."""
    message = reports[0].message
    known = world.credentials("vonage")
    to = message.to.removeprefix("+")
    fields = {
        "api-key": known["api_key"],
        "msisdn": message.sender.removeprefix("+"),
        "to": to if to.isascii() and to.isdigit() else known["number"],
        "messageId": message.id,
        "text": message.text,
        "type": "text" if segments.is_gsm7(message.text) else "unicode",
        "keyword": "".join(message.text.split()[:1]).upper(),
        "message-timestamp": f"{datetime.fromtimestamp(message.at, UTC):%Y-%m-%d %H:%M:%S}",
    }
    return _call(world, url, fields)


def _call(world: World, url: str, fields: dict[str, str]) -> Callback:
    bent = world.load("vonage", {})
    if bent.get("signed_webhooks"):
        sign(world, fields)
    method = bent.get("webhook_method", "POST-JSON")
    url = url.partition("#")[0]
    if method == "GET":
        return Callback("GET", f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}")
    if method == "POST":
        return Callback.form(url, fields)
    return Callback.json(url, fields)


def receipt(world: World, report: Report) -> dict[str, str]:
    """The fields of a receipt, all of them strings."""
    message = report.message
    at = datetime.fromtimestamp(report.since, UTC)
    fields = {
        "msisdn": message.details["to"],
        "to": message.sender,
        "network-code": message.details["network"],
        "messageId": (message.id, *message.details["more"])[report.part],
        "price": f"{send.PRICE:.8f}",
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
    text = access.string_to_sign(fields)
    secret = known["signature_secret"]
    fields["sig"] = access.digest(
        method if method in access.METHODS else "md5hash", secret, text
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
    per_part=True,
    source="https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts",
)

# Keywords are the application's business; Vonage keeps no list of its own for them.
INBOUND = Inbound(
    receipts=replace(
        RECEIPTS,
        statuses=frozenset({"received"}),
        build=build_inbound,
        per_part=False,  # an inbound message goes out whole
        source="https://developer.vonage.com/en/messaging/sms/guides/inbound-sms",
    ),
    keywords={},
)
