"""Replies from phones, and the URLs that callbacks go to when a request names none."""

from typing import Any

from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import PROVIDER, many, part, record, ref, said
from simulators.kernel import operations
from simulators.kernel.provider import Provider
from simulators.kernel.views import message as shown

_URL: Schema = {
    "type": "string",
    "maxLength": operations.MOST_URL,
    "pattern": operations.URL,
    "description": "an http or https URL, or an empty text for none",
}


def _provider(ask: Ask) -> Provider:
    return operations.provider_of(ask.body["provider"], ask.simulators.providers)


def _receive(ask: Ask) -> Any:
    body = ask.body
    provider = _provider(ask)
    to, url = body.get("to", ""), body.get("url", "")
    kept = operations.reply(ask.world, provider, body["from"], body["text"], to, url)
    return shown(ask.world, provider, kept)


def _list(ask: Ask) -> Any:
    found = ask.world.messages(inbound=True, limit=1000)
    known = ask.simulators.providers
    return {"inbound": [shown(ask.world, known[one.provider], one) for one in found]}


def _webhooks(ask: Ask) -> Any:
    return {"webhooks": ask.world.load("webhooks", {})}


def _put_webhooks(ask: Ask) -> Any:
    urls = {kind: ask.body[kind] for kind in ("receipts", "inbound") if kind in ask.body}
    operations.set_webhooks(ask.world, _provider(ask), **urls)
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
                "text": {
                    "type": "string",
                    "maxLength": operations.MOST_TEXT,
                    "description": "a text",
                },
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
