"""Messages as the control API shows, filters, pages and forgets them."""

from base64 import b64encode

import pytest

from simulators.kernel.message import Message, Step


@pytest.fixture
def stopped(control):
    """The world's clock stands at noon."""
    control("POST", "/_sim/clock", {"freeze": "2026-01-01T12:00:00Z"})


def texts(answer):
    return [message["text"] for message in answer.json["messages"]]


def test_shows_all_of_a_message(control, send, account, stopped):
    """Every field, the code, and what became of it in both vocabularies."""
    send()
    (listed,) = control("GET", "/_sim/messages").json["messages"]

    message = control("GET", f"/_sim/messages/{listed['id']}").json

    assert listed == message
    assert ("123456", account, 1) == (message["code"], message["account"], message["sequence"])
    assert ("twilio", "create-message", "+15005550010") == (
        message["provider"],
        message["operation"],
        message["to"],
    )
    assert ("queued", "accepted", "2026-01-01T12:00:00.000Z") == (
        message["status"],
        message["state"],
        message["at"],
    )


def test_history_grows_with_the_worlds_clock(control, send, stopped):
    """Each step so far with the time it was reached; none that is still to come."""
    send()
    control("POST", "/_sim/clock", {"advance": 1})

    (message,) = control("GET", "/_sim/messages").json["messages"]
    steps = [(step["status"], step["state"], step["error"]) for step in message["history"]]

    assert ("sent", "sent") == (message["status"], message["state"])
    assert [("queued", "accepted", None), ("sent", "sent", None)] == [steps[0], steps[-1]]
    assert message["history"][-1]["at"] <= "2026-01-01T12:00:01.000Z"


def test_lists_newest_first_in_pages(control, send):
    """Each page gives the cursor of the next, the last one none."""
    for number in range(5):
        send(text=f"text {number}")

    first = control("GET", "/_sim/messages", limit=2)
    second = control("GET", "/_sim/messages", limit=2, cursor=first.json["next"])
    third = control("GET", "/_sim/messages", limit=2, cursor=second.json["next"])

    assert ["text 4", "text 3"] == texts(first)
    assert ["text 2", "text 1"] == texts(second)
    assert (["text 0"], None) == (texts(third), third.json["next"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["late", "early"]),
        ({"to": "+1 (500) 555-0011"}, ["late"]),
        ({"to": "+15005550019"}, []),
        ({"provider": "twilio"}, ["late", "early"]),
        ({"since": "2026-01-01T12:30:00Z"}, ["late"]),
        ({"since": "2026-01-01T14:30:00+02:00"}, ["late"]),
        ({"since": "1"}, ["late"]),
        ({"since": "now"}, []),
        ({"status": "queued"}, ["late"]),
        ({"status": "accepted"}, ["late"]),
        ({"status": "delivered"}, ["early"]),
        ({"status": "nonsense"}, []),
        ({"status": "delivered", "to": "+15005550011"}, []),
    ],
)
def test_filters(control, send, stopped, query, expected):
    """By number in any writing, provider, time or sequence, status word or state."""
    send(to="+15005550010", text="early")
    control("POST", "/_sim/clock", {"advance": 3600})
    send(to="+15005550011", text="late")

    assert expected == texts(control("GET", "/_sim/messages", **query))


def test_an_unknown_message_is_404(control, refused):
    """With the account it was looked for in."""
    assert "has no message 'SM0'" in refused(control("GET", "/_sim/messages/SM0"), 404)


def test_deletes_what_matches(control, send):
    """A filter spares the rest; no filter spares nothing."""
    send(to="+15005550010", text="one")
    send(to="+15005550011", text="two")
    send(to="+15005550011", text="three")

    some = control("DELETE", "/_sim/messages", to="+15005550010").json
    left = texts(control("GET", "/_sim/messages"))
    rest = control("DELETE", "/_sim/messages").json

    assert {"deleted": 1, "next": None} == some
    assert ["three", "two"] == left
    assert {"deleted": 2, "next": None} == rest
    assert [] == texts(control("GET", "/_sim/messages"))


