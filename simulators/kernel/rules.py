"""Rules as people write them: read, checked and completed before any request meets them.

    {"name": "...", "match": {"provider", "operation", "to", "region", "template", "sender",
                              "after", "times", "probability"},
     "effect": {"error": CODE, "delay_ms", "jitter_ms", "socket", "answer": {...},
                "receipt": {"status", "state", "error", "after_s", "duplicate", "reorder"},
                "keep": true}}

`to` and `sender` are globs (`*0001`), and a `to` of digits alone is a number as the provider reads
it; `after` lets the first n matches pass, `times` ends the rule
after n uses. A CODE is a key or code of the provider's catalogue, or the name of a problem, which
every provider spells in its own way. So it does a receipt's `state`, one of `STATES`; one that has
no word for it goes on as it would have.
"""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from simulators.kernel import checks
from simulators.kernel.catalogue import Place, Problem, UnknownRow
from simulators.kernel.checks import (
    BadValue,
    Check,
    copied,
    count,
    each,
    flag,
    mapping,
    number,
    one_of,
    text,
)
from simulators.kernel.headers import wrong
from simulators.kernel.message import State
from simulators.kernel.phone import international, written
from simulators.kernel.provider import Provider
from simulators.kernel.world import World

MAX_RULES = 1000
_SPECIAL = re.compile(r"[*?\[]")
_DIGITS = re.compile(r"[0-9]{7,15}")
MAX_DELAY_MS = 600_000
STATES = tuple(str(state) for state in State if state not in (State.RECEIVED, State.SCHEDULED))
SOCKETS = ("close", "reset", "hang", "truncate", "drip")

Rule = dict[str, Any]
Providers = Mapping[str, Provider]


class Book:
    """The rules in force, to look up those that a message may match: a thousand of them are not
    gone through for each of a thousand recipients."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._pages: dict[tuple[str, str], Page] = {}

    def page(self, provider: str, operation: str) -> "Page":
        """Those of one operation."""
        page = self._pages.get((provider, operation))
        if page is None:
            page = self._pages[provider, operation] = Page(
                rule
                for rule in self._rules
                if rule["match"].get("provider", provider) == provider
                and rule["match"].get("operation", operation) == operation
            )
        return page


class Page:
    """Rules of one operation, by the number that they are about. A glob that is only an end (as
    `*0001`), only a beginning or no glob at all is looked up, any other is tried."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._whole: dict[str, list[int]] = {}
        self._begins: dict[int, dict[str, list[int]]] = {}  # by length
        self._ends: dict[int, dict[str, list[int]]] = {}
        self._globs: list[tuple[int, re.Pattern[str]]] = []
        self._any: list[int] = []
        for place, rule in enumerate(self._rules):
            if "to" in rule["match"]:
                self._put(place, rule["match"]["to"])
            else:
                self._any.append(place)

    def _put(self, place: int, to: str) -> None:
        if not _SPECIAL.search(to):
            self._whole.setdefault(to, []).append(place)
        elif to.endswith("*") and not _SPECIAL.search(to[:-1]):
            self._begins.setdefault(len(to) - 1, {}).setdefault(to[:-1], []).append(place)
        elif to.startswith("*") and not _SPECIAL.search(to[1:]):
            self._ends.setdefault(len(to) - 1, {}).setdefault(to[1:], []).append(place)
        else:
            self._globs.append((place, re.compile(translate(to))))

    def rules_for(self, number: str | None) -> Iterable[Rule]:
        """Those whose `to` fits a number, in their order; None where there is no number."""
        found = self._any
        if number is not None:
            found = [*found, *self._whole.get(number, ())]
            for length, begins in self._begins.items():
                if length <= len(number):
                    found += begins.get(number[:length], ())
            for length, ends in self._ends.items():
                if length <= len(number):
                    found += ends.get(number[len(number) - length :], ())
            found += [place for place, glob in self._globs if glob.match(number)]
            found.sort()
        return (self._rules[place] for place in found)


