"""What the dispatcher makes of each answer, with a courier that the test plays: no socket, no
thread, no time that passes by itself."""

import asyncio
import contextlib
import json
from dataclasses import replace

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import inbound, later, receipts, views
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.message import INBOUND, Message, Step
from simulators.kernel.provider import Draft
from simulators.kernel.receipts import LOG, UNANSWERED
from simulators.kernel.store import Unavailable
from simulators.server import dispatch
from simulators.server.courier import Delivery
from simulators.server.dispatch import Dispatcher
from simulators.store.file import FileStore
from simulators.store.memory import MemoryStore

URL = "http://127.0.0.1:9/status"
# Some providers want 200, others words of theirs as well.
ACCEPTED = Delivery(200, b'{"code": 0, "msg": "", "result": 0, "errmsg": ""}', "", True, 0.1)
IN_WORDS = Delivery(200, b"SUCCESS", "", True, 0.1)
REFUSED = Delivery(503, b"later", "", True, 0.1)
SILENT = Delivery(0, b"", "no answer within 5 s", True, 5.0)
ABSENT = Delivery(0, b"", "connection refused", False, 0.0)


class Played:
    """A dispatcher, the world of the default account, and the callbacks that wait for an answer."""

    def __init__(self, providers=PROVIDERS, store=None):
        self.time = 1_800_000_000.0
        self.store = MemoryStore() if store is None else store
        self.accounts = Accounts(self.store, providers.values(), lambda: self.time)
        self.world = self.accounts.world(DEFAULT)
        self.waiting = []
        self.dispatcher = Dispatcher(self.accounts, self)

    def send(self, callback, _timeout, done):
        """As the courier's."""
        self.waiting.append((callback, done))

    def message(self, number, callback=URL):
        """One of Twilio's, with reports `sent` and `delivered` to come."""
        made = Message(
            id=f"SM{number:032x}",
            provider="twilio",
            operation="send",
            to=f"+1555867{number:04}",
            sender="+15005550006",
            text="hello",
            segments=1,
            at=self.world.clock.now(),
            lifecycle=(Step(0, "queued"), Step(1, "sent"), Step(2, "delivered")),
            callback=callback,
        )
        ((kept, *_),) = self.store.admit(self.world.id, [((), made)], made.at)
        receipts.plan(PROVIDERS["twilio"].reporting(kept), self.world, kept)
        return kept

    async def pass_time(self, seconds):
        """What became due has been handed to the courier."""
        self.time += seconds
        self.store.ring(self.world.id)
        await settle()

    async def answer(self, delivery):
        """The oldest callback that waits gets this."""
        _, done = self.waiting.pop(0)
        done(delivery)
        await settle()

    def attempts(self):
        entries = self.store.records(self.world.id, LOG, limit=1000)
        return [json.loads(entry) for _, entry in entries]

    def told(self):
        return [(one["reports"], one["attempt"], one["state"]) for one in self.attempts()]

    def violations(self):
        return len(self.store.records(self.world.id, UNANSWERED, limit=1000))

    def planned(self):
        return [receipts.Due(*item) for _, item in self.store.planned(self.world.id, 1000)]


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def play(test, **given):
    """Runs a test with a dispatcher beside it."""

    async def run():
        played = Played(**given)
        running = asyncio.ensure_future(played.dispatcher.run())
        await settle()
        try:
            await test(played)
            assert not running.done()
        finally:
            running.cancel()

    asyncio.run(run())


def test_the_next_report_waits_for_the_one_before_it():
    """While one is retried nothing else of its message is planned, and each is planned once."""

    async def test(played):
        played.message(1)
        await played.pass_time(1)
        await played.answer(REFUSED)

        assert [(0, 1)] == [(due.place, due.attempt) for due in played.planned()]

        await played.pass_time(60)
        await played.answer(ACCEPTED)
        await played.answer(ACCEPTED)
        assert [
            ("sent", 1, "retrying"),
            ("sent", 2, "delivered"),
            ("delivered", 1, "delivered"),
        ] == played.told()
        assert ([], []) == (played.planned(), played.waiting)

    play(test)


