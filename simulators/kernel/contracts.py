"""Contracts: what a client's request must look like, as JSON Schema 2020-12 in `contracts/`.

`jsonschema` is the engine of record and words every breach; a faster validator only tells it
that there is nothing to say. Schemas are read and compiled once. `jsonschema` is a tenth of what
a server imports, so it is left until there is a breach to word.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from simulators.data import data

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule a request breaks: where, what came, what was expected, and who says so."""

    pointer: str
    got: str
    expected: str
    source: str

    def __str__(self) -> str:
        where = self.pointer or "the request"
        said = f" ({self.source})" if self.source else ""
        return f"{where}: {self.got}; expected {self.expected}{said}"

    def as_dict(self) -> dict[str, str]:
        """Its fields and the sentence."""
        return {**asdict(self), "message": str(self)}


class Contract:
    """One compiled schema. `check` is for documents of any origin and raises nothing."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._fast = jsonschema_rs.validator_for(schema)

    def check(self, document: Any) -> list[Breach]:
        """All breaches, the most telling first; empty when the contract is kept."""
        if self._keeps_fast(document):
            return []
        return self.check_slowly(document)

    def check_slowly(self, document: Any) -> list[Breach]:
        """The verdict of the engine of record alone."""
        from jsonschema.exceptions import best_match

        errors = [best_match([error]) or error for error in self.errors(document)]
        return [_breach(error) for error in sorted(errors, key=lambda e: -len(e.absolute_path))]

    def errors(self, document: Any) -> "Iterator[ValidationError]":
        """What the engine of record finds, as it words it; what became of the alternatives of an
        `anyOf` is in `context`."""
        return _validator_class()(self.schema).iter_errors(document)  # type: ignore[no-any-return]  # the class is made of an untyped one

    def broken_fast(self, document: Any, at: str) -> set[str]:
        """Where in the schema the rules stand that a document breaks at a place, each with the
        name of the member that is missing; by the faster engine."""
        found = set()
        for error in self._fast.iter_errors(document):
            last = error.schema_path[-1] if error.schema_path else ""
            missing = getattr(error.kind, "property", "") if last == "required" else ""
            where = [*error.instance_path, *([missing] if missing else [])]
            if ".".join(map(str, where)) == at:
                found.add("/".join([*map(str, error.schema_path), missing]))
        return found

    def _keeps_fast(self, document: Any) -> bool:
        try:
            return self._fast.is_valid(document)
        except ValueError:  # what it cannot represent (lone surrogates) the other engine judges
            return False


@cache
def contract(provider: str, operation: str, kind: str = "schema") -> Contract | None:
    """The contract of an operation, None where the folder has no such file.

    `kind` is "schema" for requests, "response.schema" for answers.
    """
    path = data("contracts") / provider / f"{operation}.{kind}.json"
    return Contract(orjson.loads(path.read_bytes())) if path.is_file() else None


def document(
    method: str, path: str, headers: Mapping[str, str], query: Any, body: Any
) -> dict[str, Any]:
    """The request document that contracts judge."""
    return {"method": method, "path": path, "headers": headers, "query": query, "body": body}


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    return extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # jsonschema ships it untyped


def _pattern(_v: Any, pattern: str, instance: Any, _schema: Any) -> "Iterator[ValidationError]":
    from jsonschema.exceptions import ValidationError

    # JSON Schema patterns are ECMA-262: there `$` is the end, in Python also before a last newline.
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_ESCAPE_CLASS_OR_DOLLAR = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    ecma = _ESCAPE_CLASS_OR_DOLLAR.sub(lambda m: r"\Z" if m[0] == "$" else m[0], pattern)
    return re.compile(ecma, re.ASCII)


_KINDS = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "an array",
    dict: "an object",
    type(None): "nothing",
}


def _breach(error: "ValidationError") -> Breach:
    pointer = ".".join(str(part) for part in error.absolute_path)
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "required":
        return _missing(error, schema, pointer)
    title, described = schema.get("title"), schema.get("description")
    expected = " ".join(filter(None, [title and f"{title}:", described])) or _plain(error)
    got = shown(error.instance)
    if error.validator == "type":  # a number and its digits look the same
        got += f", {_KINDS.get(type(error.instance), 'something else')}"
    return Breach(pointer, got, expected, schema.get("$comment", ""))


def _missing(error: "ValidationError", schema: dict[str, Any], pointer: str) -> Breach:
    found = re.match(r"'(.*)' is a required property", error.message)
    name = found[1] if found else ""
    wanted = schema.get("properties", {}).get(name, {})
    described = ": ".join(filter(None, [wanted.get("title"), wanted.get("description")]))
    where = f"{pointer}.{name}" if pointer else name
    return Breach(where, "missing", described or "a value", wanted.get("$comment", ""))


def _plain(error: "ValidationError") -> str:
    return f"{error.validator} {shown(error.validator_value)}"


def shown(value: Any) -> str:
    """A value as a breach quotes it, cut short."""
    text = value if isinstance(value, str) else _spelled(value)
    text = text[: _SHOWN + 1].encode("utf-8", "backslashreplace").decode()  # lone surrogates
    return f"`{text[:_SHOWN]}...`" if len(text) > _SHOWN else f"`{text}`"


def _spelled(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (ValueError, RecursionError):  # an integer of thousands of digits; nested too deep
        return f"some {type(value).__name__}"
