"""Verifications: their life, what a check finds, and that many cost no more than few."""

from dataclasses import replace

import pytest

from simulators.kernel import verifications
from simulators.kernel.clock import Chance
from simulators.kernel.verifications import Code, State, Verification, Verifications
from simulators.kernel.world import Account, World
from simulators.store.memory import MemoryStore
from simulators.store.strict import StrictStore

NOW = 1_800_000_000.0
ONE = Verification(id="VE1", key="VA1|+1415", codes=[Code("012345", NOW + 600)], opened=NOW, most=3)


@pytest.fixture
def world():
    return World(Account("a", {}), StrictStore(), lambda: NOW)


@pytest.fixture
def known(world):
    """One that was just opened."""
    kept = Verifications(world, "acme")
    kept.open(ONE)
    return kept


def test_the_right_code_approves_it_once(known):
    """The second time it is over; what came is remembered."""
    before, right, found = known.check("VE1", "012345", NOW + 1)

    assert (State.PENDING, True) == (before, right)
    assert found == known.find("VE1") == known.newest(ONE.key)
    assert (State.APPROVED, NOW + 1) == (found.state(NOW + 1), found.closed_at)
    assert [("012345", NOW + 1, True)] == found.checks
    assert (State.APPROVED, False, found) == known.check("VE1", "012345", NOW + 2)
    assert known.under_way(ONE.key, NOW + 2) is None


@pytest.mark.parametrize("code", ["12345", "0123456", "", "０12345", " 012345"])
def test_a_wrong_code_is_counted(known, code):
    """And it is under way as before: nothing but the very text is right."""
    before, right, found = known.check("VE1", code, NOW)

    assert (State.PENDING, False) == (before, right)
    assert (1, 2, True) == (found.checked, found.left, found.under_way(NOW))


def test_after_so_many_wrong_codes_the_right_one_is_none(known):
    """The last wrong one is told from those that come when none are taken any more."""
    for left in (2, 1, 0):
        assert (State.PENDING, left) == (
            (found := known.check("VE1", "0", NOW)).before,
            found.verification.left,
        )
    late = known.check("VE1", "012345", NOW)

    assert (State.USED_UP, False, 3) == (late.before, late.right, late.verification.checked)
    assert State.USED_UP is late.verification.state(NOW + 601)


def test_where_there_is_no_limit_to_wrong_codes_the_newest_are_told_apart(known):
    """They are counted all the same."""
    known.open(replace(ONE, id="VE2", most=0))
    for n in range(100):
        known.check("VE2", f"{n}" * 1000, NOW)
    found = known.find("VE2")

    assert (100, verifications.REMEMBERED, True) == (
        found.checked,
        len(found.checks),
        found.under_way(NOW),
    )
    assert "99" * 32 == found.checks[-1].code


def test_its_time_is_that_of_its_codes(known):
    """A clock that is set back brings it back."""
    assert State.PENDING is known.find("VE1").state(NOW + 599.9)
    assert State.EXPIRED is known.check("VE1", "012345", NOW + 600).before
    assert known.under_way(ONE.key, NOW + 600) is None
    assert known.check("VE1", "012345", NOW + 599.9).right


@pytest.mark.parametrize("state", [State.APPROVED, State.CANCELLED])
def test_an_application_ends_what_is_under_way(known, state):
    """Once, and not what has ended by itself."""
    assert state is known.close("VE1", state, NOW).state(NOW)
    assert known.close("VE1", State.CANCELLED, NOW) is None
    assert state is known.check("VE1", "012345", NOW).before
    known.open(replace(ONE, id="VE2"))
    assert known.close("VE2", state, NOW + 600) is None
    assert State.EXPIRED is known.find("VE2").state(NOW + 600)


def test_a_send_more_leaves_the_code(known):
    """And counts no checks anew; what the provider tells of each send is in their order."""
    known.resend("VE1", {"channel": "sms", "at": NOW})
    known.check("VE1", "0", NOW)
    found = known.resend("VE1", {"channel": "call", "at": NOW + 1}, told="x")

    assert ["sms", "call"] == [send["channel"] for send in found.sends]
    assert (2, 1, ONE.codes, {"told": "x"}) == (
        found.sent,
        found.checked,
        found.codes,
        found.details,
    )
    assert known.resend("VE9", {}) is None


