"""Create a message: what is asked of its parameters, in this order; the draft; the answer.

Parameters: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
With test credentials magic numbers decide, and nothing is ever sent, charged or reported:
https://www.twilio.com/docs/iam/test-credentials#test-sms-messages
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import from_iso
from simulators.kernel.message import Lifecycle
from simulators.kernel.provider import Draft, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, Unreadable, first, many, written
from simulators.kernel.segments import is_gsm7
from simulators.kernel.templates import templates
from simulators.providers.twilio import account, messages, senders, wire

MAX_OLD_TEXT = 160  # of the resource before 2013: https://github.com/twilio/twilio-ruby/issues/62
MAX_TEXT = 1600  # https://www.twilio.com/docs/api/errors/21617
SOONEST = 300  # https://www.twilio.com/docs/api/errors/35114

# A fraction and an offset are what SDKs and toISOString write; only "Z" is documented.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_CONTENT = re.compile(r"HX[0-9a-fA-F]{32}")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_APPLICATION = re.compile(r"AP[0-9a-fA-F]{32}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?|\[[0-9a-fA-F:.]+\]")
PLAIN = frozenset({"To", "From", "MessagingServiceSid", "Body", "RiskCheck"})


def check(form: Fields) -> None:
    """Raises `Refusal` with the row of the first parameter that is not as it must be."""
    text = first(form, "Body")
    # Above the first plane a character counts twice.
    if len(text) > MAX_TEXT // 2 and len(text.encode("utf-16-le")) > 2 * MAX_TEXT:
        raise Refusal("21617")
    if not PLAIN.issuperset(form):
        for name, wrong in _CHECKS:
            if form.get(name):
                key = wrong(form)
                if key:
                    raise Refusal(key)


def send_at(form: Fields, now: float, service: str) -> float | None:
    """When a scheduled message is to be sent, None where it is not scheduled."""
    kind = first(form, "ScheduleType")
    if not kind:
        return None
    given = first(form, "SendAt")
    at = _time(given) if given else 0.0
    if not service:
        raise Refusal("35118")
    if kind != "fixed":
        raise Refusal("35126")
    if not given:
        raise Refusal("35111")
    if at - now < SOONEST:
        raise Refusal("35114")
    if at - now > messages.LATEST:
        raise Refusal("35117")
    return at


def _time(text: str) -> float:
    """A time with its zone: what has none is refused by the same words at Twilio's other products
    (https://github.com/transferwise/pipelinewise/pull/638)."""
    try:
        if _TIME.fullmatch(text):
            return from_iso(text)
    except (ValueError, OverflowError):
        pass
    raise Refusal("20001/send-at", value=text)


def is_url(text: str) -> bool:
    """Whether this is an absolute http(s) URL with a host name as DNS allows it."""
    try:
        parts = urlsplit(text)
        host, _port = parts.netloc.rpartition("@")[2], parts.port
    except ValueError:
        return False
    name = host if host.endswith("]") else host.partition(":")[0] if "[" not in host else host
    return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(name.partition("]:")[0]))


def _media(form: Fields) -> str:
    urls = many(form, "MediaUrl")
    if len(urls) > 10:
        return "21623"
    return "" if all(is_url(url) for url in urls) else "21620"


def _content(form: Fields) -> str:
    return "" if _CONTENT.fullmatch(first(form, "ContentSid")) else "21655"


def _variables(form: Fields) -> str:
    if not first(form, "ContentSid"):
        return "21654"
    try:
        found = written(first(form, "ContentVariables"))
    except Unreadable:
        return "21656"
    return "" if isinstance(found, dict) else "21656"


def _callback(form: Fields) -> str:
    return "" if is_url(first(form, "StatusCallback")) else "21609"


def _application(form: Fields) -> str:
    return "" if _APPLICATION.fullmatch(first(form, "ApplicationSid")) else "21218"


def validity(text: str) -> int | None:
    """A validity period in seconds, None if it is none."""
    readable = text.isascii() and text.isdigit() and len(text) <= 5
    return int(text) if readable and 1 <= int(text) <= 36_000 else None


def _validity(form: Fields) -> str:
    return "21624" if validity(first(form, "ValidityPeriod")) is None else ""


def _price(form: Fields) -> str:
    text = first(form, "MaxPrice")
    return "" if re.fullmatch(r"[0-9]*\.?[0-9]+", text) and float(text) > 0 else "21627"


def _one_of(name: str, values: tuple[str, ...], key: str) -> Callable[[Fields], str]:
    return lambda form: "" if first(form, name) in values else key


_CHECKS: tuple[tuple[str, Callable[[Fields], str]], ...] = (
    ("MediaUrl", _media),
    ("ContentSid", _content),
    ("ContentVariables", _variables),
    ("StatusCallback", _callback),
    ("ApplicationSid", _application),
    ("ValidityPeriod", _validity),
    (
        "ContentRetention",
        _one_of("ContentRetention", ("retain", "discard"), "30029"),
    ),
    (
        "AddressRetention",
        _one_of("AddressRetention", ("retain", "obfuscate"), "30030"),
    ),
    ("MaxPrice", _price),
)


# Test credentials: https://www.twilio.com/docs/iam/test-credentials#test-sms-messages
SENDER = "+15005550006"

