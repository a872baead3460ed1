"""Messages: the resource at each point of its lifecycle; read, list, change and delete it; and what
hangs on it, media and feedback.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/messaging/api/media-resource
https://www.twilio.com/docs/messaging/api/message-feedback-resource
What Twilio forgets has still reached the phone: redacted and deleted messages stay in the inbox.
"""

import mimetypes
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from simulators.kernel import phone, receipts
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import from_iso
from simulators.kernel.message import Message, Step
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.reading import Fields, first
from simulators.kernel.steps import TURN, Steps
from simulators.providers.twilio import wire

PRICE = 0.0079  # of a segment; any negative amount with five places would do
LATEST = (
    35 * 86_400
)  # how far ahead a message may be scheduled: https://www.twilio.com/docs/api/errors/35117
_UNPICKED = frozenset({"accepted", "scheduled", "canceled"})
_SENT = frozenset({"sent", "delivered", "undelivered", "read"})
FINISHED = frozenset({"delivered", "undelivered", "failed", "canceled", "read"})
_TOKEN = re.compile(r"P([AB])((?:SM|MM)[0-9a-fA-F]{32})")
_OUTCOMES = ("confirmed", "unconfirmed")
_DAY = 86_400


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
        return wire.masked(message.to)
    return message.to


def _sent_at(exchange: Exchange, message: Message) -> float:
    reached = [
        message.at + step.after
        for step in exchange.provider.steps(message.lifecycle)
        if step.status in _SENT
    ]
    return reached[0]


def find(exchange: Exchange) -> Message:
    """The message in the path. Sent under test credentials, or deleted, it is unknown."""
    world = exchange.world
    message = world.store.find(world.id, exchange.params["sid"])
    if message is None or not readable(message):
        raise Refusal(Problem.NOT_FOUND)
    return message


def readable(message: Message) -> bool:
    """Whether Twilio has the message, and still has it."""
    details = message.details
    return message.provider == "twilio" and "test" not in details and "deleted" not in details


def fetch(exchange: Exchange) -> Reply:
    """One message."""
    return wire.reply(exchange, 200, full(exchange, find(exchange)), "Message")


def update(exchange: Exchange) -> Reply:
    """An empty Body redacts, Status=canceled cancels; nothing else can be changed, and not both at
    once: https://www.twilio.com/docs/errors/30400"""
    message, form = find(exchange), exchange.document["body"]
    if ("Status" in form) == ("Body" in form) or first(form, "Body"):
        raise Refusal("30400")
    if "Body" in form:
        message = _redact(exchange, message)
    elif first(form, "Status") == "canceled":
        message = _cancel(exchange, message)
    else:
        raise Refusal("30400")
    return wire.reply(exchange, 200, full(exchange, message), "Message")


def delete(exchange: Exchange) -> Reply:
    """Forgets a message that is finished."""
    message = find(exchange)
    _finished(exchange, message)
    _mark(exchange, message, deleted=True)
    return wire.empty(exchange)


def _cancel(exchange: Exchange, message: Message) -> Message:
    lifecycles = exchange.provider.lifecycles
    if message.status(exchange.now, lifecycles)[0].status != "scheduled":
        raise Refusal("30409")
    lifecycle = message.ending(exchange.now, Step(0, "canceled"), lifecycles)
    world = exchange.world
    canceled = world.store.change(world.id, message.id, lifecycle=lifecycle) or message
    reporting = exchange.provider.reporting(canceled)
    if reporting is not None:
        receipts.turn(reporting, world, canceled)
    return canceled


def _redact(exchange: Exchange, message: Message) -> Message:
    _finished(exchange, message)
    return _mark(exchange, message, redacted=True, updated=exchange.now)


def _finished(exchange: Exchange, message: Message) -> None:
    step, _since = message.status(exchange.now, exchange.provider.lifecycles)
    if step.status not in FINISHED:
        raise Refusal("20009")


def _mark(exchange: Exchange, message: Message, **marks: object) -> Message:
    world, details = exchange.world, {**message.details, **marks}
    return world.store.change(world.id, message.id, details=details) or message


def listed(exchange: Exchange) -> Turns:
    """One page. A token names the record it goes on after (PA) or ends before (PB)."""
    page = wire.wanted(exchange.document["query"])
    found, before, after = yield from _cut(exchange, page)
    body = wire.page(
        exchange,
        "messages",
        [full(exchange, message) for message in found],
        page,
        previous=f"PB{found[0].id}" if found and before else "",
        following=f"PA{found[-1].id}" if found and after else "",
    )
    return wire.reply(exchange, 200, body, root="Message")


