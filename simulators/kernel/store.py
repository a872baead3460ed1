"""What a store of worlds can do: a few coarse, atomic operations on plain values.

`account` names the world; two accounts never see each other's values. Times are epoch seconds
and always arguments. Nothing above this package may depend on which store it has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from simulators.kernel.flow import Headroom, Hit
from simulators.kernel.message import Message

LOOKED_AT = 500  # messages beyond those that are wanted, by one `select`


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages, newest first or `oldest_first`: those that were sent, the `inbound` ones, or
    both with None. `before` and `after` are sequences, both exclusive, 0 for none; `since` and
    `until` are times, both inclusive."""

    provider: str = ""
    to: str = ""
    sender: str = ""
    inbound: bool | None = False
    since: float = 0.0
    until: float = float("inf")
    before: int = 0
    after: int = 0
    limit: int = 50
    oldest_first: bool = False


class Selected(NamedTuple):
    """Some of the selected messages. There may be more where `following` is not 0: they are
    selected with it for `before`, or for `after` where it is the oldest first."""

    messages: list[Message]
    following: int = 0


BALANCE = "balance"  # the settings document that messages are paid from, absent if none is counted


class Cost(NamedTuple):
    """What a message takes off a counted balance. It is refused where less than `least` is left."""

    amount: float
    least: float = float("-inf")


class Admission(NamedTuple):
    """Either the message as kept, or why not. `poor` says that the balance does not do; `full` is
    the first hit that found its window full, and `room` when that window has room for it again,
    in epoch seconds, if nothing else comes."""

    message: Message | None
    full: Hit | None
    room: float = 0.0
    poor: bool = False


class Planned(NamedTuple):
    """What is due: since when, the plain values, and a number that nothing else planned has."""

    at: float
    item: list[Any]
    number: int


class Unavailable(Exception):
    """The store cannot keep anything now, or cannot be reached; the message says why. Nothing of
    the operation was done, or, where that cannot be known, it is not repeated: whoever asked for
    it is told of a fault."""


