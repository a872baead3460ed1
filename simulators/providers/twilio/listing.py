"""List messages: newest first, by To, From and DateSent, page by page.

https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
"""

import re
from collections import deque
from collections.abc import Iterator

from simulators.kernel import phone
from simulators.kernel.clock import from_iso
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.reading import Fields, first
from simulators.kernel.steps import TURN, Steps
from simulators.providers.twilio import create, messages, paging, resource, wire

_TOKEN = re.compile(r"P([AB])((?:SM|MM)[0-9a-fA-F]{32})")
_DAY = 86_400


def listed(exchange: Exchange) -> Turns:
    """One page. A token names the record it goes on after (PA) or ends before (PB)."""
    page = paging.wanted(exchange.document["query"])
    found, before, after = yield from _cut(exchange, page)
    body = paging.page(
        exchange,
        "messages",
        [resource.full(exchange, message) for message in found],
        page,
        previous=f"PB{found[0].id}" if found and before else "",
        following=f"PA{found[-1].id}" if found and after else "",
    )
    return wire.reply(exchange, 200, body, root="Message")


def _cut(exchange: Exchange, page: paging.Wanted) -> Steps[tuple[list[Message], bool, bool]]:
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
    asked = {"to": _number(first(query, "To")), "sender": _number(first(query, "From"))}
    # A message is sent when it is accepted or, scheduled, at most 35 days later.
    since = max(earliest - create.LATEST - _DAY, 0.0)
    by_date = any(name.startswith("DateSent") for name in query)

    def wanted(message: Message) -> bool:
        sent = resource.sent_at(exchange, message) if by_date else earliest
        return messages.readable(message) and sent is not None and earliest <= sent < latest

    for found in exchange.world.slices(
        provider="twilio", **asked, since=since, until=latest, before=before, after=after
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
