"""What an account can ask besides: its balance, the prices, its usage, the messages it received.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Check account balance", "Get usage by
label" and "MO SMS"; https://gatewayapi.com/docs/apis/legacy/pricing/ . The vendor's prices change;
0.307 DKK to Denmark was one of 2026. All others are this simulator's.
"""

import csv
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.reading import first, whole
from simulators.kernel.steps import TURN
from simulators.providers.gatewayapi import receipts, wire

CURRENCY = "DKK"


class Country(NamedTuple):
    """`prefix` is the calling code, `dkk` and `eur` the price of one SMS of class standard."""

    name: str
    prefix: int
    mcc: int
    dkk: float = 0.5
    eur: float = 0.067


COUNTRIES = MappingProxyType(
    {
        "AE": Country("United Arab Emirates", 971, 424),
        "AT": Country("Austria", 43, 232),
        "AU": Country("Australia", 61, 505),
        "BE": Country("Belgium", 32, 206),
        "BR": Country("Brazil", 55, 724),
        "CA": Country("Canada", 1, 302),
        "CH": Country("Switzerland", 41, 228),
        "CN": Country("China", 86, 460),
        "CZ": Country("Czechia", 420, 230),
        "DE": Country("Germany", 49, 262),
        "DK": Country("Denmark", 45, 238, 0.307, 0.0412),
        "EE": Country("Estonia", 372, 248),
        "ES": Country("Spain", 34, 214),
        "FI": Country("Finland", 358, 244),
        "FO": Country("Faroe Islands", 298, 288),
        "FR": Country("France", 33, 208),
        "GB": Country("United Kingdom", 44, 234),
        "GL": Country("Greenland", 299, 290),
        "GR": Country("Greece", 30, 202),
        "HK": Country("Hong Kong", 852, 454),
        "ID": Country("Indonesia", 62, 510),
        "IE": Country("Ireland", 353, 272),
        "IN": Country("India", 91, 404),
        "IS": Country("Iceland", 354, 274),
        "IT": Country("Italy", 39, 222),
        "JP": Country("Japan", 81, 440),
        "KR": Country("South Korea", 82, 450),
        "LT": Country("Lithuania", 370, 246),
        "LV": Country("Latvia", 371, 247),
        "NL": Country("Netherlands", 31, 204),
        "NO": Country("Norway", 47, 242),
        "NZ": Country("New Zealand", 64, 530),
        "PL": Country("Poland", 48, 260),
        "PT": Country("Portugal", 351, 268),
        "RU": Country("Russia", 7, 250),
        "SE": Country("Sweden", 46, 240),
        "SG": Country("Singapore", 65, 525),
        "TR": Country("Türkiye", 90, 286),
        "UA": Country("Ukraine", 380, 255),
        "US": Country("United States", 1, 310),
        "ZA": Country("South Africa", 27, 655),
    }
)
_ELSEWHERE = Country("", 0, 0)


def price(region: str) -> float:
    """What one SMS to a country costs, in `CURRENCY`."""
    return COUNTRIES.get(region, _ELSEWHERE).dkk


def network(region: str) -> tuple[int | None, int | None]:
    """A mobile country code and network code of the country; None where it is not in the table."""
    country = COUNTRIES.get(region)
    return (country.mcc, 1) if country else (None, None)


CREDIT = 1234.56
PER_PAGE = 200


def me(exchange: Exchange) -> Reply:
    """The credit left; that of the vendor's example while none is counted."""
    number = zlib.crc32(exchange.world.id.encode()) % 1_000_000
    credit = float(exchange.world.load("balance", CREDIT))
    return wire.reply(200, {"credit": credit, "currency": CURRENCY, "id": number})


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
        for code, country in COUNTRIES.items()
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
        "cost": round(amount * price(region), 5),
        "country": region,
        "currency": CURRENCY,
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
    found = whole(text, 1, most)
    if found is None:
        raise Refusal("400/arguments")
    return found
