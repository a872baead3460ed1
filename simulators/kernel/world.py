"""A world: everything that changes for one account, reached through the store."""

import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from simulators.kernel.clock import EMPTIED, Clock, LeasedChance
from simulators.kernel.message import Message
from simulators.kernel.store import Selection, Store

STRANGERS = "strangers"
SLICE = 200  # messages that are gone through at once
MOST = 10_000  # of what requests add to one settings document
_NOTHING: Sequence[Any] = ()

T = TypeVar("T")


def newest(items: Mapping[str, T], stay: Container[str] = ()) -> dict[str, T]:
    """The `MOST` newest of a settings document that requests add to: the oldest go first, but for
    those that `stay`."""
    over = len(items) - MOST
    if over <= 0:
        return dict(items)
    going = set([name for name in items if name not in stay][:over])
    return {name: item for name, item in items.items() if name not in going}


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of all providers; `credentials` is a mapping of names for each provider.
    `settings` are documents that hold in its world as long as they are not replaced there."""

    id: str
    credentials: Mapping[str, Mapping[str, str]]
    seed: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


class World:
    """One account's clock, chance and state. Two worlds never see each other."""

    def __init__(
        self, account: Account, store: Store, system: Callable[[], float] = time.time
    ) -> None:
        self.account = account
        self.id = account.id
        self.store = store
        self.clock = Clock(store, account.id, system)
        self.chance = LeasedChance(account.seed or account.id, store, account.id)
        self._derived: dict[str, tuple[Any, Any]] = {}

    @property
    def resets(self) -> int:
        """How often it was emptied, by this process or another."""
        resets: int = self.load(EMPTIED, 0)
        return resets

    def credentials(self, provider: str) -> Mapping[str, str]:
        """The account's credentials for one provider; none for strangers."""
        return self.account.credentials.get(provider, {})

    def load(self, name: str, default: Any = None) -> Any:
        """A settings document of this world. Not to be changed in place."""
        value = self.store.load(self.id, name)
        return self.account.settings.get(name, default) if value is None else value

    def derived(self, name: str, make: Callable[[Any], T]) -> T:
        """What `make` makes of a settings document, () where there is none: it is made when the
        document has changed, and not for each request."""
        document = self.load(name, _NOTHING)
        kept = self._derived.get(name)
        if kept is None or document is not kept[0]:
            kept = self._derived[name] = (document, make(document))
        made: T = kept[1]
        return made

    def save(self, name: str, value: Any) -> None:
        """Replaces a settings document of this world."""
        self.store.save(self.id, name, value)

    def update(self, name: str, change: Callable[[Any], Any], default: Any = None) -> Any:
        """Replaces a settings document by what `change` makes of it, or of the default where there
        is none, and returns that. `change` may be called more than once: it does nothing else."""
        unset = self.account.settings.get(name, default)
        return self.store.update(
            self.id, name, lambda kept: change(unset if kept is None else kept)
        )

    def messages(self, **selection: Any) -> list[Message]:
        """Kept messages, newest first, by the fields of `Selection`: a single look, which finds
        what many others are in front of no more. `slices` go through all of them."""
        return self.store.select(self.id, Selection(**selection)).messages

    def slices(self, *, limit: int = SLICE, **selection: Any) -> Iterator[list[Message]]:
        """Kept messages, some hundred at a time or none: who may go through all there are does
        something else in between."""
        wanted = Selection(**selection, limit=limit)
        following = -1
        while following:
            found, following = self.store.select(self.id, wanted)
            yield found
            if wanted.oldest_first:
                wanted = replace(wanted, after=following)
            else:
                wanted = replace(wanted, before=following)

    def under_way(self, provider: str, now: float) -> int:
        """How many requests to a provider are under way: their answers are held back, by this
        process or another."""
        return self.store.leased(self.id, provider, now)

    def hold(self, provider: str, seconds: float) -> Callable[[], None]:
        """Counts one more as under way, until the returned function is called or at most so long:
        a process that ends cannot call it."""
        lease = self.store.lease(self.id, provider, self.clock.now() + seconds)
        return partial(self.store.release, self.id, provider, lease)

    def reset(self) -> None:
        """Empties the world; the credentials stay, and chance starts anew."""
        resets = self.resets + 1
        self.store.clear(self.id)
        self.save(EMPTIED, resets)
        self.store.ring(self.id)
