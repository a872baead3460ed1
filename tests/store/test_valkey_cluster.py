"""Nodes on a Cluster: each account is at one of its engines, which may change while they serve."""

import contextlib
import os
import signal

import pytest

from simulators.kernel.message import Message
from simulators.kernel.store import Selection, Unavailable

NOW = 1_800_000_000.0


def message(id_, to="+1", at=NOW):
    return Message(id_, "twilio", "send", to, "Acme", "Your code is 123456", 1, at, "number")


@contextlib.contextmanager
def nodes_of(cluster, url=""):
    """Makes nodes on a Cluster."""
    from simulators.store.valkey import address
    from simulators.store.valkey.store import ValkeyStore

    made = []

    def make():
        made.append(ValkeyStore(address.read(url or cluster.url())))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def node(cluster):
    """Makes nodes on a Cluster that is empty at first."""
    cluster.empty()
    with nodes_of(cluster) as make:
        yield make


@pytest.fixture
def spread(cluster):
    """The name of an account at each primary."""
    names = {}
    for n in range(100):
        names.setdefault(cluster.at(f"x{n}"), f"x{n}")
    return [names[number] for number in range(3)]


def keep(store, account, *ids):
    for one in ids:
        store.admit(account, [((), message(one))], NOW)


def ids(store, account):
    return [one.id for one in store.select(account, Selection()).messages]


def moving(cluster, account, source, target):
    """Has an account's slot under way from one engine to another."""
    slot = cluster.client(0).execute_command("CLUSTER KEYSLOT", account)
    for number, other, state in ((target, source, "IMPORTING"), (source, target, "MIGRATING")):
        command = ("CLUSTER SETSLOT", slot, state, cluster.id(other))
        cluster.client(number).execute_command(*command)
    return slot


def carry(cluster, slot, source, target):
    """Carries its keys."""
    client, port = cluster.client(source), cluster.engines[target].port
    for key in client.execute_command("CLUSTER GETKEYSINSLOT", slot, 1000):
        client.execute_command("MIGRATE", "127.0.0.1", port, key, 0, 5000)


def moved(cluster, slot, *numbers):
    """Says to engines that the last of them has it, whose word counts."""
    for number in reversed(numbers):
        cluster.client(number).execute_command(
            "CLUSTER SETSLOT", slot, "NODE", cluster.id(numbers[-1])
        )
    cluster.settle()


def move(cluster, account, source, target):
    slot = moving(cluster, account, source, target)
    carry(cluster, slot, source, target)
    moved(cluster, slot, source, target)


def test_a_slot_is_what_the_engine_says(cluster):
    """Of all keys of an account."""
    from simulators.store.valkey.cluster import slot

    for name in ("a", "#", "strangers", "a-long.name_of-64." * 3, "é"):
        key = f"sms:{{{name}}}:messages"
        assert cluster.client(0).execute_command("CLUSTER KEYSLOT", key) == slot(name), name


def test_accounts_are_spread_and_asked_for_together(cluster, node, spread):
    """What is about all of them is put together, in order."""
    a, b = node(), node()
    for n, name in enumerate(spread):
        a.put_account({"id": name, "credentials": {}}, [("twilio", f"AC{n}")])
        keep(b, name, *[f"m{m}" for m in range(n + 1)])
        b.save(name, "d", n)

    assert ([1, 2, 3], 6) == ([a.kept(name) for name in spread], a.kept())
    assert sorted(spread) == sorted(a.holders("+1", 9)) == sorted(a.holders("", 9))
    assert [0, 1, 2] == [a.load(name, "d") for name in spread]
    assert spread == [b.account_of("twilio", f"AC{n}") for n in range(3)]
    for number, name in enumerate(spread):
        assert cluster.client(number).hlen(f"sms:{{{name}}}:messages") == number + 1
    for name in spread:
        a.drop_account(name)
    assert ([], 0, []) == (b.accounts(), b.kept(), b.holders("", 9))


