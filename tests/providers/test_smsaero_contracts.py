"""SMS Aero's contracts: the recorded clients, and the simulator's own answers."""

import json

import pytest

from simulators.check.examples import examples
from simulators.kernel.contracts import contract
from simulators.kernel.journal import REQUESTS

SENDS = [item for item in examples("smsaero", "send-sms").breaks if item.at.startswith("body")]
# Words the service knows nothing of are ignored by it, and named by the contract.
LENIENT = {"body.callbackFormat", "body.shortLink", "body.channel"}


def test_finds_fault_with_recorded_requests_only_where_the_number_has_a_prefix(
    default, replay, captures
):
    """Logto passes `+...` and `00...` on; all other recorded requests keep the contract."""
    faults = {}
    for client in ("logto-smsaero", "smsaero-api-python", "smsaero-api-async-python"):
        for capture in captures(client):
            replay(capture["requests"][0])
            ((_, entry),) = default.world.store.records(default.world.id, REQUESTS, limit=1)
            violations = json.loads(entry)[7]
            if violations:
                faults[capture["case"]] = {violation["pointer"] for violation in violations}

    pointer = {"body.number"}
    assert {"to-cn-0086": pointer, "to-cn-e164": pointer, "to-us-e164": pointer} == faults


@pytest.mark.parametrize("item", SENDS, ids=lambda item: f"{item.at}: {item.why}")
def test_the_simulator_refuses_what_the_contract_does(item, aero):
    """With the reasons by field, but for the words that the service ignores."""
    answer = aero("sms/send", item.document["body"])

    if item.at in LENIENT and "twice" not in item.why:
        assert 200 == answer.status_code
    else:
        assert 400 == answer.status_code
        assert [] == contract("smsaero", "error", "response.schema").validate(answer.json())
