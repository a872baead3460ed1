"""The settings of a world: flow control, regions, opt-outs, credit, suspension."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from phonenumbers import SUPPORTED_REGIONS

from simulators.control.errors import Bad, shown, unknown
from simulators.control.numbers import e164
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import PROVIDER, TIME, count, many, number, record, ref, text
from simulators.kernel import tables
from simulators.kernel.checks import BadValue
from simulators.kernel.clock import iso
from simulators.kernel.provider import Provider
from simulators.kernel.world import World

MOST_WINDOWS = 1000
MOST_NUMBERS = 10_000
MOST_FACTOR = 1_000_000
_REGIONS = frozenset(SUPPORTED_REGIONS)

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


def set_limits(
    world: World, mode: str | float | Sequence[Mapping[str, Any]], providers: Mapping[str, Provider]
) -> None:
    """Flow control as the providers do it, "off", with every count times a factor, or by a table
    of one's own. Raises `Bad`."""
    if not isinstance(mode, str | float | int):
        world.save("limits", _table(mode, providers))
        return
    factor = not isinstance(mode, str) and 0 < mode <= MOST_FACTOR
    if not factor and mode not in ("provider", "off"):
        raise Bad(400, "not a mode of flow control", _MODE["description"], f"{mode}")
    world.save("limits", mode)


def _table(rows: object, providers: Mapping[str, Provider]) -> list[tables.Row]:
    try:
        return tables.read(rows, providers)
    except BadValue as bad:
        raise Bad(400, f"not a limit at {bad.where}", bad.expected, shown(repr(bad.got))) from None


def _limits(ask: Ask) -> Any:
    world, now = ask.world, ask.world.clock.now()
    windows = [
        {
            "provider": one.scope,
            "limit": one.limit,
            "window": one.window,
            "permits": one.permits,
            "used": one.used,
            "left": max(one.permits - one.used, 0),
            "resets": iso(one.resets),
        }
        for one in world.store.headroom(world.id, now, MOST_WINDOWS)
    ]
    return {
        "mode": world.load("limits", ask.simulators.options.settings.limits),
        "windows": windows,
    }


def _put_limits(ask: Ask) -> Any:
    set_limits(ask.world, ask.body["mode"], ask.simulators.providers)
    return _limits(ask)


def set_regions(world: World, allowed: Sequence[str] | None, blocked: Sequence[str] = ()) -> None:
    """Where the account may send to, by ISO 3166 codes; None allows every region. Raises `Bad`."""
    for region in (*(allowed or ()), *blocked):
        if region not in _REGIONS:
            raise unknown(400, "region", region, _REGIONS)
    none = allowed is None and not blocked
    document = {"allowed": None if allowed is None else list(allowed), "blocked": list(blocked)}
    world.save("regions", None if none else document)


def _regions(ask: Ask) -> Any:
    return ask.world.load("regions", {"allowed": None, "blocked": []})


def _put_regions(ask: Ask) -> Any:
    set_regions(ask.world, ask.body.get("allowed"), ask.body.get("blocked", ()))
    return _regions(ask)


def set_optouts(world: World, numbers: Sequence[str]) -> None:
    """The numbers that want no messages, in any usual writing. Raises `Bad`."""
    world.save("optouts", sorted({e164(number) for number in numbers}) or None)


def _optouts(ask: Ask) -> Any:
    return {"numbers": ask.world.load("optouts", [])}


def _put_optouts(ask: Ask) -> Any:
    set_optouts(ask.world, ask.body["numbers"])
    return _optouts(ask)


def _balance(ask: Ask) -> Any:
    return {"balance": ask.world.load("balance")}


def _put_balance(ask: Ask) -> Any:
    ask.world.save("balance", ask.body["balance"])
    return _balance(ask)


def _suspended(ask: Ask) -> Any:
    return {"suspended": ask.world.load("suspended", False)}


def _put_suspended(ask: Ask) -> Any:
    ask.world.save("suspended", ask.body["suspended"] or None)
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
    "minimum": -1e12,
    "maximum": 1e12,
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

ROUTES = (
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
