"""What a question costs does not grow with what does not answer it: steps are counted."""

import contextlib
import itertools

import orjson
import pytest

from simulators.app import Options, Simulators
from simulators.catalog import PROVIDERS
from simulators.kernel import views
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call
from simulators.kernel.flow import Hit
from simulators.kernel.journal import REQUESTS, VIOLATIONS
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.provider import Exchange, Query
from simulators.kernel.steps import at_once
from simulators.kernel.store import LOOKED_AT, Selection
from simulators.kernel.world import SLICE
from simulators.server.loop import environ, run
from simulators.store.discarded import FEW, Discarded
from simulators.store.index import Index
from simulators.store.memory import MemoryStore
from simulators.store.plans import Plans
from simulators.store.windows import Windows

KEPT = 20_000


def message(n, provider="twilio", sender="Acme", operation="send", at=None):
    number, when = f"+1555{n % 1000:07d}", float(n) if at is None else at
    return Message(f"m{n}", provider, operation, number, sender, "hello", 1, when, "lifecycle")


@pytest.fixture(scope="module")
def store():
    """An account with many messages of one provider from one sender, and two of others."""
    made = MemoryStore()
    for n in range(KEPT):
        made.admit("a", [((), message(n))], float(n))
        if n == KEPT // 2:
            made.admit("a", [((), message(KEPT, "vonage", "Rare", at=float(n)))], float(n))
            reply = message(KEPT + 1, "twilio", "+15550", INBOUND, at=float(n))
            made.admit("a", [((), reply)], float(n))
    return made


@pytest.fixture
def unpacked(own_calls):
    """The messages that were looked at."""
    return own_calls(Message, "unpack", lambda message, _packed: message)


@pytest.mark.parametrize(
    ("selection", "found", "most"),
    [
        ({"provider": "tencent"}, 0, 0),
        ({"provider": "tencent", "to": "+15550000001"}, 0, 0),
        ({"provider": "tencent", "inbound": None}, 0, 0),
        ({"provider": "vonage"}, 1, 1),
        ({"provider": "vonage", "sender": "Acme"}, 0, 1),
        ({"sender": "Nobody"}, 0, 0),
        ({"sender": "Rare"}, 1, 1),
        ({"sender": "Rare", "provider": "twilio"}, 0, 1),
        ({"inbound": True}, 1, 1),
        ({"inbound": True, "provider": "vonage"}, 0, 0),
        ({"until": -1.0}, 0, 60),
        ({"since": KEPT * 2.0}, 0, 2),
        ({"since": 100.0, "until": 104.0}, 5, 70),
        ({"provider": "twilio", "before": 50, "limit": 3}, 3, 4),
        ({"limit": 50}, 50, 51),
    ],
)
def test_a_filter_looks_at_what_it_may_find(store, unpacked, selection, found, most):
    """Not at the twenty thousand others, whether it finds something or nothing."""
    assert found == len(store.select("a", Selection(**selection)).messages)
    assert len(unpacked) <= most


def test_the_index_of_removed_and_dropped_messages_is_gone():
    """What is forgotten is found by no filter, and nothing is kept of it."""
    store = MemoryStore(keep=10)
    for n in range(30):
        store.admit("a", [((), message(n, sender=f"s{n}"))], float(n))
    store.remove("a", "m25")

    found = store.select("a", Selection(provider="twilio")).messages

    assert [29, 28, 27, 26, 24, 23, 22, 21, 20] == [int(m.id[1:]) for m in found]
    assert [] == store.select("a", Selection(sender="s25")).messages
    assert 9 == len(store._shelf("a").by_sender)
    store.remove_all("a")
    assert [] == store.select("a", Selection(provider="twilio")).messages


def test_an_index_holds_what_was_put_in():
    """Over several blocks, with holes, from any place."""
    index = Index()
    for n in range(1, 20_001):
        index.add(n)
    for n in range(2, 20_001, 2):
        index.remove(n)

    assert list(range(15_001, 9_999, -2)) == list(index.below(15_002, 9_999))
    assert (10_000, 5_001, 0, 1) == (
        index.size,
        index.beyond(5_000, float),
        index.beyond(20_000, float),
        index.beyond(0, float),
    )


