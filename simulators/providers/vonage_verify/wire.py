"""What is on the wire: problem+json in the newer version, and in the older one a status under HTTP
200, as JSON or XML.

https://developer.vonage.com/en/api/verify.v2
https://developer.vonage.com/en/api/verify
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange, Failure
from simulators.providers.vonage.wire import JSON_TYPES

PROBLEM_JSON = "application/problem+json"

# As Vonage's own gateway checks expect them, of all its APIs.
_HEADERS = [
    ("X-XSS-Protection", "1; mode=block"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubdomains"),
    ("X-Content-Type-Options", "nosniff"),
]
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(call: Call) -> Document:
    """A JSON object; a body of any other type is not looked at, which is UNVERIFIED."""
    query = reading.fields(call.query) if call.query else {}
    body: Any = None
    if call.body and call.content_type in JSON_TYPES:
        body = reading.json(call)
        if not isinstance(body, dict):
            raise reading.Unreadable("expected a JSON object")
    return document(call.method, call.path, call.headers, query, body)


def is_old(call: Call) -> bool:
    """Whether a request is to the older version of the API."""
    return call.path.startswith("/verify")


def reply(
    exchange: Exchange, status: int, body: bytes = b"", kind: str = "application/json"
) -> Reply:
    """An answer with the headers that all have. Clients take a body that is not declared as
    `application/json` for a text."""
    headers = [*_HEADERS, ("X-Nexmo-Trace-Id", exchange.world.chance.hex(32))]
    if body:
        headers.insert(0, ("Content-Type", kind))
    return Reply(status, body, headers)


def json(exchange: Exchange, status: int, value: Any) -> Reply:
    """A JSON answer of the newer version."""
    return reply(exchange, status, orjson.dumps(value))


def told(exchange: Exchange, fields: Mapping[str, Any], root: str = "verify_response") -> Reply:
    """An answer of the older version: JSON with indents, or XML, which is said to be text."""
    if exchange.call.path.endswith("/xml"):
        body = f'<?xml version="1.0" encoding="UTF-8"?>{_element(root, fields)}'.encode()
        return reply(exchange, 200, body, "text/plain")
    return reply(exchange, 200, orjson.dumps(fields, option=orjson.OPT_INDENT_2))


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(one, two) for one, two in value.items())
    elif isinstance(value, list):
        inner = "".join(_element(name.removesuffix("s"), one) for one in value)
    else:
        inner = escape(_NOT_XML.sub("?", str(value)))
    return f"<{name}>{inner}</{name}>"


# What the older version says in place of a row that holds for any request.
OLD = MappingProxyType(
    {
        "invalid-json": "http-400",
        "too-large": "http-413",
        "unauthorized/missing": "2/api_key",
        "unauthorized": "4",
        "jwt-expired": "4",
        "forbidden": "8",
        "quota-exceeded": "9",
        "throttled": "1",
        "internal-error": "5",
        "invalid-params": "3",
        "invalid-params/to": "3/number",
        "invalid-params/region": "15",
        "invalid-params/opted-out": "7",
        "template-not-found": "3",
        "invalid-sender": "3/sender_id",
    }
)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """A problem, or a status under HTTP 200."""
    failure = exchange.failure = _as_seen_there(exchange, failure)
    row, extra = failure.row, failure.row.extra or {}
    shape = extra.get("shape", "problem")
    if shape == "none":
        return reply(exchange, row.http_status)
    carried = {
        name: failure.values[name] for name in extra.get("carries", ()) if failure.values.get(name)
    }
    if shape == "status":
        return told(exchange, {**carried, "status": str(row.code), "error_text": failure.text})
    return problem(exchange, failure, carried)


def problem(exchange: Exchange, failure: Failure, more: Mapping[str, Any]) -> Reply:
    """RFC 7807, its members in the order in which they were seen. `instance` is the trace id."""
    row, extra = failure.row, failure.row.extra or {}
    answer = reply(exchange, row.http_status)
    trace = dict(answer.headers)["X-Nexmo-Trace-Id"]
    said = {"title": extra.get("title"), "detail": failure.text, "instance": trace}
    if "type" in extra:
        said = {"type": extra["type"], **said}
    if "invalid_parameters" in extra:
        name = failure.values.get("parameter") or extra["invalid_parameters"]["name"]
        reason = failure.values.get("reason") or extra["invalid_parameters"]["reason"]
        said["invalid_parameters"] = [{"name": name, "reason": reason}]
    body = {name: value for name, value in {**said, **more}.items() if value}
    answer.body = orjson.dumps(body)
    answer.headers.insert(0, ("Content-Type", PROBLEM_JSON))
    return answer


def _as_seen_there(exchange: Exchange, failure: Failure) -> Failure:
    """What the account has chosen of two answers to the same, and the older version's words where
    no endpoint was found that would know them."""
    key = failure.row.key
    if key == "quota-exceeded" and exchange.world.load("vonage_verify", {}).get("low_balance"):
        return Failure(exchange.provider.row("low-balance"), failure.values)
    if exchange.endpoint is None and is_old(exchange.call):
        method = exchange.provider.problems[Problem.METHOD_NOT_ALLOWED]
        return exchange.fail("http-403" if key == method else "http-404", **failure.values)
    return failure
