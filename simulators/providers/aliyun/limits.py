"""Flow control of numbers in mainland China; nothing else is limited.

https://help.aliyun.com/document_detail/44335.html: minutes and hours are those of the clock in
Beijing, a day is the 24 hours before now, and what counts is what was accepted.
"""

from types import MappingProxyType

from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft
from simulators.providers.aliyun import registry, send

PAGE = "https://help.aliyun.com/document_detail/44335.html"
_EIGHT_HOURS = 8 * 3600  # natural minutes and hours are those of Beijing


def _code(draft: Draft) -> bool:
    return draft.region == send.MAINLAND and draft.details["type"] == registry.CODE


def _other(draft: Draft) -> bool:
    return draft.region == send.MAINLAND and draft.details["type"] != registry.CODE


_CODE = MappingProxyType({"to": r"^\+86", "details.type": f"^{registry.CODE}$"})
_OTHER = MappingProxyType({"to": r"^\+86", "details.type": f"^(?!{registry.CODE}$)"})

LIMITS = (
    Limit(
        name="minute",
        permits=1,
        seconds=60,
        kind="natural",
        zone=_EIGHT_HOURS,
        key=("signature", "number"),
        applies=_code,
        where=_CODE,
        error="isv.BUSINESS_LIMIT_CONTROL/minute",
        source=PAGE,
    ),
    Limit(
        name="hour",
        permits=5,
        seconds=3600,
        kind="natural",
        zone=_EIGHT_HOURS,
        key=("signature", "number"),
        applies=_code,
        where=_CODE,
        error="isv.BUSINESS_LIMIT_CONTROL/hour",
        source=PAGE,
    ),
    Limit(
        name="day",
        permits=10,
        seconds=86_400,
        key=("signature", "number"),
        applies=_code,
        where=_CODE,
        error="isv.BUSINESS_LIMIT_CONTROL/day",
        source=PAGE,
    ),
    Limit(
        name="number-day",  # over all customers of Aliyun; here over all signatures of an account
        permits=40,
        seconds=86_400,
        key=("number",),
        applies=_code,
        where=_CODE,
        error="isv.BUSINESS_LIMIT_CONTROL/number-day",
        source=PAGE,
    ),
    Limit(
        name="template-day",
        permits=50,
        seconds=86_400,
        key=("signature", "template", "number"),
        applies=_other,
        where=_OTHER,
        error="isv.BUSINESS_LIMIT_CONTROL/template-day",
        source=PAGE,
    ),
)
