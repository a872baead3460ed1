"""The accounts file: `{"accounts": [{"id": ..., "seed": ..., "credentials": {provider: {...}}}]}`.

JSON, or YAML of the same shape. The whole file is checked before anything starts.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from simulators.kernel.accounts import AccountDocument, Accounts, BadAccount
from simulators.kernel.provider import Provider
from simulators.server import documents
from simulators.server.documents import BadFile
from simulators.store.memory import MemoryStore

_KEYS = ("id", "seed", "credentials")
_SHAPE = '{"accounts": [{"id": ..., "seed": ..., "credentials": {provider: {name: value}}}]}'


class _Wrong(Exception):
    """What is wrong, and the keys and indices that lead there from the top."""

    def __init__(self, message: str, *where: str | int) -> None:
        super().__init__(message)
        self.where = where


def read(path: Path, providers: Iterable[Provider]) -> list[AccountDocument]:
    """The accounts of a file, each one fit to be made. Raises `BadFile`."""
    document, tree = documents.read(path, "accounts")
    try:
        accounts = _accounts(document)
        _rehearse(accounts, providers)
    except _Wrong as wrong:
        raise BadFile(f"{path}:{documents.line(tree, wrong.where)}: {wrong}") from None
    return accounts


def _accounts(document: Any) -> list[AccountDocument]:
    if not isinstance(document, dict) or not isinstance(document.get("accounts"), list):
        raise _Wrong(f"expected {_SHAPE}")
    for key in document:
        if key != "accounts":
            raise _Wrong(f"unknown key '{key}'; expected {_SHAPE}", key)
    return [_account(item, index) for index, item in enumerate(document["accounts"])]


def _account(item: Any, index: int) -> AccountDocument:
    where = ("accounts", index)
    if not isinstance(item, dict):
        raise _Wrong(f"an account: expected an object with {', '.join(_KEYS)}", *where)
    for key in item:
        if key not in _KEYS:
            near = get_close_matches(str(key), _KEYS, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise _Wrong(f"unknown key '{key}'; {hint}there are: {', '.join(_KEYS)}", *where, key)
    for key in ("id", "seed"):
        if not isinstance(item.get(key, ""), str):
            raise _Wrong(f"{key}: expected a string, got {item[key]!r}", *where, key)
    if not item.get("id"):
        raise _Wrong("an account needs an id", *where)
    credentials = item.get("credentials", {})
    if not isinstance(credentials, dict):
        raise _Wrong("credentials: expected an object of providers", *where, "credentials")
    for name, values in credentials.items():
        if not isinstance(values, dict):
            expected = f"credentials of {name}: expected an object of names and strings"
            raise _Wrong(expected, *where, "credentials", name)
    return AccountDocument(id=item["id"], seed=item.get("seed", ""), credentials=credentials)


def _rehearse(accounts: Sequence[AccountDocument], providers: Iterable[Provider]) -> None:
    """Makes the accounts in a store of its own: what fails there must not start."""
    rehearsal = Accounts(MemoryStore(), providers)
    seen: set[str] = set()
    for index, account in enumerate(accounts):
        where = ("accounts", index)
        if account["id"] in seen:
            raise _Wrong(f"account '{account['id']}' is there twice", *where, "id")
        seen.add(account["id"])
        try:
            rehearsal.add(account["id"], account["credentials"], account["seed"])
        except BadAccount as error:
            raise _Wrong(str(error), *where, *error.where) from None
