"""What each field may hold. Whatever is wrong with the fields is said at once, field by field.

A field that is null or empty counts as absent: SDKs send `"callbackUrl": null` with every message.
"""

import re
from collections.abc import Iterable
from typing import Any

from simulators.kernel import phone
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.templates import signatures

MAX_TEXT = 800  # characters, by the Go SDK; the Python SDK stops at 640 before it asks
MAX_AHEAD = 7 * 86_400  # seconds that dateSend may lie ahead, by the Go SDK
MAX_NUMBERS = 10_000
_DIGITS = re.compile(r"[1-9][0-9]{6,14}")
_WHOLE = re.compile(r"[0-9]{1,15}")

Fields = dict[str, Any]


def of(exchange: Exchange) -> Fields:
    """The fields that are there. Raises `Refusal` for a body that has none by its kind."""
    body = exchange.document["body"]
    if not isinstance(body, dict):
        raise Refusal(Problem.MALFORMED)
    return {name: value for name, value in body.items() if value is not None and value != ""}


def hold(wrong: Iterable[str]) -> None:
    """Refuses for these rows together, if there are any."""
    first, *others = [*wrong, ""]
    if first:
        raise Refusal(first, also=others[:-1])


def whole(value: Any) -> int | None:
    """A whole number, as JSON or as digits; None for anything else."""
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15
    return value if fits else None


def number(value: Any) -> phone.Number | None:
    """A number that can be sent to: digits with the country code, no plus. One that begins with 7
    has to be a mobile number of Russia or Kazakhstan."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    digits = str(value) if isinstance(value, str) or 0 <= value < 10**15 else ""
    found = phone.parse(f"+{digits}") if _DIGITS.fullmatch(digits) else None
    if found is None or not found.possible:
        return None
    if found.country_code == 7:
        mobile = found.national.startswith("9") or found.region == "KZ"
        return found if found.valid and mobile and len(found.national) == 10 else None
    return found


def numbers(given: Fields, wrong: list[str], most: int = MAX_NUMBERS) -> list[phone.Number]:
    """The numbers of `number` or `numbers`; adds to `wrong` what is wrong with them."""
    if "number" in given:
        return _readable([number(given["number"])], wrong, "400/number")
    if "numbers" not in given:
        wrong.append("400/number/required")
        return []
    several = given["numbers"]
    if not isinstance(several, list) or not 1 <= len(several) <= most:
        wrong.append("400/numbers")
        return []
    return _readable([number(value) for value in several], wrong, "400/numbers")


def _readable(found: list[phone.Number | None], wrong: list[str], row: str) -> list[phone.Number]:
    good = [item for item in found if item is not None]
    if len(good) < len(found):
        wrong.append(row)
    return good


def text(given: Fields, wrong: list[str]) -> str:
    """The text of the message."""
    value = given.get("text", "")
    if "text" not in given:
        wrong.append("400/text/required")
    elif not isinstance(value, str) or not value.strip():
        wrong.append("400/text")
    elif len(value) > MAX_TEXT:
        wrong.append("400/text/long")
    return value if isinstance(value, str) else ""


def sign(exchange: Exchange, given: Fields, wrong: list[str]) -> str:
    """The sign as the account has it; its spelling may differ in capitals (the Node SDK's default
    is `Sms Aero`)."""
    value = given.get("sign")
    if value is None:
        wrong.append("400/sign/required")
        return ""
    owned = signatures(exchange.world, exchange.provider)
    if isinstance(value, str):
        found = owned.get(value)
        if found is None:
            alike = [s for name, s in owned.items() if name.casefold() == value.casefold()]
            found = alike[0] if alike else None
        if found is not None and found.status == "approved":
            return found.name
    wrong.append("400/sign")
    return ""


def date_send(exchange: Exchange, given: Fields, wrong: list[str]) -> int:
    """When to send, in Unix seconds; 0 for at once."""
    if "dateSend" not in given:
        return 0
    value = whole(given["dateSend"])
    if value is not None and int(exchange.now) <= value <= exchange.now + MAX_AHEAD:
        return value
    past = value is not None and value < exchange.now
    wrong.append("400/dateSend/past" if past else "400/dateSend")
    return 0


def callback(given: Fields, wrong: list[str]) -> str:
    """The URL that changes of status are reported to, "" for none."""
    value = given.get("callbackUrl", "")
    if isinstance(value, str) and (not value or value.startswith(("http://", "https://"))):
        return value
    wrong.append("400/callbackUrl")
    return ""


def identifier(given: Fields, name: str = "id") -> int:
    """A required id. Raises `Refusal`."""
    if name not in given:
        raise Refusal(f"400/{name}/required")
    value = whole(given[name])
    if value is None:
        raise Refusal(f"400/{name}")
    return value
