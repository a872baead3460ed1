"""The rules of a world: listed in their order with their uses, replaced, added, taken away."""

from typing import Any

from simulators.control.errors import Bad, unknown
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import EFFECT, MATCH, RULE, count, many, record, ref, text
from simulators.kernel import operations
from simulators.kernel.rules import MAX_RULES

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


def _list(ask: Ask) -> Any:
    return {"rules": operations.scripted(ask.world)}


def _replace(ask: Ask) -> Any:
    operations.script(ask.world, ask.body["rules"], ask.simulators.providers)
    return _list(ask)


def _add(ask: Ask) -> Any:
    try:
        operations.add_rule(ask.world, ask.body, ask.simulators.providers)
    except operations.Taken as taken:
        raise Bad(409, taken.error, taken.expected, taken.got) from None
    return _list(ask)


def _remove(ask: Ask) -> Any:
    name = ask.query.get("name")
    try:
        operations.remove_rules(ask.world, name)
    except LookupError:
        known = [rule["name"] for rule in operations.scripted(ask.world)]
        raise unknown(404, "rule", str(name), known) from None
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
            "maxItems": MAX_RULES,
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