def read_all(raw: object, providers: Providers) -> list[Rule]:
    """A list of rules, each with a name of its own. Raises `BadValue`."""
    if not isinstance(raw, list) or len(raw) > MAX_RULES:
        raise BadValue("rules", f"a list of at most {MAX_RULES} rules", raw)
    rules = [read(item, providers, f"rule-{at}") for at, item in enumerate(raw, 1)]
    names = Counter(rule["name"] for rule in rules)
    for name, times in names.items():
        if times > 1:
            raise BadValue("name", "a different name for each rule", name)
    return rules


def install(world: World, rules: Sequence[Rule]) -> None:
    """Puts read rules in force in a world. Each that is new there begins to count anew."""
    change(world, lambda _before: rules)


def change(world: World, changed: Callable[[Sequence[Rule]], Sequence[Rule]]) -> None:
    """Puts in force what `changed` makes of the rules that are; it does nothing else. What those
    that are gone have counted is forgotten."""
    count = world.store.count
    gone: list[str] = []

    def numbered(before: Sequence[Rule]) -> list[Rule] | None:
        after = changed(before)
        stay = {rule["serial"] for rule in after if "serial" in rule}
        left = [rule for rule in before if rule["serial"] not in stay]
        gone[:] = [name for rule in left for name in counters(rule)]
        return [
            rule if "serial" in rule else {**rule, "serial": count(world.id, "rules")}
            for rule in after
        ] or None

    world.update("rules", numbered, [])
    world.store.uncount(world.id, gone)


def uses(world: World, rule: Rule) -> tuple[int, int]:
    """How often a rule in force has matched, and how often it had its effect."""
    counted = world.store.counted
    matched, used = counters(rule)
    return counted(world.id, matched), counted(world.id, used)


def counters(rule: Rule) -> tuple[str, str]:
    """The store's names for the matches and the uses of a rule in force."""
    return f"rule/{rule['serial']}/matched", f"rule/{rule['serial']}/used"


def read(raw: object, providers: Providers, name: str) -> Rule:
    """One rule, checked; `name` is given to one that has none. Raises `BadValue`."""
    rule = mapping(copied(raw, "rule"), "rule", ("name", "match", "effect"))
    match = mapping(rule.get("match", {}), "match", tuple(_MATCH))
    effect = mapping(rule.get("effect"), "effect", tuple(_EFFECT))
    if not effect:
        raise BadValue("effect", f"at least one of {', '.join(_EFFECT)}", effect)
    each("match", match, _MATCH)
    each("effect", effect, _EFFECT)
    _provider(match, providers)
    _operation(match, providers)
    _resolve(match, effect, providers)
    if _DIGITS.fullmatch(match.get("to", "")):
        match["to"] = _number(match, providers)
    given = rule.get("name", name)
    checks.name("name", given)
    return {"name": given, "match": match, "effect": effect}


def _number(match: Mapping[str, Any], providers: Providers) -> str:
    """Bare digits as E.164, which is what a rule is matched by; what is no number stays."""
    name = match.get("provider")
    number = written(match["to"], providers[name].number if name else international)
    return number.e164 if number is not None and number.possible else str(match["to"])


