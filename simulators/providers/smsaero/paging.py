"""Lists: an object with the keys "0", "1", ... , and `links` and `totalCount` beside them.

The official SDKs' samples show 138 messages on 3 pages; 50 a page is this simulator's choice
among the sizes that fit.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from simulators.kernel.provider import Exchange
from simulators.kernel.reading import first
from simulators.providers.smsaero import fields

SIZE = 50

T = TypeVar("T")


def page(
    exchange: Exchange, found: Sequence[T], path: str, show: Callable[[T], Any]
) -> dict[str, Any]:
    """The page asked for, the last one if there are fewer; `path` is that of its links."""
    pages = max(-(-len(found) // SIZE), 1)
    at = min(_wanted(exchange), pages)
    rest = found[(at - 1) * SIZE : at * SIZE]
    shown: dict[str, Any] = {str(key): show(item) for key, item in enumerate(rest)}
    return {**shown, "links": _links(path, at, pages), "totalCount": str(len(found))}


def _wanted(exchange: Exchange) -> int:
    """From the query, or else from the fields of the body; the first page unless it is a number."""
    asked = first(exchange.document["query"], "page") or fields.of(exchange).get("page")
    return max(fields.whole(asked) or 1, 1)


def _links(path: str, at: int, pages: int) -> dict[str, str]:
    start = f"/v2/{path}{'&' if '?' in path else '?'}page="
    links = {"self": f"{start}{at}", "first": f"{start}1", "last": f"{start}{pages}"}
    if at > 1:
        links["prev"] = f"{start}{at - 1}"
    if at < pages:
        links["next"] = f"{start}{at + 1}"
    return links
