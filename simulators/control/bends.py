"""The settings documents of one provider: how an account bends it."""

from typing import Any

from simulators.control.errors import Bad, shown, unknown
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import documents, record
from simulators.kernel.contracts import Contract
from simulators.kernel.provider import Provider


def _provider(ask: Ask) -> Provider:
    providers, name = ask.simulators.providers, ask.params["provider"]
    if name not in providers:
        raise unknown(404, "provider", name, providers)
    return providers[name]


def _read(ask: Ask) -> Any:
    return {"settings": {name: ask.world.load(name) for name in _provider(ask).settings}}


def _write(ask: Ask) -> Any:
    known, given = _provider(ask).settings, ask.body["settings"]
    for name, document in given.items():
        if name not in known:
            raise unknown(400, "settings document", name, known)
        if document is None:
            continue
        for breach in Contract(dict(known[name])).check(document):
            where = f"{name}: '{breach.pointer}' is not as expected"
            raise Bad(400, where, breach.expected, shown(breach.got))
    for name, document in given.items():
        ask.world.save(name, document)
    return _read(ask)


_PATH = "/_sim/settings/{provider}"
_DOCUMENTS: Schema = {
    "type": "object",
    "description": "an object of the provider's settings documents; null takes one away",
}
_TOLD = record(settings=documents())

ROUTES = (
    Route(
        name="read-settings",
        method="GET",
        path=_PATH,
        summary="How the account bends one provider: its settings documents, null for unset ones",
        handle=_read,
        answer=_TOLD,
    ),
    Route(
        name="set-settings",
        method="PUT",
        path=_PATH,
        summary="Sets the documents that are given, and leaves the others",
        handle=_write,
        body={
            "type": "object",
            "properties": {"settings": _DOCUMENTS},
            "required": ["settings"],
            "additionalProperties": False,
            "description": "an object with settings",
        },
        told={**_TOLD, "description": "an object with settings"},
        answer=_TOLD,
    ),
)
