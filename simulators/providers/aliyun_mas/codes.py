"""SendSmsVerifyCode and CheckSmsVerifyCode: a code is sent, made by the service or by the caller,
and one that the service made is checked.

https://help.aliyun.com/zh/pnvs/developer-reference/api-dypnsapi-2017-05-25-sendsmsverifycode
https://help.aliyun.com/zh/pnvs/developer-reference/api-dypnsapi-2017-05-25-checksmsverifycode
Codes belong to a number and a scheme. The page says that a check of another code is answered
`UNKNOWN`, and public clients quote HTTP 400 with `isv.ValidateFail`: the settings document
`aliyun_mas` chooses. How often may be checked is not documented: any number of times, until the
code passed once.
"""

import re
from collections.abc import Mapping
from string import ascii_lowercase, ascii_uppercase, digits
from types import MappingProxyType
from typing import Any

import orjson

from simulators.kernel import schemas, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.kernel.reading import Fields, first, whole
from simulators.kernel.templates import Signature, Template, signatures, templates
from simulators.kernel.verifications import Code, Verification, Verifications
from simulators.providers.aliyun import send, wire
from simulators.providers.aliyun.templates import VARIABLES

# What every account is granted; none can be added. https://help.aliyun.com/zh/pnvs/user-guide/sms-authentication-service
_ENDING = "以上验证码${min}分钟内有效，请注意保密，切勿告知他人。"
TEMPLATES = tuple(
    Template(code, content + _ENDING, name=name)
    for code, name, content in (
        ("100001", "登录/注册模板", "您的验证码为${code}。尊敬的客户，"),
        (
            "100002",
            "修改绑定手机号模板",
            "尊敬的客户，您正在进行修改手机号操作，您的验证码为${code}。",
        ),
        (
            "100003",
            "重置密码模板",
            "尊敬的客户，您正在进行重置密码操作，您的验证码为${code}。",
        ),
        (
            "100004",
            "绑定新手机号模板",
            "尊敬的客户，您正在进行绑定手机号操作，您的验证码为${code}。",
        ),
        (
            "100005",
            "验证绑定手机号模板",
            "尊敬的客户，您正在验证绑定手机号操作，您的验证码为${code}。",
        ),
    )
)
SIGNATURES = tuple(
    map(
        Signature,
        (
            "速通互联验证码",
            "速通互联验证平台",
            "速通互联验证服务",
            "云渚科技验证平台",
            "云渚科技验证服务",
        ),
    )
)

SETTINGS = MappingProxyType(
    {
        "aliyun_mas": schemas.record(
            failed_check={
                "enum": ["refused", "unknown"],
                "description": "refused: HTTP 400 and isv.ValidateFail; unknown: HTTP 200 and"
                " VerifyResult UNKNOWN",
            }
        )
    }
)

MADE = "##code##"  # stands where the service is to put a code of its own
INTERVAL = 60
_VALID = 300
_FOREVER = 10**9 - 1
_DEFAULT_SCHEME = "默认方案"
_LONGEST_SCHEME = 20
_GIVEN = re.compile("[A-Za-z0-9]{4,8}")
_ALPHABETS: Mapping[int, str] = MappingProxyType(
    {
        1: digits,
        2: ascii_uppercase,
        3: ascii_lowercase,
        4: ascii_uppercase + ascii_lowercase,
        5: digits + ascii_uppercase,
        6: digits + ascii_lowercase,
        7: digits + ascii_uppercase + ascii_lowercase,
    }
)


def parse(exchange: Exchange) -> list[Draft]:
    """SendSmsVerifyCode: one number. Which of several faults is told first is not documented; this
    follows the order of the parameters."""
    sent = wire.parameters(exchange.document)
    _raw, name, code, param = wire.required(
        sent, "PhoneNumber", "SignName", "TemplateCode", "TemplateParam"
    )
    number = _number(sent)
    template = _granted(exchange, name, code)
    length, kind = _number_of(sent, "CodeLength", 4, 4, 8), _number_of(sent, "CodeType", 1, 1, 7)
    interval = _number_of(sent, "Interval", INTERVAL, 1, _FOREVER)
    valid = _number_of(sent, "ValidTime", _VALID, 1, _FOREVER)
    policy = _number_of(sent, "DuplicatePolicy", 1, 1, 2)
    _number_of(sent, "AutoRetry", 1, 0, 1)
    shown = _is_true(sent, "ReturnVerifyCode")
    scheme = _scheme(sent)
    given = _values(template, param)
    makes = any(MADE in value for value in given.values())
    made = exchange.world.chance.letters(length, _ALPHABETS[kind]) if makes else given["code"]
    filled = {key: value.replace(MADE, made) for key, value in given.items()}
    text = f"【{name}】{VARIABLES.fill(template.content, filled)}"
    draft = Draft(
        number=number,
        region=send.MAINLAND,
        sender=name,
        signature=name,
        template=template.code,
        text=text,
        code=made,
        segments=segments.count(text, unicode=True),
        lifecycle="carrier",
        details={
            "biz_id": f"{exchange.world.chance.digits(18)}^0",
            "out_id": first(sent, "OutId"),
            "scheme": scheme,
            "interval": interval,
            "valid": valid,
            "beside": policy == 2,
            "made": makes,
            "shown": shown,
        },
    )
    return [draft]


