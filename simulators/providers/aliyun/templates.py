"""Templates by the API: query, list, apply for, change, delete.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-dir-template-management
What is applied for or changed waits for review; whoever plays the reviewer sets its status.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulators.kernel import templates
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.kernel.templates import Kind, Status, Template
from simulators.providers.aliyun import params, registry, wire

_KINDS: tuple[Kind, ...] = ("code", "notification", "promotion")
_INTERNATIONAL_KINDS: tuple[Kind, ...] = ("notification", "promotion", "code")
# The list counts the types in another way than everything else: notification, promotion, code.
_LIST_TYPES = {registry.CODE: 2, registry.NOTIFICATION: 0, registry.PROMOTION: 1, 3: 6}
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
    template = _named(exchange, registry.all_templates(exchange))
    return wire.ok(
        exchange,
        TemplateCode=template.code,
        TemplateName=template.name,
        TemplateType=registry.template_type(template),
        TemplateStatus=registry.STATUSES[template.status],
        TemplateContent=template.content,
        CreateDate=wire.date(template.created),
        Reason=template.reason or _NO_REMARK,
    )


def get(exchange: Exchange) -> Reply:
    """GetSmsTemplate, whose numbers are strings."""
    template = _named(exchange, registry.all_templates(exchange))
    kind = registry.template_type(template)
    more: dict[str, Any] = {}
    if kind == registry.INTERNATIONAL:
        more["IntlType"] = _INTERNATIONAL_KINDS.index(template.kind)
    if template.status == "rejected":
        more["AuditInfo"] = {"RejectInfo": template.reason}
    return wire.ok(
        exchange,
        TemplateCode=template.code,
        TemplateName=template.name,
        TemplateType=str(kind),
        TemplateStatus=str(registry.STATUSES[template.status]),
        TemplateContent=template.content,
        TemplateTag=2,
        CreateDate=wire.date(template.created),
        Remark=template.remark,
        **more,
    )


def listed(exchange: Exchange) -> Reply:
    """QuerySmsTemplateList."""
    at, size = wire.page(wire.parameters(exchange.document), "PageIndex")
    every = list(registry.all_templates(exchange).values())
    rows = [_row(template) for template in every[(at - 1) * size : at * size]]
    pages = {"TotalCount": len(every), "CurrentPage": at, "PageSize": size}
    return wire.ok(exchange, SmsTemplateList=rows, **pages)


def _row(template: Template) -> dict[str, Any]:
    kind = registry.template_type(template)
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

    templates.update_templates(exchange.world, exchange.provider, left)
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
        registry.within_quota(exchange, every.values())
        every[code] = _filled(exchange, Template(code, "", created=exchange.now))

    return templates.update_templates(exchange.world, exchange.provider, added)[code]


def _change(exchange: Exchange) -> Template:
    code = _code(exchange)

    def changed(every: Registry) -> None:
        template = _named(exchange, every)
        if template.status == "approved":
            raise Refusal("isv.ERROR_TEMPLATE_NOT_MODIFY")
        every[code] = _filled(exchange, template)

    return templates.update_templates(exchange.world, exchange.provider, changed)[code]


def _filled(exchange: Exchange, template: Template) -> Template:
    sent = wire.parameters(exchange.document)
    kind, name, content = wire.required(sent, *_APPLICATION)
    number = wire.number(kind, registry.CODE, registry.INTERNATIONAL)
    if len(content) > _MAX_CONTENT:
        raise Refusal("isv.TEMPLATE_OVER_LIMIT")
    if number == registry.CODE and len(params.VARIABLE.findall(content)) != 1:
        raise Refusal("template_parameter_count_illegal")
    return replace(
        template,
        content=content,
        name=name,
        kind=_kind(sent, number),
        international=number == registry.INTERNATIONAL,
        remark=first(sent, "Remark"),
        status="reviewing",
        reason="",
    )


def _kind(sent: Fields, number: int) -> Kind:
    if number != registry.INTERNATIONAL:
        return _KINDS[number]
    return _INTERNATIONAL_KINDS[wire.number(first(sent, "IntlType", "0"), 0, 2)]
