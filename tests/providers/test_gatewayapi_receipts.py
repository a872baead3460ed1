"""Notifications of GatewayAPI: what is posted, in which order, and how it is signed."""

import json

import jwt
import pytest
from werkzeug import Response

from simulators.kernel.contracts import contract

NOW = 1_795_248_470.0
TEXT = "Your code is 123456"


@pytest.fixture
def frozen(default):
    """The default account on a clock that only the test moves."""
    default.simulators.call(lambda: default.world.clock.freeze(NOW))
    return default


def advance(sms, seconds):
    """Moves the clock and waits until all that became due has been tried."""
    sms.simulators.call(lambda: sms.world.clock.advance(seconds))
    assert sms.simulators.settle(10)


def send(ask, url, *numbers, **fields):
    recipients = [{"msisdn": number} for number in numbers or (4512345678,)]
    message = {"message": TEXT, "recipients": recipients, "callback_url": url, **fields}
    answer = ask("POST", "/rest/mtsms", json=message)
    assert 200 == answer.status_code, answer.text
    return answer.json()["ids"][0]


def posted(httpserver):
    """The payloads in the order they came, each held against the contract."""
    found = []
    for request, _ in httpserver.log:
        headers = {name.lower(): value for name, value in request.headers}
        document = {"method": request.method, "headers": headers, "body": request.get_json()}
        assert [] == contract("gatewayapi", "receipt").validate(document)
        found.append(request.get_json())
    return found


def test_every_change_of_every_recipient_is_posted(frozen, ask, httpserver):
    """BUFFERED, ENROUTE, DELIVERED, each with the id that sending answered."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    found = send(ask, httpserver.url_for("/cb"), 4512345678, 4687654321, userref="u1")
    for _ in range(4):
        advance(frozen, 1)

    payloads = posted(httpserver)

    assert {found} == {payload["id"] for payload in payloads}
    danish = [payload for payload in payloads if payload["msisdn"] == 4512345678]
    assert ["BUFFERED", "ENROUTE", "DELIVERED"] == [payload["status"] for payload in danish]
    assert len(payloads) == 6
    assert {
        "id": found,
        "msisdn": 4512345678,
        "time": int(NOW) + 3,
        "status": "DELIVERED",
        "error": None,
        "code": None,
        "userref": "u1",
        "country_code": "DK",
        "country_prefix": 45,
    } == danish[-1]


def test_a_message_expires_that_is_not_delivered_in_its_validity_period(frozen, ask, httpserver):
    """Counted from when it goes out; a status without an error of its own."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    frozen.script({"match": {}, "effect": {"receipt": {"after_s": 3600}}})
    url = httpserver.url_for("/cb")
    send(ask, url, validity_period=120, sendtime=int(NOW) + 60)
    advance(frozen, 179)
    before = posted(httpserver)[-1]
    advance(frozen, 1)

    last = posted(httpserver)[-1]
    assert ("ENROUTE", "EXPIRED") == (before["status"], last["status"])
    assert (int(NOW) + 180, None) == (last["time"], last["code"])


def test_the_signature_is_a_token_of_the_same_payload(frozen, ask, httpserver):
    """PyJWT verifies it with the account's webhook secret and reads the body out of it."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    send(ask, httpserver.url_for("/cb"))
    advance(frozen, 0)

    ((request, _),) = httpserver.log
    secret = frozen.credentials("gatewayapi")["webhook_secret"]
    read = jwt.decode(request.headers["X-Gwapi-Signature"], secret, algorithms=["HS256"])
    assert request.get_json() == read
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(request.headers["X-Gwapi-Signature"], secret[::-1], algorithms=["HS256"])


def test_a_failure_is_posted_with_its_code(frozen, ask, httpserver):
    """The text and the hexadecimal code of the receipt row."""
    from simulators import catalog
    from simulators.kernel.rules import install, read_all

    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    rule = {"match": {"provider": "gatewayapi"}, "effect": {"error": "0x1013"}}
    install(frozen.world, read_all([rule], catalog.PROVIDERS))
    send(ask, httpserver.url_for("/cb"))
    advance(frozen, 10)

    last = posted(httpserver)[-1]

    assert ("UNDELIVERABLE", "Absent subscriber", "0x1013") == (
        last["status"],
        last["error"],
        last["code"],
    )


def test_deleting_a_scheduled_message_is_posted(frozen, ask, httpserver):
    """SCHEDULED, then DELETED; nothing of the sending that never was."""
    httpserver.expect_request("/cb", method="POST").respond_with_data("")
    found = send(ask, httpserver.url_for("/cb"), sendtime=int(NOW) + 600)
    advance(frozen, 10)
    assert 204 == ask("DELETE", f"/rest/mtsms/{found}").status_code
    advance(frozen, 10_000)

    assert ["SCHEDULED", "DELETED"] == [payload["status"] for payload in posted(httpserver)]


def test_a_receiver_that_fails_is_tried_again_after_a_minute(frozen, ask, httpserver):
    """A status from 300 on does not acknowledge; the pauses are the documented ones."""
    failing = [500, 302]

    def receive(_request):
        return Response(status=failing.pop(0) if failing else 204)

    httpserver.expect_request("/cb", method="POST").respond_with_handler(receive)
    send(ask, httpserver.url_for("/cb"))
    counts = []
    for seconds in (0, 59, 1, 119, 1):
        advance(frozen, seconds)
        counts.append([json.loads(r.get_data())["status"] for r, _ in httpserver.log])

    assert [1, 1, 2, 2] == [statuses.count("BUFFERED") for statuses in counts[:4]]
    assert 3 == counts[4].count("BUFFERED")
