"""Whose limit it was: the load generator's share is in every report, so that nobody takes its limit
for the service's."""

import json
from dataclasses import replace

import pytest

from simulators.load.effort import Effort, Look, Meter
from simulators.load.figures import Recorder
from simulators.load.ledger import Ledger
from simulators.load.nodes import Share, Standing
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


def standing(at, cpu, requests=0, **engines):
    return Standing(at, requests, cpu if isinstance(cpu, list) else [cpu], engines)


def test_shares_are_of_the_time_that_the_run_took():
    """The busiest process counts, be it a worker; what nobody knows is None."""
    meter = Meter(Look(100.0, 3.0, 20.0, {"a": standing(100.0, 50.0)}), ["a"])
    now = Look(110.0, 5.0, 29.0, {"a": standing(110.0, 54.0)})
    alone = meter.effort(now)
    for milliseconds in (1.0, 2.0, 90.0):
        meter.answered(milliseconds)
    busy = meter.effort(now, workers=[0.6, 0.1])
    nodes = (Share("a", 0, 0.4),)

    assert Effort(generator=0.2, server=0.4, machine=0.9, nodes=nodes) == alone
    assert replace(alone, generator=0.6, answer_ms=2.0) == busy
    assert meter.effort(Look(110.0, 5.0)).server is None
    there = {"a": standing(1.0, 1.0)}
    assert Meter(Look(0.0, 0.0), ["a"]).effort(Look(1.0, 0.0, 1.0, there)).server is None


def test_of_several_nodes_each_has_its_share():
    """Of a core, in the time between two answers of its own; of several processes the busiest,
    which holds up whom it serves. Requests are counted to the end, while users finish too."""
    began = {"a": standing(100.0, 5.0, 7), "b": standing(100.5, [1.0, 0.5], 0, e=3.0, f=1.0)}
    used = {
        "a": standing(110.0, 14.5, 90),
        "b": standing(110.5, [1.5, 2.5], 80, e=6.0, f=0.0, g=9.0),
    }
    ended = {"a": standing(112.0, 14.6, 107), "b": standing(112.0, [2.0, 3.0], 85)}
    meter = Meter(Look(100.0, 0.0, 0.0, began), ["a", "b", "gone"])
    found = meter.effort(Look(110.0, 1.0, 1.0, used), ended=ended)

    assert (Share("a", 100, 0.95), Share("b", 85, 0.2), Share("gone")) == found.nodes
    assert (0.95, {"e": 0.3}) == (found.server, found.engines)
    assert ("simulators", "of 3 nodes a used 95 % of a core") == found.limit()
    assert [
        "node a: 100 requests, 95 % of a core",
        "node b: 85 requests, 20 % of a core",
        "node gone: it tells no requests",
        "engine e: 30 % of a core",
    ] == found.of_nodes()
    assert "node b: 85 requests" in verdict(found).as_text()
    assert "<br>node b: 85 requests" in page(verdict(found), Recorder(0.0), Ledger())
    assert found == Effort.of(json.loads(verdict(found).as_json())["effort"])


@pytest.mark.parametrize(
    ("loads", "engines", "who", "why"),
    [
        ((0.95, 0.3), {"e": 0.2}, "application or the simulators", "they are one process"),
        ((0.3, 0.95), {"e": 0.2}, "simulators", "of 2 nodes b used 95 % of a core"),
        ((0.3, 0.4), {"e": 0.95}, "engine", "the one that the nodes share used 95 % of a core"),
        ((0.3, 0.4), {"e": 0.2, "f": 0.96}, "engine", "of 2 engines f used 96 % of a core"),
        ((0.3, None), {"e": 0.2}, "application", "their engine: 20 %"),
        ((0.3, None), {"e": 0.2, "f": 0.1}, "application", "their engine: at most 20 %"),
        ((0.3, None), {}, "application", "simulators: at most 30 % of a core"),
    ],
)
def test_the_limit_may_be_any_node_or_the_engine(loads, engines, who, why):
    """By name, and not the nodes as a whole: one that has all to do holds up the others."""
    nodes = tuple(Share(name, 9, cpu) for name, cpu in zip("ab", loads, strict=True))
    most = max(cpu for cpu in loads if cpu is not None)
    found = Effort(generator=0.2, server=most, shared=True, engines=engines, nodes=nodes)
    told = found.limit()

    assert who == told[0]
    assert why in told[1]


def test_a_node_that_was_started_anew_tells_no_share():
    """Its counters began again: a difference would be nonsense."""
    for requests in (7, 0):
        began = {"a": standing(0.0, 5.0, requests)}
        ended = {"a": standing(9.0, 1.0, 3)}
        found = Meter(Look(0, 0, 0, began), ["a"]).effort(Look(9, 0, 0, ended))
        assert (Share("a"),) == found.nodes
