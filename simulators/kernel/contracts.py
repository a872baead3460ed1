"""Contracts: what a client's request must look like, as JSON Schema 2020-12 in `contracts/`.

`jsonschema` is the engine of record and words every violation; a faster validator only tells it
that there is nothing to say. Schemas are read and compiled once. `jsonschema` is a tenth of what
a server imports, so it is left until there is a violation to word.

Requests are validated before anybody knows who sends them, and the engine of record takes 0.1 ms
for each error it words: how much it may do for one document is bounded by `MOST_STEPS` and
`MOST_ERRORS`, however large the document is.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from simulators.data import contracts

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_STEPS = 1000  # schemas that are held against a value, for one document
MOST_ERRORS = 50  # errors that are drawn from the engine, for one document or one alternative
MOST_TOLD = 20

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule a request breaks: where, what came, what was expected, and who says so. One that
    expects nothing is a remark on the others: that there are more of them."""

    pointer: str
    got: str
    expected: str
    source: str

    def __str__(self) -> str:
        if not self.expected:
            return self.got
        where = self.pointer or "the request"
        said = f" ({self.source})" if self.source else ""
        return f"{where}: {self.got}; expected {self.expected}{said}"

    def as_dict(self) -> dict[str, str]:
        """Its fields and the sentence."""
        return {**asdict(self), "message": str(self)}


class Contract:
    """One compiled schema. `validate` is for documents of any origin and raises nothing."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._fast = jsonschema_rs.validator_for(schema)

    def validate(self, document: Any) -> list[Violation]:
        """What the document violates, the most telling first; empty when the contract is kept.

        Of many violations `MOST_TOLD` are told, and then how many more there are.
        """
        return [] if self._keeps_fast(document) else self.validate_slowly(document)

    def validate_slowly(self, document: Any) -> list[Violation]:
        """The verdict of the engine of record; where that has used up its steps before it found
        anything, what the fast one found first."""
        from jsonschema.exceptions import best_match

        drawn, whole = self._drawn(document)
        errors = [best_match([error]) or error for error in drawn]
        found = [_violation(error) for error in sorted(errors, key=lambda e: -len(e.absolute_path))]
        if not found and not whole:
            found = self._first(document)
        return _told(found, whole)

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

    def count(self, document: Any, most: int) -> int:
        """How many rules a document breaks, by the faster engine, which stops at so many."""
        try:
            return sum(1 for _error in islice(self._fast.iter_errors(document), most))
        except ValueError:  # what it cannot represent
            return most

    def _keeps_fast(self, document: Any) -> bool:
        try:
            return self._fast.is_valid(document)
        except ValueError:  # what it cannot represent (lone surrogates) the other engine judges
            return False

    def _drawn(self, document: Any) -> "tuple[list[ValidationError], bool]":
        """The first errors, and whether those are all there are."""
        drawn: list[ValidationError] = []
        before = _STEPS.set(MOST_STEPS)
        try:
            for error in self.errors(document):
                if len(drawn) == MOST_ERRORS:
                    return drawn, False
                drawn.append(error)
        except _OutOfSteps:
            return drawn, False
        finally:
            _STEPS.reset(before)
        return drawn, True

    def _first(self, document: Any) -> list[Violation]:
        """The fast engine stops at the first error, and tells where in the schema the rule is."""
        try:
            self._fast.validate(document)
        except jsonschema_rs.ValidationError as error:
            rule: Any = self.schema
            for part in error.schema_path[:-1]:
                rule = rule[part]
            keyword = str(error.schema_path[-1]) if error.schema_path else ""
            schema = rule if isinstance(rule, dict) else {}
            pointer = ".".join(str(part) for part in error.instance_path)
            instance = _at(document, error.instance_path)
            if keyword == "required":
                name = next((n for n in schema["required"] if n not in instance), "")
                return [_missing(name, schema, pointer)]
            expected = _described(schema) or f"{keyword} {shown(schema.get(keyword))}"
            return [Violation(pointer, shown(instance), expected, schema.get("$comment", ""))]
        except ValueError:
            pass  # it cannot represent the document; nor was it the one that said there is an error
        return []


def _at(value: Any, way: Iterable[str | int]) -> Any:
    for part in way:
        value = value[part]
    return value


def _told(found: list[Violation], whole: bool) -> list[Violation]:
    """At most `MOST_TOLD`, and a remark where there are more."""
    more = len(found) - MOST_TOLD
    if whole and more <= 0:
        return found
    if whole:
        remark = f"and {more} more"
    else:
        remark = f"and more than {more} more" if more > 0 else "and perhaps more"
    return [*found[:MOST_TOLD], Violation("", remark, "", "")]


@cache
def contract(provider: str, operation: str, kind: str = "schema") -> Contract | None:
    """The contract of an operation, None where the folder has no such file.

    `kind` is "schema" for requests, "response.schema" for answers. What a request had better keep
    as well is the contract of the operation's name and `.advice`.
    """
    path = contracts(provider) / f"{operation}.{kind}.json"
    return Contract(orjson.loads(path.read_bytes())) if path.is_file() else None


def document(
    method: str, path: str, headers: Mapping[str, str], query: Any, body: Any
) -> dict[str, Any]:
    """The request document that contracts judge."""
    return {"method": method, "path": path, "headers": headers, "query": query, "body": body}


class _OutOfSteps(Exception):
    """The engine has done what it may for one document."""


_STEPS: ContextVar[int | None] = ContextVar("_STEPS", default=None)


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the engine that holds a schema against a value: each time it does is a step."""

    def step(*given: Any, **named: Any) -> Any:
        left = _STEPS.get()
        if left is not None:
            if left <= 0:
                raise _OutOfSteps
            _STEPS.set(left - 1)
        return method(*given, **named)

    return step


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    changed = {"pattern": _pattern, "anyOf": _any_of}
    made = extend(Draft202012Validator, changed)  # type: ignore[no-untyped-call]  # jsonschema ships it untyped
    made.descend, made.iter_errors = _counted(made.descend), _counted(made.iter_errors)
    return made


