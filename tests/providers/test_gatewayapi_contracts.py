"""GatewayAPI's contracts: the recorded clients, and the simulator's own answers."""

import json

import pytest

from simulators.check.examples import examples
from simulators.kernel.journal import REQUESTS
from simulators.providers.gatewayapi import wire

SENDS = [item for item in examples("gatewayapi", "send-sms").breaks if item.at.startswith("body")]
# The simulator takes more than the documentation promises; the contract does not.
LENIENT = {
    *("a leading plus", "a leading 00", "no URL", "not an object"),
    *("mcc is empty", "mnc is empty", "sender is the number -1"),
}


def test_finds_fault_with_recorded_requests_only_where_the_number_has_a_prefix(
    default, replay, captures
):
    """Logto passes `+...` and `00...` on; the documentation asks for digits alone."""
    faults = {}
    for client in ("logto-gatewayapi-sms", "gatewayapi-requests-basic", "gatewayapi-requests-form"):
        for capture in captures(client):
            replay(capture["requests"][0])
            ((_, entry),) = default.world.store.records(default.world.id, REQUESTS, limit=1)
            violations = json.loads(entry)[7]
            if violations:
                faults[capture["case"]] = {violation["pointer"] for violation in violations}

    pointer = {"body.recipients.0.msisdn"}
    assert {"to-cn-0086": pointer, "to-cn-e164": pointer, "to-us-e164": pointer} == faults


@pytest.mark.parametrize("item", SENDS, ids=lambda item: f"{item.at}: {item.why}")
def test_the_simulator_refuses_what_the_contract_does(item, default, ask):
    """A body that breaks a rule is refused with 422, but for the leniencies listed."""
    answer = ask("POST", "/rest/mtsms", json=item.document["body"])

    assert (200 if item.why in LENIENT else 422) == answer.status_code


def test_dotted_names_mean_the_same_as_json():
    """Recipients, tags and numbers of a form come out as JSON has them."""
    fields = {
        "message": "Hi %n",
        "tags.0": "%n",
        "recipients.0.msisdn": "4512345678",
        "recipients.0.tagvalues.0": "Ann",
        "recipients.1.msisdn": "4587654321",
        "sendtime": "4102444800",
    }

    assert {
        "message": "Hi %n",
        "tags": ["%n"],
        "recipients": [{"msisdn": "4512345678", "tagvalues": ["Ann"]}, {"msisdn": "4587654321"}],
        "sendtime": 4102444800,
    } == wire.nested(fields)