@pytest.mark.parametrize(
    ("answer", "states", "violations"),
    [
        (ACCEPTED, ["delivered"], 0),
        (REFUSED, ["retrying", "given up"], 2),
        (SILENT, ["retrying", "given up"], 2),
        (ABSENT, ["retrying", "given up"], 0),
    ],
    ids=["accepted", "refused", "silent", "absent"],
)
def test_what_is_not_acknowledged_is_tried_again(answer, states, violations):
    """As often as the provider does, and then the next report is made. Only an application that is
    there can answer wrongly."""

    async def test(played):
        played.message(1)
        for _ in states:
            await played.pass_time(60)
            await played.answer(answer)

        assert [("sent", at + 1, state) for at, state in enumerate(states)] == played.told()
        assert violations == played.violations()
        await played.pass_time(60)
        assert 1 == len(played.waiting)

    play(test)


def test_what_is_under_way_is_shown():
    """Neither planned nor answered: with what is told, and where."""

    async def test(played):
        kept = played.message(1)
        await played.pass_time(1)

        assert ([], []) == (played.planned(), played.told())
        (shown,) = played.dispatcher.under_way(DEFAULT)
        assert {
            "at": played.time,
            "message": kept.id,
            "provider": "twilio",
            "to": kept.to,
            "reports": "sent",
            "error": "",
            "attempt": 1,
            "url": URL,
        } == shown
        assert [] == played.dispatcher.under_way("another")
        await played.answer(ACCEPTED)
        assert [] == played.dispatcher.under_way(DEFAULT)

    play(test)


@pytest.mark.parametrize("how", ["emptied", "dropped"])
def test_what_an_account_was_emptied_of_is_not_reported_in_it(how):
    """An answer that comes later is no violation of the next test, nor makes a world of nobody."""

    async def test(played):
        played.message(1)
        await played.pass_time(1)
        if how == "emptied":
            played.world.reset()
            played.message(1)
        else:
            played.accounts.drop(DEFAULT)
        await played.answer(REFUSED)

        assert ([], 0) == (played.told(), played.violations())
        assert (1 if how == "emptied" else 0) == len(played.planned())
        assert await played.dispatcher.settled(1)

    play(test)


def test_a_callback_that_cannot_be_made_is_told(caplog):
    """And ends nothing else: neither its message's next report nor another message's."""

    def broken(world, url, reports):
        if reports[0].message.text == "hello":
            raise KeyError("auth_token")
        return twilio.receipts.build(world, url, reports)

    twilio = PROVIDERS["twilio"]
    faulty = replace(twilio, receipts=replace(twilio.receipts, build=broken))

    async def test(played):
        played.message(1)
        await played.pass_time(1)
        await played.pass_time(1)

        assert [("sent", 1, "given up"), ("delivered", 1, "given up")] == played.told()
        assert "a fault of ours" in played.attempts()[0]["lacks"]
        assert await played.dispatcher.settled(1)

    play(test, providers={**PROVIDERS, "twilio": faulty})
    assert "no callback for" in caplog.text


def test_a_message_that_cannot_be_reported_ends_no_other(caplog):
    """One whose course nobody knows, beside one that is as it should be."""

    async def test(played):
        lost = played.message(1)
        played.store.change(DEFAULT, lost.id, lifecycle="of another release")
        played.message(2)
        await played.pass_time(1)

        assert 1 == len(played.waiting)

    play(test)
    assert "no report of twilio message" in caplog.text


def test_what_the_store_cannot_keep_of_an_answer_is_kept_once_it_can(monkeypatch):
    """The attempt is told once, and the next report follows: nothing is sent twice meanwhile."""

    async def test(played):
        played.message(1)
        await played.pass_time(1)

        def away(*_given):
            raise Unavailable("no space left on device")

        played.store.record = away
        await played.answer(ACCEPTED)
        assert ([], [], False) == (
            played.told(), played.waiting, await played.dispatcher.settled(0.01)
        )  # fmt: skip
        del played.store.record
        assert await played.dispatcher.settled(5)
        assert [("sent", 1, "delivered")] == played.told()
        await played.pass_time(1)
        await played.answer(ACCEPTED)
        assert [("sent", 1), ("delivered", 1)] == [one[:2] for one in played.told()]

    monkeypatch.setattr(dispatch, "AGAIN_SECONDS", 0.01)
    play(test)


class InParts(MemoryStore):
    """One that is away for an account, when it is asked for some things."""

    away = frozenset()

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if name not in InParts.away:
            return found

        def ask(account, *given, **named):
            if account == DEFAULT:
                raise Unavailable("its engine is away")
            return found(account, *given, **named)

        return ask


