"""Templates: what an account starts with, what fits into one, and the API that manages them.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-dir-template-management
Rules of templates and their variables: https://help.aliyun.com/document_detail/108253.html
What is applied for or changed waits for review; whoever plays the reviewer sets its status.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.kernel.templates import (
    Kind,
    Signature,
    Status,
    Template,
    Variables,
    signatures,
    templates,
    update_templates,
)
from simulators.providers.aliyun import wire

CODE, NOTIFICATION, PROMOTION, INTERNATIONAL = range(4)
TYPES = MappingProxyType({"code": CODE, "notification": NOTIFICATION, "promotion": PROMOTION})
STATUSES = MappingProxyType({"reviewing": 0, "approved": 1, "rejected": 2, "canceled": 10})

_DAILY = 100
_CREATED = 1_591_242_137.0  # 2020-06-04 11:42:17 in Beijing
_CODE = "您的验证码为${code}，请勿泄露于他人！"


def _template(
    code: str,
    name: str,
    content: str = _CODE,
    kind: Kind = "code",
    *,
    international: bool = False,
) -> Template:
    return Template(code, content, kind, international=international, name=name, created=_CREATED)


# The first is Aliyun's own test template. One for each usage type of Logto, and the pair that
# its setting {china, overseas} asks for, follow; then one of each other kind.
TEMPLATES = (
    _template(
        "SMS_154950909",
        "测试专用模板",
        "您正在使用阿里云短信测试服务，体验验证码是：${code}，如非本人操作，请忽略本短信！",
    ),
    _template("SMS_200000001", "登录", "您正在登录，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000002", "注册", "您正在注册，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000003", "重置密码", "您正在重置密码，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000004", "通用"),
    _template("SMS_200000005", "组织邀请", "您受邀加入组织，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000006", "权限验证", "您正在验证权限，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000007", "绑定账号", "您正在绑定新账号，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000008", "多因素验证", "您正在验证身份，验证码为${code}，请勿泄露于他人！"),
    _template(
        "SMS_200000009", "绑定多因素", "您正在绑定多因素验证，验证码为${code}，请勿泄露于他人！"
    ),
    _template("SMS_CHINA1", "国内验证码"),
    _template(
        "SMS_OVERSEAS1", "国际验证码", "Your verification code is ${code}.", international=True
    ),
    _template(
        "SMS_200000021",
        "发货通知",
        "您的订单${order}已发货，快递单号${number}，请留意查收。",
        kind="notification",
    ),
    _template(
        "SMS_200000022",
        "International notification",
        "Your order ${order} has been shipped.",
        kind="notification",
        international=True,
    ),
    _template("SMS_200000031", "会员日", "会员日全场${discount}折，拒收请回复R", kind="promotion"),
)
SIGNATURES = (Signature("阿里云短信测试", created=_CREATED),)


def template_type(template: Template) -> int:
    """The API's number of a template's kind; international ones are a kind of their own."""
    return INTERNATIONAL if template.international else TYPES[template.kind]


def usable_template(exchange: Exchange, code: str) -> Template:
    """A template of the account that was approved."""
    template = templates(exchange.world, exchange.provider).get(code)
    if template is None or template.status != "approved":
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    return template


def usable_signature(exchange: Exchange, name: str) -> Signature:
    """A signature of the account that was approved."""
    signature = signatures(exchange.world, exchange.provider).get(name)
    if signature is None or signature.status != "approved":
        raise Refusal(Problem.BAD_SENDER)
    return signature


def match(signature: Signature, template: Template) -> None:
    """A signature for verification codes signs nothing else."""
    if signature.kind == "code" and template_type(template) != CODE:
        raise Refusal("isv.SMS_SIGNATURE_SCENE_ILLEGAL")


def within_quota(exchange: Exchange, made: Iterable[Template | Signature]) -> None:
    """At most 100 templates, and as many signatures, may be applied for in a day."""
    today = wire.day(exchange.now)
    if sum(wire.day(one.created) == today for one in made) >= _DAILY:
        raise Refusal("isv.SMS_OVER_LIMIT")


VARIABLES = Variables(r"\$\{([A-Za-z][A-Za-z0-9_]*)\}")
_PLAIN = re.compile(r"[A-Za-z0-9]*")
_ADDRESS = re.compile(
    r"https?://|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|top|vip|cc|io)\b|\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b",
    re.IGNORECASE,
)
# The documentation names these as examples, besides emoji and traditional characters.
_DOUBTFUL = re.compile("[【】〖〗『』「」²•①★※→❤™\u4e00-\u9fff\U00010000-\U0010ffff]")


def parse(raw: str) -> dict[str, str]:
    """TemplateParam as sent: a JSON object of strings, nothing for an empty one."""
    if not raw:
        return {}
    try:
        return strings(orjson.loads(raw))
    except orjson.JSONDecodeError:
        raise Refusal("isv.INVALID_JSON_PARAM") from None


def strings(given: Any) -> dict[str, str]:
    """An object of strings. A number passes for one; null, true, arrays and objects do not."""
    if not isinstance(given, dict):
        raise Refusal("isv.INVALID_JSON_PARAM")
    for value in given.values():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Refusal("isv.INVALID_JSON_PARAM")
    return {name: str(value) for name, value in given.items()}


def fill(template: Template, given: dict[str, str]) -> str:
    """The template's text. Each rule a value may break has a refusal of its own."""
    names = VARIABLES.names(template.content)
    if not all(given.get(name) for name in names):
        raise Refusal(Problem.TEMPLATE_MISMATCH)
    if template_type(template) == CODE:
        _verification(names, given)
    elif any(len(given[name]) > 35 for name in names):
        raise Refusal("isv.PARAM_LENGTH_LIMIT")
    for name in names:
        _content(given[name], template)
    return VARIABLES.fill(template.content, given)


