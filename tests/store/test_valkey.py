"""Nodes on one engine: any of them does what a single store in memory does, whichever is asked."""

import ast
import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simulators
from simulators.kernel.flow import Hit
from simulators.kernel.journal import REQUESTS, VIOLATIONS
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.store import Cost, Selection, Unavailable
from simulators.store.memory import MemoryStore

NOW = 1_800_000_000.0


@pytest.fixture
def node(engine):
    """Makes nodes on an engine that is empty at first."""
    from simulators.store.valkey import address
    from simulators.store.valkey.store import ValkeyStore

    engine.client().flushall()
    made = []

    def make(**bounds):
        where = address.read(f"unix://{engine.unix_socket_path}")
        made.append(ValkeyStore(where, **bounds))
        return made[-1]

    yield make
    for one in made:
        one.engine.close()


def message(id_, to="+1", at=NOW, **more):
    return Message(
        id_, "twilio", "send", to, "Acme", "Your code is 123456", 1, at, "number", **more
    )


KINDS = st.sampled_from(
    [
        ("rolling", 60.0, 3, "rolling 60.0"),
        ("rolling", 7.5, 2, "rolling 7.5"),
        ("natural", 60.0, 4, "natural 60.0"),
        ("queue", 30.0, 5, "queue 30.0"),
        ("queue", 60.0, 2, "queue 60.0"),
    ]
)
HITS = st.lists(
    st.tuples(
        st.sampled_from(["first", "second"]), st.sampled_from(["+1", "+2"]), st.integers(1, 3)
    ),
    max_size=2,
    unique_by=lambda hit: hit[0],
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),  # which node
        st.sampled_from([0.0, 0.0, 0.1, 1.0, 9.3, 31.0, 61.0, -2.2, -33.0, -70.0]),
        st.fixed_dictionaries({"first": KINDS, "second": KINDS}),  # which may change
        st.lists(HITS, min_size=1, max_size=3),
        st.sampled_from([None, None, 0.07, 0.5]),
    ),
    min_size=1,
    max_size=20,
)


def hits(raw, kinds, now):
    found = []
    for limit, window, cost in raw:
        kind, seconds, permits, identity = kinds[limit]
        start = now // seconds * seconds if kind == "natural" else now
        weight = cost if kind == "queue" else 1
        more = (kind, permits, seconds, start, weight, identity)
        found.append(Hit("twilio", limit, window, *more))
    return found


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_nodes_together_do_what_memory_does(engine, node, steps):
    """Windows of all kinds, money, clocks that are set back: the same is kept and refused, with
    the same times, and the same is left."""
    engine.client().flushall()
    memory, nodes, now = MemoryStore(), (node(), node()), NOW
    for one in (memory, nodes[0]):
        one.save("a", "balance", 3)
    for step, (which, seconds, kinds, drafts, price) in enumerate(steps):
        now += seconds
        wanted = [
            (hits(raw, kinds, now), message(f"m{step}-{n}", f"+{n}", now))
            for n, raw in enumerate(drafts)
        ]
        costs = [] if price is None else [Cost(price, price)] * len(wanted)

        assert memory.admit("a", wanted, now, costs) == nodes[which].admit("a", wanted, now, costs)
        other = nodes[1 - which]
        assert memory.load("a", "balance") == other.load("a", "balance")
        assert sorted(memory.headroom("a", now)) == sorted(other.headroom("a", now))
    assert memory.select("a", Selection(limit=99)) == nodes[0].select("a", Selection(limit=99))


@pytest.mark.parametrize("kind", ["rolling", "queue"])
def test_a_window_with_many_hits_is_the_same(node, kind):
    """Where a row is long it is kept otherwise, also when the clock is set back in the middle."""
    memory, store = MemoryStore(), node()
    for n in range(200):
        now = NOW + (n if n % 50 else n - 90)
        hit = Hit("twilio", "limit", "+1", kind, 150, 400.0, now, 1, kind)
        wanted = [([hit], message(f"m{n}", at=now))]
        assert memory.admit("a", wanted, now) == store.admit("a", wanted, now), n
    assert memory.headroom("a", NOW + 200) == store.headroom("a", NOW + 200)
    store.clear("a")
    assert [] == store.headroom("a", NOW + 200)


