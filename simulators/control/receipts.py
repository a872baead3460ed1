"""Receipts: those still to come, those under way, and every attempt made so far."""

from typing import Any

import orjson

from simulators.control.route import Ask, Route, in_turns
from simulators.control.schemas import PROVIDER, TIME, count, limit, many, record, ref, said, text
from simulators.kernel import views
from simulators.kernel.clock import iso
from simulators.kernel.masking import Mask
from simulators.kernel.receipts import LOG, Due
from simulators.kernel.steps import Steps

_PENDING = record(
    message=text("the id of the message"),
    due=said(TIME, "when it goes out"),
    attempt=count("1 for the first"),
)
_UNDER_WAY = record(
    at=said(TIME, "when it went out"),
    message=text("the id of the message"),
    provider=PROVIDER,
    to=text("the message's recipient"),
    reports=text("the status that it tells, in the provider's word"),
    error=text("the catalogue key of the error that it tells, empty for none"),
    attempt=count("1 for the first"),
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
    account, hide = ask.world.id, ask.simulators.accounts.mask()
    pending = [
        {"message": due.message, "due": iso(at), "attempt": due.attempt + 1}
        for at, due in ((at, Due(*item)) for at, item in ask.world.store.planned(account, most))
    ]
    under_way = ask.simulators.dispatcher.under_way(account)[:most]
    logged = ask.world.store.records(account, LOG, limit=10_000)
    attempts: list[dict[str, Any]] = []
    for _sequence, packed in reversed(logged):
        yield len(packed)
        one = orjson.loads(packed)
        if wanted in ("", one["state"]):
            attempts.insert(0, _shown(hide, one))
        if len(attempts) == most:
            break
    sent = []
    for one in under_way:
        sent.append(_shown(hide, one))
        yield len(one["url"])
    return orjson.dumps({"pending": pending, "under_way": sent, "attempts": attempts})


def _shown(hide: Mask, one: dict[str, Any]) -> dict[str, Any]:
    return {**views.unsecret(hide, one), "at": iso(one["at"])}


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
