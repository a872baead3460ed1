"""How busy a run kept the processes that made it: whether what was measured is the service, or the
load generator that should have asked more of it.

A Python process uses one core at most. When Locust's does, its users wait for it and not for the
service: the rate is Locust's, and so are the times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal, NamedTuple

from simulators.load.nodes import Share, Standing, engine_shares, shares

Who = Literal[
    "load generator",
    "simulators",
    "engine",
    "application",
    "application or the simulators",
    "machine",
]
FULL = 0.9  # of a core; from there on Locust warns as well
SLOW_MS = 100.0  # for a question that takes the simulators a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Shares are of one core. `generator` is that of the busiest of Locust's processes, `server`
    that of the simulators' process where it is known, of the busiest if there are several `nodes`.
    The first of them has the OTP service in it if `shared`. `engines` are those of the engines
    which they share, by address. `answer_ms` is how long the simulators took for the simplest
    question. `machine` is how much of all cores of this machine was used, by whatever runs on
    it."""

    generator: float
    warned: bool = False
    server: float | None = None
    shared: bool = False
    answer_ms: float | None = None
    machine: float | None = None
    engines: Mapping[str, float] = field(default_factory=dict)
    nodes: Sequence[Share] = ()

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
            return self._full(self.server)
        if self._engine is not None and self._engine >= FULL:
            return "engine", self._engine_used()
        if self.server is None and self.answer_ms is not None and self.answer_ms >= SLOW_MS:
            return "simulators", f"they took {self.answer_ms:.0f} ms for the simplest question"
        if self.machine is not None and self.machine >= FULL:
            told = f"{100 * self.machine:.0f} % of all its cores were used, so that each waited"
            return "machine", f"{told} for the others; {self.sentence()}"
        known = [self.sentence()]
        if self.server is not None:
            most = "at most " if len(self.nodes) > 1 else ""
            known.append(f"simulators: {most}{100 * self.server:.0f} % of a core")
        if self._engine is not None:
            most = "at most " if len(self.engines) > 1 else ""
            known.append(f"their engine: {most}{100 * self._engine:.0f} %")
        if self.answer_ms is not None:
            known.append(f"they answered within {self.answer_ms:.0f} ms")
        return "application", "the others had time left: " + ", ".join(known)

    def _full(self, server: float) -> tuple[Who, str]:
        """Of a process that had no time left."""
        used = f"used {100 * server:.0f} % of a core"
        busiest = max(self.nodes, key=lambda node: node.cpu or 0.0, default=None)
        if self.shared and (busiest is None or busiest is self.nodes[0]):
            return "application or the simulators", f"they are one process, which {used}"
        if busiest is None or len(self.nodes) == 1:
            return "simulators", f"their process {used}"
        return "simulators", f"of {len(self.nodes)} nodes {busiest.node} {used}"

    def of_nodes(self) -> list[str]:
        """A line for each of several nodes, and one for their engine."""
        if len(self.nodes) < 2:
            return []
        told = [*map(_line, self.nodes)]
        engines = sorted(self.engines.items())
        return [*told, *(f"engine {one}: {100 * share:.0f} % of a core" for one, share in engines)]

    @property
    def _engine(self) -> float | None:
        """The share of the busiest."""
        return max(self.engines.values(), default=None)

    def _engine_used(self) -> str:
        used = f"used {100 * (self._engine or 0.0):.0f} % of a core"
        if len(self.engines) < 2:
            return f"the one that the nodes share {used}"
        busiest = max(self.engines, key=lambda one: self.engines[one])
        return f"of {len(self.engines)} engines {busiest} {used}"

    def as_data(self) -> dict[str, Any]:
        """As plain values, with what is concluded."""
        return {**asdict(self), "generator_was_the_limit": self.generator_full}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Effort":
        """What `as_data` made."""
        given = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        given["nodes"] = tuple(Share(**one) for one in told.get("nodes", ()))
        return cls(**given)


def _line(node: Share) -> str:
    asked = "it tells no requests" if node.requests is None else f"{node.requests:,} requests"
    used = "" if node.cpu is None else f", {100 * node.cpu:.0f} % of a core"
    return f"node {node.node}: {asked}{used}"


class Look(NamedTuple):
    """A moment, and the seconds of CPU that were used so far: by this process, and by the machine,
    for each of its cores; with what each node had done by then, by its address."""

    at: float
    cpu: float
    machine: float | None = None
    nodes: Mapping[str, Standing] = {}


class Meter:
    """Sums it up while users run, at these `nodes`. Workers tell the master their shares
    themselves."""

    def __init__(self, began: Look, nodes: Sequence[str] = ()) -> None:
        self._began = began
        self._nodes = nodes
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
        ended: Mapping[str, Standing] | None = None,
    ) -> Effort:
        """Of the time since the beginning; `ended` is how the nodes stood when the last user was
        gone."""
        began = self._began
        seconds = max(now.at - began.at, 1e-9)
        own = (now.cpu - began.cpu) / seconds
        nodes = shares(self._nodes, began.nodes, now.nodes, now.nodes if ended is None else ended)
        return Effort(
            generator=round(max([own, *workers]), 3),
            warned=warned,
            server=max((one.cpu for one in nodes if one.cpu is not None), default=None),
            shared=shared,
            answer_ms=round(median(self._answers), 1) if self._answers else None,
            machine=_share(began.machine, now.machine, seconds),
            engines=engine_shares(began.nodes, now.nodes),
            nodes=tuple(nodes),
        )


def _share(before: float | None, now: float | None, seconds: float) -> float | None:
    return None if before is None or now is None else round((now - before) / seconds, 3)
