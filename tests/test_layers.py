"""Who may import whom, drawn from the imports: downward only, and nowhere in a circle."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import simulators
from simulators.catalog import PROVIDERS

PACKAGE = Path(simulators.__file__).parent

# From the ground up; what stands in one line knows nothing of its neighbours. A package that is
# not named here, or a name that no package has, fails.
LAYERS = (
    ("data", "loopback", "routing"),
    ("kernel", "outbound"),
    ("providers", "samples", "scaffold", "store"),
    ("catalog", "probes"),
    ("server", "otp", "files"),
    ("control",),
    ("inbox",),
    ("check", "load"),
    ("app",),
    ("testing",),
    ("conformance", "bench", "wsgi", "drift"),
    ("cli",),
)
# The reference OTP service is an application under test: it knows the providers by HTTP alone.
APART = {"otp": {"data", "loopback", "outbound", "routing"}}


def module(path: Path) -> str:
    parts = ("simulators", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module(path): path for path in PACKAGE.rglob("*.py")}


@cache
def imports(name: str) -> set[str]:
    """The modules of the package that a module imports, for its types alone as well."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        named: list[str] = []
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = [f"{node.module}.{alias.name}" for alias in node.names]
        for full in named:
            while full and full not in MODULES:
                full = full.rpartition(".")[0]
            found.add(full)
    return found - {"", "simulators", name}


def layer(name: str) -> str:
    return name.split(".")[1]


def test_every_package_has_a_layer():
    """And every layer is there."""
    named = [name for row in LAYERS for name in row]

    assert sorted({layer(name) for name in MODULES if "." in name}) == sorted(named)


@pytest.mark.parametrize("name", [name for row in LAYERS for name in row])
def test_imports_go_down(name):
    """To lower layers, and within the package."""
    at = next(number for number, row in enumerate(LAYERS) if name in row)
    below = APART.get(name, {other for row in LAYERS[:at] for other in row}) | {name}
    found = [
        f"{one} imports {other}"
        for one in MODULES
        if "." in one and layer(one) == name
        for other in imports(one)
        if layer(other) not in below
    ]

    assert found == []


def test_modules_import_each_other_in_no_circle():
    """Not for their types either: who is read first is never a question."""
    waiting = {name: imports(name) for name in MODULES}
    while free := [name for name, others in waiting.items() if not others & waiting.keys()]:
        for name in free:
            del waiting[name]

    assert sorted(waiting) == []


def test_a_provider_imports_no_other_provider():
    """What two providers share belongs to the kernel, but for those of a family: they have one
    account, and so one way to sign in, which is written where the account is."""
    found = [
        f"{one} imports {other}"
        for one in MODULES
        if one.startswith("simulators.providers.")
        for other in imports(one)
        if other.startswith("simulators.providers.")
        and other.split(".")[2] not in (one.split(".")[2], PROVIDERS[one.split(".")[2]].account)
    ]

    assert found == []


def says_why(name: str) -> bool:
    """In a module's own first lines, or in its package's, for all of its modules."""
    mine, package = (
        ast.get_docstring(ast.parse(MODULES[one].read_text())) or ""
        for one in (name, name.rpartition(".")[0])
    )
    return "Alone because" in mine or "one page each" in package


def test_no_provider_reads_json_by_the_standard_library():
    """What that takes, halves of characters and numbers of any length, no answer can have: a
    parameter is read by `reading.written`, a body by `reading.json`."""
    providers = (PACKAGE / "providers").rglob("*.py")
    found = [
        str(path) for path in providers if re.search(r"(?<!or)json\.loads?\(", path.read_text())
    ]

    assert [] == found


def test_a_crumb_says_why_it_is_alone():
    """A module is one idea with all that it needs: under 60 lines, and with one other that imports
    it, it belongs there, or says why it does not."""
    importers: dict[str, list[str]] = {}
    for one in MODULES:
        for other in imports(one):
            importers.setdefault(other, []).append(one)
    crumbs = [
        name
        for name, path in MODULES.items()
        if path.name != "__init__.py"
        and len(path.read_text().splitlines()) < 60
        and len(importers.get(name, ())) == 1
    ]

    assert [name for name in crumbs if not says_why(name)] == []
