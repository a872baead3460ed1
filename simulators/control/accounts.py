"""Accounts: each is one customer of all providers, with a world of its own."""

from typing import Any

from simulators.control.errors import Bad, unknown
from simulators.control.route import Ask, Route, Schema
from simulators.control.schemas import TEXT, many, record, ref, said, text
from simulators.kernel.accounts import DEFAULT, BadAccount
from simulators.kernel.world import STRANGERS, World

MOST = 1000

_NEW: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "description": "a name of 1 to 64 letters, digits, '.', '_' or '-'; made if left out",
        },
        "seed": {
            "type": "string",
            "maxLength": 200,
            "description": "text of at most 200 characters: the same one gives the same ids",
        },
        "credentials": {
            "type": "object",
            "description": "credentials to have instead of generated ones",
            "additionalProperties": {
                "type": "object",
                "description": "names to values",
                "additionalProperties": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 500,
                    "description": "text of 1 to 500 characters",
                },
            },
        },
    },
}


def _shown(world: World) -> dict[str, Any]:
    return {"id": world.id, "credentials": world.account.credentials}


def _list(ask: Ask) -> Any:
    return {"accounts": ask.simulators.accounts.store.accounts()}


def _create(ask: Ask) -> Any:
    accounts = ask.simulators.accounts
    name, made = ask.body.get("id", ""), accounts.store.accounts_kept()
    if name and accounts.store.account(name) is not None:
        raise Bad(409, f"there is an account '{name}'", "an id that is free", name)
    if made >= MOST:
        raise Bad(409, "too many accounts", f"at most {MOST}; delete some", f"{made}")
    credentials, seed = ask.body.get("credentials", {}), ask.body.get("seed", "")
    try:
        return _shown(accounts.create(name, credentials, seed))
    except BadAccount as error:
        raise Bad(400, str(error), "an account of its own", name or "no id") from None


def _one(ask: Ask) -> Any:
    return _shown(_world(ask))


def _delete(ask: Ask) -> Any:
    world = _world(ask)
    if world.id == DEFAULT:
        raise Bad(409, f"'{DEFAULT}' stays; POST /_sim/reset empties it", "another", DEFAULT)
    ask.simulators.accounts.drop(world.id)
    return {"deleted": world.id}


def _world(ask: Ask) -> World:
    accounts, name = ask.simulators.accounts, ask.params["id"]
    if name == STRANGERS or accounts.store.account(name) is None:
        raise unknown(404, "account", name, accounts.store.accounts())
    return accounts.world(name)


_LISTED = record(accounts=said(many(TEXT), "their ids"))

ROUTES = (
    Route(
        name="list-accounts",
        method="GET",
        path="/_sim/accounts",
        summary="The ids of all accounts",
        handle=_list,
        answer=_LISTED,
        worldly=False,
    ),
    Route(
        name="create-account",
        method="POST",
        path="/_sim/accounts",
        summary="A new account, with credentials for every provider",
        handle=_create,
        body=_NEW,
        answer=ref("Account"),
        status=201,
        worldly=False,
    ),
    Route(
        name="read-account",
        method="GET",
        path="/_sim/accounts/{id}",
        summary="An account and its credentials",
        handle=_one,
        answer=ref("Account"),
        worldly=False,
    ),
    Route(
        name="delete-account",
        method="DELETE",
        path="/_sim/accounts/{id}",
        summary="Forgets an account and its world",
        handle=_delete,
        answer=record(deleted=text("its id")),
        worldly=False,
    ),
)
