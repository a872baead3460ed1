"""Flow control: what a limit counts, and windows held against a model that forgets nothing."""

import pickle
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kernel import flow
from simulators.kernel.flow import Hit, Limit
from simulators.store.windows import Windows

NOON_UTC = 1_800_014_400.0  # 2027-01-15 12:00:00
DAY = 86_400.0


def limit(**more):
    fields = {"name": "l", "permits": 3, "seconds": 60.0, "key": ("number",), "error": "E"}
    return Limit(**{**fields, "source": "https://example.com", **more})


def draft(**more):
    return SimpleNamespace(**{"number": "+1", "template": "T", "segments": 2, **more})


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("provider", [3]), (1, [3]), (10.0, [30]), (0.5, [1]), (0.001, [1]), ("off", [])],
)
def test_the_mode_scales_what_a_limit_permits(mode, expected):
    """A factor rounds down, and always leaves one; "off" counts nothing."""
    hits = flow.hits([limit()], mode, draft(), "p", NOON_UTC)

    assert expected == [hit.permits for hit in hits]


def test_a_limit_counts_by_the_values_of_its_key():
    """One value as it is, several joined; the provider and the limit are named beside it."""
    limits = [limit(name="n"), limit(name="t", key=("template", "number"))]
    hits = flow.hits(limits, "provider", draft(), "p", NOON_UTC)

    assert [("p", "n", "+1"), ("p", "t", "T|+1")] == [hit[:3] for hit in hits]


def test_a_limit_may_count_by_what_only_its_provider_has():
    """By a name in the details of a draft; one that lacks it has the window without a value."""
    limits = [limit(key=("details.who",)), limit(key=("number", "details.who"))]
    windows = [
        [hit.window for hit in flow.hits(limits, "provider", draft(details=details), "p", NOON_UTC)]
        for details in ({"who": "a.b"}, {})
    ]

    assert [["a.b", "+1|a.b"], ["", "+1|"]] == windows


def test_a_limit_may_apply_to_some_drafts_only():
    """What does not apply is not counted."""
    only_codes = limit(applies=lambda d: d.template == "code")

    assert flow.hits([only_codes], "provider", draft(), "p", NOON_UTC) == []
    assert len(flow.hits([only_codes], "provider", draft(template="code"), "p", NOON_UTC)) == 1


def test_a_request_may_choose_how_long_a_limits_window_is():
    """Its detail says so; the limit stays the same one."""
    chosen = limit(chosen="interval")
    hits = [
        flow.hits([chosen], "provider", draft(details={"interval": seconds}), "p", NOON_UTC)[0]
        for seconds in (60, 5)
    ]

    assert [60, 5] == [hit.seconds for hit in hits]
    assert {chosen.identity} == {hit.identity for hit in hits}


def test_only_a_queue_counts_segments():
    """Windows count messages."""
    limits = [limit(), limit(kind="natural"), limit(kind="queue")]

    assert [1, 1, 2] == [h.cost for h in flow.hits(limits, "provider", draft(), "p", NOON_UTC)]


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        (0, NOON_UTC, NOON_UTC - 12 * 3600),
        (0, NOON_UTC + 12 * 3600 - 0.001, NOON_UTC - 12 * 3600),
        (0, NOON_UTC + 12 * 3600, NOON_UTC + 12 * 3600),
        (8 * 3600, NOON_UTC, NOON_UTC - 20 * 3600),  # 20:00 in Beijing
        (8 * 3600, NOON_UTC + 4 * 3600, NOON_UTC + 4 * 3600),  # midnight in Beijing
        (-5 * 3600, NOON_UTC, NOON_UTC - 7 * 3600),
    ],
)
def test_a_natural_window_begins_with_the_day_of_its_zone(zone, now, expected):
    """Calendar slices are cut where the provider's clock is."""
    assert expected == flow.start(limit(kind="natural", seconds=DAY, zone=zone), now)


def test_a_refusal_tells_the_figures_of_the_full_window():
    """Since when it counts, and how long that is ago and lasts yet."""
    full = Hit("p", "l", "+1", "natural", 30, 1.0, NOON_UTC)

    assert {
        "permits": 30,
        "window_ms": 1000,
        "start_ms": 1_800_014_400_000,
        "since_ms": 250,
        "wait_ms": 750,
        "wait_s": 1,
    } == flow.figures(full, NOON_UTC + 1, NOON_UTC + 0.25)


