"""Create a message: from a form to a draft, and the message as its answer.

Parameters: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

import re
from typing import Any

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.message import Message
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.kernel.reading import Fields, first, many
from simulators.providers.twilio import wire

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_PRICE = 0.0079


def parse(exchange: Exchange) -> list[Draft]:
    """One draft: Twilio takes one recipient a request."""
    form: Fields = exchange.document["body"]
    number = _recipient(first(form, "To"))
    sender, service = first(form, "From"), first(form, "MessagingServiceSid")
    if not sender and not service:
        raise Refusal(Problem.MISSING_SENDER)
    text, media = first(form, "Body"), many(form, "MediaUrl")
    if not text and not media and not first(form, "ContentSid"):
        raise Refusal(Problem.MISSING_TEXT)
    if len(text) > 1600:
        raise Refusal(Problem.TEXT_TOO_LONG)
    draft = Draft(
        number=number.e164,
        region=number.region,
        sender=sender or exchange.credentials["number"],
        text=text,
        segments=segments.count(text),
        callback=first(form, "StatusCallback"),
        life="number",
    )
    if service:
        _use_service(exchange, draft, service)
    return [draft]


def _use_service(exchange: Exchange, draft: Draft, service: str) -> None:
    if not _SERVICE.fullmatch(service):
        raise Refusal("21705", sid=service)
    if service != exchange.credentials["messaging_service_sid"]:
        raise Refusal("21701")
    draft.details["service"] = service
    draft.deferred = True
    draft.life = "service"


def _recipient(to: str) -> phone.Number:
    if not to:
        raise Refusal(Problem.MISSING_RECIPIENT)
    number = phone.parse(to, "US")
    if number is None or not number.possible:
        raise Refusal(Problem.BAD_RECIPIENT, to=to, to_masked=wire.masked(to))
    return number


def answer(exchange: Exchange) -> Reply:
    """201 and the message resource."""
    message = exchange.outcomes[0].message
    assert message is not None  # noqa: S101 - a failure was refused before
    return wire.reply(exchange, 201, resource(exchange, message), root="Message")


def resource(exchange: Exchange, message: Message) -> dict[str, Any]:
    """The Message resource as it stands now, keys in the order of recorded answers."""
    provider = exchange.provider
    step, since = message.status(exchange.now, provider.lives)
    service = message.details.get("service")
    waiting = step.status in ("accepted", "scheduled")
    sent = step.status in ("sent", "delivered", "undelivered", "read")
    account = exchange.credentials["account_sid"]
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.id}"
    error = provider.row(step.error) if step.error else None
    return {
        "sid": message.id,
        "date_created": wire.date(message.at),
        "date_updated": wire.date(since),
        "date_sent": wire.date(since) if sent else None,
        "account_sid": account,
        "to": message.to,
        "from": None if waiting and service else message.sender,
        "messaging_service_sid": service,
        "body": message.text,
        "status": step.status,
        "num_segments": "0" if waiting and service else str(message.segments),
        "num_media": str(len(message.details.get("media", ()))),
        "direction": "outbound-api",
        "api_version": "2010-04-01",
        "price": f"-{_PRICE * message.segments:.5f}" if sent else None,
        "price_unit": "USD",
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
