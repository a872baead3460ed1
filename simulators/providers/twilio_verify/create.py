"""Start a verification, or send its code once more: what is asked of the parameters, in this order;
the text; the answer.

https://www.twilio.com/docs/verify/api/verification#start-a-verification
The order is not documented. A create while one is under way for the same number in the same service
joins it, with the same SID and the same code.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulators.kernel import judges, segments, verifications
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import DETAIL, Limit
from simulators.kernel.message import Message
from simulators.kernel.provider import Draft, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, Unreadable, first, written
from simulators.kernel.templates import Template, Variables, templates
from simulators.kernel.verifications import Code, State, Verification, Verifications
from simulators.providers.twilio import account, wire
from simulators.providers.twilio_verify import limits, lookups, services, verification
from simulators.providers.twilio_verify.services import Service

MINUTES = 10  # https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts
CHECKS = 5
SENDS = 5
LIFE = MINUTES * 60.0
MAX_TEXT = 500  # https://www.twilio.com/docs/api/errors/60247
MOST_TAGS, LONGEST_TAG = 10, 128
OFF = "twilio_verify/channels_off"
BLOCKED = "twilio_verify/blocked_prefixes"

SENT = ("sms", "call", "whatsapp", "auto")
CHANNELS = (*SENT, "email", "sna")
# https://www.twilio.com/docs/verify/supported-languages
LOCALES = re.compile(
    "af|ar|ca|zh|zh-CN|zh-HK|zh-TW|hr|cs|da|nl|en|en-GB|et|fi|fr|de|el|he|hi|hu|id|it|ja|kn|ko|lt"
    "|ms|mr|nb|pl|pt|pt-BR|ro|ru|sk|es|sv|tl|te|th|tr|uk|vi"
)
_TEMPLATE = re.compile(r"HJ[0-9a-fA-F]{32}")
VARIABLES = Variables(r"\{\{\s*(\w+)\s*\}\}")
TEXT = "Your {{friendly_name}} verification code is: {{code}}"
NOT_SHARED = ". Don\u2019t share this code with anyone; our employees will never ask for the code"
POOL = "Verify"  # whom Twilio's own senders are shown as here

LIMITS = (
    Limit(
        name="sends",
        permits=SENDS,
        seconds=LIFE,
        key=(f"{DETAIL}verification",),
        error="60203",
        source="https://www.twilio.com/docs/api/errors/60203",
    ),
)


def parse(exchange: Exchange) -> list[Draft]:
    """One draft: a verification is of one number."""
    service = services.of(exchange)
    form: Fields = exchange.document["body"]
    services.required(form, "To")
    channel = _channel(exchange, services.required(form, "Channel"))
    number = verification.number(first(form, "To"))
    _options(service, form, channel)
    values = limits.named(service, first(form, "RateLimits"))
    known = verification.newest(exchange, service["sid"], number.e164)
    live = known if known is not None and known.under_way(exchange.now) else None
    code = first(form, "CustomCode") or (live.code if live else _drawn(exchange, service))
    details: dict[str, Any] = {
        "verification": live.id if live else "VE" + exchange.world.chance.hex(32),
        "service": service["sid"],
        "channel": channel,
        "code_length": None if first(form, "CustomCode") else service["code_length"],
        "locale": first(form, "Locale") or "en",
        **limits.details(values),
    }
    if known is not None and _used_up(known, exchange.now):
        details["used_up"] = True
    if first(form, "RiskCheck") == "disable":
        details["risk_check"] = "disable"
    draft = Draft(number.e164, region=number.region, lifecycle="sent", callback=None)
    draft.text = _text(exchange, service, form, channel, code, number.region)
    draft.sender = _sender(exchange, service, number.region)
    draft.segments = segments.count(draft.text)
    draft.template = first(form, "TemplateSid") or service["default_template_sid"] or ""
    draft.code = code
    draft.details = details
    draft.limits = limits.limits(service, values)
    return [draft]


def _channel(exchange: Exchange, channel: str) -> str:
    if channel not in CHANNELS:
        raise Refusal("60200/channel")
    if channel == "email":
        raise Refusal("60217")
    if channel not in SENT or channel in (exchange.world.load(OFF) or ()):
        raise Refusal("60223", channel=channel.upper())
    return "sms" if channel == "auto" else channel


def _options(service: Service, form: Fields, channel: str) -> None:
    """Raises `Refusal` with the row of the first option that is not as it must be."""
    for name, wrong in _CHECKS:
        if first(form, name):
            wrong(service, form, channel)
    if service["psd2_enabled"]:
        if not (first(form, "Amount") and first(form, "Payee")):
            raise Refusal("60206")
        if channel == "call":
            raise Refusal("60214")


def _custom_code(service: Service, form: Fields, _channel: str) -> None:
    if not service["custom_code_enabled"]:
        raise Refusal("60204")
    if not verification.CODE.fullmatch(first(form, "CustomCode")):
        raise Refusal("60200/parameter", name="CustomCode")


def _message(_service: Service, _form: Fields, _channel: str) -> None:
    raise Refusal("60243")


def _locale(_service: Service, form: Fields, channel: str) -> None:
    if not LOCALES.fullmatch(first(form, "Locale")):
        raise Refusal("60331") if channel == "call" else Refusal("60200/parameter", name="Locale")


def _app_hash(_service: Service, _form: Fields, channel: str) -> None:
    if channel != "sms":
        raise Refusal("60602")


def _risk_check(_service: Service, form: Fields, _channel: str) -> None:
    if first(form, "RiskCheck") not in ("enable", "disable"):
        raise Refusal("60200/parameter", name="RiskCheck")


def _tags(_service: Service, form: Fields, _channel: str) -> None:
    tags = _object(form, "Tags")
    if len(tags) > MOST_TAGS or any(
        len(name) > LONGEST_TAG or not isinstance(value, str) or len(value) > LONGEST_TAG
        for name, value in tags.items()
    ):
        raise Refusal("60200/parameter", name="Tags")


def _object(form: Fields, name: str) -> Mapping[str, Any]:
    """What a parameter says in JSON; raises `Refusal` for anything but an object."""
    try:
        found = written(first(form, name))
    except Unreadable:
        found = None
    if not isinstance(found, dict):
        raise Refusal("60200/parameter", name=name)
    return found


def _template_sid(_service: Service, form: Fields, channel: str) -> None:
    if channel not in ("sms", "call"):
        raise Refusal("60408")
    if not _TEMPLATE.fullmatch(first(form, "TemplateSid")):
        raise Refusal("60200/parameter", name="TemplateSid")


_CHECKS = (
    ("CustomCode", _custom_code),
    ("CustomMessage", _message),
    ("Locale", _locale),
    ("AppHash", _app_hash),
    ("RiskCheck", _risk_check),
    ("Tags", _tags),
    ("TemplateSid", _template_sid),
)


def _drawn(exchange: Exchange, service: Service) -> str:
    return verifications.drawn(exchange.world.chance, service["code_length"])


def _text(
    exchange: Exchange, service: Service, form: Fields, channel: str, code: str, region: str
) -> str:
    """What the person reads or hears. Raises `Refusal`."""
    name = first(form, "CustomFriendlyName") or service["friendly_name"]
    values = {"friendly_name": name, "code": code, "ttl": str(MINUTES)}
    sid = first(form, "TemplateSid") or service["default_template_sid"]
    if sid and channel in ("sms", "call"):
        text = _of_template(exchange, sid, form, values)
    else:
        shared = NOT_SHARED if service["do_not_share_warning_enabled"] else ""
        text = VARIABLES.fill(TEXT, values) + shared
    if first(form, "AppHash"):
        text = f"<#> {text} {first(form, 'AppHash')}"
    if len(text) > MAX_TEXT:
        raise Refusal(Problem.TEXT_TOO_LONG)
    return text


def _of_template(exchange: Exchange, sid: str, form: Fields, values: Mapping[str, str]) -> str:
    found: Template | None = templates(exchange.world, exchange.provider).get(sid)
    if found is None:
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    if found.status != "approved":
        raise Refusal("60201")
    own: Mapping[str, Any] = {}
    if first(form, "TemplateCustomSubstitutions"):
        own = _object(form, "TemplateCustomSubstitutions")
    filled = {**{name: str(value) for name, value in own.items()}, **values}
    if set(VARIABLES.names(found.content)) - filled.keys():
        raise Refusal(Problem.TEMPLATE_MISMATCH)
    return VARIABLES.fill(found.content, filled)


def _sender(exchange: Exchange, service: Service, region: str) -> str:
    """The first sender of the Messaging Service that sends to a country, else of Twilio's pool."""
    sid = services.messaging_service(service, region)
    found = account.find_service(exchange, sid) if sid else None
    senders = found["senders"] if found else ()
    return str(senders[0]["value"]) if senders else POOL


