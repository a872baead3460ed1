"""Recorded requests, replayed byte for byte over TLS under SMS Aero's host names."""

import base64

import pytest

from simulators.kernel.contracts import contract

CLIENTS = ("logto-smsaero", "smsaero-api-python", "smsaero-api-async-python")
PREFIXED = {"to-cn-0086", "to-cn-e164", "to-us-e164"}


@pytest.mark.parametrize("client", CLIENTS)
def test_accepts_what_real_clients_send(client, default, replay, captures):
    """Each recorded send is answered with its message object, and its message is kept; numbers
    with a + or 00 are refused, and what reads is answered as it was asked."""
    for capture in captures(client):
        default.simulators.call(default.world.reset)
        request = capture["requests"][0]
        answer = replay(request)
        body = answer.json()

        if capture["case"] in PREFIXED:
            assert (400, {"number": ["incorrect"]}) == (answer.status, body["data"])
        elif request["target"] == "/v2/sms/send":
            assert 200 == answer.status
            assert [] == contract("smsaero", "send-sms", "response.schema").validate(body)
            shown = body["data"] if isinstance(body["data"], list) else [body["data"]]
            assert [m.id for m in reversed(default.messages())] == [str(m["id"]) for m in shown]
        elif request["target"] == "/v2/sms/status":
            assert (400, {"id": ["incorrect"]}) == (answer.status, body["data"])
        elif request["target"] == "/v2/auth":
            assert "Successful authorization." == body["message"]
        else:
            assert {"balance": 337.03} == body["data"]


@pytest.mark.parametrize("client", CLIENTS)
def test_one_character_of_the_key_changed_is_no_authorization(client, default, replay, captures):
    """401 with the recorded words, whatever was asked."""
    for capture in captures(client):
        request = capture["requests"][0]
        headers = [
            [name, changed(value) if name.lower() == "authorization" else value]
            for name, value in request["headers"]
        ]
        answer = replay({**request, "headers": headers})

        assert 401 == answer.status
        assert {
            "success": False,
            "data": None,
            "message": "Your request was made with invalid credentials.",
        } == answer.json()
    assert [] == default.messages()


def changed(authorization):
    scheme, _, token = authorization.partition(" ")
    pair = base64.b64decode(token)
    return f"{scheme} {base64.b64encode(pair[:-1] + b'6').decode()}"


def test_the_published_header_is_that_of_its_credentials(sms_server, replay):
    """The header that smsaero_api makes of an address and a key signs that account in."""
    known = {"email": "user@gmail.com", "api_key": "0123456789abcdef0123456789abcdef"}
    sms_server.call(lambda: sms_server.accounts.add("smsaero-vector", {"smsaero": known}))
    header = "Basic dXNlckBnbWFpbC5jb206MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    raw = (
        "POST /v2/auth HTTP/1.1\r\nHost: gate.smsaero.ru\r\nContent-Type: application/json\r\n"
        f"Authorization: {header}\r\nContent-Length: 2\r\n\r\n{{}}"
    )
    try:
        answer = replay(raw.encode(), "gate.smsaero.ru")
    finally:
        sms_server.call(lambda: sms_server.accounts.drop("smsaero-vector"))

    assert 200 == answer.status
