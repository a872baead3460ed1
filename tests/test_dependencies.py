"""Whatever is imported is declared: an environment made from pyproject.toml lacks nothing."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Modules of ours: the package, and those that are found by their folder.
OURS = {
    "simulators",
    "tests",
    "conftest",
    *(path.stem for path in (ROOT / "loadtests").glob("*.py")),
}

# Who needs an extra beside the dependencies proper.
ALLOWED = {
    "simulators": ["fast", "provider", "pytest", "valkey"],
    "simulators/bench": ["dev"],
    "simulators/load": ["load"],
    "tests": [*EXTRAS],
    "loadtests": ["load"],
}


@cache
def _owners():
    """The distributions that have a module: all that is installed is looked at for it."""
    return packages_distributions()


def normal(requirement):
    return re.split(r"[\s\[<>=!~;]", requirement)[0].lower().replace("_", "-").replace(".", "-")


@cache
def imported(folder):
    """Top-level names that modules of a folder import, with one module that does."""
    found = {}
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], path.relative_to(ROOT))
    return found


@pytest.mark.parametrize("folder", ALLOWED)
def test_every_import_is_declared(folder):
    """By the distribution that has it, or by one that brings it along (Flask has Werkzeug
    and Jinja, trustme has cryptography)."""
    declared = {normal(r) for r in PROJECT["dependencies"]} | {"werkzeug", "jinja2", "cryptography"}
    for extra in ALLOWED[folder]:
        declared |= {normal(r) for r in EXTRAS[extra]}
    owners = _owners()
    missing = {
        name: str(path)
        for name, path in imported(folder).items()
        if name not in sys.stdlib_module_names
        and name not in OURS
        and name != "_typeshed"  # type checkers bring it, and nothing imports it when it is run
        and not (folder == "simulators" and "/".join(path.parts[:2]) in ALLOWED)
        and not declared & {normal(owner) for owner in owners.get(name, [name])}
    }

    assert missing == {}


def test_every_dependency_is_imported():
    """What nobody imports nobody has to install."""
    owners = _owners()
    used = {normal(o) for name in imported("simulators") for o in owners.get(name, [name])}

    assert {normal(r) for r in PROJECT["dependencies"]} <= used
