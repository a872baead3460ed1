"""Templates and signatures: what the account applies for, and the texts that are made of them.

Templates: https://cloud.tencent.com/document/api/382/55974
Their rules: https://cloud.tencent.com/document/product/382/39023; those of their variables are the
descriptions of error codes, https://cloud.tencent.com/document/api/382/52067
Signatures: https://cloud.tencent.com/document/api/382/55967
A new one is under review; it is approved, or not, by whoever runs the simulator. A signature is
named by its text when it is used and by a number when it is managed; the numbers are the settings
document `tencent/signs`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from zlib import crc32

from simulators.kernel import segments, templates
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Failure, Refusal
from simulators.kernel.templates import Kind, Signature, Template, Variables
from simulators.kernel.world import newest
from simulators.providers.tencent import access, wire

KINDS: dict[int, Kind] = {1: "promotion", 2: "notification", 3: "code"}
STATUS_CODES = {"approved": 0, "reviewing": 1, "rejected": -1, "canceled": -1}
UNSUBSCRIBE = "拒收请回复R"
FOUNDED = 1617379200
_MOST = 100
IDS, ABROAD = "tencent/signs", "tencent/signs/abroad"
LONGEST = 12
_NAME = re.compile(r"[A-Za-z0-9\u4e00-\u9fff]{2,}")
_TYPES, _DOCUMENTS, _PURPOSES = (0, 1, 4, 5), (0, 1, 2, 3, 4, 7), (0, 1)
VARIABLES = Variables(r"\{([1-9][0-9]?)\}")
_CODE = re.compile(r"[0-9]{0,6}")
_URL = re.compile(r"(?:https?://|www\.)\S|\b[a-z0-9-]+\.(?:com|cn|net|org|io|me|cc|top)\b", re.I)


class Text(NamedTuple):
    """What the phone shows, and as how many messages it is billed."""

    text: str
    parts: int


def render(exchange: Exchange, given: Mapping[str, Any], *, mainland: bool) -> Text | Failure:
    """The text of a message to the mainland or abroad."""
    sign, values = given.get("SignName", ""), given.get("TemplateParamSet", ())
    template = templates.templates(exchange.world, exchange.provider).get(given["TemplateId"])
    key = _signature(exchange, sign, mainland)
    if key or template is None:
        return exchange.fail(key or "FailedOperation.TemplateUnapprovedOrNotExist")
    key = _unfit(template, mainland) or _values(exchange, template, values)
    if key:
        return exchange.fail(key, length=access.setting(exchange, "variable_length"))
    numbered = {str(number): value for number, value in enumerate(values, 1)}
    text = VARIABLES.fill(template.content, numbered)
    text = f"【{sign}】{text}" if sign else text
    # To the mainland every character counts alike, whatever its alphabet.
    return Text(text, segments.count(text, unicode=True if mainland else None))


def _signature(exchange: Exchange, sign: str, mainland: bool) -> str:
    if not sign and not mainland:
        return ""
    found = templates.signatures(exchange.world, exchange.provider).get(sign)
    if found is not None and found.status == "approved":
        return ""
    return "FailedOperation.SignatureIncorrectOrUnapproved"


def _unfit(template: Template, mainland: bool) -> str:
    if template.status != "approved":
        return "FailedOperation.TemplateUnapprovedOrNotExist"
    if mainland and template.international:
        return "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"
    if not mainland and not template.international:
        return "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
    return ""


def _values(exchange: Exchange, template: Template, values: Sequence[str]) -> str:
    if len(values) != len(set(VARIABLES.names(template.content))):
        return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
    if template.kind == "code":
        if not all(_CODE.fullmatch(value) for value in values):
            return "InvalidParameterValue.TemplateParameterFormatError"
        return ""
    if any(_URL.search(value) for value in values):
        return "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
    longest = access.setting(exchange, "variable_length")
    if any(len(value) > longest for value in values):
        return "InvalidParameterValue.TemplateParameterLengthLimit"
    return ""


def add_template(exchange: Exchange) -> Reply:
    """AddSmsTemplate."""
    given = wire.parameters(exchange)

    def added(known: dict[str, Template]) -> None:
        taken = [int(code) for code in known if code.isdigit()]
        code = str(max(taken, default=1_000_000) + 1)
        known[code] = _applied(exchange, code, given)

    *_others, code = templates.update_templates(exchange.world, exchange.provider, added)
    return wire.succeed(exchange, AddTemplateStatus={"TemplateId": code})


def modify_template(exchange: Exchange) -> Reply:
    """ModifySmsTemplate: one that was approved stands as it is."""
    given = wire.parameters(exchange)
    code = str(given["TemplateId"])

    def modified(known: dict[str, Template]) -> None:
        if code not in known:
            raise Refusal("FailedOperation.MissingTemplateToModify")
        if known[code].status == "approved":
            raise Refusal("FailedOperation.TemplateAlreadyPassedCheck")
        known[code] = replace(_applied(exchange, code, given), created=known[code].created)

    templates.update_templates(exchange.world, exchange.provider, modified)
    return wire.succeed(exchange, ModifyTemplateStatus={"TemplateId": given["TemplateId"]})


def delete_template(exchange: Exchange) -> Reply:
    """DeleteSmsTemplate."""
    code = str(wire.parameters(exchange)["TemplateId"])

    def left(known: dict[str, Template]) -> None:
        if known.pop(code, None) is None:
            raise Refusal("FailedOperation.TemplateIdNotExist")

    templates.update_templates(exchange.world, exchange.provider, left)
    status = {"DeleteStatus": "return successfully!", "DeleteTime": int(exchange.now)}
    return wire.succeed(exchange, DeleteTemplateStatus=status)


def describe_templates(exchange: Exchange) -> Reply:
    """DescribeSmsTemplateList: those named, or a page of all of one kind."""
    given = wire.parameters(exchange)
    international = checked_international(given)
    wanted = given.get("TemplateIdSet", [])
    limit, offset = wire.window(given, _MOST, least=0)
    if len(wanted) > _MOST:
        raise Refusal("InvalidParameterValue.LimitVerifyFail")
    known = templates.templates(exchange.world, exchange.provider)
    if wanted:
        found = [known[str(i)] for i in wanted if str(i) in known]
        if not found:
            raise Refusal("FailedOperation.MissingTemplateList")
    else:
        found = [t for t in known.values() if t.international == international]
        found = found[offset : offset + limit]
    return wire.succeed(exchange, DescribeTemplateStatusSet=[_template_row(t) for t in found])


def checked_international(given: dict[str, Any]) -> bool:
    """0 for the mainland, 1 for abroad; raises `Refusal` for others."""
    if given["International"] not in (0, 1):
        raise Refusal("InvalidParameterValue.InvalidInternational")
    return bool(given["International"])


def _applied(exchange: Exchange, code: str, given: dict[str, Any]) -> Template:
    kind = KINDS.get(given["SmsType"])
    if kind is None:
        raise Refusal("InvalidParameterValue.InvalidSmsType")
    international = checked_international(given)
    content = given["TemplateContent"]
    numbers = sorted({int(number) for number in VARIABLES.names(content)})
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


def _template_row(template: Template) -> dict[str, Any]:
    return {
        "TemplateId": int(template.code) if template.code.isdigit() else 0,
        "International": int(template.international),
        "StatusCode": STATUS_CODES[template.status],
        "ReviewReply": template.reason,
        "TemplateName": template.name,
        "CreateTime": int(template.created) or FOUNDED,
        "TemplateContent": template.content,
    }


def add_sign(exchange: Exchange) -> Reply:
    """AddSmsSign: no two alike may be under review or approved."""
    given = wire.parameters(exchange)
    name = _checked_name(given)

    def added(known: dict[str, Signature]) -> None:
        _refuse_again(known, name)
        known[name] = Signature(name, status="reviewing", created=exchange.now)

    templates.update_signatures(exchange.world, exchange.provider, added)
    _note(exchange, ABROAD, name, given["International"])
    return wire.succeed(exchange, AddSignStatus={"SignId": _id(exchange, name)})


def modify_sign(exchange: Exchange) -> Reply:
    """ModifySmsSign: one that was approved stands as it is."""
    given = wire.parameters(exchange)

    def modified(known: dict[str, Signature]) -> None:
        old = _named(exchange, known, given["SignId"])
        if old is None:
            raise Refusal("FailedOperation.MissingSignatureToModify")
        if known[old].status == "approved":
            raise Refusal("InvalidParameterValue.SignAlreadyPassedCheck")
        name = _checked_name(given)
        if name != old:
            _refuse_again(known, name)
        kept = known.pop(old)
        known[name] = replace(kept, name=name, status="reviewing", reason="")

    *_others, name = templates.update_signatures(exchange.world, exchange.provider, modified)
    _note(exchange, IDS, name, given["SignId"])
    _note(exchange, ABROAD, name, given["International"])
    return wire.succeed(exchange, ModifySignStatus={"SignId": given["SignId"]})


def delete_sign(exchange: Exchange) -> Reply:
    """DeleteSmsSign."""
    given = wire.parameters(exchange)

    def left(known: dict[str, Signature]) -> None:
        name = _named(exchange, known, given["SignId"])
        if name is None:
            raise Refusal("FailedOperation.SignIdNotExist")
        del known[name]

    templates.update_signatures(exchange.world, exchange.provider, left)
    status = {"DeleteStatus": "return successfully!", "DeleteTime": int(exchange.now)}
    return wire.succeed(exchange, DeleteSignStatus=status)


def describe_signs(exchange: Exchange) -> Reply:
    """DescribeSmsSignList: those named, or a page of all for the mainland or abroad."""
    given = wire.parameters(exchange)
    international = int(checked_international(given))
    wanted = given.get("SignIdSet", [])
    limit, offset = wire.window(given, _MOST, least=0)
    if len(wanted) > _MOST:
        raise Refusal("InvalidParameterValue.LimitVerifyFail")
    known = templates.signatures(exchange.world, exchange.provider)
    rows = [_sign_row(exchange, sign) for sign in known.values()]
    if wanted:
        found = [row for row in rows if row["SignId"] in wanted]
        if not found:
            raise Refusal("FailedOperation.MissingSignatureList")
    else:
        found = [row for row in rows if row["International"] == international]
        found = found[offset : offset + limit]
    return wire.succeed(exchange, DescribeSignListStatusSet=found)


def _checked_name(given: dict[str, Any]) -> str:
    checked_international(given)
    if given["SignPurpose"] not in _PURPOSES:
        raise Refusal("InvalidParameterValue.InvalidSignPurpose")
    if given["SignType"] not in _TYPES:
        raise Refusal("InvalidParameterValue")
    if given["DocumentType"] not in _DOCUMENTS:
        raise Refusal("InvalidParameterValue.InvalidDocumentType")
    name: str = given["SignName"]
    if len(name) > LONGEST:
        raise Refusal("InvalidParameterValue.SignNameLengthTooLong")
    if not _NAME.fullmatch(name):
        raise Refusal("InvalidParameter.InvalidParameters")
    return name


def _refuse_again(known: dict[str, Signature], name: str) -> None:
    if name in known and known[name].status in ("approved", "reviewing"):
        raise Refusal("InvalidParameterValue.SignExistAndUnapproved")


def _abroad(exchange: Exchange) -> dict[str, int]:
    found: dict[str, int] = exchange.world.load(ABROAD, {})
    return found


def _note(exchange: Exchange, document: str, name: str, value: int) -> None:
    exchange.world.update(document, lambda known: newest({**known, name: value}), {})


def _id(exchange: Exchange, name: str) -> int:
    given: int | None = exchange.world.load(IDS, {}).get(name)
    return 100_000 + crc32(name.encode()) % 900_000 if given is None else given


def _named(exchange: Exchange, known: dict[str, Signature], sign: int) -> str | None:
    return next((name for name in known if _id(exchange, name) == sign), None)


def _sign_row(exchange: Exchange, sign: Signature) -> dict[str, Any]:
    return {
        "SignId": _id(exchange, sign.name),
        "International": _abroad(exchange).get(sign.name, 0),
        "StatusCode": STATUS_CODES[sign.status],
        "ReviewReply": sign.reason,
        "SignName": sign.name,
        "CreateTime": int(sign.created) or FOUNDED,
        "QualificationId": 0,
        "QualificationName": "",
        "QualificationStatusCode": 0,
    }
