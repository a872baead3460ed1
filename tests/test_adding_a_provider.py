"""The page on adding a provider says what the code asks for."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from simulators.kernel import catalogue
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Provider

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "ADDING_A_PROVIDER.md").read_text()
ROW, CAPTURE = map(json.loads, re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S))


def test_every_field_without_a_default_is_listed():
    """And every other is named below the table."""
    behaviour = PAGE.split("\n## What a provider is")[1].split("\n## What `check` asks")[0]
    table, below = behaviour.split("Optional:")
    listed = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.M)
        for name in re.findall(r"`(\w+)`", row)
    }
    optional = set(re.findall(r"`(\w+)`", below.split("Rules:")[0]))

    needed = {
        f.name for f in fields(Provider) if f.default is MISSING and f.default_factory is MISSING
    }

    assert needed == listed
    assert {f.name for f in fields(Provider)} - needed <= optional


def test_the_two_commands_print_what_the_page_says(tmp_path):
    """As the blocks have them, but for a folder of its own."""
    shell, printed = re.search(r"^```sh\n(.*?)^```\n```text\n(.*?)^```", PAGE, re.M | re.S).groups()
    into = {"new": ["--into", str(tmp_path)], "check": ["--from", str(tmp_path)]}
    for line in shell.splitlines():
        program, *words = shlex.split(line)
        command = [sys.executable, "-m", "simulators.cli", *words, *into[words[1]]]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert "sms-simulators" == program
    source = (tmp_path / "sms_acme" / "__init__.py").read_text().splitlines()
    lines = int(re.search(r"about (\d+) lines", PAGE)[1])

    assert printed == done.stdout
    assert abs(len(source) - lines) <= 20
    assert 11 == len(list((tmp_path / "sms_acme" / "contracts").iterdir()))
    assert f"refuses in {len(Problem) + 1} ways" in PAGE


def test_the_row_is_one_of_twilio_s():
    """Its fields and values are those of the file, but for a note."""
    row = catalogue.load("twilio")[ROW["key"]]

    assert {name: getattr(row, name) for name in ROW} == ROW


def test_the_capture_is_one_request():
    """With a body as long as it says."""
    (request,) = CAPTURE["requests"]

    assert str(len(request["body"])) == dict(request["headers"])["Content-Length"]
    assert "123456" in request["body"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_every_link_leads_somewhere(target):
    """They are all into the repository."""
    assert (ROOT / target).exists()
