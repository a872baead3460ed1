"""Flow-control windows in memory: counts of calendar slices, rolling times, draining queues."""

from typing import Any

from simulators.kernel.flow import Headroom, Hit


class Windows:
    """The windows of one account. All of `full` is asked before any `take`."""

    def __init__(self) -> None:
        self._limits: dict[str, _Generations] = {}

    def full(self, hit: Hit, now: float) -> bool:
        """Whether this hit finds no room."""
        return _used(hit, self._kept(hit, now), now) + hit.cost > hit.permits

    def take(self, hit: Hit, now: float) -> None:
        """Counts the hit."""
        generations = self._limits[hit.limit]
        kept = generations.young.get(hit.window) or generations.old.get(hit.window)
        generations.young[hit.window] = _taken(hit, kept, now)
        generations.sample = hit

    def _kept(self, hit: Hit, now: float) -> Any:
        generations = self._limits.get(hit.limit)
        if generations is None:
            generations = self._limits[hit.limit] = _Generations(now)
        return generations.at(now, hit.seconds).get(hit.window)

    def headroom(self, now: float) -> list[Headroom]:
        """Every window that still counts something."""
        found = []
        for limit, generations in self._limits.items():
            hit = generations.sample
            if hit is None:
                continue
            for window, kept in {**generations.old, **generations.young}.items():
                start = kept[0] if hit.kind == "natural" else now
                one = hit._replace(window=window, start=start)
                used = _used(one, kept, now)
                if used > 0 and (hit.kind != "natural" or start + hit.seconds > now):
                    resets = _resets(one, kept, used, now)
                    found.append(Headroom(limit, window, hit.permits, used, resets))
        return found


class _Generations:
    """Windows of one limit in two generations. Each `seconds` the old one is dropped whole: what
    was not hit since holds nothing any more. So forgetting costs nothing, however many there are.
    """

    __slots__ = ("old", "sample", "turned", "young")

    def __init__(self, now: float) -> None:
        self.young: dict[str, Any] = {}
        self.old: dict[str, Any] = {}
        self.turned = now
        self.sample: Hit | None = None

    def at(self, now: float, seconds: float) -> "_Generations":
        age = now - self.turned
        if age >= seconds:
            self.old = self.young if age < 2 * seconds else {}
            self.young = {}
            self.turned = now
        return self

    def get(self, window: str) -> Any:
        return self.young.get(window) or self.old.get(window)


def _used(hit: Hit, kept: Any, now: float) -> float:
    if kept is None:
        return 0
    if hit.kind == "natural":
        start, count = kept
        return float(count) if start == hit.start else 0
    if hit.kind == "rolling":
        return sum(1 for at in kept if at > now - hit.seconds)
    level: float = kept[0] - (now - kept[1]) * hit.permits / hit.seconds
    return max(level, 0.0)


def _taken(hit: Hit, kept: Any, now: float) -> Any:
    if hit.kind == "rolling":
        live = [at for at in kept or () if at > now - hit.seconds]
        return (*live, *[now] * hit.cost)
    used = _used(hit, kept, now) + hit.cost
    return (hit.start, int(used)) if hit.kind == "natural" else (used, now)


def _resets(hit: Hit, kept: Any, used: float, now: float) -> float:
    if hit.kind == "natural":
        return float(kept[0]) + hit.seconds
    if hit.kind == "rolling":
        return float(min(at for at in kept if at > now - hit.seconds)) + hit.seconds
    return now + used * hit.seconds / hit.permits
