"""The highest rate that holds: the search without a clock, what is told of it, and the command with
runs that are made up. How people come at a rate, and whether they went through."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from simulators.load import launch
from simulators.load.capacity import MOST_STEPS, NEAR, Step, bounds, found, next_rate, where
from simulators.load.effort import Effort
from simulators.load.figures import Requests
from simulators.load.invariants import Finding
from simulators.load.ledger import Ledger
from simulators.load.pace import Arrivals, kept, pace, through
from simulators.load.verdict import Verdict

IDLE = Effort(generator=0.2, server=0.3, answer_ms=2)


def verdict(rate, limit, effort=IDLE, **facts):
    held = rate <= limit
    told = f"it was {min(rate, limit):.1f}/s"
    return Verdict(
        scenario="made_up",
        invariants=[Finding("all is well", "holds", "")],
        thresholds=[
            Finding(f"{rate:g} went", *(("holds", told) if held else ("broken", told, [told])))
        ],
        facts={"seed": "1", "through": min(rate, limit), **facts},
        requests=[
            Requests("send", 10, 0, {50.0: 10}, 300.0, 50, "POST"),
            Requests("wait", 10, 0, {10.0: 10}, 100.0, 10, "SMS"),
            Requests("whole visit", 10, 0, {60.0: 10}, 400.0, 60, "FLOW"),
        ],
        effort=effort,
    )


def search(first, limit, **more):
    """All steps that are taken if the limit of each is what `limit` says."""
    steps = []
    while (rate := next_rate(steps, first)) is not None:
        steps.append(Step(rate, verdict(rate, limit(len(steps)), **more)))
        assert len(steps) <= MOST_STEPS
    return steps


@pytest.mark.parametrize("first", [0.5, 5, 80])
@pytest.mark.parametrize("limit", [1, 4.9, 5, 5.1, 17, 33.3, 399, 2560])
def test_the_limit_is_found_within_a_tenth_and_confirmed(first, limit):
    """From below and from above, in few steps."""
    steps = search(first, lambda _: limit)
    held, failed = bounds(steps)

    assert held <= limit < failed <= held * NEAR
    assert [2, 2] == [sum(step.rate == rate for step in steps) for rate in (held, failed)]
    assert len(steps) <= 24
    assert found(steps).passed


@pytest.mark.parametrize("unlucky", range(12))
@pytest.mark.parametrize("moment", [0.0, 1000.0])
def test_one_run_that_the_machine_spoilt_or_spared_changes_nothing(unlucky, moment):
    """Whichever it was: where two runs differ, a third one decides."""
    steps = search(5, lambda number: moment if number == unlucky else 17)
    held, failed = bounds(steps)

    assert held <= 17 < failed <= held * NEAR
    for rate, expected in ((held, True), (failed, False)):
        agreed = [step.held for step in steps if step.rate == rate]
        assert agreed.count(expected) >= 2 > agreed.count(not expected)


def test_nothing_holds_and_nothing_fails():
    """Both end; the first fails, and says what was broken at the lowest rate."""
    none, every = search(4, lambda _: 0), search(4, lambda _: float("inf"))

    assert not found(none).passed
    assert found(none).answer.sentence.startswith("No rate held. 0.0312 a second did not: ")
    assert MOST_STEPS == len(every)
    assert found(every).answer.sentence.endswith("None failed.")


@pytest.mark.parametrize(
    ("effort", "told"),
    [
        (IDLE, "The limit was the application (the others had time left"),
        (replace(IDLE, server=0.97), "The limit was the simulators (their process used 97 %"),
        (replace(IDLE, generator=0.97), "The limit was the load generator (the load generator was"),
    ],
)
def test_it_says_the_rate_where_the_time_went_and_who_was_the_limit(effort, told):
    """In one sentence after the other; sums of other requests count once."""
    one = found(search(5, lambda _: 17, effort=effort))
    data = json.loads(one.as_json())

    assert (
        "16.9 people a second is the highest rate that held, confirmed by another run. 17.5 a"
        " second did not: 17.5 went: it was 17.0/s. There the time went so: 75 % send, 25 % wait."
    ) in one.answer.sentence
    assert told in one.answer.sentence
    assert one.answer.sentence == data["answer"]["sentence"]
    assert 16.875 == data["facts"]["capacity"]
    assert ["5", "5", "yes", f"{100 * effort.generator:.0f} %"] == list(one.answer.rows[0])
    assert {"send": 0.75, "wait": 0.25} == where(one)


def test_flow_control_is_named_as_such():
    """It is no machine's limit."""
    told = found(search(5, lambda _: 17, sent=60, throttled=40)).answer.sentence

    assert "40 % of its sends were throttled: that is flow control" in told


