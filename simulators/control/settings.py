"""What an account may send: flow control, regions, opt-outs, credit, suspension."""

from collections.abc import Callable, Sequence
from typing import Any

from simulators.control.route import Ask, Route, Schema, Turns
from simulators.control.schemas import (
    CURSOR,
    NULLABLE,
    PROVIDER,
    TEXT,
    TIME,
    count,
    limit,
    many,
    number,
    record,
    ref,
    said,
    text,
)
from simulators.kernel import operations, optouts, tables
from simulators.kernel.operations import MOST_FACTOR, MOST_WINDOWS

MOST_NUMBERS = 10_000

_MODE: Schema = {
    "description": "'provider', 'off', a factor above 0 and at most 1000000 on every limit, or a"
    " table of limits",
    "oneOf": [
        {"type": "array", "maxItems": 100, "items": {"type": "object"}, "description": "a table"},
        {"enum": ["provider", "off"], "description": "'provider', 'off' or a factor above 0"},
        {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": MOST_FACTOR,
            "description": "a factor above 0",
        },
    ],
}


def _limits(ask: Ask) -> Any:
    mode = ask.world.load("limits", ask.simulators.options.settings.limits)
    return {"mode": mode, "windows": operations.windows(ask.world)}


def _table(ask: Ask) -> Any:
    providers, default = ask.simulators.providers, ask.simulators.options.settings.limits
    return {"limits": operations.limits(ask.world, providers.values(), default)}


def _refusals(ask: Ask) -> Any:
    most, before = ask.query.get("limit", 100), ask.query.get("cursor")
    rows, following = operations.refusals(ask.world, most, before)
    return {"refusals": rows, "next": following}


def _put_limits(ask: Ask) -> Any:
    operations.set_limits(ask.world, ask.body["mode"], ask.simulators.providers)
    return _limits(ask)


def _regions(ask: Ask) -> Any:
    return ask.world.load("regions", {"allowed": None, "blocked": []})


def _put_regions(ask: Ask) -> Any:
    operations.set_regions(ask.world, ask.body.get("allowed"), ask.body.get("blocked", ()))
    return _regions(ask)


def _optouts(ask: Ask) -> Any:
    return {"numbers": optouts.listed(ask.world)}


def _put_optouts(ask: Ask) -> Turns:
    yield from operations.setting_optouts(ask.world, ask.body["numbers"])
    return _optouts(ask)


def _balance(ask: Ask) -> Any:
    return {"balance": ask.world.load("balance")}


def _put_balance(ask: Ask) -> Any:
    operations.set_balance(ask.world, ask.body["balance"])
    return _balance(ask)


def _suspended(ask: Ask) -> Any:
    return {"suspended": ask.world.load("suspended", False)}


def _put_suspended(ask: Ask) -> Any:
    operations.suspend(ask.world, ask.body["suspended"])
    return _suspended(ask)


def _body(required: Sequence[str], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        "description": f"an object with {', '.join(properties)}",
    }


def _pair(
    name: str,
    summary: str,
    read: Callable[[Ask], Any],
    write: Callable[[Ask], Any],
    body: Schema,
    answer: Schema,
    told: Schema | None = None,
) -> tuple[Route, Route]:
    path = f"/_sim/{name}"
    return (
        Route(
            name=f"read-{name}",
            method="GET",
            path=path,
            summary=summary,
            handle=read,
            answer=answer,
        ),
        Route(
            name=f"set-{name}",
            method="PUT",
            path=path,
            summary=f"Sets: {summary}",
            handle=write,
            body=body,
            told=told,
            answer=answer,
        ),
    )


_CODES: Schema = {
    "maxItems": 300,
    "items": {"type": "string", "maxLength": 2, "description": "an ISO 3166 code like CN"},
}
_ALLOWED: Schema = {**_CODES, "type": ["array", "null"], "description": "codes, null for all"}
_BLOCKED: Schema = {**_CODES, "type": "array", "description": "a list of ISO 3166 codes"}
_NUMBERS: Schema = {
    "type": "array",
    "maxItems": MOST_NUMBERS,
    "description": f"a list of at most {MOST_NUMBERS} phone numbers",
    "items": {"type": "string", "maxLength": 40, "description": "a phone number"},
}
_MONEY: Schema = {
    "type": ["number", "null"],
    "minimum": -operations.MOST_MONEY,
    "maximum": operations.MOST_MONEY,
    "description": "a number, or null not to count credit",
}
_FLAG: Schema = {"type": "boolean", "description": "true or false"}
_MODE_TOLD: Schema = {
    **_MODE,
    "oneOf": [
        {"type": "array", "maxItems": tables.MAX_ROWS, "items": ref("Limit")},
        *_MODE["oneOf"][1:],
    ],
}
_WINDOW = record(
    provider=PROVIDER,
    limit=text("the limit's name"),
    window=text("what it counts here: the number, template and so on, empty for the account"),
    permits=count("how many pass"),
    used=number("how many did"),
    left=number("how many more will"),
    resets={**TIME, "description": "when there is room again"},
)

