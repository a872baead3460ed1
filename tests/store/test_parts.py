"""The parts of the memory store, each alone: plans, leases, the index, nonces, room in a queue."""

import re
from collections import deque
from pathlib import Path

import pytest

from simulators.kernel.flow import Hit
from simulators.kernel.message import Message
from simulators.store import index as indexes
from simulators.store import windows as kept_windows
from simulators.store.index import Index
from simulators.store.leases import Leases
from simulators.store.memory import MemoryStore
from simulators.store.plans import Plans
from simulators.store.windows import Windows


def test_plans_about_what_is_gone_go_with_it():
    """A clock that stands still makes none due; those of what is kept stay, and come in order."""
    kept = deque(maxlen=100)
    plans = Plans(lambda item: item[0] in kept)
    for n in range(10_000):
        kept.append(f"m{n}")
        plans.add(float(10_000 - n), [f"m{n}", n], n)
        assert len(plans) <= 2 * 100 + 2

    assert [1.0, 2.0, 3.0] == [at for at, _item in plans.earliest(3)]
    assert [[f"m{n}", n] for n in range(9_999, 9_899, -1)] == [
        item for _at, item, _number in plans.due(100.0, 1000)
    ]
    assert plans.soonest() != 100.0


@pytest.fixture
def plans():
    """Two at one time, in the order in which they were planned, between an earlier and a later."""
    made = Plans(lambda _item: True)
    planned = [(7.0, ["b"]), (7.0, ["a"]), (3.0, ["c"]), (9.0, ["d"])]
    assert [True, False, True, False] == [made.add(*one, n) for n, one in enumerate(planned)]
    return made


def test_what_is_due_is_taken_so_many_at_a_time(plans):
    """What is due now is; the next one is not."""
    assert [] == plans.due(2.9, 9)
    assert [(3.0, ["c"], 2), (7.0, ["b"], 0)] == plans.due(7.0, 2)
    assert [(7.0, ["a"], 1)] == plans.due(8.9, 2)
    assert 9.0 == plans.soonest()


def test_the_earliest_plans_stay(plans):
    """They are only looked at."""
    for _ in range(2):
        assert [(3.0, ["c"]), (7.0, ["b"]), (7.0, ["a"])] == plans.earliest(3)
    assert 4 == len(plans)


def test_older_plans_are_looked_at_with_each_new_one():
    """Two of them, so that those about what is gone are never many."""
    kept = {"a"}
    plans = Plans(lambda item: item[0] in kept)
    for n in range(8):
        plans.add(1.0, ["gone" if n % 2 else "a"], n)

    assert len(plans) <= 6


def test_a_plan_rings_for_its_account():
    """Each has plans of its own."""
    store, rung = MemoryStore(), []
    store.on_plan(rung.append)
    for account, name in (("a", "m"), ("b", "n")):
        one = Message(name, "twilio", "send", "+15550000001", "", "hi", 1, 1.0, "number")
        store.admit(account, [((), one)], 1.0)
    store.plan("a", 5.0, ["m"])
    store.plan("b", 9.0, ["n"])

    assert ["a", "b"] == rung
    assert [(5.0, ["m"])] == store.planned("a", 5)
    assert [(9.0, ["n"])] == store.planned("b", 5)


def test_a_lease_counts_until_its_end():
    """The first to end is not the first that was taken."""
    leases = Leases()
    assert 0 == leases.count(0.0)
    leases.take(1, 20.0)
    leases.take(2, 10.0)

    assert [2, 2, 1, 1, 0, 0] == [leases.count(now) for now in (0.0, 9.9, 10.0, 19.9, 20.0, 30.0)]
    leases.take(3, 40.0)
    leases.give_back(3)
    leases.take(4, 50.0)
    assert [1, 0] == [leases.count(now) for now in (49.9, 50.0)]


@pytest.mark.parametrize("size", range(11))
def test_the_first_beyond_a_bound_is_found_in_any_block(monkeypatch, size):
    """By values that rise as sequences do; 0 where there is none."""
    monkeypatch.setattr(indexes, "_BLOCK", 3)
    index = Index()
    for sequence in range(2, 2 * size + 2, 2):
        index.add(sequence)
    sequences = list(index.above(0, 1000))

    for bound in range(-10, 20 * size + 30, 5):
        found = [sequence for sequence in sequences if 10 * sequence > bound]
        assert (found[0] if found else 0) == index.beyond(bound, lambda sequence: 10 * sequence)


