"""What every store does: the promises of `Store` one by one, and all together against a model."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from simulators.kernel.flow import Hit
from simulators.kernel.journal import REQUESTS, VIOLATIONS
from simulators.kernel.message import Message, Step
from simulators.kernel.store import LOOKED_AT, Cost, Selection
from simulators.store.compaction import compact
from simulators.store.file import FileStore
from simulators.store.memory import JOURNAL, KEEP, MemoryStore
from simulators.store.strict import StrictStore

NOW = 1_800_000_000.0


@contextmanager
def in_memory(kind=MemoryStore):
    """Makes empty stores, with their bounds."""
    yield kind


@contextmanager
def in_a_file(kind=FileStore):
    """The same, each in a file of its own."""
    made = []
    with TemporaryDirectory() as folder:

        def make(**bounds):
            made.append(kind(Path(folder) / f"data-{len(made)}", **bounds))
            return made[-1]

        try:
            yield make
        finally:
            for store in made:
                store.close()


class Reopened:
    """A file store that is read anew before each operation (of many, before some), until one asks
    for what ends with a process; or its file is made shorter as well."""

    ENDING = ("watch", "on_news", "on_plan", "lease", "release", "leased", "due", "close")

    def __init__(self, path, shortened=False, keep=KEEP, journal=JOURNAL):
        self.path, self.shortened, self.bounds = path, shortened, (keep, journal)
        self.store = FileStore(path, *self.bounds)
        self.lasting, self.asked = False, 0

    def __getattr__(self, name):
        self.lasting = self.lasting or name in self.ENDING
        self.asked += 1
        if not self.lasting and (self.asked < 50 or self.asked % 250 == 0):
            self.store.close()
            if self.shortened:
                self.shorten()
            self.store = FileStore(self.path, *self.bounds)
        return getattr(self.store, name)

    def shorten(self):
        shorter = self.path.with_suffix(".shorter")
        with shorter.open("wb") as file:
            compact(self.path, file.fileno(), self.path.stat().st_size, *self.bounds)
        shorter.rename(self.path)


LOCAL = {
    "memory": in_memory,
    "strict": partial(in_memory, StrictStore),
    "file": in_a_file,
    "reopened": partial(in_a_file, Reopened),
    "shortened": partial(in_a_file, partial(Reopened, shortened=True)),
}
STORES = [*LOCAL, "valkey", "cluster"]


@pytest.fixture(params=STORES)
def make(request):
    """Makes an empty store, with its bounds."""
    if request.param in LOCAL:
        with LOCAL[request.param]() as made:
            yield made
        return
    from simulators.store.valkey import address
    from simulators.store.valkey.store import ValkeyStore

    opened = []
    if request.param == "cluster":
        several = request.getfixturevalue("cluster")
        url, empty = several.url(), several.empty
    else:
        server = request.getfixturevalue("engine")
        url, empty = f"unix://{server.unix_socket_path}", server.client().flushall

    def emptied(**bounds):
        empty()
        opened.append(ValkeyStore(address.read(url), **bounds))
        return opened[-1]

    yield emptied
    for one in opened:
        one.engine.close()


@pytest.fixture
def store(make):
    """An empty store with generous bounds."""
    return make()


def message(id_, to="+15550000001", at=NOW, **more):
    fields = {"sender": "+15005550006", "text": "Your code is 123456", "segments": 1}
    fields |= {"provider": "twilio", "operation": "create-message", "lifecycle": "number", **more}
    return Message(id=id_, to=to, at=at, **fields)


def hit(limit="minute", window="+15550000001", permits=1, seconds=60.0, **more):
    fields = {"scope": "twilio", "kind": "rolling", "start": NOW, **more}
    return Hit(limit=limit, window=window, permits=permits, seconds=seconds, **fields)


def keep(store, *messages, account="a"):
    return [store.admit(account, [((), m)], m.at)[0].message for m in messages]


def ids(messages):
    return [m.id for m in messages]


def chosen(store, account, selection):
    """All that is selected, or as many as its limit says, however many looks that takes."""
    found, left = [], selection.limit
    while True:
        some, following = store.select(account, selection)
        found += some
        left -= len(some)
        if not following or left <= 0:
            return found
        place = "after" if selection.oldest_first else "before"
        selection = replace(selection, limit=left, **{place: following})


def test_finds_an_account_by_its_id_and_by_each_credential(store):
    """An account document comes back as it was put, under its id and its credential pairs."""
    document = {"id": "a", "credentials": {"twilio": {"sid": "AC1"}}, "seed": ""}
    store.put_account(document, [("twilio", "AC1"), ("vonage", "k")])

    assert document == store.account("a")
    assert store.account("b") is None
    assert store.account_of("twilio", "AC1") == "a"
    assert store.account_of("vonage", "k") == "a"
    assert store.account_of("vonage", "AC1") is None


def test_a_credential_belongs_to_one_account_only(store):
    """Putting a second account with a credential of the first is a `ValueError`, and no change."""
    store.put_account({"id": "a"}, [("twilio", "AC1")])

    with pytest.raises(ValueError, match="'AC1' belongs to account 'a'"):
        store.put_account({"id": "b"}, [("vonage", "k"), ("twilio", "AC1")])

    assert store.account("b") is None
    assert store.account_of("vonage", "k") is None
    assert store.account_of("twilio", "AC1") == "a"


def test_putting_an_account_again_replaces_its_credentials(store):
    """The credentials an account no longer has lead nowhere."""
    store.put_account({"id": "a"}, [("twilio", "old"), ("vonage", "k")])
    store.put_account({"id": "a"}, [("twilio", "new")])

    assert store.account_of("twilio", "new") == "a"
    assert store.account_of("twilio", "old") is None
    assert store.account_of("vonage", "k") is None
    assert ["a"] == store.accounts()


def test_lists_accounts_oldest_first(store):
    """`accounts` keeps the order in which they came."""
    for name in ("c", "a", "b"):
        store.put_account({"id": name}, [])

    assert ["c", "a", "b"] == store.accounts()


def test_dropping_an_account_forgets_it_and_its_world(store):
    """Neither account, credentials, messages, settings, windows nor journal are left."""
    store.put_account({"id": "a"}, [("twilio", "AC1")])
    store.admit("a", [([hit()], message("m1"))], NOW)
    store.save("a", "limits", "off")
    store.record("a", b"{}", REQUESTS, VIOLATIONS)

    assert store.drop_account("a") is True
    assert store.drop_account("a") is False
    assert store.account("a") is None
    assert store.account_of("twilio", "AC1") is None
    assert store.find("a", "m1") is None
    assert store.load("a", "limits") is None
    assert [] == store.headroom("a", NOW)
    assert [] == store.records("a", REQUESTS)


def test_a_kept_message_comes_back_whole(store):
    """Every field survives, a lifecycle of its own steps included; the store adds its place."""
    lifecycle = (Step(0, "accepted"), Step(0.5, "failed", "30003"))
    sent = message("m1", text="验证码 1234 😀é", lifecycle=lifecycle, callback="http://c")
    sent = sent._replace(details={"service": "MG1", "tags": ["x"]}, template="t", segments=3)
    (kept,) = keep(store, sent)

    assert sent._replace(sequence=1) == kept
    assert kept.code == "1234"
    assert kept == store.find("a", "m1")


def test_numbers_messages_and_links_each_to_the_one_before_it(store):
    """`sequence` counts the account's messages, `previous` is the last one to the same number."""
    kept = keep(store, message("m1"), message("m2", to="+2"), message("m3"), message("m4", to="+2"))

    assert [(1, 0), (2, 0), (3, 1), (4, 2)] == [(m.sequence, m.previous) for m in kept]
    assert store.newest("a") == 4
    assert store.newest("b") == 0


