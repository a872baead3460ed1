"""Reads a message in Logto's form or in a generic one, and answers as the account is set to."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.kernel import phone, reading, segments
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Draft, Exchange, Refusal
from simulators.kernel.script import raw

SETTINGS = "http_sms"
_NAMES = {
    "to": ("to", "recipient", "phone", "phone_number", "phoneNumber", "number", "mobile", "msisdn"),
    "text": ("message", "text", "text_content", "content", "body", "msg", "code", "payload"),
    "type": ("type", "usage", "usageType"),
}


def read(call: Call) -> Document:
    """Query and body, by content type."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.body(call))


def parse_webhook(exchange: Exchange) -> list[Draft]:
    """`to` and a payload with a code. The text is not known: its receiver would write it."""
    body = exchange.document["body"]
    if not isinstance(body, dict) or not isinstance(body.get("payload"), dict):
        raise Refusal(Problem.MALFORMED, detail="payload is not an object")
    payload, usage = body["payload"], body.get("type")
    code = payload.get("code") or payload.get("link")
    if not code:
        raise Refusal(Problem.MISSING_TEXT)
    draft = _draft(body.get("to"), f"{usage or 'Generic'} {code}")
    draft.template = usage if isinstance(usage, str) else ""
    draft.details = {"payload": payload}
    draft.ip = str(body.get("ip") or "")
    return [draft]


def parse_generic(exchange: Exchange) -> list[Draft]:
    """The recipient and the text, wherever the account's sender puts them."""
    settings = exchange.world.load(SETTINGS, {})
    text = _found(exchange, settings, "text")
    if not text:
        raise Refusal(Problem.MISSING_TEXT)
    draft = _draft(_found(exchange, settings, "to"), text)
    draft.template = _found(exchange, settings, "type")
    return [draft]


def _draft(to: object, text: str) -> Draft:
    if to in (None, ""):
        raise Refusal(Problem.MISSING_RECIPIENT)
    shown = str(to)
    number = phone.parse(shown if shown.startswith("+") else f"+{shown}")
    if number is None or not number.possible:
        raise Refusal(Problem.BAD_RECIPIENT, to=shown)
    return Draft(
        number=number.e164,
        region=number.region,
        text=text,
        segments=segments.count(text),
        lifecycle="taken",
    )


def _found(exchange: Exchange, settings: Mapping[str, Any], field: str) -> str:
    """The first of the field's places that holds something."""
    places: Sequence[str] = settings.get(field) or [
        f"{part}:{name}" for name in _NAMES[field] for part in ("query", "body")
    ]
    for place in places:
        part, _, name = place.partition(":")
        value = _part(exchange.document, part).get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str | int) and value != "":
            return str(value)
    return ""


def _part(found: Document, part: str) -> Mapping[str, Any]:
    value = found["headers"] if part == "header" else found.get(part)
    return value if isinstance(value, dict) else {}


def answer(exchange: Exchange) -> Reply:
    """200 and an empty object, or what the account has set: any 2xx means handed off."""
    wanted = exchange.world.load(SETTINGS, {}).get("answer")
    if wanted is not None:
        return raw(wanted)
    return Reply.json(200, {})
