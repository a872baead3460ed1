"""FIDELITY.md is the code's own account of what it emulates."""

import json
import re
from pathlib import Path

import pytest

from simulators import catalog
from simulators.cli import commands
from simulators.cli.providers import fidelity_page
from simulators.data import contracts
from simulators.kernel.catalogue import Confirmed

PAGE = Path(__file__).parent.parent / "FIDELITY.md"


def test_the_page_is_what_the_code_says():
    """Written with `make fidelity` after every change of a provider."""
    assert fidelity_page(catalog.PROVIDERS.values()) + "\n" == PAGE.read_text()


def test_the_command_prints_the_page(capsys):
    """As it is, so that it can be sent to a file."""
    commands.main(["providers", "--fidelity"], standalone_mode=False)

    assert PAGE.read_text() == capsys.readouterr().out


@pytest.mark.parametrize("provider", catalog.PROVIDERS.values(), ids=lambda p: p.name)
def test_every_provider_says_how_far_it_goes(provider):
    """What, how far and by which source; no subject twice."""
    subjects = [what for what, _, _ in provider.emulates]

    assert len(provider.emulates) >= 3
    assert all(cell.strip() == cell != "" for row in provider.emulates for cell in row)
    assert sorted(set(subjects)) == sorted(subjects)


@pytest.mark.parametrize("name", sorted(catalog.PROVIDERS))
def test_the_summary_counts_what_each_row_rests_on(name):
    """By hand, from the file."""
    provider = catalog.PROVIDERS[name]
    rows = json.loads((contracts(name) / "errors.json").read_text())
    (line,) = (
        row for row in PAGE.read_text().splitlines() if row.startswith(f"| {provider.title} |")
    )
    words = ("recording", "documentation", "code", "nothing")
    counted = [sum(row["confirmed"] == word for row in rows) for word in words]

    assert [len(rows), *counted] == [int(cell) for cell in line.strip("| ").split(" | ")[2:]]
    assert len(rows) == sum(counted)


@pytest.mark.parametrize("name", sorted(catalog.PROVIDERS))
def test_what_is_confirmed_names_its_source(name):
    """And what is not says so: a recording that is unverified is a contradiction."""
    rows = list(catalog.PROVIDERS[name].catalogue)
    best = (Confirmed.RECORDING, Confirmed.DOCUMENTATION)
    wrong = [
        row.key for row in rows if row.confirmed in best and re.match("UNVERIFIED|none", row.source)
    ]

    assert [] == wrong
