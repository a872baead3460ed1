"""Vonage's contracts: what they say of texts and of recorded requests."""

import pytest

from simulators.check.examples import examples
from simulators.kernel import segments
from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.providers.vonage import wire


def document(request):
    """A recorded request as the contract sees it."""
    path, _, query = request["target"].partition("?")
    headers = {name.lower(): value for name, value in request["headers"]}
    body = (request.get("body") or "").encode()
    return wire.read(Call(request["method"], path, query, headers, body))


def test_the_contract_s_gsm_alphabet_is_the_kernel_s():
    """Latin, Greek and Cyrillic, the euro and an emoji, each alone as a text."""
    agreed = contract("vonage", "send-sms")
    kept = examples("vonage", "send-sms").keeps[0]
    for char in map(chr, [*range(0x460), 0x20AC, 0x9A8C, 0x1F600]):
        asked = {**kept, "body": {**kept["body"], "text": char}}
        assert segments.is_gsm7(char) == (agreed.validate(asked) == []), ascii(char)


@pytest.mark.parametrize(
    "client",
    ["logto-vonage-sms", "vonage-python", "vonage-requests-form", "vonage-requests-query"]
    + [f"vonage-python-sig-{name}" for name in ("md5", "sha1", "sha256", "sha512")],
)
def test_what_clients_really_send_is_judged_rightly(client, captures):
    """Right but for a number with + or 00, and for a text that wants `type=unicode`."""
    agreed = contract("vonage", "send-sms")
    wrong = {"e164": "to", "to-cn-e164": "to", "to-us-e164": "to", "to-cn-0086": "to"}
    if client.startswith("logto"):
        wrong["unicode"] = "text"
    for capture in captures(client):
        found = [
            violation.pointer for violation in agreed.validate(document(capture["requests"][0]))
        ]
        place = "query" if client.endswith("query") else "body"
        expected = [f"{place}.{wrong[capture['case']]}"] if capture["case"] in wrong else []

        assert expected == found, capture["case"]
