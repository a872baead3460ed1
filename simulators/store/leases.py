"""What is under way, each for as long as it was leased, counted in memory."""


class Leases:
    """The leases of one name. Those whose time is over are looked for only once the first may
    have ended, so that counting costs the same however many there are."""

    __slots__ = ("_first", "_until")

    def __init__(self) -> None:
        self._first = 0.0
        self._until: dict[int, float] = {}

    def take(self, number: int, until: float) -> None:
        """One more, by a number that no other has."""
        self._first = min(self._first, until) if self._until else until
        self._until[number] = until

    def give_back(self, number: int) -> None:
        """One less, if it has not ended by itself."""
        self._until.pop(number, None)

    def count(self, now: float) -> int:
        """How many there are."""
        if self._until and now >= self._first:
            self._until = {number: end for number, end in self._until.items() if end > now}
            self._first = min(self._until.values(), default=0.0)
        return len(self._until)
