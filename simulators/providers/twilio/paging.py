"""Pages: of the 2010-04-01 API, cut after a record; of the v1 API, by their number.

https://www.twilio.com/docs/usage/twilios-response#pagination
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first

MAX_SIZE = 1000


class Wanted(NamedTuple):
    """Which page was asked for: how many records, its number, and the token it was given by."""

    size: int
    number: int
    token: str


def wanted(query: Fields) -> Wanted:
    """The page asked for. Raises `Refusal` for one that is too large."""
    size = _number(first(query, "PageSize")) or 50
    if size > MAX_SIZE:
        raise Refusal("20007")
    return Wanted(size, _number(first(query, "Page")), first(query, "PageToken"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def page(
    exchange: Exchange,
    key: str,
    records: Sequence[dict[str, Any]],
    page: Wanted,
    *,
    previous: str = "",
    following: str = "",
) -> dict[str, Any]:
    """A 2010-04-01 page: no other keys, since clients take the one they do not know for the
    records. `previous` and `following` are the tokens of the pages around it."""
    query: Fields = exchange.document["query"]
    kept = [(k, v) for k, v in query.items() if k not in ("Page", "PageToken", "PageSize")]

    def uri(number: int, token: str) -> str:
        pairs = [*kept, ("PageSize", page.size), ("Page", number)]
        pairs += [("PageToken", token)] if token else []
        asked = urlencode(pairs, doseq=True, quote_via=quote)
        return f"{quote(exchange.call.path)}?{asked}"

    start = page.number * page.size
    return {
        "end": start + max(len(records) - 1, 0),
        "first_page_uri": uri(0, ""),
        "next_page_uri": uri(page.number + 1, following) if following else None,
        "page": page.number,
        "page_size": page.size,
        "previous_page_uri": uri(max(page.number - 1, 0), previous) if previous else None,
        key: list(records),
        "start": start,
        "uri": uri(page.number, page.token),
    }


def meta(exchange: Exchange, key: str, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A v1 page of all `records`: its place under `meta`, with absolute URLs."""
    page = wanted(exchange.document["query"])
    start = page.number * page.size

    def url(number: int) -> str:
        return f"{base(exchange)}{exchange.call.path}?PageSize={page.size}&Page={number}"

    more = start + page.size < len(records)
    return {
        "meta": {
            "page": page.number,
            "page_size": page.size,
            "first_page_url": url(0),
            "previous_page_url": url(page.number - 1) if page.number else None,
            "url": url(page.number),
            "next_page_url": url(page.number + 1) if more else None,
            "key": key,
        },
        key: list(records[start : start + page.size]),
    }


def base(exchange: Exchange) -> str:
    """What absolute URLs begin with: the address the client itself used."""
    call = exchange.call
    prefix = unquote(call.raw_path).removesuffix(call.path)
    return f"{call.scheme}://{call.host or 'messaging.twilio.com'}{prefix}"
