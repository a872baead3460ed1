"""How the control API refuses: an error with its HTTP status, and the document it is told in."""

from collections.abc import Iterable

from simulators.kernel import checks
from simulators.kernel.checks import Unacceptable, shown
from simulators.kernel.store import Unavailable

__all__ = ["Bad", "away", "document", "shown", "unknown"]


class Bad(Unacceptable):
    """A request that is refused with `status`: what is wrong, what was expected, what came."""

    def __init__(self, status: int, error: str, expected: str, got: str) -> None:
        super().__init__(error, expected, got)
        self.args = (status, error, expected, got)  # what another process makes it of
        self.status = status


def document(refused: Unacceptable) -> dict[str, str]:
    """The body of the answer."""
    return {"error": refused.error, "expected": refused.expected, "got": refused.got}


def away(error: Unavailable) -> Bad:
    """The store cannot keep what was asked for: nobody's mistake, and worth another try."""
    return Bad(503, "nothing can be kept now", "a store that keeps what it is given", str(error))


def unknown(status: int, kind: str, name: str, known: Iterable[str]) -> Bad:
    """There is no such name; says the near one, and all there are."""
    found = checks.unknown(kind, name, known)
    return Bad(status, found.error, found.expected, found.got)
