"""What came in: every request, and those that broke a contract."""

from typing import Any

import orjson

from simulators.control.route import Ask, Route, Schema, in_turns
from simulators.control.schemas import PROVIDER, limit, many, record, ref, said
from simulators.kernel import views
from simulators.kernel.accounts import Accounts
from simulators.kernel.steps import Steps

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
_STRICT: Schema = {
    "type": "boolean",
    "description": "true or false; true counts warnings, and refused signatures, as violations",
}
_QUERY = {"provider": PROVIDER, "after": _AFTER, "before": _BEFORE, "limit": limit(100, 1000)}

Found = list[tuple[int, bytes]]


def _which(ask: Ask) -> dict[str, Any]:
    return {
        "provider": ask.query.get("provider", ""),
        "after": ask.query.get("after", 0),
        "before": ask.query.get("before", 0),
        "limit": ask.query.get("limit", 100),
    }


def _page(accounts: Accounts, listed: str, find: Steps[Found]) -> Steps[bytes]:
    found = yield from find
    return (yield from _document(accounts, listed, found))


def _document(accounts: Accounts, listed: str, found: Found) -> Steps[bytes]:
    """Entry by entry, as a page may have a thousand of tens of kilobytes."""
    parts = []
    for one in found:
        entry = yield from views.entry(accounts, *one)
        parts.append(orjson.dumps(entry))
    return b'{"%b":[%b]}' % (listed.encode(), b",".join(parts))


def _requests(ask: Ask) -> Any:
    find = views.journalled(ask.world, **_which(ask))
    return in_turns(_page(ask.simulators.accounts, "requests", find))


def _violations(ask: Ask) -> Any:
    accounts = ask.simulators.accounts
    if ask.query.get("strict_warnings"):
        find = views.doubtful(accounts, ask.world, **_which(ask))
    else:
        find = views.journalled(ask.world, violating=True, **_which(ask))
    return in_turns(_page(accounts, "violations", find))


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
        " answered wrongly, with a sentence for each violation",
        handle=_violations,
        query={**_QUERY, "strict_warnings": _STRICT},
        answer=record(violations=said(many(ref("Entry")), "oldest first")),
    ),
)
