"""The files that a user gives: accounts and rules, in JSON or YAML.

A whole file is checked before anything starts; what is wrong is told by file and line.

* accounts: `{"accounts": [{"id": ..., "seed": ..., "credentials": {provider: {...}}, "settings":
  {document: {...}}}]}`;
* rules: a list of rules, as the control API takes them one by one. The name `magic` stands for the
  file that is shipped, `contracts/rules/magic.yaml`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from simulators.data import data
from simulators.kernel import rules
from simulators.kernel.accounts import AccountDocument, Accounts, BadAccount
from simulators.kernel.checks import BadValue, shown
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule
from simulators.store.memory import MemoryStore

MAGIC = "magic"
_KEYS = ("id", "seed", "credentials", "settings")
_SHAPE = (
    '{"accounts": [{"id": ..., "seed": ..., "credentials": {provider: {name: value}},'
    ' "settings": {document: {name: value}}}]}'
)


class BadFile(ValueError):
    """The file cannot be used; the message is `file:line: what was expected`."""


class _Wrong(Exception):
    """What is wrong, and the keys and indices that lead there from the top."""

    def __init__(self, message: str, *where: str | int) -> None:
        super().__init__(message)
        self.where = where


def read_accounts(path: Path, providers: Iterable[Provider]) -> list[AccountDocument]:
    """The accounts of a file, each one fit to be made. Raises `BadFile`."""
    document, tree = _document(path, "accounts")
    try:
        accounts = _accounts(document)
        _rehearse(accounts, providers)
    except _Wrong as wrong:
        raise BadFile(f"{path}:{_line(tree, wrong.where)}: {wrong}") from None
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
    return AccountDocument(
        id=item["id"],
        seed=item.get("seed", ""),
        credentials=credentials,
        settings=_settings(item, where),
    )


def _settings(item: Mapping[str, Any], where: tuple[str, int]) -> Mapping[str, Any]:
    settings = item.get("settings", {})
    if not isinstance(settings, dict):
        raise _Wrong("settings: expected an object of documents", *where, "settings")
    return settings


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
            settings = account.get("settings", {})
            rehearsal.add(account["id"], account["credentials"], account["seed"], settings)
        except BadAccount as error:
            raise _Wrong(str(error), *where, *error.where) from None


def read_rules(sources: Sequence[str], providers: Mapping[str, Provider]) -> list[Rule]:
    """The rules of some files, in their order, each fit to be installed. Raises `BadFile`."""
    found: list[Rule] = []
    for source in sources:
        found += _file(_path(source), providers, found)
    if len(found) > rules.MAX_RULES:
        raise BadFile(f"{sources[-1]}: expected at most {rules.MAX_RULES} rules in all")
    return found


def _path(source: str) -> Path:
    return data("contracts") / "rules" / "magic.yaml" if source == MAGIC else Path(source)


@cache
def _shipped() -> tuple[Any, yaml.Node | None]:
    """The file that is shipped: a test after the other may ask for it."""
    return _document(_path(MAGIC), "rules")


def _file(path: Path, providers: Mapping[str, Provider], before: list[Rule]) -> list[Rule]:
    document, tree = _shipped() if path == _path(MAGIC) else _document(path, "rules")
    if not isinstance(document, list):
        raise BadFile(f"{path}:1: expected a list of rules: [{{name, match, effect}}, ...]")
    taken = {rule["name"] for rule in before}
    found = []
    for at, raw in enumerate(document):
        rule = _rule(path, tree, at, raw, providers, f"rule-{len(before) + at + 1}")
        if rule["name"] in taken:
            raise _bad(path, tree, at, raw, "name: the name of an earlier rule; expected another")
        taken.add(rule["name"])
        found.append(rule)
    return found


def _rule(
    path: Path,
    tree: yaml.Node | None,
    at: int,
    raw: object,
    providers: Mapping[str, Provider],
    name: str,
) -> Rule:
    try:
        return rules.read(raw, providers, name)
    except BadValue as bad:
        raise _bad(path, tree, at, raw, str(bad), bad.where) from None


def _bad(
    path: Path, tree: yaml.Node | None, at: int, raw: object, said: str, where: str = "name"
) -> BadFile:
    """`file:line: rule 2 'its name': what is wrong there`."""
    name = raw.get("name") if isinstance(raw, dict) else None
    line = _line(tree, (at, *where.split(".")))
    return BadFile(f"{path}:{line}: rule {at + 1}{f' {name!r}' if name else ''}: {said}")


def _document(path: Path, kind: str) -> tuple[Any, yaml.Node | None]:
    """The document of a file, and its tree of nodes, which know their lines. `kind` is what the
    file is called in errors. Raises `BadFile`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        near = get_close_matches(str(path), [MAGIC], n=1) if kind == "rules" else []
        hint = f"; did you mean '{near[0]}'?" if near else ""
        expected = f"expected a readable {kind} file"
        raise BadFile(f"{shown(str(path))}: {error.strerror}{hint}; {expected}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadFile(f"{path}:{line}: expected UTF-8 text") from None
    except ValueError:  # a zero byte
        raise BadFile(f"{shown(str(path))}: expected the path of a {kind} file") from None
    return _parsed(path, text, kind)


def _parsed(path: Path, text: str, kind: str) -> tuple[Any, yaml.Node | None]:
    try:
        if path.suffix in (".yaml", ".yml"):
            return _yaml(text)
        # JSON is YAML but for the tabs between its tokens; inside strings it has none.
        return json.loads(text), yaml.compose(text.replace("\t", " "), yaml.SafeLoader)
    except json.JSONDecodeError as error:
        raise BadFile(f"{path}:{error.lineno}: expected JSON: {error.msg}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(f"{path}:{line}: expected YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())
        raise BadFile(f"{path}: not readable as a {kind} file: {said}") from None


def _yaml(text: str) -> tuple[Any, yaml.Node | None]:
    """The document and its nodes, of which it is made: a text is gone through once."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else loader.construct_document(node), node
    finally:
        loader.dispose()


def _line(node: yaml.Node | None, where: Sequence[str | int]) -> int:
    """The line of the node that the keys lead to, or of the last one found on the way."""
    found = 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(step)), None)
            if pair is None:
                return found
            found, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            found = node.start_mark.line + 1
    return found
