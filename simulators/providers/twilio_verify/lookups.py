"""Lookup v2: what is known of a number. It sends nothing, and a number that is none is no error.

https://www.twilio.com/docs/lookup/v2-api
Validity, country and kind of line are those of libphonenumber's metadata. What only carriers know,
the account says: the settings document `twilio_verify/lines` has by number (in E.164) what its line
is, such as `{"+14155550100": {"type": "landline", "carrier_name": "Example"}}`. Packages that ask
other registers are not enabled (60606).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from simulators.kernel import phone, schemas
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange
from simulators.kernel.reading import Fields, first
from simulators.kernel.remembered import remembered
from simulators.providers.twilio import wire
from simulators.providers.twilio_verify import services

LINES = "twilio_verify/lines"
HOME = "US"  # where a number without a plus is, unless CountryCode says otherwise
LINE = "line_type_intelligence"
PACKAGES = (
    *("caller_name", "sim_swap", "call_forwarding", "line_status", LINE, "identity_match"),
    *("reassigned_number", "sms_pumping_risk", "phone_number_quality_score", "pre_fill"),
)
NOT_ENABLED = 60606  # https://www.twilio.com/docs/api/errors/60606

# https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence#type-property-values
TYPES: Mapping[int, str] = MappingProxyType(
    {
        PhoneNumberType.FIXED_LINE: "landline",
        PhoneNumberType.MOBILE: "mobile",
        PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
        PhoneNumberType.TOLL_FREE: "tollFree",
        PhoneNumberType.PREMIUM_RATE: "premium",
        PhoneNumberType.SHARED_COST: "sharedCost",
        PhoneNumberType.VOIP: "nonFixedVoip",
        PhoneNumberType.PERSONAL_NUMBER: "personal",
        PhoneNumberType.PAGER: "pager",
        PhoneNumberType.UAN: "uan",
        PhoneNumberType.VOICEMAIL: "voicemail",
    }
)
_WRONG: Mapping[int, str] = MappingProxyType(
    {
        ValidationResult.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
        ValidationResult.TOO_SHORT: "TOO_SHORT",
        ValidationResult.TOO_LONG: "TOO_LONG",
        ValidationResult.INVALID_LENGTH: "INVALID_LENGTH",
    }
)
_UNREAD: Mapping[int, str] = MappingProxyType(
    {
        NumberParseException.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
        NumberParseException.TOO_SHORT_AFTER_IDD: "TOO_SHORT",
        NumberParseException.TOO_SHORT_NSN: "TOO_SHORT",
        NumberParseException.TOO_LONG: "TOO_LONG",
    }
)
_COUNTRY = re.compile("[A-Z]{2}")
_LONGEST = 40  # characters, as elsewhere: more than any number has
_CARRIER = ("mobile_country_code", "mobile_network_code", "carrier_name")

_NAME = {"type": "string", "minLength": 1, "maxLength": 64, "description": "a name"}
_CODE = {"type": "string", "pattern": "^[0-9]{2,3}$", "description": "two or three digits"}
SCHEMA = {
    "type": "object",
    "maxProperties": 1000,
    "propertyNames": schemas.E164,
    "additionalProperties": schemas.record(
        type=schemas.one_of(*dict.fromkeys(TYPES.values()), "fixedVoip", "unknown"),
        carrier_name=_NAME,
        mobile_country_code=_CODE,
        mobile_network_code=_CODE,
    ),
    "description": "an object: numbers in E.164, each with what its line is",
}


def fetch(exchange: Exchange) -> Reply:
    """What is known of the number in the path, with the packages that Fields names."""
    query: Fields = exchange.document["query"]
    text = exchange.params["number"]
    country = first(query, "CountryCode").upper()
    read, wrong = _read(text, country if _COUNTRY.fullmatch(country) else HOME)
    number = read.e164 if read else text
    wanted = first(query, "Fields").replace(" ", "").split(",")
    packages = {
        name: _package(exchange, name, number) if not wrong and name in wanted else None
        for name in PACKAGES
    }
    body = {
        "calling_country_code": str(read.country_code) if read and not wrong else None,
        "country_code": (read.region or None) if read and not wrong else None,
        "phone_number": text if wrong else number,
        "national_format": None if wrong else _national(number),
        "valid": not wrong,
        "validation_errors": [wrong] if wrong else [],
        **packages,
        "url": services.url(exchange, "PhoneNumbers", text if wrong else number),
    }
    return wire.reply(exchange, 200, body, root="")


def _read(text: str, country: str) -> tuple[phone.Number | None, str]:
    """The number, and what is wrong with it, "" for nothing."""
    number = phone.parse(text, country)
    if number is None:
        return None, _unread(text, country)
    if phone.in_plan(number):
        return number, ""
    return number, _reason(number.e164)


@remembered(1024)
def _unread(text: str, country: str) -> str:
    try:
        phonenumbers.parse(text[: _LONGEST + 1], country)
    except NumberParseException as error:
        return _UNREAD.get(error.error_type, "NOT_A_NUMBER")
    return "TOO_LONG"


@remembered(1024)
def _reason(e164: str) -> str:
    found = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(e164))
    return _WRONG.get(found, "INVALID_BUT_POSSIBLE")


@remembered(1024)
def _national(e164: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.NATIONAL)


@remembered(65_536)
def _type(e164: str) -> str:
    return TYPES.get(phonenumbers.number_type(phonenumbers.parse(e164)), "unknown")


def _package(exchange: Exchange, name: str, number: str) -> dict[str, Any]:
    return line(exchange, number) if name == LINE else {"error_code": NOT_ENABLED}


def line(exchange: Exchange, number: str) -> dict[str, Any]:
    """The line of a number: what the account says, else what the metadata does."""
    said = (exchange.world.load(LINES) or {}).get(number, {})
    return {"error_code": None, **dict.fromkeys(_CARRIER), "type": _type(number), **said}


def carrier(exchange: Exchange, number: str) -> dict[str, Any]:
    """The carrier of a number as a verification shows it, in the words of Lookup v1."""
    found = line(exchange, number)
    return {
        "mobile_country_code": found["mobile_country_code"],
        "type": _OLD_TYPES.get(found["type"]),
        "error_code": found["error_code"],
        "mobile_network_code": found["mobile_network_code"],
        "name": found["carrier_name"],
    }


# https://www.twilio.com/docs/lookup/v1-api: landline, mobile, voip or null
_OLD_TYPES = MappingProxyType(
    {"landline": "landline", "mobile": "mobile", "fixedVoip": "voip", "nonFixedVoip": "voip"}
)
