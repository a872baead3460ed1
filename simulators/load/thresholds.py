"""What must hold at the end of a run, in words (`send p95 < 50 ms`, `failures == 0`), and whether
it did, by the requests that Locust counted and the ledger of sends and codes.

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
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from simulators.load.figures import Requests, percentile
from simulators.load.invariants import Finding
from simulators.load.ledger import Ledger

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
_SENDS = {"throttled": "throttled", "refused": "refused", "accepted": "sent"}


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


class Nothing(Exception):
    """There is no such figure; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What thresholds are judged by: requests and ledger of the whole run, of so many seconds."""

    requests: Sequence[Requests]
    ledger: Ledger
    seconds: float

    def judged(self, threshold: Threshold) -> Finding:
        """Whether it holds, with the value that it was."""
        try:
            value, of = self._value(threshold)
        except Nothing as nothing:
            return Finding(threshold.text, "broken", str(nothing), [str(nothing)])
        told = f"it was {_shown(threshold, value)}{of}"
        if threshold.holds(value):
            return Finding(threshold.text, "holds", told)
        return Finding(threshold.text, "broken", told, [told])

    def _value(self, threshold: Threshold) -> tuple[float, str]:
        metric, name = threshold.metric, threshold.name
        if metric == "blocked":
            return blocked(self.ledger, name)
        if metric in _SENDS:
            return self._sends(threshold)
        if name == "verify" and metric in ("success", "failures"):
            return self._verified(threshold)
        chosen = self._named(name)
        count = sum(one.count for one in chosen)
        of = f", of {count:,} requests"
        if metric == "requests":
            return count, ""
        if metric == "rate":
            return count / self.seconds if self.seconds else 0.0, of
        if metric in ("failures", "success"):
            failures = sum(one.failures for one in chosen)
            return _part(failures if metric == "failures" else count - failures, count, threshold)
        return _time(metric, chosen, count), of

    def _named(self, name: str) -> list[Requests]:
        found = [one for one in self.requests if name in ("", one.name) and one.count]
        found = found or [one for one in self.requests if one.name.startswith(f"{name} ")]
        if not found:
            there = ", ".join(sorted({one.name for one in self.requests})) or "none at all"
            raise Nothing(f"no request is called '{name}'; there are: {there}" if name else there)
        return found

    def _sends(self, threshold: Threshold) -> tuple[float, str]:
        label = "" if threshold.name == "send" else threshold.name
        answers = [self.ledger.count(kind, label) for kind in ("sent", "throttled", "refused")]
        if not sum(answers):
            there = ", ".join(["send", *self.ledger.labels()])
            raise Nothing(f"no send of '{label or 'send'}' was answered; there are: {there}")
        kind = _SENDS[threshold.metric]
        count = answers[("sent", "throttled", "refused").index(kind)]
        return _part(count, sum(answers), threshold, "answered sends")

    def _verified(self, threshold: Threshold) -> tuple[float, str]:
        good, wrong = self.ledger.count("verified"), self.ledger.count("wrong")
        if not good + wrong:
            raise Nothing("no code was tried")
        count = good if threshold.metric == "success" else wrong
        return _part(count, good + wrong, threshold, "codes tried")


def _part(
    count: int, all_of_them: int, threshold: Threshold, what: str = "requests"
) -> tuple[float, str]:
    if not threshold.percent:
        return count, f" of {all_of_them:,} {what}"
    return count / all_of_them, f", {count:,} of {all_of_them:,} {what}"


def _time(metric: str, chosen: Sequence[Requests], count: int) -> float:
    if metric == "max":
        return max(one.longest for one in chosen)
    if metric == "average":
        return sum(one.total for one in chosen) / count
    times: Counter[float] = Counter()
    for one in chosen:
        times.update(one.times)
    return percentile(times, float(metric[1:]) / 100)


def blocked(ledger: Ledger, label: str = "") -> tuple[float, str]:
    """The longest time, in whole seconds, in which sends of one use (or of the one use or template
    that is named) were throttled and not one was accepted, and which use it was."""
    label = "" if label == "send" else label
    if label and label not in ledger.labels():
        there = ", ".join(ledger.labels())
        raise Nothing(f"no send is of '{label}'; there are: {there}")
    seconds: dict[str, dict[int, bool]] = {}
    last = max((moment.second for moment in ledger.moments), default=0) + 1
    for moment in ledger.moments:
        if label not in ("", moment.usage, moment.template):
            continue
        if moment.kind in ("sent", "throttled"):
            known = seconds.setdefault(label or moment.usage, {})
            known[moment.second] = known.get(moment.second, False) or moment.kind == "sent"
    found = [(_longest(known, last), usage) for usage, known in seconds.items()]
    longest, usage = max(found, default=(0, ""))
    return longest, f" ({usage})" if usage and longest else ""


def _longest(served: Mapping[int, bool], last: int) -> int:
    longest, since = 0, 0
    for second in sorted(served):
        if served[second]:
            longest, since = max(longest, second - since if since else 0), 0
        else:
            since = since or second
    return max(longest, last - since if since else 0)


def _shown(threshold: Threshold, value: float) -> str:
    if threshold.percent:
        return f"{value * 100:.4g} %"
    if threshold.metric == "blocked":
        return f"{value:g} s"
    if threshold.metric == "rate":
        return f"{value:.1f}/s"
    if threshold.metric in ("requests", "failures", "success", *_SENDS):
        return f"{value:,.0f}"
    return f"{value:.4g} ms"
