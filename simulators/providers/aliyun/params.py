"""Template parameters: what may stand in for a template's variables.

https://help.aliyun.com/document_detail/108253.html and https://help.aliyun.com/document_detail/101346.html
"""

import re
from typing import Any

import orjson

from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Refusal
from simulators.kernel.templates import Template
from simulators.providers.aliyun.registry import CODE, template_type

VARIABLE = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]*)\}")
_PLAIN = re.compile(r"[A-Za-z0-9]*")
_ADDRESS = re.compile(
    r"https?://|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|top|vip|cc|io)\b|\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b",
    re.IGNORECASE,
)
# The documentation names these as examples, besides emoji and traditional characters.
_SYMBOLS = frozenset("【】〖〗『』「」²•①★※→❤™")


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
    names = VARIABLE.findall(template.content)
    if not all(given.get(name) for name in names):
        raise Refusal(Problem.TEMPLATE_MISMATCH)
    if template_type(template) == CODE:
        _verification(names, given)
    elif any(len(given[name]) > 35 for name in names):
        raise Refusal("isv.PARAM_LENGTH_LIMIT")
    for name in names:
        _content(given[name], template)
    return VARIABLE.sub(lambda found: given[found[1]], template.content)


def _verification(names: list[str], given: dict[str, str]) -> None:
    # All values are looked at, also of names that the template does not have.
    if not all(_PLAIN.fullmatch(value) for value in given.values()):
        raise Refusal("isv.INVALID_PARAMETERS/charset")
    if not all(4 <= len(given[name]) <= 6 for name in names):
        raise Refusal("isv.PARAM_LENGTH_LIMIT")


def _content(value: str, template: Template) -> None:
    if _ADDRESS.search(value):
        raise Refusal("isv.PARAM_NOT_SUPPORT_URL")
    if not template.international and any(_unsupported(char) for char in value):
        raise Refusal("isv.UNSUPPORTED_CONTENT")


def _unsupported(char: str) -> bool:
    if char in _SYMBOLS or char > "\uffff":
        return True
    # GB 2312 holds the simplified characters, and neither traditional nor rare ones.
    return "\u4e00" <= char <= "\u9fff" and not char.encode("gb2312", "ignore")
