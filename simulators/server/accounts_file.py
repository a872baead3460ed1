"""The accounts file: `{"accounts": [{"id": ..., "seed": ..., "credentials": {provider: {...}}}]}`.

JSON, or YAML of the same shape. The whole file is checked before anything starts.
"""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from simulators.kernel.accounts import AccountDocument, Accounts, BadAccount
from simulators.kernel.provider import Provider
from simulators.store.memory import MemoryStore

_KEYS = ("id", "seed", "credentials")
_SHAPE = '{"accounts": [{"id": ..., "seed": ..., "credentials": {provider: {name: value}}}]}'


class BadFile(ValueError):
    """The file cannot be used; the message is `file:line: what was expected`."""


class _Wrong(Exception):
    """What is wrong, and the keys and indices that lead there from the top."""

    def __init__(self, message: str, *where: str | int) -> None:
        super().__init__(message)
        self.where = where


def read(path: Path, providers: Iterable[Provider]) -> list[AccountDocument]:
    """The accounts of a file, each one fit to be made. Raises `BadFile`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}; expected a readable accounts file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadFile(f"{path}:{line}: expected UTF-8 text") from None
    document, tree = _parsed(path, text)
    try:
        accounts = _accounts(document)
        _rehearse(accounts, providers)
    except _Wrong as wrong:
        raise BadFile(f"{path}:{_line(tree, wrong.where)}: {wrong}") from None
    return accounts


def _parsed(path: Path, text: str) -> tuple[Any, yaml.Node | None]:
    """The document, and its tree of nodes, which know their lines."""
    try:
        if path.suffix in (".yaml", ".yml"):
            return yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
        # JSON is YAML but for the tabs between its tokens; inside strings it has none.
        return json.loads(text), yaml.compose(text.replace("\t", " "), yaml.SafeLoader)
    except json.JSONDecodeError as error:
        raise BadFile(f"{path}:{error.lineno}: expected JSON: {error.msg}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(f"{path}:{line}: expected YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())
        raise BadFile(f"{path}: not readable as an accounts file: {said}") from None


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


def _line(node: yaml.Node | None, where: Sequence[str | int]) -> int:
    """The line of the node that the keys lead to, or of the last one found on the way."""
    line = 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(step)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