def test_used_nonces_go_when_their_time_is_over():
    """Of several lifetimes, as the providers have them."""
    store = MemoryStore()
    for n in range(5000):
        assert store.once("a", f"n{n}", float(n), n + (10.0 if n % 2 else 30.0))

    assert len(store._shelf("a").nonces) <= 50
    assert not store.once("a", "n4999", 4999.0, 5009.0)


def test_two_nonces_a_call_are_forgotten():
    """From the moment when their time is over."""
    store = MemoryStore()
    for name in "abcde":
        assert store.once("x", name, 0.0, 10.0)
    assert not store.once("x", "a", 9.9, 19.9)
    assert store.once("x", "f", 10.0, 20.0)

    assert {"c", "d", "e", "f"} == set(store._shelf("x").nonces)


def test_a_nonce_that_was_used_again_is_forgotten_after_its_last_use():
    """Its first end is nobody's by then."""
    store = MemoryStore()
    assert store.once("x", "a", 0.0, 10.0)
    assert store.once("x", "a", 10.0, 20.0)
    assert not store.once("x", "a", 19.9, 29.9)
    assert store.once("x", "b", 20.0, 30.0)

    assert {"b"} == set(store._shelf("x").nonces)


def test_what_is_counted_is_told_by_its_name():
    """And to its account alone."""
    store = MemoryStore()
    assert [1, 2] == [store.count("a", "serial") for _ in range(2)]

    assert [2, 0, 0] == [
        store.counted("a", "serial"),
        store.counted("a", "other"),
        store.counted("b", "serial"),
    ]


def test_headroom_is_told_for_so_many_windows():
    """As many as are asked for."""
    store = MemoryStore()
    hits = [Hit("p", f"limit {n}", "w", "natural", 1, 60.0, 0.0) for n in range(3)]
    for hit in hits:
        store._shelf("a").windows.take(hit, 0.0)

    assert 2 == len(store.headroom("a", 0.0, 2))
    assert 3 == len(store.headroom("a", 0.0))  # from the very beginning of a slice


def queued(cost=1):
    return Hit("p", "limit", "w", "queue", 4, 8.0, 0.0, cost)


def test_a_queue_says_when_it_has_room():
    """Four in eight seconds: one in two. For what is too much for it at any time, or came in the
    same step, in a whole turn."""
    windows = Windows()
    assert 8.0 == windows.room(queued(), 0.0)
    for _ in range(4):
        windows.take(queued(), 0.0)

    assert 2.0 == windows.room(queued(), 0.0)
    assert 2.0 == windows.room(queued(), 1.0)
    assert 8.0 == windows.room(queued(4), 0.0)
    assert 8.0 == windows.room(queued(5), 0.0)
    assert 12.0 == windows.room(queued(2), 4.0)
    assert not windows.full(queued(), windows.room(queued(), 1.0))


def test_windows_of_years_are_as_many_as_a_limit_keeps(monkeypatch):
    """A request that chooses one makes no other number's last as long."""
    monkeypatch.setattr(kept_windows, "MOST_WINDOWS", 1200)
    windows = MemoryStore()._shelf("a").windows
    for number in range(4000):
        hit = Hit("twilio", "day", f"{number}", "rolling", 1, 60.0 if number else 1e9, 0.0)
        windows.take(hit, float(number))

    assert sum(len(held) for held in windows.containers()) <= 2 * 1200
    assert windows.full(hit, 4000.0)


def test_an_engine_s_windows_are_bounded_as_those_of_memory():
    """Its script has the figures in a line."""
    script = Path(kept_windows.__file__).parent / "valkey" / "lua" / "windows.lua"
    names, values = re.search(r"^local (REMEMBERED.*) = (.*)$", script.read_text(), re.M).groups()
    told = dict(zip(names.split(", "), values.split(", "), strict=True))

    for name in ("REMEMBERED", "MOST_LIMITS", "MOST_WINDOWS"):
        assert getattr(kept_windows, name) == int(told[name])
