"""Events: read from the store after a cursor, in order, none lost and none twice."""

import math
import re

import orjson
import pytest

from simulators import catalog
from simulators.control.schemas import COMPONENTS
from simulators.kernel import events, operations
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.contracts import Contract, Violation
from simulators.kernel.events import MOST, Cursor, Feed
from simulators.kernel.journal import REQUESTS
from simulators.kernel.message import Message
from simulators.kernel.receipts import LOG
from simulators.store.memory import MemoryStore
from simulators.store.strict import StrictStore

SECRET = catalog.find("twilio").published["auth_token"]


class Watched:
    """An account that things happen to, and the feed of it."""

    def __init__(self, store=None):
        self.accounts = Accounts(store or StrictStore(), catalog.PROVIDERS.values(), lambda: 1e9)
        self.world = self.accounts.world(DEFAULT)
        self.feed = Feed(self.accounts, "s1")
        self.sent = 0

    def message(self, text="Your code is 482913"):
        self.sent += 1
        made = Message(
            f"SM{self.sent}",
            "twilio",
            "create-message",
            "+15005550009",
            "+1",
            text,
            1,
            1e9,
            "number",
        )
        ((kept, *_),) = self.world.store.admit(self.world.id, [((), made)], 1e9)
        return kept

    def request(self, messages=(), breaches=(), refused=()):
        """As `journal.entry` packs one."""
        entry = [1e9, "twilio", "create-message", "POST", "/Messages.json", {}, "", breaches]
        entry += ["", "", [one.id for one in messages], 200, "", None, [], refused, ""]
        self.world.store.record(self.world.id, orjson.dumps(entry), REQUESTS)

    def send(self):
        self.request([self.message()])

    def receipt(self, state="delivered"):
        attempt = {
            "at": 1e9, "message": "SM1", "provider": "twilio", "to": "+1", "reports": "sent",
            "error": "", "attempt": 1, "state": state, "url": f"http://h/?t={SECRET}",
            "status": 200, "seconds": 0.1, "lacks": "",
        }  # fmt: skip
        self.world.store.record(self.world.id, orjson.dumps(attempt), LOG)

    def after(self, cursor, behind=math.inf):
        """All events after a cursor, by as many calls as it takes."""
        found = []
        while new := self.feed.after(self.world, cursor, behind):
            found += new
            cursor = new[-1].cursor
        return found


@pytest.fixture
def watched():
    return Watched()


def names(found):
    return [event.name for event in found]


def test_a_message_comes_before_the_request_that_sent_it(watched):
    """Whatever happens between, each kind is in its order."""
    start = watched.feed.now(watched.world)
    first, second = watched.message(), watched.message()
    watched.request([second])
    watched.receipt()
    watched.request([])
    third = watched.message()

    found = watched.after(start)

    assert ["message", "message", "request", "receipt", "request", "message"] == names(found)
    told = [event.data["id"] for event in found if event.name == "message"]
    assert [first.id, second.id, third.id] == told


def test_every_event_is_as_documented(watched):
    """Its data has the shape of the component with its name."""
    start = watched.feed.now(watched.world)
    watched.send()
    watched.receipt("retrying")
    operations.script(watched.world, [{"effect": {"delay_ms": 5}}], catalog.PROVIDERS)
    operations.set_balance(watched.world, 3)
    operations.freeze(watched.world)
    found = watched.after(start)
    for _ in range(MOST + 1):
        watched.send()
    found += watched.feed.after(watched.world, start, behind=0)[:1]
    watched.world.reset()
    found += watched.feed.after(watched.world, start)

    assert {"message", "request", "receipt", "rules", "limits", "clock", "more", "emptied"} == set(
        names(found)
    )
    for event in found:
        schema = COMPONENTS[f"{event.name.title()}Event"]
        full = Contract({**schema, "components": {"schemas": COMPONENTS}})
        assert [] == full.validate(orjson.loads(orjson.dumps(event.data))), event


