"""Paging, and times in requests: checks that several operations share."""

from datetime import datetime, timedelta, timezone
from typing import Any

from simulators.kernel.provider import Refusal

BEIJING = timezone(timedelta(hours=8))
WEEK = 7 * 86_400


def window(given: dict[str, Any], most: int, least: int = 1) -> tuple[int, int]:
    """Limit and offset; raises `Refusal` outside their ranges."""
    limit, offset = given.get("Limit", most), given.get("Offset", 0)
    if not least <= limit <= most:
        raise Refusal("InvalidParameterValue.LimitVerifyFail")
    if not 0 <= offset < 2**31:
        raise Refusal("InvalidParameterValue.OffsetVerifyFail")
    return limit, offset


def seconds(given: dict[str, Any], now: float) -> tuple[float, float]:
    """Begin and end of a query in epoch seconds; it reaches back seven days."""
    begin, end = given["BeginTime"], given.get("EndTime", now)
    if not now - WEEK <= begin <= now:
        raise Refusal("InvalidParameterValue.BeginTimeVerifyFail")
    return _ordered(float(begin), float(end))


def hours(given: dict[str, Any]) -> tuple[float, float]:
    """Begin and end of a query in hours of Beijing time, `yyyymmddhh`; the last one counts."""
    begin = _hour(given["BeginTime"], "InvalidParameterValue.BeginTimeVerifyFail")
    end = _hour(given["EndTime"], "InvalidParameterValue.EndTimeVerifyFail")
    return _ordered(begin, end + 3600)


def _hour(text: str, key: str) -> float:
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        raise Refusal(key)
    try:
        return datetime.strptime(text, "%Y%m%d%H").replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        raise Refusal(key) from None


def _ordered(begin: float, end: float) -> tuple[float, float]:
    if end < begin:
        raise Refusal("InvalidParameterValue.InvalidStartTime")
    return begin, end
