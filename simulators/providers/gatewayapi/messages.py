"""Messages: send a batch of them, one draft a recipient; read one back; delete one while it waits.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Sending SMS'es", "Advanced usage", "Get
SMS and SMS status" and "Delete scheduled SMS". A field that is null counts as absent, and every
violation has the one answer 422. One message has one id, however many recipients: kept messages
after the first have `<id>-<n>`.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel import phone, receipts, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Lifecycle, Message, Step
from simulators.kernel.provider import Draft, Exchange, Refusal, basic_placeholders
from simulators.providers.gatewayapi import account, wire

MAX_RECIPIENTS = 10_000
_SENDER = re.compile(r"\+?[0-9]{1,15}|[^\x00-\x1f]{1,11}")
_CLASSES = ("standard", "premium", "secret", "charge")
_PRIORITIES = {
    "BULK": _CLASSES,
    "NORMAL": _CLASSES,
    "URGENT": ("premium", "secret"),
    "VERY_URGENT": ("premium", "secret"),
}
_YEAR_9999 = 253_402_300_800

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(least: int, most: int) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return check


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _sender(value: Any) -> bool:
    return _SENDER.fullmatch(str(value)) is not None or value == ""


def _base64(value: Any) -> bool:
    return isinstance(value, str) and binary(value) is not None


def _recipients(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MAX_RECIPIENTS


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "recipients": _recipients,
        "message": _text,
        "class": _text,
        "sender": lambda value: isinstance(value, str | int) and _sender(value),
        "sendtime": _whole(0, _YEAR_9999),
        "tags": _texts,
        "userref": _text,
        "priority": _text,
        "validity_period": _whole(0, _YEAR_9999),
        "encoding": _one_of("UTF8", "UCS2"),
        "destaddr": _one_of("DISPLAY", "MOBILE", "SIMCARD", "EXTUNIT"),
        "payload": _base64,
        "udh": _base64,
        "callback_url": _text,
        "label": _text,
        "max_parts": _whole(1, 255),
        "extra_details": _one_of("recipients_usage"),
    }
)


def read_batch(body: Any) -> list[dict[str, Any]]:
    """The messages of a request without their null fields; all of them are in order, or it
    raises `Refusal` for the first that is not."""
    batch = body if isinstance(body, list) else [body]
    if not batch or not all(isinstance(item, dict) for item in batch):
        raise Refusal(Problem.MALFORMED)
    found = [{k: v for k, v in item.items() if v is not None} for item in batch]
    for item in found:
        _hold(item)
    for name in ("class", "label"):
        if any(item.get(name) != found[0].get(name) for item in found):
            raise Refusal(Problem.MALFORMED)
    return found


def _hold(item: dict[str, Any]) -> None:
    if "recipients" not in item:
        raise Refusal(Problem.MISSING_RECIPIENT)
    if not item.get("message") and not item.get("payload"):
        raise Refusal(Problem.MISSING_TEXT)
    if not all(check(item[name]) for name, check in CHECKS.items() if name in item):
        raise Refusal(Problem.MALFORMED)
    if "payload" in item and ("message" in item or "tags" in item):
        raise Refusal(Problem.MALFORMED)
    if "max_parts" in item and ("payload" in item or "tags" in item):
        raise Refusal(Problem.MALFORMED)
    of_class, priority = item.get("class", "standard"), item.get("priority", "NORMAL")
    if of_class not in _CLASSES:
        raise Refusal("0x0218", **{"class": of_class})
    if of_class not in _PRIORITIES.get(priority, ()):
        raise Refusal("0x0311", priority=priority)


def binary(text: str) -> bytes | None:
    """The bytes of a Base64 field, None where it is not Base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


LEAST_VALIDITY = 60
UNSPELLABLE = "?"
_MSISDN = re.compile(r"(?:\+|00)?([1-9][0-9]{2,14})")
_KEPT = (
    *("class", "sendtime", "tags", "userref", "priority", "validity_period", "encoding"),
    *("destaddr", "payload", "udh", "label"),
)


def parse(exchange: Exchange) -> list[Draft]:
    """The drafts of all messages, in the order of the request."""
    batch = read_batch(exchange.document["body"])
    return [draft for item in batch for draft in _drafts(exchange, item)]


