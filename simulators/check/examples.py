"""The examples of a contract: requests that keep it, and for each of its rules one that breaks it.

`OPERATION.examples.json` holds the requests that keep it in full, and each break as a JSON Patch
(RFC 6902) on one of them, so that any language applies it with a library it has:

    {"at": "body.To", "why": "no plus", "patch": [{"op": "replace", "path": "/body/To", ...}]}

The mechanical breaks (a member left out, a value given twice or of another type) follow from the
schema and stand in no file: `derived` makes them.

A rule is one keyword at one place of a schema, or one name of `required`. Conditions are none.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from simulators.data import contracts
from simulators.kernel.contracts import contract

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = dict[str, Any]

_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_ASSERTIONS = {
    *("type", "const", "enum", "pattern", "minLength", "maxLength", "not", "anyOf", "oneOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "contains", "minProperties", "maxProperties"),
}
_BELOW = ("then", "else", "items", "additionalProperties", "propertyNames")
_KNOWN = {
    *(*_ASSERTIONS, *_ALTERNATIVES, *_BELOW, "if", "required", "dependentRequired", "properties"),
    *("patternProperties", "contentEncoding", "$ref", "$defs", "$schema", "$id", "$comment"),
    *("title", "description"),
}


# The members of a request document: that they are there is ours to see to, not the client's.
_FRAME = ("method", "path", "headers", "query", "body")


class BadExamples(ValueError):
    """A file of examples that cannot be read as one; the message says where and what is wrong."""


@dataclass(frozen=True, slots=True)
class Break:
    """A request that breaks its contract: at which place, and why. In a connector's configuration
    `by` tells what it breaks: Logto's own `guard`, or our `advice`."""

    at: str
    why: str
    document: Any
    by: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one contract: `stated` breaks stand in its file, `derived` ones follow from
    its schema."""

    keeps: Sequence[Any]
    stated: Sequence[Break]
    derived: Sequence[Break]

    @property
    def breaks(self) -> Sequence[Break]:
        """All of them."""
        return (*self.stated, *self.derived)


@cache
def examples(provider: str, operation: str) -> Examples:
    """The examples of an operation's or a callback's contract. Raises `BadExamples`, and
    `LookupError` where there is no contract or no file."""
    agreed = contract(provider, operation)
    path = contracts(provider) / f"{operation}.examples.json"
    if agreed is None or not path.is_file():
        raise LookupError(f"no contract with examples: {provider}/{operation}")
    keeps, stated = read(path.read_text(encoding="utf-8"), f"{provider}/{path.name}")
    return Examples(keeps, stated, derived(provider, operation, keeps, stated))


def read(text: str, name: str) -> tuple[list[Any], list[Break]]:
    """The kept requests and the stated breaks of a file's text. Raises `BadExamples`."""
    import jsonpatch  # a tool for contributors: a server does without
    from jsonpointer import JsonPointerException

    loaded = json.loads(text)
    keeps, found = loaded["keeps"], []
    for number, entry in enumerate(loaded["breaks"]):
        try:
            document = jsonpatch.apply_patch(keeps[entry.get("of", 0)], entry["patch"])
        except (jsonpatch.JsonPatchException, JsonPointerException) as error:
            raise BadExamples(f"{name}: breaks[{number}] ({entry['why']}): {error}") from None
        except (LookupError, TypeError) as error:
            raise BadExamples(
                f"{name}: breaks[{number}]: expected `at`, `why`, `patch` and, for another than"
                f" the first request, `of`; {type(error).__name__}: {error}"
            ) from None
        found.append(Break(entry["at"], entry["why"], document, entry.get("by", "")))
    return keeps, found


def derived(
    provider: str, operation: str, keeps: Iterable[Any], stated: Iterable[Break] = ()
) -> list[Break]:
    """The mechanical breaks: of all that can be made of the kept requests, those that break a rule
    which none before breaks, each at the place that was changed; none that is `stated`."""
    agreed = contract(provider, operation)
    if agreed is None:
        raise LookupError(f"no contract: {provider}/{operation}")
    met, found = set[str](), list[Break]()
    for kept in keeps:
        for at, why, document in _mechanical(kept):
            if at in _FRAME:
                continue
            new = agreed.broken_fast(document, at) - met
            if new and not any(_same(document, one.document) for one in stated):
                met |= new
                found.append(Break(at, why, document))
    return found


