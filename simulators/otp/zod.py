"""Holds documents to JSON Schema, and tells what is wrong as zod, Logto's validator, does:
https://v3.zod.dev/ERROR_HANDLING

`Guard` is one compiled schema of a request's body; `issues` puts the violations of any schema into
zod's words and order.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs

from simulators.otp.errors import Refused

Issue = dict[str, Any]
Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
PHONE: Schema = {"type": "string", "pattern": "^[0-9]+$"}
NAME: Schema = {"type": "string", "pattern": "^[A-Z_a-z][A-Za-z0-9_]*$"}
EMAIL: Schema = {"type": "string", "pattern": r"^\S+@\S+\.\S+$"}

_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
_UNION = ("anyOf", "oneOfNotValid")
_NULL: Schema = {"type": "null"}
_CHECKS = ("invalid_string", "too_small", "too_big", "custom")


def zod_error(issues: list[Issue]) -> dict[str, Any]:
    """A ZodError as it is in JSON: the `data` of a document that breaks its guard."""
    return {"issues": issues, "name": "ZodError"}


MOST_ISSUES = 100  # that one answer tells


def issues(schema: Schema, errors: Iterable[Any]) -> list[Issue]:
    """The errors that `jsonschema_rs` finds with a schema, in the order of the schema's fields."""
    some = islice(errors, MOST_ISSUES)
    return ordered([issue for error in some for issue in _found(schema, error)], schema)


def ordered(found: list[Issue], rule: Schema, depth: int = 0) -> list[Issue]:
    """Issues in the order of a schema's fields; the schema is of what is `depth` steps down."""
    return sorted(found, key=lambda issue: _place(rule, issue["path"][depth:]))


def wrong_type(path: Sequence[Any], expected: str, got: Any) -> Issue:
    """For a value of another type, or none at all (`...`)."""
    received = "undefined" if got is ... else _TYPES.get(type(got), "number")
    if expected == "integer" and received == "number":
        received = "float"
    said = "Required" if got is ... else f"Expected {expected}, received {received}"
    known = {"code": "invalid_type", "expected": expected, "received": received}
    return {**known, "path": list(path), "message": said}


def custom(path: Sequence[Any], said: str) -> Issue:
    """For a rule that is written in code."""
    return {"code": "custom", "message": said, "path": list(path)}


def _found(schema: Schema, error: Any) -> list[Issue]:
    kind, path, value = error.kind, list(error.instance_path), error.instance
    rule = _at(schema, list(error.schema_path)[:-1])
    if kind.name == "required":
        return [_absent(rule["properties"].get(kind.property, {}), [*path, kind.property])]
    if kind.name == "type" or (kind.name == "enum" and not _may_be_one_of(rule, value)):
        return [wrong_type(path, _expected(rule), value)]
    if kind.name in _UNION:
        branches = list(
            zip(rule["anyOf" if "anyOf" in rule else "oneOf"], kind.context, strict=True)
        )
        if "x-discriminator" in rule:
            return _by_discriminator(schema, rule["x-discriminator"], branches, path, value)
        # A value that may be null is no union: what is wrong is what is wrong with the other.
        told = [
            ordered([issue for one in errors for issue in _found(schema, one)], branch, len(path))
            for branch, errors in branches
            if branch != _NULL
        ]
        return told[0] if len(told) == 1 else _no_alternative(path, told)
    if kind.name == "pattern":
        return [_not_a(rule.get("x-kind", ""), path)]
    words = _TOLD.get(kind.name)
    return [{**words(kind, value), "path": path} if words else custom(path, error.message)]


def _by_discriminator(
    schema: Schema, name: str, branches: Sequence[tuple[Schema, Any]], path: list[Any], value: Any
) -> list[Issue]:
    """What is wrong with the branch that the value names; that it names none."""
    if not isinstance(value, dict):
        return [wrong_type(path, "object", value)]
    options = [one for branch, _ in branches for one in branch["properties"][name]["enum"]]
    for branch, errors in branches:
        if value.get(name) in branch["properties"][name]["enum"]:
            found = [issue for one in errors for issue in _found(schema, one)]
            return ordered(found, branch, len(path))
    said = f"Invalid discriminator value. Expected {_listed(options)}"
    known = {"code": "invalid_union_discriminator", "options": options}
    return [{**known, "path": [*path, name], "message": said}]


def _absent(rule: Schema, path: list[Any]) -> Issue:
    if "x-discriminator" in rule:
        return wrong_type(path, "object", ...)
    if "anyOf" in rule:
        told = [[_absent(branch, path)] for branch in rule["anyOf"] if branch != _NULL]
        return told[0][0] if len(told) == 1 else _no_alternative(path, told)[0]
    return wrong_type(path, _expected(rule), ...)


