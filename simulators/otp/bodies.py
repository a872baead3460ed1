"""Request bodies held to their JSON Schema, and what is wrong told as Logto's guard (zod) does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jsonschema_rs

from simulators.otp.refused import Refused, zod_error

Schema = Mapping[str, Any]
Issue = dict[str, Any]

_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}


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
        return _issues(self._schema, document, self._validator.iter_errors(document))


def obj(required: Sequence[str] = (), /, **properties: Schema) -> Schema:
    """The schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


def _issues(schema: Schema, document: Any, errors: Iterable[Any]) -> list[Issue]:
    return [_issue(schema, document, error) for error in errors]


def _issue(schema: Schema, document: Any, error: Any) -> Issue:
    kind, path, value = error.kind, list(error.instance_path), error.instance
    told = _TOLD.get(kind.name)
    if kind.name == "required":
        wanted = _expected(
            _at(schema, [*list(error.schema_path)[:-1], "properties", kind.property])
        )
        return _wrong_type(wanted, "undefined", [*path, kind.property], "Required")
    if kind.name == "type" or (kind.name == "enum" and not isinstance(value, str)):
        wanted, got = _expected(_at(schema, list(error.schema_path)[:-1])), _type(value)
        return _wrong_type(wanted, got, path, f"Expected {wanted}, received {got}")
    if kind.name in ("anyOf", "oneOfNotValid"):
        unions = [zod_error(_issues(schema, document, branch)) for branch in kind.context]
        return {
            "code": "invalid_union",
            "unionErrors": unions,
            "path": path,
            "message": "Invalid input",
        }
    if told is None:
        return {"code": "custom", "message": error.message, "path": path}
    return {**told(kind, value), "path": path}


def _wrong_type(expected: str, received: str, path: list[Any], message: str) -> Issue:
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "path": path,
        "message": message,
    }


def _at(schema: Any, path: Iterable[Any]) -> Any:
    for step in path:
        schema = schema[step] if isinstance(schema, list) else schema.get(step, {})
    return schema


def _expected(schema: Any) -> str:
    if "enum" in schema:
        return " | ".join(f"'{one}'" for one in schema["enum"])
    kind = schema.get("type", "unknown")
    first = kind if isinstance(kind, str) else kind[0]
    return str(first)


def _type(value: Any) -> str:
    return _TYPES.get(type(value), "number")


def _enum(kind: Any, value: str) -> Issue:
    options = " | ".join(f"'{one}'" for one in kind.options)
    return {
        "received": value,
        "code": "invalid_enum_value",
        "options": kind.options,
        "message": f"Invalid enum value. Expected {options}, received '{value}'",
    }


def _bound(code: str, name: str, kind: str, limit: int, told: str) -> Issue:
    same = {"type": kind, "inclusive": True, "exact": False}
    return {"code": code, name: limit, **same, "message": f"{kind.capitalize()} must {told}"}


_TOLD: Mapping[str, Callable[[Any, Any], Issue]] = {
    "enum": _enum,
    "pattern": lambda _kind, _value: {
        "validation": "regex",
        "code": "invalid_string",
        "message": "Invalid",
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