@pytest.mark.parametrize(
    ("before", "away"),
    [
        ("due", {"next_due"}),  # it is not known whether there is something
        ("due", {"due"}),
        ("handed out", {"find"}),
        ("answered", {"find", "record"}),
    ],
)
def test_whose_store_is_away_holds_up_nobody_else(monkeypatch, before, away):
    """Of many accounts that one goes on once it is there again: nothing comes twice."""

    async def test(played):
        other = Played.__new__(Played)
        other.__dict__ |= played.__dict__
        other.world = played.accounts.create("z")  # which is looked at behind it
        played.message(1)
        monkeypatch.setattr(InParts, "away", away if before != "answered" else frozenset())
        other.message(2)
        await played.pass_time(1)
        await other.pass_time(0)
        if before == "answered":
            assert 2 == len(played.waiting)
            monkeypatch.setattr(InParts, "away", away)
            await played.answer(ACCEPTED)
        assert 1 == len(played.waiting)
        await other.answer(ACCEPTED)
        assert [("sent", 1, "delivered")] == other.told()
        await played.pass_time(1)
        await other.pass_time(0)
        await other.answer(ACCEPTED)
        assert 2 == len(other.told())
        assert await played.dispatcher.settled(5, "z")
        assert not await played.dispatcher.settled(0.0)

        monkeypatch.setattr(InParts, "away", frozenset())
        if before == "answered":
            while not played.told():
                await asyncio.sleep(0)
        else:
            while not played.waiting:
                await asyncio.sleep(0)
            await played.answer(ACCEPTED)
        await settle()
        assert [("sent", 1, "delivered")] == played.told()[:1]

    monkeypatch.setattr(dispatch, "AGAIN_SECONDS", 0.01)
    play(test, store=InParts())


def test_what_was_under_way_when_a_process_ended_is_reported_by_the_next(tmp_path):
    """Of what was acknowledged nothing is reported again; of what was not, nothing is left out."""

    async def first(played):
        played.message(1)
        played.message(2)
        await played.pass_time(1)
        await played.answer(ACCEPTED)  # and the one of message 2 is under way

    async def second(played):
        await played.pass_time(1)
        assert [("SM" + f"{2:032x}", "sent")] == [
            (one["message"], one["reports"]) for one in played.dispatcher.under_way(DEFAULT)
        ]
        await played.answer(ACCEPTED)
        await played.pass_time(1)
        await played.answer(ACCEPTED)
        await played.answer(ACCEPTED)
        reports = [(one["message"][-1], one["reports"]) for one in played.attempts()]
        assert [("1", "sent"), ("2", "sent"), ("1", "delivered"), ("2", "delivered")] == reports
        assert ([], []) == (played.planned(), played.waiting)

    for part in (first, second):
        with contextlib.closing(FileStore(tmp_path / "data")) as store:
            play(part, store=store)


def test_an_answer_that_cannot_be_judged_ends_no_other():
    """The fault is the loop's to log; what waits for the dispatcher goes on."""

    def broken(_status, _body):
        raise ValueError("no judgement")

    twilio = PROVIDERS["twilio"]
    faulty = replace(twilio, receipts=replace(twilio.receipts, expects=broken))

    async def test(played):
        faults = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: faults.append(context["exception"]))
        played.message(1)
        await played.pass_time(1)
        await played.answer(ACCEPTED)

        assert ["no judgement"] == [str(fault) for fault in faults]
        assert [] == played.dispatcher.under_way(DEFAULT)
        assert await played.dispatcher.settled(1)

    play(test, providers={**PROVIDERS, "twilio": faulty})


@pytest.mark.parametrize("name", [name for name, p in PROVIDERS.items() if p.inbound])
@pytest.mark.parametrize(
    "single", [False, True], ids=["its own lifecycle", "a lifecycle of one step"]
)
def test_a_reply_is_handed_over_once(name, single):
    """Also where its lifecycle has one step: nobody has been told of that by an answer."""
    provider = PROVIDERS[name]
    if single:
        lifecycle = provider.lifecycles["inbound"][-1:]
        provider = replace(provider, lifecycles={**provider.lifecycles, "inbound": lifecycle})

    async def test(played):
        kept = inbound.arrive(provider, played.world, "+4512345678", "1", "hello", URL)
        await played.pass_time(1)

        assert INBOUND == kept.operation
        expects = provider.inbound.receipts.expects
        good = next(a for a in (ACCEPTED, IN_WORDS) if not expects(a.status, a.body))
        await played.answer(good)
        await played.pass_time(3600)
        assert 1 == len(played.attempts())
        assert [] == played.waiting

    play(test, providers={**PROVIDERS, name: provider})


