"""Publish to a phone number: from a request to a message, or to the reason why none arrives.

https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html. AWS refuses what is malformed.
What else keeps a message from a phone (opted out, over the spend limit, over the price, a number
that the sandbox does not know) it takes with a MessageId all the same, and says so later in the
log of deliveries alone (`delivery.py`).
"""

import re
from typing import Any, NamedTuple

import orjson

from simulators.kernel import clock, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Failure, Outcome, Refusal
from simulators.kernel.reading import Fields, first
from simulators.providers.aws_sns import access, sandbox, wire

PRICE = 0.00645  # USD a part, as the vendor's example of a log has it
LONGEST = 1600
NOTICE = "NOTICE"  # what phones show where a message has no sender of its own
TYPES = ("Promotional", "Transactional")
ATTRIBUTES, SPENT = "aws_sns/attributes", "aws_sns/spent"

_TOPIC = re.compile(r"arn:aws(?:-[a-z-]+)?:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}")
_ORIGINATION = re.compile(r"\+?[0-9]{3,15}|arn:.+|(?:pool|phone)-[0-9a-f]{32}")
_PRICE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_ATTRIBUTE = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_KINDS = ("String", "Number", "Binary")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ID = re.compile(r"[0-9]{1,30}")
# The reserved names that there are, with what their values look like.
KNOWN = {
    "AWS.SNS.SMS.SenderID": _SENDER,
    "AWS.SNS.SMS.SMSType": re.compile("|".join(TYPES)),
    "AWS.SNS.SMS.MaxPrice": _PRICE,
    "AWS.MM.SMS.OriginationNumber": _ORIGINATION,
    "AWS.MM.SMS.EntityId": _ID,
    "AWS.MM.SMS.TemplateId": _ID,
}


class Attribute(NamedTuple):
    """One message attribute as sent."""

    name: str
    kind: str
    value: str


def parse(exchange: Exchange) -> list[Draft]:
    """One number and one text."""
    params = wire.parameters(exchange)
    if "Message" not in params:
        raise wire.missing("Message")
    text = first(params, "Message")
    if not text:
        raise Refusal(Problem.MISSING_TEXT)
    if first(params, "MessageStructure") == "json":
        text = _structured(text)
    given = {one.name: one.value for one in _attributes(params)}
    number = _recipient(params)
    if len(text) > LONGEST:
        raise Refusal(Problem.TEXT_TOO_LONG)
    return [_draft(exchange, number, text, given)]


def _recipient(params: Fields) -> str:
    """The number; there are no topics here and no devices. Raises `Refusal`."""
    number = first(params, "PhoneNumber")
    topic, target = first(params, "TopicArn"), first(params, "TargetArn")
    if number:
        if topic or target:
            raise Refusal("InvalidParameter/both")
        return number
    arn = topic or target
    if not arn:
        raise Refusal(Problem.MISSING_RECIPIENT)
    if "endpoint/" in arn:
        raise Refusal("InvalidParameter/endpoint")
    if not _TOPIC.fullmatch(arn):
        raise Refusal("InvalidParameter/arn", name="TopicArn" if topic else "TargetArn")
    raise Refusal("NotFound")


