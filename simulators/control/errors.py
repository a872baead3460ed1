"""What the control API says when it refuses."""

import difflib
from collections.abc import Iterable

_SHOWN = 80


class Bad(Exception):
    """A request that is refused with `status`: what is wrong, what was expected, what came."""

    def __init__(self, status: int, error: str, expected: str, got: str) -> None:
        super().__init__(f"{error}; expected {expected}, but got {got}")
        self.status = status
        self.error = error
        self.expected = expected
        self.got = got

    def document(self) -> dict[str, str]:
        """The body of the answer."""
        return {"error": self.error, "expected": self.expected, "got": self.got}


def unknown(status: int, kind: str, name: str, known: Iterable[str]) -> Bad:
    """There is no such name; says the near one, and all there are."""
    names = sorted(known)
    near = difflib.get_close_matches(name[:_SHOWN], names, n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    expected = f"one of: {', '.join(names)}" if names else "none"
    return Bad(status, f"no {kind} '{shown(name)}'{hint}", expected, shown(name))


def shown(text: str) -> str:
    """A text cut to what fits a sentence."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
