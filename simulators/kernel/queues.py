"""Receipts and replies for an application that asks for them instead of being called.

Each is handed out once, the oldest first, whether or not the application was called as well. How
far that is, is the account's settings document `pulled/<provider>` (of replies
`pulled/<provider>/replies`): all up to the sequence `upto` were looked at, and of those `waiting`
are the ids of the ones that were not ready. So one that takes its time holds up no other.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange

_AHEAD = 1000  # messages that one pull looks at anew, and that may wait


def receipts(exchange: Exchange, most: int) -> list[Message]:
    """Takes messages off the queue whose status will not change any more."""
    return _taken(exchange, f"pulled/{exchange.provider.name}", most, inbound=False)


def replies(exchange: Exchange, most: int) -> list[Message]:
    """Takes messages from phones off theirs."""
    return _taken(exchange, f"pulled/{exchange.provider.name}/replies", most, inbound=True)


def _taken(exchange: Exchange, name: str, most: int, *, inbound: bool) -> list[Message]:
    found: list[Message] = []

    def taken(queue: dict[str, Any]) -> dict[str, Any]:
        found.clear()
        upto, waiting = queue["upto"], list[str]()
        for place, one in enumerate(queue["waiting"]):
            if len(found) == most:
                waiting += queue["waiting"][place:]
                break
            message = exchange.world.store.find(exchange.world.id, one)
            if message is not None:
                _sort(exchange, message, found, waiting)
        for message in _after(exchange, upto, inbound):
            if len(found) == most or len(waiting) >= _AHEAD:
                break
            upto = message.sequence
            _sort(exchange, message, found, waiting)
        return {"upto": upto, "waiting": waiting}

    exchange.world.update(name, taken, {"upto": 0, "waiting": []})
    return found


def _sort(exchange: Exchange, message: Message, found: list[Message], waiting: list[str]) -> None:
    """To those found if it is ready, to those waiting if it will be: one that ends without a
    report, as a rule may have it, is neither."""
    provider = exchange.provider
    if provider.state(message, exchange.now).final:
        found.append(message)
    elif message.at + provider.steps(message.lifecycle)[-1].after > exchange.now:
        waiting.append(message.id)


def _after(exchange: Exchange, sequence: int, inbound: bool) -> Iterator[Message]:
    """The provider's next messages after one, oldest first."""
    every = exchange.world.slices(
        provider=exchange.provider.name, inbound=inbound, after=sequence, oldest_first=True
    )
    return islice(chain.from_iterable(every), _AHEAD)