def test_the_sequence_goes_on_after_removals(store):
    """`newest` is the newest message ever kept, so a reader's cursor never goes back."""
    keep(store, message("m1"), message("m2"))
    store.remove("a", "m2")
    assert store.newest("a") == 2

    store.remove_all("a")
    (kept,) = keep(store, message("m3"))

    assert kept.sequence == 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Selection(), ["m4", "m3", "m2", "m1"]),
        (Selection(limit=2), ["m4", "m3"]),
        (Selection(limit=0), []),
        (Selection(to="+1"), ["m4", "m1"]),
        (Selection(to="+9"), []),
        (Selection(provider="vonage"), ["m3", "m2"]),
        (Selection(to="+1", provider="vonage"), []),
        (Selection(sender="Acme"), ["m3"]),
        (Selection(since=NOW + 2), ["m4", "m3"]),
        (Selection(until=NOW + 2), ["m3", "m2", "m1"]),
        (Selection(since=NOW + 1, until=NOW + 2), ["m3", "m2"]),
        (Selection(before=3), ["m2", "m1"]),
        (Selection(before=99), ["m4", "m3", "m2", "m1"]),
        (Selection(after=2), ["m4", "m3"]),
        (Selection(to="+1", before=4), ["m1"]),
        (Selection(to="+1", after=1), ["m4"]),
        (Selection(before=4, after=1, limit=1), ["m3"]),
        (Selection(oldest_first=True, limit=2), ["m1", "m2"]),
        (Selection(oldest_first=True, after=1, before=4), ["m2", "m3"]),
        (Selection(oldest_first=True, to="+1", after=1), ["m4"]),
        (Selection(oldest_first=True, provider="vonage", limit=1), ["m2"]),
        (Selection(oldest_first=True, sender="Acme"), ["m3"]),
        (Selection(oldest_first=True, since=NOW + 1, until=NOW + 2), ["m2", "m3"]),
    ],
)
def test_selects_newest_first(store, wanted, expected):
    """Each field of a `Selection` narrows, all of them together."""
    keep(
        store,
        message("m1", to="+1", at=NOW),
        message("m2", to="+2", at=NOW + 1, provider="vonage"),
        message("m3", to="+3", at=NOW + 2, provider="vonage", sender="Acme"),
        message("m4", to="+1", at=NOW + 3),
    )

    assert expected == ids(chosen(store, "a", wanted))


