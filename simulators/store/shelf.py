"""All that memory keeps of one account."""

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from simulators.kernel.message import INBOUND, Message
from simulators.kernel.store import LOOKED_AT, Selection
from simulators.store.discarded import Container, Discarded
from simulators.store.index import Index
from simulators.store.leases import Leases
from simulators.store.plans import Plans
from simulators.store.windows import Windows


class Shared:
    """What the shelves of one store have in common: how many messages they keep, and what is left
    of what they kept."""

    def __init__(self) -> None:
        self.kept = 0
        self.gone = Discarded()


class Shelf:
    """All of one account. `messages` is by sequence; those to one number form a chain from
    `newest_to` through `previous`; those of one provider, sent or inbound, and of one sender are
    indexed, as a filter that nothing passes must not walk all there are."""

    def __init__(self, journal: int, shared: Shared) -> None:
        self.shared = shared
        self.messages: dict[int, bytes] = {}
        self.by_id: dict[str, int] = {}
        self.newest_to: dict[str, int] = {}
        self.by_kind: dict[tuple[str, bool], Index] = {}
        self.by_sender: dict[str, Index] = {}
        self.sequence = 0
        self.oldest = 1
        self.latest = 0.0
        self.in_order = True  # until the clock is set back
        self.windows = Windows(shared.gone)
        self.settings: dict[str, Any] = {}
        self.sets: dict[str, list[str]] = {}  # each in order
        self.counters: dict[str, int] = {}
        self.leases: dict[str, Leases] = {}
        self.plans = Plans(lambda item: item[0] in self.by_id)
        self.logs: defaultdict[str, deque[tuple[int, bytes]]] = defaultdict(
            partial(deque, maxlen=journal)
        )
        self.nonces: dict[str, float] = {}
        self.nonce_ends: dict[int, deque[str]] = {}  # by lifetime: each is in order of its ends
        self.watchers: list[Callable[[Message], None]] = []
        self.recorded = 0

    def numbered(self, messages: Iterable[Message]) -> list[tuple[Message, bytes]]:
        """Messages as they will be kept if they are the next ones, each with its packed form."""
        found, newest, sequence = [], dict[str, int](), self.sequence
        for message in messages:
            sequence += 1
            to = message.to
            previous = newest.get(to) or self.newest_to.get(to, 0)
            kept = message.numbered(sequence, previous)
            newest[to] = sequence
            found.append((kept, packed(kept)))
        return found

    def add(self, message: Message, keep: int) -> Message:
        """Keeps a message as the next one; what it is then."""
        kept = message.numbered(self.sequence + 1, self.newest_to.get(message.to, 0))
        self.put(kept, packed(kept), keep)
        return kept

    def put(self, kept: Message, packed: bytes, keep: int) -> None:
        """Keeps a numbered message, the next one."""
        self.sequence = kept.sequence
        self.in_order = (self.in_order and kept.at >= self.latest) or not self.messages
        self.latest = kept.at
        self.messages[kept.sequence] = packed
        self.by_id[kept.id] = kept.sequence
        self.newest_to[kept.to] = kept.sequence
        for index in self._indexes(kept):
            index.add(kept.sequence)
        self.shared.kept += 1
        if len(self.messages) > keep:
            self._drop_oldest()
        for seen in tuple(self.watchers):
            seen(kept)

    def _drop_oldest(self) -> None:
        while self.oldest not in self.messages:
            self.oldest += 1
        gone = Message.unpack(self.messages.pop(self.oldest))
        self.shared.kept -= 1
        self._unindex(gone)
        if self.by_id.get(gone.id) == gone.sequence:
            del self.by_id[gone.id]
        if self.newest_to[gone.to] == gone.sequence:
            del self.newest_to[gone.to]

    def remove(self, message: str) -> bool:
        sequence = self.by_id.pop(message, None)
        if sequence is None:
            return False
        gone = Message.unpack(self.messages.pop(sequence))
        self.shared.kept -= 1
        self._unindex(gone)
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
        for later in self._chain(self.newest_to.get(gone.to, 0), gone.sequence):
            if later.previous == gone.sequence:
                self.messages[later.sequence] = packed(later._replace(previous=gone.previous))
                return

    def remove_all(self) -> int:
        count = len(self.messages)
        self.shared.kept -= count
        self.shared.gone.put(self._of_messages())
        self.messages, self.by_id, self.newest_to = {}, {}, {}
        self.by_kind, self.by_sender = {}, {}
        self.oldest = self.sequence + 1
        self.in_order = True
        return count

    def give_up(self) -> None:
        """Forgets everything. The shelf is of no use any more."""
        self.shared.kept -= len(self.messages)
        self.shared.gone.put(
            [
                *self._of_messages(),
                *self.plans.containers(),
                *self.windows.containers(),
                *self.logs.values(),
                *(self.nonces, self.nonce_ends, self.sets, self.settings),
            ]
        )

    def _of_messages(self) -> list[Container]:
        return [self.messages, self.by_id, self.newest_to, self.by_sender]

    def _indexes(self, message: Message) -> tuple[Index, Index]:
        kind = (message.provider, message.operation == INBOUND)
        by_kind, by_sender = self.by_kind.get(kind), self.by_sender.get(message.sender)
        if by_kind is None:
            by_kind = self.by_kind[kind] = Index()
        if by_sender is None:
            by_sender = self.by_sender[message.sender] = Index()
        return by_kind, by_sender

    def _unindex(self, gone: Message) -> None:
        for index in self._indexes(gone):
            index.remove(gone.sequence)
        if not self.by_sender[gone.sender].size:
            del self.by_sender[gone.sender]

    def walk(self, selection: Selection) -> Iterator[Message]:
        """Messages in order among which are all that are selected: by the shortest of the lists
        that hold them."""
        kinds = [
            index
            for (provider, inbound), index in self.by_kind.items()
            if selection.provider in ("", provider) and selection.inbound in (None, inbound)
        ]
        if not any(index.size for index in kinds):
            return iter(())
        if selection.to and not selection.oldest_first:
            newest = self._newest_to(selection.to, selection.before)
            if newest is not None:
                return self._chain(newest, selection.after)
        if selection.sender:
            sent = self.by_sender.get(selection.sender)
            if sent is None:
                return iter(())
            if sent.size <= sum(index.size for index in kinds):
                kinds = [sent]
        return self._indexed(kinds, selection)

    def _indexed(self, indexes: Sequence[Index], selection: Selection) -> Iterator[Message]:
        oldest_first = selection.oldest_first
        if oldest_first:
            before = selection.before or self.sequence + 1
            found = [index.above(selection.after, before) for index in indexes]
        else:
            found = [
                index.below(self._before(index, selection), selection.after) for index in indexes
            ]
        merged = heapq.merge(*found, reverse=not oldest_first)
        sequences = found[0] if len(found) == 1 else merged
        return (Message.unpack(self.messages[sequence]) for sequence in sequences)

    def _before(self, index: Index, selection: Selection) -> int:
        before = selection.before or self.sequence + 1
        if self.in_order and selection.until < self.latest:
            before = min(index.beyond(selection.until, self._at) or before, before)
        return before

    def _at(self, sequence: int) -> float:
        return Message.unpack(self.messages[sequence]).at

    def _newest_to(self, to: str, before: int) -> int | None:
        """Where the chain to a number goes on before a sequence, 0 for nowhere; None if that is
        too far to be found by it."""
        sequence = self.newest_to.get(to, 0)
        if before in self.messages:  # a page that goes on after another need not find its place
            last = Message.unpack(self.messages[before])
            sequence = last.previous if last.to == to else sequence
        for _ in range(LOOKED_AT):
            if not before or sequence < before:
                return sequence
            sequence = Message.unpack(self.messages[sequence]).previous
        return None

    def _chain(self, sequence: int, after: int) -> Iterator[Message]:
        while sequence > after and sequence in self.messages:
            message = Message.unpack(self.messages[sequence])
            yield message
            sequence = message.previous

    def record(self, entry: bytes, logs: Iterable[str]) -> None:
        self.recorded += 1
        kept = (self.recorded, bytes(memoryview(entry)))
        for log in logs:
            self.logs[log].append(kept)

    def remember(self, life: int, nonces: Iterable[tuple[str, float]]) -> None:
        """Has nonces of one lifetime again, each with its end."""
        ends = self.nonce_ends.setdefault(life, deque())
        for key, until in nonces:
            self.nonces[key] = until
            ends.append(key)

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
