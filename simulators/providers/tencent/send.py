"""SendSms and SendMultiGlobalSms: from a template and its parameters to a message for each number.

https://cloud.tencent.com/document/api/382/55981. What is wrong with the call refuses it whole;
what is wrong for one number is the `Code` of that number's row in an answer without an `Error`.
Numbers are E.164 with their plus; of the mainland `0086...`, `86...` and the bare eleven digits are
taken too. DescribePhoneNumberInfo tells how they are read.
"""

import re
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.provider import Draft, Exchange, Failure, Outcome, Refusal
from simulators.providers.tencent import access, wire
from simulators.providers.tencent.registry import Text, render

CHANNEL = "3369"
MOST_NUMBERS = 200
_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"\+[1-9][0-9]{4,14}")

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


def parse(exchange: Exchange) -> list[Draft]:
    """SendSms: one text for up to 200 numbers, all of the mainland or none."""
    given = wire.parameters(exchange)
    texts: list[str] = given["PhoneNumberSet"]
    if not texts:
        raise Refusal("MissingParameter.EmptyPhoneNumberSet")
    if len(texts) > MOST_NUMBERS:
        raise Refusal("LimitExceeded.PhoneNumberCountLimit")
    read = [number(text) for text in texts]
    if len({is_mainland(n) for n in read if isinstance(n, phone.Number)}) > 1:
        raise Refusal("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber")
    app = access.app_failure(exchange, given["SmsSdkAppId"])
    return [_draft(exchange, given, pair, app) for pair in zip(texts, read, strict=True)]


def parse_multi(exchange: Exchange) -> list[Draft]:
    """SendMultiGlobalSms: a text of its own for each number abroad."""
    given = wire.parameters(exchange)
    items: list[dict[str, Any]] = given["MultiSmsInfoSet"]
    if not items:
        raise Refusal("InvalidParameterValue.MultiSmsInfoSetEmpty")
    if len(items) > MOST_NUMBERS:
        raise Refusal("LimitExceeded.PhoneNumberCountLimit")
    app = access.app_failure(exchange, given["SmsSdkAppId"])
    drafts = []
    for item in items:
        found = number(item["PhoneNumber"])
        draft = _draft(exchange, item, (item["PhoneNumber"], found), app)
        if isinstance(found, phone.Number) and is_mainland(found):
            draft.failure = exchange.fail("UnsupportedOperation.ContainDomesticPhoneNumber")
        drafts.append(draft)
    return drafts


def _draft(
    exchange: Exchange,
    given: dict[str, Any],
    recipient: tuple[str, phone.Number | str],
    app: Failure | None,
) -> Draft:
    text, found = recipient
    draft = Draft(
        number=text,
        sender=given.get("SignName") or given.get("SenderId", ""),
        signature=given.get("SignName", ""),
        template=given["TemplateId"],
        lifecycle="sms",
        callback=access.setting(exchange, "callback"),
        details={"session": given.get("SessionContext", "")},
    )
    if given.get("ExtendCode"):
        draft.details["extend"] = given["ExtendCode"]
    if isinstance(found, str):
        draft.failure = exchange.fail(found)
        return draft
    draft.number, draft.region = found.e164, found.region
    draft.details["iso"] = iso_code(found)
    draft.details["code"] = found.country_code
    if app is not None:
        draft.failure = app
        return draft
    rendered = render(exchange, given, mainland=is_mainland(found))
    if isinstance(rendered, Text):
        draft.text, draft.segments = rendered
    else:
        draft.failure = rendered
    return draft


def is_abroad(draft: Any) -> bool:
    """Whether a limit on messages to other countries counts this one."""
    return bool(draft.details.get("code") != 86)


def message_id(exchange: Exchange, draft: Draft) -> str:
    """A serial number: channel, ten digits, the time, seven digits; abroad a UUID.

    Read from answers in public logs: `3369:2441587708` `1684920040` `8125577`.
    """
    chance = exchange.world.chance
    if is_abroad(draft):
        return chance.uuid()
    return f"{CHANNEL}:{chance.digits(10)}{int(exchange.now):010d}{chance.digits(7)}"


def answer(exchange: Exchange) -> Reply:
    """A row for each number, in the order given."""
    rows = [_row(outcome) for outcome in exchange.outcomes]
    return wire.succeed(exchange, SendStatusSet=rows)


def answer_multi(exchange: Exchange) -> Reply:
    """The same rows under another name; here one that is refused has a serial number too."""
    chance = exchange.world.chance
    rows = [_row(outcome) for outcome in exchange.outcomes]
    for row in rows:
        row["SerialNo"] = row["SerialNo"] or chance.uuid()
    return wire.succeed(exchange, SendMultiStatusSet=rows)


def _row(outcome: Outcome) -> dict[str, Any]:
    draft, message, failure = outcome.draft, outcome.message, outcome.failure
    iso = draft.details.get("iso", "")
    if failure is not None:
        iso = (failure.row.extra or {}).get("iso", iso)
    return {
        "SerialNo": message.id if message else "",
        "PhoneNumber": draft.number,
        "Fee": draft.segments if message else 0,
        "SessionContext": draft.details["session"],
        "Code": failure.row.code if failure else "Ok",
        "Message": failure.text if failure else "send success",
        "IsoCode": iso,
    }


def number(text: str) -> phone.Number | str:
    """The number, or the catalogue key of what is wrong with it."""
    mainland = _MAINLAND.fullmatch(text)
    if mainland is None and (not _ABROAD.fullmatch(text) or text.startswith("+86")):
        return "InvalidParameterValue.IncorrectPhoneNumber"
    found = phone.parse(f"+86{mainland[1]}" if mainland else text)
    if found is None or not found.possible:
        return "FailedOperation.PhoneNumberParseFail"
    return found


def taken(text: str) -> phone.Number | None:
    """What bare digits stand for: a number of the mainland, or none that this provider takes."""
    found = number(text)
    return None if isinstance(found, str) else found


def is_mainland(found: phone.Number) -> bool:
    """Whether a domestic template goes there. Hong Kong, Macao and Taiwan are abroad."""
    return found.country_code == 86


def iso_code(found: phone.Number) -> str:
    """Its country, "DEF" where that cannot be told."""
    return found.region if found.valid and found.region else "DEF"


def describe(exchange: Exchange) -> Reply:
    """DescribePhoneNumberInfo: what becomes of each number."""
    given = wire.parameters(exchange)["PhoneNumberSet"]
    if not given:
        raise Refusal("MissingParameter.EmptyPhoneNumberSet")
    if len(given) > MOST_NUMBERS:
        raise Refusal("LimitExceeded.PhoneNumberCountLimit")
    found = [_described(exchange, text) for text in given]
    return wire.succeed(exchange, PhoneNumberInfoSet=found)


def _described(exchange: Exchange, text: str) -> dict[str, Any]:
    read = number(text)
    if isinstance(read, str):
        failure = exchange.fail(read)
        shown = ("", "", text, "", "")
        code, message = failure.row.code, failure.text
    else:
        iso = iso_code(read)
        name = _NAMES.get(iso, iso)
        shown = (str(read.country_code), read.national, read.e164, iso, name)
        code, message = "Ok", "Describe success"
    names = ("NationCode", "SubscriberNumber", "PhoneNumber", "IsoCode", "IsoName")
    return {"Code": code, "Message": message, **dict(zip(names, shown, strict=True))}