def _no_alternative(path: list[Any], branches: list[list[Issue]]) -> list[Issue]:
    """None of them, told one by one; but where a value has the types of one of them and only breaks
    its checks, it is the one that was meant."""
    for found in branches:
        if all(issue["code"] in _CHECKS for issue in found):
            return found
    unions = [zod_error(found) for found in branches]
    known = {"code": "invalid_union", "unionErrors": unions, "path": path}
    return [{**known, "message": "Invalid input"}]


def _not_a(kind: str, path: list[Any]) -> Issue:
    said = f"Invalid {kind}" if kind else "Invalid"
    known = {"validation": kind or "regex", "code": "invalid_string", "message": said}
    return {**known, "path": path}


def _may_be_one_of(rule: Schema, value: Any) -> bool:
    """Whether zod compares a value with the options: an enumeration of texts asks for a text, but
    one of TypeScript's takes numbers for comparable as well."""
    numeric = "x-native" in rule or any(isinstance(option, int) for option in rule["enum"])
    return isinstance(value, str) or (numeric and type(value) in (int, float))


def _place(rule: Any, path: Sequence[Any]) -> tuple[int, ...]:
    place = []
    for step in path:
        if isinstance(step, int):
            place.append(step)
            rule = rule.get("items", {})
        else:
            fields = rule.get("properties", {})
            place.append([*fields, step].index(step))
            rule = fields.get(step, {})
    return tuple(place)


def _at(schema: Any, path: Iterable[Any]) -> Any:
    for step in path:
        schema = schema[step] if isinstance(schema, list) else schema.get(step, {})
    return schema


def _expected(rule: Schema) -> str:
    if "enum" in rule:
        return _listed(rule["enum"])
    kind = rule.get("type", "unknown")
    return str(kind if isinstance(kind, str) else kind[0])


def _listed(options: Iterable[Any]) -> str:
    return " | ".join(f"'{one}'" if isinstance(one, str) else str(one) for one in options)


def _enum(kind: Any, value: Any) -> Issue:
    return {
        "received": value,
        "code": "invalid_enum_value",
        "options": kind.options,
        "message": f"Invalid enum value. Expected {_listed(kind.options)}, received '{value}'",
    }


def _bound(code: str, name: str, kind: str, limit: int, told: str) -> Issue:
    same = {"type": kind, "inclusive": True, "exact": False}
    return {"code": code, name: limit, **same, "message": f"{kind.capitalize()} must {told}"}


_TOLD: Mapping[str, Callable[[Any, Any], Issue]] = {
    "enum": _enum,
    "const": lambda kind, value: {
        "received": value,
        "code": "invalid_literal",
        "expected": kind.expected_value,
        "message": f"Invalid literal value, expected {json.dumps(kind.expected_value)}",
    },
    "minLength": lambda kind, _value: _bound(
        "too_small", "minimum", "string", kind.limit, f"contain at least {kind.limit} character(s)"
    ),
    "maxLength": lambda kind, _value: _bound(
        "too_big", "maximum", "string", kind.limit, f"contain at most {kind.limit} character(s)"
    ),
    "minItems": lambda kind, _value: _bound(
        "too_small", "minimum", "array", kind.limit, f"contain at least {kind.limit} element(s)"
    ),
    "minimum": lambda kind, _value: _bound(
        "too_small", "minimum", "number", kind.limit, f"be greater than or equal to {kind.limit}"
    ),
    "maximum": lambda kind, _value: _bound(
        "too_big", "maximum", "number", kind.limit, f"be less than or equal to {kind.limit}"
    ),
}


class Guard:
    """One compiled schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._validator = jsonschema_rs.validator_for(dict(schema))

    def check(self, body: Any) -> None:
        """Raises `Refused` (guard.invalid_input) for a body that breaks the schema."""
        if not self._validator.is_valid(body):
            found = self.issues(body)
            raise Refused("guard.invalid_input", zod_error(found), type="body")

    def issues(self, document: Any) -> list[Issue]:
        """All that is wrong, as zod's issues."""
        return issues(self._schema, self._validator.iter_errors(document))


def native(*options: str) -> Schema:
    """The schema of an enumeration that is one in TypeScript."""
    return {"enum": list(options), "x-native": True}


def union(discriminator: str, *branches: Schema) -> Schema:
    """The schema of objects that are told apart by one field, an `enum` in each."""
    return {"anyOf": list(branches), "x-discriminator": discriminator}


def obj(required: Sequence[str] = (), /, **properties: Schema) -> Schema:
    """The schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}
