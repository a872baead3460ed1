"""The contracts' files, as the tests of them see them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulators.catalog import PROVIDERS
from simulators.data import contracts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`described` is each contract with examples, `schema_file` each schema there is, as
    `<provider>/<name>`."""
    for argument, ending in (("described", ".examples.json"), ("schema_file", ".schema.json")):
        if argument in metafunc.fixturenames:
            names = sorted(
                f"{provider}/{path.name.removesuffix(ending)}"
                for provider in PROVIDERS
                for path in contracts(provider).glob(f"*{ending}")
            )
            metafunc.parametrize(argument, names)


@pytest.fixture(scope="session")
def read() -> Callable[[str], Any]:
    """Reads a file of a provider's contracts, by `<provider>/<name>`."""

    def read_file(path: str) -> Any:
        provider, _, name = path.partition("/")
        return json.loads((contracts(provider) / name).read_text())

    return read_file