def test_one_look_at_messages_is_bounded(store):
    """Where a thousand others stand before the one, the answer is where to go on: by time once the
    clock was set back, by sender, by number, and behind a page whose place is not known."""
    others = [message(f"m{n}", to="+1", at=NOW - n) for n in range(2 * LOOKED_AT)]
    keep(store, message("one", to="+1", provider="vonage"), message("last", to="+3"), *others)
    keep(store, message("far", to="+2", provider="vonage", sender="Acme", at=NOW + 1))
    wanted = [
        (Selection(since=NOW + 1, before=2 * LOOKED_AT + 3), []),
        (Selection(sender="+15005550006", provider="vonage"), ["one"]),
        (Selection(to="+1", provider="vonage"), ["one"]),
        (Selection(to="+1", before=2), ["one"]),
        (Selection(to="+3", oldest_first=True), ["last"]),
        (Selection(to="+1", since=NOW + 1), []),
    ]

    for selection, found in wanted:
        assert found == ids(chosen(store, "a", selection)), selection
    some, following = store.select("a", wanted[0][0])
    assert ([], True) == (some, 2 < following < 2 * LOOKED_AT)
    assert 50 == len(store.select("a", Selection()).messages)
    assert store.select("a", Selection(limit=2 * LOOKED_AT + 3)).following == 0


@pytest.mark.parametrize("to", ["", "+1"])
def test_selects_by_time_after_the_clock_was_set_back(store, to):
    """A later message with an earlier time hides nothing that is before it."""
    keep(store, message("m1", to="+1", at=NOW), message("m2", to="+1", at=NOW - 3600))

    assert ["m1"] == ids(chosen(store, "a", Selection(to=to, since=NOW)))


def test_changes_fields_of_a_message(store):
    """The changed message is returned and kept, the others stay as they were."""
    keep(store, message("m1"), message("m2"))
    changed = store.change("a", "m1", text="", details={"redacted": True})

    assert changed.text == ""
    assert changed == store.find("a", "m1")
    assert store.find("a", "m2").text == "Your code is 123456"
    assert store.change("a", "nobody", text="") is None


@pytest.mark.parametrize("gone", ["m1", "m2", "m3"])
def test_the_chain_to_a_number_holds_around_a_removed_message(store, gone):
    """First, middle or last may go: the others to the number are still found, newest first."""
    keep(store, message("m1"), message("x", to="+2"), message("m2"), message("m3"))

    assert store.remove("a", gone) is True
    assert store.remove("a", gone) is False
    assert store.find("a", gone) is None
    expected = [m for m in ("m3", "m2", "m1") if m != gone]
    assert expected == ids(chosen(store, "a", Selection(to="+15550000001")))
    keep(store, message("m4"))
    assert ["m4", *expected] == ids(chosen(store, "a", Selection(to="+15550000001")))


def test_forgets_all_messages_but_not_what_they_counted(store):
    """`remove_all` says how many there were; the windows stay hit."""
    store.admit("a", [([hit()], message("m1"))], NOW)
    keep(store, message("m2"))

    assert store.remove_all("a") == 2
    assert [] == chosen(store, "a", Selection())
    assert store.find("a", "m1") is None
    assert store.admit("a", [([hit()], message("m3"))], NOW)[0].full == hit()
    assert store.remove_all("a") == 0


