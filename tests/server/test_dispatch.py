"""Receipts on their way: due on the world's clock, in order, signed, tried again, never lost."""

import json
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator
from werkzeug import Request, Response

BODY = "Your code is 123456"


@pytest.fixture
def frozen(default):
    """The default account on a clock that only the test moves."""
    default.simulators.call(default.world.clock.freeze)
    return default


def send(replay, callback, to="+15558675310", **more):
    """One Twilio send from the account's number, with a status callback."""
    from base64 import b64encode
    from urllib.parse import urlencode

    sid, token = "AC0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
    fields = {"To": to, "From": "+15005550006", "Body": BODY, "StatusCallback": callback, **more}
    body = urlencode(fields)
    head = (
        f"POST /2010-04-01/Accounts/{sid}/Messages.json HTTP/1.1\r\nHost: api.twilio.com\r\n"
        f"Authorization: Basic {b64encode(f'{sid}:{token}'.encode()).decode()}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    answer = replay((head + body).encode(), "api.twilio.com")
    assert 201 == answer.status
    return answer.json()


def advance(sms, seconds):
    """Moves the clock and waits until all that became due has been tried."""
    simulators = sms.simulators
    simulators.call(lambda: sms.world.clock.advance(seconds))
    assert simulators.settle(10)


def log(sms):
    store, account = sms.world.store, sms.world.id
    entries = sms.simulators.call(lambda: store.records(account, "receipts", limit=100_000))
    return [json.loads(entry) for _, entry in entries]


def statuses(httpserver):
    return [dict(parse_qsl(r.get_data(as_text=True)))["MessageStatus"] for r, _ in httpserver.log]


def test_reports_each_change_once_and_in_order(frozen, replay, httpserver):
    """Nothing for the initial status; `sent`, then `delivered`, when their time has come."""
    httpserver.expect_request("/status", method="POST").respond_with_data("")
    send(replay, httpserver.url_for("/status"))
    advance(frozen, 0.9)
    assert [] == statuses(httpserver)

    advance(frozen, 0.2)
    assert ["sent"] == statuses(httpserver)

    advance(frozen, 60)
    assert ["sent", "delivered"] == statuses(httpserver)
    assert ["delivered", "delivered"] == [entry["state"] for entry in log(frozen)]


def test_twilio_s_own_validator_accepts_the_signature(frozen, replay, httpserver):
    """RequestValidator of twilio-python, over the URL as configured and the form as it came."""
    httpserver.expect_request("/status").respond_with_data("")
    url = httpserver.url_for("/status") + "?user=1"
    send(replay, url)

    advance(frozen, 60)

    request, _ = httpserver.log[0]
    form = dict(parse_qsl(request.get_data(as_text=True)))
    token = frozen.credentials("twilio")["auth_token"]
    assert RequestValidator(token).validate(url, form, request.headers["X-Twilio-Signature"])
    assert not RequestValidator("x").validate(url, form, request.headers["X-Twilio-Signature"])


def test_a_failed_attempt_is_tried_again_on_the_world_s_clock(frozen, replay, httpserver):
    """500 is no acknowledgement; the second attempt comes when its pause has passed."""
    httpserver.expect_oneshot_request("/status").respond_with_data("", status=500)
    httpserver.expect_request("/status").respond_with_data("")
    send(replay, httpserver.url_for("/status"))

    advance(frozen, 1)
    assert ["retrying"] == [entry["state"] for entry in log(frozen)]
    assert "a 2xx status, not 500" == log(frozen)[0]["lacks"]

    advance(frozen, 60)
    assert ["sent", "sent", "delivered"] == statuses(httpserver)


def test_given_up_reports_do_not_stop_the_next_one(frozen, replay, httpserver):
    """Where every attempt fails, the line goes on all the same."""
    httpserver.expect_request("/status").respond_with_data("", status=503)
    send(replay, httpserver.url_for("/status"))

    for _ in range(6):
        advance(frozen, 60)

    states = [(entry["reports"], entry["state"]) for entry in log(frozen)]
    assert [
        ("sent", "retrying"),
        ("sent", "given up"),
        ("delivered", "retrying"),
        ("delivered", "given up"),
    ] == states


def test_a_redirect_is_not_followed(frozen, replay, httpserver):
    """A redirect is an answer that acknowledges nothing, wherever it leads."""
    moved = Response(status=302, headers={"Location": "http://192.0.2.1/elsewhere"})
    httpserver.expect_request("/status").respond_with_response(moved)
    send(replay, httpserver.url_for("/status"))

    advance(frozen, 1)

    assert "a 2xx status, not 302" == log(frozen)[0]["lacks"]


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "[2001:db8::1]"])
def test_nothing_leaves_this_machine(frozen, replay, host):
    """An address outside loopback is refused, and the way to allow it is named."""
    send(replay, f"http://{host}/status")

    advance(frozen, 1)

    assert "is not this machine; --callbacks-to" in log(frozen)[0]["lacks"]


def test_a_rule_reorders_and_doubles(frozen, replay, httpserver):
    """Receipts may come in another order, and twice: an application must stand it."""
    from simulators.catalog import PROVIDERS
    from simulators.kernel.rules import install, read_all

    httpserver.expect_request("/status").respond_with_data("")
    rule = {"effect": {"receipt": {"reorder": True, "duplicate": True}}}
    rules = read_all([rule], PROVIDERS)
    frozen.simulators.call(lambda: install(frozen.world, rules))
    send(replay, httpserver.url_for("/status"))

    advance(frozen, 60)

    assert ["delivered", "delivered", "sent", "sent"] == statuses(httpserver)


def test_a_receiver_that_recovers_gets_what_waited(frozen, replay, httpserver):
    """Two hundred receipts against a receiver that fails, then does not: none is lost."""
    answers = iter([500] * 50)

    def answer(_request: Request) -> Response:
        return Response(status=next(answers, 200))

    httpserver.expect_request("/status").respond_with_handler(answer)
    sids = {
        send(replay, httpserver.url_for("/status"), to=f"+1555867{n:04}")["sid"] for n in range(100)
    }

    for _ in range(5):
        advance(frozen, 60)

    done = [entry for entry in log(frozen) if entry["state"] == "delivered"]
    assert sids == {entry["message"] for entry in done if entry["reports"] == "delivered"}
    assert sids == {entry["message"] for entry in done if entry["reports"] == "sent"}
