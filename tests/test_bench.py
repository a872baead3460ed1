"""The benchmark: every sample is a good request, and a short run tells all its figures."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.bench.__main__ import main
from simulators.bench.samples import samples
from simulators.catalog import PROVIDERS
from simulators.kernel.journal import VIOLATIONS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", PROVIDERS)
def test_samples_are_accepted_each_to_another_number(default, sms_server, send_raw, name):
    """The provider takes them, keeps no contract against them, and no two have one recipient."""
    sample = samples()[name]
    for n in range(1, 6):
        assert sample.good in send_raw(sample.request(n))

    kept = default.messages(provider=name)
    violating = sms_server.call(lambda: default.world.store.records("default", VIOLATIONS))

    assert len({message.to for message in kept}) == 5
    assert violating == []


def test_a_short_run_tells_every_figure():
    """As a process, as a person runs it; what it says of speed is not judged here."""
    command = [sys.executable, "-m", "simulators.bench", "--providers", "twilio", "--json"]
    options = ["--seconds", "0.1", "--rounds", "1", "--warm", "100", "--connections", "4"]
    options += ["--against", str(Path(__file__).parents[1])]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)["twilio"]

    assert figures["rate"] > 0
    assert figures["trivial"]["rate"] > 0
    assert 0 < figures["p50"] <= figures["p99"] <= figures["longest"]
    assert figures["rate_ratio"] == pytest.approx(figures["rate"] / figures["trivial"]["rate"])
    for arm in ("trivial", "bare", "against", *(["node"] if shutil.which("node") else ())):
        assert figures[arm]["cpu_ratio"] == pytest.approx(figures["cpu"] / figures[arm]["cpu"])


def test_each_store_stands_beside_memory():
    """In one table; what it costs is not judged here, where the machine has other work."""
    command = [sys.executable, "-m", "simulators.bench", "--providers", "http_sms", "--json"]
    options = ["--stores", "--seconds", "0.1", "--rounds", "1", "--warm", "50"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)["http_sms"]

    memory = rows["in memory"]
    assert ["in memory", "with a file", "with a file, synced", "a node of an engine"] == list(rows)
    for row in rows.values():
        assert row["rate"] > 0
        assert row["cpu_ratio"] == pytest.approx(row["cpu"] / memory["cpu"], abs=0.01)


@pytest.mark.parametrize("option", ["--held", "--receipts", "--watched"])
def test_what_must_not_slow_the_others_is_measured_beside_them(option):
    """Held requests stay held; a receiver that recovers gets every receipt."""
    command = [sys.executable, "-m", "simulators.bench", "--providers", "vonage", "--json"]
    options = [option, "30", "--seconds", "0.3", "--rounds", "1", "--warm", "100"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)["vonage"]

    assert 0 < figures["beside"]["p50"] <= figures["beside"]["p99"]
    assert "" == done.stderr
    if option == "--watched":
        assert figures["bytes_read"] > 0
        assert figures["cpu_beside"] > 0
    if option == "--receipts":
        assert 0 == figures["given_up"]
        assert figures["taken"] >= 2 * 30


def test_what_grows_is_told_beside_an_empty_server():
    """A row for each state there is, and how late the loop was while everything was looked at."""
    options = ["--providers", "http_sms", "--grown", "1000", "--seconds", "0.1", "--rounds", "1"]
    done = CliRunner().invoke(main, options)

    for state in ("10", "100", "1,000"):
        assert f"\n{state} messages" in done.output
    for state in ("10 accounts", "100 windows", "1 rules"):
        (row,) = (line for line in done.output.splitlines() if line.startswith(state))
        assert all(float(figure) >= 0 for figure in row.removeprefix(state).split())
    assert done.exit_code == 0


def test_a_state_that_is_none_is_told():
    """Neither a folder of this project nor a revision: in one line, before anything is measured."""
    done = CliRunner().invoke(main, ["--json", "--against", "no-such-state"])

    assert done.exit_code == 1
    assert "--against no-such-state: expected a folder of this project or a rev" in done.output


def test_an_unknown_provider_is_told_with_those_there_are():
    """Exit 2, as for any wrong usage."""
    done = CliRunner().invoke(main, ["--providers", "nobody"])

    assert done.exit_code == 2
    assert "'nobody' is none of " in done.stderr