def test_a_watcher_sees_what_another_node_keeps_wherever_the_account_is(node, spread):
    """In order and nothing twice, up to its own next look at the account."""
    a, b = node(), node()
    seen, news, rung = [], [], []
    a.on_plan(rung.append)
    stop = a.on_news(news.append)
    for name in spread:
        a.watch(name, lambda one, name=name: seen.append((name, one.id)))
        for n in range(4):
            keep((b, a)[n % 2], name, f"m{n}")
        a.newest(name)
    b.ring("y")
    while "y" not in rung or {*spread} != {*news}:  # which come over the engines' own ways
        a.beat()
    stop()

    assert [(name, f"m{n}") for name in spread for n in range(4)] == seen


def test_an_account_that_is_moved_is_found(cluster, node, spread):
    """Nodes ask where they are led to; who watches it goes on to."""
    a, b = node(), node()
    name, (source, target) = spread[1], (1, 2)
    seen = []
    a.watch(name, lambda one: seen.append(one.id))
    b.save(name, "d", 1)
    keep(b, name, "m0")
    move(cluster, name, source, target)
    try:
        keep(b, name, "m1")
        assert ["m1", "m0"] == ids(a, name)
        a._reached(lambda account: account == name)  # as the loop that serves does it
        assert [1, 1] == [a.load(name, "d"), b.load(name, "d")]
        assert 1 == b.count(name, "c")
        keep(b, name, "m2")
        assert 1 == a.counted(name, "c")
    finally:
        move(cluster, name, target, source)
    assert 2 == a.count(name, "c")
    a._reached(lambda account: account == name)
    keep(b, name, "m3")
    a.newest(name)

    assert ["m3", "m2", "m1", "m0"] == ids(a, name) == ids(b, name)
    assert {"m0", "m1", "m2", "m3"} == {*seen}


def test_an_account_that_is_moved_at_once_is_refused_nothing(cluster, node, spread):
    """As Valkey does it from 9 on, while it is sent to; and who watches it misses nothing."""
    if not cluster.client(0).execute_command("COMMAND DOCS", "cluster|migrateslots"):
        pytest.skip("this engine moves slots key by key")
    a, b, watching = node(), node(), node()
    name, kept, seen = spread[2], [], []
    watching.watch(name, lambda one: seen.append(one.id))
    slot = cluster.client(0).execute_command("CLUSTER KEYSLOT", name)
    for source, target in ((2, 0), (0, 2)):
        command = ("CLUSTER MIGRATESLOTS SLOTSRANGE", slot, slot, "NODE", cluster.id(target))
        cluster.client(source).execute_command(*command)
        while not is_at(cluster, slot, target):
            kept.append(f"m{len(kept)}")
            keep((a, b)[len(kept) % 2], name, kept[-1])
        keep(b, name, f"behind-{target}")
        kept.append(f"behind-{target}")
        cluster.settle()
        watching.newest(name)
        watching._reached(lambda _account: True)

    assert [*reversed(kept)] == [one.id for one in a.select(name, Selection(limit=9999)).messages]
    assert {*kept} == {*seen}


def is_at(cluster, slot, number):
    """Whether an engine has a slot by its own word."""
    port = cluster.engines[number].port
    told = cluster.client(number).execute_command("CLUSTER SLOTS")
    return any(row[0] <= slot <= row[1] and row[2][1] == port for row in told)


def test_an_account_on_its_way_is_refused_and_stays_whole(cluster, node, spread):
    """Key by key, as engines before Valkey 9 do it: nothing is made twice, and others go on."""
    a = node()
    name = spread[0]
    keep(a, name, "m0")
    a.count(name, "c")
    slot = moving(cluster, name, 0, 1)
    for carried in (False, True):
        with pytest.raises(Unavailable, match="refuses: ASK"):
            keep(a, name, "m1")
        keep(a, spread[1], f"m{carried}")
        if not carried:
            carry(cluster, slot, 0, 1)
    with pytest.raises(Unavailable, match="refuses: ASK"):
        a.count(name, "c")
    moved(cluster, slot, 0, 1)
    try:
        keep(a, name, "m2")
        assert (["m2", "m0"], 2) == (ids(a, name), a.count(name, "c"))
    finally:
        move(cluster, name, 1, 0)
    assert ["m2", "m0"] == ids(a, name)