def _used_up(known: Verification, now: float) -> bool:
    return known.state(now) is State.USED_UP and now < known.ends


def _trusted(exchange: Exchange, draft: Draft) -> bool:
    """Whether nobody looks at where it goes: https://www.twilio.com/docs/verify/preventing-toll-fraud"""
    return draft.details.get("risk_check") == "disable" or services.is_safe(exchange, draft.number)


def geo(exchange: Exchange, draft: Draft) -> Failure | None:
    """60605 for a country that is disabled in Geo Permissions."""
    failure = judges.region(exchange, draft)
    return None if failure is None or _trusted(exchange, draft) else failure


def fraud_guard(exchange: Exchange, draft: Draft) -> Failure | None:
    """60410 for a number that begins as one of the blocked prefixes of the account."""
    for prefix in exchange.world.load(BLOCKED) or ():
        if draft.number.startswith(prefix) and not _trusted(exchange, draft):
            return exchange.fail("60410", prefix=prefix)
    return None


def landline(exchange: Exchange, draft: Draft) -> Failure | None:
    """60205 for a landline, where the service looks numbers up and skips them."""
    service = services.of(exchange)
    looks = service["lookup_enabled"] and service["skip_sms_to_landlines"]
    if not looks or draft.details["channel"] != "sms":
        return None
    found = lookups.line(exchange, draft.number)["type"]
    return exchange.fail("60205") if found == "landline" else None


