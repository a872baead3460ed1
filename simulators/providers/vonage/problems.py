"""How Vonage's newer APIs speak: a JSON object in, JSON out, and a refusal as problem+json (RFC
7807), whose `instance` is the trace id of the answer.

https://developer.vonage.com/en/api/messages
"""

from collections.abc import Mapping
from typing import Any

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
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


def read(call: Call) -> Document:
    """A JSON object; a body of any other type is not looked at, which is UNVERIFIED."""
    query = reading.fields(call.query) if call.query else {}
    body: Any = None
    if call.body and call.content_type in JSON_TYPES:
        body = reading.json(call)
        if not isinstance(body, dict):
            raise reading.Unreadable("expected a JSON object")
    return document(call.method, call.path, call.headers, query, body)


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
    """A JSON answer."""
    return reply(exchange, status, orjson.dumps(value))


def problem(
    exchange: Exchange, failure: Failure, more: Mapping[str, Any], *, type_last: bool = False
) -> Reply:
    """The refusal, its members in the order in which they were seen. A parameter is named by the
    failure's values `parameter` and `reason`, or as the row has it."""
    row, extra = failure.row, failure.row.extra or {}
    answer = reply(exchange, row.http_status)
    trace = dict(answer.headers)["X-Nexmo-Trace-Id"]
    said = {"title": extra.get("title"), "detail": failure.text, "instance": trace}
    kind = {"type": extra.get("type")}
    said = {**said, **kind} if type_last else {**kind, **said}
    if "invalid_parameters" in extra:
        name = failure.values.get("parameter") or extra["invalid_parameters"]["name"]
        reason = failure.values.get("reason") or extra["invalid_parameters"]["reason"]
        said["invalid_parameters"] = [{"name": name, "reason": reason}]
    body = {name: value for name, value in {**said, **more}.items() if value}
    answer.body = orjson.dumps(body)
    answer.headers.insert(0, ("Content-Type", PROBLEM_JSON))
    return answer
