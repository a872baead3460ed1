"""How busy a run kept the processes that made it: whether what was measured is the service, or the
load generator that should have asked more of it.

A Python process uses one core at most. When Locust's does, its users wait for it and not for the
service: the rate is Locust's, and so are the times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Who = Literal["load generator", "simulators", "application", "application or the simulators"]
FULL = 0.9  # of a core; from there on Locust warns as well
SLOW_MS = 100.0  # for a question that takes the simulators a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Shares are of one core. `generator` is that of the busiest of Locust's processes, `server`
    that of the simulators' process where it is known, which has the OTP service in it if `shared`;
    `answer_ms` is how long the simulators took for the simplest question."""

    generator: float
    warned: bool = False
    server: float | None = None
    shared: bool = False
    answer_ms: float | None = None

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


class Meter:
    """Sums it up while users run. Seconds of CPU are those that a process has used so far; workers
    tell the master their shares themselves."""

    def __init__(self, at: float, cpu: float, server: float | None = None) -> None:
        self._began, self._cpu, self._server = at, cpu, server
        self._answers: list[float] = []

    def answered(self, milliseconds: float) -> None:
        """How long the simulators took for one question."""
        self._answers.append(milliseconds)

    def effort(
        self,
        at: float,
        cpu: float,
        server: float | None = None,
        *,
        workers: Iterable[float] = (),
        warned: bool = False,
        shared: bool = False,
    ) -> Effort:
        """Of the time since the beginning."""
        seconds = max(at - self._began, 1e-9)
        own = (cpu - self._cpu) / seconds
        used = None if server is None or self._server is None else server - self._server
        return Effort(
            generator=round(max([own, *workers]), 3),
            warned=warned,
            server=None if used is None else round(used / seconds, 3),
            shared=shared,
            answer_ms=round(median(self._answers), 1) if self._answers else None,
        )