def _pattern(_v: Any, pattern: str, instance: Any, _schema: Any) -> "Iterator[ValidationError]":
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and not _expression(pattern).is_valid(_encodable(instance)):
        yield ValidationError(f"{shown(instance)} does not match {pattern!r}")


def _any_of(
    validator: Any, alternatives: list[Any], instance: Any, _schema: Any
) -> "Iterator[ValidationError]":
    """As jsonschema has it, but for the errors of an alternative: those it lists all."""
    from jsonschema.exceptions import ValidationError

    context: list[ValidationError] = []
    for index, alternative in enumerate(alternatives):
        errors = validator.descend(instance, alternative, schema_path=index)
        found = list(islice(errors, MOST_ERRORS))
        if not found:
            return
        context += found
    yield ValidationError(f"{shown(instance)} is none of the alternatives", context=context)


def _encodable(text: str) -> str:
    """The text with U+FFFD for half a surrogate pair, which a JSON escape may leave."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def _expression(pattern: str) -> Any:
    """Holds a text against a pattern in time that is in proportion to the text. Python's own engine
    goes back to try again: thirty numbers in a list, the last one with a slip, took it for ever."""
    return jsonschema_rs.validator_for({"pattern": pattern})


_KINDS = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "an array",
    dict: "an object",
    type(None): "nothing",
}


def _violation(error: "ValidationError") -> Violation:
    pointer = ".".join(str(part) for part in error.absolute_path)
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "required":
        found = re.match(r"'(.*)' is a required property", error.message)
        return _missing(found[1] if found else "", schema, pointer)
    expected = _described(schema) or f"{error.validator} {shown(error.validator_value)}"
    got = shown(error.instance)
    if error.validator == "type":  # a number and its digits look the same
        got += f", {_KINDS.get(type(error.instance), 'something else')}"
    return Violation(pointer, got, expected, schema.get("$comment", ""))


def _missing(name: str, schema: dict[str, Any], pointer: str) -> Violation:
    wanted = schema.get("properties", {}).get(name, {})
    described = ": ".join(filter(None, [wanted.get("title"), wanted.get("description")]))
    where = f"{pointer}.{name}" if pointer else name
    return Violation(where, "missing", described or "a value", wanted.get("$comment", ""))


def _described(schema: Mapping[str, Any]) -> str:
    title, described = schema.get("title"), schema.get("description")
    return " ".join(filter(None, [title and f"{title}:", described]))


def shown(value: Any) -> str:
    """A value as a violation quotes it, cut short."""
    text = value if isinstance(value, str) else _spelled(value)
    text = text[: _SHOWN + 1].encode("utf-8", "backslashreplace").decode()  # lone surrogates
    return f"`{text[:_SHOWN]}...`" if len(text) > _SHOWN else f"`{text}`"


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def _spelled(value: Any) -> str:
    """The beginning of a value as JSON: no more of it is written out than is shown."""
    text = ""
    try:
        for part in _ENCODER.iterencode(value):
            text += part
            if len(text) > _SHOWN:
                break
    except (ValueError, RecursionError):  # an integer of thousands of digits; nested too deep
        return f"some {type(value).__name__}"
    return text