def test_making_an_account_is_as_cheap_as_the_first():
    """Nobody else's credentials are gone through."""

    class Counted(dict):
        def items(self):
            raise AssertionError("all credentials were gone through")

        __iter__ = keys = values = items

    store = MemoryStore()
    store._by_credential = Counted()
    for n in range(100):
        store.put_account({"id": f"a{n}"}, [("twilio", f"AC{n}")])
    store.put_account({"id": "a1"}, [("twilio", "other")])

    assert (None, "a1") == (store.account_of("twilio", "AC1"), store.account_of("twilio", "other"))
    assert store.drop_account("a2")
    assert store.account_of("twilio", "AC2") is None
    assert 99 == store.accounts_kept()


MANY = 3000
YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
TWILIO = {"account_sid": "AC1", "suffix": ".json"}
APP = PROVIDERS["tencent"].published["app_id"]
HOURS = {"BeginTime": "2026113000", "EndTime": "2026120323", "SmsSdkAppId": APP}
ONE_NUMBER = {
    "PhoneNumber": "+8613012345678",
    "SmsSdkAppId": APP,
    "BeginTime": 1_796_000_000,
    "Limit": 10,
    "Offset": 0,
}


def query(**fields):
    return {name: [value] for name, value in fields.items()}


def turn(unpacked):
    """How many messages were looked at since the turn before."""
    count = len(unpacked)
    unpacked.clear()
    return count


def tencent(action, **body):
    return Call("POST", "/", headers={"x-tc-action": action, "content-type": "application/json"})


@pytest.mark.parametrize(
    ("provider", "operation", "call", "document"),
    [
        ("twilio", "list-messages", None, {"query": {"DateSent>": ["2026-12-02"]}}),
        ("twilio", "list-messages", None, {"query": {"DateSent": ["2026-12-02"]}}),
        ("twilio", "list-messages", None, {"query": query(PageToken=f"PBSM{0:032x}", Page="1")}),
        ("gatewayapi", "usage-by-label", None, {"body": YEAR}),
        ("smsaero", "list-sms", None, {"body": {}, "query": {}}),
        ("smsaero", "list-viber", None, {"body": {}, "query": {}}),
        ("tencent", "send-status-statistics", tencent("SendStatusStatistics"),
         {"body": {**HOURS, "Limit": 0, "Offset": 0}}),
        ("tencent", "callback-status-statistics", tencent("CallbackStatusStatistics"),
         {"body": {**HOURS, "Limit": 0, "Offset": 0}}),
        ("aliyun", "query-send-statistics", None,
         {"query": query(IsGlobe="1", StartDate="20261201", EndDate="20261201", PageIndex="1",
                         PageSize="10")}),
        ("aliyun", "query-send-details", None,
         {"query": query(PhoneNumber="13012345678", SendDate="20261201", CurrentPage="1",
                         PageSize="10")}),
        ("tencent", "pull-sms-send-status-by-phone-number",
         tencent("PullSmsSendStatusByPhoneNumber"), {"body": ONE_NUMBER}),
        ("tencent", "describe-send-record-list", tencent("DescribeSendRecordList"),
         {"body": {**ONE_NUMBER, "Limit": 50, "Offset": 0}}),
    ],
)  # fmt: skip
def test_what_goes_through_everything_gives_others_their_turn(
    provider, operation, call, document, unpacked
):
    """Lists and statistics over three thousand messages, some hundred at a time."""
    provider, now = PROVIDERS[provider], 1_796_100_000.0
    (asked,) = [one for one in provider.endpoints if one.operation == operation][:1]
    assert isinstance(asked.does, Query)
    world = Accounts(MemoryStore(), [provider], lambda: now).world(DEFAULT)
    details = {"type": 0, "biz_id": "1", "out_id": "", "sending": 1, "of": 1, "code": 86}
    details |= {"session": "", "iso": "CN"}
    sent = "viber-send" if operation == "list-viber" else "send"
    for n in range(MANY):
        lifecycle = next(lifecycle for lifecycle in provider.lifecycles if lifecycle != "inbound")
        kept = Message(f"SM{n:032x}", provider.name, sent, "+8613012345678", "", "hello", 1, now,
                       lifecycle, details=details)  # fmt: skip
        world.store.admit(world.id, [((), kept)], now)
    exchange = Exchange(call or Call("GET", "/"), provider, asked, TWILIO, world, now, document)
    unpacked.clear()
    most = max(turn(unpacked) for _ in itertools.chain(asked.does.handle(exchange), [0]))

    assert 0 < most <= SLICE + 50


