"""SMS Aero's contracts: their examples, the recorded clients, and the simulator's own answers."""

import json
from pathlib import Path

import pytest

from simulators.data import data
from simulators.kernel.contracts import contract

FOLDER: Path = data("contracts") / "smsaero"
EXAMPLES = {
    path.name.removesuffix(".examples.json"): json.loads(path.read_text())
    for path in sorted(FOLDER.glob("*.examples.json"))
}
BREAKS = [(name, item) for name, kind in EXAMPLES.items() for item in kind["breaks"]]
SENDS = [item for name, item in BREAKS if name == "send-sms" and item["at"].startswith("body")]
# Words the service knows nothing of are ignored by it, and named by the contract.
LENIENT = {"body.callbackFormat", "body.shortLink", "body.channel"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_keeps_what_is_right(name):
    """No rule finds fault with a right document, nor does the faster validator."""
    agreed = contract("smsaero", name)

    for document in EXAMPLES[name]["keeps"]:
        assert [] == [str(breach) for breach in agreed.check_slowly(document)]
        assert [] == agreed.check(document)


@pytest.mark.parametrize(
    ("name", "item"), BREAKS, ids=lambda v: v if isinstance(v, str) else f"{v['at']}: {v['why']}"
)
def test_names_the_place_of_what_is_wrong(name, item):
    """A breach points at the value that breaks the rule and says what was expected there."""
    found = contract("smsaero", name).check(item["document"])

    assert item["at"] in {breach.pointer for breach in found}
    assert all(breach.expected for breach in found)


def test_finds_fault_with_recorded_requests_only_where_the_number_has_a_prefix(
    default, replay, captures
):
    """Logto passes `+...` and `00...` on; all other recorded requests keep the contract."""
    faults = {}
    for client in ("logto-smsaero", "smsaero-api-python", "smsaero-api-async-python"):
        for capture in captures(client):
            replay(capture["requests"][0])
            ((_, entry),) = default.world.store.journal(default.world.id, limit=1)
            breaches = json.loads(entry)[7]
            if breaches:
                faults[capture["case"]] = {breach["pointer"] for breach in breaches}

    pointer = {"body.number"}
    assert {"to-cn-0086": pointer, "to-cn-e164": pointer, "to-us-e164": pointer} == faults


@pytest.mark.parametrize("item", SENDS, ids=lambda item: f"{item['at']}: {item['why']}")
def test_the_simulator_refuses_what_the_contract_does(item, aero):
    """With the reasons by field, but for the words that the service ignores."""
    answer = aero("sms/send", item["document"]["body"])

    if item["at"] in LENIENT:
        assert 200 == answer.status_code
    else:
        assert 400 == answer.status_code
        assert [] == contract("smsaero", "error", "response.schema").check(answer.json())
