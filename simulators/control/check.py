"""Reads what came by what a route expects: nothing unknown, nothing unbounded."""

import re
from typing import Any

import orjson

from simulators.control.errors import Bad, shown, unknown
from simulators.control.route import Route, Schema
from simulators.kernel import reading
from simulators.kernel.call import Call
from simulators.kernel.contracts import Violation

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?")


def query(route: Route, call: Call) -> dict[str, Any]:
    """The query parameters with their types; those left blank count as left out."""
    try:
        given = reading.fields(call.query)
    except reading.Unreadable as error:
        raise Bad(400, str(error), "a query string", shown(call.query)) from None
    known = route.parameters
    found = {}
    for name, value in given.items():
        if name not in known:
            raise unknown(400, "query parameter", name, known)
        if isinstance(value, list):
            raise Bad(400, f"'{name}' is given more than once", "one value", f"{len(value)}")
        if value != "":
            found[name] = _typed(known[name], value)
    _hold(route.query_contract.validate(found), "query parameter")
    return found


def _typed(schema: Schema, value: str) -> Any:
    kind = schema.get("type")
    if kind == "integer" and _INTEGER.fullmatch(value):
        return int(value)
    if kind == "number" and _NUMBER.fullmatch(value):
        return float(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def body(route: Route, call: Call) -> dict[str, Any]:
    """The JSON body, by the route's schema; empty where the route takes none."""
    if call.too_large:
        raise Bad(413, "the body is too large", "at most 1 MiB", "more")
    document: Any = {}
    if call.body:
        if call.content_type != "application/json":
            got = shown(call.content_type) or "no Content-Type"
            raise Bad(415, "the body is not declared as JSON", "application/json", got)
        try:
            document = orjson.loads(call.body)
        except orjson.JSONDecodeError as error:
            raise Bad(400, "the body is not JSON", "a JSON object", shown(str(error))) from None
    if route.body is None and document:
        got = shown(repr(document))
        raise Bad(400, f"{route.method} {route.path} takes no body", "none", got)
    _refuse_unknown(route.body or {"properties": {}}, document)
    _hold(route.body_contract.validate(document), "body")
    found: dict[str, Any] = document
    return found


def _refuse_unknown(schema: Schema, value: Any) -> None:
    """Names that the schema does not list, at any depth, with the near one."""
    if isinstance(value, list) and "items" in schema:
        for item in value:
            _refuse_unknown(schema["items"], item)
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name not in schema["properties"]:
                raise unknown(400, "field", name, schema["properties"])
            _refuse_unknown(schema["properties"][name], inner)


def _hold(violations: list[Violation], what: str) -> None:
    if violations:
        first = violations[0]
        where = f"{what} '{first.pointer}'" if first.pointer else f"the {what}"
        raise Bad(400, f"{where} is not as expected", first.expected, first.got)
