"""The account's templates: apply for one, change it, delete it, see what became of it.

https://cloud.tencent.com/document/api/382/55974. A new one is under review; it is approved, or
not, by whoever runs the simulator.
"""

from dataclasses import replace
from typing import Any

from simulators.kernel import templates
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.templates import Kind, Template
from simulators.providers.tencent import pages, parameters, wire
from simulators.providers.tencent.text import VARIABLE

KINDS: dict[int, Kind] = {1: "promotion", 2: "notification", 3: "code"}
STATUS_CODES = {"approved": 0, "reviewing": 1, "rejected": -1, "canceled": -1}
UNSUBSCRIBE = "拒收请回复R"
FOUNDED = 1617379200
_MOST = 100


def add(exchange: Exchange) -> Reply:
    """AddSmsTemplate."""
    given = parameters.of(exchange)

    def added(known: dict[str, Template]) -> None:
        taken = [int(code) for code in known if code.isdigit()]
        code = str(max(taken, default=1_000_000) + 1)
        known[code] = _template(exchange, code, given)

    *_others, code = templates.update_templates(exchange.world, exchange.provider, added)
    return wire.succeed(exchange, AddTemplateStatus={"TemplateId": code})


def modify(exchange: Exchange) -> Reply:
    """ModifySmsTemplate: one that was approved stands as it is."""
    given = parameters.of(exchange)
    code = str(given["TemplateId"])

    def modified(known: dict[str, Template]) -> None:
        if code not in known:
            raise Refusal("FailedOperation.MissingTemplateToModify")
        if known[code].status == "approved":
            raise Refusal("FailedOperation.TemplateAlreadyPassedCheck")
        known[code] = replace(_template(exchange, code, given), created=known[code].created)

    templates.update_templates(exchange.world, exchange.provider, modified)
    return wire.succeed(exchange, ModifyTemplateStatus={"TemplateId": given["TemplateId"]})


def delete(exchange: Exchange) -> Reply:
    """DeleteSmsTemplate."""
    code = str(parameters.of(exchange)["TemplateId"])

    def left(known: dict[str, Template]) -> None:
        if known.pop(code, None) is None:
            raise Refusal("FailedOperation.TemplateIdNotExist")

    templates.update_templates(exchange.world, exchange.provider, left)
    status = {"DeleteStatus": "return successfully!", "DeleteTime": int(exchange.now)}
    return wire.succeed(exchange, DeleteTemplateStatus=status)


def describe(exchange: Exchange) -> Reply:
    """DescribeSmsTemplateList: those named, or a page of all of one kind."""
    given = parameters.of(exchange)
    international = checked_international(given)
    wanted = given.get("TemplateIdSet", [])
    limit, offset = pages.window(given, _MOST, least=0)
    if len(wanted) > _MOST:
        raise Refusal("InvalidParameterValue.LimitVerifyFail")
    known = _known(exchange)
    if wanted:
        found = [known[str(i)] for i in wanted if str(i) in known]
        if not found:
            raise Refusal("FailedOperation.MissingTemplateList")
    else:
        found = [t for t in known.values() if t.international == international]
        found = found[offset : offset + limit]
    return wire.succeed(exchange, DescribeTemplateStatusSet=[_row(t) for t in found])


def checked_international(given: dict[str, Any]) -> bool:
    """0 for the mainland, 1 for abroad; raises `Refusal` for others."""
    if given["International"] not in (0, 1):
        raise Refusal("InvalidParameterValue.InvalidInternational")
    return bool(given["International"])


def _known(exchange: Exchange) -> Any:
    provider = exchange.provider
    return templates.templates(exchange.world, provider.name, provider.templates)


def _template(exchange: Exchange, code: str, given: dict[str, Any]) -> Template:
    kind = KINDS.get(given["SmsType"])
    if kind is None:
        raise Refusal("InvalidParameterValue.InvalidSmsType")
    international = checked_international(given)
    content = given["TemplateContent"]
    numbers = sorted({int(number) for number in VARIABLE.findall(content)})
    if not content or numbers != list(range(1, len(numbers) + 1)):
        raise Refusal("InvalidParameterValue.InvalidTemplateFormat")
    if numbers and kind != "code" and not international:
        raise Refusal("InvalidParameterValue.UnsupportedTemplateVariable")
    if kind == "promotion" and not international and not content.endswith(UNSUBSCRIBE):
        raise Refusal("InvalidParameterValue.MarketingTemplateWithoutUnsubscribe")
    return Template(
        code=code,
        content=content,
        kind=kind,
        status="reviewing",
        international=international,
        name=given["TemplateName"],
        remark=given["Remark"],
        created=exchange.now,
    )


def _row(template: Template) -> dict[str, Any]:
    return {
        "TemplateId": int(template.code) if template.code.isdigit() else 0,
        "International": int(template.international),
        "StatusCode": STATUS_CODES[template.status],
        "ReviewReply": template.reason,
        "TemplateName": template.name,
        "CreateTime": int(template.created) or FOUNDED,
        "TemplateContent": template.content,
    }
