"""What is on the wire: problem+json in the newer version, and in the older one a status under HTTP
200, as JSON or XML.

https://developer.vonage.com/en/api/verify.v2
https://developer.vonage.com/en/api/verify
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from simulators.kernel import markup
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Failure
from simulators.providers.vonage import problems


def is_old(call: Call) -> bool:
    """Whether a request is to the older version of the API."""
    return call.path.startswith("/verify")


def told(exchange: Exchange, fields: Mapping[str, Any], root: str = "verify_response") -> Reply:
    """An answer of the older version: JSON with indents, or XML, which is said to be text."""
    if exchange.call.path.endswith("/xml"):
        body = f'<?xml version="1.0" encoding="UTF-8"?>{_element(root, fields)}'.encode()
        return problems.reply(exchange, 200, body, "text/plain")
    return problems.reply(exchange, 200, orjson.dumps(fields, option=orjson.OPT_INDENT_2))


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(one, two) for one, two in value.items())
    elif isinstance(value, list):
        inner = "".join(_element(name.removesuffix("s"), one) for one in value)
    else:
        inner = markup.escaped(str(value), "?")
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
        return problems.reply(exchange, row.http_status)
    carried = {
        name: failure.values[name] for name in extra.get("carries", ()) if failure.values.get(name)
    }
    if shape == "status":
        return told(exchange, {**carried, "status": str(row.code), "error_text": failure.text})
    return problems.problem(exchange, failure, carried)


def _as_seen_there(exchange: Exchange, failure: Failure) -> Failure:
    """What the account has chosen of two answers to the same, and the older version's words where
    no endpoint was found that would know them."""
    key = failure.row.key
    if key == "quota-exceeded" and exchange.world.load("vonage_verify", {}).get("low_balance"):
        return Failure(exchange.provider.row("low-balance"), failure.values)
    if exchange.endpoint is None and is_old(exchange.call):
        method = exchange.provider.problems[Problem.METHOD_NOT_ALLOWED]
        return exchange.fail("http-403" if key == method else "http-404", **failure.values)
    if key == "gateway-method" and exchange.call.method == "DELETE":
        return exchange.fail("no-resource")  # behind the gateway, by whoever serves the path
    return failure
