"""Replies: a message from a phone (MO) on its way to the application.

It is kept like a message that was sent, with the operation INBOUND and a lifecycle of its own, and
is handed over as a receipt is: signed, in order, tried again. A keyword changes who has opted out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from simulators.kernel import optouts, receipts
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.receipts import Receipts, Teller
from simulators.kernel.segments import count
from simulators.kernel.world import World

Keyword = Literal["stop", "start", "help"]
LIFECYCLE = "inbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """How a provider hands over a reply: `receipts` whose one status is the reply itself, and the
    keywords it acts on, upper-case. A reply without a callback URL waits to be pulled."""

    receipts: Receipts
    keywords: Mapping[str, Keyword]


class Replying(Teller, Protocol):
    """A provider, as far as replies go."""

    @property
    def name(self) -> str: ...

    @property
    def inbound(self) -> Inbound | None: ...


def arrive(
    provider: Replying, world: World, sender: str, to: str, text: str, callback: str
) -> Message:
    """Keeps a reply and plans its callback; `sender` is the phone's E.164 number, `to` what it
    answers. Raises `LookupError` if the provider knows no replies."""
    if provider.inbound is None:
        raise LookupError(f"{provider.name} hands over no replies")
    now = world.clock.now()
    message = Message(
        id=world.chance.uuid(),
        provider=provider.name,
        operation=INBOUND,
        to=to,
        sender=sender,
        text=text,
        segments=count(text),
        at=now,
        lifecycle=LIFECYCLE,
        callback=callback or webhook(world, provider.name, "inbound"),
    )
    kept = receipts.keep(provider, world, message, now)
    _opt(world, sender, provider.inbound.keywords.get(text.strip().upper()))
    return kept


def answered(world: World, reply: Message) -> Message | None:
    """The message that a reply answers: the newest before it to that phone, if there is one."""
    found = world.messages(provider=reply.provider, to=reply.sender, before=reply.sequence, limit=1)
    return found[0] if found else None


def webhook(world: World, provider: str, kind: Literal["receipts", "inbound"]) -> str:
    """The account's own URL for a provider's callbacks, "" where none is set."""
    url: str = world.load("webhooks", {}).get(provider, {}).get(kind, "")
    return url


def set_webhooks(world: World, provider: str, urls: Mapping[str, str]) -> Mapping[str, str]:
    """Sets the account's own URLs for a provider's callbacks by kind, "" clears; returns all."""
    every: Mapping[str, Mapping[str, str]] = world.update(
        "webhooks", lambda known: {**known, provider: {**known.get(provider, {}), **urls}}, {}
    )
    return every[provider]


def _opt(world: World, number: str, keyword: Keyword | None) -> None:
    if keyword == "stop":
        optouts.add(world, [number])
    elif keyword == "start":
        optouts.remove(world, number)
