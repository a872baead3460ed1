"""The figures of a run: requests as Locust counted them, and how they went over time by a sample
every few seconds, for the plots and the progress line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from simulators.load.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Requests:
    """One kind of request: how many took so many milliseconds, as Locust rounds them."""

    name: str
    count: int
    failures: int
    times: Mapping[float, int]
    total: float = 0.0
    longest: float = 0.0
    kind: str = ""  # the method, `SMS`, or whatever a figure of the scenario's own is


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
            entry.method,
        )
        for entry in stats.entries.values()
    ]


def percentile(times: Mapping[float, int], share: float) -> float:
    """The least time within which that share of the requests were answered; 0 of none."""
    wanted = ceil(sum(times.values()) * share - 1e-9)
    for time in sorted(times):
        wanted -= times[time]
        if wanted <= 0:
            return time
    return 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """One kind of request between two samples: a second, and times in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The time since the sample before; `rate` and `failures` are a second, `fullest` is the share
    used of the fullest window of each limit."""

    at: float
    users: int
    rate: float
    failures: float
    paces: Mapping[str, Pace]
    fullest: Mapping[str, float]


@dataclass(slots=True)
class Recorder:
    """Samples in order of time."""

    began: float
    samples: list[Sample] = field(default_factory=list)
    before: dict[str, Requests] = field(default_factory=dict)

    def sample(
        self, at: float, users: int, stats: Any, windows: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Takes one at `at`, by Locust's statistics and the windows in use, if they were asked."""
        elapsed = at - (self.samples[-1].at if self.samples else self.began)
        if elapsed <= 0:
            return
        now = _by_name(requests(stats))
        paces = {
            name: pace
            for name, one in now.items()
            if (pace := _pace(one, self.before.get(name), elapsed)) is not None
        }
        failures = sum(one.failures for one in now.values())
        failed = failures - sum(one.failures for one in self.before.values())
        rate = sum(pace.rate for pace in paces.values())
        self.before = now
        self.samples.append(
            Sample(at, users, rate, max(failed, 0) / elapsed, paces, _fullest(windows))
        )


def _by_name(found: Sequence[Requests]) -> dict[str, Requests]:
    return {one.name: one for one in found}


def _pace(one: Requests, before: Requests | None, elapsed: float) -> Pace | None:
    known = before.times if before else {}
    times = {time: n - known.get(time, 0) for time, n in one.times.items()}
    times = {time: n for time, n in times.items() if n > 0}
    if not times:
        return None
    p50, p95, p99 = (percentile(times, share) for share in (0.5, 0.95, 0.99))
    return Pace(sum(times.values()) / elapsed, p50, p95, p99)


def _fullest(windows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for window in windows:
        name = f"{window['provider']} {window['limit']}"
        found[name] = max(found.get(name, 0.0), window["used"] / max(window["permits"], 1))
    return found


def progress(recorder: Recorder, ledger: Ledger) -> str:
    """One line: how long, how many users, how fast, and what went wrong so far."""
    last = recorder.samples[-1]
    failures = sum(one.failures for one in recorder.before.values())
    paces = [pace for pace in last.paces.values() if pace.rate]
    p95 = max((pace.p95 for pace in paces), default=0.0)
    return (
        f"{last.at - recorder.began:4.0f} s  {last.users} users  {last.rate:,.0f} requests/s"
        f"  p95 {p95:,.0f} ms  {failures:,} failures  {ledger.count('sent'):,} sent"
        f"  {ledger.count('throttled'):,} throttled"
    )
