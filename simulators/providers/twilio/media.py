"""What hangs on a message: its media, and the feedback on it.

https://www.twilio.com/docs/messaging/api/media-resource
https://www.twilio.com/docs/messaging/api/message-feedback-resource
"""

import mimetypes
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import first
from simulators.providers.twilio import messages, paging, wire

_OUTCOMES = ("confirmed", "unconfirmed")


def listed(exchange: Exchange) -> Reply:
    """The media of a message, all kept for as long as the message is."""
    message = messages.find(exchange)
    page = paging.wanted(exchange.document["query"])
    records = [_resource(exchange, message, *item) for item in _media(message)]
    start = page.number * page.size
    more = "PA" + records[-1]["sid"] if start + page.size < len(records) else ""
    body = paging.page(
        exchange, "media_list", records[start : start + page.size], page, following=more
    )
    return wire.reply(exchange, 200, body, root="Media")


def fetch(exchange: Exchange) -> Reply:
    """What is known of one medium."""
    message = messages.find(exchange)
    return wire.reply(
        exchange, 200, _resource(exchange, message, *_one(exchange, message)), "Media"
    )


def delete(exchange: Exchange) -> Reply:
    """Forgets one medium."""
    message = messages.find(exchange)
    gone = _one(exchange, message)
    left = [list(item) for item in _media(message) if item[0] != gone[0]]
    world = exchange.world
    world.store.change(world.id, message.id, details={**message.details, "media": left})
    return wire.empty(exchange)


def give_feedback(exchange: Exchange) -> Reply:
    """Keeps whether the person did what the message asked for."""
    message = messages.find(exchange)
    outcome = first(exchange.document["body"], "Outcome", "unconfirmed")
    if outcome not in _OUTCOMES:
        raise Refusal("20001/value", name="Outcome")
    created = message.details.get("feedback", (outcome, exchange.now))[1]
    details = {**message.details, "feedback": [outcome, created]}
    exchange.world.store.change(exchange.world.id, message.id, details=details)
    account = exchange.params["account_sid"]
    path = f"/2010-04-01/Accounts/{account}/Messages/{message.id}/Feedback"
    body = {
        "account_sid": account,
        "message_sid": message.id,
        "outcome": outcome,
        "date_created": wire.date(created),
        "date_updated": wire.date(exchange.now),
        "uri": path + wire.suffix(exchange.call),
    }
    return wire.reply(exchange, 200, body, root="Feedback")


def _media(message: Message) -> Sequence[Sequence[str]]:
    kept: Sequence[Sequence[str]] = message.details.get("media", ())
    return kept


def _one(exchange: Exchange, message: Message) -> Sequence[str]:
    for item in _media(message):
        if item[0] == exchange.params["media_sid"]:
            return item
    raise Refusal(Problem.NOT_FOUND)


def _resource(exchange: Exchange, message: Message, sid: str, url: str) -> dict[str, Any]:
    account = exchange.params["account_sid"]
    path = f"/2010-04-01/Accounts/{account}/Messages/{message.id}/Media/{sid}"
    guessed, _encoding = mimetypes.guess_type(urlsplit(url).path, strict=True)
    return {
        "sid": sid,
        "account_sid": account,
        "parent_sid": message.id,
        "content_type": guessed or "application/octet-stream",
        "date_created": wire.date(message.at),
        "date_updated": wire.date(message.at),
        "uri": path + wire.suffix(exchange.call),
    }
