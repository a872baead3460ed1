"""The rules of a world: listed in their order with their uses, replaced, added, taken away."""

from collections.abc import Sequence
from typing import Any

from simulators.control.errors import Bad, shown, unknown
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import EFFECT, MATCH, RULE, count, many, record, ref, text
from simulators.kernel import rules
from simulators.kernel.checks import BadValue
from simulators.kernel.world import World

_OBJECT: Schema = {"type": "object", "description": "an object"}
_RULE: Schema = {
    "type": "object",
    "description": "an object with name, match and effect",
    "properties": {"name": {"type": "string"}, "match": _OBJECT, "effect": _OBJECT},
}
_SEEN = record(
    name=text("by which it is taken away"),
    match=MATCH,
    effect=EFFECT,
    matched=count("how many requests it matched"),
    used=count("how often it had its effect"),
)
_ANSWER = record(rules={**many(_SEEN), "description": "in the order they are asked"})


def described(world: World) -> list[dict[str, Any]]:
    """The rules in the order they are asked, each with how often it matched and had effect."""
    found = []
    for rule in world.load("rules", []):
        matched, used = rules.uses(world, rule)
        shown = {name: rule[name] for name in ("name", "match", "effect")}
        found.append({**shown, "matched": matched, "used": used})
    return found


def _list(ask: Ask) -> Any:
    return {"rules": described(ask.world)}


def _read(ask: Ask, raw: list[Any]) -> list[rules.Rule]:
    try:
        return rules.read_all(raw, ask.simulators.providers)
    except BadValue as bad:
        raise Bad(400, f"not a rule at {bad.where}", bad.expected, shown(repr(bad.got))) from None


def _replace(ask: Ask) -> Any:
    rules.install(ask.world, _read(ask, ask.body["rules"]))
    return _list(ask)


def _add(ask: Ask) -> Any:
    (read,) = _read(ask, [{"name": "rule", **ask.body}])

    def added(kept: Sequence[rules.Rule]) -> Sequence[rules.Rule]:
        taken = {rule["name"] for rule in kept}
        number = len(taken) + 1
        while f"rule-{number}" in taken:
            number += 1
        name = read["name"] if "name" in ask.body else f"rule-{number}"
        if name in taken or len(kept) >= rules.MAX_RULES:
            wanted = f"a name not in use, and at most {rules.MAX_RULES} rules"
            raise Bad(409, "the rule cannot be added", wanted, name)
        return [*kept, {**read, "name": name}]

    rules.change(ask.world, added)
    return _list(ask)


def _remove(ask: Ask) -> Any:
    name = ask.query.get("name")

    def left(kept: Sequence[rules.Rule]) -> Sequence[rules.Rule]:
        if name is not None and name not in [rule["name"] for rule in kept]:
            raise unknown(404, "rule", name, [rule["name"] for rule in kept])
        return [rule for rule in kept if name not in (None, rule["name"])]

    rules.change(ask.world, left)
    return _list(ask)


_PATH = "/_sim/rules"
_ALL: Schema = {
    "type": "object",
    "description": "an object with rules",
    "properties": {"rules": {"type": "array", "items": _RULE, "description": "a list of rules"}},
    "required": ["rules"],
}
_ALL_TOLD: Schema = {
    **record(
        rules={
            **many(ref("Rule")),
            "maxItems": rules.MAX_RULES,
            "description": "a list of rules, in the order they are to be asked",
        }
    ),
    "description": "an object with rules",
}

ROUTES = (
    Route(
        name="list-rules",
        method="GET",
        path=_PATH,
        summary="The rules in the order they are asked, each with its uses",
        handle=_list,
        answer=_ANSWER,
    ),
    Route(
        name="set-rules",
        method="PUT",
        path=_PATH,
        summary="Replaces the rules; of those that match a request the first has its effect",
        handle=_replace,
        body=_ALL,
        told=_ALL_TOLD,
        answer=_ANSWER,
    ),
    Route(
        name="add-rule",
        method="POST",
        path=_PATH,
        summary="Adds a rule behind the others",
        handle=_add,
        body={**_RULE, "required": ["effect"]},
        told=RULE,
        answer=_ANSWER,
    ),
    Route(
        name="remove-rules",
        method="DELETE",
        path=_PATH,
        summary="Takes one rule away by its name, or all",
        handle=_remove,
        query={"name": {"type": "string", "maxLength": 200, "description": "a rule's name"}},
        answer=_ANSWER,
    ),
)