def _cut(exchange: Exchange, page: wire.Wanted) -> Steps[tuple[list[Message], bool, bool]]:
    """The records of the page, and whether there are others before and after them."""
    side, start = _start(exchange, page.token) if page.token else ("A", 0)
    if side == "A":
        found = list[Message]()
        for some in _matching(exchange, start, 0):
            found += some
            if len(found) > page.size:
                break
            yield TURN
        return found[: page.size], bool(page.token), len(found) > page.size
    nearest = deque[Message](maxlen=page.size + 1)
    for some in _matching(exchange, 0, start):
        nearest += some
        yield TURN
    return list(nearest)[-page.size :], len(nearest) > page.size, True


def _start(exchange: Exchange, token: str) -> tuple[str, int]:
    parsed = _TOKEN.fullmatch(token)
    world = exchange.world
    message = world.store.find(world.id, parsed[2]) if parsed else None
    if parsed is None or message is None:
        raise Refusal("21481")
    return parsed[1], message.sequence


def _matching(exchange: Exchange, before: int, after: int) -> Iterator[list[Message]]:
    """Newest first, those that the filters of the query let through."""
    query: Fields = exchange.document["query"]
    earliest, latest = _sent_between(query)
    to, sender = (_number(first(query, name)) for name in ("To", "From"))
    # A message is sent when it is accepted or, scheduled, at most 35 days later.
    since = max(earliest - LATEST - _DAY, 0.0)
    by_date = any(name.startswith("DateSent") for name in query)

    def wanted(message: Message) -> bool:
        sent = sent_at(exchange, message) if by_date else earliest
        return readable(message) and sent is not None and earliest <= sent < latest

    for found in exchange.world.slices(
        provider="twilio",
        to=to,
        sender=sender,
        since=since,
        until=latest,
        before=before,
        after=after,
    ):
        yield list(filter(wanted, found))


def _number(text: str) -> str:
    plain = text.rpartition(":")[2]
    number = phone.parse(plain, "US") if plain else None
    return number.e164 if number is not None else plain


def _sent_between(query: Fields) -> tuple[float, float]:
    """The half-open interval that DateSent=, DateSent< and DateSent> (inclusive both) leave."""
    earliest, latest = 0.0, float("inf")
    for name in ("DateSent", "DateSent>", "DateSent<"):
        if first(query, name):
            start, end = _moment(first(query, name), whole_day=name == "DateSent")
            if name != "DateSent<":
                earliest = max(earliest, start)
            if name != "DateSent>":
                latest = min(latest, end)
    return earliest, latest


def _moment(text: str, *, whole_day: bool) -> tuple[float, float]:
    """A day, or a second. The SDKs write a day as its first second: alone it means the day."""
    try:
        start = from_iso(text)
    except (ValueError, OverflowError):
        raise Refusal("20001/value", name="DateSent") from None
    day = len(text) <= len("YYYY-MM-DD") or (whole_day and start % _DAY == 0)
    return start, start + (_DAY if day else 1)


def list_media(exchange: Exchange) -> Reply:
    """The media of a message, all kept for as long as the message is."""
    message = find(exchange)
    page = wire.wanted(exchange.document["query"])
    records = [_medium(exchange, message, *item) for item in _media(message)]
    start = page.number * page.size
    more = "PA" + records[-1]["sid"] if start + page.size < len(records) else ""
    body = wire.page(
        exchange, "media_list", records[start : start + page.size], page, following=more
    )
    return wire.reply(exchange, 200, body, root="Media")


def fetch_media(exchange: Exchange) -> Reply:
    """What is known of one medium."""
    message = find(exchange)
    return wire.reply(
        exchange, 200, _medium(exchange, message, *_medium_in_path(exchange, message)), "Media"
    )


def delete_media(exchange: Exchange) -> Reply:
    """Forgets one medium."""
    message = find(exchange)
    gone = _medium_in_path(exchange, message)
    left = [list(item) for item in _media(message) if item[0] != gone[0]]
    world = exchange.world
    world.store.change(world.id, message.id, details={**message.details, "media": left})
    return wire.empty(exchange)


def give_feedback(exchange: Exchange) -> Reply:
    """Keeps whether the person did what the message asked for."""
    message = find(exchange)
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


def _medium_in_path(exchange: Exchange, message: Message) -> Sequence[str]:
    for item in _media(message):
        if item[0] == exchange.params["media_sid"]:
            return item
    raise Refusal(Problem.NOT_FOUND)


def _medium(exchange: Exchange, message: Message, sid: str, url: str) -> dict[str, Any]:
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
