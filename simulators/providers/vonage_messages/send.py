"""A text by the channel `sms`: from the request to a draft, and what is tried after it.

https://developer.vonage.com/en/api/messages
A request is taken with 202 before anybody has looked at the recipient: what stands against a number
is told by its status.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from simulators.kernel import later, phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Message
from simulators.kernel.provider import Draft, Exchange, Provider, Refusal
from simulators.kernel.world import World
from simulators.providers.vonage import problems
from simulators.providers.vonage import send as sms

NAME = "vonage_messages"
MAX_TEXT = 3200
TTL = (20, 604_800)  # seconds
CHANNELS = frozenset({"sms", "mms", "rcs", "whatsapp", "messenger", "viber_service", "email"})
SANDBOX = "messages-sandbox.nexmo.com"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_OPTIONS = MappingProxyType({"content_id": str, "entity_id": str, "pool_id": str})
_ENCODINGS = ("auto", "text", "unicode")
_URL = re.compile(r"https?://[^\s]{1,2000}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The messages of a request, of which the first is sent at once and each other one when the one
    before it was rejected; and their `workflow`, "" where there is but one."""

    drafts: Sequence[Draft]
    workflow: str


def parse(exchange: Exchange) -> list[Draft]:
    """The first draft; all of them have to be right."""
    body = exchange.document["body"] or {}
    others = body.get("failover", [])
    if not isinstance(others, list) or not all(isinstance(one, dict) for one in others):
        raise _wrong("failover", "invalid value")
    workflow = exchange.world.chance.letters(55, _BASE58) if others else ""
    drafts = [_draft(exchange, one) for one in (body, *others)]
    for at, draft in enumerate(drafts, 1):
        if workflow:
            draft.details["workflow"] = [workflow, str(at), str(len(drafts))]
    exchange.prepared = Prepared(drafts, workflow)
    return [drafts[0]]


def _wrong(name: str, reason: str) -> Refusal:
    return Refusal("invalid-params", parameter=name, reason=reason)


def _draft(exchange: Exchange, fields: Mapping[str, Any]) -> Draft:
    channel, kind = _text(fields, "channel"), _text(fields, "message_type")
    if channel != "sms" or exchange.call.host.startswith(SANDBOX):
        raise Refusal("sandbox-channel" if channel == "sms" else "unsupported-channel")
    if kind != "text":
        raise Refusal("invalid-message-type")
    number = _recipient(_text(fields, "to", Problem.MISSING_RECIPIENT))
    sender = _sender(_text(fields, "from", Problem.MISSING_SENDER))
    text = _text(fields, "text", Problem.MISSING_TEXT)
    if len(text) > MAX_TEXT:
        raise Refusal(Problem.TEXT_TOO_LONG, parameter="text", reason="invalid value")
    _hold_options(fields)
    encoding = fields.get("sms", {}).get("encoding_type", "auto")
    if encoding == "text":
        text = "".join(char if segments.is_gsm7(char) else "?" for char in text)
    details: dict[str, Any] = {
        "to": fields["to"].removeprefix("+"),
        "network": sms.network(number.region),
    }
    if fields.get("client_ref"):
        details["client_ref"] = fields["client_ref"]
    return Draft(
        number=number.e164,
        region=number.region,
        sender=sender,
        text=text,
        segments=segments.count(text, unicode=True if encoding == "unicode" else None),
        callback=fields.get("webhook_url", ""),
        lifecycle="sms",
        validity=fields.get("ttl"),
        deferred=True,
        details=details,
    )


def _text(fields: Mapping[str, Any], name: str, missing: Problem | str = "invalid-params") -> str:
    value = fields.get(name)
    if value is None or value == "":
        raise Refusal(missing, parameter=name, reason="is required.")
    if not isinstance(value, str):
        raise _wrong(name, "invalid value")
    return value


