"""The international API, version 2018-05-01: texts to numbers abroad, templates into the mainland.

Reference: https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagetoglobe
It lives beside the other one, under the same hosts, and has other names for everything: the codes
of https://www.alibabacloud.com/help/doc-detail/116206.htm in `ResponseCode`, all texts in English.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel import clock, phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.message import Message, State
from simulators.kernel.provider import Draft, Exchange, Failure, Query, Refusal, Send
from simulators.kernel.reading import Fields, first
from simulators.providers.aliyun import send, templates, wire

ROWS = MappingProxyType(
    {
        "isp.RAM_PERMISSION_DENY": "RAM_PERMISSION_DENY",
        "isv.AMOUNT_NOT_ENOUGH": "AMOUNT_NOT_ENOUGH",
        "isv.BLACK_KEY_CONTROL_LIMIT": "BLACK_KEY_CONTROL_LIMIT",
        "isv.BUSINESS_LIMIT_CONTROL/minute": "BUSINESS_LIMIT_CONTROL_MINUTE",
        "isv.BUSINESS_LIMIT_CONTROL/hour": "BUSINESS_LIMIT_HOUR",
        "isv.BUSINESS_LIMIT_CONTROL/day": "BUSINESS_LIMIT_DAY",
        "isv.BUSINESS_LIMIT_CONTROL/template-day": "BUSINESS_LIMIT_DAY",
        "isv.BUSINESS_LIMIT_CONTROL/number-day": "BUSINESS_LIMIT_CONTROL_PHONE",
        "isv.CODE_ERROR": "INVALID_PARAMETERS",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "SMS_CONTENT_CODE_ILLEGAL",
        "isv.EXTEND_CODE_ERROR": "INVALID_PARAMETERS",
        "isv.INVALID_JSON_PARAM": "INVALID_JSON_PARAM",
        "isv.INVALID_PARAMETERS/charset": "INVALID_PARAMETERS",
        "isv.INVALID_PARAMETERS/format": "INVALID_PARAMETERS",
        "isv.MOBILE_COUNT_OVER_LIMIT": "MOBILE_COUNT_OVER_LIMIT",
        "isv.MOBILE_NUMBER_ILLEGAL": "MOBILE_NUMBER_ILLEGAL",
        "isv.MOBILE_NUMBER_ILLEGAL/region": "NOT_SUPPORTED_COUNTRY",
        "isv.OUT_OF_SERVICE": "OUT_OF_SERVICE",
        "isv.PARAM_LENGTH_LIMIT": "PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL": "INVALID_PARAMETERS",
        "isv.SMS_SIGNATURE_ILLEGAL": "SMS_SIGN_NAME_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL": "SMS_SIGN_NAME_ILLEGAL",
        "isv.SMS_TEMPLATE_ILLEGAL": "SMS_CONTENT_CODE_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS": "CONTENT_MISSING_PARAMETERS",
        "isv.UNSUPPORTED_CONTENT": "INVALID_PARAMETERS",
    }
)
SOURCE = "https://www.alibabacloud.com/help/doc-detail/116206.htm"
ACCEPTED = "The SMS Send Request was accepted"

_SENDER = re.compile(r"[A-Za-z0-9]{1,11}|[0-9]{1,15}")
_KINDS = ("", "NOTIFY", "MKT", "OTP", "GENERAL")  # the latter two in older documentation
_ABROAD = re.compile(r"[1-9][0-9]{4,14}")
_MAINLAND = re.compile(r"86(1[3-9][0-9]{9})")


def parse(exchange: Exchange) -> list[Draft]:
    """SendMessageToGlobe: one text to one number."""
    sent = wire.parameters(exchange.document)
    to, text = wire.required(sent, "To", "Message")
    _checked(sent)
    made = _draft(exchange, to, text)
    if made.failure is not None:
        raise Refusal(made.failure.row.key)
    return [made]


def parse_batch(exchange: Exchange) -> list[Draft]:
    """BatchSendMessageToGlobe: each of up to 1000 numbers its own text. A number that is refused
    is among the failed ones, and the others are sent to."""
    sent = wire.parameters(exchange.document)
    wire.required(sent, "To", "Message")
    numbers = [str(one) for one in send.array(sent, "To")]
    texts = [str(one) for one in send.array(sent, "Message")]
    if len(numbers) > send.MAX_NUMBERS:
        raise Refusal("MOBILE_COUNT_OVER_LIMIT")
    if not numbers or len(numbers) != len(texts) or not all(texts):
        raise Refusal("INVALID_PARAMETERS")
    _checked(sent)
    return [_draft(exchange, *pair) for pair in zip(numbers, texts, strict=True)]


def parse_template(exchange: Exchange) -> list[Draft]:
    """SendMessageWithTemplate: a template of the account to one number of the mainland."""
    sent = wire.parameters(exchange.document)
    to, name, code = wire.required(sent, "To", "From", "TemplateCode")
    mainland = _MAINLAND.fullmatch(to)
    if not mainland:
        raise Refusal("MOBILE_NUMBER_ILLEGAL" if _number(to) is None else "NOT_SUPPORTED_COUNTRY")
    signature = templates.usable_signature(exchange, name)
    template = templates.usable_template(exchange, code)
    templates.match(signature, template)
    given = templates.parse(first(sent, "TemplateParam"))
    item = send.Item(mainland[1], name, given, first(sent, "SmsUpExtendCode"))
    made = send.draft(template, item, templates.fill(template, given))
    extension = send.extension(exchange, item)
    made.details = _details(exchange, templates.template_type(template), extension)
    made.callback = None
    return [made]


def _checked(sent: Fields) -> None:
    sender = first(sent, "From")
    if sender and not _SENDER.fullmatch(sender):
        raise Refusal("INVALID_SENDERID")
    if len(first(sent, "TaskId")) > 255:
        raise Refusal("PARAM_LENGTH_LIMIT")
    if first(sent, "Type") not in _KINDS:
        raise Refusal("INVALID_PARAMETERS")
    wire.number(first(sent, "ValidityPeriod", "600"), 1, 10**8)


def _draft(exchange: Exchange, to: str, text: str) -> Draft:
    number = _number(to)
    return Draft(
        number=number.e164 if number else to,
        region=number.region if number else "",
        sender=first(wire.parameters(exchange.document), "From"),
        text=text,
        segments=segments.count(text),
        lifecycle="carrier",
        callback=None,
        failure=_wrong(exchange, number),
        details=_details(exchange, templates.INTERNATIONAL),
    )


def _number(raw: str) -> phone.Number | None:
    number = phone.parse(f"+{raw}") if _ABROAD.fullmatch(raw) else None
    if number is None or not number.possible:
        return None
    # Eleven digits that a mainland number has are one of North America only where there is such.
    return number if number.valid or not send.MAINLAND_NUMBER.fullmatch(raw) else None


def _wrong(exchange: Exchange, number: phone.Number | None) -> Failure | None:
    if number is None:
        return exchange.fail("MOBILE_NUMBER_ILLEGAL")
    return exchange.fail("COUNTRY_RESTRICTED") if number.region == send.MAINLAND else None


def _details(exchange: Exchange, kind: int, extension: str = "") -> dict[str, Any]:
    # The id stands where the other API has a BizId, so that its queries find the message too.
    identifier = exchange.world.chance.digits(18)
    return {
        "biz_id": identifier,
        "type": kind,
        "out_id": "",
        "index": 0,
        "extension": extension,
    }


def answer(exchange: Exchange) -> Reply:
    """The id of the message, and what is known of its number."""
    send.keep_extensions(exchange)
    draft = exchange.outcomes[0].draft
    told: dict[str, Any] = {
        "MessageId": draft.details["biz_id"],
        "To": draft.number.removeprefix("+"),
        "Segments": str(draft.segments),
        "NumberDetail": _of_number(draft.number),
    }
    if draft.sender and not draft.template:
        told["From"] = draft.sender
    return wire.response(exchange, "OK", ACCEPTED, **told)


def answer_batch(exchange: Exchange) -> Reply:
    """Which were accepted and which were not, as JSON in a string."""
    sent = [one.draft.details["biz_id"] for one in exchange.outcomes if one.failure is None]
    failed = [one.draft.number.removeprefix("+") for one in exchange.outcomes if one.failure]
    told = {
        "MessageIdList": json.dumps(sent, separators=(",", ":")),
        "FailedList": json.dumps(failed, separators=(",", ":")),
        "SuccessCount": str(len(sent)),
    }
    sender = first(wire.parameters(exchange.document), "From")
    return wire.response(exchange, "OK", ACCEPTED, **told, **({"From": sender} if sender else {}))


def _of_number(e164: str) -> dict[str, str]:
    # The vendor has names, "Hongkong, China" say, and the carrier's; of which there is no list.
    number = phone.parse(e164)
    region = number.region if number else ""
    return {"Country": region, "Region": region}


_WORDS = {State.DELIVERED: "1", State.UNDELIVERED: "2"}


def query(exchange: Exchange) -> Reply:
    """QueryMessage: what became of a message, sent (1), failed (2) or on its way (3)."""
    (wanted,) = wire.required(wire.parameters(exchange.document), "MessageId")
    message = exchange.world.store.find(exchange.world.id, wanted)
    if message is None or message.provider != exchange.provider.name or not wanted.isdigit():
        raise Refusal("DATA_NOT_EXIST")
    told = {
        "Status": _WORDS.get(exchange.provider.state(message, exchange.now), "3"),
        "Message": message.text,
        "MessageId": message.id,
        "To": message.to.removeprefix("+"),
        "SendDate": _date(message.at),
        "NumberDetail": _of_number(message.to),
        **_ended(exchange, message),
    }
    return wire.response(exchange, "OK", "OK", **told)


def _ended(exchange: Exchange, message: Message) -> dict[str, str]:
    provider = exchange.provider
    step, since = message.status(exchange.now, provider.lifecycles)
    if not provider.states[step.status].final:
        return {}
    row = provider.row(step.error) if step.error else None
    code, text = (str(row.code), row.message) if row else ("DELIVERED", "success")
    return {"ReceiveDate": _date(since), "ErrorCode": code, "ErrorDescription": text}


def _date(epoch: float) -> str:
    return clock.wall(epoch, clock.CHINA, "%a, %d %b %Y %H:%M:%S +0800")


OPERATIONS: Mapping[str, Send | Query] = MappingProxyType(
    {
        "SendMessageToGlobe": Send(parse, answer),
        "BatchSendMessageToGlobe": Send(parse_batch, answer_batch, per_recipient=True),
        "SendMessageWithTemplate": Send(parse_template, answer),
        "QueryMessage": Query(query),
    }
)
