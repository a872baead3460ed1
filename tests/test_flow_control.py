"""Flow control over HTTP: tables of one's own, keyed by what a sender chooses; balances."""

import pytest


def webhook(replay, to="8613012345678", usage="SignIn", ip=None, **more):
    """One message to the HTTP SMS webhook, whose usage type is its template."""
    import json

    body = {"to": to, "type": usage, "payload": {"code": "123456"}, **more}
    if ip:
        body["ip"] = ip
    raw = json.dumps(body)
    head = (
        "POST /sms HTTP/1.1\r\nHost: sms-webhook.example.com\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer fake-http-sms-token\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return replay((head + raw).encode(), "sms-webhook.example.com").status


def row(*key, permits=1, seconds=60, **more):
    return {"permits": permits, "seconds": seconds, "key": list(key), **more}


def test_a_window_by_number_stops_every_template(default, replay):
    """One template for all usages: a sign-in is stopped by the registration before it."""
    default.limits([row("number")])

    assert [200, 429] == [webhook(replay, usage=u) for u in ("Register", "SignIn")]


def test_a_window_by_template_leaves_the_others_open(default, replay):
    """With a template a usage, a send under one does not use up another's window."""
    default.limits([row("number", "template")])

    assert [200, 200, 429] == [webhook(replay, usage=u) for u in ("Register", "SignIn", "SignIn")]


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("ip", {"ip": "203.0.113.7"}, {"ip": "203.0.113.8"}),
        ("number", {"to": "8613012345678"}, {"to": "8613012345679"}),
        ("content", {"usage": "SignIn"}, {"usage": "Generic"}),
    ],
)
def test_a_window_counts_by_its_key(key, one, other, default, replay):
    """The same value again is refused, another one is not."""
    default.limits([row(key)])

    assert [200, 429, 200] == [webhook(replay, **parts) for parts in (one, one, other)]


def test_a_window_of_the_whole_account(default, replay):
    """Whoever it is to, the third is one too many."""
    default.limits([row("account", permits=2)])

    assert [200, 200, 429] == [webhook(replay, to=f"861301234567{n}") for n in range(3)]


def test_a_window_opens_again_on_the_world_s_clock(default, replay):
    """A rolling minute later there is room; no test waits for it."""
    default.clock.freeze()
    default.limits([row("number")])
    first = [webhook(replay), webhook(replay)]

    default.clock.advance(60)

    assert [200, 429, 200] == [*first, webhook(replay)]


def test_a_natural_window_turns_with_the_clock_of_its_zone(default, replay):
    """23:59:59 and 00:00:00 in UTC+8 are two days."""
    default.clock.freeze("2026-11-21T15:59:59Z")
    default.limits([row("number", seconds=86_400, kind="natural", zone_s=28_800)])
    before = [webhook(replay), webhook(replay)]

    default.clock.advance(1)

    assert [200, 429, 200] == [*before, webhook(replay)]


def test_a_counted_balance_falls_with_each_send(default, replay):
    """Once it is used up the next message is refused."""
    default.balance(0.015)

    assert [200, 200, 402] == [webhook(replay) for _ in range(3)]


def test_the_answer_tells_which_limit_fired(default, replay):
    """In a header; the body is the provider's alone."""
    import json

    default.limits([row("number", name="once-a-minute")])
    webhook(replay)
    raw = json.dumps({"to": "8613012345678", "type": "SignIn", "payload": {"code": "1"}})
    head = (
        "POST / HTTP/1.1\r\nHost: sms-webhook.example.com\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer fake-http-sms-token\r\nContent-Length: {len(raw)}\r\n\r\n"
    )

    answer = replay((head + raw).encode(), "sms-webhook.example.com")

    assert "once-a-minute" == answer.headers["x-simulator-rule"]


@pytest.mark.parametrize("kind", ["natural", "queue"])
def test_a_table_is_replaced_by_one_of_another_kind(kind, default, replay):
    """Under the same name, while windows of the first are full: the new ones begin empty."""
    default.limits([row("number", name="mine")])
    before = [webhook(replay), webhook(replay)]
    default.limits([row("number", name="mine", kind=kind)])

    assert [200, 429, 200, 429] == [*before, webhook(replay), webhook(replay)]
    default.limits([row("number", name="mine", seconds=61)])
    assert [200, 429] == [webhook(replay), webhook(replay)]
