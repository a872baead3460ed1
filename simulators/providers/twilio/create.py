"""Create a message: from a form to a draft, and the message as its answer.

Parameters: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

import json
import re
from collections.abc import Mapping

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.message import Life
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Draft, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, first, many
from simulators.kernel.templates import templates
from simulators.providers.twilio import access, checks, encoding, magic, resource, senders, wire

TRIAL_PREFIX = "Sent from your Twilio trial account - "
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
_PREMIUM = "+1900"  # https://www.twilio.com/docs/api/errors/21268


def parse(exchange: Exchange) -> list[Draft]:
    """One draft: Twilio takes one recipient a request."""
    form: Fields = exchange.document["body"]
    to = first(form, "To")
    if not to:
        raise Refusal(Problem.MISSING_RECIPIENT)
    sender, service = senders.named(form)
    senders.missing(sender, service)
    text = first(form, "Body")
    if not (text or first(form, "MediaUrl") or first(form, "ContentSid")):
        raise Refusal(Problem.MISSING_TEXT)
    checks.check(form)
    at = checks.send_at(form, exchange.now, service)
    channel, sender = _channel(to, sender)
    number = _recipient(to.removeprefix(channel))
    callback = first(form, "StatusCallback")
    draft = Draft(number.e164, "", text, number.region, life="number", callback=callback)
    _options(exchange, draft, form, channel)
    _from(exchange, draft, sender, service)
    if at is not None:
        draft.life = _scheduled(exchange.provider.lives["service"], at - exchange.now)
    _prefix_trial(exchange, draft)
    draft.segments = segments.count(draft.text)
    return [draft]


def _channel(to: str, sender: str) -> tuple[str, str]:
    """The channel that both addresses begin with, and the sender without it."""
    channel = to[: to.find(":") + 1]
    if sender and sender[: sender.find(":") + 1] != channel:
        raise Refusal("21910")
    return channel, sender.removeprefix(channel)


def taken(text: str) -> phone.Number | None:
    """What a number without a plus stands for: it is dialled from the USA."""
    return phone.parse(text, "US")


def _recipient(to: str) -> phone.Number:
    number = taken(to)
    if number is not None and number.possible:
        if number.e164.startswith(_PREMIUM):
            raise Refusal("21268")
        return number
    raise Refusal("21265" if _SHORT_CODE.fullmatch(to) else Problem.BAD_RECIPIENT)


def _options(exchange: Exchange, draft: Draft, form: Fields, channel: str) -> None:
    if checks.PLAIN.issuperset(form) and not channel:
        return
    if channel:
        draft.details["channel"] = channel
    if first(form, "MediaUrl"):
        chance = exchange.world.chance
        draft.details["media"] = [["ME" + chance.hex(32), url] for url in many(form, "MediaUrl")]
    if first(form, "ContentSid"):
        _fill_content(exchange, draft, form)
    if first(form, "SmartEncoded").lower() == "true":
        draft.text = encoding.smart(draft.text)
    if first(form, "ContentRetention") == "discard":
        draft.details["discard"] = True
    if first(form, "AddressRetention") == "obfuscate":
        draft.details["obfuscate"] = True


def _fill_content(exchange: Exchange, draft: Draft, form: Fields) -> None:
    known = templates(exchange.world, "twilio", exchange.provider.templates)
    content = known.get(first(form, "ContentSid"))
    if content is None:
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    values = json.loads(first(form, "ContentVariables") or "{}")
    draft.template = content.code
    draft.text = _filled(content.content, values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda m: str(values.get(m[1], m[0])), text)


def _from(exchange: Exchange, draft: Draft, sender: str, service: str) -> None:
    if access.is_test(exchange):
        magic.use(draft, sender, service)
    elif service:
        senders.use_service(exchange, draft, senders.service_of(exchange, service), sender)
    else:
        senders.use_number(exchange, draft, sender)


def _scheduled(life: Life, delay: float) -> Life:
    later = [step._replace(after=delay + step.after) for step in life]
    return (life[0]._replace(status="scheduled"), *later)


def _prefix_trial(exchange: Exchange, draft: Draft) -> None:
    if exchange.world.load("twilio/trial") is not None and "test" not in draft.details:
        draft.text = TRIAL_PREFIX + draft.text
        draft.details["trial"] = True


def verified(exchange: Exchange, draft: Draft) -> Failure | None:
    """21608 for a trial account that sends to a number it has not verified."""
    if "trial" not in draft.details:
        return None
    if draft.number in exchange.world.load("twilio/trial").get("verified", ()):
        return None
    return exchange.fail("21608", to=draft.number)


def answer(exchange: Exchange) -> Reply:
    """201 and the message resource."""
    message = exchange.outcomes[0].message
    assert message is not None  # noqa: S101 - a failure was refused before
    return wire.reply(exchange, 201, resource.created(exchange, message), root="Message")
