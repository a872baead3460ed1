"""Waiting for a message: which one is wanted, and what came instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from simulators.kernel import views
from simulators.kernel.accounts import Accounts
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.steps import TURN, Steps
from simulators.kernel.store import Selection
from simulators.kernel.world import World
from simulators.kernel.written import ALL, Since

_SHOWN = 5
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """The message that is waited for; an empty field says that any will do."""

    to: tuple[str, ...] = ()  # what the number asked for may be read as
    provider: str = ""
    since: Since = ALL
    with_code: bool = False

    def __str__(self) -> str:
        what = "message with a code" if self.with_code else "message"
        to = f" to {self.to[0]}" if self.to else ""
        return f"{what}{to}{f' from {self.provider}' if self.provider else ''}"

    def fits(self, message: Message) -> bool:
        """Whether a message that has just arrived is the one."""
        return (
            message.operation != INBOUND
            and (not self.to or message.to in self.to)
            and self.provider in ("", message.provider)
            and message.at >= self.since.at
            and (not self.with_code or bool(message.code))
        )

    def newest(self, world: World) -> Steps[Message | None]:
        """The newest that is here already."""
        found, limit = list[Message](), _LOOKED_AT if self.with_code else 1
        for to in self.to or ("",):
            for some in world.slices(
                provider=self.provider,
                to=to,
                since=self.since.at,
                after=self.since.after,
                limit=limit,
            ):
                fitting = [message for message in some if self.fits(message)][:1]
                found += fitting
                if fitting:
                    break
                yield TURN
        return max(found, key=attrgetter("sequence"), default=None)


def kept_as(world: World, numbers: Sequence[str]) -> str:
    """The reading of a number that there are messages to, the first one if there are none."""
    kept = (number for number in numbers if world.messages(to=number, inbound=None, limit=1))
    return next(kept, numbers[0] if numbers else "")


def instead(accounts: Accounts, world: World, wanted: Wanted) -> tuple[list[Message], str]:
    """The newest messages that did arrive, and a sentence on them and on what was refused."""
    selection = Selection(since=wanted.since.at, after=wanted.since.after, limit=_SHOWN)
    others = world.store.select(world.id, selection).messages
    arrived = f"arrived: {'; '.join(map(_told, others))}" if others else "nothing arrived"
    refused = [*_refused(accounts, world), *_refused(accounts, accounts.strangers)]
    return others, ". ".join([arrived, *_elsewhere(accounts, world, wanted), *refused])


def _told(message: Message) -> str:
    return f"{message.provider} to {message.to}{'' if message.code else ', without a code'}"


def _elsewhere(accounts: Accounts, world: World, wanted: Wanted) -> list[str]:
    """What arrived of the wanted in other accounts: a client signed in as another."""
    found = [
        f"account '{name}' has {_told(message)}"
        for to in wanted.to or ("",)
        for name in accounts.store.holders(to, _SHOWN + 1)
        if name not in (world.id, accounts.strangers.id)
        for message in accounts.world(name).messages(to=to, since=wanted.since.at, limit=1)
    ]
    return [f"elsewhere: {'; '.join(found[:_SHOWN])}"] if found else []


def _refused(accounts: Accounts, world: World) -> list[str]:
    found = [
        f"{entry['provider']} {entry['asked']} with {entry['error']} ({entry['status']})"
        + (f": in its signature {entry['mistake']}" if entry["mistake"] else "")
        for entry in views.refused(accounts, world, limit=_LOOKED_AT, most=_SHOWN)
    ]
    if not found:
        return []
    whose = "refused" if world is not accounts.strangers else "refused, of no known account"
    return [f"{whose}: {'; '.join(found)}"]