def test_accounts_do_not_see_each_others(control, send):
    """An account is a world."""
    send()

    assert 1 == len(control("GET", "/_sim/messages").json["messages"])
    assert [] == texts(control("GET", "/_sim/messages", account="default", to="+15005550010"))


def test_a_code_is_searched_for_once(control, send, monkeypatch):
    """Reading a message back, as often as one likes, reads no text again."""
    send(text="Your code is 123456")
    control("GET", "/_sim/messages")
    monkeypatch.setattr("simulators.kernel.codes.found", None)

    pages = [control("GET", "/_sim/messages").json["messages"] for _ in range(3)]
    waited = control("GET", "/_sim/wait", to="+15005550010", timeout=0).json

    assert ["123456"] * 3 == [page[0]["code"] for page in pages]
    assert "123456" == waited["code"]


def test_a_long_page_is_made_in_turns_and_is_whole(control, sms_server, account):
    """A thousand messages, by their status among two thousand; then they are forgotten."""
    world = sms_server.accounts.world(account)

    def kept(n):
        lifecycle = (Step(0, "queued"), Step(0, "sent" if n % 2 else "failed"))
        one = Message(
            f"M{n}", "twilio", "create-message", "+15005550010", "", "hi", 1, 1.0, lifecycle
        )
        world.store.admit(world.id, [((), one)], 1.0)

    sms_server.call(lambda: [kept(n) for n in range(2000)])
    listed = control("GET", "/_sim/messages", status="sent", limit=1000)
    gone = control("DELETE", "/_sim/messages", status="sent").json

    assert 200 == listed.status
    assert [f"M{n}" for n in range(1999, 0, -2)] == [m["id"] for m in listed.json["messages"]]
    assert {"deleted": 1000, "next": None} == gone
    assert 1000 == sms_server.call(lambda: world.store.kept(account))


def test_what_goes_wrong_in_a_later_turn_is_told(control, sms_server, account):
    """A number that is none, behind four hundred that are, and a fault of ours."""
    good = [f"+1415555{n:04}" for n in range(2000, 2400)]
    bad = control("PUT", "/_sim/optouts", {"numbers": [*good, "nobody"]})
    done = control("PUT", "/_sim/optouts", {"numbers": good})

    assert (400, "not a phone number", "nobody") == (
        bad.status,
        bad.json["error"],
        bad.json["got"],
    )
    assert (200, good) == (done.status, done.json["numbers"])


def test_a_provider_s_long_list_is_answered_and_journalled_once(control, raw, sms_server, account):
    """In turns; a rule slows it down, and the slot that it holds is given back."""
    world = sms_server.accounts.world(account)
    rule = {"match": {"operation": "list-messages"}, "effect": {"delay_ms": 1}}
    control("POST", "/_sim/rules", rule)

    def kept(n):
        one = Message(
            f"M{n}", "twilio", "create-message", "+15005550010", "", "hi", 1, 1.0, "number"
        )
        world.store.admit(world.id, [((), one)], 1.0)

    sms_server.call(lambda: [kept(n) for n in range(1000)])
    known = world.credentials("twilio")
    basic = b64encode(f"{known['account_sid']}:{known['auth_token']}".encode()).decode()
    path = f"/twilio/2010-04-01/Accounts/{known['account_sid']}/Messages.json?DateSent=1990-01-01"
    answer = raw(sms_server.ports["http"], "GET", path, headers={"Authorization": f"Basic {basic}"})
    (entry,) = control("GET", "/_sim/requests").json["requests"]

    assert (200, []) == (answer.status, answer.json["messages"])
    assert ("list-messages", 200) == (entry["operation"], entry["status"])
    assert 0 == world.under_way("twilio", 0.0)


def test_a_reply_is_told_as_it_is_kept(control, stopped):
    """What is answered to who made it is what the list shows."""
    made = control(
        "POST", "/_sim/inbound", {"provider": "twilio", "from": "+15005550010", "text": "STOP"}
    )

    assert [made.json] == control("GET", "/_sim/inbound").json["inbound"]
    assert ("STOP", {}) == (made.json["text"], made.json["details"])