def _verification(names: Sequence[str], given: dict[str, str]) -> None:
    # All values are looked at, also of names that the template does not have.
    if not all(_PLAIN.fullmatch(value) for value in given.values()):
        raise Refusal("isv.INVALID_PARAMETERS/charset")
    if not all(4 <= len(given[name]) <= 6 for name in names):
        raise Refusal("isv.PARAM_LENGTH_LIMIT")


def _content(value: str, template: Template) -> None:
    if _ADDRESS.search(value):
        raise Refusal("isv.PARAM_NOT_SUPPORT_URL")
    if not template.international and any(map(_unsupported, _DOUBTFUL.findall(value))):
        raise Refusal("isv.UNSUPPORTED_CONTENT")


def _unsupported(char: str) -> bool:
    # GB 2312 holds the simplified characters, and neither traditional nor rare ones.
    return not ("\u4e00" <= char <= "\u9fff" and char.encode("gb2312", "ignore"))


_KINDS: tuple[Kind, ...] = ("code", "notification", "promotion")
_INTERNATIONAL_KINDS: tuple[Kind, ...] = ("notification", "promotion", "code")
# The list counts the types in another way than everything else: notification, promotion, code.
_LIST_TYPES = {CODE: 2, NOTIFICATION: 0, PROMOTION: 1, 3: 6}
# The cancelled state is spelled like this in the documentation of the template list.
_LIST_STATUSES: dict[Status, str] = {
    "reviewing": "AUDIT_STATE_INIT",
    "approved": "AUDIT_STATE_PASS",
    "rejected": "AUDIT_STATE_NOT_PASS",
    "canceled": "AUDIT_SATE_CANCEL",
}
_NO_REMARK = "无审批备注"
_MAX_CONTENT = 500

Registry = dict[str, Template]


def query(exchange: Exchange) -> Reply:
    """QuerySmsTemplate."""
    template = _named(exchange, templates(exchange.world, exchange.provider))
    return wire.ok(
        exchange,
        TemplateCode=template.code,
        TemplateName=template.name,
        TemplateType=template_type(template),
        TemplateStatus=STATUSES[template.status],
        TemplateContent=template.content,
        CreateDate=wire.date(template.created),
        Reason=template.reason or _NO_REMARK,
    )


def get(exchange: Exchange) -> Reply:
    """GetSmsTemplate, whose numbers are strings."""
    template = _named(exchange, templates(exchange.world, exchange.provider))
    kind = template_type(template)
    more: dict[str, Any] = {}
    if kind == INTERNATIONAL:
        more["IntlType"] = _INTERNATIONAL_KINDS.index(template.kind)
    if template.status == "rejected":
        more["AuditInfo"] = {"RejectInfo": template.reason}
    return wire.ok(
        exchange,
        TemplateCode=template.code,
        TemplateName=template.name,
        TemplateType=str(kind),
        TemplateStatus=str(STATUSES[template.status]),
        TemplateContent=template.content,
        TemplateTag=2,
        CreateDate=wire.date(template.created),
        Remark=template.remark,
        **more,
    )