# What From means, before and after the questions about To.
_FROM = MappingProxyType({"+15005550001": "21212", SENDER: "", "+15005550008": "21611"})
_TO_FIRST = MappingProxyType({"+15005550001": "21211", "+15005550009": "21614"})
_TO = MappingProxyType({"+15005550003": "21408", "+15005550002": "21612", "+15005550004": "21610"})


def use_magic(draft: Draft, sender: str, service: str) -> None:
    """Sends under test credentials. Raises `Refusal` as the magic numbers say."""
    if service:
        raise Refusal("20008")
    keys = (
        _TO_FIRST.get(draft.number, ""),
        "" if sender == "+15005550008" else _FROM.get(sender, "21606"),
        _TO.get(draft.number, ""),
        _FROM.get(sender, ""),
    )
    for key in keys:
        if key:
            raise Refusal(key)
    draft.sender = sender
    draft.lifecycle = "test"
    draft.callback = ""
    draft.details["test"] = True


TRIAL_PREFIX = "Sent from your Twilio trial account - "
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
# Twilio refuses what no numbering plan has, +15555555555 above all, the bad number of many tests
# (https://github.com/codeforamerica/vita-min/pull/2028), and 5551234567, which its own page shows
# as one (https://www.twilio.com/docs/usage/troubleshooting/debugging-your-application). It takes
# its own: the magic numbers, and those of its pages' examples.
_EXAMPLES = ("+1500555", "+1555867")
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
        raise Refusal(Problem.MISSING_TEXT if "Body" in form else "21619")
    if "MediaUrl" in form and exchange.world.load("twilio/trial") is not None:
        raise Refusal("0/trial-parameters")
    if len(text) > MAX_OLD_TEXT and "/SMS/Messages" in exchange.call.path:
        raise Refusal("21605")
    check(form)
    at = send_at(form, exchange.now, service)
    channel, sender = _channel(to, sender)
    number = _recipient(to.removeprefix(channel))
    callback = first(form, "StatusCallback")
    draft = Draft(number.e164, "", text, number.region, lifecycle="number", callback=callback)
    _options(exchange, draft, form, channel)
    _from(exchange, draft, sender, service)
    if at is not None:
        draft.lifecycle = _scheduled(exchange.provider.lifecycles["service"], at - exchange.now)
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
    own = number is not None and number.possible and number.e164.startswith(_EXAMPLES)
    if number is not None and (phone.in_plan(number) or own):
        if number.e164.startswith(_PREMIUM):
            raise Refusal("21268")
        return number
    raise Refusal("21265" if _SHORT_CODE.fullmatch(to) else Problem.BAD_RECIPIENT)


def _options(exchange: Exchange, draft: Draft, form: Fields, channel: str) -> None:
    if PLAIN.issuperset(form) and not channel:
        return
    if channel:
        draft.details["channel"] = channel
    if first(form, "MediaUrl"):
        chance = exchange.world.chance
        draft.details["media"] = [["ME" + chance.hex(32), url] for url in many(form, "MediaUrl")]
    if first(form, "ContentSid"):
        _fill_content(exchange, draft, form)
    if first(form, "SmartEncoded").lower() == "true":
        draft.text = smart(draft.text)
    if first(form, "ContentRetention") == "discard":
        draft.details["discard"] = True
    if first(form, "AddressRetention") == "obfuscate":
        draft.details["obfuscate"] = True


def _fill_content(exchange: Exchange, draft: Draft, form: Fields) -> None:
    known = templates(exchange.world, exchange.provider)
    content = known.get(first(form, "ContentSid"))
    if content is None:
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    draft.template = content.code
    draft.text = content.content
    given = first(form, "ContentVariables")
    if given:
        values = written(given)
        if not all(values.get(name) not in (None, "") for name in _PLACEHOLDER.findall(draft.text)):
            raise Refusal("21656")
        draft.text = _filled(draft.text, values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)


# Smart Encoding: https://www.twilio.com/docs/messaging/services/smart-encoding-char-list
_LOOK_ALIKES = {
    '"': "«»“”ʺˮ‟❝❞〝〞＂",
    "'": "‘’ʻˈʼʽʹ‛＇´ˊ`ˋ❛❜",
    "-": "‐‑‒–—―",
    "/": "÷⁄∕／",
    "_": "＿",
    "|": "∣｜",
    ",": "‚，",
    " ": "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f",
    "": "\u200b\u2060\ufeff",
    "...": "…",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
}
_PLAIN = str.maketrans({char: plain for plain, chars in _LOOK_ALIKES.items() for char in chars})


def smart(text: str) -> str:
    """The text in GSM-7 if replacing look-alikes is enough for that, which spares the segments of
    UCS-2; else unchanged."""
    if is_gsm7(text):
        return text
    replaced = text.translate(_PLAIN)
    return replaced if is_gsm7(replaced) else text


def _from(exchange: Exchange, draft: Draft, sender: str, service: str) -> None:
    if account.is_test(exchange):
        use_magic(draft, sender, service)
    elif service:
        chosen = senders.service_of(exchange, service)
        if chosen["smart_encoding"]:
            draft.text = smart(draft.text)
        senders.use_service(exchange, draft, chosen, sender)
    else:
        senders.use_number(exchange, draft, sender)


def _scheduled(lifecycle: Lifecycle, delay: float) -> Lifecycle:
    later = [step._replace(after=delay + step.after) for step in lifecycle]
    return (lifecycle[0]._replace(status="scheduled"), *later)


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
    return wire.reply(exchange, 201, messages.created(exchange, message), root="Message")
