"""Twilio's status callback.

https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from simulators.kernel.inbound import Inbound, Keyword
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A signed form; no two messages share one."""
    (report,) = reports
    known = world.credentials("twilio")
    channel = report.message.details.get("channel", "")
    fields = {
        "SmsSid": report.message.id,
        "SmsStatus": report.step.status,
        "MessageStatus": report.step.status,
        "To": channel + report.message.to,
        "MessageSid": report.message.id,
        "AccountSid": known["account_sid"],
        "From": channel + report.message.sender,
        "ApiVersion": "2010-04-01",
    }
    if "service" in report.message.details:
        fields["MessagingServiceSid"] = report.message.details["service"]
    if report.row is not None:
        fields["ErrorCode"] = str(report.row.code)
    if report.step.status in ("delivered", "undelivered"):
        done = datetime.fromtimestamp(report.since, UTC)
        fields["RawDlrDoneDate"] = done.strftime("%y%m%d%H%M")
    return _post(world, url, fields)


def _post(world: World, url: str, fields: Mapping[str, str]) -> Callback:
    known = world.credentials("twilio")
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("X-Twilio-Signature", signature(known["auth_token"], url, fields)),
        ("I-Twilio-Idempotency-Token", world.chance.uuid()),
        ("User-Agent", "TwilioProxy/1.1"),
        ("Accept", "*/*"),
    )
    return Callback("POST", url.partition("#")[0], headers, urlencode(fields).encode())


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and the sorted fields, name and value joined."""
    signed = url.partition("#")[0] + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def expects(status: int, _body: bytes) -> str:
    """Any 2xx acknowledges."""
    return "" if 200 <= status < 300 else f"a 2xx status, not {status}"


def build_inbound(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A reply from a phone, signed like a status callback.

    https://www.twilio.com/docs/messaging/guides/webhook-request
    """
    message = reports[0].message
    known = world.credentials("twilio")
    sid = "SM" + message.id.replace("-", "")
    fields = {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": message.text,
        "To": message.to,
        "NumSegments": str(message.segments),
        "MessageSid": sid,
        "AccountSid": known["account_sid"],
        "From": message.sender,
        "ApiVersion": "2010-04-01",
    }
    keyword = KEYWORDS.get(message.text.strip().upper())
    if keyword is not None:
        fields["OptOutType"] = keyword.upper()
    return _post(world, url, fields)


# https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-
KEYWORDS: Mapping[str, Keyword] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"), "stop"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "start"),
    **dict.fromkeys(("HELP", "INFO"), "help"),
}

RECEIPTS = Receipts(
    statuses=frozenset({"queued", "sent", "delivered", "undelivered", "failed", "canceled"}),
    build=build,
    expects=expects,
    retries=(1.0,),  # one more try on a failed connection; the pause is UNVERIFIED
    timeout=15.0,
    source="https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides",
)

INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"received"}), build=build_inbound),
    keywords=KEYWORDS,
)
