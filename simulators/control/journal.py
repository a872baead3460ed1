"""What came in: every request, and those that broke a contract."""

from typing import Any

from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import PROVIDER, limit, many, record, ref, said
from simulators.kernel import views

_AFTER: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": 10**15,
    "description": "the sequence of an entry, a whole number from 0; later ones count",
}
_BEFORE: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": 10**15,
    "description": "the sequence of an entry, a whole number from 1; earlier ones count",
}
_QUERY = {"provider": PROVIDER, "after": _AFTER, "before": _BEFORE, "limit": limit(100, 1000)}


def _entries(ask: Ask, breached: bool) -> list[dict[str, Any]]:
    return views.entries(
        ask.simulators.accounts,
        ask.world,
        breached=breached,
        provider=ask.query.get("provider", ""),
        after=ask.query.get("after", 0),
        before=ask.query.get("before", 0),
        limit=ask.query.get("limit", 100),
    )


def _requests(ask: Ask) -> Any:
    return {"requests": _entries(ask, breached=False)}


def _violations(ask: Ask) -> Any:
    return {"violations": _entries(ask, breached=True)}


ROUTES = (
    Route(
        name="list-requests",
        method="GET",
        path="/_sim/requests",
        summary="The newest journalled requests, oldest first, secrets masked; those that no"
        " account could be found for are under account=strangers",
        handle=_requests,
        query=_QUERY,
        answer=record(requests=said(many(ref("Entry")), "oldest first")),
    ),
    Route(
        name="list-violations",
        method="GET",
        path="/_sim/violations",
        summary="The newest requests that broke their contract, and callbacks that the application"
        " answered wrongly, with a sentence for each breach",
        handle=_violations,
        query=_QUERY,
        answer=record(violations=said(many(ref("Entry")), "oldest first")),
    ),
)
