"""Whose limit it was: the load generator's share is in every report, so that nobody takes its limit
for the service's."""

import json
from dataclasses import replace

import pytest

from simulators.load.effort import Effort, Look, Meter
from simulators.load.figures import Recorder
from simulators.load.ledger import Ledger
from simulators.load.report import page
from simulators.load.verdict import Verdict

IDLE = Effort(generator=0.4, server=0.3, answer_ms=2)


def verdict(effort):
    return Verdict(scenario="it", invariants=(), thresholds=(), effort=effort)


@pytest.mark.parametrize(
    ("effort", "full"),
    [
        (IDLE, False),
        (Effort(generator=0.89), False),
        (Effort(generator=0.9), True),
        (Effort(generator=0.7, warned=True), True),
    ],
)
def test_text_json_and_page_say_whether_it_was_the_load_generator(effort, full):
    """The same sentence in all of them, with its share of a core."""
    found = verdict(effort)
    told = json.loads(found.as_json())["effort"]
    sentence = effort.sentence()

    assert full is told["generator_was_the_limit"]
    assert full is ("the load generator was the limit" in sentence)
    assert f"{100 * effort.generator:.0f} % of a core" in sentence
    assert f"  {sentence}" == found.as_text().splitlines()[1]
    assert f"<p>{sentence}</p></header>" in page(found, Recorder(0.0), Ledger())
    assert effort == Effort.of(told)


@pytest.mark.parametrize(
    ("effort", "who", "why"),
    [
        (IDLE, "application", "simulators: 30 % of a core, they answered within 2 ms"),
        (replace(IDLE, server=None), "application", "40 % of a core, they answered within 2 ms"),
        (replace(IDLE, generator=0.95, server=0.99), "load generator", "95 % of a core"),
        (replace(IDLE, warned=True), "load generator", "Locust warned"),
        (replace(IDLE, machine=0.97), "machine", "97 % of all its cores were used"),
        (replace(IDLE, machine=0.97, server=0.95), "simulators", "their process used 95 %"),
        (replace(IDLE, server=0.95), "simulators", "their process used 95 % of a core"),
        (
            replace(IDLE, server=0.95, shared=True),
            "application or the simulators",
            "they are one process, which used 95 %",
        ),
        (replace(IDLE, server=None, answer_ms=300), "simulators", "300 ms for the simplest"),
        # With the process known, its CPU says more than an answer that waited for other work.
        (replace(IDLE, answer_ms=300), "application", "they answered within 300 ms"),
    ],
)
def test_the_limit_is_whoever_had_no_time_left(effort, who, why):
    """The load generator first: while it is full, nothing is known of the others."""
    found, told = effort.limit()

    assert who == found
    assert why in told


def test_shares_are_of_the_time_that_the_run_took():
    """The busiest process counts, be it a worker; what nobody knows is None."""
    meter = Meter(Look(100.0, 3.0, 50.0, 20.0))
    now = Look(110.0, 5.0, 54.0, 29.0)
    alone = meter.effort(now)
    for milliseconds in (1.0, 2.0, 90.0):
        meter.answered(milliseconds)
    busy = meter.effort(now, workers=[0.6, 0.1])

    assert Effort(generator=0.2, server=0.4, machine=0.9) == alone
    assert Effort(generator=0.6, server=0.4, machine=0.9, answer_ms=2.0) == busy
    assert meter.effort(Look(110.0, 5.0)).server is None
    assert Meter(Look(0.0, 0.0)).effort(Look(1.0, 0.0, 1.0, 1.0)).server is None