def test_keeps_no_more_than_its_bound(make):
    """The oldest go first, and are found neither by id nor by number."""
    store = make(keep=3)
    keep(store, *[message(f"m{i}", to=f"+{i % 2}") for i in range(6)])

    assert ["m5", "m4", "m3"] == ids(chosen(store, "a", Selection()))
    assert ["m4"] == ids(chosen(store, "a", Selection(to="+0")))
    assert ["m5", "m3"] == ids(chosen(store, "a", Selection(to="+1")))
    assert store.find("a", "m2") is None


def test_the_bound_holds_after_removals_in_the_middle(make):
    """A removed message leaves room for one more; the chain to its number stays whole."""
    store = make(keep=3)
    keep(store, message("m1"), message("m2"), message("m3"))
    store.remove("a", "m2")
    keep(store, message("m4"))
    assert ["m4", "m3", "m1"] == ids(chosen(store, "a", Selection(to="+15550000001")))

    keep(store, message("m5"), message("m6"))

    assert ["m6", "m5", "m4"] == ids(chosen(store, "a", Selection(to="+15550000001")))
    assert ["m6", "m5", "m4"] == ids(chosen(store, "a", Selection()))


def test_a_full_window_keeps_nothing_of_the_step(store):
    """All of a batch or none: what was refused hits no window, and names what was full."""
    first = [([hit(window="+1")], message("m1", to="+1"))]
    store.admit("a", first, NOW)
    batch = [
        ([hit("hour", "+2", 9)], message("m2", to="+2")),
        ([hit("hour", "+1", 9), hit(window="+1")], message("m3", to="+1")),
    ]
    refused = store.admit("a", batch, NOW)

    assert [None, None] == [admission.message for admission in refused]
    assert [None, hit(window="+1")] == [admission.full for admission in refused]
    assert ["m1"] == ids(chosen(store, "a", Selection()))
    assert ["minute"] == [room.limit for room in store.headroom("a", NOW)]


def test_a_full_window_tells_when_it_has_room_again(store):
    """A slice when it ends, a rolling window when its oldest hit leaves, a queue once drained."""
    limits = [
        hit("slice", permits=2, kind="natural", start=NOW - 20),
        hit("rolling", permits=2),
        hit("queue", permits=6, kind="queue", cost=3),
    ]
    store.admit("a", [(limits, message("m1"))], NOW)
    store.admit("a", [(limits, message("m2"))], NOW + 5)

    refused = [store.admit("a", [([one], message("m3"))], NOW + 6)[0] for one in limits]

    assert [NOW + 40, NOW + 60, NOW + 30] == [admission.room for admission in refused]
    assert all(
        store.admit("a", [([r.full._replace(start=r.room)], message("m4"))], r.room)[0].message
        for r in refused
    )


def test_hits_of_one_window_may_have_several_times(store):
    """Each is held against what came in its own, however short that of those between; and none is
    forgotten by one that is in a hurry, be they many."""
    store.admit("a", [([hit(window="+0")], message("first"))], NOW)
    for number in range(1, 2200):
        quick = hit(window=f"+{number}", seconds=1.0)
        store.admit("a", [([quick], message(f"q{number}"))], NOW + number / 1000)
    asked = ((3, 60.0), (3, 2.0), (30, 5.0), (62, 60.0), (90.5, 60.0))
    taken = [
        store.admit("a", [([hit(window="+0", seconds=s)], message(f"m{at}"))], NOW + at)[0].message
        for at, s in asked
    ]

    assert [False, True, True, False, True] == [message is not None for message in taken]


def test_messages_of_one_step_count_against_each_other(store):
    """Two to one number in one step need room for two."""
    two = [([hit(permits=1)], message("m1")), ([hit(permits=1)], message("m2"))]
    assert [None, hit(permits=1)] == [a.full for a in store.admit("a", two, NOW)]

    two = [([hit(permits=2)], message("m1")), ([hit(permits=2)], message("m2"))]
    assert ["m1", "m2"] == [a.message.id for a in store.admit("a", two, NOW)]
    assert store.admit("a", [([hit(permits=2)], message("m3"))], NOW)[0].message is None


def test_windows_of_two_providers_are_two(store):
    """A limit of the same name and value under another provider counts for itself, and does not
    turn over the other's windows."""
    day = hit("window", seconds=86_400.0)
    second = hit("window", seconds=1.0, scope="vonage")
    store.admit("a", [([day], message("m1"))], NOW)
    store.admit("a", [([second], message("m2"))], NOW)
    store.admit("a", [([second], message("m3"))], NOW + 10)
    store.admit("a", [([second], message("m4"))], NOW + 20)

    assert store.admit("a", [([day], message("m5"))], NOW + 30)[0].full == day


