"""Twilio's contracts: each example is kept or broken where it says, by both engines."""

import json

import pytest

from simulators.data import data
from simulators.kernel.contracts import contract, document
from simulators.kernel.reading import fields

FOLDER = data("contracts") / "twilio"
EXAMPLES = {
    path.name.partition(".")[0]: json.loads(path.read_text())
    for path in sorted(FOLDER.glob("*.examples.json"))
}
KEEPS = [(op, number) for op, found in EXAMPLES.items() for number in range(len(found["keeps"]))]
BREAKS = [(op, number) for op, found in EXAMPLES.items() for number in range(len(found["breaks"]))]


@pytest.mark.parametrize(("operation", "number"), KEEPS)
def test_a_good_example_breaches_nothing(operation, number):
    """Every example under `keeps` is one."""
    example = EXAMPLES[operation]["keeps"][number]

    assert [] == contract("twilio", operation).check(example)
    assert [] == contract("twilio", operation).check_slowly(example)


@pytest.mark.parametrize(("operation", "number"), BREAKS)
def test_a_bad_example_is_told_where_it_is_bad(operation, number):
    """Every example under `breaks` breaches the contract first at its pointer."""
    example = EXAMPLES[operation]["breaks"][number]

    (first, *_others) = contract("twilio", operation).check(example["document"])

    assert example["at"] == first.pointer
    assert "expected a value" not in str(first)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.schema.json")), ids=lambda p: p.name)
def test_a_schema_names_itself(path):
    """`$id` ends in the file's name; title and description are there."""
    schema = json.loads(path.read_text())

    assert f"https://sms-simulators.example/contracts/twilio/{path.name}" == schema["$id"]
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("client", ["logto-twilio-sms", "twilio-python"])
def test_keeps_what_real_clients_send(client, captures):
    """Recorded requests keep the contract of their operation, but the one to +0086..."""
    breached = {}
    for capture in captures(client):
        request = capture["requests"][0]
        path, _, query = request["target"].partition("?")
        headers = {name.lower(): value for name, value in request["headers"]}
        asked = document(
            request["method"], path, headers, fields(query), fields(request["body"] or "")
        )
        found = contract("twilio", operation(asked)).check(asked)
        if found:
            breached[capture["case"]] = [breach.pointer for breach in found]

    assert ({"to-cn-0086": ["body.To"]} if client.startswith("logto") else {}) == breached


def operation(asked):
    one = "/Messages/" in asked["path"]
    return {
        ("POST", False): "create-message",
        ("GET", False): "list-messages",
        ("GET", True): "fetch-message",
        ("POST", True): "update-message",
        ("DELETE", True): "delete-message",
    }[asked["method"], one]
