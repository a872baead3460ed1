"""What two cleaned answers differ in: status, headers that clients read, the shape of the JSON, the
code, the text, and any other value. What is bound to differ is compared by its shape, as the
provider's `probes.json` says."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulators.drift.cleaning import Cleaner
from simulators.drift.line import Answer
from simulators.probes import Moving, Probes, Varying, below, parsed

STATUS, HEADER, SHAPE, CODE, TEXT, VALUE = "status", "header", "shape", "code", "text", "value"
NOTHING = "nothing"
_SHOWN = 120
_LEFT_OUT = "..."
_WORDS = re.compile(r"\W+")

# Headers that clients of any API read. By value, but for those that are bound to differ: of them it
# counts that they are there.
BY_VALUE: Mapping[str, str] = {
    "content-type": "clients choose by it how to read the body",
    "location": "clients go there",
    "www-authenticate": "clients and browsers choose by it how to sign in",
}
BY_PRESENCE: Mapping[str, str] = {"retry-after": "clients wait for so long"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the vendor and the simulator differ. `at` is a pointer into the body, or
    the name of a header."""

    kind: str
    at: str
    vendor: str
    simulator: str

    def __str__(self) -> str:
        where = f" at {self.at}" if self.at and self.kind != STATUS else ""
        return f"{self.kind}{where}: vendor {self.vendor}, simulator {self.simulator}"

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """An answer that may be shown: its status, the headers that clients read (None where nobody
    noted them), its body as JSON or as text."""

    status: int
    headers: Mapping[str, str] | None
    body: Any


def cleaned(answer: Answer, cleaner: Cleaner, facts: Probes) -> Cleaned:
    """The answer without anything of the account; other headers than those that are compared are
    not kept, as nobody can tell what is in them."""
    headers = {}
    for name in (*BY_VALUE, *BY_PRESENCE, *facts.headers):
        value = answer.header(name)
        if value is not None:
            headers[name] = cleaner.header(name, value)
    return Cleaned(answer.status, headers, cleaner.value(parsed(answer.body)))


def differences(
    vendor: Cleaned, simulator: Cleaned, facts: Probes, moves: Moving | None = None
) -> list[Difference]:
    """All of them, the most telling first. What `moves` from one answer of the simulator to the
    next is bound to differ as well, where the data does not speak of it."""
    found = []
    if vendor.status != simulator.status:
        found.append(Difference(STATUS, "", str(vendor.status), str(simulator.status)))
    found += _headers(vendor, simulator, facts)
    found += _Bodies(facts, moves or {}).differ(vendor.body, simulator.body, "")
    order = (STATUS, CODE, SHAPE, HEADER, TEXT, VALUE)
    return sorted(found, key=lambda one: order.index(one.kind))


def _headers(vendor: Cleaned, simulator: Cleaned, facts: Probes) -> Iterator[Difference]:
    if vendor.headers is None or simulator.headers is None:
        return
    for name in (*BY_VALUE, *BY_PRESENCE, *facts.headers):
        one, other = vendor.headers.get(name), simulator.headers.get(name)
        if (one is None) != (other is None) or (
            one is not None
            and other is not None
            and name in BY_VALUE
            and _spelled(one) != _spelled(other)
        ):
            yield Difference(HEADER, name, _header(one), _header(other))


def _spelled(header: str) -> str:
    """Upper case, quotes and spaces between parameters make no difference to anybody."""
    return re.sub(r"\s*([;,=])\s*", r"\1", header.strip().replace('"', "")).lower()


def _header(value: str | None) -> str:
    return NOTHING if value is None else _cut(value)


