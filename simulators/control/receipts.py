"""Receipts: those still to come, those under way, and every attempt made so far.

Alone because every subject of the control API has a module of its own.
"""

from typing import Any

import orjson

from simulators.control.route import Ask, Route, in_turns
from simulators.control.schemas import REPORT, TIME, count, limit, many, record, ref, said, text
from simulators.kernel import views
from simulators.kernel.steps import Steps

_PENDING = record(
    message=text("the id of the message"),
    due=said(TIME, "when it goes out"),
    attempt=count("1 for the first"),
)
_UNDER_WAY = record(
    at=said(TIME, "when it went out"),
    **REPORT,
    url=text("where it goes"),
)
_QUERY = {
    "state": {
        "enum": ["delivered", "retrying", "given up"],
        "description": "delivered, retrying or given up",
    },
    "limit": limit(100, 1000),
}


def _list(ask: Ask) -> Any:
    return in_turns(_document(ask, ask.query.get("limit", 100), ask.query.get("state", "")))


def _document(ask: Ask, most: int, wanted: str) -> Steps[bytes]:
    under_way = ask.simulators.dispatcher.under_way(ask.world.id)
    accounts = ask.simulators.accounts
    return orjson.dumps((yield from views.receipts(accounts, ask.world, under_way, most, wanted)))


ROUTES = (
    Route(
        name="list-receipts",
        method="GET",
        path="/_sim/receipts",
        summary="Receipts to come, those under way, and the newest attempts, oldest first",
        handle=_list,
        query=_QUERY,
        answer=record(
            pending=said(many(_PENDING), "those still to come, earliest first"),
            under_way=said(many(_UNDER_WAY), "those that wait for the application's answer"),
            attempts=said(many(ref("Attempt")), "the newest attempts, oldest first"),
        ),
    ),
)