def test_many_windows_and_limits_are_forgotten_as_in_memory(node):
    """Generations turn, slices and limits that are over go first."""
    memory, store = MemoryStore(), node()
    for n in range(2300):
        now = NOW + n
        kind = ("rolling", "natural", "queue")[n % 3]
        wide = Hit("twilio", kind, f"+{n}", kind, 1, 50.0, now // 50 * 50, 1, kind)
        other = Hit("tables", f"limit {n}", "+1", "rolling", 1, 50.0, now, 1, "own")
        wanted = [([wide, other], message(f"m{n}", at=now))]
        assert memory.admit("a", wanted, now) == store.admit("a", wanted, now), n
    for now in (NOW + 2300, NOW + 1200, NOW + 900, NOW + 10):
        assert sorted(memory.headroom("a", now, 9000)) == sorted(store.headroom("a", now, 9000))


def test_a_long_row_stays_while_its_generation_turns_in_the_same_step(node):
    """It was opened before, and is still found when the next one has turned."""
    memory, store = MemoryStore(), node()

    def step(at, *windows):
        given = ("rolling", 100, 50.0, at, 1, "r")
        wanted = [
            ([Hit("twilio", "r", window, *given)], message(f"{window} {at}", at=at))
            for window in windows
        ]
        assert memory.admit("a", wanted, at) == store.admit("a", wanted, at)

    others = [f"+{n}" for n in range(1100)]
    step(NOW, *["long"] * 70, *others)
    step(NOW + 60, "new", "long")
    step(NOW + 61, *others)
    step(NOW + 115, "newer")
    step(NOW + 65, "long")
    (now_used,) = [one.used for one in store.headroom("a", NOW + 65, 9000) if one.window == "long"]
    assert 2 == now_used
    wanted = (NOW + 65, 9000)
    assert sorted(memory.headroom("a", *wanted)) == sorted(store.headroom("a", *wanted))


def test_what_one_node_does_the_others_find(node):
    """Settings, accounts, sets, nonces, counters, leases and a reset, in the next step."""
    a, b = node(), node()
    assert (0, []) == (a.kept(), a.holders("", 9))
    a.put_account({"id": "x", "credentials": {}}, [("twilio", "AC1")])
    assert ("x", ["x"]) == (b.account_of("twilio", "AC1"), b.accounts())
    with pytest.raises(ValueError, match="'AC1' belongs to account 'x'"):
        b.put_account({"id": "y"}, [("twilio", "AC1")])
    for n in range(3):
        (a, b)[n % 2].update("x", "d", lambda kept: {"n": kept["n"] + 1 if kept else 1})
    assert {"n": 3} == a.load("x", "d") == b.load("x", "d")
    assert a.load("x", "d") is a.load("x", "d")

    assert (True, False) == (a.once("x", "n", NOW, NOW + 9), b.once("x", "n", NOW + 1, NOW + 9))
    assert (1, 2) == (a.count("x", "c"), b.count("x", "c"))
    a.include("x", "s", ["one"], 9)
    lease = a.lease("x", "requests", NOW + 9)
    assert (True, 1, 1) == (
        b.includes("x", "s", "one"),
        b.size("x", "s"),
        b.leased("x", "requests", NOW),
    )
    b.release("x", "requests", lease)
    assert 0 == a.leased("x", "requests", NOW)

    a.clear("x")
    assert (None, False) == (b.load("x", "d"), b.includes("x", "s", "one"))
    a.drop_account("x")
    assert (None, []) == (b.account_of("twilio", "AC1"), b.accounts())


def test_an_account_that_is_dropped_leaves_no_key(engine, node):
    """Nor does a node remember it."""
    a = node(journal=3)
    for name in ("x", "y"):
        a.put_account({"id": name, "credentials": {}}, [("twilio", f"AC{name}")])
        limits = [
            Hit("twilio", kind, "+1", kind, 200, 60.0, NOW, 1, kind)
            for kind in ("rolling", "natural", "queue")
        ]
        for n in range(70):
            a.admit(name, [(limits, message(f"m{n}"))], NOW + n)
        a.save(name, "d", 1)
        a.include(name, "s", ["one"], 9)
        a.lease(name, "requests", NOW)
        a.once(name, "n", NOW, NOW + 9)
        a.count(name, "c")
        a.plan(name, NOW, ["m1"])
        a.plan(name, NOW, ["m2"])
        a.due(name, NOW, 1)
        a.record(name, b"1", "log")
        a.record(name, b"1", REQUESTS, VIOLATIONS)
        assert [] != a.records(name, VIOLATIONS)
    client = engine.client()
    assert 15 < len(client.keys("sms:{x}:*"))
    a.clear("x")
    assert {b"sms:{x}:leases-made", b"sms:{x}:leases", b"sms:{x}:leases:requests"} < {
        *client.keys("sms:{x}:*")
    }
    a.drop_account("x")

    assert [] == client.keys("sms:{x}:*")
    assert ["y"] == a.accounts()
    assert "x" not in a._heads
    assert [b"y"] == client.zrange("sms:{#}:worlds", 0, -1)


def test_two_nodes_that_change_a_document_lose_nothing(node):
    """What the other did in between is seen by a second call."""
    a, b = node(), node()
    a.save("x", "d", [1])
    between = iter([lambda: b.update("x", "d", lambda kept: [*kept, 2]), lambda: None])

    def change(kept):
        next(between)()
        return [*kept, 3]

    assert [1, 2, 3] == a.update("x", "d", change)
    assert [1, 2, 3] == b.load("x", "d")


def test_a_watcher_sees_what_another_node_keeps(node):
    """Up to its own next look at the engine, in order, and nothing twice."""
    a, b = node(), node()
    seen, news, rung = [], [], []
    stop = a.watch("x", lambda one: seen.append(one.id))
    a.on_news(news.append)
    a.on_plan(rung.append)
    a.newest("x")
    for n in range(3):
        (b, a)[n % 2].admit("x", [((), message(f"m{n}"))], NOW)
    b.plan("x", NOW, ["m1"])
    b.ring("y")
    a.newest("x")
    stop()
    b.admit("x", [((), message("late"))], NOW)
    a.newest("x")

    assert ["m0", "m1", "m2"] == seen
    assert {"x"} == set(news)
    assert ["x", "y"] == rung


def test_what_a_dead_node_took_is_due_again(node):
    """Another one sees that it says nothing any more, and not because the engine was away."""
    a, b = node(), node()
    a.admit("x", [((), message("m1"))], NOW)
    a.plan("x", NOW, ["m1", 0])
    a.beat()
    (taken,) = a.due("x", NOW, 9)
    assert (["m1", 0], []) == (taken.item, b.due("x", NOW, 9))
    for _ in range(20):
        a.beat(), b.beat()
    assert [] == b.due("x", NOW, 9)

    for _ in range(5):
        b.beat()
    assert [["m1", 0]] == [one.item for one in b.due("x", NOW, 9)]
    a.done("x", taken.number)
    assert [] == a.due("x", NOW, 9)


def test_an_engine_that_was_emptied_is_empty(engine, node):
    """Nodes know nothing of before, also where numbers have begun anew."""
    a = node()
    a.put_account({"id": "x", "credentials": {}}, [("twilio", "AC1")])
    a.save("x", "d", 1)
    a.include("x", "s", ["one"], 9)
    assert 1 == a.load("x", "d")
    engine.client().flushall()

    assert (None, [], False) == (a.load("x", "d"), a.accounts(), a.includes("x", "s", "one"))
    a.save("x", "e", 2)
    assert (None, 2) == (a.load("x", "d"), a.load("x", "e"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.count("x", "c"),  # one command
        lambda store: store.save("x", "d", 1),  # a script
        lambda store: store.beat(),  # several commands
    ],
)
def test_an_engine_that_refuses_is_away(engine, node, ask):
    """Whatever it is asked by, as where it has no memory left; nothing is done."""
    store, client = node(), engine.client()
    assert [] == store.accounts()
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unavailable, match="refuses: OOM"):
            ask(store)
    finally:
        client.config_set("maxmemory", 0)
    assert [] == client.keys("*")


