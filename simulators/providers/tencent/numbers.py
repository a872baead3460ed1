"""Phone numbers as Tencent reads them, and the operation that tells how it read them.

https://cloud.tencent.com/document/api/382/55981: E.164 with its plus; for the mainland also
`0086...`, `86...` and the bare eleven digits. Nothing else may go without a plus.
"""

import re
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.tencent import parameters, wire

_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"\+[1-9][0-9]{4,14}")
MOST = 200

# Names as the vendor's price list has them; other countries are called by their code.
_NAMES = {
    "AU": "Australia",
    "BR": "Brazil",
    "CA": "Canada",
    "CN": "China",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "ID": "Indonesia",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "KR": "South Korea",
    "MX": "Mexico",
    "MY": "Malaysia",
    "PH": "Philippines",
    "RU": "Russia",
    "SG": "Singapore",
    "TH": "Thailand",
    "US": "United States",
    "VN": "Vietnam",
}


def parse(text: str) -> phone.Number | str:
    """The number, or the catalogue key of what is wrong with it."""
    mainland = _MAINLAND.fullmatch(text)
    if mainland is None and (not _ABROAD.fullmatch(text) or text.startswith("+86")):
        return "InvalidParameterValue.IncorrectPhoneNumber"
    number = phone.parse(f"+86{mainland[1]}" if mainland else text)
    if number is None or not number.possible:
        return "FailedOperation.PhoneNumberParseFail"
    return number


def taken(text: str) -> phone.Number | None:
    """What bare digits stand for: a number of the mainland, or none that this provider takes."""
    number = parse(text)
    return None if isinstance(number, str) else number


def is_mainland(number: phone.Number) -> bool:
    """Whether a domestic template goes there. Hong Kong, Macao and Taiwan are abroad."""
    return number.country_code == 86


def iso_code(number: phone.Number) -> str:
    """Its country, "DEF" where that cannot be told."""
    return number.region if number.valid and number.region else "DEF"


def describe(exchange: Exchange) -> Reply:
    """DescribePhoneNumberInfo: what becomes of each number."""
    given = parameters.of(exchange)["PhoneNumberSet"]
    if not given:
        raise Refusal("MissingParameter.EmptyPhoneNumberSet")
    if len(given) > MOST:
        raise Refusal("LimitExceeded.PhoneNumberCountLimit")
    found = [_described(exchange, text) for text in given]
    return wire.succeed(exchange, PhoneNumberInfoSet=found)


def _described(exchange: Exchange, text: str) -> dict[str, Any]:
    number = parse(text)
    if isinstance(number, str):
        failure = exchange.fail(number)
        shown = ("", "", text, "", "")
        code, message = failure.row.code, failure.text
    else:
        iso = iso_code(number)
        name = _NAMES.get(iso, iso)
        shown = (str(number.country_code), number.national, number.e164, iso, name)
        code, message = "Ok", "Describe success"
    names = ("NationCode", "SubscriberNumber", "PhoneNumber", "IsoCode", "IsoName")
    return {"Code": code, "Message": message, **dict(zip(names, shown, strict=True))}
