"""A table that stays small: it forgets what is too old, and the oldest once there is too much."""

import math
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """At most `most` rows, each for at most `seconds` after it was last put. `now` is given with
    each use, in epoch seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._rows: dict[K, tuple[float, V]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: K, value: V, now: float) -> None:
        """Adds or replaces a row."""
        self._rows.pop(key, None)
        self._rows[key] = (now, value)
        while len(self._rows) > self._most:
            self._drop_first()
        for _ in range(2):  # two may go for one that comes, so a shelf that was full empties
            if self._first_born() + self._seconds < now:
                self._drop_first()

    def get(self, key: K, now: float) -> V | None:
        """The row, None if there is none or it is too old."""
        found = self._rows.get(key)
        if found is None or found[0] + self._seconds < now:
            return None
        return found[1]

    def pop(self, key: K, now: float) -> V | None:
        """The row, taken away."""
        found = self.get(key, now)
        self._rows.pop(key, None)
        return found

    def _first_born(self) -> float:
        return next((born for born, _value in self._rows.values()), math.inf)

    def _drop_first(self) -> None:
        del self._rows[next(iter(self._rows))]
