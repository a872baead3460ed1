"""SendSms and SendMultiGlobalSms: from a template and its parameters to a message for each number.

https://cloud.tencent.com/document/api/382/55981. What is wrong with the call refuses it whole;
what is wrong for one number is the `Code` of that number's row in an answer without an `Error`.
"""

from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.provider import Draft, Exchange, Failure, Outcome, Refusal
from simulators.providers.tencent import apps, numbers, parameters, settings, wire
from simulators.providers.tencent.text import Text, render

CHANNEL = "3369"


def parse(exchange: Exchange) -> list[Draft]:
    """SendSms: one text for up to 200 numbers, all of the mainland or none."""
    given = parameters.of(exchange)
    texts: list[str] = given["PhoneNumberSet"]
    if not texts:
        raise Refusal("MissingParameter.EmptyPhoneNumberSet")
    if len(texts) > numbers.MOST:
        raise Refusal("LimitExceeded.PhoneNumberCountLimit")
    read = [numbers.parse(text) for text in texts]
    if len({numbers.is_mainland(n) for n in read if isinstance(n, phone.Number)}) > 1:
        raise Refusal("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber")
    app = apps.of(exchange, given["SmsSdkAppId"])
    return [_draft(exchange, given, pair, app) for pair in zip(texts, read, strict=True)]


def parse_multi(exchange: Exchange) -> list[Draft]:
    """SendMultiGlobalSms: a text of its own for each number abroad."""
    given = parameters.of(exchange)
    items: list[dict[str, Any]] = given["MultiSmsInfoSet"]
    if not items:
        raise Refusal("InvalidParameterValue.MultiSmsInfoSetEmpty")
    if len(items) > numbers.MOST:
        raise Refusal("LimitExceeded.PhoneNumberCountLimit")
    app = apps.of(exchange, given["SmsSdkAppId"])
    drafts = []
    for item in items:
        number = numbers.parse(item["PhoneNumber"])
        draft = _draft(exchange, item, (item["PhoneNumber"], number), app)
        if isinstance(number, phone.Number) and numbers.is_mainland(number):
            draft.failure = exchange.fail("UnsupportedOperation.ContainDomesticPhoneNumber")
        drafts.append(draft)
    return drafts


def _draft(
    exchange: Exchange,
    given: dict[str, Any],
    recipient: tuple[str, phone.Number | str],
    app: Failure | None,
) -> Draft:
    text, number = recipient
    draft = Draft(
        number=text,
        sender=given.get("SignName") or given.get("SenderId", ""),
        signature=given.get("SignName", ""),
        template=given["TemplateId"],
        lifecycle="sms",
        callback=settings.callback(exchange),
        details={"session": given.get("SessionContext", "")},
    )
    if given.get("ExtendCode"):
        draft.details["extend"] = given["ExtendCode"]
    if isinstance(number, str):
        draft.failure = exchange.fail(number)
        return draft
    draft.number, draft.region = number.e164, number.region
    draft.details["iso"] = numbers.iso_code(number)
    draft.details["code"] = number.country_code
    if app is not None:
        draft.failure = app
        return draft
    rendered = render(exchange, given, mainland=numbers.is_mainland(number))
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