def _recipient(to: str) -> phone.Number:
    """Documented is a number without plus or zeros; that a plus is refused is UNVERIFIED."""
    number = phone.parse(f"+{to}") if to.isascii() and to.isdigit() else None
    if to.startswith("0") or number is None or not number.possible:
        raise Refusal(Problem.BAD_RECIPIENT, to=to)
    return number


def _sender(sender: str) -> str:
    digits = sender.removeprefix("+")
    number = digits.isascii() and digits.isdigit()
    if not sender.strip() or len(digits if number else sender) > (15 if number else 11):
        raise Refusal(Problem.BAD_SENDER)
    return digits if number else sender


def _hold_options(fields: Mapping[str, Any]) -> None:
    reference = fields.get("client_ref")
    if reference is not None and not (isinstance(reference, str) and len(reference) <= 100):
        raise Refusal("invalid-client-ref")
    ttl = fields.get("ttl")
    if ttl is not None and (
        isinstance(ttl, bool) or not isinstance(ttl, int) or not TTL[0] <= ttl <= TTL[1]
    ):
        raise _wrong("ttl", "invalid value")
    url = fields.get("webhook_url")
    if url is not None and not (isinstance(url, str) and _URL.fullmatch(url)):
        raise _wrong("webhook_url", "invalid value")
    if fields.get("webhook_version", "v1") not in ("v0.1", "v1"):
        raise _wrong("webhook_version", "invalid value")
    options = fields.get("sms", {})
    if not isinstance(options, dict) or options.get("encoding_type", "auto") not in _ENCODINGS:
        raise Refusal("invalid-channel-params")
    if any(not isinstance(options.get(name, ""), kind) for name, kind in _OPTIONS.items()):
        raise Refusal("invalid-channel-params")


def answer(exchange: Exchange) -> Reply:
    """202, and the id under which its status is told."""
    (outcome,) = exchange.outcomes
    prepared: Prepared = exchange.prepared
    assert outcome.message is not None  # noqa: S101 - one that is refused refuses the request
    if len(prepared.drafts) > 1:
        _plan_next(exchange.provider, exchange.world, outcome.message, prepared.drafts[1])
    told = {"message_uuid": outcome.message.id}
    if prepared.workflow:
        told["workflow_id"] = prepared.workflow
    return identified(exchange, problems.json(exchange, 202, told))


def identified(exchange: Exchange, reply: Reply) -> Reply:
    """With the header that every answer of this API has."""
    reply.headers.append(("X-Request-Id", exchange.world.chance.uuid()))
    return reply


def _plan_next(provider: Provider, world: World, message: Message, following: Draft) -> None:
    """The next message of a failover is sent once this one was rejected, if it is. Those after it
    never are: it is not rejected itself."""
    last = provider.steps(message.lifecycle)[-1]
    if last.status == "rejected":
        later.plan(world, message, message.at + last.after, message.id, _plain(following))


def _plain(draft: Draft) -> dict[str, Any]:
    names = ("number", "region", "sender", "text", "segments", "callback", "details")
    return {name: getattr(draft, name) for name in names}


def go_on(provider: Provider, world: World, told: Sequence[Any]) -> None:
    """Sends the next message, if the one before it was rejected after all. It is tried whatever the
    account says of its number, as that is the number that was just rejected."""
    one, following = told
    before = world.store.find(world.id, one)
    if before is None:
        return
    last = provider.steps(before.lifecycle)[-1]
    if last.status != "rejected" or before.details.get("followed"):
        return
    world.store.change(world.id, one, details={**before.details, "followed": True})
    draft = Draft(**following, lifecycle="sms")
    later.send(provider, world, draft, before.at + last.after, before.operation)


def update(exchange: Exchange) -> Reply:
    """A status that is set is one of other channels: an SMS has none."""
    one = exchange.params["message_uuid"]
    kept = exchange.world.store.find(exchange.world.id, one)
    if kept is None or kept.provider != NAME:
        raise Refusal("not-found", message_uuid=one)
    raise _wrong("status", "invalid value")
