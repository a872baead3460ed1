"""What SMS Aero posts to `callbackUrl`, and how long it tries."""

import json
from urllib.parse import parse_qsl

import pytest
from werkzeug import Response

from simulators.kernel.contracts import contract

NOW = 1_795_248_470.0
GOOD = {"number": "79031234567", "text": "Your code is 135790", "sign": "SMS Aero"}


@pytest.fixture
def frozen(default):
    """The default account on a clock that only the test moves."""
    default.simulators.call(lambda: default.world.clock.freeze(NOW))
    return default


def advance(sms, seconds):
    """Moves the clock and waits until all that became due has been tried."""
    sms.simulators.call(lambda: sms.world.clock.advance(seconds))
    assert sms.simulators.settle(10)


def posted(httpserver):
    """The payloads in the order they came, each held against the contract."""
    found = []
    for request, _ in httpserver.log:
        headers = {name.lower(): value for name, value in request.headers}
        raw = request.get_data(as_text=True)
        form = headers["content-type"] != "application/json"
        body = dict(parse_qsl(raw)) if form else json.loads(raw)
        document = {"method": request.method, "path": request.path, "query": {}}
        whole = {**document, "headers": headers, "body": body}
        assert [] == contract("smsaero", "receipt").validate(whole)
        found.append(body)
    return found


@pytest.mark.parametrize(("asked", "kind"), [(None, str), ("JSON", int), ("XML", str)])
def test_each_change_of_status_is_posted(asked, kind, frozen, aero, httpserver):
    """As a form, or as JSON where the message asked for it, with the message's id."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    fields = {"callbackUrl": httpserver.url_for("/cb"), "callbackFormat": asked}
    sent = aero("sms/send", {**GOOD, **fields}).json()["data"]
    for _ in range(4):
        advance(frozen, 1)

    payloads = posted(httpserver)

    assert [kind(3), kind(4), kind(1)] == [payload["status"] for payload in payloads]
    assert {kind(sent["id"])} == {payload["id"] for payload in payloads}
    assert {"5.49"} == {payload["cost"] for payload in payloads}
    assert kind(int(NOW) + 3) == payloads[-1]["dateAnswer"]


def test_what_is_not_answered_200_is_posted_again(frozen, aero, httpserver):
    """After 1, 5 and 15 minutes; then it is given up and the next one goes out."""
    httpserver.expect_request("/cb").respond_with_response(Response(status=204))
    aero("sms/send", {**GOOD, "callbackUrl": httpserver.url_for("/cb")})
    for seconds in (1, 60, 300, 900):
        advance(frozen, seconds)

    payloads = posted(httpserver)

    assert ["3"] * 4 == [payload["status"] for payload in payloads[:4]]


@pytest.mark.parametrize(("row", "status"), [("2", "2"), ("6/moderation", "6")])
def test_a_failure_is_posted_with_its_status(row, status, frozen, aero, httpserver):
    """2 for what the operator did not deliver, 6 for what was rejected."""
    httpserver.expect_request("/cb").respond_with_data("")
    frozen.script({"match": {"provider": "smsaero"}, "effect": {"error": row}})
    aero("sms/send", {**GOOD, "callbackUrl": httpserver.url_for("/cb")})
    advance(frozen, 10)

    assert status == posted(httpserver)[-1]["status"]


def test_null_is_no_callback(frozen, aero):
    """The Python and Node SDKs send it with every message."""
    aero("sms/send", {**GOOD, "callbackUrl": None})

    assert [""] == [message.callback for message in frozen.messages()]
