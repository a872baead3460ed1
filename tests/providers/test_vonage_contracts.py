"""Vonage's contracts: what they say of examples and of recorded requests."""

import json
from pathlib import Path

import pytest

from simulators.catalog import find
from simulators.kernel import segments
from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.providers.vonage import wire

FOLDER = Path(__file__).parents[2] / "contracts" / "vonage"
OPERATIONS = sorted(path.name.removesuffix(".examples.json") for path in FOLDER.glob("*.examples*"))
CALLBACKS = {"delivery-receipt", "inbound-message"}


def examples(operation):
    return json.loads((FOLDER / f"{operation}.examples.json").read_text())


BREAKS = [(name, one) for name in OPERATIONS for one in examples(name)["breaks"]]


def document(request):
    """A recorded request as the contract sees it."""
    path, _, query = request["target"].partition("?")
    headers = {name.lower(): value for name, value in request["headers"]}
    body = (request.get("body") or "").encode()
    return wire.read(Call(request["method"], path, query, headers, body))


def test_every_operation_and_callback_has_a_contract_with_examples():
    """Nothing that is served or sent goes without."""
    served = {endpoint.operation for endpoint in find("vonage").endpoints}

    assert served | CALLBACKS == set(OPERATIONS)
    assert all(contract("vonage", name) for name in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_contract_keeps_its_examples(operation):
    """Both engines find nothing to say."""
    agreed = contract("vonage", operation)
    for kept in examples(operation)["keeps"]:
        assert [] == agreed.check(kept)
        assert [] == agreed.check_slowly(kept)


@pytest.mark.parametrize(
    ("operation", "broken"), BREAKS, ids=[f"{name}: {one['why']}" for name, one in BREAKS]
)
def test_a_breach_is_found_where_it_is(operation, broken):
    """Each example breaks one rule, at the place it names, with a sentence for a person."""
    breaches = contract("vonage", operation).check(broken["document"])

    assert {broken["at"]} == {breach.pointer for breach in breaches}
    assert all(breach.expected for breach in breaches)


def test_the_contract_s_gsm_alphabet_is_the_kernel_s():
    """Latin, Greek and Cyrillic, the euro and an emoji, each alone as a text."""
    agreed = contract("vonage", "send-sms")
    kept = examples("send-sms")["keeps"][0]
    for char in map(chr, [*range(0x460), 0x20AC, 0x9A8C, 0x1F600]):
        asked = {**kept, "body": {**kept["body"], "text": char}}
        assert segments.is_gsm7(char) == (agreed.check(asked) == []), ascii(char)


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
        found = [breach.pointer for breach in agreed.check(document(capture["requests"][0]))]
        place = "query" if client.endswith("query") else "body"
        expected = [f"{place}.{wrong[capture['case']]}"] if capture["case"] in wrong else []

        assert expected == found, capture["case"]
