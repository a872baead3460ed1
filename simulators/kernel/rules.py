"""Rules as people write them: read, checked and completed before any request meets them.

    {"name": "...", "match": {"provider", "operation", "to", "region", "template", "sender",
                              "after", "times", "probability"},
     "effect": {"error": CODE, "delay_ms", "jitter_ms", "socket", "answer": {...},
                "receipt": {"status", "error", "after_s", "duplicate", "reorder"},
                "keep": true}}

`to` and `sender` are globs (`*0001`); `after` lets the first n matches pass, `times` ends the rule
after n uses. A CODE is a key or code of the provider's catalogue, or the name of a problem, which
every provider spells in its own way.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from simulators.kernel.catalogue import Place, UnknownRow
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Provider

MAX_RULES = 1000
MAX_DELAY_MS = 600_000
SOCKETS = ("close", "reset", "hang", "truncate", "drip")

Rule = dict[str, Any]
Providers = Mapping[str, Provider]


@dataclass(frozen=True, slots=True)
class BadRule(ValueError):
    """A rule that cannot be: where in it, what was expected there, and what came."""

    where: str
    expected: str
    got: object

    def __str__(self) -> str:
        return f"{self.where}: {self.got!r}; expected {self.expected}"


def read_all(raw: object, providers: Providers) -> list[Rule]:
    """A list of rules, each with a name of its own. Raises `BadRule`."""
    if not isinstance(raw, list) or len(raw) > MAX_RULES:
        raise BadRule("rules", f"a list of at most {MAX_RULES} rules", raw)
    rules = [read(item, providers, f"rule-{at}") for at, item in enumerate(raw, 1)]
    names = [rule["name"] for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise BadRule("name", "a different name for each rule", name)
    return rules


def read(raw: object, providers: Providers, name: str) -> Rule:
    """One rule, checked; `name` is given to one that has none. Raises `BadRule`."""
    rule = _mapping(_copy(raw), "rule", ("name", "match", "effect"))
    match = _mapping(rule.get("match", {}), "match", tuple(_MATCH))
    effect = _mapping(rule.get("effect"), "effect", tuple(_EFFECT))
    if not effect:
        raise BadRule("effect", f"at least one of {', '.join(_EFFECT)}", effect)
    for part, checks, values in (("match", _MATCH, match), ("effect", _EFFECT, effect)):
        for field, value in values.items():
            checks[field](f"{part}.{field}", value)
    _provider(match, providers)
    _operation(match, providers)
    _resolve(match, effect, providers)
    given = rule.get("name", name)
    _text("name", given)
    return {"name": given, "match": match, "effect": effect}


def _copy(raw: object) -> object:
    try:
        return orjson.loads(orjson.dumps(raw))
    except TypeError as error:
        raise BadRule("rule", f"plain values ({error})", raw) from None


def _mapping(raw: object, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadRule(where, f"an object with {', '.join(known)}", raw)
    for field in raw:
        if field not in known:
            near = difflib.get_close_matches(str(field), known, n=1)
            hint = f"'{near[0]}'" if near else f"one of {', '.join(known)}"
            raise BadRule(f"{where}.{field}", hint, field)
    return raw


def _text(where: str, value: object) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= 200:
        raise BadRule(where, "a text of 1 to 200 characters", value)


def _number(low: float, high: float) -> Callable[[str, object], None]:
    def check(where: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRule(where, f"a number from {low:g} to {high:g}", value)
        if not low <= value <= high:
            raise BadRule(where, f"a number from {low:g} to {high:g}", value)

    return check


def _count(where: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadRule(where, "a whole number, 0 or more", value)


def _flag(where: str, value: object) -> None:
    if not isinstance(value, bool):
        raise BadRule(where, "true or false", value)


def _code(where: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRule(where, "a code of the provider's catalogue", value)


def _socket(where: str, value: object) -> None:
    if value not in SOCKETS:
        raise BadRule(where, f"one of {', '.join(SOCKETS)}", value)


def _answer(where: str, value: object) -> None:
    answer = _mapping(value, where, ("status", "headers", "body"))
    status = answer.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise BadRule(f"{where}.status", "an HTTP status from 200 to 599", status)
    headers = answer.get("headers", {})
    if not isinstance(headers, dict):
        raise BadRule(f"{where}.headers", "an object of header names and values", headers)
    for name, content in headers.items():
        legal = isinstance(content, str) and name.replace("-", "").isalnum() and name.isascii()
        if not legal or not content.isprintable() or not content.isascii():
            raise BadRule(f"{where}.headers.{name}", "a header name and printable ASCII", content)
    body = answer.get("body", "")
    if not isinstance(body, str | dict | list):
        raise BadRule(f"{where}.body", "a text, or an object or list to send as JSON", body)


def _receipt(where: str, value: object) -> None:
    receipt = _mapping(value, where, tuple(_RECEIPT))
    for field, value in receipt.items():
        _RECEIPT[field](f"{where}.{field}", value)
    if not receipt:
        raise BadRule(where, "at least one of status, error, after_s", receipt)


_Check = Callable[[str, object], None]
_RECEIPT: dict[str, _Check] = {
    "status": _text,
    "error": _code,
    "after_s": _number(0, 1e9),
    "duplicate": _flag,
    "reorder": _flag,
}
_MATCH: dict[str, _Check] = {
    "provider": _text,
    "operation": _text,
    "to": _text,
    "region": _text,
    "template": _text,
    "sender": _text,
    "after": _count,
    "times": _count,
    "probability": _number(0, 1),
}
_EFFECT: dict[str, _Check] = {
    "error": _code,
    "delay_ms": _number(0, MAX_DELAY_MS),
    "jitter_ms": _number(0, MAX_DELAY_MS),
    "socket": _socket,
    "answer": _answer,
    "receipt": _receipt,
    "keep": _flag,
}


def _provider(match: dict[str, Any], providers: Providers) -> None:
    name = match.get("provider")
    if name is not None and name not in providers:
        raise BadRule("match.provider", f"one of {', '.join(sorted(providers))}", name)


def _operation(match: dict[str, Any], providers: Providers) -> None:
    wanted = match.get("operation")
    if wanted is None:
        return
    known = {e.operation for p in _chosen(match, providers) for e in p.endpoints}
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=3) or sorted(known)
        raise BadRule("match.operation", f"an operation such as {', '.join(near)}", wanted)


def _chosen(match: Mapping[str, Any], providers: Providers) -> Iterable[Provider]:
    name = match.get("provider")
    return providers.values() if name is None else (providers[name],)


def _resolve(match: dict[str, Any], effect: dict[str, Any], providers: Providers) -> None:
    """Turns codes into catalogue keys; a code of one provider alone chooses that provider."""
    receipt = effect.get("receipt", {})
    if "error" in effect:
        effect["error"] = _key("effect.error", str(effect["error"]), match, providers)
    if "error" in receipt:
        key = _key("effect.receipt.error", str(receipt["error"]), match, providers)
        receipt["error"] = key
        for provider in _chosen(match, providers):
            row = provider.row(key)
            if row.place is not Place.RECEIPT:
                raise BadRule("effect.receipt.error", "a row that appears in receipts", key)
    if "status" in receipt:
        _status(receipt["status"], match, providers)


def _key(where: str, code: str, match: dict[str, Any], providers: Providers) -> str:
    if code in list(Problem):
        return code
    found, complaint = [], ""
    for provider in _chosen(match, providers):
        try:
            found.append((provider.name, provider.catalogue[code].key))
        except UnknownRow as error:
            complaint = complaint or str(error)
    if not found:
        problems = difflib.get_close_matches(code, list(Problem), n=2)
        raise BadRule(where, "; or ".join(filter(None, [complaint, *problems])), code)
    if len(found) > 1:
        names = ", ".join(name for name, _key in found)
        raise BadRule("match.provider", f"one provider, as '{code}' is in {names}", None)
    match["provider"] = found[0][0]
    return found[0][1]


def _status(word: str, match: Mapping[str, Any], providers: Providers) -> None:
    name = match.get("provider")
    if name is None:
        raise BadRule("match.provider", "one provider, as a status is its own word", None)
    if word not in providers[name].states:
        raise BadRule("effect.receipt.status", f"one of {', '.join(providers[name].states)}", word)
