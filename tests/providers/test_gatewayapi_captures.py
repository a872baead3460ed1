"""Recorded requests, replayed byte for byte over TLS under GatewayAPI's host names."""

import pytest

CLIENTS = (
    "logto-gatewayapi-sms",
    "gatewayapi-requests-basic",
    "gatewayapi-requests-form",
    "gatewayapi-requests-token",
)


@pytest.mark.parametrize("client", CLIENTS)
def test_accepts_what_real_clients_send(client, default, replay, captures):
    """Each recorded send is answered 200 with one id, and its message kept under that id."""
    answers = [replay(capture["requests"][0]) for capture in captures(client)]

    assert {200} == {answer.status for answer in answers}
    ids = [answer.json()["ids"] for answer in answers]
    assert [[int(m.id)] for m in reversed(default.messages())] == ids
