"""Phone numbers by libphonenumber's metadata: validity and region, for every provider alike.

`phonenumbers` is the engine of record. Where the extra `fast` is installed, its drop-in
replacement in Rust does the work; a test holds the two against each other.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

try:
    import rphonenumbers
except ImportError:
    rphonenumbers = None

phonenumbers.enable_pattern_cache()
_POSSIBLE = 0  # ValidationResult.IS_POSSIBLE: a number that only its neighbours can dial is not
_ENGINE: Any = rphonenumbers or phonenumbers


@dataclass(frozen=True, slots=True)
class Number:
    """A parsed number. `e164` starts with a plus; `region` is ISO 3166 alpha-2, "" if none.

    `possible` means the length fits its country; `valid` means a known range.
    """

    e164: str
    country_code: int
    national: str
    region: str
    possible: bool
    valid: bool


@lru_cache(maxsize=65_536)
def parse(text: str, region: str | None = None) -> Number | None:
    """Reads a number in international form, or national form of `region`; None if it is none."""
    return read(_ENGINE, text, region)


def read(engine: Any, text: str, region: str | None) -> Number | None:
    """`parse` by one engine, uncached."""
    if len(text) > 40:
        return None
    try:
        number = engine.parse(text, region)
    except engine.NumberParseException:
        return None
    found = engine.region_code_for_number(number)
    national = engine.national_significant_number(number)
    return Number(
        e164=f"+{number.country_code}{national}",
        country_code=number.country_code,
        national=national,
        region=_region(engine, found, number.country_code),
        possible=found is not None or engine.is_possible_number_with_reason(number) == _POSSIBLE,
        valid=found is not None,
    )


def _region(engine: Any, found: str | None, country_code: int) -> str:
    region: str = found or engine.region_code_for_country_code(country_code)
    return "" if region in ("ZZ", "001") else region