def test_headroom_lists_every_window_in_use(store):
    """Permits, what is used of them and when the window is empty again."""
    rolling = hit("minute", "+1", 5)
    natural = hit("day", "+1", 9, 86_400.0, kind="natural", start=NOW - 100)
    queue = hit("queue", "+15005550006", 60, 60.0, kind="queue", cost=3)
    store.admit("a", [([rolling, natural, queue], message("m1"))], NOW)

    assert {
        ("twilio", "minute", "+1", 5, 1, NOW + 60),
        ("twilio", "day", "+1", 9, 1, NOW - 100 + 86_400),
        ("twilio", "queue", "+15005550006", 60, 3, NOW + 3),
    } == set(map(tuple, store.headroom("a", NOW)))
    assert ["day"] == [room.limit for room in store.headroom("a", NOW + 60)]


def test_watchers_see_each_message_kept_until_they_stop(store):
    """In order, as kept, of their own account; also after the world was cleared."""
    seen = []
    stop = store.watch("a", lambda m: seen.append((m.id, m.sequence)))
    keep(store, message("m1"))
    keep(store, message("x"), account="b")
    store.clear("a")
    keep(store, message("m2"))
    stop()
    stop()
    keep(store, message("m3"))

    assert [("m1", 1), ("m2", 1)] == seen


def test_the_journal_gives_its_newest_entries_oldest_first(store):
    """After a sequence, at most so many; the violated ones also on their own."""
    for n in range(1, 6):
        store.record("a", b"%d" % n, REQUESTS, *[VIOLATIONS] * (n % 2 == 0))

    assert [(n, b"%d" % n) for n in range(1, 6)] == store.records("a", REQUESTS)
    assert [(4, b"4"), (5, b"5")] == store.records("a", REQUESTS, limit=2)
    assert [(4, b"4"), (5, b"5")] == store.records("a", REQUESTS, after=3)
    assert [(2, b"2"), (4, b"4")] == store.records("a", VIOLATIONS)
    assert [(4, b"4")] == store.records("a", VIOLATIONS, after=2)
    assert [(1, b"1"), (2, b"2")] == store.records("a", REQUESTS, before=3)
    assert (
        [(3, b"3")]
        == store.records("a", REQUESTS, after=2, before=4)
        == store.records("a", REQUESTS, before=4, limit=1)
    )
    assert [(2, b"2")] == store.records("a", VIOLATIONS, before=4)
    assert [(5, b"5")] == store.records("a", REQUESTS, before=99, limit=1)
    assert [] == store.records("a", REQUESTS, after=4, before=2)
    assert [] == store.records("a", REQUESTS, limit=0)
    assert [] == store.records("b", REQUESTS)


def test_a_log_gives_its_newest_entries_as_the_journal_does(store):
    """By its name, numbered with the journal and the other logs."""
    store.record("a", b"j", REQUESTS)
    for n in range(2, 6):
        store.record("a", b"%d" % n, "even" if n % 2 == 0 else "odd")

    assert [(2, b"2"), (4, b"4")] == store.records("a", "even")
    assert [(4, b"4")] == store.records("a", "even", limit=1) == store.records("a", "even", after=2)
    assert [(3, b"3")] == store.records("a", "odd", before=5)
    assert [] == store.records("a", "none") == store.records("b", "odd")


def test_counts_the_messages_that_are_kept(make):
    """Of an account and of all, whatever became of the others."""
    store = make(keep=3)
    keep(store, *[message(f"m{n}") for n in range(5)])
    keep(store, message("m1"), message("m2"), account="b")
    keep(store, message("m1"), account="c")
    keep(store, message("m1"), account="d")
    store.put_account({"id": "c"}, [])
    store.remove("b", "m1")
    store.drop_account("c")
    store.clear("d")

    assert [3, 1, 0, 0, 0] == [store.kept(account) for account in ("a", "b", "c", "d", "e")]
    assert 4 == store.kept()
    store.remove_all("a")
    assert 1 == store.kept()


def test_the_journal_is_bounded_and_violations_outlive_what_keeps(make):
    """The oldest go first; many good requests do not push out the few bad ones."""
    store = make(journal=3)
    store.record("a", b"bad", REQUESTS, VIOLATIONS)
    for n in range(5):
        store.record("a", b"%d" % n, REQUESTS)

    assert [b"2", b"3", b"4"] == [entry for _, entry in store.records("a", REQUESTS)]
    assert [(1, b"bad")] == store.records("a", VIOLATIONS)


