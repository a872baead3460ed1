"""Logto's guard of a connector's configuration, and the ZodError it answers with.

What Logto requires is `$defs/guard` of `contracts/connectors/<factory id>.config.schema.json`. What
it lets pass although no message can be sent with it is beside that, under `$defs/advice`, and is
not asked here.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from simulators.data import data
from simulators.otp import zod
from simulators.otp.connector import ConnectorError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


@cache
def contract(factory_id: str) -> Any:
    """The schema of a connector's configuration."""
    path = data("contracts") / "connectors" / f"{factory_id}.config.schema.json"
    return json.loads(path.read_bytes())


def check_config(factory_id: str, config: Any) -> None:
    """Raises `ConnectorError` with a ZodError unless Logto would take the configuration;
    `zod.details` makes lines of that."""
    issues = _issues(factory_id, config)
    if issues:
        raise ConnectorError("invalid_config", zod.zod_error(issues))


@cache
def _validator(factory_id: str) -> Any:
    # Here, as it takes longer to import than all else of a service that may never need it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(contract(factory_id)["$defs"]["guard"])


def _issues(factory_id: str, config: Any) -> list[zod.Issue]:
    """In the order of the guard's fields. The uses that an array lacks are told once all that it
    has is right, as zod does."""
    validator = _validator(factory_id)
    told: dict[tuple[str, ...], zod.Issue] = {}
    lacking = []
    for error in validator.iter_errors(config):
        if error.validator == "contains":
            lacking.append(error.validator_value["properties"]["usageType"]["const"])
            continue
        for issue in _issue(error):
            told.setdefault(tuple(map(str, issue["path"])), issue)
    rules = validator.schema["properties"]
    if lacking and not any(path[:1] == ("templates",) for path in told):
        said = rules["templates"]["x-missing"].format(", ".join(lacking))
        told["templates",] = zod.custom(["templates"], said)
    fields = [*rules, *validator.schema.get("then", {}).get("properties", ())]
    return sorted(told.values(), key=lambda issue: _place(issue["path"], fields))


def _place(path: list[Any], fields: list[str]) -> tuple[int, ...]:
    return (fields.index(path[0]) if path else -1, *(s for s in path[1:] if isinstance(s, int)))


def _issue(error: "ValidationError") -> Iterator[zod.Issue]:
    path, rule, got = list(error.absolute_path), error.schema, error.instance
    assert isinstance(rule, dict)  # noqa: S101 - none of the guards is a bare true or false
    if error.validator == "required":
        for name in rule["required"]:
            if isinstance(got, dict) and name not in got:
                yield zod.wrong_type([*path, name], _wanted(rule["properties"][name]), ...)
    elif error.validator == "anyOf":
        yield zod.no_alternative(path, _alternatives(error))
    elif error.validator == "enum":
        yield zod.not_one_of(path, rule["enum"], got)
    elif error.validator == "pattern":
        yield zod.not_a(rule["x-kind"], path)
    else:
        yield zod.wrong_type(path, _wanted(rule), got)


def _alternatives(error: "ValidationError") -> list[list[zod.Issue]]:
    branches: dict[Any, list[zod.Issue]] = {}
    for cause in error.context or ():
        branches.setdefault(cause.schema_path[0], []).extend(_issue(cause))
    return list(branches.values())


def _wanted(rule: dict[str, Any]) -> str:
    """A rule's type in zod's words."""
    if "enum" in rule:
        return zod.listed(rule["enum"])
    wanted = rule.get("type", "string")
    return wanted if isinstance(wanted, str) else " | ".join(wanted)