_COUNTED_BY = {
    **many(TEXT),
    "description": "what each window counts by, of number, template, signature, text, sender, ip,"
    " lifecycle; empty for one window over all",
}
_COUNTED = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "which messages it counts: fields of a message, as details.type, with the"
    " pattern (ECMA) that each has to match; a field that is missing is empty",
}
_LIMIT = record(
    provider=PROVIDER,
    limit=text("its name"),
    permits=count("how many messages pass in a window"),
    seconds=number("how long the window is"),
    seconds_at={
        **NULLABLE,
        "description": "where a message says how long its window is, where requests may choose:"
        " `details.interval`",
    },
    kind={
        "enum": ["natural", "rolling", "queue"],
        "description": "a window that begins on the clock (as a day), one that slides, or a queue"
        " that empties",
    },
    zone_s=number("seconds east of UTC by which a natural window begins"),
    key=_COUNTED_BY,
    where=_COUNTED,
    overflow={
        **NULLABLE,
        "description": "the error by which a message shows that it was one too many, where such"
        " messages are kept; they count in no window",
    },
    source=text("the page that says so"),
)
_REFUSAL = record(
    sequence=count("1 for the first refusal of the account; those that are kept no longer count"),
    provider=PROVIDER,
    limit=text("the name of the limit whose window was full"),
    window=text("what it counts here: the number, template and so on, empty for the account"),
    permits=count("how many messages passed in a window then"),
    seconds=number("how long the window was then"),
    cost=count("what the request wanted of the window, up to the refused message"),
    at={**TIME, "description": "when, on the account's clock"},
    after=count("the sequence of the newest message that was kept by then, 0 for none"),
)

ROUTES = (
    Route(
        name="list-limits",
        method="GET",
        path="/_sim/limits/table",
        summary="The limits in force, each with what it counts, how much of it and for how long",
        handle=_table,
        answer=record(limits={**many(_LIMIT), "description": "those of all providers"}),
    ),
    Route(
        name="list-limit-refusals",
        method="GET",
        path="/_sim/limits/refusals",
        summary="The messages that found a window full, newest first: with the messages that were"
        " kept all that it takes to count the windows over again",
        handle=_refusals,
        query={"cursor": CURSOR, "limit": limit(100, 1000)},
        answer=record(
            refusals=said(many(_REFUSAL), "newest first"),
            next={
                "type": ["integer", "null"],
                "description": "the cursor of the next page, null at the end",
            },
        ),
    ),
    *_pair(
        "limits",
        f"flow control's mode, and the headroom of {MOST_WINDOWS} windows in use at most",
        _limits,
        _put_limits,
        _body(["mode"], mode=_MODE),
        record(
            mode=_MODE_TOLD,
            windows={**many(_WINDOW), "description": f"at most {MOST_WINDOWS} of those in use"},
        ),
        told=_body(["mode"], mode=_MODE_TOLD),
    ),
    *_pair(
        "regions",
        "where the account may send to",
        _regions,
        _put_regions,
        _body([], allowed=_ALLOWED, blocked=_BLOCKED),
        record(allowed=_ALLOWED, blocked=_BLOCKED),
    ),
    *_pair(
        "optouts",
        "the numbers that want no messages",
        _optouts,
        _put_optouts,
        _body(["numbers"], numbers=_NUMBERS),
        record(numbers=_NUMBERS),
    ),
    *_pair(
        "balance",
        "the account's credit, null where none is counted",
        _balance,
        _put_balance,
        _body(["balance"], balance=_MONEY),
        record(balance=_MONEY),
    ),
    *_pair(
        "suspended",
        "whether the account is suspended",
        _suspended,
        _put_suspended,
        _body(["suspended"], suspended=_FLAG),
        record(suspended=_FLAG),
    ),
)