def test_settings_are_replaced_and_forgotten(store):
    """A document is what was saved last; None forgets it."""
    assert store.load("a", "regions") is None
    store.save("a", "regions", {"allowed": ["DE"]})
    store.save("a", "regions", {"allowed": ["FR"]})
    assert {"allowed": ["FR"]} == store.load("a", "regions")

    store.save("a", "regions", None)
    store.save("a", "never", None)

    assert store.load("a", "regions") is None


def test_a_document_is_changed_in_one_step(store):
    """`change` sees what was saved last, None before; None forgets it."""
    assert {"n": 1} == store.update("a", "d", lambda kept: {"n": 1 if kept is None else 9})
    assert {"n": 2} == store.update("a", "d", lambda kept: {"n": kept["n"] + 1})
    assert {"n": 2} == store.load("a", "d")
    assert store.load("b", "d") is None

    assert store.update("a", "d", lambda _kept: None) is None
    assert store.load("a", "d") is None


def test_a_change_that_raises_leaves_all_as_it_was(store):
    """What it refuses is the caller's to tell."""
    store.save("a", "d", {"n": 1})

    with pytest.raises(KeyError):
        store.update("a", "d", lambda kept: kept["missing"])

    assert {"n": 1} == store.load("a", "d")


def test_the_strict_store_takes_nothing_that_is_no_json_and_makes_each_change_twice():
    """So that the suite finds what only memory forgives."""
    store, calls = StrictStore(), []
    for value in ({1, 2}, MappingProxyType({}), {1: 2}, object()):
        with pytest.raises(TypeError):
            store.save("a", "d", value)

    store.save("a", "d", {"list": [1]})
    store.load("a", "d")["list"].append(2)
    assert {"list": [1, 3]} == store.update(
        "a", "d", lambda kept: calls.append(kept) or {"list": [*kept["list"], 3]}
    )
    assert [{"list": [1]}] * 2 == calls


def test_money_goes_with_the_messages(store):
    """All of a step or none: who would find less than its least refuses all, and is named."""
    store.save("a", "balance", 0.3)
    drafts = [((), message(f"m{n}")) for n in range(3)]
    costs = [Cost(0.1, 0.1), Cost(0.15, 0.15), Cost(0.1, 0.1)]

    refused = store.admit("a", drafts, NOW, costs)
    assert [(None, False), (None, False), (None, True)] == [(a.message, a.poor) for a in refused]
    assert (0.3, 0) == (store.load("a", "balance"), store.kept("a"))

    kept = store.admit("a", drafts, NOW, [*costs[:2], Cost(0.1)])
    assert ["m0", "m1", "m2"] == [a.message.id for a in kept]
    assert -0.05 == store.load("a", "balance")
    assert store.admit("b", drafts, NOW, costs)[0].message
    assert store.load("b", "balance") is None


def test_a_full_window_costs_nothing(store):
    """Neither money nor, where there is none, a hit."""
    store.save("a", "balance", 1)
    store.admit("a", [([hit()], message("m1"))], NOW, [Cost(1.0, 1.0)])
    refused = store.admit("a", [([hit()], message("m2"))], NOW, [Cost(1.0)])
    assert (hit(), 0) == (refused[0].full, store.load("a", "balance"))

    poor = store.admit("a", [([hit("hour")], message("m3"))], NOW, [Cost(1.0, 1.0)])
    assert (True, None) == (poor[0].poor, poor[0].full)
    assert ["minute"] == [room.limit for room in store.headroom("a", NOW)]


def test_a_set_holds_each_text_once_and_in_order(store):
    """Of its name and account; what is not there is no error."""
    assert store.include("a", "s", ["b", "é", "a", "b"], 9) is True
    assert store.include("a", "s", ["c"], 9) is True
    assert (["a", "b", "c", "é"], 4) == (store.members("a", "s", 0, 9), store.size("a", "s"))
    assert ["b", "c"] == store.members("a", "s", 1, 2)
    assert [True, False, False, False] == [
        store.includes(*one) for one in (("a", "s", "b"), ("a", "s", "d"), ("a", "t", "b"),
                                         ("b", "s", "b"))
    ]  # fmt: skip
    assert [True, False, False] == [store.exclude("a", name, "b") for name in ("s", "s", "t")]
    assert (["a", "c", "é"], [], 0) == (
        store.members("a", "s", 0, 9),
        store.members("b", "s", 0, 9),
        store.size("a", "t"),
    )
    store.clear("a")
    assert [] == store.members("a", "s", 0, 9)


