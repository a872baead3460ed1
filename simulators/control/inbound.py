"""Replies from phones, and the URLs that callbacks go to when a request names none."""

from typing import Any

from simulators.control.errors import Bad, unknown
from simulators.control.numbers import e164
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import PROVIDER, many, part, record, ref, said
from simulators.control.views import message as shown
from simulators.kernel import inbound
from simulators.kernel.message import Message
from simulators.kernel.provider import Provider
from simulators.kernel.world import STRANGERS, World

MOST_TEXT = 1600

_URL: Schema = {
    "type": "string",
    "maxLength": 2000,
    "pattern": "^(https?://.+)?$",
    "description": "an http or https URL, or an empty text for none",
}


def reply(world: World, provider: Provider, sender: str, to: str, text: str, url: str) -> Message:
    """A message from a phone to the application, by way of a provider; without `to` it answers the
    newest message to that phone. Raises `Bad`."""
    if world.id == STRANGERS:
        raise Bad(400, "strangers have no application", "an account with credentials", STRANGERS)
    number = e164(sender, provider)
    newest = world.messages(to=number, provider=provider.name, limit=1)
    answered = to or (newest[0].sender if newest else "") or _own_sender(world, provider)
    try:
        return inbound.arrive(provider, world, number, answered, text, url)
    except LookupError as error:
        raise Bad(400, str(error), "a provider that does", provider.name) from None


def _own_sender(world: World, provider: Provider) -> str:
    known = world.credentials(provider.name)
    return next((known[name] for name in ("number", "sender", "sign_name") if name in known), "")


def set_webhooks(world: World, provider: Provider, **urls: str) -> None:
    """Where callbacks go when a request names no URL: `receipts`, `inbound`; "" for nowhere."""
    inbound.set_webhooks(world, provider.name, urls)


def _provider(ask: Ask) -> Provider:
    name = ask.body["provider"]
    known = ask.simulators.providers
    if name not in known:
        raise unknown(400, "provider", name, known)
    return known[name]


def _receive(ask: Ask) -> Any:
    body = ask.body
    provider = _provider(ask)
    to, url = body.get("to", ""), body.get("url", "")
    kept = reply(ask.world, provider, body["from"], to, body["text"], url)
    return shown(ask.world, provider, kept)


def _list(ask: Ask) -> Any:
    found = ask.world.messages(inbound=True, limit=1000)
    known = ask.simulators.providers
    return {"inbound": [shown(ask.world, known[one.provider], one) for one in found]}


def _webhooks(ask: Ask) -> Any:
    return {"webhooks": ask.world.load("webhooks", {})}


def _put_webhooks(ask: Ask) -> Any:
    urls = {kind: ask.body[kind] for kind in ("receipts", "inbound") if kind in ask.body}
    set_webhooks(ask.world, _provider(ask), **urls)
    return _webhooks(ask)


_HOOKS = record(
    webhooks={
        **part(
            **{
                name: {**part(receipts=_URL, inbound=_URL), "description": name}
                for name in PROVIDER["enum"]
            }
        ),
        "description": "provider to where its receipts and its replies go",
    }
)

ROUTES = (
    Route(
        name="receive-inbound",
        method="POST",
        path="/_sim/inbound",
        summary="A reply from a phone: kept, handed to the application, keywords acted on",
        handle=_receive,
        body={
            "type": "object",
            "description": "an object with provider, from and text",
            "properties": {
                "provider": PROVIDER,
                "from": {"type": "string", "maxLength": 40, "description": "a phone number"},
                "to": {"type": "string", "maxLength": 40, "description": "what it answers"},
                "text": {"type": "string", "maxLength": MOST_TEXT, "description": "a text"},
                "url": _URL,
            },
            "required": ["provider", "from", "text"],
        },
        answer=ref("Message"),
    ),
    Route(
        name="list-inbound",
        method="GET",
        path="/_sim/inbound",
        summary="The newest thousand replies, newest first",
        handle=_list,
        answer=record(inbound=said(many(ref("Message")), "newest first")),
    ),
    Route(
        name="read-webhooks",
        method="GET",
        path="/_sim/webhooks",
        summary="Where callbacks go when a request names no URL, by provider",
        handle=_webhooks,
        answer=_HOOKS,
    ),
    Route(
        name="set-webhooks",
        method="PUT",
        path="/_sim/webhooks",
        summary="Sets where one provider's receipts and replies go when a request names no URL",
        handle=_put_webhooks,
        body={
            "type": "object",
            "description": "an object with provider, receipts and inbound",
            "properties": {"provider": PROVIDER, "receipts": _URL, "inbound": _URL},
            "required": ["provider"],
        },
        answer=_HOOKS,
    ),
)