@pytest.mark.parametrize("action", ["PullSmsReplyStatus", "PullSmsSendStatus"])
def test_a_pull_looks_at_what_it_hands_out(action, unpacked):
    """The ten oldest of thousands that wait, behind thousands of another provider, and then the
    next ten: one update of the queue must not go through them all."""
    provider, now = PROVIDERS["tencent"], 1_796_100_000.0
    operation = {"PullSmsReplyStatus": "pull-sms-reply-status"}.get(action, "pull-sms-send-status")
    asked = next(one for one in provider.endpoints if one.operation == operation)
    world = Accounts(MemoryStore(), [provider], lambda: now).world(DEFAULT)
    details = {"code": 86, "session": "", "extend": ""}
    for n in range(2 * MANY):
        reply = n >= MANY and action == "PullSmsReplyStatus"
        kept = Message(
            *(f"M{n}", "tencent" if n >= MANY else "twilio", INBOUND if reply else "send-sms"),
            *("Acme" if reply else f"+861301234{n:04}", f"+861301234{n:04}" if reply else "Acme"),
            *("hello", 1, now - 3600, INBOUND if reply else "sms"),
            details=details,
        )
        world.store.admit(world.id, [((), kept)], now)
    body = {"SmsSdkAppId": APP, "Limit": 10}
    numbers = []
    for _ in range(2):
        call = tencent(action)
        exchange = Exchange(call, provider, asked, {}, world, now, {"body": body})
        unpacked.clear()
        answer = orjson.loads(asked.does.handle(exchange).body)["Response"]
        (rows,) = [rows for rows in answer.values() if isinstance(rows, list)]
        numbers += [row["PhoneNumber"] for row in rows]
        assert len(unpacked) < 2 * SLICE + LOOKED_AT

    assert [f"+861301234{n:04}" for n in range(MANY, MANY + 20)] == numbers


def test_by_time_after_the_clock_was_set_back_one_look_is_bounded(unpacked):
    """Nothing tells where the wanted ones are: others have their turn in between."""
    store = MemoryStore()
    for n in range(MANY):
        store.admit("a", [((), message(n, at=float(MANY - n)))], 0.0)
    for wanted in (
        Selection(since=1e9),
        Selection(until=-1.0),
        Selection(since=1e9, to="+15550000001"),
    ):
        unpacked.clear()
        assert [] == store.select("a", wanted).messages
        assert len(unpacked) <= LOOKED_AT + wanted.limit + 1


@pytest.mark.parametrize("forget", ["remove_all", "clear", "drop_account"])
def test_what_is_forgotten_is_given_back_bit_by_bit(forget):
    """To free a million messages in one step would take a tenth of a second: they, windows, nonces
    and documents go some at a time, with what is kept next or when nothing else is done."""
    store = MemoryStore()
    store.put_account({"id": "a"}, [])
    hits = [Hit("twilio", "day", "", kind, 9, 60.0, 0.0) for kind in ("rolling", "natural")]
    for n in range(2 * FEW):
        one = [hit._replace(limit=hit.kind, window=f"+{n}") for hit in hits]
        store.admit("a", [(one, message(n))], 0.0)
        store.once("a", f"n{n}", 0.0, 60.0)
        store.save("a", f"one/{n}", {"n": n})
    shelf, (young, slices) = store._shelf("a"), store._shelf("a").windows._counters.values()
    held = [shelf.messages, shelf.by_id]
    if forget != "remove_all":
        held += [shelf.nonces, young.young, slices.slices[0.0], shelf.settings]

    getattr(store, forget)("a")
    assert 0 == store.kept("a") == store.kept() == len(store.select("a", Selection()).messages)
    assert [2 * FEW] * len(held) == [len(one) for one in held]
    before = sum(map(len, held))
    store.admit("b", [((), message(1))], 0.0)
    assert 0 <= before - sum(map(len, held)) <= 100
    while store.tidy():
        pass
    assert [0] * len(held) == [len(one) for one in held]
    assert 1 == store.kept()


