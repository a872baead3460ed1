"""The figures of a run, by which its thresholds are judged: requests as Locust counted them, and
what the ledger says of sends and codes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from simulators.load.invariants import Finding
from simulators.load.ledger import Ledger
from simulators.load.thresholds import Threshold

_SENDS = {"throttled": "throttled", "refused": "refused", "accepted": "sent"}


@dataclass(frozen=True, slots=True)
class Requests:
    """One kind of request: how many took so many milliseconds, as Locust rounds them."""

    name: str
    count: int
    failures: int
    times: Mapping[float, int]
    total: float = 0.0
    longest: float = 0.0


def requests(stats: Any) -> list[Requests]:
    """Those of Locust's statistics."""
    return [
        Requests(
            entry.name,
            entry.num_requests,
            entry.num_failures,
            dict(entry.response_times),
            entry.total_response_time,
            entry.max_response_time,
        )
        for entry in stats.entries.values()
    ]


class Nothing(Exception):
    """There is no such figure; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the whole run, which took so many seconds."""

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


def percentile(times: Mapping[float, int], share: float) -> float:
    """The least time within which that share of the requests were answered; 0 of none."""
    wanted = ceil(sum(times.values()) * share - 1e-9)
    for time in sorted(times):
        wanted -= times[time]
        if wanted <= 0:
            return time
    return 0.0


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