def send(windows, one, now):
    """Whether a message passes this limit, counted if so."""
    (hit,) = flow.hits([one], "provider", draft(), "p", now)
    if windows.full(hit, now):
        return False
    windows.take(hit, now)
    return True


@pytest.mark.parametrize("kind", ["natural", "rolling"])
def test_permits_are_exact(kind):
    """The last permitted one passes, the next does not."""
    windows = Windows()

    assert [True, True, True, False, False] == [
        send(windows, limit(kind=kind), NOON_UTC) for _ in range(5)
    ]


def test_a_natural_window_empties_at_its_end_all_at_once():
    """Three at 59 s and three at 60 s: two minutes, two counts."""
    windows, one = Windows(), limit(kind="natural")
    times = [59, 59.5, 59.9, 59.95, 60, 60, 60, 60]

    assert [True, True, True, False, True, True, True, False] == [
        send(windows, one, NOON_UTC + t) for t in times
    ]


def test_a_rolling_window_empties_one_by_one():
    """Each message counts for a minute, to the moment."""
    windows, one = Windows(), limit()
    times = [0, 10, 20, 59.99, 60, 60, 69.99, 70]

    assert [True, True, True, False, True, False, False, True] == [
        send(windows, one, NOON_UTC + t) for t in times
    ]


def test_a_queue_drains_steadily():
    """Six segments a minute: three messages of two, then one more every 20 seconds."""
    windows, one = Windows(), limit(kind="queue", permits=6)
    times = [0, 0, 0, 0, 19.9, 20, 20, 40]

    assert [True, True, True, False, False, True, False, True] == [
        send(windows, one, NOON_UTC + t) for t in times
    ]


@pytest.mark.parametrize("kind", ["natural", "rolling", "queue"])
def test_a_clock_set_back_finds_the_past_as_it_was(kind):
    """Every hit counts at its own time: free where nothing was sent, full where it was."""
    windows, one = Windows(), limit(kind=kind, permits=2 if kind == "queue" else 1)
    walk = [0, -7200, -7200, 0, 7200, 0, 7200]

    assert [True, True, False, False, True, False, False] == [
        send(windows, one, NOON_UTC + t) for t in walk
    ]


@pytest.mark.parametrize("kind", ["rolling", "queue"])
def test_a_clock_set_back_a_little_lets_nothing_pass_that_is_too_much_later(kind):
    """What is sent just before a full window would make that one too full."""
    windows, one = Windows(), limit(kind=kind, permits=2 if kind == "queue" else 1)

    assert [True, False, False, True] == [
        send(windows, one, NOON_UTC + t) for t in [0, -1, -59.9, -60]
    ]


def exceeds(kind, sent, permits, seconds):
    """Whether hits (time, cost), counted over again by their times, are more than permitted."""
    sent = sorted(sent)
    if kind == "natural":
        slices = Counter()
        for at, cost in sent:
            slices[at // seconds] += cost
        return any(used > permits for used in slices.values())
    if kind == "rolling":
        return any(
            sum(cost for at, cost in sent if end - seconds < at <= end) > permits for end, _ in sent
        )
    level, last = 0.0, 0.0
    for at, cost in sent:
        level, last = max(level - (at - last) * permits / seconds, 0.0) + cost, at
        if level > permits + 1e-6:
            return True
    return False


# Sevenths of a second cannot be told apart by rounding alone, whatever a queue drains in between.
WALKS = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 7, 29, 61, 2000, -1, -7, -29, -61, -2000]), st.booleans()),
    max_size=60,
)