def trial(exchange: Exchange, draft: Draft) -> Failure | None:
    """21608 for a trial account and a number that it has not verified."""
    own = exchange.world.load("twilio/trial")
    if own is None or draft.number in own.get("verified", ()):
        return None
    return exchange.fail("21608")


def used_up(exchange: Exchange, draft: Draft) -> Failure | None:
    """60202 while one is not over whose checks are used up: it has to expire, or be canceled."""
    return exchange.fail("60202/create") if "used_up" in draft.details else None


def claimed(exchange: Exchange, draft: Draft) -> Failure | None:
    """60212 for a create that comes at the same moment as another for its number, here or at
    another node: one of them begins the verification."""
    service, details = draft.details["service"], draft.details
    before = verification.newest(exchange, service, draft.number)
    if before is not None and before.id == details["verification"]:
        return None
    new = _new(exchange, draft.number, details, draft.code)
    seen = None if before is None or before.under_way(exchange.now) else before
    if Verifications(exchange.world, exchange.provider.name).claim(new, seen):
        return None
    return exchange.fail("60212")


def answer(exchange: Exchange) -> Reply:
    """201 and the verification, with one more attempt."""
    (outcome,) = exchange.outcomes
    assert outcome.message is not None  # noqa: S101 - a failure was refused before
    kept = _kept(exchange, outcome.message)
    return wire.reply(exchange, 201, verification.resource(exchange, kept), root="")


def _kept(exchange: Exchange, message: Message) -> Verification:
    """The verification with the attempt: its time begins with the first, and the code is that of
    the last."""
    details, code, now = message.details, message.code, exchange.now
    attempt = {"sid": message.id, "channel": details["channel"], "at": now}

    def sent(one: Verification) -> Verification:
        new = replace(one, details={**one.details, "channel": details["channel"]})
        if not one.sent:
            new = replace(new, opened=now, codes=[Code(code, now + LIFE)])
        elif one.code != code:
            new = replace(new, codes=[Code(code, one.ends)])
        return new.with_send(attempt)

    known = Verifications(exchange.world, exchange.provider.name)
    found = known.change(details["verification"], sent)
    return found or known.open(sent(_new(exchange, message.to, details, code)))


def _new(exchange: Exchange, to: str, details: Mapping[str, Any], code: str) -> Verification:
    """One of which nothing was sent yet."""
    form: Fields = exchange.document["body"]
    return Verification(
        id=details["verification"],
        key=verification.key(details["service"], to),
        codes=[Code(code, exchange.now + LIFE)],
        opened=exchange.now,
        most=CHECKS,
        details={
            "service": details["service"],
            "to": to,
            "channel": details["channel"],
            "amount": first(form, "Amount") or None,
            "payee": first(form, "Payee") or None,
        },
    )