def test_strangers_have_no_application(sms_server):
    """A reply needs an account; it is refused, not lost."""
    from simulators.kernel.checks import Unacceptable
    from simulators.testing import Sms

    strangers = Sms(sms_server, sms_server.accounts.strangers)

    with pytest.raises(Unacceptable, match="strangers have no application"):
        strangers.reply("twilio", "+15558675310", "hello", url=URL)
    assert [] == sms_server.call(lambda: strangers.world.messages(inbound=True))


def test_one_report_costs_the_same_among_a_thousand_accounts_that_wait(own_calls):
    """Each is asked when it is due again once it has changed, and not whenever any is."""
    asked = own_calls(MemoryStore, "next_due", lambda _due, _store, account: account)

    async def test(played):
        far = Message(
            "SM1", "twilio", "send", "+15558670001", "", "hi", 1, played.time,
            (Step(0, "queued"), Step(1_000_000, "delivered")), callback=URL,
        )  # fmt: skip
        for n in range(1000):
            world = played.accounts.create()
            ((kept, *_),) = played.store.admit(world.id, [((), far._replace(id=f"SM{n}"))], 0)
            receipts.plan(PROVIDERS["twilio"].reporting(kept), world, kept)
        await settle()
        asked.clear()
        played.message(1)
        await played.pass_time(1)
        await played.answer(ACCEPTED)

        assert [("sent", 1, "delivered")] == played.told()
        assert len(asked) < 20

    play(test)


def test_worlds_that_are_gone_hold_up_nothing():
    """One was dropped and one emptied while something was planned."""

    async def test(played):
        made = [played.accounts.create() for _ in range(2)]
        for world in made:
            ((kept, *_),) = played.store.admit(
                world.id, [((), played.message(9, "")._replace(callback=URL))], played.time
            )
            receipts.plan(PROVIDERS["twilio"].reporting(kept), world, kept)
        await settle()
        played.accounts.drop(made[0].id)
        made[1].reset()
        played.message(1)
        await played.pass_time(5)

        assert 1 == len(played.waiting)

    play(test)


def test_a_frozen_world_is_due_once_its_clock_moves():
    """Time that stands still leads nowhere, and a step of it at once."""

    async def test(played):
        played.world.clock.freeze()
        played.message(1)
        await played.pass_time(500)
        still = len(played.waiting)
        played.world.clock.advance(1)
        await settle()

        assert (0, 1) == (still, len(played.waiting))
        assert played.dispatcher._schedule.wait() is None

    play(test)


def pending(played):
    """The receipts to come, as people are shown them."""
    steps = views.receipts(played.accounts, played.world, [], 10)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        yield from end.value["pending"]


def test_what_a_provider_had_planned_is_done_when_it_is_due(caplog):
    """Beside the reports, once, with what it wanted to be told; what it raises ends no other."""
    done = []

    def does(world, told):
        done.append((world.id, told))
        if told == ["badly"]:
            raise ValueError("a provider's mistake")

    provider = replace(PROVIDERS["twilio"], later=does)

    async def test(played):
        message = played.message(1)
        for at, told in ((0.5, "badly"), (1, "well"), (90, "later")):
            later.plan(played.world, message, played.time + at, told)
        await played.pass_time(1)

        assert [(DEFAULT, ["badly"]), (DEFAULT, ["well"])] == done
        assert 1 == len(played.waiting)
        assert "twilio: what it does by itself failed" in caplog.text
        assert [] == list(pending(played))
        await played.pass_time(100)
        assert [["badly"], ["well"], ["later"]] == [told for _, told in done]

    play(test, providers={**PROVIDERS, "twilio": provider})


def test_a_message_that_is_sent_later_is_kept_and_reported_as_of_its_time():
    """Also where the clock was moved past it, and whatever the balance."""

    async def test(played):
        world, twilio = played.world, PROVIDERS["twilio"]
        world.save("balance", 0.0)
        draft = Draft(
            "+15558670001",
            text="Code 1234",
            lifecycle="number",
            code="1234",
            template="HX1",
            callback=URL,
        )
        at = played.time - 60
        kept = later.send(twilio, world, draft, at, "create-message")
        await played.pass_time(0)

        assert (at, "1234", "twilio") == (kept.at, kept.code, kept.provider)
        assert ("HX1", URL) == (kept.template, kept.callback)
        assert world.load("balance") < 0
        assert 1 == len(played.waiting)

    play(test)