@pytest.mark.parametrize("sends", [1, MOST, 3 * MOST + 1])
def test_whoever_stopped_anywhere_goes_on_there(watched, sends):
    """Without loss and without repetition, from the cursor of any event."""
    start = watched.feed.now(watched.world)
    for _ in range(sends):
        watched.send()
        watched.receipt()
    operations.freeze(watched.world)

    whole = watched.after(start)

    assert 3 * sends + 1 == len(whole)
    for place in range(0, len(whole), max(len(whole) // 9, 1)):
        cursor = Cursor.read(str(whole[place].cursor))
        assert whole[place + 1 :] == watched.after(cursor)


def test_who_is_too_far_behind_is_told_how_many_there_were(watched):
    """And gets the newest; what was left out and what was told are all there is."""
    start = watched.feed.now(watched.world)
    for _ in range(200):
        watched.send()

    found = watched.after(start, behind=100)

    assert {"messages": 200 - MOST, "requests": 200 - MOST, "receipts": 0, "why": "slow"} == {
        name: value for name, value in found[0].data.items() if name != "account"
    }
    assert "more" == found[0].name
    assert 2 * MOST == len(found) - 1
    assert 200 == found[-1].cursor.message


def test_what_the_journal_has_no_more_is_told():
    """To whoever comes back, once; what is left comes after it."""
    watched = Watched(MemoryStore(journal=10_000))
    start = watched.feed.now(watched.world)
    for _ in range(10_007):
        watched.request()

    told = watched.feed.gone(watched.world, start)

    assert ("more", 7, "gone") == (told.name, told.data["requests"], told.data["why"])
    assert watched.feed.gone(watched.world, watched.feed.now(watched.world)) is None


@pytest.mark.parametrize("kept", [1, 30])
def test_messages_that_are_forgotten_hide_none_behind_them(kept):
    """A gap of any length is gone over."""
    watched = Watched(MemoryStore())
    start = watched.feed.now(watched.world)
    for _ in range(300):
        watched.message()
    watched.world.store.remove_all(watched.world.id)
    made = [watched.message().id for _ in range(kept)]

    assert made == [event.data["id"] for event in watched.after(start)]


def test_an_emptied_account_begins_anew(watched):
    """And so does an account on another server: nothing is known of the sequences there."""
    watched.send()
    before = watched.feed.now(watched.world)
    watched.world.reset()
    watched.send()

    assert ["emptied", "message", "request"] == names(watched.after(before))
    elsewhere = Feed(watched.accounts, "s2").now(watched.world)
    assert ["emptied", "message", "request"] == names(watched.after(elsewhere))


def test_settings_are_told_once(watched):
    """By one event a kind, however often they changed between."""
    start = watched.feed.now(watched.world)
    for rate in (1, 2, 3):
        operations.set_limits(watched.world, rate, catalog.PROVIDERS)
        operations.advance(watched.world, 60)

    found = watched.after(start)

    assert ["limits", "clock"] == names(found)
    assert [] == watched.after(found[-1].cursor)


def test_refusals_are_told_by_recipient_without_secrets(watched):
    """In the provider's words, and violations as sentences."""
    start = watched.feed.now(watched.world)
    violation = Violation("body.To", f"`{SECRET}`", "E.164", "https://e.com").as_dict()
    refused = ("+12", "21211", 21211, f"no number: {SECRET}")
    watched.request([watched.message()], [violation], [refused])
    watched.receipt()

    _message, request, receipt = watched.after(start)

    (refused,) = request.data["refused"]
    assert ("+12", "21211") == (refused["to"], refused["key"])
    assert "body.To: `***`; expected E.164 (https://e.com)" == request.data["sentences"][0]
    assert SECRET not in repr((request.data, receipt.data))


@pytest.mark.parametrize("text", ["-", "a", "s-0-0-0", "s-0-0-0-0-0-0-g", f"s-0-0-0-0-0-0-{9**99}"])
def test_what_is_no_cursor_is_refused(text):
    """It has as many numbers as it has, of a bounded length."""
    with pytest.raises(ValueError, match=re.escape(text)):
        Cursor.read(text)


def test_an_event_s_size_is_bounded(watched):
    """However long the text is."""
    start = watched.feed.now(watched.world)
    watched.message("x" * 100_000)

    (told,) = watched.after(start)

    assert events.TEXT + 3 == len(told.data["text"])
