"""A world's time and chance: moved by hand, and the same every time."""

import pytest

from simulators.kernel.clock import Chance, Clock, from_iso, iso
from simulators.store.memory import MemoryStore


class System:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
def system():
    return System()


@pytest.fixture
def clock(system):
    return Clock(MemoryStore(), "a", system)


def test_a_new_clock_is_the_systems(clock, system):
    """Nothing set, nothing added."""
    system.time += 5

    assert clock.now() == 1005.0
    assert clock.describe() == {"now": "1970-01-01T00:16:45.000Z", "frozen": False}


def test_a_frozen_clock_stands_still_until_it_runs_on(clock, system):
    """It stops where it is, and goes on from there."""
    clock.freeze()
    system.time += 60
    assert clock.now() == 1000.0
    assert clock.describe()["frozen"] is True

    clock.run()
    system.time += 1

    assert clock.now() == 1001.0
    assert clock.describe()["frozen"] is False


def test_a_clock_is_frozen_at_any_time_and_advanced_by_hand(clock, system):
    """Only `advance` moves it, back as well."""
    clock.freeze(5000.0)
    clock.advance(30)
    system.time += 999
    assert clock.now() == 5030.0

    clock.advance(-5030)

    assert clock.now() == 0.0


def test_a_running_clock_keeps_its_offset(clock, system):
    """Advancing adds up."""
    clock.advance(3600)
    clock.advance(-600)
    system.time += 1

    assert clock.now() == 4001.0


def test_clocks_of_two_accounts_are_two(system):
    """Freezing one leaves the other running."""
    store = MemoryStore()
    Clock(store, "a", system).freeze(1.0)

    assert Clock(store, "a", system).now() == 1.0
    assert Clock(store, "b", system).now() == 1000.0


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2026-11-21T09:00:00Z", 1795251600.0),
        ("2026-11-21T09:00:00", 1795251600.0),
        ("2026-11-21T10:00:00.500+01:00", 1795251600.5),
    ],
)
def test_reads_iso_times(text, epoch):
    """Without a zone it is UTC; what is written is read back."""
    assert epoch == from_iso(text)
    assert epoch == from_iso(iso(epoch))


def test_refuses_what_is_no_time():
    """A `ValueError`, for the caller to word."""
    with pytest.raises(ValueError, match="yesterday"):
        from_iso("yesterday")


def drawn(seed):
    chance = Chance(seed)
    return [
        chance.hex(32),
        chance.digits(6),
        chance.letters(8, "abc"),
        chance.uuid(),
        chance.hex(1),
    ]


def test_the_same_seed_gives_the_same_ids():
    """In the same order; another seed gives others."""
    assert drawn("s") == drawn("s")
    assert drawn("s") != drawn("t")


def test_ids_have_the_shape_they_are_asked_for():
    """Over many draws: leading zeros kept in hex, none in digits, RFC 9562 version 4."""
    chance = Chance("s")
    for _ in range(300):
        assert len(chance.hex(3)) == 3
        assert chance.digits(4)[0] != "0"
        assert len(chance.digits(4)) == 4
        first, _second, third, fourth, last = chance.uuid().split("-")
        assert (8, "4", 12) == (len(first), third[0], len(last))
        assert fourth[0] in "89ab"
