"""The long poll: a message and its code as soon as they are there."""

import threading

import pytest

from simulators.control import client, wait
from simulators.kernel.arrivals import Wanted
from simulators.kernel.message import Message

NOW = 1_800_000_000.0


def later(seconds, work):
    timer = threading.Timer(seconds, work)
    timer.start()
    return timer


def test_returns_a_message_that_is_already_there(control, send):
    """Without `since` the newest message kept counts."""
    send(text="Your code is 111111")
    send(text="Your code is 222222")

    answer = control("GET", "/_sim/wait", to="+15005550010").json

    assert "222222" == answer["code"]
    assert "Your code is 222222" == answer["message"]["text"]


def test_a_poll_is_told_of_the_arrival_and_does_not_ask_again(control, send, sms_server, own_calls):
    """One that was open before the message came looks once, however long it waits: it is answered
    by the message, not by a clock."""
    looked = sms_server.call(lambda: own_calls(Wanted, "newest", lambda *_: 1))
    timer = later(0.5, send)

    answer = control("GET", "/_sim/wait", to="+15005550010", timeout=60)
    timer.join()

    assert "123456" == answer.json["code"]
    assert [1] == looked


def test_since_now_passes_over_older_messages(control, send):
    """What was there before the poll does not answer it."""
    send(text="Your code is 111111")
    timer = later(0.1, lambda: send(text="Your code is 222222"))

    answer = control("GET", "/_sim/wait", to="+15005550010", since="now", timeout=5).json
    timer.join()

    assert "222222" == answer["code"]


def test_since_a_sequence_counts_later_messages_only(control, send):
    """The sequence of one answer is the `since` of the next question."""
    send(text="Your code is 111111")
    first = control("GET", "/_sim/wait", to="+15005550010").json["message"]

    again = control("GET", "/_sim/wait", since=first["sequence"], timeout=0)
    send(text="Your code is 222222")
    next_one = control("GET", "/_sim/wait", since=first["sequence"], timeout=0)

    assert 408 == again.status
    assert "222222" == next_one.json["code"]


def test_since_a_time_is_read_by_the_worlds_clock(control, send):
    """A frozen clock decides what is later."""
    control("POST", "/_sim/clock", {"freeze": "2026-01-01T12:00:00Z"})
    send()

    before = control("GET", "/_sim/wait", since="2026-01-01T12:00:01Z", timeout=0)
    zoned = control("GET", "/_sim/wait", since="2026-01-01T13:59:59+02:00", timeout=0)
    raw_plus = control("GET", "/_sim/wait", since="2026-01-01T13:59:59 02:00", timeout=0)

    assert [408, 200, 200] == [before.status, zoned.status, raw_plus.status]


@pytest.mark.parametrize(
    "written",
    ["+15005550010", " 15005550010", "15005550010", "0015005550010", "+1 (500) 555-0010"],
)
def test_reads_a_number_in_any_usual_writing(control, send, written):
    """Blanks, brackets, a plus that a query string lost, 00 for plus: all one number."""
    send()

    assert 200 == control("GET", "/_sim/wait", to=written, timeout=0).status


def test_says_what_did_arrive_when_nothing_wanted_came(control, send):
    """408 names the other messages, and the requests that were refused."""
    send(to="+15005550011")
    send(to="nonsense")

    answer = control("GET", "/_sim/wait", to="+15005550010", timeout=0.05)

    assert 408 == answer.status
    assert "no message to +15005550010 within 0.05 s" == answer.json["error"]
    assert ["+15005550011"] == [message["to"] for message in answer.json["arrived"]]
    assert "arrived: twilio to +15005550011" in answer.json["got"]
    assert "refused: twilio create-message with 21211 (400)" in answer.json["got"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"to": "hello"}, "not a phone number"),
        ({"timeout": "301"}, "seconds, from 0 to 300"),
        ({"timeout": "soon"}, "seconds, from 0 to 300"),
        ({"since": "yesterday"}, "not a time"),
        ({"since": "9999-99-99"}, "not a time"),
        ({"provider": "twillio"}, "one of:"),
        ({"tmeout": "3"}, "did you mean 'timeout'?"),
    ],
)
def test_refuses_what_it_cannot_read(control, query, said):
    """400 names what was expected."""
    answer = control("GET", "/_sim/wait", **query)

    assert 400 == answer.status
    assert said in " ".join(answer.json.values())


def test_open_polls_are_bounded(control, monkeypatch):
    """Over the bound the answer is 429, at once."""
    monkeypatch.setattr(wait, "MOST_POLLS", 0)

    assert 429 == control("GET", "/_sim/wait", timeout=5).status


