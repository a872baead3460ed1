"""Who may import whom: kernel <- providers <- catalog <- everything that serves."""

import ast
from pathlib import Path

import pytest

import simulators

PACKAGE = Path(simulators.__file__).parent

FORBIDDEN = {
    "kernel": ("providers", "catalog", "server", "control", "inbox", "otp", "cli", "flask"),
    "store": ("providers", "catalog", "server", "control", "inbox", "otp", "cli", "flask"),
    "providers": ("catalog", "server", "control", "inbox", "otp", "cli", "store"),
    "otp": ("providers", "catalog", "kernel", "store", "control"),
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.removeprefix("simulators.") for name in names}


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_layer_imports_only_what_is_below_it(layer):
    """A module of a layer names none of the layers above it."""
    found = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in (PACKAGE / layer).rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[layer]
    ]

    assert found == []


def test_a_provider_imports_no_other_provider():
    """What two providers share belongs to the kernel."""
    found = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in (PACKAGE / "providers").rglob("*.py")
        for name in imported(path)
        if name.startswith("providers.")
        and name.split(".")[1] != path.relative_to(PACKAGE / "providers").parts[0]
    ]

    assert found == []
