"""Attempts: every code that was sent, whether it was of use, and how many were.

https://www.twilio.com/docs/verify/api/list-verification-attempts
https://www.twilio.com/docs/verify/api/verification-attempts-summary
They are the messages that were kept, so those are listed that the inbox still has. Of an approved
verification the last attempt is the one that was converted.
"""

from collections.abc import Callable, Iterator
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import from_iso
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.reading import Fields, first
from simulators.kernel.steps import TURN, Steps
from simulators.kernel.verifications import State, Verification, Verifications
from simulators.providers.twilio import wire
from simulators.providers.twilio_verify import services

PRICE = 0.05  # of an attempt in dollars, whatever the country
_CONVERSIONS = frozenset({"converted", "unconverted"})
_DIGITS = 9  # of a percentage, as the example has it


def fetch(exchange: Exchange) -> Reply:
    """One attempt."""
    world = exchange.world
    message = world.store.find(world.id, exchange.params["sid"])
    if message is None or message.provider != exchange.provider.name:
        raise Refusal(Problem.NOT_FOUND)
    return wire.reply(exchange, 200, _resource(exchange, message), root="")


def listed(exchange: Exchange) -> Turns:
    """One page, newest first, of those that the filters of the query let through."""
    page = wire.wanted(exchange.document["query"])
    start = page.number * page.size
    records: list[dict[str, Any]] = []
    seen = 0
    for found in _matching(exchange):
        for message in found:
            seen += 1
            if start < seen <= start + page.size + 1:
                records.append(_resource(exchange, message))
        if len(records) > page.size:
            break
        yield TURN
    body = wire.page_of(exchange, "attempts", records, page)
    return wire.reply(exchange, 200, body, root="")


def summary(exchange: Exchange) -> Turns:
    """How many there were, and how many of them were of use."""
    total, converted = yield from _counted(exchange)
    percentage = round(100 * converted / total, _DIGITS) if total else 0.0
    body = {
        "total_attempts": total,
        "total_converted": converted,
        "total_unconverted": total - converted,
        "conversion_rate_percentage": f"{percentage:g}" if percentage % 1 == 0 else str(percentage),
        "url": services.url(exchange, "Attempts", "Summary"),
    }
    return wire.reply(exchange, 200, body, root="")


def _counted(exchange: Exchange) -> Steps[tuple[int, int]]:
    total = converted = 0
    for found in _matching(exchange):
        total += len(found)
        converted += sum(_converted(exchange, message) for message in found)
        yield TURN
    return total, converted


def _matching(exchange: Exchange) -> Iterator[list[Message]]:
    """Those that the filters let through, some at a time or none."""
    query: Fields = exchange.document["query"]
    since, until = _time(query, "DateCreatedAfter", 0.0), _time(query, "DateCreatedBefore", 9e99)
    wanted = _wanted(exchange, query)
    for found in exchange.world.slices(
        provider=exchange.provider.name,
        to=first(query, "ChannelData.To"),
        since=since,
        until=until,
    ):
        yield list(filter(wanted, found))


def _wanted(exchange: Exchange, query: Fields) -> Callable[[Message], bool]:
    details = {
        name: first(query, parameter)
        for name, parameter in (
            *(("channel", "Channel"), ("service", "VerifyServiceSid")),
            ("verification", "VerificationSid"),
        )
        if first(query, parameter)
    }
    country, status = first(query, "Country"), first(query, "Status")
    if status and status not in _CONVERSIONS:
        raise Refusal("60200/parameter", name="Status")

    def wanted(message: Message) -> bool:
        return (
            all(message.details[name] == value for name, value in details.items())
            and (not country or _country(message) == country)
            and (not status or _conversion(exchange, message) == status)
        )

    return wanted


def _time(query: Fields, name: str, default: float) -> float:
    text = first(query, name)
    if not text:
        return default
    try:
        return from_iso(text)
    except (ValueError, OverflowError):
        raise Refusal("60200/parameter", name=name) from None


def _verification(exchange: Exchange, message: Message) -> Verification | None:
    known = Verifications(exchange.world, exchange.provider.name)
    return known.find(message.details["verification"])


def _converted(exchange: Exchange, message: Message) -> bool:
    one = _verification(exchange, message)
    if one is None or one.state(exchange.now) is not State.APPROVED:
        return False
    return bool(one.sends) and one.sends[-1]["sid"] == message.id


def _conversion(exchange: Exchange, message: Message) -> str:
    return "converted" if _converted(exchange, message) else "unconverted"


def _status(exchange: Exchange, message: Message) -> str:
    if _converted(exchange, message):
        return "confirmed"
    one = _verification(exchange, message)
    live = one is not None and not one.closed and exchange.now < one.ends
    return "unconfirmed" if live else "expired"


def _country(message: Message) -> str:
    number = phone.parse(message.to)
    return number.region if number else ""


def _resource(exchange: Exchange, message: Message) -> dict[str, Any]:
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    details = message.details
    error = str(exchange.provider.row(step.error).code) if step.error else None
    return {
        "sid": message.id,
        "account_sid": exchange.credentials["account_sid"],
        "service_sid": details["service"],
        "verification_sid": details["verification"],
        "date_created": wire.iso(message.at),
        "date_updated": wire.iso(since),
        "conversion_status": _conversion(exchange, message),
        "channel": details["channel"],
        "price": {"value": str(PRICE), "currency": "USD"},
        "channel_data": {
            "verification_sid": details["verification"],
            "to": message.to,
            "status": _status(exchange, message),
            "message_status": step.status,
            "error_code": error,
            "country": _country(message),
            "code_length": details["code_length"],
            "locale": details["locale"],
            "mcc": None,
            "mnc": None,
            "carrier": None,
        },
        "url": services.url(exchange, "Attempts", message.id),
    }
