"""Rules from files: a list of rules in JSON or YAML, as the control API takes them one by one.

The name `magic` stands for the file that is shipped, `contracts/rules/magic.yaml`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from simulators.data import data
from simulators.kernel import rules
from simulators.kernel.checks import BadValue
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule
from simulators.server import documents
from simulators.server.documents import BadFile

MAGIC = "magic"


def read(sources: Sequence[str], providers: Mapping[str, Provider]) -> list[Rule]:
    """The rules of some files, in their order, each fit to be installed. Raises `BadFile`."""
    found: list[Rule] = []
    for source in sources:
        found += _file(_path(source), providers, found)
    if len(found) > rules.MAX_RULES:
        raise BadFile(f"{sources[-1]}: expected at most {rules.MAX_RULES} rules in all")
    return found


def _path(source: str) -> Path:
    return data("contracts") / "rules" / "magic.yaml" if source == MAGIC else Path(source)


def _file(path: Path, providers: Mapping[str, Provider], before: list[Rule]) -> list[Rule]:
    document, tree = documents.read(path, "rules")
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
    line = documents.line(tree, (at, *where.split(".")))
    return BadFile(f"{path}:{line}: rule {at + 1}{f' {name!r}' if name else ''}: {said}")