def test_a_slot_that_nobody_has_is_looked_for_again(cluster, spread):
    """As at a start, while engines do not know each other yet."""
    slot = cluster.client(0).execute_command("CLUSTER KEYSLOT", spread[1])
    for number in range(3):
        cluster.client(number).execute_command("CLUSTER DELSLOTS", slot)
    try:
        with nodes_of(cluster) as make:
            store = make()
            with pytest.raises(Unavailable, match="some slots are at no engine"):
                keep(store, spread[1], "m0")
            keep(store, spread[0], "m0")
            cluster.client(1).execute_command("CLUSTER ADDSLOTS", slot)
            cluster.settle()
            keep(store, spread[1], "m0")
            store.engine.check()
    finally:
        cluster.settle()


def test_of_a_primary_that_is_away_its_accounts_are(cluster, node, spread):
    """Others go on, and it is told which one it is."""
    a = node()
    for name in spread:
        keep(a, name, "m0")
    process = cluster.engines[2]._process.pid
    os.kill(process, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match=f":{cluster.engines[2].port}/0 is away: no answer"):
            keep(a, spread[2], "m1")
        keep(a, spread[1], "m1")
        with pytest.raises(Unavailable, match=f":{cluster.engines[2].port}/0 is away"):
            a.engine.check()
    finally:
        os.kill(process, signal.SIGCONT)
    keep(a, spread[2], "m2")
    a.engine.check()
    assert ["m2", "m0"] == [
        one for one in ids(a, spread[2]) if one != "m1"
    ]  # of which nobody knows


def test_scripts_that_an_engine_forgot_are_sent_again(cluster, node, spread):
    """Wherever they are asked for, and done once."""
    a = node()
    for number, name in enumerate(spread):
        keep(a, name, "m1")
        cluster.client(number).script_flush()
        keep(a, name, "m2")
        assert ["m2", "m1"] == ids(a, name)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_of_them_leads_to_all(cluster, spread, seed):
    """Also where they say of themselves no more than that they are those which were asked, or have
    names; and a password is theirs all."""
    cluster.empty()
    kinds = ("ip", "unknown-endpoint", "hostname")
    clients = [cluster.client(number) for number in range(3)]
    for client in clients:
        client.config_set("cluster-announce-hostname", "localhost")
        client.config_set("cluster-preferred-endpoint-type", kinds[seed])
        client.config_set("requirepass", "open sesame")
    try:
        url = f"redis://:open%20sesame@127.0.0.1:{cluster.engines[seed].port}"
        with nodes_of(cluster, url) as make:
            store = make()
            for name in spread:
                keep(store, name, "m0")
            assert 3 == store.kept()
    finally:
        for client in clients:
            client.config_set("requirepass", "")
            client.config_set("cluster-preferred-endpoint-type", "ip")
            client.config_set("cluster-announce-hostname", "")


def test_lines_are_alike():
    """TLS, user, password and certificates are those of the URL, whichever engine it is."""
    from simulators.store.valkey import address
    from simulators.store.valkey.cluster import _place

    seed = address.read("valkeys://me:hush@h:7000?cafile=/ca")
    other = _place(b"::1", 7001, seed)
    assert ("::1", 7001, "me", "hush", True, "/ca") == (
        *(other.host, other.port, other.user, other.password, other.tls, other.cafile),
    )
    assert ["h", "h", "h"] == [_place(name, 7001, seed).host for name in (b"", b"?", None)]
    socket = address.read("unix:///run/s")
    assert ("127.0.0.1", "") == (_place(None, 7001, socket).host, _place(None, 1, socket).path)


def test_a_cluster_has_one_database(command, cluster):
    """Another one ends a start in a sentence."""
    done = command("serve", "--store", f"{cluster.url()}/3")

    assert 2 == done.returncode
    assert "the database: ERR" in done.stderr
    assert "a Cluster has 0" in done.stderr
    assert 1 == len(done.stderr.splitlines())
