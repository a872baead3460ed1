"""Send: a batch of messages to one draft a recipient, and the ids and cost as the answer.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Sending SMS'es". One message has one
id, however many recipients: kept messages after the first have `<id>-<n>`.
"""

import re
from collections import Counter
from typing import Any

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Lifecycle, Message, Step
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.providers.gatewayapi import fields, prices, wire

LEAST_VALIDITY = 60
UNSPELLABLE = "?"
_MSISDN = re.compile(r"(?:\+|00)?([1-9][0-9]{2,14})")
_KEPT = (
    *("class", "sendtime", "tags", "userref", "priority", "validity_period", "encoding"),
    *("destaddr", "payload", "udh", "label"),
)


def parse(exchange: Exchange) -> list[Draft]:
    """The drafts of all messages, in the order of the request."""
    batch = fields.messages(exchange.document["body"])
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
    sizes = [len(fields.binary(item.get(name, "")) or b"") for name in ("payload", "udh")]
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
        cost += message.segments * prices.price(region)
    body: dict[str, Any] = {
        "ids": list(dict.fromkeys([message.details["id"] for message in kept])),
        "usage": {
            "countries": dict(countries),
            "currency": prices.CURRENCY,
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