@pytest.mark.parametrize("kind", ["natural", "rolling", "queue"])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(walk=WALKS)
def test_limits_are_exact_whichever_way_the_clock_goes(kind, walk):
    """A message passes if and only if the times of all that passed permit it."""
    windows, now, passed = Windows(), NOON_UTC // 30 * 30, []
    for step, large in walk:
        now += step
        cost = 1 + large
        start = now // 30 * 30
        hit = Hit("p", "l", "+1", kind, 4, 30.0, start, cost)
        full = windows.full(hit, now)
        assert full is exceeds(kind, [*passed, (now, cost)], 4, 30.0)
        if full:
            room = windows.room(hit, now)
            assert room > now
            assert not windows.full(hit._replace(start=room // 30 * 30), room)
        else:
            windows.take(hit, now)
            passed.append((now, cost))


CHANGES = {
    "kind": {"kind": "natural"},
    "queue": {"kind": "queue"},
    "seconds": {"seconds": 61.0},
    "zone": {"zone": 3600},
    "key": {"key": ("template", "number")},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", ["natural", "rolling", "queue"])
def test_a_limit_that_counts_otherwise_begins_anew(kind, change):
    """Under the name of the one before, as that one would be again."""
    windows, before = Windows(), limit(kind=kind, permits=2)
    after = limit(**{"kind": kind, "permits": 2, **change})
    same = before == after

    assert send(windows, before, NOON_UTC)
    while send(windows, before, NOON_UTC):
        pass
    assert send(windows, after, NOON_UTC) is not same
    assert send(windows, before, NOON_UTC) is not same


@pytest.mark.parametrize("kind", ["natural", "rolling", "queue"])
def test_a_limit_with_other_permits_counts_on(kind):
    """What was sent stays sent: fewer permits are full at once, more leave room."""
    windows, costs = Windows(), 2 if kind == "queue" else 1
    for _ in range(3):
        send(windows, limit(kind=kind, permits=3 * costs), NOON_UTC)

    assert not send(windows, limit(kind=kind, permits=2 * costs), NOON_UTC)
    assert send(windows, limit(kind=kind, permits=4 * costs), NOON_UTC)


@pytest.mark.parametrize("kind", ["natural", "rolling", "queue"])
def test_windows_forget_what_counts_no_more(kind):
    """Of a hundred thousand numbers over a day, and of one number's hits: what is in use, and as
    much again as is remembered."""
    windows, one = Windows(), limit(kind=kind)
    for n in range(20_000):
        (hit,) = flow.hits([one], "provider", draft(number=f"+{n}"), "p", NOON_UTC + n)
        windows.take(hit, NOON_UTC + n)
    assert len(pickle.dumps(windows)) < 400_000

    windows = Windows()
    for n in range(20_000):
        (hit,) = flow.hits([one], "provider", draft(), "p", NOON_UTC + 60 * n)
        windows.take(hit, NOON_UTC + 60 * n)
    assert len(pickle.dumps(windows)) < 100_000


def test_limits_that_an_account_no_longer_has_are_forgotten():
    """However often a table is replaced by one with other names."""
    windows = Windows()
    for n in range(10_000):
        send(windows, limit(name=f"l{n}"), NOON_UTC)

    assert len(list(windows.headroom(NOON_UTC))) == 2000
    assert [True, True, False] == [send(windows, limit(name="l9999"), NOON_UTC) for _ in range(3)]


class Model:
    """Every hit ever, counted anew each time."""

    def __init__(self):
        self.hits = []

    def used(self, hit, now):
        same = [(at, h) for at, h in self.hits if h[:3] == hit[:3]]
        if hit.kind == "natural":
            return sum(h.cost for at, h in same if h.start == hit.start)
        if hit.kind == "rolling":
            return sum(h.cost for at, h in same if now - hit.seconds < at <= now)
        level, last = 0.0, same[0][0] if same else now
        for at, h in same:
            level, last = max(level - (at - last) * h.permits / h.seconds, 0.0) + h.cost, at
        return max(level - (now - last) * hit.permits / hit.seconds, 0.0)


KINDS = {"n": "natural", "r": "rolling", "q": "queue"}
TRIES = st.tuples(
    st.sampled_from("nrq"),
    st.sampled_from(["+1", "+2"]),
    st.sampled_from([0, 0, 1, 3, 7, 29, 61, 200]),
    st.integers(1, 2),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(TRIES, max_size=60))
def test_windows_agree_with_a_model_that_forgets_nothing(tries):
    """Whatever is sent when: the same pass, and headroom tells the same use."""
    windows, model, now = Windows(), Model(), NOON_UTC
    for limit_name, window, wait, cost in tries:
        now += wait
        kind = KINDS[limit_name]
        start = now // 30 * 30 if kind == "natural" else now
        hit = Hit("p", limit_name, window, kind, 4, 30.0, start, cost)
        over = model.used(hit, now) + cost - hit.permits
        full = windows.full(hit, now)
        assert full is (over > 0) or abs(over) < 1e-9
        if not full:
            windows.take(hit, now)
            model.hits.append((now, hit))
        for room in windows.headroom(now):
            kind = KINDS[room.limit]
            start = now // 30 * 30 if kind == "natural" else now
            asked = Hit("p", room.limit, room.window, kind, 4, 30.0, start)
            assert model.used(asked, now) == pytest.approx(room.used)
            assert now < room.resets <= now + 30.0 + 1e-9
