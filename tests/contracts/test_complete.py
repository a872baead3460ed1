"""Every endpoint, every answer and every callback of every provider has its contract."""

import re

import pytest

from simulators.catalog import PROVIDERS
from simulators.check.examples import examples
from simulators.kernel.contracts import contract
from simulators.samples import sample

# Endpoints that are no operation of the vendor's, and why.
NONE = {
    (name, "unknown-action"): "answers what is no operation with an error"
    for name in ("tencent", "aws_sns")
}
# What a provider sends: the contracts of its receipts and of its inbound messages.
CALLBACKS = {name: sample(name).callbacks for name in PROVIDERS}
OPERATIONS = sorted(
    {
        (provider.name, endpoint.operation)
        for provider in PROVIDERS.values()
        for endpoint in provider.endpoints
    }
    - set(NONE)
)
SENT = [(name, callback) for name, sent in CALLBACKS.items() for callback in sent.values()]


@pytest.mark.parametrize(("provider", "operation"), OPERATIONS, ids="/".join)
def test_an_operation_has_a_request_examples_and_an_answer(provider, operation):
    """All three files are there, and the request is both kept and broken."""
    found = examples(provider, operation)

    assert contract(provider, operation) is not None
    assert contract(provider, operation, "response.schema") is not None
    assert found.keeps
    assert found.breaks


@pytest.mark.parametrize(("provider", "callback"), SENT, ids="/".join)
def test_a_callback_has_a_contract_with_examples(provider, callback):
    """What the provider sends to an application is described as what it takes is."""
    found = examples(provider, callback)

    assert contract(provider, callback) is not None
    assert found.keeps
    assert found.breaks


def test_every_callback_there_is_has_been_thought_of():
    """One name for receipts and one for inbound messages, where a provider sends them."""
    sends = {
        name: {kind for kind in ("receipts", "inbound") if getattr(provider, kind)}
        for name, provider in PROVIDERS.items()
    }

    assert sends == {name: set(sent) for name, sent in CALLBACKS.items()}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_refusals_have_a_shape(provider):
    """Errors of the whole request are described."""
    assert contract(provider, "error", "response.schema") is not None


def test_nothing_is_described_that_is_not_there(described):
    """Each request contract is of an endpoint or of a callback, and so is each advice."""
    provider, _, name = described.partition("/")

    assert (provider, name.removesuffix(".advice")) in {*OPERATIONS, *SENT}


def test_a_schema_names_itself(schema_file, read):
    """`$id` ends in the file's name; dialect, title and description are there, and who says so:
    page, version of the API, and when it was read."""
    schema = read(f"{schema_file}.schema.json")

    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert f"https://sms-simulators.example/contracts/{schema_file}.schema.json" == schema["$id"]
    assert schema["title"]
    assert re.fullmatch(r".*[a-z.].*[.]", schema["description"])
    assert re.fullmatch(
        r"source: https://\S+; version: \S+; seen: 2[0-9]{3}-[0-9]{2}-[0-9]{2}", schema["$comment"]
    )