def _drafts(exchange: Exchange, item: dict[str, Any]) -> list[Draft]:
    shared = _shared(exchange, item)
    wait = item.get("sendtime", 0) - exchange.now
    lifecycle = _lifecycle(wait)
    sender = str(item.get("sender") or exchange.credentials["sender"])
    plain = _spelled(item, item.get("message", ""))
    parts = _parts(item, plain)
    drafts: dict[str, Draft] = {}
    for index, recipient in enumerate(item["recipients"]):
        number = _number(recipient)
        if number.e164 in drafts:
            raise Refusal("0x0310", msisdn=number.e164[1:])
        draft = Draft(number.e164, sender, plain, number.region, parts, lifecycle)
        draft.callback = item.get("callback_url", "")
        draft.details = {**shared, "n": index}
        if "validity_period" in shared:
            draft.validity = max(wait, 0) + shared["validity_period"]
        if "tags" in item:
            _personalise(draft, item, recipient)
        drafts[number.e164] = draft
    first = next(iter(drafts.values()))
    if first.text != item.get("message"):
        first.details["message"] = item.get("message")
    return list(drafts.values())


def _shared(exchange: Exchange, item: dict[str, Any]) -> dict[str, Any]:
    """What all kept messages of one message have in common: its id (`id`), how many they are
    (`of`), and the fields that reading back, usage and notifications need."""
    shared = {name: item[name] for name in _KEPT if name in item}
    if "validity_period" in shared:
        shared["validity_period"] = max(shared["validity_period"], LEAST_VALIDITY)
    shared["id"] = int(exchange.world.chance.digits(15))
    shared["of"] = len(item["recipients"])
    return shared


def _number(recipient: Any) -> phone.Number:
    """A leading + or 00 is taken off: documented for the vendor's number look-up, not for this."""
    if not isinstance(recipient, dict):
        raise Refusal(Problem.MALFORMED)
    msisdn = recipient.get("msisdn")
    if isinstance(msisdn, float) and msisdn.is_integer():
        msisdn = int(msisdn)
    if not isinstance(msisdn, str | int) or isinstance(msisdn, bool):
        raise Refusal(Problem.MISSING_RECIPIENT if msisdn is None else Problem.BAD_RECIPIENT)
    found = _MSISDN.fullmatch(str(msisdn))
    number = phone.parse(f"+{found[1]}") if found else None
    if number is None or not number.possible:
        raise Refusal(Problem.BAD_RECIPIENT, to=msisdn)
    return number


def _personalise(draft: Draft, item: dict[str, Any], recipient: dict[str, Any]) -> None:
    """Tags without values stay as they are: the vendor's own example shows such a recipient."""
    values = recipient.get("tagvalues")
    if values is None:
        return
    tags = item["tags"]
    if not isinstance(values, list) or len(values) != len(tags):
        raise Refusal(Problem.TEMPLATE_MISMATCH)
    if not all(isinstance(value, str) for value in values):
        raise Refusal(Problem.TEMPLATE_MISMATCH)
    draft.text = _spelled(item, _filled(item["message"], dict(zip(tags, values, strict=True))))
    draft.segments = _parts(item, draft.text)
    draft.details["tagvalues"] = values


def _filled(text: str, values: dict[str, str]) -> str:
    tags = sorted(filter(None, values), key=len, reverse=True)
    if not tags:
        return text
    return re.sub("|".join(map(re.escape, tags)), lambda found: values[found[0]], text)


def _spelled(item: dict[str, Any], text: str) -> str:
    """The text in its alphabet, cut to `max_parts`. UCS-2 must be asked for: without it, what
    GSM 03.38 cannot spell is replaced (by what, the vendor does not say)."""
    if item.get("encoding") != "UCS2" and not segments.is_gsm7(text):
        text = "".join([char if segments.is_gsm7(char) else UNSPELLABLE for char in text])
    most = item.get("max_parts")
    if most is None or _parts(item, text) <= most:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _parts(item, text[:middle]) <= most else (low, middle - 1)
    return text[:low]


