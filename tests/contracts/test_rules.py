"""No rule of a request contract is without an example that breaks it, and none goes unnoticed.

Where the files of a provider have the same words at the same place, an example in one will do.
"""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from simulators.catalog import PROVIDERS
from simulators.check.examples import broken, examples, rules
from simulators.data import contracts, data
from simulators.kernel.contracts import contract

# Each with the reason why no example breaks it.
COUNTS = Path(__file__).parent / "counted_rules.json"
EXCEPTIONS = json.loads((Path(__file__).parent / "untested_rules.json").read_text())


def untested(provider):
    """The rules of a provider's contracts that no example breaks."""
    stated, met = {}, set()
    for path in sorted(contracts(provider).glob("*.examples.json")):
        name = path.name.removesuffix(".examples.json")
        agreed = contract(provider, name)
        for rule, node in rules(agreed.schema).items():
            stated[f"{provider}/{name}", rule] = rule, repr(node)
        for example in examples(provider, name).breaks:
            hit = broken(agreed.schema, agreed.errors(example.document))
            met |= {stated[f"{provider}/{name}", rule] for rule in hit}
    return [
        f"{file}{rule}"
        for (file, rule), words in stated.items()
        if words not in met and not excepted(file, rule)
    ]


def excepted(file, rule):
    return any(fnmatch(file, e["file"]) and re.search(e["rule"], rule) for e in EXCEPTIONS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_rule_is_broken_by_an_example(provider):
    """But those listed, each with its reason."""
    assert [] == untested(provider)


@pytest.mark.parametrize(
    ("name", "field", "of"),
    [
        ("smsaero/send-sms", "numbers", lambda n: 79_030_000_000 + n),
        ("smsaero/test-send-sms", "numbers", lambda n: 79_030_000_000 + n),
        ("gatewayapi/send-sms", "recipients", lambda n: {"msisdn": 4_520_000_000 + n}),
    ],
)
def test_a_list_that_is_too_long_breaks(name, field, of):
    """10000 numbers go into one request, and not one more: the violation, beside the remark that
    the engine's steps may have left out others."""
    agreed, kept = contract(*name.split("/")), examples(*name.split("/")).keeps[0]

    def found(count):
        body = {key: value for key, value in kept["body"].items() if key != "number"}
        asked = {**kept, "body": {**body, field: [of(at) for at in range(count)]}}
        return [violation.pointer for violation in agreed.validate(asked) if violation.expected]

    assert [] == found(10_000)
    assert [f"body.{field}"] == found(10_001)


@pytest.mark.parametrize(
    "provider", [name for name in PROVIDERS if contracts(name).parent == data("contracts")]
)
def test_a_rule_that_is_gone_is_noticed(provider):
    """What is derived from a schema cannot miss what the schema no longer says: so the rules of
    each contract are counted, and a count that changes is a line in the change that did it."""
    names = sorted(p.name.split(".")[0] for p in contracts(provider).glob("*.examples.json"))
    counted = {name: len(rules(contract(provider, name).schema)) for name in names}
    noted = json.loads(COUNTS.read_text())

    told = f'"{provider}": {json.dumps(counted)}'
    assert counted == noted.get(provider), f"if this is meant, {COUNTS} has {told}"
