"""Receipts and replies for an application that asks for them instead of being called.

Each is handed out once, the oldest first, whether or not the application was called as well. What
was handed out is the account's settings document `pulled/<provider>` (of replies
`pulled/<provider>/replies`): `upto` is a sequence up to which nothing is left, `beyond` are those
above it that are gone, since one that is not ready yet holds up no other.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange

_AHEAD = 2000  # messages that one pull looks at


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
        seen, gone, waiting = queue["upto"], set(queue["beyond"]), list[int]()
        for message in _after(exchange, seen, inbound):
            if len(found) == most:
                break
            seen = message.sequence
            if seen in gone:
                continue
            if exchange.provider.state(message, exchange.now).final:
                found.append(message)
                gone.add(seen)
            else:
                waiting.append(seen)
        upto = waiting[0] - 1 if waiting else seen
        return {"upto": upto, "beyond": sorted(one for one in gone if one > upto)}

    exchange.world.update(name, taken, {"upto": 0, "beyond": []})
    return found


def _after(exchange: Exchange, sequence: int, inbound: bool) -> Iterator[Message]:
    """The provider's messages after one, oldest first, no further ahead than one step may go."""
    every = exchange.world.slices(
        provider=exchange.provider.name, inbound=inbound, after=sequence, oldest_first=True
    )
    return islice(chain.from_iterable(every), _AHEAD)
