"""Twilio's contracts: what they say of recorded requests."""

import pytest

from simulators.kernel.contracts import contract, document
from simulators.kernel.reading import fields


@pytest.mark.parametrize("client", ["logto-twilio-sms", "twilio-python"])
def test_keeps_what_real_clients_send(client, captures):
    """Recorded requests keep the contract of their operation, but the one to +0086..."""
    violating = {}
    for capture in captures(client):
        request = capture["requests"][0]
        path, _, query = request["target"].partition("?")
        headers = {name.lower(): value for name, value in request["headers"]}
        asked = document(
            request["method"], path, headers, fields(query), fields(request["body"] or "")
        )
        found = contract("twilio", operation(asked)).validate(asked)
        if found:
            violating[capture["case"]] = [violation.pointer for violation in found]

    assert ({"to-cn-0086": ["body.To"]} if client.startswith("logto") else {}) == violating


def operation(asked):
    one = "/Messages/" in asked["path"]
    return {
        ("POST", False): "create-message",
        ("GET", False): "list-messages",
        ("GET", True): "fetch-message",
        ("POST", True): "update-message",
        ("DELETE", True): "delete-message",
    }[asked["method"], one]