def test_a_poll_ends_with_its_client(control, sms_server):
    """A client that hangs up leaves no poll open."""
    with pytest.raises(client.ControlError, match="did not answer within"):
        client.get(sms_server.url, "/_sim/wait", {"timeout": "60", "since": "now"}, timeout=0.05)

    for _ in range(2000):
        if "sms_simulators_long_polls_open 0" in control("GET", "/metrics").raw.decode():
            return
    pytest.fail("the poll is still open")


def test_after_a_sequence_counts_later_messages_only(control, send):
    """The answer carries its sequence, which `after` takes: no code is returned before the last."""
    send(text="Your code is 111111")
    first = control("GET", "/_sim/wait", to="+15005550010").json

    again = control("GET", "/_sim/wait", to="+15005550010", after=first["sequence"], timeout=0)
    send(text="Your code is 222222")
    newer = control("GET", "/_sim/wait", to="+15005550010", after=first["sequence"], timeout=0)

    assert first["message"]["sequence"] == first["sequence"]
    assert 408 == again.status
    assert "222222" == newer.json["code"]


def test_after_last_is_what_a_wait_for_the_same_has_not_returned(control, send):
    """A first question finds what is there, later ones what came since; without `after` the
    newest is returned as often as one asks."""

    def ask(**query):
        return control("GET", "/_sim/wait", **{"to": "+15005550010", "timeout": 0, **query})

    send(text="Your code is 111111")
    first, again, plain = ask(after="last"), ask(after="last"), ask()
    other = ask(after="last", to="")
    send(text="Your code is 222222")

    assert ["111111", "111111", "111111"] == [one.json["code"] for one in (first, plain, other)]
    assert 408 == again.status
    assert "222222" == ask(after="last").json["code"]


def test_after_last_in_an_emptied_world_begins_anew(control, send):
    """Its messages are counted from the beginning, and none of them was returned."""
    send()
    send()
    control("GET", "/_sim/wait", after="last", timeout=0)
    control("POST", "/_sim/reset")
    send(text="Your code is 333333")

    assert "333333" == control("GET", "/_sim/wait", after="last", timeout=0).json["code"]


def test_what_is_remembered_is_bounded(control, send, monkeypatch):
    """The oldest answers are forgotten first."""
    monkeypatch.setattr(wait, "MOST_REMEMBERED", 1)
    send()
    for query in ({"to": "+15005550010"}, {}):
        control("GET", "/_sim/wait", timeout=0, **query)

    assert 200 == control("GET", "/_sim/wait", to="+15005550010", after="last", timeout=0).status
    assert 408 == control("GET", "/_sim/wait", to="+15005550010", after="last", timeout=0).status


def test_looks_into_other_accounts_when_nothing_arrived(control, send, sms_server):
    """Where a client is signed in as another account, the answer says which; and a message without
    a code is told as such."""
    stranger = sms_server.call(sms_server.accounts.create)
    try:
        send(text="hello")

        answer = control("GET", "/_sim/wait", account=stranger.id, to="+15005550010", timeout=0)
        own = control("GET", "/_sim/wait", to="+15005550019", timeout=0)
    finally:
        sms_server.call(lambda: sms_server.accounts.drop(stranger.id))

    assert answer.json["got"].startswith("nothing arrived. elsewhere: account '")
    assert "has twilio to +15005550010, without a code" in answer.json["got"]
    assert "arrived: twilio to +15005550010, without a code" in own.json["got"]


@pytest.mark.parametrize(
    ("provider", "number"), [("vonage", "447700900000"), ("aliyun", "13800138000")]
)
def test_digits_are_read_as_their_provider_reads_them(sms, provider, number):
    """A filter finds what was sent to the same digits, with and without the provider's name."""
    known = sms.simulators.providers[provider]
    kept = known.number(number).e164
    message = Message("m1", provider, "send", kept, "Acme", "Your code is 123456", 1, 1.0, "x")
    sms.simulators.call(lambda: sms.world.store.admit(sms.world.id, [((), message)], 1.0))

    assert "123456" == sms.wait_for_code(number, timeout=0.1)
    assert [kept] == [one.to for one in sms.messages(number)]
    assert [kept] == [one.to for one in sms.messages(number, provider)]


def test_what_arrives_while_it_looks_is_seen(control, sms_server, account, monkeypatch):
    """It watches before it looks, on a store that takes its time for an answer as well."""
    looked = Wanted.newest

    def slow(wanted, world):
        found = looked(wanted, world)
        late = Message("M1", "twilio", "create", "+15005550010", "", "123456", 1, NOW, "number")
        world.store.admit(world.id, [((), late)], NOW)
        return found

    monkeypatch.setattr(Wanted, "newest", slow)
    answer = control("GET", "/_sim/wait", timeout=1)

    assert (200, "M1") == (answer.status, answer.json["message"]["id"])