def test_a_verdict_comes_back_as_it_went():
    """From one process to the other, with all that the next report needs."""
    one = verdict(20, 17)
    back = Verdict.of(one.as_json(whole=True))

    assert back.as_text() == one.as_text()
    assert back.as_json(whole=True) == one.as_json(whole=True)
    assert where(back) == where(one)
    assert "times" not in json.loads(one.as_json())["requests"][0]


def test_people_come_at_their_times_and_nobody_makes_up_for_lateness():
    """Four a second; after a standstill again four a second."""
    arrivals = Arrivals(4, first=10.0)

    assert [0.0, 0.25, 0.5] == [arrivals.wait(10.0) for _ in range(3)]
    assert [0.0, 0.25] == [arrivals.wait(20.0), arrivals.wait(20.0)]


def test_workers_take_turns():
    """Two of them make one rate."""
    both = [Arrivals(5, first=place / 10) for place in range(2)]
    times = sorted(one.wait(0.0) for one in both for _ in range(3))

    assert [0.0, 0.1, 0.2, 0.3, 0.4, 0.5] == pytest.approx(times)


@pytest.mark.parametrize(
    ("done", "ended", "state"),
    [(20, 112.0, "holds"), (19, 112.0, "holds"), (18, 112.0, "broken"), (20, 104.5, "broken")],
)
def test_as_many_go_through_as_come(done, ended, state):
    """Counted in the second half, in whole seconds; a run that is too short has not held."""
    ledger = Ledger()
    for second in range(100, 113):
        for _ in range(done if second >= 106 else 1):
            ledger.done(second + 0.5)
    rate, seconds = through(ledger, 100.0, ended)
    finding = kept(20, rate, seconds)

    assert state == finding.state
    assert "20 people a second went through" == finding.name
    assert ("too short" in finding.told) == (ended < 110)


def test_every_user_of_a_scenario_comes_by_the_rate():
    """After what a user does at first; one that inherits another's start waits once."""
    told = []

    class Run:
        ledger, arrivals = Ledger(), Arrivals(1e9, 0.0)

    class Person:
        def on_start(self):
            told.append(type(self).__name__)

    class Child(Person):
        pass

    pace(Run, [Person, Child])
    Child().on_start()

    assert ["Child"] == told
    assert 0 == Run.ledger.count("done")
    assert 0.0 == Child().wait_time()
    assert 1 == Run.ledger.count("done")


@pytest.fixture
def runs(monkeypatch):
    """Runs of Locust that are made up: people go through up to 17 a second; their arguments."""
    asked = []

    def locust(arguments, environment, *, quiet=False):
        given = dict(pairwise(arguments))  # a name, then its value
        asked.append((given, quiet))
        made = verdict(float(given["--rate"]), 17)
        with open(given["--outcome"], "w") as file:
            file.write(made.as_json(whole=True))
        return made.exit_code

    monkeypatch.setattr(launch, "locust", locust)
    return asked


def test_the_command_tells_one_verdict(sms, command, runs, tmp_path):
    """A line a step on stderr; the search at the end on stdout, in JSON and on the page. A step has
    people of its own, and users enough for its rate."""
    there = ("--sim", sms.simulators.url, "--account", sms.world.id)
    files = {name: tmp_path / f"it.{name}" for name in ("json", "html", "junit")}
    done = command(
        "load", "provider_send", "--capacity", *there, "--json", files["json"],
        "--report", files["html"], "--junit", files["junit"], "--seed", "7",
    )  # fmt: skip
    sentence = json.loads(files["json"].read_text())["answer"]["sentence"]

    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("made_up: passed  (capacity 16.875, seed 7,")
    assert sentence in " ".join(done.stdout.split())
    assert sentence.replace("'", "&#x27;") in files["html"].read_text()
    assert "made_up.thresholds" in files["junit"].read_text()
    assert len(runs) == done.stderr.count(" people a second ")
    assert "5 people a second held" in done.stderr
    assert len(runs) == len({given["--seed"] for given, _ in runs})
    assert all(quiet for _, quiet in runs)
    assert "--verdict" not in runs[0][0]
    assert [("5.0", "50"), ("10.0", "100"), ("20.0", "200")] == [
        (given["--rate"], given["--users"]) for given, _ in runs[:3]
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--capacity", "--shape", "ramp"], "--capacity: with --shape it is no longer the rate"),
        (["--capacity", "--web"], "--capacity: with --web it is no longer the rate"),
        (["--rate", "5", "--shape", "ramp"], "--rate: with --shape it is no longer the rate"),
        (["--rate", "0"], "x>0"),
        (["--rate", "5", "--time", "9s"], "--rate: in a shorter run nobody can tell how many"),
        (["--capacity", "--time", "0h9"], "--capacity: in a shorter run nobody can tell how many"),
    ],
)
def test_what_makes_no_sense_together_is_one_line(arguments, told, command):
    """Before anything starts."""
    done = command("load", "send_verify", *arguments)

    assert (2, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
    assert told in done.stderr