def rules(schema: Schema) -> dict[str, Schema]:
    """Every rule of a schema that a document can come upon, by its pointer, with the object it
    stands in. Raises `BadExamples` for a keyword that is not known here."""
    found: dict[str, Schema] = {}
    waiting = [(schema, "#")]
    while waiting:
        node, here = waiting.pop()
        if set(node) - _KNOWN:
            raise BadExamples(f"{here}: keywords nothing is known of: {sorted(set(node) - _KNOWN)}")
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            waiting.append((schema["$defs"][name], node["$ref"]))
        found |= {_pointer(here, key): node for key in _ASSERTIONS & set(node)}
        found |= {_pointer(here, "required", name): node for name in node.get("required", ())}
        if node.get("additionalProperties") is False:
            found[_pointer(here, "additionalProperties")] = node
        for name, others in node.get("dependentRequired", {}).items():
            found |= {_pointer(here, "dependentRequired", name, o): node for o in others}
        waiting += [item for item in _subschemas(node, here) if item[1] not in found]
    return found


def broken(schema: Schema, errors: "Iterable[ValidationError]") -> set[str]:
    """The rules that errors are of, and that those of their alternatives are of."""
    return set(_broken(errors, _pointers(schema)))


def _broken(errors: "Iterable[ValidationError]", known: dict[int, str]) -> Iterator[str]:
    for error in errors:
        here = _pointer(known[id(error.schema)], str(error.validator))
        if error.validator == "required":
            (name,) = re.findall(r"^'(.*)' is a required property$", error.message)
            yield _pointer(here, name)
        elif error.validator == "dependentRequired":
            ((name, other),) = re.findall(r"^'(.*)' is a dependency of '(.*)'$", error.message)
            yield _pointer(here, other, name)
        else:
            yield here
        yield from _broken(error.context or (), known)


def _pointer(base: str, *names: object) -> str:
    return "/".join([base, *(str(name).replace("~", "~0").replace("/", "~1") for name in names)])


def _pointers(node: Any, here: str = "#") -> dict[int, str]:
    """The pointer of every object in a schema, by its identity."""
    found = {id(node): here}
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            found |= _pointers(value, _pointer(here, name))
    return found


def _subschemas(node: Schema, here: str) -> Iterator[tuple[Schema, str]]:
    """The schemas that hold wherever this one does, or may."""
    for name in ("properties", "patternProperties"):
        for key, value in node.get(name, {}).items():
            yield value, _pointer(here, name, key)
    for name in _ALTERNATIVES:
        for at, value in enumerate(node.get(name, ())):
            yield value, _pointer(here, name, at)
    for name in _BELOW:
        if isinstance(node.get(name), dict):
            yield node[name], _pointer(here, name)


def _same(one: Any, other: Any) -> bool:
    """Whether two documents are the same JSON: in Python 1 is True, there it is not."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _mechanical(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str, Any]]:
    """Place, reason and document of every change that needs no thought, one change a document."""
    if path:
        at, shown = ".".join(path), path[-1]
        for why, other in _others(value):
            yield at, f"{shown} {why}", other
    members: dict[Any, Any] = {}
    if isinstance(value, dict):
        members = value
    elif isinstance(value, list):
        members = dict(enumerate(value[:1]))
    for key, inner in members.items():
        if isinstance(value, dict):
            left = {name: kept for name, kept in value.items() if name != key}
            yield ".".join((*path, key)), f"{key} is left out", left
        for at, why, changed in _mechanical(inner, (*path, str(key))):
            whole = value.copy()
            whole[key] = changed
            yield at, why, whole


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """A value given twice, and values of the other types."""
    if not isinstance(value, list):
        yield "is given twice", [value, value]
    for kind, other in (
        ("is a number", 7),
        ("is a text", "text"),
        ("is an object", {"a": 1}),
        ("is null", None),
        ("is true", True),
        ("is a list of a list", [[]]),
    ):
        if type(other) is not type(value):
            yield kind, other
