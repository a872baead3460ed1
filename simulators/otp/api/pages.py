"""Lists in pages, as Logto's Management API gives them: `page` and `page_size`, and headers that
tell how many there are and where the others lie."""

import math
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from simulators.otp.errors import Refused
from simulators.otp.route import Ask, Said

DEFAULT_SIZE = 20
MAX_SIZE = 100


def page(ask: Ask, rows: Sequence[Any]) -> Said:
    """The page of these rows that was asked for. Raises `Refused` as `bounds` does."""
    start, stop = bounds(ask)
    return part(ask, rows[start:stop], len(rows))


def bounds(ask: Ask) -> tuple[int, int]:
    """From which row to which the page goes. Raises `Refused` (guard.invalid_pagination) for one
    that cannot be: not a number above 0, or more than `MAX_SIZE` on it."""
    number, size = _number(ask, "page", 1), _number(ask, "page_size", DEFAULT_SIZE)
    if size > MAX_SIZE:
        raise Refused("guard.invalid_pagination")
    return (number - 1) * size, number * size


def part(ask: Ask, rows: Sequence[Any], total: int) -> Said:
    """The rows of the page that was asked for, of so many in all."""
    start, stop = bounds(ask)
    size = stop - start
    number, last = stop // size, math.ceil(total / size) or 1
    near = [("first", 1)]
    if number > 1:
        near.append(("prev", number - 1))
    if number < last:
        near.append(("next", number + 1))
    near.append(("last", last))
    links = ", ".join(f'<{_link(ask, at, size)}>; rel="{name}"' for name, at in near)
    return Said(200, list(rows), (("Total-Number", str(total)), ("Link", links)))


def _number(ask: Ask, name: str, otherwise: int) -> int:
    given = ask.query.get(name)
    if not given:
        return otherwise
    if not re.fullmatch("[0-9]{1,9}", given) or int(given) < 1:
        raise Refused("guard.invalid_pagination")
    return int(given)


def _link(ask: Ask, number: int, size: int) -> str:
    return f"{ask.root}{ask.path}?{urlencode({**ask.query, 'page': number, 'page_size': size})}"