def test_another_code_goes_in_the_place_of_the_first_or_beside_it(known):
    """Each with an end of its own; the last of them is that of the whole."""
    beside = known.resend("VE1", {}, Code("999999", NOW + 900), beside=True)

    assert (NOW + 900, "999999") == (beside.ends, beside.code)
    assert [True, True] == [beside.takes(code, NOW) for code in ("012345", "999999")]
    assert [False, True] == [beside.takes(code, NOW + 600) for code in ("012345", "999999")]

    place = known.resend("VE1", {}, Code("777777", NOW + 10))
    assert [False, True] == [place.takes(code, NOW) for code in ("999999", "777777")]


def test_a_provider_may_say_what_is_right(known):
    """Letters in any case, for one."""
    known.resend("VE1", {}, Code("aBc", NOW + 600))

    def same(verification, code, _now):
        return code.casefold() == verification.code.casefold()

    assert not known.check("VE1", "abC", NOW).right
    assert known.check("VE1", "abC", NOW, same).right


def test_keys_worlds_and_providers_do_not_meet(world, known):
    """The newest of a key is found by it, an older one by its id alone."""
    other = World(Account("b", {}), world.store, lambda: NOW)
    known.open(replace(ONE, id="VE2"))

    assert ("VE2", "VE1") == (known.newest(ONE.key).id, known.find("VE1").id)
    assert known.newest("VA1|+1416") is None
    assert [None, None] == [
        each.find("VE1") for each in (Verifications(other, "acme"), Verifications(world, "other"))
    ]
    assert known.check("VE9", "012345", NOW) is None


def test_the_oldest_go_first_and_leave_nothing(monkeypatch):
    """A newer one of the same key stays its newest. No request looks at the others."""
    monkeypatch.setattr(verifications, "MOST", 3)
    store = MemoryStore()
    world = World(Account("a", {}), store, lambda: NOW)
    known = Verifications(world, "acme")
    for n in range(50):
        known.open(replace(ONE, id=f"VE{n}", key=f"key {n // 2}"))
    kept = store._shelves["a"].settings

    assert [None, "VE47", "VE49"] == [
        found and found.id
        for found in (known.find("VE46"), known.find("VE47"), known.newest("key 24"))
    ]
    assert 3 + 3 + 2 == len(kept)
    assert all(isinstance(value, str) or "VE" in value["id"] for value in kept.values())


def test_of_several_at_once_one_is_opened(world, known):
    """Who saw what was there before: the first; of the others nothing is kept."""
    before = known.newest(ONE.key)
    rivals = [replace(ONE, id=f"VE{n}") for n in (2, 3, 4)]

    assert [True, False, False] == [known.claim(rival, before) for rival in rivals]
    assert ["VE2", None, None] == [
        found and found.id for found in map(known.find, ("VE2", "VE3", "VE4"))
    ]
    assert "VE2" == known.newest(ONE.key).id
    assert known.claim(replace(ONE, id="VE5", key="another"), None)
    assert not known.claim(replace(ONE, id="VE6", key="another"), None)


class Counting(MemoryStore):
    """Counts how often a document is asked for or replaced."""

    asked = 0

    def load(self, account, name):
        self.asked += 1
        return super().load(account, name)

    def save(self, account, name, value):
        self.asked += 1
        super().save(account, name, value)


def test_one_of_many_costs_no_more_than_the_first(monkeypatch):
    """To open, send again, check and close: no document holds more than one of them, and the oldest
    is not looked for."""
    monkeypatch.setattr(verifications, "MOST", 100)
    store = Counting()
    known = Verifications(World(Account("a", {}), store, lambda: NOW), "acme")
    asked = []
    for n in range(300):
        before = store.asked
        known.open(replace(ONE, id=f"VE{n}", key=f"{n}"))
        known.resend(f"VE{n}", {})
        known.check(f"VE{n}", "0", NOW)
        known.close(f"VE{n}", State.CANCELLED, NOW)
        asked.append(store.asked - before)

    assert {asked[0]} == set(asked[:99])
    assert max(asked) <= asked[0] + 5


def test_a_code_may_begin_with_0_and_comes_from_chance():
    """The same from the same seed."""
    codes = [verifications.drawn(Chance(str(n)), 6) for n in range(200)]

    assert codes == [verifications.drawn(Chance(str(n)), 6) for n in range(200)]
    assert {6} == {len(code) for code in codes}
    assert 200 == len(set(codes))
    assert 5 < len([code for code in codes if code.startswith("0")]) < 50
