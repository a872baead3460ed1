"""Wakes those who watch accounts: when something has changed, and a few times a second at most."""

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

from simulators.kernel.store import Store

T = TypeVar("T")
TICK_SECONDS = 0.2


class Bell:
    """One watcher of an account, or of all. `changed` are the accounts since it was last asked."""

    def __init__(self, accounts: frozenset[str] | None) -> None:
        self._wanted = accounts
        self._changed: set[str] = set()
        self._rung = asyncio.Event()

    def ring(self, changed: set[str]) -> None:
        """Wakes the watcher if it wants to know of one of these."""
        found = changed if self._wanted is None else self._wanted & changed
        if found:
            self._changed |= found
            self._rung.set()

    def wake(self) -> None:
        """Wakes the watcher for no account: it is to end."""
        self._rung.set()

    async def changed(self, seconds: float) -> set[str]:
        """The accounts that have changed since the last call, as soon as there is one; none after
        so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()
        found, self._changed = self._changed, set()
        return found


class Watch:
    """All who watch. They are woken together, `tick` seconds apart while things change, so that
    what is made for one will do for the others. While nobody watches, the store is asked to tell
    nothing."""

    def __init__(self, store: Store, tick: float = TICK_SECONDS) -> None:
        self._store = store
        self.tick = tick
        self._bells: set[Bell] = set()
        self._changed: set[str] = set()
        self._made: dict[Any, Any] = {}
        self.closed = False

    @contextlib.contextmanager
    def open(self, accounts: frozenset[str] | None) -> Iterator[Bell]:
        """Watches these accounts, or all with None, while the context lasts; on the loop."""
        bell = Bell(accounts)
        if not self._bells:
            self._stop = self._store.on_news(self._changed.add)
            asyncio.get_running_loop().call_later(self.tick, self._round)
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)
            if not self._bells:
                self._stop()
                self._changed.clear()
                self._made.clear()

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, once a round for the same key."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    @property
    def watchers(self) -> int:
        """How many there are."""
        return len(self._bells)

    def close(self) -> None:
        """Lets everybody who watches end, at the next round; from any thread."""
        self.closed = True

    def _round(self) -> None:
        if not self._bells:
            return
        self._made.clear()
        changed, bells = set(self._changed), tuple(self._bells)
        self._changed.clear()
        for bell in bells:
            bell.ring(changed)
            if self.closed:
                bell.wake()
        asyncio.get_running_loop().call_later(self.tick, self._round)