def listed(exchange: Exchange) -> Reply:
    """QuerySmsTemplateList."""
    at, size = wire.page(wire.parameters(exchange.document), "PageIndex")
    every = list(templates(exchange.world, exchange.provider).values())
    rows = [_row(template) for template in every[(at - 1) * size : at * size]]
    pages = {"TotalCount": len(every), "CurrentPage": at, "PageSize": size}
    return wire.ok(exchange, SmsTemplateList=rows, **pages)


def _row(template: Template) -> dict[str, Any]:
    kind = template_type(template)
    return {
        "TemplateCode": template.code,
        "TemplateName": template.name,
        "TemplateType": _LIST_TYPES[kind],
        "OuterTemplateType": kind,
        "AuditStatus": _LIST_STATUSES[template.status],
        "TemplateContent": template.content,
        "CreateDate": wire.date(template.created),
        "Reason": {"RejectInfo": template.reason or _NO_REMARK},
    }


def add(exchange: Exchange) -> Reply:
    """AddSmsTemplate, whose remark is required."""
    wire.required(wire.parameters(exchange.document), *_APPLICATION, "Remark")
    return wire.ok(exchange, TemplateCode=_apply(exchange).code)


def create(exchange: Exchange) -> Reply:
    """CreateSmsTemplate, the newer form."""
    template = _apply(exchange)
    more = {"TemplateName": template.name, "OrderId": exchange.world.chance.digits(11)}
    return wire.ok(exchange, TemplateCode=template.code, **more)


def modify(exchange: Exchange) -> Reply:
    """ModifySmsTemplate."""
    return wire.ok(exchange, TemplateCode=_change(exchange).code)


def update(exchange: Exchange) -> Reply:
    """UpdateSmsTemplate, the newer form."""
    template = _change(exchange)
    more = {"TemplateName": template.name, "OrderId": exchange.world.chance.digits(11)}
    return wire.ok(exchange, TemplateCode=template.code, **more)


def delete(exchange: Exchange) -> Reply:
    """DeleteSmsTemplate."""
    code = _code(exchange)

    def left(every: Registry) -> None:
        if _named(exchange, every).status == "reviewing":
            raise Refusal("isv.ERROR_TEMPLATE_NOT_DELETE")
        del every[code]

    update_templates(exchange.world, exchange.provider, left)
    return wire.ok(exchange, TemplateCode=code)


_APPLICATION = ("TemplateType", "TemplateName", "TemplateContent")


def _code(exchange: Exchange) -> str:
    (code,) = wire.required(wire.parameters(exchange.document), "TemplateCode")
    return code


def _named(exchange: Exchange, every: Mapping[str, Template]) -> Template:
    template = every.get(_code(exchange))
    if template is None:
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    return template


def _apply(exchange: Exchange) -> Template:
    code = "SMS_" + exchange.world.chance.digits(9)

    def added(every: Registry) -> None:
        within_quota(exchange, every.values())
        every[code] = _filled(exchange, Template(code, "", created=exchange.now))

    return update_templates(exchange.world, exchange.provider, added)[code]


def _change(exchange: Exchange) -> Template:
    code = _code(exchange)

    def changed(every: Registry) -> None:
        template = _named(exchange, every)
        if template.status == "approved":
            raise Refusal("isv.ERROR_TEMPLATE_NOT_MODIFY")
        every[code] = _filled(exchange, template)

    return update_templates(exchange.world, exchange.provider, changed)[code]


def _filled(exchange: Exchange, template: Template) -> Template:
    sent = wire.parameters(exchange.document)
    kind, name, content = wire.required(sent, *_APPLICATION)
    number = wire.number(kind, CODE, INTERNATIONAL)
    if len(content) > _MAX_CONTENT:
        raise Refusal("isv.TEMPLATE_OVER_LIMIT")
    if number == CODE and len(VARIABLES.names(content)) != 1:
        raise Refusal("template_parameter_count_illegal")
    return replace(
        template,
        content=content,
        name=name,
        kind=_kind(sent, number),
        international=number == INTERNATIONAL,
        remark=first(sent, "Remark"),
        status="reviewing",
        reason="",
    )


def _kind(sent: Fields, number: int) -> Kind:
    if number != INTERNATIONAL:
        return _KINDS[number]
    return _INTERNATIONAL_KINDS[wire.number(first(sent, "IntlType", "0"), 0, 2)]