def test_what_an_engine_has_lost_of_what_is_known_comes_as_something_else(engine, node):
    """As where it was restarted, or a replica took its place: a version may come a second time."""
    a = node()
    a.save("x", "d", 1)
    assert 1 == a.load("x", "d")
    engine.client().hset("sms:{x}:settings", "d", "2")
    assert 1 == a.load("x", "d")
    a._reached(lambda account: account == "x")

    assert 2 == a.load("x", "d")


def test_scripts_that_the_engine_forgot_are_sent_again(engine, node):
    """And done once."""
    a = node()
    a.admit("x", [((), message("m1"))], NOW)
    engine.client().script_flush()
    a.record("x", b"1", REQUESTS)
    a.admit("x", [((), message("m2"))], NOW)

    assert ["m2", "m1"] == [one.id for one in a.select("x", Selection()).messages]
    assert [(1, b"1")] == a.records("x", REQUESTS)


def test_entries_of_one_turn_go_in_one_call(engine, node):
    """Of several logs, in order, numbered as one; and what comes later than they left goes after
    them."""
    a, client = node(journal=4), engine.client()
    a.records("x", REQUESTS)
    client.config_resetstat()
    for n in range(3):
        a.record("x", b"%d" % n, REQUESTS, *([VIOLATIONS] if n == 1 else []))
        a.record("x", b"log %d" % n, "log")
    assert [(1, b"0"), (3, b"1"), (5, b"2")] == a.records("x", REQUESTS)
    assert [(3, b"1")] == a.records("x", VIOLATIONS)
    assert 1 == client.info("commandstats")["cmdstat_evalsha"]["calls"]

    for n in range(250):
        a.record("x", b"%d" % n, REQUESTS)
    assert [(253 + n, b"%d" % (246 + n)) for n in range(4)] == a.records("x", REQUESTS)
    assert [(2, b"log 0"), (4, b"log 1"), (6, b"log 2")] == a.records("x", "log")


