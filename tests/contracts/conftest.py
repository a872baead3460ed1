"""The contracts' files, as the tests of them see them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.data import data

ROOT: Path = data("contracts")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`described` is each contract with examples, `schema_file` each schema there is, as
    `<provider>/<name>`."""
    for argument, ending in (("described", ".examples.json"), ("schema_file", ".schema.json")):
        if argument in metafunc.fixturenames:
            names = sorted(
                f"{path.parent.name}/{path.name.removesuffix(ending)}"
                for path in ROOT.glob(f"*/*{ending}")
                if path.parent.name not in ("connectors", "rules")
            )
            metafunc.parametrize(argument, names)


@pytest.fixture(scope="session")
def read() -> Callable[[str], Any]:
    """Reads a file of contracts/ by its path there."""
    return lambda path: json.loads((ROOT / path).read_text())
