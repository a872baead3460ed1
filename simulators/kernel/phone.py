"""Phone numbers by libphonenumber's metadata: validity and region, for every provider alike.

`phonenumbers` is the engine of record. Where the extra `fast` is installed, its drop-in
replacement in Rust does the work; a test holds the two against each other.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import phonenumbers

from simulators.kernel.remembered import remembered

try:
    import rphonenumbers
except ImportError:
    rphonenumbers = None

phonenumbers.enable_pattern_cache()
_POSSIBLE = 0  # ValidationResult.IS_POSSIBLE: a number that only its neighbours can dial is not
_ENGINE: Any = rphonenumbers or phonenumbers


# Kept free for films, books and tests, and rightly used by tests; but in no range that the metadata
# knows: Ofcom's mobiles and its town that is none (https://www.ofcom.org.uk/phones-and-broadband/
# phone-numbers/numbers-for-drama), 555-0100 to 0199 (https://nationalnanpa.com) under an area code
# that nobody has. Every other reserved range that we know of is valid by the metadata.
_FICTION = re.compile(r"\+44(7700900|1632960)\d{3}|\+1[2-9]\d\d55501\d\d")


class Number(NamedTuple):
    """A parsed number. `e164` starts with a plus; `region` is ISO 3166 alpha-2, "" if none.

    `possible` means the length fits its country; `valid` means a known range.
    """

    e164: str
    country_code: int
    national: str
    region: str
    possible: bool
    valid: bool


def in_plan(number: Number) -> bool:
    """Whether a numbering plan has room for it: a known range, or one that is kept for fiction."""
    return number.valid or _FICTION.fullmatch(number.e164) is not None


@remembered(65_536)
def parse(text: str, region: str = "") -> Number | None:
    """Reads a number in international form, or national form of `region`; None if it is none."""
    return read(_ENGINE, text, region or None)


def international(digits: str) -> Number | None:
    """Digits with their country code, as most providers take a number."""
    return parse(f"+{digits}")


# Where the providers take national writing: Aliyun and Tencent, Twilio, SMS Aero.
_NATIONAL = ("CN", "US", "RU")


def written(text: str, as_taken: Callable[[str], Number | None] = international) -> Number | None:
    """A number in any usual writing, None if it is none: the one place where people's numbers are
    read, `as_taken` being how the provider at hand does.

    With a plus (which a query string may have turned into a blank) or 00 it is international.
    Bare digits are what the provider takes them for; else they begin with a country code, if that
    is possible at all, and if not they are national writing of China, the USA or Russia.
    """
    bare = text.strip()
    plain = parse("+" + (bare[2:] if bare.startswith("00") else bare.lstrip("+")))
    if bare.startswith(("+", "00")) or text.startswith(" "):
        return plain
    taken = as_taken(re.sub(r"[ ()./-]", "", bare))
    if taken is not None and taken.possible:
        return taken
    if plain is not None and plain.possible:
        return plain
    national = (parse(bare, region) for region in _NATIONAL)
    return next((number for number in national if number is not None and number.valid), plain)


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
