"""Tencent's contracts: their examples, the recorded requests, and every operation's answer."""

import json

import pytest

from simulators.data import data
from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.providers.tencent import PROVIDER, wire

FOLDER = data("contracts") / "tencent"
EXAMPLES = sorted(path.name.split(".")[0] for path in FOLDER.glob("*.examples.json"))
OPERATIONS = {e.operation for e in PROVIDER.endpoints if not e.public}
CALLBACKS = {"status-report", "reply"}
CLIENTS = (
    "logto-tencent-sms",
    "tencent-python",
    "tencent-python-tc3-get",
    "tencent-python-hmacsha1-get",
    "tencent-python-hmacsha256-post",
)

# Recorded requests that ask for what Tencent does not do, and the rule each breaks.
WRONG = {
    "payload-context": "body.TemplateParamSet.3",  # an object turned into text
    "payload-link": "body.TemplateParamSet.0",  # a link
    "to-dk-noplus": "body.PhoneNumberSet.0",  # abroad without a plus
    "to-ru-noplus": "body.PhoneNumberSet.0",  # the same
}


def examples(name):
    return json.loads((FOLDER / f"{name}.examples.json").read_text())


def breaks():
    return [
        pytest.param(name, item, id=f"{name}-{item['at']}-{item['why']}")
        for name in EXAMPLES
        for item in examples(name)["breaks"]
    ]


def test_every_operation_and_callback_has_its_contracts():
    """A request, its examples and an answer each."""
    assert OPERATIONS | CALLBACKS == set(EXAMPLES)
    for name in EXAMPLES:
        assert contract("tencent", name) is not None
        assert contract("tencent", name, "response.schema") is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_keeps_a_contract_is_kept_by_it(name):
    """By both engines."""
    for document in examples(name)["keeps"]:
        assert [] == contract("tencent", name).check(document)
        assert [] == contract("tencent", name).check_slowly(document)


@pytest.mark.parametrize(("name", "item"), breaks())
def test_what_breaks_a_contract_breaks_it_where_it_says(name, item):
    """Among the breaches is the one the example is for."""
    found = [breach.pointer for breach in contract("tencent", name).check(item["document"])]

    assert item["at"] in found


@pytest.mark.parametrize("client", CLIENTS)
def test_recorded_requests_keep_the_contract(client, captures):
    """But those that are wrong, which break the rule that is noted."""
    for capture in captures(client):
        (request,) = capture["requests"]
        path, _, query = request["target"].partition("?")
        call = Call(
            method=request["method"],
            path=path,
            query=query,
            headers={name.lower(): value for name, value in request["headers"]},
            body=request["body"].encode(),
        )
        found = [b.pointer for b in contract("tencent", "send-sms").check(wire.read(call))]
        expected = WRONG.get(capture["case"])

        assert expected is None or expected in found, capture["case"]
        assert bool(expected) == bool(found), (capture["case"], found)
