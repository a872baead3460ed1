"""What an account can ask besides: its balance, the prices, its usage, the messages it received.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Check account balance", "Get usage by
label" and "MO SMS"; https://gatewayapi.com/docs/apis/legacy/pricing/ .
"""

import csv
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.reading import first
from simulators.kernel.steps import TURN
from simulators.providers.gatewayapi import prices, receipts, wire

CREDIT = 1234.56
PER_PAGE = 200


def me(exchange: Exchange) -> Reply:
    """The credit left; that of the vendor's example while none is counted."""
    number = zlib.crc32(exchange.world.id.encode()) % 1_000_000
    credit = float(exchange.world.load("balance", CREDIT))
    return wire.reply(200, {"credit": credit, "currency": prices.CURRENCY, "id": number})


def price_list(exchange: Exchange) -> Reply:
    """The prices as JSON or CSV; without credentials."""
    rows = [
        {
            "country": code,
            "country_name": country.name,
            "dkk": country.dkk,
            "eur": country.eur,
            "prefix": country.prefix,
        }
        for code, country in prices.COUNTRIES.items()
    ]
    if exchange.params["form"] == "json":
        return wire.reply(200, {"standard": rows, "premium": rows})
    if exchange.params["form"] != "csv":
        raise Refusal(Problem.NOT_FOUND)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return Reply(200, text.getvalue().encode(), [("Content-Type", "text/csv; charset=utf-8")])


def usage(exchange: Exchange) -> Turns:
    """SMS and cost of a range of days, both included, by label, country and class."""
    body = exchange.document["body"]
    if not isinstance(body, dict):
        raise Refusal(Problem.MALFORMED)
    since, until = _day(body.get("from")), _day(body.get("to"), 1)
    wanted = body.get("label")
    amounts: Counter[tuple[str | None, str, str]] = Counter()
    for found in _between(exchange, since, until):
        for message in found:
            number, details = phone.parse(message.to), message.details
            label = details.get("label")
            if wanted is None or label == wanted:
                region = number.region if number else ""
                amounts[label, region, details.get("class", "standard")] += message.segments
        yield TURN
    ordered = sorted(amounts, key=lambda key: (key[0] or "", *key[1:]))
    return wire.reply(200, [_used(*key, amounts[key]) for key in ordered])


def _used(label: str | None, region: str, of_class: str, amount: int) -> dict[str, object]:
    return {
        "amount": amount,
        "cost": round(amount * prices.price(region), 5),
        "country": region,
        "currency": prices.CURRENCY,
        "label": label,
        "messageclass_id": of_class,
    }


def _day(text: Any, more: int = 0) -> float:
    try:
        day = date.fromisoformat(text) + timedelta(days=more)
    except (TypeError, ValueError, OverflowError):
        raise Refusal("400/arguments") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _between(
    exchange: Exchange, since: float, until: float, *, inbound: bool = False
) -> Iterator[list[Message]]:
    # `until` is inclusive, and midnight belongs to the next day.
    return exchange.world.slices(
        provider=exchange.provider.name, inbound=inbound, since=since, until=until - 0.000001
    )


def received(exchange: Exchange) -> Turns:
    """The messages from phones of a range of days, a page at a time, oldest first."""
    query = exchange.document["query"]
    since, until = _day(first(query, "from")), _day(first(query, "to"), 1)
    page = _count(first(query, "page", "1"), 1_000_000)
    size = _count(first(query, "per_page", str(PER_PAGE)), PER_PAGE)
    found = list[Message]()
    for some in _between(exchange, since, until, inbound=True):
        found += some
        yield TURN
    wanted = found[::-1][(page - 1) * size : page * size]
    shown = [receipts.received(exchange.world, message) for message in wanted]
    pages = -(-len(found) // size)
    body = {"messages": shown, "page": page, "pages": pages, "per_page": size}
    return wire.reply(200, {**body, "results": len(found)})


def _count(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 9 and 1 <= int(text) <= most):
        raise Refusal("400/arguments")
    return int(text)
