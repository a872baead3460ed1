"""How busy a run kept the processes that made it: whether what was measured is the service, or the
load generator that should have asked more of it.

A Python process uses one core at most. When Locust's does, its users wait for it and not for the
service: the rate is Locust's, and so are the times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, NamedTuple

Who = Literal[
    "load generator", "simulators", "application", "application or the simulators", "machine"
]
FULL = 0.9  # of a core; from there on Locust warns as well
SLOW_MS = 100.0  # for a question that takes the simulators a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Shares are of one core. `generator` is that of the busiest of Locust's processes, `server`
    that of the simulators' process where it is known, which has the OTP service in it if `shared`;
    `answer_ms` is how long the simulators took for the simplest question. `machine` is how much of
    all cores of this machine was used, by whatever runs on it."""

    generator: float
    warned: bool = False
    server: float | None = None
    shared: bool = False
    answer_ms: float | None = None
    machine: float | None = None

    @property
    def generator_full(self) -> bool:
        """Whether the load generator was the limit."""
        return self.warned or self.generator >= FULL

    def sentence(self) -> str:
        """For any report."""
        share = f"{100 * self.generator:.0f} % of a core"
        if not self.generator_full:
            return f"load generator: {share}"
        if self.generator >= FULL:
            why = f"its busiest process used {share}"
        else:
            why = f"Locust warned of its CPU, though it used {share} on average"
        return (
            f"the load generator was the limit: {why}; rates and times are its own,"
            " --processes gives it more cores"
        )

    def limit(self) -> tuple[Who, str]:
        """Who was it, of a rate that did not hold, and what that is concluded from."""
        if self.generator_full:
            return "load generator", self.sentence()
        if self.server is not None and self.server >= FULL:
            used = f"used {100 * self.server:.0f} % of a core"
            if self.shared:
                return "application or the simulators", f"they are one process, which {used}"
            return "simulators", f"their process {used}"
        if self.server is None and self.answer_ms is not None and self.answer_ms >= SLOW_MS:
            return "simulators", f"they took {self.answer_ms:.0f} ms for the simplest question"
        if self.machine is not None and self.machine >= FULL:
            told = f"{100 * self.machine:.0f} % of all its cores were used, so that each waited"
            return "machine", f"{told} for the others; {self.sentence()}"
        known = [self.sentence()]
        if self.server is not None:
            known.append(f"simulators: {100 * self.server:.0f} % of a core")
        if self.answer_ms is not None:
            known.append(f"they answered within {self.answer_ms:.0f} ms")
        return "application", "the others had time left: " + ", ".join(known)

    def as_data(self) -> dict[str, Any]:
        """As plain values, with what is concluded."""
        return {**asdict(self), "generator_was_the_limit": self.generator_full}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Effort":
        """What `as_data` made."""
        return cls(**{name: told[name] for name in cls.__dataclass_fields__})


class Look(NamedTuple):
    """A moment, and the seconds of CPU that were used so far: by this process, by the server, and
    by the machine, for each of its cores."""

    at: float
    cpu: float
    server: float | None = None
    machine: float | None = None


class Meter:
    """Sums it up while users run. Workers tell the master their shares themselves."""

    def __init__(self, began: Look) -> None:
        self._began = began
        self._answers: list[float] = []

    def answered(self, milliseconds: float) -> None:
        """How long the simulators took for one question."""
        self._answers.append(milliseconds)

    def effort(
        self,
        now: Look,
        *,
        workers: Iterable[float] = (),
        warned: bool = False,
        shared: bool = False,
    ) -> Effort:
        """Of the time since the beginning."""
        began = self._began
        seconds = max(now.at - began.at, 1e-9)
        own = (now.cpu - began.cpu) / seconds
        return Effort(
            generator=round(max([own, *workers]), 3),
            warned=warned,
            server=_share(began.server, now.server, seconds),
            shared=shared,
            answer_ms=round(median(self._answers), 1) if self._answers else None,
            machine=_share(began.machine, now.machine, seconds),
        )


def _share(before: float | None, now: float | None, seconds: float) -> float | None:
    return None if before is None or now is None else round((now - before) / seconds, 3)
