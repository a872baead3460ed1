"""Contracts: two engines with one verdict, and sentences a person can act on."""

import json
import random
from functools import cache
from pathlib import Path

import orjson
import pytest

from simulators.catalog import PROVIDERS
from simulators.check.examples import read
from simulators.check.report import diff
from simulators.data import contracts as folder
from simulators.kernel import contracts
from simulators.kernel.contracts import (
    MOST_ERRORS,
    MOST_STEPS,
    MOST_TOLD,
    Contract,
    contract,
    document,
    shown,
)

SCHEMAS = sorted(path for name in PROVIDERS for path in folder(name).glob("*.schema.json"))
SCHEMA = {
    "type": "object",
    "properties": {
        "body": {
            "type": "object",
            "required": ["To"],
            "properties": {
                "To": {
                    "title": "E.164",
                    "description": "+ and 7 to 15 digits",
                    "$comment": "https://example.com/to",
                    "type": "string",
                    "pattern": "^\\+[1-9][0-9]{6,14}$",
                },
                "Tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
                "Kind": {"enum": ["a", "b"]},
                "End": {"pattern": "^a$|^b$"},
                "Price": {"pattern": "^[$]1|\\$2$"},
            },
        }
    },
}


def sentences(body):
    return [str(b) for b in Contract(SCHEMA).validate(document("POST", "/", {}, {}, body))]


def test_a_kept_contract_has_no_violations():
    """Nothing to say, nothing said."""
    assert sentences({"To": "+15551234567", "Tags": ["x"], "Kind": "a"}) == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"To": "5551234"},
            "body.To: `5551234`; expected E.164: + and 7 to 15 digits (https://example.com/to)",
        ),
        (
            {},
            "body.To: missing; expected E.164: + and 7 to 15 digits (https://example.com/to)",
        ),
        (
            {"To": "+15551234567", "Tags": ["x", "long"]},
            "body.Tags.1: `long`; expected maxLength `3`",
        ),
        ({"To": "+15551234567", "Kind": "c"}, 'body.Kind: `c`; expected enum `["a","b"]`'),
        ("text", "body: `text`, a text; expected type `object`"),
        ({"To": "x" * 100}, f"body.To: `{'x' * 80}...`; expected E.164: + and 7 to 15 digits"),
    ],
)
def test_a_violation_says_where_what_and_what_was_expected(body, sentence):
    """In one sentence, the source behind it."""
    (said,) = sentences(body)

    assert said.startswith(sentence)


def test_the_most_telling_violation_comes_first():
    """What is deepest is most specific."""
    found = sentences({"Tags": [1, "long"], "Kind": "c"})

    assert ["body.Tags.0", "body.Tags.1"] == [said.partition(":")[0] for said in found[:2]]
    assert len(found) == 4


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("To", "+15551234567\n", False),  # in Python `$` would match before the newline
        ("End", "a", True),
        ("End", "a\n", False),
        ("End", "b\n", False),
        ("Price", "$1", True),
        ("Price", "x$2", True),
        ("Price", "x$2\n", False),
        ("Price", "1", False),
    ],
)
def test_patterns_are_those_of_ecma(name, value, kept):
    """`$` is the end of the text, and nothing special in a class or escaped; both engines agree."""
    asked = document("POST", "/", {}, {}, {"To": "+15551234567", name: value})
    contract = Contract(SCHEMA)

    assert kept is (contract.validate_slowly(asked) == [])
    assert kept is contract._keeps_fast(asked)


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        json.loads("[" * 100 + "]" * 100),
        float("inf"),
        10**400,
        "x" * 1_000_000,
        {"a": {"\ud800": 1}},
    ],
    ids=["surrogate", "deep", "infinite", "large", "long", "surrogate name"],
)
def test_judges_whatever_python_can_hold(value):
    """Lone surrogates, deep nesting, numbers out of range: a verdict, no exception."""
    found = Contract(SCHEMA).validate(document("POST", "/", {}, {}, {"To": value, "Tags": value}))

    assert {"body.To", "body.Tags"} == {violation.pointer[:9].rstrip(".0") for violation in found}
    assert all(len(str(violation)) < 400 for violation in found)


@cache
def compiled(path):
    return Contract(orjson.loads(path.read_bytes()))


@cache
def examples(path):
    beside = path.with_name(path.name.replace(".schema.json", ".examples.json"))
    if not beside.is_file():
        return [document("POST", "/", {}, {}, {})]
    keeps, breaks = read(beside.read_text(), beside.name)
    return [*keeps, *[broken.document for broken in breaks]]


def places(value, found=()):
    """The path of every value in a document."""
    yield found
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from places(inner, (*found, key))


def changed(value, path, new):
    """A copy with another value at a path, `...` to take it away."""
    if not path:
        return None if new is ... else new
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1 and new is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


