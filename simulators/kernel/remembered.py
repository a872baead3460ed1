"""Remembers what a function makes of a text, where the text is short: clients send the same few
again and again, and a cache counts its entries and not their bytes. A single one may be a MiB."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

LONGEST = 512  # characters, of all together

_F = TypeVar("_F", bound=Callable[..., Any])


def remembered(most: int) -> Callable[[_F], _F]:
    """For a function of texts, given by position: its results for the `most` latest are kept."""

    def remembering(function: _F) -> _F:
        known = lru_cache(most)(function)

        @wraps(function)
        def asked(*texts: str) -> Any:
            return known(*texts) if sum(map(len, texts)) <= LONGEST else function(*texts)

        return cast(_F, asked)

    return remembering
