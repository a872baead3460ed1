"""Operators of Russian numbers, and what a message costs by channel and operator.

Operator numbers, and the prices of the channel FREE SIGN: smsaero_api 3.2.0, whose sample of a
Beeline number costs 5.49. The prices of the other channels are this simulator's. Prefixes: the
numbering plan as it was given out; a number that was taken to another operator is not known.
"""

from collections.abc import Mapping
from types import MappingProxyType

from simulators.kernel.phone import Number

SHARED, DIRECT, ABROAD, VIBER = "FREE SIGN", "DIRECT", "INTERNATIONAL", "OFFICIAL"
VIBER_PRICE = 2.25
OTHER = 0
OPERATORS = MappingProxyType({1: "MEGAFON", 4: "MTS", 5: "BEELINE", 6: "TELE2", OTHER: "OTHER"})
TARIFFS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        SHARED: {
            "MEGAFON": "8.99",
            "MTS": "4.99",
            "BEELINE": "5.49",
            "TELE2": "4.79",
            "OTHER": "5.19",
        },
        DIRECT: {
            "MEGAFON": "6.49",
            "MTS": "4.29",
            "BEELINE": "4.59",
            "TELE2": "3.99",
            "OTHER": "4.39",
        },
        ABROAD: {"OTHER": "9.90"},
    }
)
_PREFIXES = (
    (1, ("92", "930", "931", "932", "933", "934", "936", "937", "938", "939", "999")),
    (4, ("91", "98")),
    (5, ("903", "905", "906", "909", "960", "961", "962", "963", "964", "965", "966", "967")),
    (5, ("968", "969")),
    (6, ("900", "901", "902", "904", "908", "950", "951", "952", "953", "958", "977", "991")),
    (6, ("992", "993", "994", "995", "996")),
)


def operator(number: Number) -> int:
    """The number of the operator that the prefix was given to, `OTHER` for all others."""
    if number.country_code == 7:
        for code, prefixes in _PREFIXES:
            if number.national.startswith(prefixes):
                return code
    return OTHER


def channel(number: Number, sign: str, shared: frozenset[str]) -> str:
    """The channel, which the sign decides in Russia: the shared sender has one of its own."""
    if sign in shared:
        return SHARED
    return DIRECT if number.country_code == 7 else ABROAD


def price(of_channel: str, of_operator: int, segments: int) -> float:
    """What one message costs in roubles, all its segments together."""
    tariff = TARIFFS[of_channel]
    each = tariff.get(OPERATORS[of_operator], tariff["OTHER"])
    return round(float(each) * segments, 2)