def _structured(text: str) -> str:
    """What goes to phones of a message that has a text for each kind of receiver."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal("InvalidParameter/json") from None
    if not isinstance(found, dict) or not isinstance(found.get("default"), str):
        raise Refusal("InvalidParameter/default")
    sms = found.get("sms")
    chosen: str = sms if isinstance(sms, str) else found["default"]
    return chosen


def _attributes(params: Fields) -> list[Attribute]:
    """The message attributes, each held to its type. Raises `Refusal`."""
    found = []
    at = 1
    while (place := f"MessageAttributes.entry.{at}") and f"{place}.Name" in params:
        found.append(_attribute(params, place))
        at += 1
    return found


def _attribute(params: Fields, place: str) -> Attribute:
    name, kind = first(params, f"{place}.Name"), first(params, f"{place}.Value.DataType")
    if not kind:
        told = f"Value null at 'messageAttributes.{name[:60]}.member.dataType' failed to satisfy"
        raise Refusal(Problem.MALFORMED, detail=f"{told} constraint: Member must not be null")
    if not _ATTRIBUTE.fullmatch(name):
        raise Refusal("ParameterValueInvalid/name", name=name[:60])
    if kind.partition(".")[0] not in _KINDS:
        raise Refusal("ParameterValueInvalid/type", name=name)
    field = "Binary" if kind.startswith("Binary") else "String"
    values = {one: params.get(f"{place}.Value.{one}Value") for one in ("String", "Binary")}
    value = first(params, f"{place}.Value.{field}Value")
    if not value and values["Binary" if field == "String" else "String"]:
        raise Refusal("ParameterValueInvalid/field", name=name, type=kind[:60], field=field)
    if not value:
        raise Refusal("ParameterValueInvalid/value", name=name, type=kind[:60])
    if kind.startswith("Number") and not _NUMBER.fullmatch(value):
        raise Refusal("ParameterValueInvalid/number", name=name)
    _check_reserved(name, value)
    return Attribute(name, kind, value)


def _check_reserved(name: str, value: str) -> None:
    """Of the names that AWS keeps for itself those of SMS are known, with their values."""
    if name.startswith("AWS.SNS.MOBILE."):
        return
    if name.casefold().startswith(("aws.", "amazon.")) and name not in KNOWN:
        raise Refusal("ParameterValueInvalid/reserved")
    if name in KNOWN and not KNOWN[name].fullmatch(value):
        raise Refusal(Problem.BAD_SENDER, name=name)


def _draft(exchange: Exchange, number: str, text: str, given: dict[str, str]) -> Draft:
    attributes = exchange.world.load(ATTRIBUTES) or {}
    kind = given.get("AWS.SNS.SMS.SMSType") or attributes.get("DefaultSMSType") or TYPES[0]
    sender = given.get("AWS.MM.SMS.OriginationNumber") or given.get("AWS.SNS.SMS.SenderID")
    draft = Draft(
        number=number,
        sender=sender or attributes.get("DefaultSenderID") or NOTICE,
        text=text,
        segments=segments.count(text),
        lifecycle="sms",
        template=given.get("AWS.MM.SMS.TemplateId", ""),
        deferred=True,
        details={"type": kind, "region": access.region(exchange)},
    )
    found = wire.read_number(number)
    if found is None:
        shown = f"+{number}" if number[:1].isdigit() and number.isdigit() else number
        draft.failure = exchange.fail(Problem.BAD_RECIPIENT, to=shown[:100])
        return draft
    draft.number, draft.region = found.e164, found.region
    draft.details["iso"] = found.region
    draft.details["price"] = round(PRICE * draft.segments, 5)
    most = given.get("AWS.SNS.SMS.MaxPrice")
    if most is not None and float(most) < draft.details["price"]:
        _end(exchange, draft, "FAILURE/price")
    elif access.setting(exchange, "sandbox") and not sandbox.is_verified(exchange, draft.number):
        _end(exchange, draft, "FAILURE/sandbox")
    return draft


def _end(exchange: Exchange, draft: Draft, row: str) -> None:
    """Lets a draft become a message that arrives nowhere, for a reason that its log tells."""
    provider = exchange.provider
    draft.lifecycle = provider.ending(draft.lifecycle, provider.row(row))


def within_spend_limit(exchange: Exchange, draft: Draft) -> Failure | None:
    """NO_CREDIT for what would cost more than the MonthlySpendLimit leaves, where one is set."""
    limit = (exchange.world.load(ATTRIBUTES) or {}).get("MonthlySpendLimit")
    if limit is None or "price" not in draft.details:
        return None
    spent = exchange.world.load(SPENT) or {}
    so_far = spent.get("usd", 0.0) if spent.get("month") == _month(exchange) else 0.0
    if so_far + draft.details["price"] <= float(limit):
        return None
    return exchange.fail(Problem.NO_CREDIT)


def _month(exchange: Exchange) -> str:
    return clock.wall(exchange.now, form="%Y-%m")


def answer(exchange: Exchange) -> Reply:
    """The MessageId, whatever becomes of the message."""
    (outcome,) = exchange.outcomes
    assert outcome.message is not None  # noqa: S101 - else it was refused
    if "MonthlySpendLimit" in (exchange.world.load(ATTRIBUTES) or {}):
        _spend(exchange, outcome)
    return wire.succeed(exchange, {"MessageId": outcome.message.id})


def _spend(exchange: Exchange, outcome: Outcome) -> None:
    """Counts what a message costs; one that is not handed to a carrier costs nothing."""
    if not isinstance(outcome.draft.lifecycle, str):
        return
    month, price = _month(exchange), outcome.draft.details["price"]

    def more(spent: dict[str, Any]) -> dict[str, Any]:
        before = spent["usd"] if spent.get("month") == month else 0.0
        return {"month": month, "usd": round(before + price, 5)}

    exchange.world.update(SPENT, more, {})


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """A UUID; those of the service are of version 5, as one in an example of its page."""
    made = exchange.world.chance.uuid()
    return f"{made[:14]}5{made[15:]}"
