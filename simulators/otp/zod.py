"""What zod, the validator of Logto, says of a value: https://zod.dev/error-handling (version 3)."""

from collections.abc import Iterable, Sequence
from typing import Any

Issue = dict[str, Any]
Path = Sequence[str | int]


def zod_error(issues: Iterable[Issue]) -> dict[str, Any]:
    """A ZodError as it is put in JSON."""
    return {"issues": list(issues), "name": "ZodError"}


def wrong_type(path: Path, expected: str, got: Any) -> Issue:
    """For a value of another type, or none (`...`)."""
    received = _type(got)
    said = "Required" if got is ... else f"Expected {expected}, received {received}"
    known = {"expected": expected, "received": received, "path": list(path)}
    return {"code": "invalid_type", **known, "message": said}


def not_one_of(path: Path, options: Sequence[Any], got: Any) -> Issue:
    """For a value that an enumeration lacks."""
    if isinstance(got, bool) or not isinstance(got, str | int | float):
        return wrong_type(path, listed(options), got)
    said = f"Invalid enum value. Expected {listed(options)}, received '{got}'"
    known = {"received": got, "code": "invalid_enum_value", "options": list(options)}
    return {**known, "path": list(path), "message": said}


def listed(options: Iterable[Any]) -> str:
    """The values of an enumeration."""
    return " | ".join(f"'{one}'" if isinstance(one, str) else str(one) for one in options)


def not_a(kind: str, path: Path) -> Issue:
    """For a text that is no `email` or `url`."""
    known = {"validation": kind, "code": "invalid_string"}
    return {**known, "message": f"Invalid {kind}", "path": list(path)}


def no_alternative(path: Path, errors: Sequence[Sequence[Issue]]) -> Issue:
    """For a value that none of some alternatives takes; each has its own issues."""
    unions = [zod_error(issues) for issues in errors]
    known = {"code": "invalid_union", "unionErrors": unions, "path": list(path)}
    return {**known, "message": "Invalid input"}


def custom(path: Path, said: str) -> Issue:
    """For a rule that is written in code."""
    return {"code": "custom", "message": said, "path": list(path)}


def details(issues: Iterable[Issue]) -> str:
    """The lines Logto makes of issues, under `details` of an error's body."""
    return "\n".join(
        f'Error in key path "{".".join(map(str, issue["path"]))}": '
        f"({issue['code']}) {issue['message']}"
        for issue in issues
    )


def _type(value: Any) -> str:
    if value is ...:
        return "undefined"
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")
