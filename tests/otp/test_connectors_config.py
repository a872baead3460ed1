"""Configurations of connectors: their contracts, and Logto's guard with its own words."""

import json
import re
from pathlib import Path

import pytest

from simulators.check.examples import read
from simulators.data import data
from simulators.kernel.contracts import Contract, contract
from simulators.otp.connector import ConnectorError
from simulators.otp.factories import CONNECTORS, check_config, document, documents
from simulators.samples import sample

FOLDER = data("contracts") / "connectors"
PAGES = Path(__file__).parent.parent.parent / "docs" / "providers"
VECTORS = Path(__file__).parent.parent / "vectors"
KIND = "config.schema"
EXAMPLES = {
    name: dict(zip(("keeps", "breaks"), read((FOLDER / file).read_text(), file), strict=True))
    for name in CONNECTORS
    for file in [f"{name}.config.examples.json"]
}
KEEPS = [
    (name, number) for name, found in EXAMPLES.items() for number in range(len(found["keeps"]))
]
BREAKS = [
    (name, number) for name, found in EXAMPLES.items() for number in range(len(found["breaks"]))
]
TWILIO = "twilio-short-message-service"


def broken(factory, config):
    """Logto's issues with a configuration."""
    with pytest.raises(ConnectorError) as caught:
        check_config(factory, config)
    assert "invalid_config" == caught.value.code
    assert "ZodError" == caught.value.data["name"]
    return caught.value.data["issues"]


def example(factory, **changes):
    """A good configuration with some fields changed; None takes one out."""
    changed = {**EXAMPLES[factory]["keeps"][0], **changes}
    return {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize(("factory", "number"), KEEPS)
def test_a_good_example_violations_nothing(factory, number):
    """Every example under `keeps` is one, for both engines and for Logto."""
    config = EXAMPLES[factory]["keeps"][number]

    check_config(factory, config)

    assert [] == contract("connectors", factory, KIND).validate(config)
    assert [] == contract("connectors", factory, KIND).validate_slowly(config)


@pytest.mark.parametrize(("factory", "number"), BREAKS)
def test_a_bad_example_is_told_where_it_is_bad(factory, number):
    """Every example under `breaks` violations first at its pointer."""
    found = EXAMPLES[factory]["breaks"][number]

    (first, *_others) = contract("connectors", factory, KIND).validate(found.document)

    assert found.at == first.pointer
    assert "expected a value" not in str(first)


@pytest.mark.parametrize(("factory", "number"), BREAKS)
def test_logto_refuses_what_breaks_its_guard_and_takes_what_breaks_advice(factory, number):
    """The `by` of an example says which; a guard's issue has the example's path."""
    found = EXAMPLES[factory]["breaks"][number]

    if found.by == "advice":
        check_config(factory, found.document)
    else:
        paths = [".".join(map(str, issue["path"])) for issue in broken(factory, found.document)]
        # What is wrong inside an alternative is told under the alternative.
        assert any(found.at == path or found.at.startswith(f"{path}.") for path in paths)


@pytest.mark.parametrize("factory", CONNECTORS)
def test_a_schema_names_itself(factory):
    """`$id` ends in the file's name; title, description and source are there."""
    schema = json.loads((FOLDER / f"{factory}.config.schema.json").read_text())

    assert (
        f"https://sms-simulators.example/contracts/connectors/{factory}.config.schema.json"
        == schema["$id"]
    )
    assert schema["title"]
    assert schema["description"]
    assert schema["$comment"].startswith("https://")
    assert {"guard", "advice"} <= schema["$defs"].keys()


def test_the_configurations_on_the_pages_keep_their_contracts():
    """Each recipe for Logto can be pasted as it is."""
    blocks = [
        (page.stem, json.loads(block))
        for page in PAGES.glob("*.md")
        for block in re.findall(r"^```json\n(\{\n.*?)^```$", page.read_text(), re.DOTALL | re.M)
    ]
    keys = {(name, frozenset(kept)) for name, e in EXAMPLES.items() for kept in e["keeps"]}
    factories = {page: (sample(page).connector or {}).get("factory") for page, _ in blocks}
    recipes = [
        (factories[page], config)
        for page, config in blocks
        if (factories[page], frozenset(config)) in keys
    ]

    assert {name for name, _ in recipes} == set(CONNECTORS)
    for name, config in recipes:
        check_config(name, config)
        assert [] == contract("connectors", name, KIND).validate(config)


def test_a_missing_field_is_told_as_zod_tells_it():
    """`Required`."""
    issues = broken(TWILIO, example(TWILIO, authToken=None))

    assert [
        {
            "code": "invalid_type",
            "expected": "string",
            "received": "undefined",
            "path": ["authToken"],
            "message": "Required",
        }
    ] == issues


@pytest.mark.parametrize(
    ("value", "received"),
    [(5, "number"), (1.5, "number"), (True, "boolean"), ([], "array"), ({}, "object")],
)
def test_a_field_of_another_type_is_told_with_what_came(value, received):
    """In JavaScript's words for types."""
    (issue,) = broken(TWILIO, example(TWILIO, accountSID=value))

    assert f"Expected string, received {received}" == issue["message"]


@pytest.mark.parametrize(("config", "received"), [(None, "null"), ([], "array"), ("x", "string")])
def test_a_configuration_that_is_no_object_is_told_so(config, received):
    """The path is empty."""
    (issue,) = broken(TWILIO, config)

    assert ([], f"Expected object, received {received}") == (issue["path"], issue["message"])


def test_all_issues_are_told_in_the_order_of_the_fields():
    """An empty object lacks all there is to have."""
    paths = [issue["path"] for issue in broken(TWILIO, {})]

    assert [["accountSID"], ["authToken"], ["fromMessagingServiceSID"], ["templates"]] == paths


def test_uses_without_a_template_are_told_in_one_issue():
    """In the words of each connector."""
    left = [{"usageType": "SignIn", "content": "{{code}}", "templateCode": "SMS_1"}]
    aliyun = "aliyun-short-message-service"

    texts = [broken(name, example(name, templates=left)) for name in (TWILIO, aliyun)]

    assert [
        [
            ("templates",),
            "Template with UsageType (Register, ForgotPassword, Generic) should be provided!",
        ],
        [
            ("templates",),
            "UsageType (Register, ForgotPassword, Generic) should be provided in templates.",
        ],
    ] == [[tuple(issue["path"]), issue["message"]] for (issue,) in texts]


def test_uses_are_counted_once_every_template_is_right():
    """A template without content is the only issue, though three uses are missing too."""
    (issue,) = broken(TWILIO, example(TWILIO, templates=[{"usageType": "SignIn"}]))

    assert ["templates", 0, "content"] == issue["path"]


def test_an_address_that_is_none_is_told_as_zod_tells_it():
    """SMS Aero's user must be an e-mail address."""
    factory = "smsaero-short-message-service"

    (issue,) = broken(factory, example(factory, email="nobody"))

    assert {
        "validation": "email",
        "code": "invalid_string",
        "message": "Invalid email",
        "path": ["email"],
    } == issue


def test_an_alternative_is_told_with_what_each_wanted():
    """Aliyun's template code is a text or a pair."""
    factory = "aliyun-short-message-service"
    templates = EXAMPLES[factory]["keeps"][0]["templates"]
    wrong = [{**templates[0], "templateCode": {"china": "SMS_1"}}, *templates[1:]]

    (issue,) = broken(factory, example(factory, templates=wrong))
    causes = [[cause["path"][-1] for cause in one["issues"]] for one in issue["unionErrors"]]

    assert ("invalid_union", "Invalid input") == (issue["code"], issue["message"])
    assert [["templateCode"], ["overseas"]] == causes


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (3, "Invalid enum value. Expected 0 | 1 | 2 | 6 | 7, received '3'"),
        (None, "Expected 0 | 1 | 2 | 6 | 7, received null"),
    ],
)
def test_a_value_that_an_enumeration_lacks_is_told_with_the_others(kind, said):
    """Aliyun's type of a template; 2 if left out."""
    factory = "aliyun-short-message-service"
    templates = EXAMPLES[factory]["keeps"][0]["templates"]
    wrong = [{**templates[0], "type": kind}, *templates[1:]]

    (issue,) = broken(factory, example(factory, templates=wrong))

    assert said == issue["message"]


