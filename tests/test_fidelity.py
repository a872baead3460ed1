"""FIDELITY.md is the code's own account of what it emulates."""

from pathlib import Path

import pytest

from simulators import catalog
from simulators.cli import commands
from simulators.cli.providers import fidelity_page

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


def test_the_summary_counts_the_catalogue():
    """By hand, from the file of one provider."""
    import json

    path = PAGE.parent / "contracts" / "twilio" / "errors.json"
    verified = [row["verified"] for row in json.loads(path.read_text())]
    (line,) = (row for row in PAGE.read_text().splitlines() if row.startswith("| Twilio"))

    assert [str(len(verified)), str(verified.count(True))] == line.strip("| ").split(" | ")[2:]