def test_a_set_takes_all_or_nothing_up_to_its_bound(store):
    """Those that are there need no room; `anew` has these alone."""
    assert store.include("a", "s", ["a", "b"], 2) is True
    assert store.include("a", "s", ["c"], 2) is False
    assert store.include("a", "s", ["a", "c"], 2) is False
    assert store.include("a", "s", ["a", "b"], 1) is True
    assert ["a", "b"] == store.members("a", "s", 0, 9)

    assert store.include("a", "s", ["d", "c"], 2, anew=True) is True
    assert ["c", "d"] == store.members("a", "s", 0, 9)
    assert store.include("a", "s", [], 0, anew=True) is True
    assert 0 == store.size("a", "s")


def test_counts_what_is_under_way_until_it_is_released_or_its_time_is_over(store):
    """Each by its number, of one name and account; to end one twice is no error."""
    first, second = (store.lease("a", "requests", NOW + 60) for _ in range(2))
    store.lease("a", "requests", NOW + 10)
    store.lease("a", "polls", NOW + 60)

    assert 3 == len({first, second, store.lease("a", "requests", NOW + 60)})
    assert [4, 1, 0] == [
        store.leased(account, name, NOW)
        for account, name in (("a", "requests"), ("a", "polls"), ("b", "requests"))
    ]
    store.release("a", "requests", first)
    store.release("a", "requests", first)
    store.release("b", "requests", second)
    assert [3, 2] == [store.leased("a", "requests", now) for now in (NOW + 9, NOW + 10)]
    assert [0, 0] == [store.leased("a", name, NOW + 60) for name in ("requests", "polls")]
    store.release("a", "requests", second)
    store.lease("a", "requests", NOW + 70)
    assert 1 == store.leased("a", "requests", NOW + 60)


def test_what_is_under_way_goes_on_when_the_world_is_cleared(store):
    """Its answer is still held back, and is given back then."""
    lease = store.lease("a", "requests", NOW + 60)
    store.clear("a")
    assert 1 == store.leased("a", "requests", NOW)

    store.release("a", "requests", lease)
    assert 0 == store.leased("a", "requests", NOW)
    store.put_account({"id": "a"}, [])
    store.lease("a", "requests", NOW + 60)
    store.drop_account("a")
    assert 0 == store.leased("a", "requests", NOW)


def test_a_nonce_is_good_once_until_it_ends(store):
    """The same key again is refused before its end, and taken at it."""
    assert store.once("a", "n", NOW, NOW + 900) is True
    assert store.once("a", "n", NOW + 899, NOW + 2000) is False
    assert store.once("a", "other", NOW, NOW + 900) is True
    assert store.once("b", "n", NOW, NOW + 900) is True
    assert store.once("a", "n", NOW + 900, NOW + 1800) is True
    assert store.once("a", "n", NOW + 901, NOW + 1800) is False


def test_a_nonce_that_has_ended_already_is_no_trouble(store):
    """An end at or before now holds nothing back."""
    assert store.once("a", "n", NOW, NOW) is True
    assert store.once("a", "n", NOW, NOW - 5) is True
    assert store.once("a", "n", NOW, NOW + 5) is True
    assert store.once("a", "n", NOW + 1, NOW + 5) is False


def test_a_long_lived_nonce_does_not_keep_short_ones():
    """What has ended is forgotten, whatever was taken before it (memory store)."""
    store = MemoryStore()
    store.once("a", "long", NOW, NOW + 1e9)
    for n in range(1000):
        store.once("a", f"n{n}", NOW + n, NOW + n + 1)

    assert len(store._shelf("a").nonces) < 5


def test_what_is_planned_about_nothing_that_is_kept_may_be_forgotten(store):
    """As the retry of a receipt for a message that was deleted meanwhile: it is no error."""
    for n in range(3):
        store.plan("a", NOW + n, ["gone", n])
    keep(store, message("m1"))
    store.plan("a", NOW, ["m1", 0])

    due = store.due("a", NOW + 9, 9)
    assert [(NOW, ["m1", 0])] == [(at, item) for at, item, _ in due if item[0] == "m1"]


def test_what_is_due_is_handed_out_once(store):
    """By a number that nothing else has, not in another world either; `done` ends it."""
    for account in ("a", "b"):
        keep(store, message("m1"), account=account)
        for n in range(3):
            store.plan(account, NOW + n, ["m1", n])

    due = [one for account in ("a", "b") for one in store.due(account, NOW + 1, 9)]
    assert [(NOW, ["m1", 0]), (NOW + 1, ["m1", 1])] * 2 == [(at, item) for at, item, _ in due]
    assert 4 == len({one.number for one in due})
    assert [] == store.due("a", NOW + 1, 9)
    assert [(NOW + 2, ["m1", 2])] == store.planned("a", 9)
    for one in due[:2]:
        store.done("a", one.number)
    store.done("a", due[0].number)
    assert NOW + 2 == store.next_due("a")