def answer(exchange: Exchange) -> Reply:
    """The BizId; the code itself where it was asked for. From now on it can be checked."""
    draft = exchange.outcomes[0].draft
    told = draft.details
    if told["made"]:
        _keep(exchange, draft)
    model = {"VerifyCode": draft.code} if told["shown"] else {}
    model |= {"RequestId": wire.request_id(exchange), "BizId": told["biz_id"]}
    if told["out_id"]:
        model["OutId"] = told["out_id"]
    return wire.ok(exchange, Success=True, Model=model)


def _keep(exchange: Exchange, draft: Draft) -> None:
    """The code, in the place of those before to this number under this scheme, or beside them."""
    known = Verifications(exchange.world, exchange.provider.name)
    told = draft.details
    key = _key(draft.number, told["scheme"])
    code = Code(draft.code, exchange.now + told["valid"])
    before = known.under_way(key, exchange.now)
    if before is not None:
        known.resend(before.id, {}, code, beside=told["beside"])
    else:
        known.open(Verification(id=told["biz_id"], key=key, codes=[code], opened=exchange.now))


def check(exchange: Exchange) -> Reply:
    """CheckSmsVerifyCode."""
    sent = wire.parameters(exchange.document)
    _raw, code = wire.required(sent, "PhoneNumber", "VerifyCode")
    number, scheme = _number(sent), _scheme(sent)
    exactly = _number_of(sent, "CaseAuthPolicy", 1, 1, 2) == 2
    known = Verifications(exchange.world, exchange.provider.name)
    found = known.under_way(_key(number, scheme), exchange.now)
    same = Verification.takes if exactly else _takes_in_any_case
    looked = known.check(found.id, code, exchange.now, same) if found else None
    passed = looked is not None and looked.right
    settings = exchange.world.load(exchange.provider.name, {})
    if not passed and settings.get("failed_check") != "unknown":
        raise Refusal("isv.ValidateFail")
    model = {"VerifyResult": "PASS" if passed else "UNKNOWN"}
    if first(sent, "OutId"):
        model["OutId"] = first(sent, "OutId")
    return wire.ok(exchange, Success=True, Model=model)


def _takes_in_any_case(known: Verification, code: str, now: float) -> bool:
    return any(code.lower() == own.text.lower() and now < own.until for own in known.codes)


def _key(number: str, scheme: str) -> str:
    return f"{number} {scheme}"


def _number(sent: Fields) -> str:
    """In E.164. Other countries than 86 are served by none of its operations."""
    raw = first(sent, "PhoneNumber")
    mainland = send.MAINLAND_NUMBER.fullmatch(raw)
    if not mainland:
        raise Refusal(Problem.BAD_RECIPIENT, to=raw)
    if first(sent, "CountryCode", "86") != "86":
        raise Refusal(Problem.MALFORMED)
    return f"+86{mainland[2]}"


def _granted(exchange: Exchange, name: str, code: str) -> Template:
    """The template. Signatures and templates are granted in pairs, and told apart by no refusal."""
    world, provider = exchange.world, exchange.provider
    signature, template = (
        signatures(world, provider).get(name),
        templates(world, provider).get(code),
    )
    if signature is None or signature.status != "approved":
        raise Refusal(Problem.BAD_SENDER)
    if template is None or template.status != "approved":
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    return template


def _values(template: Template, param: str) -> dict[str, str]:
    """TemplateParam, with a value for each variable of the template. Those that it does not have
    are let be."""
    try:
        given: Any = orjson.loads(param)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not all(map(_is_value, given.values())):
        raise Refusal(Problem.TEMPLATE_MISMATCH)
    values = {name: str(value) for name, value in given.items()}
    for name in VARIABLES.names(template.content):
        value = values.get(name, "")
        if name == "code":
            if MADE not in value and not _GIVEN.fullmatch(value):
                raise Refusal("isv.INVALID_PARAMETERS/variable", name=name)
        elif name not in values:
            raise Refusal(Problem.TEMPLATE_MISMATCH)
        elif not value:
            raise Refusal("isv.INVALID_PARAMETERS/variable", name=name)
    return values


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _scheme(sent: Fields) -> str:
    scheme = first(sent, "SchemeName") or _DEFAULT_SCHEME
    if len(scheme) > _LONGEST_SCHEME:
        raise Refusal(Problem.MALFORMED)
    return scheme


def _number_of(sent: Fields, name: str, default: int, low: int, high: int) -> int:
    raw = first(sent, name)
    if not raw:
        return default
    found = whole(raw, low, high)
    if found is None:
        raise Refusal(Problem.MALFORMED)
    return found


def _is_true(sent: Fields, name: str) -> bool:
    raw = first(sent, name).lower()
    if raw not in ("", "true", "false"):
        raise Refusal(Problem.MALFORMED)
    return raw == "true"
