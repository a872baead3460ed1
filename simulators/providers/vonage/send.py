"""Submit an SMS: from parameters to a draft, where it goes and at what price, and the answer, one
element for each part.

Parameters: https://developer.vonage.com/en/api/sms#send-an-sms
Throughput is counted in requests, not in parts.
"""

from types import MappingProxyType
from typing import Any

from simulators.kernel import phone, reading, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft, Exchange, Failure, Outcome, Refusal
from simulators.providers.vonage import wire

PRICE = 0.0333  # euro a part, the figure of the documents for every destination
BALANCE = 10.28  # what an account shows whose credit is not counted

# A large network of each country (ITU E.212); elsewhere the code that the documents show.
NETWORKS = MappingProxyType(
    {
        "AU": "50501", "BO": "73602", "BR": "72410", "CA": "302720", "CN": "46000",
        "DE": "26201", "DK": "23801", "ES": "21407", "FR": "20801", "GB": "23410",
        "HK": "45400", "IN": "40410", "IT": "22210", "JP": "44010", "NL": "20408",
        "PL": "26001", "RU": "25001", "SE": "24001", "SG": "52501", "US": "310260",
    }
)  # fmt: skip
ANY_NETWORK = "12345"


def network(region: str) -> str:
    """The MCC and MNC of a number in this region."""
    return NETWORKS.get(region, ANY_NETWORK)


def trial_numbers(exchange: Exchange) -> list[str] | None:
    """The numbers a trial account may send to, None for an account that is none."""
    numbers: list[str] | None = exchange.world.load("vonage", {}).get("test_numbers")
    return numbers


def on_trial(exchange: Exchange, draft: Draft) -> Failure | None:
    """Status 29 for a trial account's message to a number that is not on its list."""
    numbers = trial_numbers(exchange)
    if numbers is None or draft.number in numbers:
        return None
    return exchange.fail("29", to=draft.number)


def sender_allowed(exchange: Exchange, draft: Draft) -> Failure | None:
    """Status 15 where only numbers are senders, for an account that this is asked of."""
    regions = exchange.world.load("vonage", {}).get("numeric_sender_regions", ())
    if draft.region not in regions or draft.sender.isdigit():
        return None
    return exchange.fail(Problem.BAD_SENDER, to=draft.number)


def shown(exchange: Exchange, draft: Draft, to_come: int = 0) -> dict[str, str]:
    """What routing adds to an element that has `to_come` more parts of its message behind it."""
    uncharged = 0.0 if exchange.world.load("balance") is None else PRICE * to_come
    return {
        "to": draft.details["to"],
        "remaining-balance": f"{balance(exchange) + uncharged:.8f}",
        "message-price": f"{PRICE:.8f}",
        "network": draft.details["network"],
    }


def balance(exchange: Exchange) -> float:
    """The account's credit in euro."""
    counted: float | None = exchange.world.load("balance")
    return BALANCE if counted is None else counted


_THROUGHPUT = "https://help.nexmo.com/hc/en-us/articles/203993598"


def american_number(draft: Draft) -> bool:
    """Whether the sender is a long number of the United States or Canada."""
    return len(draft.sender) == 11 and draft.sender.isdigit() and draft.sender[0] == "1"


LIMITS = (
    Limit(
        name="account-second",
        permits=30,
        seconds=1,
        kind="natural",
        key=(),
        error="1/account",
        source=_THROUGHPUT,
    ),
    Limit(
        name="us-number-second",
        permits=1,
        seconds=1,
        kind="natural",
        key=("sender",),
        error="1",
        source=_THROUGHPUT,
        applies=american_number,
        where=MappingProxyType({"sender": "^1[0-9]{10}$"}),
    ),
)


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
    if trial_numbers(exchange) is not None:
        text += " [FREE SMS DEMO, TEST MESSAGE]"
    parts = 1 if kind == "binary" else segments.count(text, unicode=kind == "unicode")
    details: dict[str, Any] = {
        "to": given["to"],
        "network": network(number.region),
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
            lifecycle="sms",
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
        if value and reading.whole(value, least, most) is None:
            raise Refusal(error, name=name)
    callback = given.get("callback", "")
    if callback and (len(callback) > 100 or not callback.startswith(("http://", "https://"))):
        raise Refusal("23")
    if len(given.get("client-ref", "")) > 100:
        raise Refusal("3/value", name="client-ref")


def answer(exchange: Exchange) -> Reply:
    """HTTP 200, accepted or not."""
    outcome = exchange.outcomes[0]
    failure = outcome.failure
    if failure is None:
        return wire.submission(exchange, accepted(exchange, outcome))
    refused = wire.element(failure, shown(exchange, outcome.draft))
    taken = (failure.row.extra or {}).get("from_part", 1) - 1
    if not taken or outcome.draft.segments == 1:
        return wire.submission(exchange, [refused])
    first = accepted(exchange, outcome)[:taken]
    return wire.submission(exchange, [*first, *[refused] * (outcome.draft.segments - taken)])


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
        known = shown(exchange, draft, len(parts) - at)
        head = {"to": known.pop("to"), "message-id": part, "status": "0"}
        found.append({**head, **known, **echoed})
    return found
