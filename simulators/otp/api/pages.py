"""Lists in pages, as Logto's Management API gives them: `page` and `page_size`, and headers that
tell how many there are and where the others lie."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from simulators.otp.errors import Refused
from simulators.otp.route import Ask, Said

DEFAULT_SIZE = 20
MAX_SIZE = 100
_T = TypeVar("_T")


def _same(row: Any) -> Any:
    return row


def page(ask: Ask, rows: Sequence[_T], show: Callable[[_T], Any] = _same) -> Said:
    """The page that was asked for. Raises `Refused` (guard.invalid_pagination) for one that cannot
    be: not a number above 0, or more than `MAX_SIZE` on it."""
    number, size = _number(ask, "page", 1), _number(ask, "page_size", DEFAULT_SIZE)
    if size > MAX_SIZE:
        raise Refused("guard.invalid_pagination")
    last = math.ceil(len(rows) / size) or 1
    near = [("first", 1)]
    if number > 1:
        near.append(("prev", number - 1))
    if number < last:
        near.append(("next", number + 1))
    near.append(("last", last))
    links = ", ".join(f'<{_link(ask, at, size)}>; rel="{name}"' for name, at in near)
    shown = [show(row) for row in rows[(number - 1) * size : number * size]]
    return Said(200, shown, (("Total-Number", str(len(rows))), ("Link", links)))


def _number(ask: Ask, name: str, otherwise: int) -> int:
    given = ask.query.get(name)
    if not given:
        return otherwise
    if not re.fullmatch("[0-9]{1,9}", given) or int(given) < 1:
        raise Refused("guard.invalid_pagination")
    return int(given)


def _link(ask: Ask, number: int, size: int) -> str:
    return f"{ask.root}{ask.path}?{urlencode({**ask.query, 'page': number, 'page_size': size})}"
