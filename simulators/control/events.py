"""The stream of events (`text/event-stream`): what happens in an account, as it happens.

It is read from the store in rounds (`control/watch.py`, `kernel/events.py`). All who watch an
account are served in one round and mostly want the same, which is then made once.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import NamedTuple

import orjson

from simulators.control.errors import Bad, shown
from simulators.control.route import HEADERS, Ask, Route, Schema, Served
from simulators.control.schemas import text
from simulators.kernel.call import Reply
from simulators.kernel.events import Cursor, Event
from simulators.kernel.store import Unavailable
from simulators.kernel.world import World

MOST_STREAMS = 100
BUSY_SECONDS = 2.0
_LEFT_OUT = b"event: more\n"
BEAT_SECONDS = 15.0  # a comment as often, so that proxies and readers know that it is there
_BETWEEN = b"_"  # the cursors of the account and of the strangers

_AFTER: Schema = {
    "type": "string",
    "maxLength": 300,
    "pattern": "^[0-9a-z_-]*$",
    "description": "the id of the last event that was seen, as the header Last-Event-ID: those"
    " after it come first; 'start' for all that is kept; without it, those from now on",
}
_TIMEOUT: Schema = {
    "type": "number",
    "minimum": 0,
    "maximum": 86_400,
    "description": "seconds after which it ends, 0 for what there is now; without it, never",
}
_MEDIA = "text/event-stream"


class _Encoded(NamedTuple):
    """An event as it is sent, but for the id, of which its own cursor is a part."""

    name: bytes
    data: bytes
    cursor: Cursor
    id: bytes


class _Place(NamedTuple):
    """Up to where a reader has seen one account."""

    world: World
    cursor: Cursor
    id: bytes


Seen = list[_Place]


def _events(ask: Ask) -> Reply:
    """The account's own events, and the requests that no account could be found for: who has the
    credentials wrong looks for his requests here."""
    served = ask.simulators
    if served.watch.watchers >= MOST_STREAMS:
        raise Bad(429, "too many open streams", f"at most {MOST_STREAMS}", f"{MOST_STREAMS}")
    worlds = _watched_with(served, ask.world)
    after = ask.query.get("after") or ask.call.headers.get("last-event-id", "")
    seen = _seen(served, worlds, after)
    headers = [("Content-Type", f"{_MEDIA}; charset=utf-8"), *HEADERS]
    if ask.call.method == "HEAD":
        return Reply(200, b"", headers)
    stream = partial(_stream, served, seen, ask.query.get("timeout"), resuming=bool(after))
    return Reply(200, b"", headers, stream=stream)


def cursor(served: Served, world: World) -> str:
    """The id to come back with for whoever has seen an account as it is now."""
    return _id([_place(one, served.feed.now(one)) for one in _watched_with(served, world)]).decode()


def _watched_with(served: Served, world: World) -> list[World]:
    strangers = served.accounts.strangers
    return [world] if world is strangers else [world, strangers]


def _seen(served: Served, worlds: Sequence[World], after: str) -> Seen:
    feed = served.feed
    if after == "start":
        return [_place(world, feed.beginning(world)) for world in worlds]
    if not after:
        return [_place(world, feed.now(world)) for world in worlds]
    try:
        cursors = [Cursor.read(one) for one in after.split(_BETWEEN.decode())]
        return [_place(*one) for one in zip(worlds, cursors, strict=True)]
    except ValueError:
        told = "the id of an event of this stream, as it came"
        raise Bad(400, "not the id of an event", told, shown(after)) from None


async def _stream(
    served: Served, seen: Seen, timeout: float | None, *, resuming: bool
) -> AsyncIterator[bytes]:
    now = asyncio.get_running_loop().time
    ends = math.inf if timeout is None else now() + timeout
    with served.watch.open(frozenset(one.world.id for one in seen)) as bell:
        yield b"retry: 1000\nid: %b\n\n" % _id(seen)
        if resuming:
            async for piece in _missed(served, seen):
                yield piece
        while now() < ends and _is_there(served, seen):
            try:
                piece = _next(seen, partial(_watched, served))
            except Unavailable:  # whoever reads comes again
                return
            if piece:
                yield piece
            if _LEFT_OUT in piece:  # more comes than anybody reads: a look now and then will do
                await asyncio.sleep(min(BUSY_SECONDS, ends - now()))
            # What was not told in this round is told in the next, also when nothing new comes.
            wait = served.watch.tick if piece else BEAT_SECONDS
            if not await bell.changed(min(wait, ends - now())) and not piece:
                yield b": still here\n\n"


async def _missed(served: Served, seen: Seen) -> AsyncIterator[bytes]:
    """All that came after what was seen, however much it is."""
    feed = served.feed
    for place, (world, cursor, _text) in enumerate(seen):
        told = feed.gone(world, cursor)
        if told is not None:
            yield _written(_encoded([told]), seen, place)
    while piece := _next(seen, lambda world, seen: _encoded(feed.after(world, seen, math.inf))):
        yield piece
        await asyncio.sleep(0)  # others have their turn, as this may be a long way


def _watched(served: Served, world: World, cursor: Cursor) -> list[_Encoded]:
    """What has come since, made once for all who have seen the same."""

    def made() -> list[_Encoded]:
        return _encoded(served.feed.after(world, cursor))

    return served.watch.once((world.id, cursor), made)


def _encoded(events: Sequence[Event]) -> list[_Encoded]:
    return [
        _Encoded(name.encode(), orjson.dumps(data), cursor, str(cursor).encode())
        for name, data, cursor in events
    ]


def _next(seen: Seen, after: Callable[[World, Cursor], list[_Encoded]]) -> bytes:
    """What comes next of each account, with `seen` moved on; nothing if there is nothing."""
    return b"".join(
        _written(after(one.world, one.cursor), seen, place) for place, one in enumerate(seen)
    )


def _written(events: Sequence[_Encoded], seen: Seen, place: int) -> bytes:
    pieces = []
    for event in events:
        seen[place] = _Place(seen[place].world, event.cursor, event.id)
        pieces.append(b"event: %b\nid: %b\ndata: %b\n\n" % (event.name, _id(seen), event.data))
    return b"".join(pieces)


def _place(world: World, cursor: Cursor) -> _Place:
    return _Place(world, cursor, str(cursor).encode())


def _id(seen: Seen) -> bytes:
    return _BETWEEN.join(one.id for one in seen)


def _is_there(served: Served, seen: Seen) -> bool:
    return not served.watch.closed and all(served.accounts.is_kept(one.world) for one in seen)


ROUTES = (
    Route(
        name="events",
        method="GET",
        path="/_sim/events",
        summary="What happens in the account, as server-sent events: message, request, receipt,"
        " rules, limits, clock; `more` says how many were left out, `emptied` that all begins anew",
        handle=_events,
        query={"after": _AFTER, "timeout": _TIMEOUT},
        answer=text(
            "events, each with its `id` and a JSON document as data: its schema has the name of the"
            " event with Event behind it, as MessageEvent"
        ),
        media=_MEDIA,
    ),
)
