"""What must hold at the end of a run, in words: `send p95 < 50 ms`, `failures == 0`.

    [NAME] METRIC < NUMBER [UNIT]
    [NAME] METRIC between NUMBER and NUMBER [UNIT]

The comparisons are <, <=, >, >=, ==. NAME is a request as Locust lists it (all, without one), or
`send`, `verify`, a use (`SignIn`) or a template where the ledger knows the metric:

    p50 p95 p99.9 ...    ms, s      how long requests took
    average max          ms, s
    rate                 /s         requests a second
    requests             -
    failures, success    % or -     as Locust counts them; those of `verify` as the ledger does
    throttled, refused   % or -     sends, of those that were answered
    accepted             % or -
    blocked              s          the longest time in which a use was throttled and never served

In a file there is one a line; what follows a # is a remark.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

TIME: Mapping[str, float] = {"ms": 1.0, "s": 1000.0}
SECONDS: Mapping[str, float] = {"s": 1.0, "ms": 0.001}
SHARE: Mapping[str, float] = {"%": 0.01, "": 1.0}
COUNT: Mapping[str, float] = {"": 1.0}
RATE: Mapping[str, float] = {"/s": 1.0, "": 1.0}

METRICS: Mapping[str, Mapping[str, float]] = {
    "average": TIME,
    "max": TIME,
    "rate": RATE,
    "requests": COUNT,
    "failures": SHARE,
    "success": SHARE,
    "throttled": SHARE,
    "refused": SHARE,
    "accepted": SHARE,
    "blocked": SECONDS,
}
_OF_SENDS = ("throttled", "refused", "accepted", "blocked")
_PERCENTILE = re.compile(r"p\d{1,2}(\.\d+)?")
_COMPARISON = re.compile(r"<=|>=|==|<|>|\bbetween\b")
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%|/s|[a-z]*)")
_AND = re.compile(r"\s*and\b")

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


class BadThreshold(Exception):
    """Text that is no threshold; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One of them. `low` and `high` are in milliseconds, seconds (`blocked`), shares or counts;
    `high` is for `between` alone. `percent` says that a share is meant, not a count."""

    text: str
    name: str
    metric: str
    comparison: str
    low: float
    high: float = 0.0
    percent: bool = False

    def holds(self, value: float) -> bool:
        """Whether it holds for a value in the same unit."""
        value, low, high = (round(number, 9) for number in (value, self.low, self.high))
        if self.comparison == "between":
            return low <= value <= high
        return OPERATORS[self.comparison](value, low)


def read(given: Iterable[str], file: Path | None = None) -> list[Threshold]:
    """Those of the command line, then those of a file. Raises `BadThreshold`."""
    found = [parse(text, f"--threshold '{text}'") for text in given]
    if file is None:
        return found
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise BadThreshold(f"--thresholds {file}: {reason}") from None
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            found.append(parse(text, f"--thresholds {file}, line {number}, '{text}'"))
    return found


def parse(text: str, place: str) -> Threshold:
    """One threshold; `place` begins the sentence if it is none. Raises `BadThreshold`."""
    found = _COMPARISON.search(text)
    if found is None:
        raise _bad(text, place, len(text), "a comparison: <, <=, >, >=, == or between")
    words = text[: found.start()].split()
    if not words:
        raise _bad(text, place, 0, f"a metric: {_known()}")
    name, metric = " ".join(words[:-1]), words[-1]
    units = TIME if _PERCENTILE.fullmatch(metric) else METRICS.get(metric)
    if units is None:
        near = get_close_matches(metric, [*METRICS, "p95", "p99"], n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise _bad(text, place, text.rindex(metric, 0, found.start()), f"{_known()}{hint}")
    comparison = found[0]
    low, high, unit = _values(text, place, found.end(), comparison == "between", units)
    name = "" if (name, metric) == ("time", "blocked") else name
    return Threshold(text, name, metric, comparison, low, high, unit == "%")


@dataclass(frozen=True, slots=True)
class Names:
    """What the thresholds of a scenario can be about: its requests (`*` stands for what is known
    at the end only) and the uses and templates of its sends."""

    requests: Sequence[str]
    uses: Sequence[str] = ()

    def check(self, threshold: Threshold) -> None:
        """Raises `BadThreshold` for a name that no request, no use and no template has."""
        name = threshold.name
        sends = threshold.metric in _OF_SENDS
        known = ["send", *self.uses] if sends else list(self.requests)
        if not name or any(fnmatchcase(name, one) for one in known):
            return
        if not sends and any(one.startswith(f"{name} ") for one in known):
            return
        what = "sends of" if sends else "request is called"
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise BadThreshold(
            f"--threshold '{threshold.text}': no {what} '{name}' in this scenario;"
            f" {hint}there are: {', '.join(known)}"
        )


def _values(
    text: str, place: str, at: int, two: bool, units: Mapping[str, float]
) -> tuple[float, float, str]:
    """The number or the two, in the metric's own unit, and the unit that was written."""
    first, unit, at = _value(text, place, at, units, may_follow=two)
    if not two:
        _end(text, place, at)
        return first * units[unit], 0.0, unit
    found = _AND.match(text, at)
    if found is None:
        raise _bad(text, place, at, "'and' with a second number")
    second, last, at = _value(text, place, found.end(), units, may_follow=False)
    _end(text, place, at)
    if first * units[unit or last] > second * units[last]:
        raise _bad(text, place, found.end(), f"a number of {first:g} or more")
    return first * units[unit or last], second * units[last], last


def _value(
    text: str, place: str, at: int, units: Mapping[str, float], *, may_follow: bool
) -> tuple[float, str, int]:
    found = _NUMBER.match(text, at)
    if found is None:
        raise _bad(text, place, at, "a number, as 50 or 99.9")
    number, unit, end = float(found[1]), found[2], found.end()
    if may_follow and unit in ("and", ""):  # the unit comes with the second number
        return number, "", found.end(1)
    if unit not in units:
        expected = " or ".join(f"'{unit}'" if unit else "no unit" for unit in units)
        raise _bad(text, place, found.start(2), f"{expected} after {found[1]}")
    return number, unit, end


def _end(text: str, place: str, at: int) -> None:
    if text[at:].strip():
        raise _bad(text, place, at, "nothing more")


def _known() -> str:
    return f"p50, p95, p99.9 ..., {', '.join(METRICS)}"


def _bad(text: str, place: str, at: int, expected: str) -> BadThreshold:
    at += len(text[at:]) - len(text[at:].lstrip())
    got = f"'{text[at:]}'" if text[at:] else "the end"
    return BadThreshold(f"{place}, column {at + 1}: expected {expected}; got {got}")
