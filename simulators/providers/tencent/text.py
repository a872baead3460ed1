"""A signature and a template with its parameters make a text, or one of Tencent's refusals.

Rules of templates: https://cloud.tencent.com/document/product/382/39023; of their variables in
the descriptions of the error codes, https://cloud.tencent.com/document/api/382/52067.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from simulators.kernel import segments
from simulators.kernel.provider import Exchange, Failure
from simulators.kernel.templates import Template, signatures, templates
from simulators.providers.tencent import settings

VARIABLE = re.compile(r"\{([1-9][0-9]?)\}")
_CODE = re.compile(r"[0-9]{0,6}")
_URL = re.compile(r"(?:https?://|www\.)\S|\b[a-z0-9-]+\.(?:com|cn|net|org|io|me|cc|top)\b", re.I)


class Text(NamedTuple):
    """What the phone shows, and as how many messages it is billed."""

    text: str
    parts: int


def render(exchange: Exchange, given: Mapping[str, Any], *, mainland: bool) -> Text | Failure:
    """The text of a message to the mainland or abroad."""
    provider = exchange.provider
    sign, values = given.get("SignName", ""), given.get("TemplateParamSet", ())
    known = templates(exchange.world, provider.name, provider.templates)
    template = known.get(given["TemplateId"])
    key = _signature(exchange, sign, mainland)
    if key or template is None:
        return exchange.fail(key or "FailedOperation.TemplateUnapprovedOrNotExist")
    key = _template(template, mainland) or _values(exchange, template, values)
    if key:
        return exchange.fail(key)
    text = fill(template.content, values)
    text = f"【{sign}】{text}" if sign else text
    # To the mainland every character counts alike, whatever its alphabet.
    return Text(text, segments.count(text, unicode=True if mainland else None))


def _signature(exchange: Exchange, sign: str, mainland: bool) -> str:
    if not sign and not mainland:
        return ""
    provider = exchange.provider
    found = signatures(exchange.world, provider.name, provider.signatures).get(sign)
    if found is not None and found.status == "approved":
        return ""
    return "FailedOperation.SignatureIncorrectOrUnapproved"


def _template(template: Template, mainland: bool) -> str:
    if template.status != "approved":
        return "FailedOperation.TemplateUnapprovedOrNotExist"
    if mainland and template.international:
        return "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"
    if not mainland and not template.international:
        return "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
    return ""


def _values(exchange: Exchange, template: Template, values: Sequence[str]) -> str:
    if len(values) != variables(template.content):
        return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
    if template.kind == "code":
        if not all(_CODE.fullmatch(value) for value in values):
            return "InvalidParameterValue.TemplateParameterFormatError"
        return ""
    if any(_URL.search(value) for value in values):
        return "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
    longest = settings.variable_length(exchange)
    if any(len(value) > longest for value in values):
        return "InvalidParameterValue.TemplateParameterLengthLimit"
    return ""


@lru_cache(maxsize=1024)
def variables(content: str) -> int:
    """How many values a template takes."""
    return len(set(VARIABLE.findall(content)))


def fill(content: str, values: Sequence[str]) -> str:
    """The template with `{1}` and so on replaced; one without a value stays."""

    def value(found: re.Match[str]) -> str:
        index = int(found[1]) - 1
        return values[index] if index < len(values) else found[0]

    return VARIABLE.sub(value, content)