def test_clearing_a_world_keeps_the_account(store):
    """Messages, windows, settings, nonces and journal go; the account and the others stay."""
    store.put_account({"id": "a"}, [("twilio", "AC1")])
    for account in ("a", "b"):
        store.admit(account, [([hit()], message("m1"))], NOW)
        store.save(account, "limits", "off")
        store.once(account, "n", NOW, NOW + 60)
        store.record(account, b"{}", REQUESTS, VIOLATIONS)
    store.clear("a")
    store.clear("never seen")

    assert store.account_of("twilio", "AC1") == "a"
    assert [] == chosen(store, "a", Selection())
    assert [] == store.headroom("a", NOW)
    assert [] == store.records("a", VIOLATIONS)
    assert store.load("a", "limits") is None
    assert store.once("a", "n", NOW, NOW + 60) is True
    assert ["m1"] == ids(chosen(store, "b", Selection()))
    assert store.load("b", "limits") == "off"
    assert store.once("b", "n", NOW, NOW + 60) is False


class AgainstModel(RuleBasedStateMachine):
    """Keeping, changing and removing in any order, against a plain list of messages."""

    KEEP = 5
    accounts = st.sampled_from(["a", "b"])
    numbers = st.sampled_from(["+1", "+2", "+3"])
    known = st.integers(1, 25).map(lambda n: f"m{n}")

    def __init__(self, make):
        super().__init__()
        self.store = make(keep=self.KEEP)

    @initialize()
    def start(self):
        self.kept = {"a": [], "b": []}
        self.made = 0
        self.now = NOW

    @rule(account=accounts, numbers=st.lists(numbers, min_size=1, max_size=3))
    def admit(self, account, numbers):
        drafts = []
        for number in numbers:
            self.made += 1
            drafts.append(((), message(f"m{self.made}", to=number, at=self.now)))
        admitted = self.store.admit(account, drafts, self.now)
        assert [m.id for _, m in drafts] == [a.message.id for a in admitted]
        self.kept[account] = (self.kept[account] + [a.message for a in admitted])[-self.KEEP :]

    @rule(seconds=st.integers(-30, 60))
    def tick(self, seconds):
        self.now += seconds

    @rule(account=accounts, id_=known)
    def remove(self, account, id_):
        expected = id_ in ids(self.kept[account])
        assert expected == self.store.remove(account, id_)
        self.kept[account] = [m for m in self.kept[account] if m.id != id_]

    @rule(account=accounts)
    def remove_all(self, account):
        assert len(self.kept[account]) == self.store.remove_all(account)
        self.kept[account] = []

    @rule(account=accounts, id_=known, text=st.text(max_size=5))
    def change(self, account, id_, text):
        changed = self.store.change(account, id_, text=text)
        assert (id_ in ids(self.kept[account])) == (changed is not None)
        self.kept[account] = [
            m._replace(text=text) if m.id == id_ else m for m in self.kept[account]
        ]

    @rule(
        account=accounts,
        to=st.one_of(st.just(""), numbers),
        before=st.integers(0, 25),
        after=st.integers(0, 25),
        since=st.integers(-60, 120),
        limit=st.integers(0, 6),
        oldest_first=st.booleans(),
    )
    def select(self, account, to, before, after, since, limit, oldest_first):
        wanted = Selection(
            to=to,
            before=before,
            after=after,
            since=NOW + since,
            limit=limit,
            oldest_first=oldest_first,
        )
        expected = [
            m.id
            for m in self.kept[account][:: 1 if oldest_first else -1]
            if (not to or m.to == to)
            and (not before or m.sequence < before)
            and m.sequence > after
            and m.at >= NOW + since
        ][:limit]
        assert expected == ids(chosen(self.store, account, wanted))

    @invariant()
    def every_number_leads_to_its_messages(self):
        for account, kept in getattr(self, "kept", {}).items():
            for number in ("+1", "+2", "+3"):
                expected = [m.text + m.id for m in reversed(kept) if m.to == number]
                found = chosen(self.store, account, Selection(to=number))
                assert expected == [m.text + m.id for m in found]


def test_any_steps_against_a_model(request, make):
    """Kept, changed and removed in any order."""
    local = "valkey" not in request.node.callspec.id
    run_state_machine_as_test(
        lambda: AgainstModel(make),
        settings=settings(
            max_examples=30 if local else 15,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
        ),
    )
