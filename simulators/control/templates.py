"""Templates and signatures: the registries of providers that have them approved beforehand."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from simulators.control.errors import Bad, unknown
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import many, record
from simulators.kernel import templates as registry
from simulators.kernel.provider import Provider
from simulators.kernel.templates import Kind, Signature, Status, Template

MOST = 1000


def _text(most: int, least: int = 0) -> Schema:
    described = f"text of {least} to {most} characters"
    return {"type": "string", "minLength": least, "maxLength": most, "description": described}


def _choice(*values: str) -> Schema:
    return {"enum": list(values), "description": f"one of: {', '.join(values)}"}


_STATUS = _choice(*get_args(Status))
_CREATED: Schema = {
    "type": "number",
    "minimum": 0,
    "maximum": 7_258_118_399,
    "description": "epoch seconds before the year 2200, 0 for what the account came with",
}
TEMPLATE: Mapping[str, Schema] = {
    "code": _text(100, 1),
    "content": _text(2000, 1),
    "kind": _choice(*get_args(Kind)),
    "status": _STATUS,
    "international": {"type": "boolean", "description": "true or false"},
    "name": _text(100),
    "reason": _text(500),
    "remark": _text(500),
    "created": _CREATED,
}
SIGNATURE: Mapping[str, Schema] = {
    "name": _text(100, 1),
    "status": _STATUS,
    "kind": _choice("general", "code"),
    "reason": _text(500),
    "remark": _text(500),
    "created": _CREATED,
}


def _provider(ask: Ask, what: str, has: Callable[[Provider], object]) -> Provider:
    providers, name = ask.simulators.providers, ask.params["provider"]
    having = [other for other, provider in providers.items() if has(provider)]
    if name not in providers:
        raise unknown(404, "provider", name, having)
    if name not in having:
        known = ", ".join(having) or "no provider"
        raise Bad(404, f"{name} has no {what}", f"a provider that has them: {known}", name)
    return providers[name]


def _templates(ask: Ask) -> Any:
    provider = _provider(ask, "templates", lambda p: p.templates)
    found = registry.templates(ask.world, provider)
    return {"templates": registry.plain(found)}


def _put_templates(ask: Ask) -> Any:
    provider = _provider(ask, "templates", lambda p: p.templates)
    made = [Template(**item) for item in ask.body["templates"]]
    kept = _distinct("code", {item.code: item for item in made}, len(made))
    registry.update_templates(ask.world, provider, lambda known: _replace(known, kept))
    return _templates(ask)


def _signatures(ask: Ask) -> Any:
    provider = _provider(ask, "signatures", lambda p: p.signatures)
    found = registry.signatures(ask.world, provider)
    return {"signatures": registry.plain(found)}


def _put_signatures(ask: Ask) -> Any:
    provider = _provider(ask, "signatures", lambda p: p.signatures)
    made = [Signature(**item) for item in ask.body["signatures"]]
    kept = _distinct("name", {item.name: item for item in made}, len(made))
    registry.update_signatures(ask.world, provider, lambda known: _replace(known, kept))
    return _signatures(ask)


def _replace(known: dict[str, Any], kept: Mapping[str, Any]) -> None:
    known.clear()
    known.update(kept)


def _distinct(key: str, kept: Mapping[str, Any], given: int) -> Mapping[str, Any]:
    if len(kept) != given:
        raise Bad(400, f"a {key} twice", f"each {key} once", f"{given - len(kept)} twice")
    return kept


def _pair(
    name: str,
    read: Callable[[Ask], Any],
    write: Callable[[Ask], Any],
    item: Mapping[str, Schema],
    required: list[str],
) -> tuple[Route, Route]:
    path = f"/_sim/{name}/{{provider}}"
    given: Schema = {
        "type": "array",
        "maxItems": MOST,
        "description": f"a list of at most {MOST}",
        "items": {
            "type": "object",
            "properties": item,
            "required": required,
            "additionalProperties": False,
            "description": f"an object with {', '.join(item)}",
        },
    }
    body: Schema = {
        "type": "object",
        "properties": {name: given},
        "required": [name],
        "additionalProperties": False,
        "description": f"an object with {name}",
    }
    answer = record(**{name: {**many(record(**item)), "description": f"the account's {name}"}})
    return (
        Route(
            name=f"read-{name}",
            method="GET",
            path=path,
            summary=f"The account's {name} with one provider",
            handle=read,
            answer=answer,
        ),
        Route(
            name=f"set-{name}",
            method="PUT",
            path=path,
            summary=f"Replaces the account's {name} with one provider",
            handle=write,
            body=body,
            answer=answer,
        ),
    )


ROUTES = (
    *_pair("templates", _templates, _put_templates, TEMPLATE, ["code", "content"]),
    *_pair("signatures", _signatures, _put_signatures, SIGNATURE, ["name"]),
)
