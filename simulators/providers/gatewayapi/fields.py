"""The fields of a message, and what each may hold.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Advanced usage". A field that is null
counts as absent. Every violation has the one answer 422.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Refusal

MAX_RECIPIENTS = 10_000
_SENDER = re.compile(r"\+?[0-9]{1,15}|[^\x00-\x1f]{1,11}")
_CLASSES = ("standard", "premium", "secret", "charge")
_PRIORITIES = {
    "BULK": _CLASSES,
    "NORMAL": _CLASSES,
    "URGENT": ("premium", "secret"),
    "VERY_URGENT": ("premium", "secret"),
}
_YEAR_9999 = 253_402_300_800

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(least: int, most: int) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return check


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _sender(value: Any) -> bool:
    return _SENDER.fullmatch(str(value)) is not None or value == ""


def _base64(value: Any) -> bool:
    return isinstance(value, str) and binary(value) is not None


def _recipients(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MAX_RECIPIENTS


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "recipients": _recipients,
        "message": _text,
        "class": _text,
        "sender": lambda value: isinstance(value, str | int) and _sender(value),
        "sendtime": _whole(0, _YEAR_9999),
        "tags": _texts,
        "userref": _text,
        "priority": _text,
        "validity_period": _whole(0, _YEAR_9999),
        "encoding": _one_of("UTF8", "UCS2"),
        "destaddr": _one_of("DISPLAY", "MOBILE", "SIMCARD", "EXTUNIT"),
        "payload": _base64,
        "udh": _base64,
        "callback_url": _text,
        "label": _text,
        "max_parts": _whole(1, 255),
        "extra_details": _one_of("recipients_usage"),
    }
)


def messages(body: Any) -> list[dict[str, Any]]:
    """The messages of a request without their null fields; all of them are in order, or it
    raises `Refusal` for the first that is not."""
    batch = body if isinstance(body, list) else [body]
    if not batch or not all(isinstance(item, dict) for item in batch):
        raise Refusal(Problem.MALFORMED)
    found = [{k: v for k, v in item.items() if v is not None} for item in batch]
    for item in found:
        _hold(item)
    for name in ("class", "label"):
        if any(item.get(name) != found[0].get(name) for item in found):
            raise Refusal(Problem.MALFORMED)
    return found


def _hold(item: dict[str, Any]) -> None:
    if "recipients" not in item:
        raise Refusal(Problem.MISSING_RECIPIENT)
    if not item.get("message") and not item.get("payload"):
        raise Refusal(Problem.MISSING_TEXT)
    if not all(check(item[name]) for name, check in CHECKS.items() if name in item):
        raise Refusal(Problem.MALFORMED)
    if "payload" in item and ("message" in item or "tags" in item):
        raise Refusal(Problem.MALFORMED)
    if "max_parts" in item and ("payload" in item or "tags" in item):
        raise Refusal(Problem.MALFORMED)
    of_class, priority = item.get("class", "standard"), item.get("priority", "NORMAL")
    if of_class not in _CLASSES:
        raise Refusal("0x0218", **{"class": of_class})
    if of_class not in _PRIORITIES.get(priority, ()):
        raise Refusal("0x0311", priority=priority)


def binary(text: str) -> bytes | None:
    """The bytes of a Base64 field, None where it is not Base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
