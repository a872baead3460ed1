"""Tencent's envelope: JSON or flat parameters in, `{"Response": {...}}` out, always HTTP 200.

Common parameters: https://cloud.tencent.com/document/api/382/52067. Those of each operation:
https://cloud.tencent.com/document/product/382/52077 and the pages it leads to. One of the wrong
type, one that is missing and one that is unknown are refused before any value is looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from simulators.kernel import clock, reading
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


def named_action(call: Call) -> tuple[str, str]:
    """Where an operation is named, and how."""
    if "x-tc-action" in call.headers or signed_by_header(call):
        return "headers.x-tc-action", action(call)
    return "query.Action" if call.method == "GET" else "body.Action", action(call)


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
    # The Python SDK looks for an error only under exactly this content type, without a charset.
    return Reply.json(200, {"Response": {**content, "RequestId": exchange.world.chance.uuid()}})


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """The answer to a request that is refused as a whole, in the language it asks for."""
    row, request_id = failure.row, exchange.world.chance.uuid()
    if row.key == "RequestSizeLimitExceeded" and not signed_by_header(exchange.call):
        row = exchange.provider.row("AuthFailure.SignatureFailure/size")
    chinese = (row.extra or {}).get("message_zh")
    if chinese and _language(exchange) == _CHINESE:
        row = replace(row, message=chinese)
    values = {**failure.values, "action": action(exchange.call), "request_id": request_id}
    error = {"Code": row.code, "Message": row.text(values)}
    return Reply.json(200, {"Response": {"Error": error, "RequestId": request_id}})


def _language(exchange: Exchange) -> str:
    header = exchange.call.headers.get("x-tc-language")
    if header is not None or not exchange.document:
        return header or ""
    return first(flat(exchange) or {}, "Language")


def unknown_action(exchange: Exchange) -> Reply:
    """No operation, or none of that name."""
    if action(exchange.call):
        raise Refusal(Problem.NOT_FOUND)
    required(exchange, "Action")
    raise Refusal(Problem.NOT_FOUND)


COMMON = frozenset(
    (
        "Action",
        "Version",
        "Region",
        "Timestamp",
        "Nonce",
        "SecretId",
        "Signature",
        "SignatureMethod",
        "Token",
        "Language",
        "RequestClient",
    )
)

# Names of version 2019-07-11 and what they became in 2021-01-11.
RENAMED = MappingProxyType(
    {"SmsSdkAppid": "SmsSdkAppId", "TemplateID": "TemplateId", "Sign": "SignName"}
)


def _operation(required: str, optional: str = "") -> Mapping[str, tuple[str, bool]]:
    """`name:type` pairs; a type is str, int, or one of them with [] for a list."""
    found: dict[str, tuple[str, bool]] = {}
    for text, needed in ((required, True), (optional, False)):
        for item in text.split():
            name, _, kind = item.partition(":")
            found[name] = (kind or "str", needed)
    return MappingProxyType(found)


_PAGE = "Limit:int Offset:int"
_HOURS = f"BeginTime EndTime SmsSdkAppId {_PAGE}"
_BY_NUMBER = f"BeginTime:int {_PAGE} PhoneNumber SmsSdkAppId"
_SIGN = "SignName SignType:int DocumentType:int International:int SignPurpose:int"
_SIGN_PAPERS = "ProofImage CommissionImage Remark QualificationId:int"
_TEMPLATE = "TemplateName TemplateContent SmsType:int International:int Remark"

OPERATIONS: Mapping[str, Mapping[str, tuple[str, bool]]] = MappingProxyType(
    {
        "SendSms": _operation(
            "PhoneNumberSet:str[] SmsSdkAppId TemplateId",
            "SignName TemplateParamSet:str[] ExtendCode SessionContext SenderId",
        ),
        "SendMultiGlobalSms": _operation("SmsSdkAppId MultiSmsInfoSet:sms[]"),
        "PullSmsSendStatus": _operation("Limit:int SmsSdkAppId"),
        "PullSmsReplyStatus": _operation("Limit:int SmsSdkAppId"),
        "PullSmsSendStatusByPhoneNumber": _operation(_BY_NUMBER, "EndTime:int"),
        "PullSmsReplyStatusByPhoneNumber": _operation(_BY_NUMBER, "EndTime:int"),
        "DescribeSendRecordList": _operation(
            "BeginTime:int PhoneNumber SmsSdkAppId", f"EndTime:int {_PAGE}"
        ),
        "SendStatusStatistics": _operation(_HOURS),
        "CallbackStatusStatistics": _operation(_HOURS),
        "SmsPackagesStatistics": _operation(f"SmsSdkAppId {_PAGE}", "BeginTime EndTime"),
        "DescribePhoneNumberInfo": _operation("PhoneNumberSet:str[]"),
        "ReportConversion": _operation("SmsSdkAppId SerialNo ConversionTime:int"),
        "AddSmsTemplate": _operation(_TEMPLATE),
        "ModifySmsTemplate": _operation(f"TemplateId:int {_TEMPLATE}"),
        "DeleteSmsTemplate": _operation("TemplateId:int"),
        "DescribeSmsTemplateList": _operation("International:int", f"TemplateIdSet:int[] {_PAGE}"),
        "AddSmsSign": _operation(_SIGN, _SIGN_PAPERS),
        "ModifySmsSign": _operation(f"SignId:int {_SIGN}", _SIGN_PAPERS),
        "DeleteSmsSign": _operation("SignId:int"),
        "DescribeSmsSignList": _operation("International:int", f"SignIdSet:int[] {_PAGE}"),
    }
)

# One item of MultiSmsInfoSet.
_ITEM = _operation("PhoneNumber TemplateId", "TemplateParamSet:str[] SenderId SessionContext")


def parameters(exchange: Exchange) -> dict[str, Any]:
    """The parameters of a request, each of its type; raises `Refusal` for the first that fails.

    Names of an older version are given as they are called now. A null counts as absent.
    """
    fields = flat(exchange)
    given = exchange.document["body"] if fields is None else _nested(fields)
    if common(exchange, "Version") == "2019-07-11":
        given = {RENAMED.get(name, name): value for name, value in given.items()}
    known = OPERATIONS[action(exchange.call)]
    return _checked(given, known, "", strict=fields is None)


def _checked(
    given: Mapping[str, Any],
    known: Mapping[str, tuple[str, bool]],
    prefix: str,
    *,
    strict: bool,
) -> dict[str, Any]:
    found = {}
    for name, (kind, needed) in known.items():
        value = given.get(name)
        if value is not None:
            found[name] = _typed(value, kind, prefix + name, strict)
        elif needed:
            raise Refusal("MissingParameter", name=prefix + name)
    for name in given:
        if name not in known:
            raise Refusal("UnknownParameter", name=prefix + name)
    return found


def _typed(value: Any, kind: str, name: str, strict: bool) -> Any:
    if kind == "str" and isinstance(value, str):
        return value
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise Refusal("InvalidParameter", name=name)
        return [_typed(v, kind[:-2], f"{name}.{i}", strict) for i, v in enumerate(value)]
    if kind == "sms" and isinstance(value, dict):
        return _checked(value, _ITEM, f"{name}.", strict=strict)
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "int" and not strict and isinstance(value, str) and _is_integer(value):
        return int(value)
    raise Refusal("InvalidParameter", name=name)


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def _nested(fields: Fields) -> dict[str, Any]:
    """`{"A.0": x, "A.1": y, "B": z}` as `{"A": [x, y], "B": z}`, without common parameters."""
    top: dict[str, Any] = {}
    for path in fields:
        if path in COMMON:
            continue
        parts = path.split(".", 4)
        node = top
        for part in parts[:-1]:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                raise Refusal("InvalidParameter", name=path)
            node = below
        node[parts[-1]] = first(fields, path)
    return {name: _listed(value) for name, value in top.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {name: _listed(item) for name, item in value.items()}
    if all(name.isascii() and name.isdigit() and len(name) < 6 for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


DAY = 86_400


def window(
    given: dict[str, Any], most: int, least: int = 1, furthest: int = 2**31 - 1
) -> tuple[int, int]:
    """Limit and offset; raises `Refusal` outside their ranges."""
    limit, offset = given.get("Limit", most), given.get("Offset", 0)
    if not least <= limit <= most:
        raise Refusal("InvalidParameterValue.LimitVerifyFail")
    if not 0 <= offset <= furthest:
        raise Refusal("InvalidParameterValue.OffsetVerifyFail")
    return limit, offset


def seconds(given: dict[str, Any], now: float, back: int = 7 * DAY) -> tuple[float, float]:
    """Begin and end of a query in epoch seconds; it reaches back seven days, or as far as said."""
    begin, end = given["BeginTime"], given.get("EndTime", now)
    if not now - back <= begin <= now:
        raise Refusal("InvalidParameterValue.BeginTimeVerifyFail")
    return _ordered(float(begin), float(end))


def hours(given: dict[str, Any]) -> tuple[float, float]:
    """Begin and end of a query in hours of Beijing time, `yyyymmddhh`; the last one counts."""
    begin = _hour(given["BeginTime"], "InvalidParameterValue.BeginTimeVerifyFail")
    end = _hour(given["EndTime"], "InvalidParameterValue.EndTimeVerifyFail")
    return _ordered(begin, end + 3600)


def _hour(text: str, key: str) -> float:
    try:
        return clock.from_wall(text, clock.CHINA, "%Y%m%d%H")
    except ValueError:
        raise Refusal(key) from None


def _ordered(begin: float, end: float) -> tuple[float, float]:
    if end < begin:
        raise Refusal("InvalidParameterValue.InvalidStartTime")
    return begin, end