def _parts(item: dict[str, Any], text: str) -> int:
    if "payload" not in item:
        return segments.count(text, unicode=item.get("encoding") == "UCS2")
    sizes = [len(binary(item.get(name, "")) or b"") for name in ("payload", "udh")]
    return 1 if sum(sizes) <= 140 else -(-sizes[0] // 134)


def _lifecycle(wait: float) -> str | Lifecycle:
    if wait <= 0:
        return "sent"
    return (
        Step(0, "UNKNOWN"),
        Step(0, "SCHEDULED"),
        Step(wait, "BUFFERED"),
        Step(wait + 1, "ENROUTE"),
        Step(wait + 3, "DELIVERED"),
    )


def answer(exchange: Exchange) -> Reply:
    """200 with one id a message, and how many SMS went to which country at what cost."""
    kept = [outcome.message for outcome in exchange.outcomes if outcome.message is not None]
    regions = [outcome.draft.region for outcome in exchange.outcomes]
    countries: Counter[str] = Counter()
    cost = 0.0
    for message, region in zip(kept, regions, strict=True):
        countries[region] += message.segments
        cost += message.segments * account.price(region)
    body: dict[str, Any] = {
        "ids": list(dict.fromkeys([message.details["id"] for message in kept])),
        "usage": {
            "countries": dict(countries),
            "currency": account.CURRENCY,
            "total_cost": round(cost, 5),
        },
    }
    if _wants_details(exchange.document["body"]):
        body["details"] = {"messages": _details(kept, regions)}
    return wire.reply(200, body)


def _wants_details(body: Any) -> bool:
    batch = body if isinstance(body, list) else [body]
    return any(item.get("extra_details") == "recipients_usage" for item in batch)


def _details(kept: list[Message], regions: list[str]) -> list[dict[str, Any]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for message, region in zip(kept, regions, strict=True):
        recipient = {"country": region, "msisdn": int(message.to), "parts": message.segments}
        found.setdefault(message.details["id"], []).append(recipient)
    return [{"id": key, "recipients": recipients} for key, recipients in found.items()]


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """What variables stand for: the client's address, and the recipient as GatewayAPI names it."""
    values = {**basic_placeholders(exchange, draft), "ip": exchange.call.client}
    if draft is not None:
        mcc, mnc = account.network(draft.region)
        values |= {"msisdn": draft.number.removeprefix("+"), "mcc": mcc or "", "mnc": mnc or ""}
    return values


# Reading back and deleting.
_SHOWN = ("label", "tags", "userref", "destaddr", "udh", "payload")
_UNSENT = ("SCHEDULED", "BUFFERED", "DELETED")


def _all(exchange: Exchange) -> list[Message]:
    """The kept messages to all recipients of the message in the path."""
    name = exchange.params["message_id"]
    world = exchange.world
    first = world.store.find(world.id, name) if name.isascii() and name.isdigit() else None
    if first is None or first.provider != exchange.provider.name:
        raise Refusal(Problem.NOT_FOUND)
    others = [world.store.find(world.id, f"{name}-{n}") for n in range(1, first.details["of"])]
    return [first, *[message for message in others if message is not None]]


def get(exchange: Exchange) -> Reply:
    """200 with an array of one. Only what has been sent is in long-term storage; 404 until then."""
    kept = _all(exchange)
    if kept[0].status(exchange.now, exchange.provider.lifecycles)[0].status in _UNSENT:
        raise Refusal(Problem.NOT_FOUND)
    first, details = kept[0], kept[0].details
    shown: dict[str, Any] = {
        "class": details.get("class", "standard"),
        "message": details.get("message", first.text),
        "id": details["id"],
        "recipients": [_shown_recipient(exchange, message) for message in kept],
        "sender": first.sender,
        "sendtime": details.get("sendtime", int(first.at)),
        "priority": details.get("priority", "NORMAL"),
        "validity_period": details.get("validity_period", 86400),
        "encoding": details.get("encoding", "UTF8"),
        "callback_url": first.callback or None,
    }
    shown.update({name: details.get(name) for name in _SHOWN})
    shown["destaddr"] = shown["destaddr"] or "MOBILE"
    return wire.reply(200, [shown])


def _shown_recipient(exchange: Exchange, message: Message) -> dict[str, Any]:
    provider = exchange.provider
    step, since = message.status(exchange.now, provider.lifecycles)
    number = phone.parse(message.to)
    region = number.region if number else ""
    mcc, mnc = account.network(region)
    row = provider.row(step.error) if step.error else None
    sent = [s.after for s in provider.steps(message.lifecycle) if s.status == "ENROUTE"]
    return {
        "country": region,
        "csms": message.segments,
        "dsnerror": row.message if row else None,
        "dsnerrorcode": row.code if row else None,
        "dsnstatus": step.status,
        "dsntime": float(since),
        "mcc": mcc,
        "mnc": mnc,
        "msisdn": int(message.to),
        "senttime": float(message.at + sent[0]) if sent else None,
        "tagvalues": message.details.get("tagvalues"),
    }


def delete(exchange: Exchange) -> Reply:
    """204 while it is scheduled, 410 once it is sent or deleted."""
    kept, world, now = _all(exchange), exchange.world, exchange.now
    lifecycles, reporting = exchange.provider.lifecycles, exchange.provider.reporting(kept[0])
    if kept[0].status(now, lifecycles)[0].status != "SCHEDULED":
        raise Refusal("410/gone")
    for message in kept:
        ended = message.ending(now, Step(0, "DELETED"), lifecycles)
        changed = world.store.change(world.id, message.id, lifecycle=ended)
        if changed is not None and reporting is not None:
            receipts.turn(reporting, world, changed)
    return Reply(204)
