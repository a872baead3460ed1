"""Vonage's envelope: parameters from wherever they come; JSON or XML out; how a refusal is spelt,
which is among the messages of a submission, and elsewhere by HTTP status.
"""

from types import MappingProxyType
from typing import Any

import orjson

from simulators.kernel import markup, reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange, Failure

# https://developer.vonage.com/en/concepts/guides/general: what is read as a JSON object.
JSON_TYPES = frozenset(
    {
        "application/json",
        "application/jsonrequest",
        "application/x-javascript",
        "text/json",
        "text/javascript",
        "text/x-javascript",
        "text/x-json",
    }
)

# Recorded 2014 to 2017, and as Vonage's own gateway checks expect them.
_HEADERS = [
    ("Cache-Control", "max-age=1"),
    ("X-Frame-Options", "deny"),
    ("X-XSS-Protection", "1; mode=block"),
    ("X-Content-Type-Options", "nosniff"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubdomains"),
]


_TEXTS = frozenset({str})


def read(call: Call) -> Document:
    """Query and body; a body of any other type than form or JSON is not looked at."""
    query = reading.fields(call.query) if call.query else {}
    body: Any = None
    if call.body and call.method != "GET":
        if call.content_type in JSON_TYPES:
            body = reading.json(call)
            if not isinstance(body, dict):
                raise reading.Unreadable("expected a JSON object")
        else:
            body = reading.form(call) or None
    return document(call.method, call.path, call.headers, query, body)


def parameters(request: Document) -> dict[str, str]:
    """All parameters as text: those of the body over those of the query, the first of several."""
    merged = {**request.get("query", {}), **(request.get("body") or {})}
    if _TEXTS.issuperset(map(type, merged.values())):  # as nearly always
        return merged
    return {
        name: value if isinstance(value, str) else _text(value)
        for name, value in merged.items()
        if value is not None
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def submission(exchange: Exchange, messages: list[dict[str, str]]) -> Reply:
    """The answer to a submission, one element of `messages` for each part."""
    if exchange.call.path.endswith("/xml"):
        return reply(exchange, 200, _xml(messages), "application/xml")
    body = orjson.dumps({"message-count": str(len(messages)), "messages": messages})
    return reply(exchange, 200, body)


def element(failure: Failure, known: dict[str, str]) -> dict[str, str]:
    """One refused part. Some rows come from behind the routing and carry what was known there."""
    carried = (failure.row.extra or {}).get("carries", ())
    found = {name: known[name] for name in carried if name in known}
    return {**found, "status": str(failure.row.code), "error-text": failure.text}


def _xml(messages: list[dict[str, str]]) -> bytes:
    rows = "".join(f"<message>{_elements(message)}</message>" for message in messages)
    return (
        "<?xml version='1.0' encoding='UTF-8' ?><mt-submission-response>"
        f"<messages count='{len(messages)}'>{rows}</messages></mt-submission-response>"
    ).encode()


def _elements(message: dict[str, str]) -> str:
    found = ""
    for name, value in message.items():
        first, *more = name.split("-")
        tag = first + "".join(part.capitalize() for part in more)
        found += f"<{tag}>{markup.escaped(value, '?')}</{tag}>"
    return found


def json(exchange: Exchange, status: int, body: Any) -> Reply:
    """A JSON answer of the account's own resources."""
    return reply(exchange, status, orjson.dumps(body))


def reply(
    exchange: Exchange, status: int, body: bytes, content_type: str = "application/json"
) -> Reply:
    """An answer with the headers that all have. Clients take a body that is not declared as
    `application/json` for a text without messages."""
    headers = [*_HEADERS, ("X-Nexmo-Trace-Id", exchange.world.chance.hex(32))]
    if body:
        headers.insert(0, ("Content-Type", content_type))
        headers.append(("Content-Disposition", 'attachment; filename="api.txt"'))
    return Reply(status, body, headers)


# What a submission says in its own way, and the rows of the other resources for the same: those of
# the account, and of Number Insight.
ELSEWHERE = MappingProxyType(
    {
        **dict.fromkeys(("2/api_key", "2/secret", "4", "14", "32"), "401/account"),
        "3/body": "400",
    }
)
INSIGHT = MappingProxyType(
    {
        **dict.fromkeys(("2/api_key", "2/secret", "4", "14", "32"), "4/insight"),
        "3/body": "3/insight",
    }
)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """A submission's refusal is an element of `messages`; other resources have HTTP statuses."""
    failure = exchange.failure = _as_seen_there(exchange, failure)
    row, extra = failure.row, failure.row.extra or {}
    shape = extra.get("shape", "messages")
    if shape == "messages":
        known = {"to": str(failure.values.get("to", "")).removeprefix("+")}
        return submission(exchange, [element(failure, known)])
    if shape == "none":
        return reply(exchange, row.http_status, b"")
    if shape == "label":
        label = {"error-code": str(row.code), "error-code-label": failure.text}
        return json(exchange, row.http_status, label)
    if shape == "insight":
        told = {"status": int(row.code), "status_message": failure.text}
        return json(exchange, row.http_status, told)
    if shape == "parameters":
        named = {str(failure.values.get("name", "")): "Is required."}
        wrong = {"type": "BAD_REQUEST", "error_title": failure.text, "invalid_parameters": named}
        return json(exchange, row.http_status, wrong)
    problem = {"type": extra["type"], "title": extra["title"], "detail": failure.text}
    instance = exchange.world.chance.uuid()
    return json(exchange, row.http_status, {**problem, "instance": instance})


def _as_seen_there(exchange: Exchange, failure: Failure) -> Failure:
    operation = exchange.endpoint.operation if exchange.endpoint else ""
    key = failure.row.key
    if operation == "number-insight":
        key = INSIGHT.get(key, key)
    elif operation not in ("", "send-sms"):
        key = ELSEWHERE.get(key, key)
    elif key == "4" and "sig" in parameters(exchange.document):
        key = "14"  # an unknown key that signs is told that its signature is wrong
    return failure if key == failure.row.key else exchange.fail(key, **failure.values)
