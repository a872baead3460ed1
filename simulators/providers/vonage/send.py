"""Submit an SMS: from parameters to a draft, and one element of the answer for each part.

Parameters: https://developer.vonage.com/en/api/sms#send-an-sms
"""

from types import MappingProxyType
from typing import Any

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Draft, Exchange, Failure, Outcome, Refusal
from simulators.providers.vonage import routing, wire

MAX_TEXT = 3200
MAX_OCTETS = 140

# The fields a type needs, and that its text is made of.
CONTENT = MappingProxyType(
    {
        "text": ("text",),
        "unicode": ("text",),
        "binary": ("body",),
        "wappush": ("title", "url"),
        "vcal": ("vcal",),
        "vcard": ("vcard",),
    }
)

# Whole numbers within bounds, and the row for those that are not.
RANGES = MappingProxyType(
    {
        "ttl": (20_000, 604_800_000, "16"),
        "message-class": (0, 3, "20"),
        "protocol-id": (0, 255, "3/value"),
    }
)


def parse(exchange: Exchange) -> list[Draft]:
    """One draft: a request has one recipient."""
    given = wire.parameters(exchange.document)
    sender = _sender(given)
    number = _recipient(given)
    kind = given.get("type") or "text"
    text = _content(given, kind)
    _check_options(given)
    if routing.trial_numbers(exchange) is not None:
        text += " [FREE SMS DEMO, TEST MESSAGE]"
    parts = 1 if kind == "binary" else segments.count(text, unicode=kind == "unicode")
    details: dict[str, Any] = {
        "to": given["to"],
        "network": routing.network(number.region),
        "more": [exchange.world.chance.uuid() for _ in range(parts - 1)],
    }
    details.update({n: given[n] for n in ("client-ref", "account-ref") if given.get(n)})
    silent = given.get("status-report-req", "").lower() in ("false", "0")
    return [
        Draft(
            number=number.e164,
            region=number.region,
            sender=sender,
            text=text,
            segments=parts,
            callback=None if silent else given.get("callback", ""),
            life="sms",
            validity=int(given["ttl"]) / 1000 if given.get("ttl") else None,
            details=details,
        )
    ]


def _sender(given: dict[str, str]) -> str:
    if not given.get("from"):
        raise Refusal(Problem.MISSING_SENDER, name="from")
    sender = given["from"].replace(" ", "")
    digits = sender.isascii() and sender.isdigit()
    if len(sender) > (15 if digits else 11):
        raise Refusal(Problem.BAD_SENDER)
    return sender


def _recipient(given: dict[str, str]) -> phone.Number:
    to = given.get("to")
    if not to:
        raise Refusal(Problem.MISSING_RECIPIENT, name="to")
    if not (to.isascii() and to.isdigit()):
        raise Refusal(Problem.BAD_RECIPIENT)
    # https://help.nexmo.com/hc/en-us/articles/206515367: no leading + or 00, nothing is repaired.
    number = phone.parse(f"+{to}")
    if to.startswith("0") or number is None or not number.possible:
        raise Refusal("6", to=to)
    return number


def _content(given: dict[str, str], kind: str) -> str:
    if kind not in CONTENT:
        raise Refusal("3/value", name="type")
    for name in CONTENT[kind]:
        if not given.get(name):
            raise Refusal(Problem.MISSING_TEXT, name=name)
    text = " ".join(given[name] for name in CONTENT[kind])
    if kind == "binary":
        return _hex(given)
    if len(text) > MAX_TEXT:
        raise Refusal(Problem.TEXT_TOO_LONG)
    if kind == "unicode" or segments.is_gsm7(text):
        return text
    return "".join(char if segments.is_gsm7(char) else "?" for char in text)


def _hex(given: dict[str, str]) -> str:
    for name in ("udh", "body"):
        try:
            bytes.fromhex(given.get(name, ""))
        except ValueError:
            raise Refusal("3/value", name=name) from None
    octets = given.get("udh", "") + given["body"]
    if len(octets) > 2 * MAX_OCTETS:
        raise Refusal(Problem.TEXT_TOO_LONG)
    return octets


def _check_options(given: dict[str, str]) -> None:
    for name, (least, most, error) in RANGES.items():
        value = given.get(name)
        if value and not (_whole(value) and least <= int(value) <= most):
            raise Refusal(error, name=name)
    callback = given.get("callback", "")
    if callback and (len(callback) > 100 or not callback.startswith(("http://", "https://"))):
        raise Refusal("23")
    if len(given.get("client-ref", "")) > 100:
        raise Refusal("3/value", name="client-ref")


def _whole(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 9


def answer(exchange: Exchange) -> Reply:
    """HTTP 200, accepted or not."""
    outcome = exchange.outcomes[0]
    failure = outcome.failure
    if failure is None:
        return wire.submission(exchange, accepted(exchange, outcome))
    refused = element(failure, routing.shown(exchange, outcome.draft))
    taken = (failure.row.extra or {}).get("from_part", 1) - 1
    if not taken or outcome.draft.segments == 1:
        return wire.submission(exchange, [refused])
    first = accepted(exchange, outcome)[:taken]
    return wire.submission(exchange, [*first, *[refused] * (outcome.draft.segments - taken)])


def element(failure: Failure, known: dict[str, str]) -> dict[str, str]:
    """One refused part. Some rows come from behind the routing and carry what was known there."""
    carried = (failure.row.extra or {}).get("carries", ())
    found = {name: known[name] for name in carried if name in known}
    return {**found, "status": str(failure.row.code), "error-text": failure.text}


def accepted(exchange: Exchange, outcome: Outcome) -> list[dict[str, str]]:
    """The parts of a message that was taken; the account's credit has fallen by all of them."""
    draft, message = outcome.draft, outcome.message
    first = message.id if message else exchange.world.chance.uuid()
    echoed: dict[str, str] = {
        n: draft.details[n] for n in ("client-ref", "account-ref") if n in draft.details
    }
    found: list[dict[str, str]] = []
    parts = (first, *draft.details["more"])
    for at, part in enumerate(parts, 1):
        known = routing.shown(exchange, draft, len(parts) - at)
        head = {"to": known.pop("to"), "message-id": part, "status": "0"}
        found.append({**head, **known, **echoed})
    return found
