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
from simulators.control.routes import ROUTES


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
        if route.name == "wait":
            case.query = {**(case.query or {}), "timeout": 0}
        case.call_and_validate(checks=checks)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with a request without parts
        holds()
