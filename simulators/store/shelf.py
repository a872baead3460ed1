"""All that memory keeps of one account."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from simulators.kernel.message import Message
from simulators.store.windows import Windows


class Shelf:
    """All of one account. `messages` is by sequence; those to one number form a chain from
    `newest_to` through `previous`."""

    def __init__(self, journal: int) -> None:
        self.messages: dict[int, bytes] = {}
        self.by_id: dict[str, int] = {}
        self.newest_to: dict[str, int] = {}
        self.sequence = 0
        self.oldest = 1
        self.latest = 0.0
        self.in_order = True  # until the clock is set back
        self.windows = Windows()
        self.settings: dict[str, Any] = {}
        self.counters: dict[str, int] = {}
        self.plans: list[tuple[float, int, tuple[Any, ...]]] = []
        self.planned = 0
        self.logs: dict[str, deque[tuple[int, bytes]]] = {}
        self.nonces: dict[str, float] = {}
        self.nonce_ends: dict[int, deque[str]] = {}  # by lifetime: each is in order of its ends
        self.watchers: list[Callable[[Message], None]] = []
        self.journal: deque[tuple[int, bytes]] = deque(maxlen=journal)
        self.breaches: deque[tuple[int, bytes]] = deque(maxlen=journal)
        self.noted = 0

    def add(self, message: Message, keep: int) -> Message:
        self.sequence += 1
        self.in_order = (self.in_order and message.at >= self.latest) or not self.messages
        self.latest = message.at
        kept = message.numbered(self.sequence, self.newest_to.get(message.to, 0))
        self.messages[kept.sequence] = packed(kept)
        self.by_id[kept.id] = kept.sequence
        self.newest_to[kept.to] = kept.sequence
        if len(self.messages) > keep:
            self._drop_oldest()
        for seen in tuple(self.watchers):
            seen(kept)
        return kept

    def _drop_oldest(self) -> None:
        while self.oldest not in self.messages:
            self.oldest += 1
        gone = Message.unpack(self.messages.pop(self.oldest))
        if self.by_id.get(gone.id) == gone.sequence:
            del self.by_id[gone.id]
        if self.newest_to[gone.to] == gone.sequence:
            del self.newest_to[gone.to]

    def remove(self, message: str) -> bool:
        sequence = self.by_id.pop(message, None)
        if sequence is None:
            return False
        gone = Message.unpack(self.messages.pop(sequence))
        if self.newest_to.get(gone.to) == sequence:
            if gone.previous in self.messages:
                self.newest_to[gone.to] = gone.previous
            else:
                del self.newest_to[gone.to]
        else:
            self._bridge(gone)
        return True

    def _bridge(self, gone: Message) -> None:
        """Leads the chain to one number around a message that is gone."""
        for later in self.walk(gone.to, 0, gone.sequence):
            if later.previous == gone.sequence:
                self.messages[later.sequence] = packed(replace(later, previous=gone.previous))
                return

    def remove_all(self) -> int:
        count = len(self.messages)
        self.messages, self.by_id, self.newest_to = {}, {}, {}
        self.oldest = self.sequence + 1
        self.in_order = True
        return count

    def walk(self, to: str, before: int, after: int) -> Iterator[Message]:
        """Messages from newest to oldest, to one number or to all."""
        return self._chain(to, before, after) if to else self._all(before, after)

    def _chain(self, to: str, before: int, after: int) -> Iterator[Message]:
        sequence = self.newest_to.get(to, 0)
        while sequence > after and sequence in self.messages:
            message = Message.unpack(self.messages[sequence])
            if not before or sequence < before:
                yield message
            sequence = message.previous

    def _all(self, before: int, after: int) -> Iterator[Message]:
        newest = min(before - 1, self.sequence) if before else self.sequence
        for sequence in range(newest, max(after, self.oldest - 1), -1):
            packed = self.messages.get(sequence)
            if packed is not None:
                yield Message.unpack(packed)

    def note(self, entry: bytes, breached: bool) -> None:
        self.noted += 1
        kept = (self.noted, bytes(memoryview(entry)))
        self.journal.append(kept)
        if breached:
            self.breaches.append(kept)

    def once(self, key: str, now: float, until: float) -> bool:
        if self.nonces.get(key, now) > now:
            return False
        self.nonces[key] = until
        ends = self.nonce_ends.setdefault(round(until - now), deque())
        ends.append(key)
        for _ in range(2):  # two a call, so that no single request pays for all of them
            if ends and self.nonces.get(ends[0], now) <= now:
                self.nonces.pop(ends.popleft(), None)
        return True


def packed(message: Message) -> bytes:
    """A message as it is kept."""
    # orjson allocates far more than it fills; the copy is only as large as the message.
    return bytes(memoryview(message.pack()))
