"""Flow control as a table: who counts the kept messages over again needs nothing else."""

from collections.abc import Iterator, Sequence
from typing import Any

from simulators.control.route import Ask, Route
from simulators.control.schemas import NULLABLE, PROVIDER, TEXT, count, many, number, record, text
from simulators.kernel import flow, tables
from simulators.kernel.provider import Provider


def _table(ask: Ask) -> Any:
    mode = ask.world.load("limits", ask.simulators.options.settings.limits)
    rows = [row for provider in ask.simulators.providers.values() for row in _rows(provider, mode)]
    return {"limits": rows}


def _rows(provider: Provider, mode: Any) -> Iterator[dict[str, Any]]:
    limits, factor = _in_force(provider, mode)
    for limit in limits:
        yield {
            "provider": provider.name,
            "limit": limit.name,
            "permits": flow.permitted(limit, factor),
            "seconds": limit.seconds,
            "kind": limit.kind,
            "zone_s": limit.zone,
            "key": list(limit.key),
            "where": dict(limit.where),
            "overflow": provider.row(limit.error).later or None,
            "source": limit.source,
        }


def _in_force(provider: Provider, mode: Any) -> tuple[Sequence[flow.Limit], float]:
    if mode == "off":
        return (), 1.0
    if isinstance(mode, list):
        return tables.limits(mode, provider), 1.0
    return provider.limits, 1.0 if mode == "provider" else float(mode)


_KEY = {
    **many(TEXT),
    "description": "what each window counts by, of number, template, signature, text, sender, ip,"
    " life; empty for one window over all",
}
_WHERE = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "which messages it counts: fields of a message, as details.type, with the"
    " pattern (ECMA) that each has to match; a field that is missing is empty",
}
_ROW = record(
    provider=PROVIDER,
    limit=text("its name"),
    permits=count("how many messages pass in a window"),
    seconds=number("how long the window is"),
    kind={
        "enum": ["natural", "rolling", "queue"],
        "description": "a window that begins on the clock (as a day), one that slides, or a queue"
        " that empties",
    },
    zone_s=number("seconds east of UTC by which a natural window begins"),
    key=_KEY,
    where=_WHERE,
    overflow={
        **NULLABLE,
        "description": "the error by which a message shows that it was one too many, where such"
        " messages are kept; they count in no window",
    },
    source=text("the page that says so"),
)

ROUTES = (
    Route(
        name="list-limits",
        method="GET",
        path="/_sim/limits/table",
        summary="The limits in force, each with what it counts, how much of it and for how long",
        handle=_table,
        answer=record(limits={**many(_ROW), "description": "those of all providers"}),
    ),
)
