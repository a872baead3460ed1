"""SendSms and SendBatchSms: to drafts, and the one answer for all numbers.

https://help.aliyun.com/document_detail/419273.html and https://help.aliyun.com/document_detail/419274.html
One number that is refused refuses the call; all numbers of a call share one BizId.
"""

import re
from typing import Any, NamedTuple

import orjson

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Failure, Refusal, basic_placeholders
from simulators.kernel.reading import Fields, first
from simulators.kernel.templates import Template
from simulators.kernel.world import newest
from simulators.providers.aliyun import templates, wire

MAINLAND = "CN"
MAINLAND_NUMBER = re.compile(r"(\+?86|0086|\+)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"(?:00)?([1-9][0-9]{4,14})")


def recipient(raw: str, *, international: bool) -> tuple[str, str]:
    """E.164 and region of a number that a template is sent to.

    Eleven bare digits that begin with 1 may be a mainland number or one of North America with
    its country code; an international template is for the latter, where there is such a number.
    """
    mainland = MAINLAND_NUMBER.fullmatch(raw)
    abroad = _abroad(raw) if international or not mainland else None
    if abroad is not None and (not mainland or abroad.valid):
        return abroad.e164, abroad.region
    if not mainland:
        raise Refusal(Problem.BAD_RECIPIENT, to=raw)
    return f"+86{mainland[2]}", MAINLAND


def shown(e164: str) -> str:
    """The number as answers and pushes spell it: of the mainland without its country code."""
    return e164.removeprefix("+86").removeprefix("+")


def taken(raw: str) -> phone.Number | None:
    """What bare digits stand for: a number of the mainland, else one abroad."""
    mainland = MAINLAND_NUMBER.fullmatch(raw)
    return phone.parse(f"+86{mainland[2]}") if mainland else _abroad(raw)


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """The values of error texts: the number as answers spell it."""
    known = basic_placeholders(exchange, draft)
    return known | {"to": shown(draft.number)} if draft else known


def readings(raw: str) -> list[str]:
    """The numbers in E.164 that this may stand for, in a query that names no template."""
    return list({recipient(raw, international=choice)[0]: None for choice in (False, True)})


def _abroad(raw: str) -> phone.Number | None:
    abroad = _ABROAD.fullmatch(raw)
    number = phone.parse(f"+{abroad[1]}") if abroad else None
    if number is None or not number.possible or number.region == MAINLAND:
        return None
    return number


MAX_NUMBERS = 1000
MAX_BATCH = 100
_EXTENSIONS = "aliyun/extension-codes"


class Item(NamedTuple):
    """What one recipient is sent, as the call has it."""

    number: str
    signature: str
    given: dict[str, str]
    extension: str


def parse(exchange: Exchange) -> list[Draft]:
    """SendSms: one text for up to 1000 numbers."""
    sent = wire.parameters(exchange.document)
    listed, name, code = wire.required(sent, "PhoneNumbers", "SignName", "TemplateCode")
    raw = listed.split(",")
    if len(raw) > MAX_NUMBERS:
        raise Refusal(Problem.TOO_MANY_RECIPIENTS)
    template = _checked(exchange, raw, [name], code)
    given = templates.parse(first(sent, "TemplateParam"))
    extension = first(sent, "SmsUpExtendCode")
    return _drafts(exchange, template, [Item(one, name, given, extension) for one in raw])


def parse_batch(exchange: Exchange) -> list[Draft]:
    """SendBatchSms: up to 100 numbers, each with its own signature and parameters."""
    sent = wire.parameters(exchange.document)
    wire.required(sent, "PhoneNumberJson", "SignNameJson", "TemplateCode")
    raw = [str(one) for one in array(sent, "PhoneNumberJson")]
    if len(raw) > MAX_BATCH:
        raise Refusal(Problem.TOO_MANY_RECIPIENTS)
    names = [str(one) for one in array(sent, "SignNameJson")]
    given = array(sent, "TemplateParamJson") or [{}] * len(raw)
    extensions = [str(one) for one in array(sent, "SmsUpExtendCodeJson")] or [""] * len(raw)
    if not len(raw) == len(names) == len(given) == len(extensions):
        raise Refusal("isv.INVALID_PARAMETERS/format")
    template = _checked(exchange, raw, names, first(sent, "TemplateCode"))
    items = zip(raw, names, map(templates.strings, given), extensions, strict=True)
    return _drafts(exchange, template, [Item(*item) for item in items])


def array(sent: Fields, name: str) -> list[Any]:
    """The JSON array of a parameter, nothing for an empty one."""
    raw = first(sent, name)
    try:
        found = orjson.loads(raw) if raw else []
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise Refusal("isv.INVALID_JSON_PARAM")
    return found


def _checked(exchange: Exchange, raw: list[str], names: list[str], code: str) -> Template:
    """The template, once numbers, signatures and template are known to be right. Which of
    several faults is told first is not documented; this follows the order of the parameters."""
    if not raw:
        raise Refusal("MissingPhoneNumberJson")
    for one in raw:
        recipient(one, international=False)
    signatures = [templates.usable_signature(exchange, name) for name in dict.fromkeys(names)]
    template = templates.usable_template(exchange, code)
    for signature in signatures:
        templates.match(signature, template)
    return template


def _drafts(exchange: Exchange, template: Template, items: list[Item]) -> list[Draft]:
    shared = {
        "biz_id": f"{exchange.world.chance.digits(18)}^0",
        "type": templates.template_type(template),
        "out_id": first(wire.parameters(exchange.document), "OutId"),
    }
    texts: dict[int, str] = {}
    drafts = []
    for index, item in enumerate(items):
        if id(item.given) not in texts:
            texts[id(item.given)] = templates.fill(template, item.given)
        made = draft(template, item, texts[id(item.given)])
        made.details = {**shared, "index": index, "extension": extension(exchange, item)}
        drafts.append(made)
    return drafts


def draft(template: Template, item: Item, text: str) -> Draft:
    """The template's text under its signature, to one number."""
    number, region = recipient(item.number, international=template.international)
    whole = f"【{item.signature}】{text}"
    return Draft(
        number=number,
        region=region,
        sender=item.signature,
        signature=item.signature,
        template=template.code,
        text=whole,
        segments=segments.count(whole, unicode=None if template.international else True),
        lifecycle="carrier",
    )


def extension(exchange: Exchange, item: Item) -> str:
    """A reply extension belongs to the signature that used it first."""
    code = item.extension
    if not code:
        return ""
    if not (code.isascii() and code.isdigit()):
        raise Refusal("isv.CODE_ERROR")
    owner = exchange.world.load(_EXTENSIONS, {}).get(code, item.signature)
    if owner != item.signature:
        raise Refusal("isv.EXTEND_CODE_ERROR")
    return code


def template_fits(exchange: Exchange, draft: Draft) -> Failure | None:
    """Mainland templates for mainland numbers, international ones for all others."""
    mainland = draft.region == MAINLAND
    if mainland and draft.details["type"] == templates.INTERNATIONAL:
        return exchange.fail("isv.DOMESTIC_NUMBER_NOT_SUPPORTED")
    if not mainland and draft.details["type"] != templates.INTERNATIONAL:
        return exchange.fail(Problem.BAD_RECIPIENT, to=draft.number.removeprefix("+"))
    return None


def message_id(_exchange: Exchange, draft: Draft) -> str:
    """The BizId, with the place in the call behind it for all but the first number."""
    index = draft.details["index"]
    return f"{draft.details['biz_id']}.{index}" if index else str(draft.details["biz_id"])


def answer(exchange: Exchange) -> Reply:
    """The BizId of the call."""
    keep_extensions(exchange)
    return wire.ok(exchange, BizId=exchange.outcomes[0].draft.details["biz_id"])


def keep_extensions(exchange: Exchange) -> None:
    """Those that were used belong to their signatures from now on."""
    used = {
        outcome.draft.details["extension"]: outcome.draft.signature for outcome in exchange.outcomes
    }
    used.pop("", None)
    if used:
        exchange.world.update(
            _EXTENSIONS,
            lambda known: newest(
                {**known, **{code: used[code] for code in used if code not in known}}
            ),
            {},
        )
