"""Phone numbers as SendSms takes them.

Mainland: 11 digits, alone or after +86, 0086, 86 or +. Abroad: country code and number, no plus.
https://help.aliyun.com/document_detail/419273.html
"""

import re

from simulators.kernel import phone
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Refusal

MAINLAND = "CN"
_MAINLAND = re.compile(r"(\+?86|0086|\+)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"[1-9][0-9]{4,14}")


def recipient(raw: str, *, international: bool) -> tuple[str, str]:
    """E.164 and region of a number that a template is sent to.

    Eleven bare digits that begin with 1 may be a mainland number or one of North America with
    its country code; an international template is for the latter, where there is such a number.
    """
    mainland = _MAINLAND.fullmatch(raw)
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
    mainland = _MAINLAND.fullmatch(raw)
    return phone.parse(f"+86{mainland[2]}") if mainland else _abroad(raw)


def readings(raw: str) -> list[str]:
    """The numbers in E.164 that this may stand for, in a query that names no template."""
    return list({recipient(raw, international=choice)[0]: None for choice in (False, True)})


def _abroad(raw: str) -> phone.Number | None:
    number = phone.parse(f"+{raw}") if _ABROAD.fullmatch(raw) else None
    if number is None or not number.possible or number.region == MAINLAND:
        return None
    return number
