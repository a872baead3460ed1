"""Time and chance of one world: every date, window, expiry and id comes from these two."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from simulators.kernel.store import Store

BLOCK = 1000
EMPTIED = "emptied"  # a settings document: how often the world was, which emptying leaves

CHINA = timezone(timedelta(hours=8))  # which knows no summer
SECONDS = "%Y-%m-%d %H:%M:%S"

State = dict[str, float] | None


class Clock:
    """A world's time in epoch seconds: the system's time plus an offset, or frozen.

    Its state is a settings document, `{"offset": seconds}` or `{"frozen": epoch}`.
    """

    def __init__(self, store: Store, account: str, system: Callable[[], float] = time.time) -> None:
        self._store = store
        self._account = account
        self._system = system

    def now(self) -> float:
        """Epoch seconds."""
        return self._time(self._store.load(self._account, "clock"))

    def machine(self) -> float:
        """What the machine's own clock says: what clients put into their requests, who know nothing
        of the world's."""
        return self._system()

    def _time(self, state: State) -> float:
        if state is None:
            return self._system()
        frozen: float | None = state.get("frozen")
        return self._system() + state["offset"] if frozen is None else frozen

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return "frozen" in (self._store.load(self._account, "clock") or {})

    def freeze(self, at: float | None = None) -> None:
        """Stops the clock, at `at` or where it is."""
        self._change(lambda state: {"frozen": self._time(state) if at is None else at})

    def advance(self, seconds: float) -> None:
        """Moves a running or a frozen clock forward, or back if negative."""

        def moved(state: State) -> State:
            ((name, value),) = (state or {"offset": 0.0}).items()
            return {name: value + seconds}

        self._change(moved)

    def run(self) -> None:
        """Lets a frozen clock run on from where it stands."""
        self._change(lambda state: {"offset": self._time(state) - self._system()})

    def describe(self) -> dict[str, Any]:
        """The time as ISO 8601, and whether it stands still."""
        return {"now": iso(self.now()), "frozen": self.frozen}

    def _change(self, change: Callable[[State], State]) -> None:
        self._store.update(self._account, "clock", change)
        self._store.ring(self._account)


class Chance:
    """Randomness: the same seed gives the same ids in the same order."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    @property
    def random(self) -> random.Random:
        """What the next value is drawn from; to be asked for anew for each."""
        return self._random

    def hex(self, digits: int) -> str:
        """That many lower-case hexadecimal digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def digits(self, count: int) -> str:
        """That many decimal digits, the first not 0."""
        return str(self.random.randrange(10 ** (count - 1), 10**count))

    def letters(self, count: int, alphabet: str) -> str:
        """That many letters of an alphabet."""
        return "".join(self.random.choices(alphabet, k=count))

    def uuid(self) -> str:
        """A version 4 UUID, lower-case."""
        bits = self.random.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class LeasedChance(Chance):
    """A world's randomness, drawn in blocks of `BLOCK` values that the store leases.

    Each block is a chance of its own and is leased once: another process on the same store, and
    this one when it is started again, go on elsewhere and repeat no id. One process that is alone
    gets the same blocks in the same order. The first block is the seed's own. The store is asked
    once a block, and after a ring of it (`doubt`).
    """

    def __init__(self, seed: str, store: Store, account: str) -> None:
        super().__init__(seed)
        self._seed, self._store, self._account = seed, store, account
        self._left, self._emptied, self._sure = 0, None, False

    @property
    def random(self) -> random.Random:
        """What the next value is drawn from; to be asked for anew for each."""
        if not self._left or not self._sure:
            self._lease()
        self._left -= 1
        return self._random

    def doubt(self) -> None:
        """The world may have been emptied, by this process or another: blocks are then counted
        anew, and what is left of this one will be leased again."""
        self._sure = False

    def _lease(self) -> None:
        emptied = self._store.load(self._account, EMPTIED)
        if not self._left or emptied != self._emptied:
            block = self._store.count(self._account, "chance")
            own = self._seed if block == 1 else f"{self._seed}/{block}"
            self._random, self._left, self._emptied = random.Random(own), BLOCK, emptied
        self._sure = True


def iso(epoch: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return (
        datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def from_iso(text: str) -> float:
    """Epoch seconds of an ISO 8601 time; without a zone it is UTC. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def wall(epoch: float, zone: tzinfo = UTC, form: str = SECONDS) -> str:
    """What the clocks of a zone show, by a form of `strftime`."""
    return datetime.fromtimestamp(int(epoch), zone).strftime(form)


def from_wall(text: str, zone: tzinfo = UTC, form: str = SECONDS) -> float:
    """Epoch seconds of what they show, digit by digit as `wall` writes it. Raises `ValueError`."""
    at = datetime.strptime(text, form).replace(tzinfo=zone)
    if at.strftime(form) != text:
        raise ValueError(f"{text!r} is not written as {form}")
    return at.timestamp()
