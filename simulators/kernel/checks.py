"""Checks of what people write (rules, tables of limits), with what was expected and what came."""

import difflib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import orjson

from simulators.kernel.headers import has_control

Check = Callable[[str, object], None]


_SHOWN = 80
MOST_NAMED = 300  # the regions of the world are 245


class Unacceptable(ValueError):
    """What a person asked for cannot be: what is wrong, what was expected, what came."""

    def __init__(self, error: str, expected: str, got: str) -> None:
        super().__init__(error, expected, got)
        self.error = error
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"{self.error}; expected {self.expected}, but got {self.got}"


def unknown(kind: str, name: str, known: Iterable[str]) -> Unacceptable:
    """There is no such name; says the near one, and those there are."""
    names = list(islice(known, MOST_NAMED + 1))
    near = difflib.get_close_matches(name[:_SHOWN], names, n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    expected = f"one of: {named(sorted(names))}" if names else "none"
    return Unacceptable(f"no {kind} '{shown(name)}'{hint}", expected, shown(name))


def named(known: Iterable[str]) -> str:
    """The names there are, `MOST_NAMED` at most: nobody reads ten thousand, and while they are
    gone through everybody else waits."""
    names = list(islice(known, MOST_NAMED + 1))
    more = ", and more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def shown(text: str) -> str:
    """A text as it fits a sentence: on one line, and cut."""
    if not text.isprintable():
        text = repr(text)[1:-1]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


class BadValue(ValueError):
    """A value that cannot be: where it stands, what was expected there, and what came."""

    def __init__(self, where: str, expected: str, got: object) -> None:
        super().__init__(where, expected, got)
        self.where = where
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"{shown(self.where)}: {shown(repr(self.got))}; expected {self.expected}"


def copied(raw: object, where: str) -> object:
    """The same as plain JSON values, safe to complete. Raises `BadValue`."""
    try:
        return orjson.loads(orjson.dumps(raw))
    except TypeError as error:
        raise BadValue(where, f"plain values ({error})", raw) from None


def mapping(raw: object, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    """An object with known names only. Raises `BadValue` with the near name."""
    if not isinstance(raw, dict):
        raise BadValue(where, f"an object with {', '.join(known)}", raw)
    for field in raw:
        if field not in known:
            near = difflib.get_close_matches(str(field), known, n=1)
            hint = f"'{near[0]}'" if near else f"one of {', '.join(known)}"
            raise BadValue(f"{where}.{field}", hint, field)
    return raw


def each(where: str, values: dict[str, Any], checks: dict[str, Check]) -> None:
    """Holds every value to its check."""
    for field, value in values.items():
        checks[field](f"{where}.{field}", value)


def text(where: str, value: object) -> None:
    """1 to 200 characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= 200:
        raise BadValue(where, "a text of 1 to 200 characters", value)


def name(where: str, value: object) -> None:
    """A name: 1 to 200 characters in any script, and no control characters, as headers and reports
    show it."""
    text(where, value)
    if has_control(str(value)):
        raise BadValue(where, "a name without control characters", value)


def number(low: float, high: float) -> Check:
    """A number between two bounds, both included."""

    def check(where: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadValue(where, f"a number from {low:g} to {high:g}", value)
        if not low <= value <= high:
            raise BadValue(where, f"a number from {low:g} to {high:g}", value)

    return check


def count(where: str, value: object) -> None:
    """A whole number, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**15:
        raise BadValue(where, "a whole number, 0 or more", value)


def flag(where: str, value: object) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise BadValue(where, "true or false", value)


def one_of(*words: str) -> Check:
    """One of a few words."""

    def check(where: str, value: object) -> None:
        if value not in words:
            raise BadValue(where, f"one of {', '.join(words)}", value)

    return check
