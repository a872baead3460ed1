"""Receipts and replies for an application that asks for them instead of being called.

Each is handed out once, the oldest first, whether or not the application was called as well. What
was handed out is the account's settings document `pulled/<provider>` (of replies
`pulled/<provider>/replies`): `upto` is a sequence up to which nothing is left, `beyond` are those
above it that are gone, since one that is not ready yet holds up no other.
"""

from collections.abc import Iterator
from typing import Any

from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange

_SLICE, _AHEAD = 500, 10_000  # messages read at once, and by one pull at the most


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
        for message, until in _after(exchange, seen, inbound):
            if len(found) == most:
                break
            seen = until
            if message is None or seen in gone:
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


def _after(
    exchange: Exchange, sequence: int, inbound: bool
) -> Iterator[tuple[Message | None, int]]:
    """The provider's messages after one, oldest first, with their sequences, and how far each
    slice of all messages reached."""
    world, read = exchange.world, 0
    newest = world.store.newest(world.id)
    for start in range(sequence, newest, _SLICE):
        end = min(start + _SLICE, newest)
        kept = world.messages(
            provider=exchange.provider.name,
            inbound=inbound,
            after=start,
            before=end + 1,
            limit=_SLICE,
        )
        yield from ((message, message.sequence) for message in reversed(kept))
        yield None, end
        read += len(kept)
        if read >= _AHEAD:
            return
