"""What the Messages API tells the application: a message's status, and a message from a phone.

https://developer.vonage.com/en/api/messages#message-status
https://developer.vonage.com/en/api/messages#inbound-message
`to` is the recipient here, unlike in the receipts of the SMS API.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from simulators.kernel import clock
from simulators.kernel.inbound import Inbound
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.vonage import application
from simulators.providers.vonage import send as sms
from simulators.providers.vonage_messages import send

SOURCE = "https://developer.vonage.com/en/api/messages#message-status"
TYPE = "https://developer.vonage.com/api-errors/messages#"
_TIME = "%Y-%m-%dT%H:%M:%SZ"

# What our words are on the wire, where they are others.
WIRE = MappingProxyType({"expired": "undeliverable"})


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A status."""
    (report,) = reports
    message, status, row = report.message, report.step.status, report.row
    told: dict[str, Any] = {
        "message_uuid": message.id,
        "to": message.details["to"],
        "from": message.sender,
        "timestamp": clock.wall(report.since, form=_TIME),
        "status": WIRE.get(status, status),
    }
    if "client_ref" in message.details:
        told["client_ref"] = message.details["client_ref"]
    if row is not None:
        kind = {"type": f"{TYPE}{row.code}", "title": str(row.code), "detail": row.text({})}
        told["error"] = {**kind, "instance": world.chance.uuid()}
    told["usage"] = _usage(message.segments)
    if "workflow" in message.details:
        names = ("workflow_id", "items_number", "items_total")
        told["workflow"] = dict(zip(names, message.details["workflow"], strict=True))
    told["channel"] = "sms"
    told["destination"] = {"network_code": message.details["network"]}
    told["sms"] = {"count_total": str(message.segments)}
    return application.webhook(world, send.NAME, url, told)


def _usage(parts: int) -> dict[str, str]:
    return {"currency": "EUR", "price": f"{sms.PRICE * parts:.4f}"}


def build_inbound(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A message from a phone. What answers a name goes to the account's virtual number: a name
    takes no replies."""
    message = reports[0].message
    known = world.credentials(send.NAME)
    to = message.to.removeprefix("+")
    told = {
        "channel": "sms",
        "message_uuid": message.id,
        "to": to if to.isascii() and to.isdigit() else known["number"],
        "from": message.sender.removeprefix("+"),
        "timestamp": clock.wall(message.at, form=_TIME),
        "text": message.text,
        "message_type": "text",
        "sms": {
            "num_messages": str(message.segments),
            "keyword": "".join(message.text.split()[:1]).upper(),
        },
        "usage": _usage(message.segments),
        "origin": {"network_code": sms.ANY_NETWORK},
    }
    return application.webhook(world, send.NAME, url, told)


def expects(status: int, _body: bytes) -> str:
    """200 to 205 acknowledge."""
    return "" if 200 <= status <= 205 else f"a status of 200 or 204, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset({"submitted", "delivered", "rejected", "undeliverable", "expired"}),
    build=build,
    expects=expects,
    retries=(60.0, 120.0, 300.0, 600.0, 1800.0, *[3600.0] * 23),  # a day; the steps are UNVERIFIED
    timeout=10.0,
    source=SOURCE,
)

# Keywords are the application's business; Vonage keeps no list of its own for them.
INBOUND = Inbound(
    receipts=replace(
        RECEIPTS,
        statuses=frozenset({"received"}),
        build=build_inbound,
        source="https://developer.vonage.com/en/api/messages#inbound-message",
    ),
    keywords={},
)
