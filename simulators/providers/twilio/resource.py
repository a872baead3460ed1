"""The Message resource in every state of a message's lifecycle.

https://www.twilio.com/docs/messaging/api/message-resource#message-properties
"""

from typing import Any

from simulators.kernel.message import Message, Step
from simulators.kernel.provider import Exchange
from simulators.providers.twilio import texts, wire

PRICE = 0.0079  # of a segment; any negative amount with five places would do
_UNPICKED = frozenset({"accepted", "scheduled", "canceled"})
_SENT = frozenset({"sent", "delivered", "undelivered", "read"})
FINISHED = frozenset({"delivered", "undelivered", "failed", "canceled", "read"})


def created(exchange: Exchange, message: Message) -> dict[str, Any]:
    """The resource as a create is answered, keys in the order of recorded answers."""
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    details = message.details
    service = details.get("service")
    # A service has picked nobody yet: no sender, and nobody who would count segments.
    unpicked = service is not None and step.status in _UNPICKED
    sent = _sent_at(exchange, message) if step.status in _SENT else None
    account = exchange.params["account_sid"]
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.id}"
    suffix = wire.suffix(exchange.call)
    error = exchange.provider.row(step.error) if step.error else None
    channel = details.get("channel", "")
    return {
        "sid": message.id,
        "date_created": wire.date(message.at),
        "date_updated": wire.date(max(since, details.get("updated", 0))),
        "date_sent": None if sent is None else wire.date(sent),
        "account_sid": account,
        "to": channel + _shown(message, step),
        "from": None if unpicked or not message.sender else channel + message.sender,
        "messaging_service_sid": service,
        "body": body(message, step),
        "status": step.status,
        "num_segments": "0" if unpicked else str(message.segments),
        "num_media": str(len(details.get("media", ()))),
        "direction": "outbound-api",
        "api_version": "2010-04-01",
        "price": None if sent is None else f"-{PRICE * message.segments:.5f}",
        "price_unit": "USD",
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
        "uri": uri + suffix,
        "subresource_uris": {"media": f"{uri}/Media{suffix}"},
    }


def full(exchange: Exchange, message: Message) -> dict[str, Any]:
    """The resource as it is read: with the URI of its feedback."""
    found = created(exchange, message)
    uris = found["subresource_uris"]
    uris["feedback"] = uris["media"].replace("/Media", "/Feedback")
    return found


def sent_at(exchange: Exchange, message: Message) -> float | None:
    """When a message was handed to the carrier, None if it was not (yet)."""
    step, _since = message.status(exchange.now, exchange.provider.lifecycles)
    return _sent_at(exchange, message) if step.status in _SENT else None


def body(message: Message, step: Step) -> str:
    """The text as Twilio still has it."""
    details = message.details
    gone = "redacted" in details or ("discard" in details and step.status in FINISHED)
    return "" if gone else message.text


def _shown(message: Message, step: Step) -> str:
    if "obfuscate" in message.details and step.status in FINISHED:
        return texts.masked(message.to)
    return message.to


def _sent_at(exchange: Exchange, message: Message) -> float:
    reached = [
        message.at + step.after
        for step in exchange.provider.steps(message.lifecycle)
        if step.status in _SENT
    ]
    return reached[0]