def _code(where: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadValue(where, "a code of the provider's catalogue", value)


def _answer(where: str, value: object) -> None:
    answer = mapping(value, where, ("status", "headers", "body"))
    status = answer.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise BadValue(f"{where}.status", "an HTTP status from 200 to 599", status)
    headers = answer.get("headers", {})
    if not isinstance(headers, dict):
        raise BadValue(f"{where}.headers", "an object of header names and values", headers)
    for name, content in headers.items():
        expected = wrong(name, content)
        if expected:
            raise BadValue(f"{where}.headers.{name}", expected, content)
    body = answer.get("body", "")
    if not isinstance(body, str | dict | list):
        raise BadValue(f"{where}.body", "a text, or an object or list to send as JSON", body)


def _receipt(where: str, value: object) -> None:
    receipt = mapping(value, where, tuple(_RECEIPT))
    each(where, receipt, _RECEIPT)
    if not receipt:
        raise BadValue(where, f"at least one of {', '.join(_RECEIPT)}", receipt)


_RECEIPT: dict[str, Check] = {
    "status": text,
    "state": one_of(*STATES),
    "error": _code,
    "after_s": number(0, 1e9),
    "duplicate": flag,
    "reorder": flag,
}
_MATCH: dict[str, Check] = {
    "provider": text,
    "operation": text,
    "to": text,
    "region": text,
    "template": text,
    "sender": text,
    "after": count,
    "times": count,
    "probability": number(0, 1),
}
_EFFECT: dict[str, Check] = {
    "error": _code,
    "delay_ms": number(0, MAX_DELAY_MS),
    "jitter_ms": number(0, MAX_DELAY_MS),
    "socket": one_of(*SOCKETS),
    "answer": _answer,
    "receipt": _receipt,
    "keep": flag,
}


def _provider(match: dict[str, Any], providers: Providers) -> None:
    name = match.get("provider")
    if name is not None and name not in providers:
        raise BadValue("match.provider", f"one of {', '.join(sorted(providers))}", name)


def _operation(match: dict[str, Any], providers: Providers) -> None:
    wanted = match.get("operation")
    if wanted is None:
        return
    known = {e.operation for p in _chosen(match, providers) for e in p.endpoints}
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=3) or sorted(known)
        raise BadValue("match.operation", f"an operation such as {', '.join(near)}", wanted)


def _chosen(match: Mapping[str, Any], providers: Providers) -> Iterable[Provider]:
    name = match.get("provider")
    return providers.values() if name is None else (providers[name],)


def _resolve(match: dict[str, Any], effect: dict[str, Any], providers: Providers) -> None:
    """Turns codes into catalogue keys. A code of one provider alone chooses that provider, one of
    several that have one account the one whose account it is."""
    receipt = effect.get("receipt", {})
    if "error" in effect:
        effect["error"] = _key("effect.error", str(effect["error"]), match, providers)
    if "error" in receipt:
        key = _key("effect.receipt.error", str(receipt["error"]), match, providers)
        receipt["error"] = key
        for provider in _chosen(match, providers):
            row = provider.row(key)
            if row.place is not Place.RECEIPT:
                raise BadValue("effect.receipt.error", "a row that appears in receipts", key)
    if "status" in receipt:
        _status(receipt["status"], match, providers)


def _key(where: str, code: str, match: dict[str, Any], providers: Providers) -> str:
    if code in list(Problem):
        return code
    found, near = [], difflib.get_close_matches(code, list(Problem), n=2)
    for provider in _chosen(match, providers):
        try:
            found.append((provider.name, provider.catalogue[code].key))
        except UnknownRow:
            near += [f"{name} ({provider.name})" for name in provider.catalogue.near(code)]
    if not found:
        where_from = match.get("provider", "any provider")
        raise BadValue(where, f"an error of {where_from}; near: {', '.join(near) or 'none'}", code)
    owners = {providers[name].account for name, _key in found}
    if len(owners) == 1:
        found = [one for one in found if one[0] in owners] or found
    if len(found) > 1:
        names = ", ".join(name for name, _key in found)
        raise BadValue("match.provider", f"one provider, as '{code}' is in {names}", None)
    match["provider"] = found[0][0]
    return found[0][1]


def _status(word: str, match: Mapping[str, Any], providers: Providers) -> None:
    name = match.get("provider")
    if name is None:
        raise BadValue("match.provider", "one provider, as a status is its own word", None)
    if word not in providers[name].states:
        raise BadValue("effect.receipt.status", f"one of {', '.join(providers[name].states)}", word)
