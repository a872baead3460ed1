"""The OpenAPI 3.1 document, made from the same table as the routes."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import COMPONENTS

_BAD = {"$ref": "#/components/schemas/Bad"}
_VARIABLE = re.compile(r"\{(\w+)\}")


def route(routes: Sequence[Route]) -> Route:
    """The route that answers with the document of all `routes` and itself."""

    def handle(_ask: Ask) -> Any:
        return made

    own = Route(
        name="openapi",
        method="GET",
        path="/_sim/openapi.json",
        summary="This document",
        handle=handle,
        answer={"type": "object"},
        worldly=False,
    )
    made = document([*routes, own])
    return own


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 of some routes."""
    paths: dict[str, dict[str, Any]] = {}
    for one in routes:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sms-simulators control API",
            "version": release(),
            "description": "Looks into the simulated SMS providers and sets them. A refusal is"
            " always `{error, expected, got}`.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Needed where the server was started with a token, and on any"
                    " address but loopback.",
                }
            },
        },
    }


@cache
def release() -> str:
    """The version of this distribution."""
    try:
        return version("sms-simulators")
    except PackageNotFoundError:
        return "0"


def _operation(one: Route) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "security": [] if one.public else [{}, {"token": []}],
        "responses": {
            str(one.status): _response("Done", one.media, one.answer),
            "4XX": _response("Refused", "application/json", _BAD),
            "503": _response("The store can keep nothing now", "application/json", _BAD),
        },
    }
    parameters = [_parameter("path", name, {"type": "string"}) for name in _variables(one)]
    parameters += [_parameter("query", name, item) for name, item in one.parameters.items()]
    if parameters:
        made["parameters"] = parameters
    if one.body is not None:
        needed = bool(one.body.get("required"))
        media = {"application/json": {"schema": one.told or one.body}}
        made["requestBody"] = {"required": needed, "content": media}
    return made


def _variables(one: Route) -> list[str]:
    return _VARIABLE.findall(one.path)


def _parameter(place: str, name: str, schema: Schema) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": schema.get("description", ""),
        "schema": schema,
    }


def _response(description: str, media: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}
