"""The OpenAPI document: valid, complete, and true of the server."""

import contextlib

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.control import schemas
from simulators.control.routes import ROUTES
from simulators.kernel import rules, tables


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server that no other test has anything in."""
    folder = tmp_path_factory.mktemp("tls")
    with in_thread(Options(port=0, tls_port=None, tls_dir=folder)) as simulators:
        yield simulators


@pytest.fixture(scope="module")
def document(alone):
    """The document as it is served."""
    return schemathesis.openapi.from_url(f"{alone.url}/_sim/openapi.json")


def test_is_valid(control):
    """By the specification's own schema and rules."""
    OpenAPIV31SpecValidator(control("GET", "/_sim/openapi.json").json).validate()


def test_documents_every_route(control):
    """The routes that are served are those in the document, itself included."""
    paths = control("GET", "/_sim/openapi.json").json["paths"]
    documented = {(method.upper(), path) for path, item in paths.items() for method in item}
    served = {(route.method, route.path) for route in ROUTES}

    assert served | {("GET", "/_sim/openapi.json")} == documented


def test_every_operation_has_a_name_and_a_summary_of_its_own(control):
    """They are what generated clients call their functions."""
    paths = control("GET", "/_sim/openapi.json").json["paths"]
    operations = [operation for item in paths.values() for operation in item.values()]

    assert len(operations) == len({operation["operationId"] for operation in operations})
    assert all(operation["summary"] for operation in operations)


def undocumented(schema, where):
    """Where a schema leaves open what is there: an object without its fields, a list without its
    items, a field that nothing is said of."""
    if "$ref" in schema:
        return
    for name, field in schema.get("properties", {}).items():
        if "$ref" not in field and not field.get("description"):
            yield f"{where}.{name} has no description"
        yield from undocumented(field, f"{where}.{name}")
    kind = schema.get("type")  # a list of several is a value of any kind, in JSON
    if kind == "object" and not {"properties", "additionalProperties"} & schema.keys():
        yield f"{where} is a bare object"
    if kind == "array" and "items" not in schema:
        yield f"{where} is a bare list"
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from undocumented(schema[inner], f"{where}.{inner}")
    for inner in ("anyOf", "oneOf", "allOf"):
        for place, one in enumerate(schema.get(inner, ())):
            yield from undocumented(one, f"{where}.{inner}{place}")


def test_documents_every_field(control):
    """Of everything that is taken and answered."""
    document = control("GET", "/_sim/openapi.json").json
    schemas = dict(document["components"]["schemas"])
    for path, item in document["paths"].items():
        for method, operation in item.items():
            told = {**operation["responses"], "body": operation.get("requestBody", {})}
            for name, one in told.items():
                for content in one.get("content", {}).values():
                    schemas[f"{method.upper()} {path} {name}"] = content["schema"]

    assert [] == [
        lack
        for name, schema in schemas.items()
        if name != "GET /_sim/openapi.json 200"  # what a document of OpenAPI is, OpenAPI says
        for lack in undocumented(schema, name)
    ]


def test_documents_what_a_rule_a_limit_and_a_receipt_take():
    """The names are those that are read."""
    assert rules._MATCH.keys() == schemas.MATCH["properties"].keys()
    assert rules._EFFECT.keys() == schemas.EFFECT["properties"].keys()
    assert rules._RECEIPT.keys() == schemas.RECEIPT["properties"].keys()
    assert tables._ROW.keys() == schemas.LIMIT["properties"].keys()
    documents = schemas.documents()["properties"]
    assert {name for p in PROVIDERS.values() for name in p.settings} == documents.keys()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_answers_as_documented(document, route, mode):
    """Generated requests, right and wrong: the statuses, types and shapes that are documented,
    and never a server error."""
    operation = document[route.path][route.method]
    checks = [
        not_a_server_error,
        negative_data_rejection,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=6,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case):
        if route.name in ("wait", "events"):
            case.query = {**(case.query or {}), "timeout": 0}
        case.call_and_validate(checks=checks)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with a request without parts
        holds()
