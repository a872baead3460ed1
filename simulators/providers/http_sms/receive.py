"""Reads a message out of a request: in Logto's form, in a generic one, or at given places."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.kernel import phone, reading, segments
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Draft, Exchange, Refusal

SETTINGS = "http_sms"
_NAMES = {
    "to": ("to", "recipient", "phone", "phone_number", "phoneNumber", "number", "mobile", "msisdn"),
    "text": ("message", "text", "text_content", "content", "body", "msg", "code", "payload"),
    "type": ("type", "usage", "usageType"),
}


@dataclass(slots=True)
class Written:
    """What a request says of its message: `kind` is what it is sent for, `ip` the end user's
    address."""

    to: object
    text: str
    sender: str = ""
    kind: str = ""
    ip: str = ""
    details: dict[str, Any] = field(default_factory=dict)


Reader = Callable[[Exchange], Written]


def read(call: Call) -> Document:
    """Query and body, by content type."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.body(call))


def draft(written: Written) -> Draft:
    """The message of a request. Raises `Refusal` where it has no text, or is to nobody."""
    if not written.text:
        raise Refusal(Problem.MISSING_TEXT)
    if written.to in (None, ""):
        raise Refusal(Problem.MISSING_RECIPIENT)
    shown = str(written.to)
    number = phone.parse(shown if shown.startswith("+") else f"+{shown}")
    if number is None or not number.possible:
        raise Refusal(Problem.BAD_RECIPIENT, to=shown)
    return Draft(
        number=number.e164,
        region=number.region,
        sender=written.sender,
        text=written.text,
        segments=segments.count(written.text),
        template=written.kind,
        lifecycle="taken",
        ip=written.ip,
        details=written.details,
    )


def logto(exchange: Exchange) -> Written:
    """`to` and a payload with a code. The text is not known: its receiver would write it."""
    body = exchange.document["body"]
    if not isinstance(body, dict) or not isinstance(body.get("payload"), dict):
        raise Refusal(Problem.MALFORMED, detail="payload is not an object")
    payload, usage = body["payload"], body.get("type")
    code = payload.get("code") or payload.get("link")
    return Written(
        to=body.get("to"),
        text=f"{usage or 'Generic'} {code}" if code else "",
        kind=usage if isinstance(usage, str) else "",
        ip=str(body.get("ip") or ""),
        details={"payload": payload},
    )


def generic(exchange: Exchange) -> Written:
    """The recipient and the text, wherever the account's sender puts them."""
    settings = exchange.world.load(SETTINGS, {})

    def found(name: str) -> str:
        places: Sequence[str] = settings.get(name) or [
            f"{part}:{spelled}" for spelled in _NAMES[name] for part in ("query", "body")
        ]
        values = (_in_part(exchange.document, place) for place in places)
        return next((value for value in values if value), "")

    return Written(found("to"), found("text"), kind=found("type"))


def at(
    to: Sequence[str],
    text: Sequence[str],
    sender: str = "",
    kind: str = "",
    ip: str = "",
) -> Reader:
    """Reads what stands at fixed places of a body, `user.phone` say: the first of them that holds
    something, of the recipient and of the text."""

    def at_places(exchange: Exchange) -> Written:
        fields = sent(exchange)

        def found(*places: str) -> str:
            return next((value for place in places if (value := _at(fields, place))), "")

        return Written(found(*to), found(*text), found(sender), found(kind), found(ip))

    return at_places


def beside(to: str) -> Reader:
    """Reads what has a recipient by its name, and its text by any other."""

    def beside_it(exchange: Exchange) -> Written:
        fields = sent(exchange)
        others = (_plain(value) for name, value in fields.items() if name != to)
        return Written(_plain(fields.get(to)), next((one for one in others if one), ""))

    return beside_it


def sent(exchange: Exchange) -> Mapping[str, Any]:
    """The fields of a request: those of its body, or of its query where it has none."""
    body = exchange.document["body"]
    fields = body if isinstance(body, dict) else {} if body else exchange.document["query"]
    return fields if isinstance(fields, dict) else {}


def _at(fields: Any, place: str) -> str:
    for name in place.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    return _plain(fields)


def _in_part(found: Document, place: str) -> str:
    part, _, name = place.partition(":")
    value = found["headers"] if part == "header" else found.get(part)
    return _plain(value.get(name)) if isinstance(value, dict) else ""


def _plain(value: object) -> str:
    """A value, or the first of several, as a text."""
    if isinstance(value, list) and value:
        value = value[0]
    return str(value) if isinstance(value, str | int) and value != "" else ""
