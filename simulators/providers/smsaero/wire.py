"""SMS Aero's envelope: fields as JSON, as a form or as a query; `success`, `data`, `message` out.

What is said here of requests and answers is what the official clients send and read:
https://github.com/smsaero
"""

import re
from typing import Any

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Draft, Exchange, Failure, basic_placeholders

_ELEMENT = re.compile(r"(\w+)\[([0-9]{0,6})\]")
_JSON = [("Content-Type", "application/json")]


def read(call: Call) -> Document:
    """The body has the fields, however they were sent: JSON, a form, or a query where there is no
    body. JSON's null is a request without fields: the Node SDK sends it."""
    query = reading.fields(call.query) if call.query else {}
    if call.content_type == "application/json" and call.body:
        body = reading.json(call)
        body = {} if body is None else body
    elif call.body:
        body = nested(reading.form(call))
    else:
        body = nested(query)
    return document(call.method, call.path, call.headers, query, body)


def nested(fields: reading.Fields) -> dict[str, Any]:
    """`numbers[]=7..&numbers[]=7..`, or `numbers[0]=`, as `{"numbers": ["7..", "7.."]}`."""
    found: dict[str, Any] = {}
    for name in fields:
        element = _ELEMENT.fullmatch(name)
        if element is None:
            found[name] = reading.first(fields, name)
            continue
        values = found.setdefault(element[1], [])
        if isinstance(values, list):
            values.extend(reading.many(fields, name))
    return found


def success(data: Any, message: str | None = None) -> Reply:
    """200 with the envelope."""
    body = {"success": True, "data": data, "message": message}
    return Reply(200, orjson.dumps(body), [*_JSON])


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """The envelope with `success` false; `data` has the reasons by field where fields are wrong.
    Two refusals have the older shape `{"result": ...}`, which all official SDKs look for."""
    row, extra = failure.row, failure.row.extra or {}
    body: dict[str, Any]
    if "result" in extra:
        body = {"result": row.code}
        if extra["result"] == "reason":
            body["reason"] = failure.text
    else:
        also: Any = failure.values.get("also", ())
        others = [exchange.provider.row(key).extra or {} for key in also]
        reasons = {e["field"]: [e["reason"]] for e in (extra, *others) if "field" in e}
        body = {"success": False, "data": reasons or None, "message": failure.text}
    headers = [*_JSON]
    if row.http_status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="api"'))
    return Reply(row.http_status, orjson.dumps(body), headers)


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """What an error text may speak of; SMS Aero's own speak of nothing but the reason."""
    return {"reason": "message rejected", **basic_placeholders(exchange, draft)}