class Store(Protocol):
    """Keeps the worlds of all accounts. Any operation may raise `Unavailable`."""

    # Accounts

    def put_account(self, account: dict[str, Any], credentials: Sequence[tuple[str, str]]) -> None:
        """Keeps an account document under its `id` and its (provider, credential id) pairs.

        Raises `ValueError` if another account has one of them.
        """

    def account(self, account: str) -> dict[str, Any] | None:
        """The account document, None if there is none."""

    def account_of(self, provider: str, credential: str) -> str | None:
        """The id of the account that has this credential."""

    def accounts(self) -> list[str]:
        """All ids, oldest first."""

    def accounts_kept(self) -> int:
        """How many there are."""

    def drop_account(self, account: str) -> bool:
        """Forgets the account and its world; False if there was none."""

    # Messages, and the windows that they hit

    def admit(
        self,
        account: str,
        drafts: Sequence[tuple[Sequence[Hit], Message]],
        now: float,
        costs: Sequence[Cost] = (),
    ) -> Sequence[Admission]:
        """Hits the windows, takes the costs (one for each draft, or none at all) and keeps the
        messages: all of them or none, in one atomic step."""

    def find(self, account: str, message: str) -> Message | None:
        """One message by its id."""

    def select(self, account: str, selection: Selection) -> Selected:
        """The next of the selected messages, `selection.limit` at most: whatever is selected, no
        more than `limit` and `LOOKED_AT` are looked at. So there may be fewer, or none, although
        others follow."""

    def change(self, account: str, message: str, **changes: Any) -> Message | None:
        """Replaces fields of a kept message; None if there is no such message."""

    def remove(self, account: str, message: str) -> bool:
        """Forgets one message; False if there was none."""

    def remove_all(self, account: str) -> int:
        """Forgets all messages, not the windows they hit; says how many."""

    def newest(self, account: str) -> int:
        """The sequence of the newest message ever kept, 0 for none."""

    def kept(self, account: str = "") -> int:
        """How many messages are kept now, by all accounts for an empty one."""

    def holders(self, to: str, limit: int) -> list[str]:
        """Some accounts that keep a message to a number, or any message for an empty one: among
        those made last, as far as a step may look."""

    def headroom(self, account: str, now: float, limit: int = 1000) -> list[Headroom]:
        """Windows in use, `limit` of them at most."""

    # Settings documents

    def load(self, account: str, name: str) -> Any:
        """A settings document, None if it was never saved. Not to be changed in place. While nobody
        replaces it, it is the same object: what is derived from it is made once for each."""

    def save(self, account: str, name: str, value: Any) -> None:
        """Replaces a settings document by another, of plain JSON values; None forgets it."""

    def update(self, account: str, name: str, change: Callable[[Any], Any]) -> Any:
        """Replaces a settings document by what `change` makes of it, and returns that. `change`
        gets the document as `load` does and leaves it as it is. It is called again if the document
        was replaced meanwhile, so it does nothing else; what it raises leaves all as it was."""

    # Sets of texts

    def include(
        self, account: str, name: str, members: Sequence[str], most: int, *, anew: bool = False
    ) -> bool:
        """Puts texts into a set by its name: all of them or, where it would then hold more than
        `most`, none and False. Those that are there already need no room. With `anew` the set
        holds these alone."""

    def exclude(self, account: str, name: str, member: str) -> bool:
        """Takes a text out of a set; False if it was not there."""

    def includes(self, account: str, name: str, member: str) -> bool:
        """Whether a set holds a text."""

    def members(self, account: str, name: str, start: int, limit: int) -> list[str]:
        """Texts of a set in the order of their code points, from a place on."""

    def size(self, account: str, name: str) -> int:
        """How many texts a set holds."""

    # Nonces, counters, and leases of what is under way

    def once(self, account: str, key: str, now: float, until: float) -> bool:
        """True the first time, False for the same key again before `until`: for nonces."""

    def count(self, account: str, name: str) -> int:
        """Adds one to a counter and returns it: 1 the first time."""

    def counted(self, account: str, name: str) -> int:
        """A counter as it stands."""

    def uncount(self, account: str, names: Sequence[str]) -> None:
        """Forgets some counters."""

    def lease(self, account: str, name: str, until: float) -> int:
        """Counts one more of what is under way, and returns a number that no other has had. It
        ends with `release`, or at `until` if whoever took it is gone."""

    def release(self, account: str, name: str, lease: int) -> None:
        """Ends a lease by its number; one that has ended already is no error."""

    def leased(self, account: str, name: str, now: float) -> int:
        """How many there are now. Those that have ended may be forgotten: a clock that is set back
        does not bring them again."""

    # What is planned

    def plan(self, account: str, at: float, item: Sequence[Any]) -> None:
        """Keeps plain values until they are due. The first is the id of the message that they are
        about: a store may forget what is about a message that it keeps no more."""

    def due(self, account: str, now: float, limit: int) -> list[Planned]:
        """Hands out what is due by now, the earliest first. Nobody else gets it, unless whoever
        has it is gone before it was `done`: then it is due again."""

    def done(self, account: str, number: int) -> None:
        """Ends what was due, by its number: all that follows from it is kept already."""

    def elsewhere(self, account: str) -> bool:
        """Whether another process was handed something of it, and is not done with that."""

    def planned(self, account: str, limit: int) -> list[tuple[float, list[Any]]]:
        """What is still planned, the earliest first."""

    def next_due(self, account: str) -> float | None:
        """The earliest time of what is planned, None if nothing is."""

    # Logs

    def record(self, account: str, entry: bytes, *logs: str) -> None:
        """Appends an entry to one or several bounded logs: JSON, or one line of text that does not
        begin as a document of JSON does."""

    def records(
        self, account: str, log: str, *, after: int = 0, before: int = 0, limit: int = 100
    ) -> list[tuple[int, bytes]]:
        """The newest entries of a log after a sequence, and `before` another if not 0, oldest
        first, each with its own: all logs of an account are numbered as one."""

    # Who wants to know of changes, whichever process makes them

    def watch(self, account: str, seen: Callable[[Message], None]) -> Callable[[], None]:
        """Calls `seen` with each message kept from now on, by whichever process, until the returned
        function is called. Who waits for one watches first and looks then."""

    def on_news(self, changed: Callable[[str], object]) -> Callable[[], None]:
        """Calls `changed` with an account whenever anything of it has changed: a message, a log, a
        settings document, a set; until the returned function is called."""

    def on_plan(self, changed: Callable[[str], None]) -> None:
        """Calls `changed` with an account whose earliest time has changed, or that `ring` is told
        of, whichever process it was in."""

    def ring(self, account: str) -> None:
        """Tells those of `on_plan` that an account's clock has changed, or that it was emptied."""

    # A whole world

    def clear(self, account: str) -> None:
        """Forgets all of a world but the account itself, who watches it and what is leased."""
