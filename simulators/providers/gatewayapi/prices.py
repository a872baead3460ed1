"""Countries: prefix, mobile country code (ITU E.212) and price of one SMS.

The vendor's prices change; 0.307 DKK to Denmark was one of 2026. All others are this simulator's.
"""

from types import MappingProxyType
from typing import NamedTuple

CURRENCY = "DKK"


class Country(NamedTuple):
    """`prefix` is the calling code, `dkk` and `eur` the price of one SMS of class standard."""

    name: str
    prefix: int
    mcc: int
    dkk: float = 0.5
    eur: float = 0.067


COUNTRIES = MappingProxyType(
    {
        "AE": Country("United Arab Emirates", 971, 424),
        "AT": Country("Austria", 43, 232),
        "AU": Country("Australia", 61, 505),
        "BE": Country("Belgium", 32, 206),
        "BR": Country("Brazil", 55, 724),
        "CA": Country("Canada", 1, 302),
        "CH": Country("Switzerland", 41, 228),
        "CN": Country("China", 86, 460),
        "CZ": Country("Czechia", 420, 230),
        "DE": Country("Germany", 49, 262),
        "DK": Country("Denmark", 45, 238, 0.307, 0.0412),
        "EE": Country("Estonia", 372, 248),
        "ES": Country("Spain", 34, 214),
        "FI": Country("Finland", 358, 244),
        "FO": Country("Faroe Islands", 298, 288),
        "FR": Country("France", 33, 208),
        "GB": Country("United Kingdom", 44, 234),
        "GL": Country("Greenland", 299, 290),
        "GR": Country("Greece", 30, 202),
        "HK": Country("Hong Kong", 852, 454),
        "ID": Country("Indonesia", 62, 510),
        "IE": Country("Ireland", 353, 272),
        "IN": Country("India", 91, 404),
        "IS": Country("Iceland", 354, 274),
        "IT": Country("Italy", 39, 222),
        "JP": Country("Japan", 81, 440),
        "KR": Country("South Korea", 82, 450),
        "LT": Country("Lithuania", 370, 246),
        "LV": Country("Latvia", 371, 247),
        "NL": Country("Netherlands", 31, 204),
        "NO": Country("Norway", 47, 242),
        "NZ": Country("New Zealand", 64, 530),
        "PL": Country("Poland", 48, 260),
        "PT": Country("Portugal", 351, 268),
        "RU": Country("Russia", 7, 250),
        "SE": Country("Sweden", 46, 240),
        "SG": Country("Singapore", 65, 525),
        "TR": Country("Türkiye", 90, 286),
        "UA": Country("Ukraine", 380, 255),
        "US": Country("United States", 1, 310),
        "ZA": Country("South Africa", 27, 655),
    }
)
_ELSEWHERE = Country("", 0, 0)


def price(region: str) -> float:
    """What one SMS to a country costs, in `CURRENCY`."""
    return COUNTRIES.get(region, _ELSEWHERE).dkk


def network(region: str) -> tuple[int | None, int | None]:
    """A mobile country code and network code of the country; None where it is not in the table."""
    country = COUNTRIES.get(region)
    return (country.mcc, 1) if country else (None, None)
