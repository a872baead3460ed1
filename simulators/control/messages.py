"""The kept messages of an account."""

from collections.abc import Iterator
from typing import Any

from simulators.control.errors import Bad, shown
from simulators.control.route import Ask, Route, Schema, Turns
from simulators.control.schemas import (
    CURSOR,
    PROVIDER,
    SINCE,
    TO,
    count,
    limit,
    many,
    record,
    ref,
    said,
)
from simulators.kernel import views
from simulators.kernel.arrivals import kept_as
from simulators.kernel.message import Message
from simulators.kernel.steps import TURN, Steps
from simulators.kernel.world import SLICE
from simulators.kernel.written import readings, since

SCAN = 10_000  # messages looked at for one page, in turns; the cursor goes on from there

_STATUS: Schema = {
    "type": "string",
    "maxLength": 40,
    "description": "a provider's status word, or a state: accepted, sent, delivered, ...",
}
_NEXT: Schema = {
    "type": ["integer", "null"],
    "description": "the cursor of the next page, null at the end",
}
_FILTERS = {"provider": PROVIDER, "to": TO, "since": SINCE, "status": _STATUS, "cursor": CURSOR}


def numbers_of(ask: Ask) -> tuple[str, ...]:
    """What the `to` of a query may be read as, none without one. Raises `Bad`."""
    query, known = ask.query, ask.simulators.providers
    if "to" not in query:
        return ()
    provider = query.get("provider")
    return readings(query["to"], [known[provider]] if provider else known.values())


def _selected(ask: Ask) -> Iterator[list[Message]]:
    """The selected messages of any status, newest first."""
    query = ask.query
    start = since(query.get("since", ""), ask.world)
    return ask.world.slices(
        provider=query.get("provider", ""),
        to=kept_as(ask.world, numbers_of(ask)),
        since=start.at,
        after=start.after,
        before=query.get("cursor", 0),
    )


def _page(ask: Ask, most: int) -> Steps[tuple[list[Message], int | None]]:
    """At most that many messages, and the cursor to go on from."""
    found: list[Message] = []
    wanted = ask.query.get("status", "")
    last = looked_at = 0
    for some in _selected(ask):
        for message in some:
            if len(found) == most or looked_at == SCAN:
                return found, last
            last, looked_at = message.sequence, looked_at + 1
            if not wanted or wanted in _words(ask, message):
                found.append(message)
        yield TURN
    return found, None


def _words(ask: Ask, message: Message) -> tuple[str, str]:
    provider = ask.simulators.providers[message.provider]
    step, _since = message.status(ask.world.clock.now(), provider.lifecycles)
    return step.status, views.state(provider, step)


def show(ask: Ask, message: Message) -> dict[str, Any]:
    """A message of the asked world."""
    return views.message(ask.world, ask.simulators.providers[message.provider], message)


def _list(ask: Ask) -> Turns:
    found, following = yield from _page(ask, ask.query.get("limit", 50))
    shown, searched = [], 0
    for message in found:
        shown.append(show(ask, message))
        searched += len(message.text) + TURN // SLICE  # for a code, and shown
        if searched >= TURN:
            yield searched
            searched = 0
    return {"messages": shown, "next": following}


def _delete(ask: Ask) -> Turns:
    if not ask.query.keys() & (_FILTERS.keys() | {"limit"}):
        return {"deleted": ask.world.store.remove_all(ask.world.id), "next": None}
    found, following = yield from _page(ask, ask.query.get("limit", SCAN))
    for place, message in enumerate(found, 1):
        ask.world.store.remove(ask.world.id, message.id)
        if place % SLICE == 0:
            yield TURN
    return {"deleted": len(found), "next": following}


def _one(ask: Ask) -> Any:
    wanted = ask.params["id"]
    message = ask.world.store.find(ask.world.id, wanted)
    if message is None:
        raise Bad(
            404,
            f"account '{ask.world.id}' has no message '{shown(wanted)}'",
            "an id of GET /_sim/messages",
            shown(wanted),
        )
    return show(ask, message)


ROUTES = (
    Route(
        name="list-messages",
        method="GET",
        path="/_sim/messages",
        summary="Accepted messages, newest first",
        handle=_list,
        query={**_FILTERS, "limit": limit(50, 1000)},
        answer=record(messages=said(many(ref("Message")), "newest first"), next=_NEXT),
    ),
    Route(
        name="delete-messages",
        method="DELETE",
        path="/_sim/messages",
        summary="Forgets the messages that match, all without a filter; windows stay as they are",
        handle=_delete,
        query={**_FILTERS, "limit": limit(SCAN, SCAN)},
        answer=record(deleted=count("how many there were"), next=_NEXT),
    ),
    Route(
        name="read-message",
        method="GET",
        path="/_sim/messages/{id}",
        summary="One message as it stands now",
        handle=_one,
        answer=ref("Message"),
    ),
)
