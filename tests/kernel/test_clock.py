"""A world's time and chance: moved by hand, and the same every time."""

from datetime import UTC
from types import SimpleNamespace

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call
from simulators.kernel.clock import (
    BLOCK,
    CHINA,
    EMPTIED,
    Chance,
    Clock,
    from_iso,
    from_wall,
    iso,
    wall,
)
from simulators.kernel.provider import Exchange
from simulators.store.memory import MemoryStore

NOW = 1_800_000_000.0


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


@pytest.fixture
def node():
    """Makes the accounts of one process more on a store."""
    return lambda store: Accounts(store, PROVIDERS.values(), lambda: NOW)


def uuids(world, count):
    return [world.chance.uuid() for _ in range(count)]


@pytest.mark.parametrize("count", [10, 3 * BLOCK])
def test_two_processes_on_one_store_draw_nothing_twice(node, count):
    """In turns, from block to block; of the default account and of strangers."""
    store = MemoryStore()
    one, two = node(store), node(store)
    for worlds in ((one.world(DEFAULT), two.world(DEFAULT)), (one.strangers, two.strangers)):
        ids = [found for _ in range(count // 10) for world in worlds for found in uuids(world, 10)]

        assert 2 * count == len(set(ids))


def test_a_process_that_is_started_again_goes_on_elsewhere(node):
    """What was given before is given to nobody else."""
    store = MemoryStore()
    before = uuids(node(store).world(DEFAULT), 1500)

    assert not {*before} & {*uuids(node(store).world(DEFAULT), 1500)}


def test_one_process_draws_the_same_each_time(node):
    """On a fresh store, over the end of a block, and again once the world was emptied."""
    world = node(MemoryStore()).world(DEFAULT)
    ids = uuids(world, 2 * BLOCK + 5)
    world.reset()

    assert Chance(DEFAULT).uuid() == ids[0]
    assert ids == uuids(node(MemoryStore()).world(DEFAULT), 2 * BLOCK + 5)
    assert ids == uuids(world, 2 * BLOCK + 5)


def test_a_world_that_another_process_empties_repeats_nothing_behind_it(node):
    """The blocks begin anew for both: neither goes on in one that the other leases again."""
    store = MemoryStore()
    one, two = node(store).world(DEFAULT), node(store).world(DEFAULT)
    uuids(one, 10), uuids(two, 10)
    one.reset()
    ids = [*uuids(one, 1500), *uuids(two, 1500), *uuids(one, 1500)]

    assert len(ids) == len({*ids})


def test_chance_asks_the_store_once_a_block(node):
    """And once more behind a ring, which any change of plans is: not for each value."""
    asked = []

    class Counted(MemoryStore):
        def load(self, account, name):
            asked.append(name)
            return super().load(account, name)

    world = node(Counted()).world(DEFAULT)
    uuids(world, 2 * BLOCK)
    assert 2 == asked.count(EMPTIED)

    world.store.plan(DEFAULT, NOW, ["m1"])
    uuids(world, 5)
    assert 3 == asked.count(EMPTIED)
    world.store.ring(DEFAULT)
    uuids(world, 5)
    assert 4 == asked.count(EMPTIED)


def test_accounts_made_by_two_processes_are_two(node):
    """Each gets an id of its own, and looks at none of those before."""
    store = MemoryStore()
    one, two = node(store), node(store)
    made = [accounts.create().id for accounts in (one, two, one, two)]

    assert ["account-1", "account-2", "account-3", "account-4"] == made


def test_clocks_of_a_zone_are_written_and_read():
    """China is eight hours ahead; fractions of a second are not shown."""
    assert "2027-01-15 16:00:00" == wall(1_800_000_000.9, CHINA)
    assert 1_800_000_000 == from_wall("2027-01-15 16:00:00", CHINA)
    assert 1_799_971_200 == from_wall("20270115", UTC, "%Y%m%d")


@pytest.mark.parametrize(
    "text", ["2027-1-15 16:00:00", "２０２７-01-15 16:00:00", "2027-02-30", ""]
)
def test_a_time_is_written_digit_by_digit(text):
    """What `strptime` alone would let pass, is refused."""
    with pytest.raises(ValueError, match=r"is not written as|does not match"):
        from_wall(text)


@pytest.mark.parametrize(
    ("moved", "signed", "age"),
    [
        (0, -301, 301),  # what is too old is so by either clock
        (0, 301, -301),
        (60, 0, 60),  # by the account's, while that will do
        (86_400, 0, 0),  # by the machine's, once the account's was moved on
        (86_400, 86_400, 0),  # by the account's, for who knows of it
        (-86_400, -10, 10),
        (86_400, 43_000, -43_000),
    ],
)
def test_what_a_client_signed_is_as_old_as_the_nearer_clock_says(moved, signed, age):
    """The account's, and where that does not do the machine's, which is all that a client knows."""
    machine = 1_000_000.0
    world = SimpleNamespace(clock=SimpleNamespace(machine=lambda: machine))
    exchange = Exchange(Call("POST", "/"), None, None, {}, world, machine + moved)

    assert age == exchange.age(machine + signed, 300)
