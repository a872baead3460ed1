"""So many people a second who begin, whatever the service makes of them (`--rate`).

Users who begin again as soon as they are done slow down with the service: it is never asked for
more than it can do, and its limit is never seen. With a rate people come at their own times, and
those who are not served yet wait beside each other. The users of Locust are then no more than the
most who may be under way at once.
"""

import time
from collections.abc import Callable
from math import ceil, floor
from typing import Any

import gevent

from simulators.load.invariants import Finding
from simulators.load.ledger import Ledger

KEPT = 0.95  # of a rate is that rate: the last to come are under way when it is counted
LEAST_SECONDS = 3  # to count in


class Arrivals:
    """When the next may begin. Whoever comes too late for their time begins at once, and nobody
    makes up for it: that the rate was not kept is what there is to find."""

    def __init__(self, rate: float, first: float) -> None:
        self._gap, self._next = 1 / rate, first

    def wait(self, now: float) -> float:
        """The seconds until then."""
        at = max(self._next, now)
        self._next = at + self._gap
        return at - now


def through(ledger: Ledger, began: float, ended: float) -> tuple[float, float]:
    """How many a second were done in the second half of a run, and of how many whole seconds that
    is known. In the first half the users start."""
    first, last = ceil((began + ended) / 2), floor(ended)
    seconds = max(last - first, 0)
    done = sum(
        times
        for moment, times in ledger.moments.items()
        if moment.kind == "done" and first <= moment.second < last
    )
    return (done / seconds if seconds else 0.0), seconds


def kept(rate: float, found: float, seconds: float) -> Finding:
    """Whether as many went through as came. One more or less is where the seconds are cut."""
    name = f"{rate:g} people a second went through"
    if seconds < LEAST_SECONDS:
        told = "the run was too short to tell, --time has to be 10s or more"
        return Finding(name, "broken", told, [told])
    told = f"it was {found:.1f}/s"
    if found + 1 / seconds >= KEPT * rate:
        return Finding(name, "holds", told)
    return Finding(name, "broken", told, [told])


def pace(run: Any, classes: list[Any]) -> None:
    """Has all users of these classes begin when `run.arrivals` says so."""

    def wait_time(_user: Any) -> float:
        run.ledger.done()
        wait: float = run.arrivals.wait(time.monotonic())
        return wait

    def begins(on_start: Callable[[Any], None]) -> Callable[[Any], None]:
        def started(user: Any) -> None:
            on_start(user)
            gevent.sleep(run.arrivals.wait(time.monotonic()))

        return started

    for kind, on_start in [(kind, kind.on_start) for kind in classes]:  # one may inherit another's
        kind.wait_time = wait_time
        kind.on_start = begins(on_start)
