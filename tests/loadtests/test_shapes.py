"""Curves of users over time, as pure functions of it."""

from types import SimpleNamespace

import pytest
import shapes
from locust import LoadTestShape
from locust.argument_parser import get_parser
from shapes import SHAPES


def curve(name, users=60, seconds=100.0):
    """Users at each second, and None at the end."""
    shape = SHAPES[name](users, seconds)
    found = []
    for second in range(int(seconds) + 1):
        shape.get_run_time = lambda at=second: float(at)
        tick = shape.tick()
        found.append(tick and tick[0])
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_reaches_its_peak_and_ends_in_time(name):
    """Never above the peak, never nobody, and None at its end."""
    *during, end = curve(name)

    assert end is None
    assert 60 == max(during)
    assert 1 <= min(during)


def test_a_ramp_goes_up_by_tenths_and_holds():
    """Ten steps of a twelfth of the time, the last one three times as long."""
    *during, _ = curve("ramp")

    assert during == sorted(during)
    assert [6 * step for step in range(1, 11)] == sorted(set(during))
    assert 25 == during.count(60)


def test_a_spike_comes_at_once_and_goes():
    """A tenth before and after."""
    *during, _ = curve("spike")

    assert [6] * 40 + [60] * 20 + [6] * 40 == during


def test_a_soak_is_level_but_for_its_ends():
    """An hour, unless told otherwise."""
    *during, _ = curve("soak")

    assert {60} == set(during[5:96])
    assert during[0] < during[2] < during[4]
    assert 3600 == SHAPES["soak"]().seconds


def test_a_storm_comes_within_a_second():
    """With a spawn rate of everyone, and people who do not wait after a refusal."""
    *during, _ = curve("retry_storm")
    storm = SHAPES["retry_storm"](60, 100)

    assert [20] * 30 + [60] * 30 + [20] * 40 == during
    assert 60 == storm.tick()[1]
    assert [False] == [shape.patient for name, shape in SHAPES.items() if name == "retry_storm"]
    assert all(shape.patient for name, shape in SHAPES.items() if name != "retry_storm")


def test_one_user_is_a_load_too():
    """A share of little is rounded up to somebody."""
    assert {1, None} == set(curve("spike", users=1))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--shape", "spike", "-u", "30", "-t", "2m"], (shapes.Spike, 30, 120)),
        (["--shape", "soak"], (shapes.Soak, shapes.DEFAULT_USERS, 3600)),
    ],
)
def test_the_option_chooses_the_shape_of_a_run(given, expected):
    """Peak and length are Locust's own options."""
    options = get_parser(default_config_files=[]).parse_args(given)
    if options.run_time:
        options.run_time = 120  # main.py parses it before any listener runs
    environment = SimpleNamespace(parsed_options=options, shape_class=None, runner="the runner")
    shapes._shape(environment)
    shape = environment.shape_class

    assert expected == (type(shape), shape.users, shape.seconds)
    assert isinstance(shape, LoadTestShape)
    assert "the runner" == shape.runner


@pytest.mark.parametrize("given", [[], ["--shape", "none"], ["--shape", "ramp", "--worker"]])
def test_without_the_option_locust_does_as_always(given):
    """A worker has no shape either: its master says how many users there are."""
    options = get_parser(default_config_files=[]).parse_args(given)
    environment = SimpleNamespace(parsed_options=options, shape_class=None, runner=None)
    shapes._shape(environment)

    assert environment.shape_class is None


@pytest.mark.parametrize(
    ("shape", "patient"), [("none", True), ("spike", True), ("retry_storm", False)]
)
def test_patience_is_a_matter_of_the_shape(shape, patient):
    """In a storm of retries people ask again at once."""
    assert patient is shapes.patient(SimpleNamespace(shape=shape))
