"""No rule of a request contract is without an example that breaks it.

A rule is one keyword at one place of a schema, or one name of `required`. Conditions are none.
Where the files of a provider have the same words at the same place, an example in one will do.
"""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from simulators.catalog import PROVIDERS
from simulators.data import data
from simulators.kernel.contracts import contract

ROOT = data("contracts")
# Each with the reason why no example breaks it.
EXCEPTIONS = json.loads((Path(__file__).parent / "untested_rules.json").read_text())
ALTERNATIVES = ("allOf", "anyOf", "oneOf")
ASSERTIONS = {
    *("type", "const", "enum", "pattern", "minLength", "maxLength", "not", "anyOf", "oneOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "contains", "minProperties", "maxProperties"),
}
BELOW = ("then", "else", "items", "additionalProperties", "propertyNames")
KNOWN = {
    *(*ASSERTIONS, *ALTERNATIVES, *BELOW, "if", "required", "dependentRequired", "properties"),
    *(
        "patternProperties",
        "contentEncoding",
        "$ref",
        "$defs",
        "$schema",
        "$id",
        "$comment",
        "title",
        "description",
    ),
}


def pointer(base, *names):
    return "/".join([base, *(str(name).replace("~", "~0").replace("/", "~1") for name in names)])


def places(node, here="#"):
    """The pointer of every object in a schema, by its identity."""
    found = {id(node): here}
    below = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in below:
        if isinstance(value, dict | list):
            found |= places(value, pointer(here, name))
    return found


def subschemas(node, here):
    """The schemas that hold wherever this one does, or may."""
    for name in ("properties", "patternProperties"):
        for key, value in node.get(name, {}).items():
            yield value, pointer(here, name, key)
    for name in ALTERNATIVES:
        for at, value in enumerate(node.get(name, ())):
            yield value, pointer(here, name, at)
    for name in BELOW:
        if isinstance(node.get(name), dict):
            yield node[name], pointer(here, name)


def rules(root):
    """Every rule of a schema that a document can come upon, with the object it stands in."""
    found, waiting = {}, [(root, "#")]
    while waiting:
        node, here = waiting.pop()
        assert set(node) <= KNOWN, f"{here} has a keyword that this test knows nothing of"
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            waiting.append((root["$defs"][name], node["$ref"]))
        found |= {pointer(here, key): node for key in ASSERTIONS & set(node)}
        found |= {pointer(here, "required", name): node for name in node.get("required", ())}
        if node.get("additionalProperties") is False:
            found[pointer(here, "additionalProperties")] = node
        for name, others in node.get("dependentRequired", {}).items():
            found |= {pointer(here, "dependentRequired", name, o): node for o in others}
        waiting += [item for item in subschemas(node, here) if item[1] not in found]
    return found


def broken(errors, known):
    """The rules that errors are of, and that those of their alternatives are of."""
    for error in errors:
        here = pointer(known[id(error.schema)], error.validator)
        if error.validator == "required":
            (name,) = re.findall(r"^'(.*)' is a required property$", error.message)
            yield pointer(here, name)
        elif error.validator == "dependentRequired":
            ((name, other),) = re.findall(r"^'(.*)' is a dependency of '(.*)'$", error.message)
            yield pointer(here, other, name)
        else:
            yield here
        yield from broken(error.context, known)


def untested(provider):
    """The rules of a provider's contracts that no example breaks."""
    stated, met = {}, set()
    for path in sorted((ROOT / provider).glob("*.examples.json")):
        name = path.name.removesuffix(".examples.json")
        agreed, known = contract(provider, name), places(contract(provider, name).schema)
        for rule, node in rules(agreed.schema).items():
            stated[f"{provider}/{name}", rule] = rule, repr(node)
        for example in json.loads(path.read_text())["breaks"]:
            hit = broken(agreed.errors(example["document"]), known)
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
def test_a_list_that_is_too_long_breaks(name, field, of, read):
    """10000 numbers go into one request, and not one more."""
    agreed, kept = contract(*name.split("/")), read(f"{name}.examples.json")["keeps"][0]

    def found(count):
        body = {key: value for key, value in kept["body"].items() if key != "number"}
        asked = {**kept, "body": {**body, field: [of(at) for at in range(count)]}}
        return [breach.pointer for breach in agreed.check(asked)]

    assert [] == found(10_000)
    assert [f"body.{field}"] == found(10_001)