@dataclass(frozen=True, slots=True)
class _Bodies:
    """Compares two bodies by what is known of the provider's answers."""

    facts: Probes
    moves: Moving

    def differ(self, vendor: Any, simulator: Any, at: str) -> Iterator[Difference]:
        """What differs there and below."""
        varying = self.facts.varying(at)
        one, other = _type(vendor), _type(simulator)
        if one != other:
            if varying is None or not varying.may_be_null(vendor, simulator):
                yield Difference(SHAPE, at, _form(vendor), _form(simulator))
        elif isinstance(vendor, dict):
            yield from self._objects(vendor, simulator, at)
        elif isinstance(vendor, list):
            yield from self._lists(vendor, simulator, at, varying)
        elif varying is not None:
            yield from self._varied(vendor, simulator, at, varying)
        elif at in self.moves:
            one, other = (standing(self.moves[at], value) for value in (vendor, simulator))
            yield from self._values(one, other, at)
        else:
            yield from self._values(vendor, simulator, at)

    def _objects(
        self, vendor: Mapping[str, Any], simulator: Mapping[str, Any], at: str
    ) -> Iterator[Difference]:
        for name in {**vendor, **simulator}:
            place = below(at, name)
            if name in vendor and name in simulator:
                yield from self.differ(vendor[name], simulator[name], place)
                continue
            varying = self.facts.varying(place)
            if varying is not None and varying.or_absent:
                continue
            if name in vendor:
                yield Difference(SHAPE, place, _form(vendor[name]), NOTHING)
            else:
                yield Difference(SHAPE, place, NOTHING, _form(simulator[name]))

    def _lists(
        self, vendor: list[Any], simulator: list[Any], at: str, varying: Varying | None
    ) -> Iterator[Difference]:
        """How many there are may be bound to differ: then the first stands for all."""
        if varying is None and len(vendor) != len(simulator):
            yield Difference(SHAPE, at, f"{len(vendor)} items", f"{len(simulator)} items")
        pairs = list(zip(vendor, simulator, strict=False))
        for number, (one, other) in enumerate(pairs[:1] if varying else pairs):
            yield from self.differ(one, other, below(at, number))

    def _varied(
        self, vendor: Any, simulator: Any, at: str, varying: Varying
    ) -> Iterator[Difference]:
        if varying.part:
            told = (vendor, simulator, *self.moves.get(at, ()))
            one, other, *moved = (
                re.sub(varying.part, _LEFT_OUT, text) if isinstance(text, str) else text
                for text in told
            )
            if moved and moved[0] != moved[1]:  # more of it than the data says
                pair = (moved[0], moved[1])
                one, other = standing(pair, one), standing(pair, other)
            yield from self._values(one, other, at)
        elif varying.like and not (varying.fits(vendor) and varying.fits(simulator)):
            one, other = (
                f"a value like {varying.like}" if varying.fits(value) else _form(value)
                for value in (vendor, simulator)
            )
            yield Difference(SHAPE, at, one, other)

    def _values(self, vendor: Any, simulator: Any, at: str) -> Iterator[Difference]:
        if vendor != simulator:
            yield Difference(self._kind(at, vendor), at, _shown(vendor), _shown(simulator))

    def _kind(self, at: str, vendor: Any) -> str:
        """What is said of an error is a code or a text where the data says so; a body that is no
        JSON is a text."""
        if self.facts.named(CODE, at):
            return CODE
        if self.facts.named(TEXT, at) or (not at and isinstance(vendor, str)):
            return TEXT
        return VALUE


def standing(moves: tuple[Any, Any], value: Any) -> Any:
    """A value without the words of it that move from one answer to the next; a text of another
    number of words is another text, and stays."""
    if not isinstance(value, str):
        return None
    one, other, words = (_WORDS.split(str(text)) for text in (*moves, value))
    if not len(one) == len(other) == len(words):
        return None if len(one) == len(other) == 1 else value
    return " ".join(
        _LEFT_OUT if first != second else word
        for first, second, word in zip(one, other, words, strict=True)
    )


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    names = {dict: "object", list: "array", str: "string", type(None): "null"}
    return names[type(value)]


def _form(value: Any) -> str:
    """The form of a value, which tells nothing of what it says."""
    if isinstance(value, str):
        return f"string {_cut(json.dumps(formed(value)))}" if value else "string, empty"
    if isinstance(value, list):
        return f"array of {len(value)}"
    if isinstance(value, dict):
        return f"object of {_cut(', '.join(value))}" if value else "object, empty"
    return _type(value)


def formed(value: str) -> str:
    """A text with an x for each letter and a 0 for each digit."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "0", value))


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
