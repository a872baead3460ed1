"""SMS Aero's envelope: fields as JSON, as a form or as a query; `success`, `data`, `message` out,
and lists page by page.

What is said here of requests and answers is what the official clients send and read:
https://github.com/smsaero. Their samples show 138 messages on 3 pages; 50 a page is this
simulator's choice among the sizes that fit.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Draft, Exchange, Failure, basic_placeholders
from simulators.kernel.reading import first
from simulators.providers.smsaero import fields

_ELEMENT = re.compile(r"(\w+)\[([0-9]{0,6})\]")


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
    return Reply.json(200, body)


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
    challenge = [("WWW-Authenticate", 'Basic realm="api"')] if row.http_status == 401 else []
    return Reply.json(row.http_status, body, *challenge)


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """What an error text may speak of; SMS Aero's own speak of nothing but the reason."""
    return {"reason": "message rejected", **basic_placeholders(exchange, draft)}


SIZE = 50

T = TypeVar("T")


def page(
    exchange: Exchange, found: Sequence[T], path: str, show: Callable[[T], Any]
) -> dict[str, Any]:
    """The page asked for, the last one if there are fewer; `path` is that of its links."""
    pages = max(-(-len(found) // SIZE), 1)
    at = min(_wanted(exchange), pages)
    rest = found[(at - 1) * SIZE : at * SIZE]
    shown: dict[str, Any] = {str(key): show(item) for key, item in enumerate(rest)}
    return {**shown, "links": _links(path, at, pages), "totalCount": str(len(found))}


def _wanted(exchange: Exchange) -> int:
    """From the query, or else from the fields of the body; the first page unless it is a number."""
    asked = first(exchange.document["query"], "page") or fields.of(exchange).get("page")
    return max(fields.whole(asked) or 1, 1)


def _links(path: str, at: int, pages: int) -> dict[str, str]:
    start = f"/v2/{path}{'&' if '?' in path else '?'}page="
    links = {"self": f"{start}{at}", "first": f"{start}1", "last": f"{start}{pages}"}
    if at > 1:
        links["prev"] = f"{start}{at - 1}"
    if at < pages:
        links["next"] = f"{start}{at + 1}"
    return links
