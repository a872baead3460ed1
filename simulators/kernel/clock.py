"""Time and chance of one world: every date, window, expiry and id comes from these two."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from simulators.kernel.store import Store

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
    """A world's randomness: the same seed gives the same ids in the same order."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

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


def iso(epoch: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return (
        datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def from_iso(text: str) -> float:
    """Epoch seconds of an ISO 8601 time; without a zone it is UTC. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
