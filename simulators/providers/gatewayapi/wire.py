"""GatewayAPI's envelope: messages as JSON, as a form with dotted names, or as a query; JSON out.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/
"""

from typing import Any

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import (
    Document,
    Exchange,
    Failure,
)

_NUMBERS = frozenset({"sendtime", "validity_period", "max_parts"})
_DEPTH = 6


def read(call: Call) -> Document:
    """The body is the message, or the array of messages, however it was sent: JSON as it is; the
    dotted names of a form, or of a query where there is no body, spelled out to the same shape.
    """
    query = reading.fields(call.query) if call.query else {}
    if not call.body:
        body: Any = nested(query)
    elif call.content_type == "application/x-www-form-urlencoded":
        body = nested(reading.form(call))
    else:
        body = reading.json(call)
    return document(call.method, call.path, call.headers, query, body)


def nested(fields: reading.Fields) -> dict[str, Any]:
    """`recipients.0.msisdn=45...` as `{"recipients": [{"msisdn": "45..."}]}`; digits become a
    number in the fields that JSON has as one."""
    tree: dict[str, Any] = {}
    for name in fields:
        *way, last = name.split(".") if name.count(".") < _DEPTH else [name]
        node = tree
        for part in way:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                break
            node = child
        else:
            node[last] = _value(last, reading.first(fields, name))
    return {name: _listed(value) for name, value in tree.items()}


def _value(name: str, text: str) -> str | int:
    if name in _NUMBERS and text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    return text


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    made = {name: _listed(value) for name, value in node.items()}
    if all(name.isascii() and name.isdigit() and len(name) < 7 for name in made):
        return [made[name] for name in sorted(made, key=int)]
    return made


def reply(status: int, body: Any) -> Reply:
    """A JSON answer."""
    return Reply.json(status, body)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """The error object. `%1` stays in the message and its value goes to `variables`; `code` and
    `variables` are left out when empty (docs/rest.rst, "Example response")."""
    row = failure.row
    body: dict[str, Any] = {"code": row.code} if row.code else {}
    body["incident_uuid"] = exchange.world.chance.uuid()
    body["message"] = row.message
    names = (row.extra or {}).get("variables")
    if names:
        known = {**(row.defaults or {}), **failure.values}
        body["variables"] = [str(known.get(name, "")) for name in names]
    return reply(row.http_status, body)
