"""What tests may change of what all threads of their process share.

Servers of other fixtures run in threads beside a test. Whoever replaces `asyncio.sleep` or
`time.time` takes it from them as well, and what they do is counted with what the test does: such a
test passes or fails by what else is at work. Time, chance, resolvers and loops are arguments
instead; `own_calls`, `calls_in` and `own_log` count what the test does and nothing else.
"""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parent
# What no server of ours imports: a client, or a tool that is under test in this process. Locust is
# not even looked at, as to import it changes the process.
OTHERS = ("simulators", "tests", "locust", "tencentcloud", "email_validator")
# By file, with the reason.
LEAVE = {
    "conftest.py: socket.getaddrinfo": "vendors' own clients can be led here in no other way; for"
    " no name that a server of ours asks for does it answer otherwise",
    "warm.py: sys.argv": "it is the process of a Locust, and no test runs in it",
}
CHANGES = ("setattr", "delattr", "object", "patch")


def foreign(owner):
    """The name of a module, or of a class in one, that is not the project's to change."""
    module = owner.__name__ if isinstance(owner, ModuleType) else getattr(owner, "__module__", "")
    if not isinstance(owner, ModuleType | type) or not isinstance(module, str):
        return ""
    name = module if isinstance(owner, ModuleType) else f"{module}.{owner.__qualname__}"
    return "" if module.partition(".")[0] in OTHERS else name


def imported(tree):
    """Where the names come from that a file imports, anywhere in it: a module, and what of it."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                found[one.asname or top] = (one.name if one.asname else top, "")
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for one in node.names:
                found[one.asname or one.name] = (node.module, one.name)
    return found


def meant(node, names):
    """The object that an expression leads to, as far as imports tell; None for all others."""
    if isinstance(node, ast.Name) and node.id in names:
        module, name = names[node.id]
        return None if module.partition(".")[0] == "locust" else attribute(module, name)
    if isinstance(node, ast.Attribute):
        return getattr(meant(node.value, names), node.attr, None)
    return None


def attribute(module, name):
    """What a module has by a name, be it a module below it; without a name the module."""
    found = importlib.import_module(module)
    if name and not hasattr(found, name):
        return importlib.import_module(f"{module}.{name}")
    return getattr(found, name) if name else found


def named(text):
    """The owner of the attribute that a dotted name leads to."""
    owner, rest = None, text.split(".")[:-1]
    for at in range(1, len(rest) + 1):
        try:
            owner = importlib.import_module(".".join(rest[:at]))
        except ImportError:
            owner = getattr(owner, rest[at - 1], None)
    return owner


def changed(tree):
    """Each foreign module or class that a file changes, with the attribute."""
    names = imported(tree)
    for node in ast.walk(tree):
        owner, name = None, ""
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            for target in targets:
                if isinstance(target, ast.Attribute) and foreign(meant(target.value, names)):
                    owner, name = meant(target.value, names), target.attr
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            first, *rest = node.args
            if called in CHANGES and isinstance(first, ast.Constant):
                if isinstance(first.value, str) and "." in first.value:
                    owner, name = named(first.value), first.value.rpartition(".")[2]
            elif called in CHANGES and rest:
                owner = meant(first, names)
                name = rest[0].value if isinstance(rest[0], ast.Constant) else "..."
        if owner is not None and foreign(owner):
            yield f"{foreign(owner)}.{name}"


def test_no_test_changes_what_others_at_work_beside_it_use():
    """A standard module, a library of the servers, or a class in one: under any name."""
    found = set()
    for path in TESTS.rglob("*.py"):
        where = path.relative_to(TESTS).as_posix()
        found |= {f"{where}: {one}" for one in changed(ast.parse(path.read_text()))}

    assert LEAVE.keys() == found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('import simulators.server.loop as l\np.setattr(l.asyncio, "sleep", f)', "asyncio.sleep"),
        ('import time\np.setattr(time, "time", f)', "time.time"),
        ('from time import time_ns\nimport time as t\nt.time = f', "time.time"),
        ('p.setattr("tencentcloud.common.abstract_client.time.time", f)', "time.time"),
        ('import json\np.setattr(json.JSONDecoder, "x", f)', "json.decoder.JSONDecoder.x"),
        ('p.setattr("aiohttp.TCPConnector._x", f)', "aiohttp.connector.TCPConnector._x"),
        ('from unittest import mock\nmock.patch("random.choice")', "random.choice"),
        ('import random\nmock.patch.object(random, "choice")', "random.choice"),
        ('import os\nsetattr(os, "fork", None)', "os.fork"),
        ('p.setattr("builtins.new", f, raising=False)', "builtins.new"),
        ('from simulators.kernel import steps\np.setattr(steps, "TURN", 1)', None),
        ('p.setattr("tencentcloud.common.abstract_client.time", f)', None),
        ('def test(otp, monkeypatch):\n    monkeypatch.setattr(otp, "x", 1)', None),
        ('otp.patch("/api/users.json", {})', None),
    ],
)  # fmt: skip
def test_each_way_to_change_one_is_seen(line, said):
    """By a module's name in another, by an import's other name, as text, by assignment."""
    assert ([said] if said else []) == [*changed(ast.parse(line))]