def test_windows_that_are_over_are_given_back_bit_by_bit():
    """A day's numbers are not freed in the step that begins the next day."""
    gone = Discarded()
    windows, over = Windows(gone), []
    for kind in ("rolling", "natural", "queue"):
        for day in range(3):
            for n in range(FEW + 1):
                hit = Hit("twilio", kind, f"+{n}", kind, 9, 1.0, float(10 * day), identity=kind)
                windows.take(hit, 10.0 * day)
            counter = windows._counters["twilio", kind]
            if day == 0:
                over.append(counter.slices[0.0] if kind == "natural" else counter.young)
    windows.take(hit._replace(seconds=5.0, identity="another", start=30.0), 30.0)

    assert [FEW + 1] * 3 == [len(one) for one in over]
    gone.some(20 * FEW)
    assert ([0] * 3, False) == ([len(one) for one in over], bool(gone))


def test_the_metrics_page_goes_through_no_accounts(monkeypatch):
    """It tells how many there are and what they keep."""
    simulators = Simulators(Options(port=0, tls_port=None))
    simulators.store.admit(DEFAULT, [((), message(1))], 0.0)
    monkeypatch.setattr(simulators.store, "accounts", None)
    call = Call("GET", "/metrics", headers={"host": "localhost"})
    env = environ(call, 8026)

    lines = run(simulators.control, env).body.decode().splitlines()

    assert {"sms_simulators_messages_kept 1", "sms_simulators_accounts 1"} <= {*lines}


def test_the_next_of_many_plans_are_told_without_the_others():
    """A heap is gone into as deep as is asked for."""
    compared = []

    class Time(float):
        def __lt__(self, other):
            compared.append(1)
            return float(self) < float(other)

    plans = Plans(lambda _item: True)
    for n in range(20_000):
        plans.add(Time(n * 7919 % 20_011), [n], n)
    compared.clear()

    assert sorted(n * 7919 % 20_011 for n in range(20_000))[:9] == [
        at for at, _ in plans.earliest(9)
    ]
    assert len(compared) < 500


@pytest.mark.parametrize(
    ("which", "found", "most"),
    [
        ({"limit": 5}, 5, 100),
        ({"before": 100, "limit": 5}, 5, 100),
        ({"provider": "vonage", "before": 9000, "limit": 5}, 5, 600),
        ({"provider": "tencent"}, 0, 10_000),
        ({"violating": True, "provider": "twilio", "limit": 5}, 5, 600),
    ],
)
def test_a_page_of_the_journal_is_read_in_slices(which, found, most):
    """By provider and from any place, no more than is needed, and never many in one turn."""
    store, read = MemoryStore(), []
    for n in range(10_000):
        name = "vonage" if n % 100 == 0 else "twilio"
        logs = (REQUESTS, VIOLATIONS) if n % 50 == 1 else (REQUESTS,)
        store.record(DEFAULT, orjson.dumps([float(n), name, "x" * 50]), *logs)
    world = Accounts(store, [], lambda: 0.0).strangers
    world.id, records, turns = DEFAULT, store.records, [0]

    def counted(account, log, **more):
        entries = records(account, log, **more)
        if log in (REQUESTS, VIOLATIONS):
            read.append(len(entries))
        return entries

    store.records = counted
    steps = views.journalled(world, **which)
    with contextlib.suppress(StopIteration) as ended:
        while True:
            turns.append(len(read))
            next(steps)
    assert ended is None
    assert most >= sum(read)
    assert max(read) <= 100
    assert all(after - before <= 1 for before, after in itertools.pairwise(turns))
    assert found == len(at_once(views.journalled(world, **which)))
