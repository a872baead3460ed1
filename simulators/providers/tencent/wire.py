"""Tencent's envelope: JSON or flat parameters in, `{"Response": {...}}` out, always HTTP 200.

Reference: https://cloud.tencent.com/document/api/382/52067 (public parameters)
"""

import re
from typing import Any

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, first

_ACTION = re.compile(r"(?:^|&)Action=([^&]*)")
_CHINESE = "zh-CN"


def action(call: Call) -> str:
    """The operation by header (signature version 3) or by parameter (version 1); "" if none."""
    name = call.headers.get("x-tc-action")
    if name is not None:
        return name
    flat = call.query if call.method == "GET" else call.body.decode("latin-1")
    found = _ACTION.search(flat)
    return found[1] if found else ""


def read(call: Call) -> Document:
    """A POST is JSON when it says so, else a form, whatever it says it is."""
    query: Fields = reading.fields(call.query) if call.query else {}
    body: Any = None
    if call.method != "GET":
        is_json = call.content_type == "application/json"
        body = _json(call) if is_json else _form(call)
    return document(call.method, call.path, call.headers, query, body)


def _json(call: Call) -> Any:
    body = reading.json(call) if call.body.strip() else {}
    if not isinstance(body, dict):
        raise reading.Unreadable("not a JSON object")
    return body


def _form(call: Call) -> Fields:
    parts = [part for part in call.body.split(b"&") if part]
    if not all(b"=" in part for part in parts):
        raise Refusal("InvalidParameter/form")
    return reading.fields(call.body.decode("utf-8", "replace"))


def flat(exchange: Exchange) -> Fields | None:
    """The parameters of a request that has them flat (`Name.0=`), None for a JSON one."""
    if exchange.call.method == "GET":
        return exchange.document["query"]  # type: ignore[no-any-return]  # `read` made it
    if exchange.call.content_type == "application/json":
        return None
    return exchange.document["body"]  # type: ignore[no-any-return]  # the same


def signed_by_header(call: Call) -> bool:
    """Whether the request is of signature version 3, whose common parameters are headers."""
    return "authorization" in call.headers


def common(exchange: Exchange, name: str) -> str:
    """A common parameter: `X-TC-<name>` in version 3, `<name>` in version 1; "" if absent."""
    if signed_by_header(exchange.call):
        return exchange.call.headers.get(f"x-tc-{name.lower()}", "")
    return first(flat(exchange) or {}, name)


def required(exchange: Exchange, name: str) -> str:
    """A common parameter that must be there; raises `Refusal` where it is not."""
    value = common(exchange, name)
    if not value:
        if signed_by_header(exchange.call):
            raise Refusal("MissingParameter/header", name=f"X-TC-{name}")
        raise Refusal("MissingParameter", name=name)
    return value


def succeed(exchange: Exchange, **content: Any) -> Reply:
    """The answer of an operation that was carried out."""
    return _reply(exchange, content)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """The answer to a request that is refused as a whole, in the language it asks for."""
    message = failure.text
    chinese = (failure.row.extra or {}).get("message_zh")
    if chinese and _language(exchange) == _CHINESE:
        message = chinese.replace("{name}", str(failure.values.get("name", "")))
    return _reply(exchange, {"Error": {"Code": failure.row.code, "Message": message}})


def _language(exchange: Exchange) -> str:
    header = exchange.call.headers.get("x-tc-language")
    if header is not None or not exchange.document:
        return header or ""
    return first(flat(exchange) or {}, "Language")


def _reply(exchange: Exchange, content: dict[str, Any]) -> Reply:
    body = {"Response": {**content, "RequestId": exchange.world.chance.uuid()}}
    # The Python SDK looks for an error only under exactly this content type, without a charset.
    return Reply(200, orjson.dumps(body), [("Content-Type", "application/json")])


def unknown_action(exchange: Exchange) -> Reply:
    """No operation, or none of that name."""
    if action(exchange.call):
        raise Refusal(Problem.NOT_FOUND)
    required(exchange, "Action")
    raise Refusal(Problem.NOT_FOUND)
