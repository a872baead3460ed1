"""Receipts: those still to come, those under way, and every attempt made so far."""

from typing import Any

import orjson

from simulators.control import views
from simulators.control.route import Ask, Route
from simulators.control.schemas import COUNT, TEXT, TIME, limit, many, record
from simulators.kernel.clock import iso
from simulators.kernel.receipts import Due
from simulators.server.dispatch import LOG

_PENDING = record(message=TEXT, due=TIME, attempt=COUNT)
_UNDER_WAY = record(
    at=TIME,
    message=TEXT,
    provider=TEXT,
    to=TEXT,
    reports=TEXT,
    error=TEXT,
    attempt=COUNT,
    url=TEXT,
)
_QUERY = {
    "state": {
        "enum": ["delivered", "retrying", "given up"],
        "description": "delivered, retrying or given up",
    },
    "limit": limit(100, 1000),
}


def _list(ask: Ask) -> Any:
    world, most = ask.world, ask.query.get("limit", 100)
    planned = [(at, Due(*item)) for at, item in world.store.planned(world.id, most)]
    logged = [orjson.loads(entry) for _, entry in world.store.records(world.id, LOG, limit=10_000)]
    hide = ask.simulators.accounts.mask()
    wanted = ask.query.get("state")
    attempts = [entry for entry in logged if wanted in (None, entry["state"])][-most:]
    return {
        "pending": [
            {"message": due.message, "due": iso(at), "attempt": due.attempt + 1}
            for at, due in planned
        ],
        "under_way": [
            {**views.unsecret(hide, one), "at": iso(one["at"])}
            for one in ask.simulators.dispatcher.under_way(world.id)[:most]
        ],
        "attempts": [{**views.unsecret(hide, entry), "at": iso(entry["at"])} for entry in attempts],
    }


ROUTES = (
    Route(
        name="list-receipts",
        method="GET",
        path="/_sim/receipts",
        summary="Receipts to come, those under way, and the newest attempts, oldest first",
        handle=_list,
        query=_QUERY,
        answer=record(
            pending=many(_PENDING),
            under_way=many(_UNDER_WAY),
            attempts=many({"type": "object"}),
        ),
    ),
)