ODD = [
    *(..., None, True, 0, 1, -1, 1.0, 1.5, 2**70, [], {}, [[]], [""], [1, "a"], ["a"] * 4),
    *(
        "",
        "0",
        "+",
        "\n",
        " ",
        "a",
        "A",
        "é",
        "\N{GRINNING FACE}",
        "\0",
        "x" * 13,
        "true",
        {"a": 1},
    ),
    *("+4477009000", "+447700900000\n", "4477009", "0" * 18, "+" * 12, "2026-11-21", "12:30:00Z"),
    *("AC" + "0123456789abcdef" * 2, "SM" + "0123456789abcdef" * 2 + "\n", "https://a.example/b?c"),
]
TRIED = 40  # of a contract's examples with one value changed: there are thousands


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda p: f"{p.parent.name}/{Path(p.name).stem}")
def test_both_engines_give_the_same_verdict(path):
    """On the examples of every contract, and on these with one value changed or taken away."""
    contract = compiled(path)
    chance = random.Random(path.name)
    for asked in examples(path):
        assert contract._keeps_fast(asked) is (contract.validate_slowly(asked) == []), asked
    for _ in range(TRIED):
        asked = chance.choice(examples(path))
        odd = changed(asked, chance.choice(list(places(asked))), chance.choice(ODD))

        assert contract._keeps_fast(odd) is (contract.validate_slowly(odd) == []), odd


BATCH = contract("gatewayapi", "send-sms")
HOSTILE = {
    "numbers": lambda n: [0] * n,
    "arrays": lambda n: [[]] * n,
    "names": lambda n: {f"name {i}": i for i in range(n)},
    "wrong recipients": lambda n: {"recipients": [{"msisdn": "x"}] * n},
    "good ones before a wrong one": lambda n: {
        "message": "hi",
        "recipients": [{"msisdn": 4512345678 + i} for i in range(n)] + [{"msisdn": "x"}],
    },
    "a long text": lambda n: {"recipients": [{"msisdn": "x" * n}]},
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_the_engine_does_for_a_document_is_bounded(hostile, own_calls):
    """A hundred times the document is no more steps and no more errors drawn, and a verdict still:
    every request is validated before anybody knows who sent it."""
    counted = contracts._validator_class()
    steps = [own_calls(counted, name, lambda *_, **__: 1) for name in ("descend", "iter_errors")]
    drawn = []

    def drawing(errors):
        for error in errors:
            drawn.append(error)
            yield error

    own_calls(Contract, "errors", lambda *_: 1, drawing)
    for size in (500, 50_000):
        for noted in (*steps, drawn):
            noted.clear()
        found = BATCH.validate(document("POST", "/rest/mtsms", {}, {}, hostile(size)))

        assert 1 <= len(found) <= MOST_TOLD + 1
        assert all(len(str(violation)) < 500 for violation in found)
        assert 1 <= sum(map(len, steps)) <= MOST_STEPS + 1
        assert len(drawn) <= MOST_ERRORS + 1


def test_an_alternative_with_many_errors_lists_a_few():
    """What an `anyOf` wants to know of an alternative is whether it fits."""
    numbers = {"type": "array", "items": {"type": "number"}}
    contract = Contract({"anyOf": [numbers, {"type": "string"}]})

    (error,) = contract.errors(["x"] * 10_000)

    assert MOST_ERRORS + 1 == len(error.context)
    assert [] != contract.validate(["x"] * 10_000)
    assert [] == contract.validate([1] * 10_000)
    assert [] == contract.validate_slowly([1] * 50)


def test_of_many_violations_the_rest_is_counted():
    """So many are told, and a line says how many more there are; it is in the same form."""
    tags = {"To": "+15551234567", "Tags": ["long"] * 30}
    found = Contract(SCHEMA).validate(document("POST", "/", {}, {}, tags))

    assert MOST_TOLD + 1 == len(found)
    assert "and 10 more" == str(found[-1])
    assert "and 10 more" == found[-1].as_dict()["message"]
    assert ["and 10 more"] == list(diff(found[-1].as_dict()))


def test_a_value_is_shown_without_being_written_out(calls_in):
    """The beginning of it, however much there is."""
    long = [0] * 100_000

    assert "`[0,0,0" == shown(long)[:7]
    assert '`{"a":["b",1.5,null,true]}`' == shown({"a": ["b", 1.5, None, True]})
    assert 50 < calls_in(lambda: shown(long)).total() < 1000


@pytest.mark.parametrize(
    ("name", "operation", "field", "value"),
    [
        ("aliyun", "send-sms", "PhoneNumbers", "13800000000," * 60 + "1380000000O"),
        ("aliyun", "send-batch-sms", "TemplateParamJson", "[{" + " " * 200_000),
        ("smsaero", "add-balance", "sum", "0." + "1" * 200_000 + "!"),
    ],
)
def test_no_text_takes_a_pattern_for_ever(name, operation, field, value):
    """Sixty numbers, the last one with a slip: an engine that goes back to try again has 2 to the
    60 ways through them. What is wrong is told."""
    held = contracts.contract(name, operation)
    document = {"method": "POST", "path": "/", "headers": {}, "query": {}, "body": {field: value}}

    assert f"body.{field}" in [violation.pointer for violation in held.validate(document)]
