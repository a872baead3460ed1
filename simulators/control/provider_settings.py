"""The settings documents of one provider: how it behaves towards this account."""

from typing import Any

from simulators.control.errors import unknown
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import documents, record
from simulators.kernel import operations
from simulators.kernel.provider import Provider


def _provider(ask: Ask) -> Provider:
    providers, name = ask.simulators.providers, ask.params["provider"]
    if name not in providers:
        raise unknown(404, "provider", name, providers)
    return providers[name]


def _read(ask: Ask) -> Any:
    return {"settings": {name: ask.world.load(name) for name in _provider(ask).settings}}


def _write(ask: Ask) -> Any:
    operations.set_documents(ask.world, _provider(ask), ask.body["settings"])
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
        summary="How one provider behaves towards the account, by document: null where unset",
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
