"""Aliyun's RPC envelope: parameters from query and form, answers in JSON or XML.

Reference: https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
"""

import re
from functools import lru_cache
from typing import Any

from simulators.kernel import clock, markup, reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, first

_DAY = "%Y%m%d"
_TROUBLESHOOT = "https://api.aliyun.com/troubleshoot"
_CDATA = "Recommend"  # https://github.com/aliyun/openapi-sdk-php/issues/175
_ACTION = "Action="
_WORD = re.compile("[A-Za-z0-9]*")
_LONGEST = 64


def is_acs3(call: Call) -> bool:
    """Whether the newer signature scheme is used; without its header it is the older one."""
    return call.headers.get("authorization", "").startswith("ACS3-HMAC-SHA256")


def action(call: Call) -> str:
    """The operation that a request names."""
    return named_action(call)[1]


def named_action(call: Call) -> tuple[str, str]:
    """Where an operation is named, and how: a header of the newer scheme, a parameter of the older
    one."""
    if is_acs3(call):
        return "headers.x-acs-action", call.headers.get("x-acs-action", "")
    found = _of_query(call.query) if call.query else None
    in_query = call.method == "GET" or found is not None
    if found is None:
        found = _of_body(call.body)
    if found is None:
        found = call.headers.get("x-acs-action", "")
    return "query.Action" if in_query else "body.Action", found


def _of_query(query: str) -> str | None:
    """The word behind the first `Action=` of a query, None without one."""
    at = 0 if query.startswith(_ACTION) else query.find(f"&{_ACTION}") + 1
    if at == 0 and not query.startswith(_ACTION):
        return None
    found = _WORD.match(query, at + len(_ACTION))
    return found[0] if found else ""


@lru_cache(8)
def _of_body(body: bytes) -> str | None:
    """The same of a form. Several steps ask for it, and a body may be a MiB: it is remembered."""
    start = _ACTION.encode()
    at = 0 if body.startswith(start) else body.find(b"&" + start) + 1
    if at == 0 and not body.startswith(start):
        return None
    return _of_query(body[at : at + _LONGEST].decode("latin-1"))


VERSION, GLOBAL_VERSION = "2017-05-25", "2018-05-01"
_GLOBAL = frozenset(
    {"SendMessageToGlobe", "BatchSendMessageToGlobe", "SendMessageWithTemplate", "QueryMessage"}
)


def version(call: Call) -> str:
    """That of the API which the operation is one of."""
    return GLOBAL_VERSION if action(call) in _GLOBAL else VERSION


def read(call: Call) -> Document:
    """Parameters come in the query, in a form, or in both."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.form(call))


def parameters(known: Document) -> Fields:
    """The parameters of query and form together."""
    query: Fields | None = known.get("query")
    form: Fields | None = known.get("body")
    return {**query, **form} if query and form else query or form or {}


def required(params: Fields, *names: str) -> list[str]:
    """The values of parameters that must be there; the first absent one is refused by its name."""
    values = [first(params, name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not value:
            raise Refusal(f"Missing{name}")
    return values


def number(text: str, low: int, high: int) -> int:
    """A whole number of that range."""
    found = reading.whole(text, low, high)
    if found is None:
        raise Refusal("isv.INVALID_PARAMETERS/format")
    return found


def page(params: Fields, index: str, *, needed: bool = False) -> tuple[int, int]:
    """Page number, from 1, and page size, 1 to 50."""
    if needed:
        required(params, "PageSize", index)
    at = number(first(params, index, "1"), 1, 10**8)
    return at, number(first(params, "PageSize", "10"), 1, 50)


def ok(exchange: Exchange, **fields: Any) -> Reply:
    """A success: the fields of every answer, and its own."""
    common = {"Message": "OK", "RequestId": request_id(exchange), "Code": "OK"}
    return reply(exchange, 200, {**common, **fields})


def refusal(exchange: Exchange, failure: Failure) -> Reply:
    """The product refuses with HTTP 200 and three fields, which the international API calls by
    other names, the gateway in front of it with an error status and two more:
    https://help.aliyun.com/document_detail/101346.html."""
    row = failure.row
    if row.http_status == 200 and version(exchange.call) == GLOBAL_VERSION:
        return response(exchange, str(row.code), failure.text)
    identifier = request_id(exchange)
    if row.http_status == 200:
        body = {"Message": failure.text, "RequestId": identifier, "Code": row.code}
        return reply(exchange, 200, body)
    host = exchange.call.host.partition(":")[0] or exchange.provider.hosts[0]
    product = exchange.provider.hosts[0].partition(".")[0].capitalize()
    recommend = f"{_TROUBLESHOOT}?q={row.code}&product={product}&requestId={identifier}"
    body = {"RequestId": identifier, "HostId": host, "Code": row.code}
    body |= {"Message": failure.text, "Recommend": recommend}
    return reply(exchange, row.http_status, body)


def response(exchange: Exchange, code: str, text: str, **fields: Any) -> Reply:
    """An answer of the international API."""
    told = {"ResponseCode": code, "ResponseDescription": text, "RequestId": request_id(exchange)}
    return reply(exchange, 200, {**told, **fields})


def request_id(exchange: Exchange) -> str:
    """An upper-case UUID; answers of recent years are of version 5."""
    made = exchange.world.chance.uuid().upper()
    return f"{made[:14]}5{made[15:]}"


def reply(exchange: Exchange, status: int, body: dict[str, Any]) -> Reply:
    """An answer in the format that was asked for."""
    if not wants_xml(exchange):
        return Reply.json(status, body, kind="application/json;charset=utf-8")
    root = f"{action(exchange.call)}Response" if status == 200 else "Error"
    text = f"<?xml version='1.0' encoding='UTF-8'?>{_element(root, body)}"
    return Reply(status, text.encode(), [("Content-Type", "text/xml;charset=utf-8")])


def wants_xml(exchange: Exchange) -> bool:
    """By the parameter Format; without it the older scheme answers in XML, the newer in JSON."""
    wanted = first(_known_parameters(exchange), "Format").upper()
    return wanted == "XML" or (wanted != "JSON" and not is_acs3(exchange.call))


def _known_parameters(exchange: Exchange) -> Fields:
    # An unknown action is refused before anything was read.
    try:
        return parameters(exchange.document or read(exchange.call))
    except reading.Unreadable:
        return {}


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join([_element(name, item) for item in value])
    if isinstance(value, dict):
        inner = "".join([_element(key, item) for key, item in value.items()])
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    elif name == _CDATA:
        inner = f"<![CDATA[{value}]]>"
    else:
        inner = markup.escaped(str(value))
    return f"<{name}>{inner}</{name}>"


def date(epoch: float) -> str:
    """Beijing time to the second."""
    return clock.wall(epoch, clock.CHINA)


def day(epoch: float) -> str:
    """The day in Beijing, as yyyyMMdd."""
    return clock.wall(epoch, clock.CHINA, _DAY)


def midnight(text: str, now: float) -> float:
    """When a day (yyyyMMdd) of the last 30 begins in Beijing."""
    try:
        at = clock.from_wall(text, clock.CHINA, _DAY)
    except ValueError:
        at = 0.0
    if not now - 31 * 86_400 < at <= now:
        raise Refusal("isv.INVALID_PARAMETERS/format")
    return at
