"""The parameters of each operation: their names and types, and how a request is held to them.

Types: https://cloud.tencent.com/document/api/382/52077 and the pages it leads to. A parameter
of the wrong type, one that is missing and one that is unknown are refused before the operation
looks at any value.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.providers.tencent import wire

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


def of(exchange: Exchange) -> dict[str, Any]:
    """The parameters of a request, each of its type; raises `Refusal` for the first that fails.

    Names of an older version are given as they are called now. A null counts as absent.
    """
    flat = wire.flat(exchange)
    given = exchange.document["body"] if flat is None else _nested(flat)
    if wire.common(exchange, "Version") == "2019-07-11":
        given = {RENAMED.get(name, name): value for name, value in given.items()}
    known = OPERATIONS[wire.action(exchange.call)]
    return _checked(given, known, "", strict=flat is None)


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
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise Refusal("InvalidParameter", name=name)
        return [_typed(v, kind[:-2], f"{name}.{i}", strict) for i, v in enumerate(value)]
    if kind == "sms" and isinstance(value, dict):
        return _checked(value, _ITEM, f"{name}.", strict=strict)
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "int" and not strict and isinstance(value, str) and _is_integer(value):
        return int(value)
    raise Refusal("InvalidParameter", name=name)


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def _nested(flat: Fields) -> dict[str, Any]:
    """`{"A.0": x, "A.1": y, "B": z}` as `{"A": [x, y], "B": z}`, without common parameters."""
    top: dict[str, Any] = {}
    for path in flat:
        if path in COMMON:
            continue
        parts = path.split(".", 4)
        node = top
        for part in parts[:-1]:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                raise Refusal("InvalidParameter", name=path)
            node = below
        node[parts[-1]] = first(flat, path)
    return {name: _listed(value) for name, value in top.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {name: _listed(item) for name, item in value.items()}
    if all(name.isascii() and name.isdigit() and len(name) < 6 for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items