def test_every_factory_has_a_document():
    """Its id, its names, and a form of the fields its guard knows."""
    assert list(CONNECTORS) == [one["id"] for one in documents()]
    assert {"Sms"} == {one["type"] for one in documents()}
    twilio = document(CONNECTORS[TWILIO])

    assert ("twilio-sms", {"en": "Twilio SMS Service"}) == (twilio["target"], twilio["name"])
    assert [
        ("accountSID", "Account SID", "Text", True),
        ("authToken", "Auth Token", "Text", True),
        ("fromMessagingServiceSID", "From Messaging Service SID", "Text", True),
        ("disableRiskCheck", "Disable risk check", "Switch", False),
        ("templates", "Templates", "Json", True),
    ] == [(f["key"], f["label"], f["type"], f["required"]) for f in twilio["formItems"]]


ASSERTIONS = ("type", "pattern", "enum", "contains", "minLength", "maxLength", "not", "anyOf")
CONDITIONS = ("if", "contains", "not", "anyOf")


def rules(schema, path=()):
    """Where a schema asserts something: the way to each keyword, or to a name that is required."""
    for keyword, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if keyword in ASSERTIONS and path[-1:] != ("properties",):
            yield (*path, keyword)
        elif keyword == "required" and isinstance(value, list):
            yield from ((*path, keyword, number) for number in range(len(value)))
        if keyword not in CONDITIONS and isinstance(value, dict | list):
            yield from rules(value, (*path, keyword))


RULES = [
    (name, rule) for name in CONNECTORS for rule in rules(contract("connectors", name, KIND).schema)
]


@pytest.mark.parametrize(
    ("factory", "rule"), RULES, ids=lambda p: p if isinstance(p, str) else ".".join(map(str, p))
)
def test_every_rule_has_an_example_that_breaks_it_alone(factory, rule):
    """Without the rule, some bad example would be a good one."""
    schema = json.loads((FOLDER / f"{factory}.config.schema.json").read_text())
    place = schema
    for step in rule[:-1]:
        place = place[step]
    del place[rule[-1]]
    weaker = Contract(schema)

    assert any([] == weaker.validate(found.document) for found in EXAMPLES[factory]["breaks"])


GUARDED = [json.loads(line) for line in (VECTORS / "logto-guards.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("number", range(len(GUARDED)))
def test_a_guard_says_what_the_packages_guard_said(number):
    """Recorded from Logto's npm packages: every issue, in its order, or none."""
    recorded = GUARDED[number]

    if recorded["error"] is None:
        check_config(recorded["factory"], recorded["config"])
    else:
        assert recorded["error"]["issues"] == broken(recorded["factory"], recorded["config"])