def test_what_begins_sure_of_its_settings_does_not_wait_for_them(node):
    """One question for all that begin in a turn, and what another node was told is known; of more
    accounts than are asked for together each asks for itself, and begins at once."""
    a, b = node(), node()
    a.save("x", "d", 1)
    loaded = []

    def work(account):
        before = a.engine.turn
        loaded.append((a.load(account, "d"), a.engine.turn == before))

    async def begun(*accounts):
        before = len(loaded)
        for account in accounts:
            a.begin(work, account)
        entered = len(loaded) - before
        while len(loaded) < before + len(accounts):
            await asyncio.sleep(0)
        return entered, loaded[before:]

    async def served():
        async with a.attached():
            await begun("x")
            assert (0, [(1, True)] * 3) == await begun("x", "x", "x")
            await asyncio.to_thread(b.save, "x", "d", 2)
            assert (0, [(2, False)]) == await begun("x")
            assert (0, [(2, True)]) == await begun("x")
            await begun(*[f"other {n}" for n in range(20)])
            assert 2 == (await begun("x"))[1][0][0]
            at_once = []
            a.begin(at_once.append, "begun")
            assert ["begun"] == at_once

    asyncio.run(served())


def test_plans_about_what_is_gone_go(engine, node):
    """A clock that stands still makes none due."""
    store = node(keep=10)
    for n in range(300):
        store.admit("x", [((), message(f"m{n}"))], NOW)
        store.plan("x", NOW + 300 - n, [f"m{n}"])

    assert engine.client().zcard("sms:{x}:plans") < 40
    kept = {f"m{n}" for n in range(290, 300)}
    assert kept <= {item[0] for _at, item in store.planned("x", 99)}


def test_many_documents_are_asked_for_when_they_are_wanted(node):
    """A node that comes later need not read all of them."""
    a, b = node(), node()
    for n in range(150):
        a.save("x", f"d{n}", n)

    assert list(range(150)) == [b.load("x", f"d{n}") for n in range(150)]
    assert b.load("x", "none") is None
    assert 150 == b.update("x", "d149", lambda kept: kept + 1)


def test_a_code_and_a_reply_are_kept_as_in_memory(node):
    """Also where there is no code, and text that JSON writes otherwise."""
    memory, store = MemoryStore(), node()
    for n, text in enumerate(('"\\ 1234 \u2028', "no code", "验证码 4321 😀", "")):
        one = message(f"m{n}", details={"a": [1.5, None]})._replace(text=text, operation=INBOUND)
        assert memory.admit("a", [((), one)], NOW) == store.admit("a", [((), one)], NOW)
    wanted = Selection(inbound=None, provider="twilio", sender="Acme")
    assert memory.select("a", wanted) == store.select("a", wanted)


def test_who_has_no_engine_loads_nothing_of_it():
    """Modules of the extra are imported where a store is opened, and in no other module's head."""
    package = Path(simulators.__file__).parent
    own = package / "store" / "valkey"
    apart = {own / name for name in ("address.py", "__init__.py", "scripts.py", "heads.py")}
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            module = getattr(node, "module", None) or ""
            names = {alias.name for alias in getattr(node, "names", [])}
            of_ours = module.startswith("simulators.store.valkey.") or (
                module == "simulators.store.valkey" and names & {"store", "green", "engine", "line"}
            )
            if of_ours or {module, *names} & {"greenlet", "libvalkey"}:
                found.add(path)
    assert {own / "store.py", own / "green.py"} < found
    assert {package / "server" / "waiting.py"} == {p for p in found if p.parent != own}
    assert not found & apart - {own / "scripts.py"}
