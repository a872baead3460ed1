"""The clock of a world: frozen, moved, let run."""

from typing import Any

from simulators.control.errors import Bad
from simulators.control.route import HEADERS, Ask, Route, Schema
from simulators.control.schemas import TIME, flag, record
from simulators.kernel import operations
from simulators.kernel.call import Reply

SETTLE_SECONDS = 20
_YEARS = 100 * 366 * 86400

_BODY: Schema = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "description": "exactly one of: freeze, advance, run",
    "properties": {
        "freeze": {
            "type": ["string", "boolean"],
            "maxLength": 40,
            "description": "an ISO 8601 time to stop at, or true to stop now",
        },
        "advance": {
            "type": "number",
            "minimum": -_YEARS,
            "maximum": _YEARS,
            "description": "seconds, back if negative, at most 100 years",
        },
        "run": {"const": True, "description": "true"},
    },
    "required": [],
}
_ANSWER = record(now=TIME, frozen=flag("it stands still"))


def _read(ask: Ask) -> Any:
    return ask.world.clock.describe()


def _set(ask: Ask) -> Any:
    world, body = ask.world, ask.body
    if len(body) != 1:
        got = ", ".join(body) or "none of them"
        raise Bad(400, "the clock does one thing at a time", str(_BODY["description"]), got)
    if "advance" in body:
        operations.advance(world, body["advance"])
    elif "run" in body:
        operations.run(world)
    elif body["freeze"] is False:
        raise Bad(400, "'freeze' does not take false", "an ISO time or true; or run: true", "false")
    else:
        operations.freeze(world, None if body["freeze"] is True else body["freeze"])
    return Reply(200, later=lambda: _settled(ask))


async def _settled(ask: Ask) -> Reply:
    """Answers once every receipt that the new time made due has been tried."""
    await ask.simulators.dispatcher.settled(SETTLE_SECONDS, ask.world.id)
    return Reply.json(200, ask.world.clock.describe(), *HEADERS)


ROUTES = (
    Route(
        name="read-clock",
        method="GET",
        path="/_sim/clock",
        summary="The time in this world, and whether it stands still",
        handle=_read,
        answer=_ANSWER,
    ),
    Route(
        name="set-clock",
        method="POST",
        path="/_sim/clock",
        summary="Stops the clock, moves it, or lets it run on from where it stands",
        handle=_set,
        body=_BODY,
        answer=_ANSWER,
    ),
)
