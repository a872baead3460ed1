"""What the parameters of a new message must look like, asked in this order.

https://www.twilio.com/docs/messaging/api/message-resource#request-body-parameters
"""

import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from simulators.kernel.clock import from_iso
from simulators.kernel.provider import Refusal
from simulators.kernel.reading import Fields, first, many

MAX_TEXT = 1600  # https://www.twilio.com/docs/api/errors/21617
SOONEST, LATEST = 300, 35 * 86_400  # https://www.twilio.com/docs/api/errors/35114

_CONTENT = re.compile(r"HX[0-9a-fA-F]{32}")
_APPLICATION = re.compile(r"AP[0-9a-fA-F]{32}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?|\[[0-9a-fA-F:.]+\]")
PLAIN = frozenset({"To", "From", "MessagingServiceSid", "Body", "RiskCheck"})


def check(form: Fields) -> None:
    """Raises `Refusal` with the row of the first parameter that is not as it must be."""
    text = first(form, "Body")
    # Above the first plane a character counts twice.
    if len(text) > MAX_TEXT // 2 and len(text.encode("utf-16-le")) > 2 * MAX_TEXT:
        raise Refusal("21617")
    if not PLAIN.issuperset(form):
        for name, wrong in _CHECKS:
            if form.get(name):
                key = wrong(form)
                if key:
                    raise Refusal(key)


def send_at(form: Fields, now: float, service: str) -> float | None:
    """When a scheduled message is to be sent, None where it is not scheduled."""
    kind = first(form, "ScheduleType")
    if not kind:
        return None
    if not service:
        raise Refusal("35118")
    if kind != "fixed":
        raise Refusal("35126")
    if not first(form, "SendAt"):
        raise Refusal("35111")
    try:
        at = from_iso(first(form, "SendAt"))
    except (ValueError, OverflowError):
        raise Refusal("35115") from None
    if at - now < SOONEST:
        raise Refusal("35114")
    if at - now > LATEST:
        raise Refusal("35117")
    return at


def is_url(text: str) -> bool:
    """Whether this is an absolute http(s) URL with a host name as DNS allows it."""
    try:
        parts = urlsplit(text)
        host, _port = parts.netloc.rpartition("@")[2], parts.port
    except ValueError:
        return False
    name = host if host.endswith("]") else host.partition(":")[0] if "[" not in host else host
    return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(name.partition("]:")[0]))


def _media(form: Fields) -> str:
    urls = many(form, "MediaUrl")
    if len(urls) > 10:
        return "21623"
    return "" if all(is_url(url) for url in urls) else "21620"


def _content(form: Fields) -> str:
    return "" if _CONTENT.fullmatch(first(form, "ContentSid")) else "21655"


def _variables(form: Fields) -> str:
    if not first(form, "ContentSid"):
        return "21654"
    try:
        found = json.loads(first(form, "ContentVariables"))
    except (ValueError, RecursionError):
        return "21656"
    return "" if isinstance(found, dict) else "21656"


def _callback(form: Fields) -> str:
    return "" if is_url(first(form, "StatusCallback")) else "21609"


def _application(form: Fields) -> str:
    return "" if _APPLICATION.fullmatch(first(form, "ApplicationSid")) else "21218"


def validity(text: str) -> int | None:
    """A validity period in seconds, None if it is none."""
    readable = text.isascii() and text.isdigit() and len(text) <= 5
    return int(text) if readable and 1 <= int(text) <= 36_000 else None


def _validity(form: Fields) -> str:
    return "21624" if validity(first(form, "ValidityPeriod")) is None else ""


def _price(form: Fields) -> str:
    text = first(form, "MaxPrice")
    return "" if re.fullmatch(r"[0-9]*\.?[0-9]+", text) and float(text) > 0 else "21627"


def _one_of(name: str, values: tuple[str, ...], key: str) -> Callable[[Fields], str]:
    return lambda form: "" if first(form, name) in values else key


_CHECKS: tuple[tuple[str, Callable[[Fields], str]], ...] = (
    ("MediaUrl", _media),
    ("ContentSid", _content),
    ("ContentVariables", _variables),
    ("StatusCallback", _callback),
    ("ApplicationSid", _application),
    ("ValidityPeriod", _validity),
    (
        "ContentRetention",
        _one_of("ContentRetention", ("retain", "discard"), "30029"),
    ),
    (
        "AddressRetention",
        _one_of("AddressRetention", ("retain", "obfuscate"), "30030"),
    ),
    ("MaxPrice", _price),
)
