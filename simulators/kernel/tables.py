"""Tables of limits of an account's own, in place of its providers' documented ones.

A row is `{"name", "permits", "seconds", "key": [...], "kind", "zone_s", "provider", "error"}`.
`key` lists what it counts by, of `KEYS` or the account as a whole: with the template among them
each template has a window of its own, and a send under one does not use up another's. `kind` is
"rolling" unless it says "natural" or "queue"; `error` is the provider's refusal of too many
requests unless it names another row.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from simulators.kernel.catalogue import Problem, UnknownRow
from simulators.kernel.checks import (
    BadValue,
    Check,
    copied,
    count,
    each,
    mapping,
    name,
    number,
    one_of,
    text,
)
from simulators.kernel.flow import Limit
from simulators.kernel.provider import Provider

MAX_ROWS = 100
KEYS: Mapping[str, str] = {
    "number": "number",
    "template": "template",
    "signature": "signature",
    "content": "text",
    "sender": "sender",
    "ip": "ip",
}

Row = dict[str, Any]


def _key(where: str, value: object) -> None:
    known = [*KEYS, "account"]
    if not isinstance(value, list) or not value or not all(name in known for name in value):
        raise BadValue(where, f"a list of at least one of {', '.join(known)}", value)


_ROW: dict[str, Check] = {
    "name": name,
    "permits": count,
    "seconds": number(0.001, 1e9),
    "key": _key,
    "kind": one_of("rolling", "natural", "queue"),
    "zone_s": number(-86_400, 86_400),
    "provider": text,
    "error": text,
}


def read(raw: object, providers: Mapping[str, Provider]) -> list[Row]:
    """A table, checked and complete. Raises `BadValue`."""
    rows = copied(raw, "table")
    if not isinstance(rows, list) or len(rows) > MAX_ROWS:
        raise BadValue("table", f"a list of at most {MAX_ROWS} limits", raw)
    read_rows = [_row(row, f"table.{at}", providers) for at, row in enumerate(rows)]
    names = [(row.get("provider"), row["name"]) for row in read_rows]
    if len(set(names)) < len(names):
        raise BadValue("table", "a different name for each limit", [name for _, name in names])
    return read_rows


def _row(raw: object, where: str, providers: Mapping[str, Provider]) -> Row:
    row = mapping(raw, where, tuple(_ROW))
    each(where, row, _ROW)
    for needed in ("permits", "seconds", "key"):
        if needed not in row:
            raise BadValue(f"{where}.{needed}", "a value", None)
    if "provider" in row and row["provider"] not in providers:
        raise BadValue(
            f"{where}.provider", f"one of {', '.join(sorted(providers))}", row["provider"]
        )
    if "error" in row:
        _error(row, where, providers)
    return {"name": f"own-{where.rpartition('.')[2]}", **row}


def _error(row: Row, where: str, providers: Mapping[str, Provider]) -> None:
    if row["error"] in list(Problem):
        return
    if "provider" not in row:
        raise BadValue(f"{where}.provider", "the provider whose row the error is", None)
    try:
        providers[row["provider"]].row(row["error"])
    except UnknownRow as unknown:
        raise BadValue(f"{where}.error", str(unknown), row["error"]) from None


def limits(rows: Sequence[Row], provider: Provider) -> tuple[Limit, ...]:
    """The limits of a read table that hold for one provider."""
    mine = [row for row in rows if row.get("provider", provider.name) == provider.name]
    errors = [_spelled(row.get("error", Problem.THROTTLED), provider) for row in mine]
    full = [{**row, "error": error} for row, error in zip(mine, errors, strict=True)]
    return _compiled(orjson.dumps(full))


def _spelled(error: str, provider: Provider) -> str:
    return provider.row(Problem(error) if error in list(Problem) else error).key


@lru_cache(maxsize=1024)
def _compiled(packed: bytes) -> tuple[Limit, ...]:
    return tuple(
        Limit(
            name=row["name"],
            permits=row["permits"],
            seconds=row["seconds"],
            key=tuple(KEYS[name] for name in row["key"] if name in KEYS),
            error=row["error"],
            source="the account's own table",
            kind=row.get("kind", "rolling"),
            zone=int(row.get("zone_s", 0)),
        )
        for row in orjson.loads(packed)
    )
