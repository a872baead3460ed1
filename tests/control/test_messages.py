"""Messages as the control API shows, filters, pages and forgets them."""

import pytest


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
    monkeypatch.setattr("simulators.kernel.message.extract", None)

    pages = [control("GET", "/_sim/messages").json["messages"] for _ in range(3)]
    waited = control("GET", "/_sim/wait", to="+15005550010", timeout=0).json

    assert ["123456"] * 3 == [page[0]["code"] for page in pages]
    assert "123456" == waited["code"]
