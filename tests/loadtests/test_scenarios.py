"""Each scenario, as a person runs it: for a few seconds, against servers in processes of theirs."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from simulators.catalog import PROVIDERS

FOLDER = Path(__file__).parents[2] / "loadtests"
pytestmark = pytest.mark.slow


def serve(*options):
    """The simulators in a process, and the addresses that they print."""
    command = [sys.executable, "-m", "simulators.cli", "serve", "--port", "0", "--no-tls", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = ""
    for line in process.stdout:
        said += line
        if line.strip() == "ready":
            break
    return process, said


@pytest.fixture(scope="module")
def servers():
    """Simulators without an OTP service."""
    process, said = serve()
    sim = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
    yield SimpleNamespace(sim=sim, options=[])
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)


def locust(tmp_path, scenario, servers, *options):
    """One run without a page: Locust's figures by kind and name, what it wrote, its exit code."""
    kept = tmp_path / "stats"
    command = [sys.executable, "-m", "locust", "-f", FOLDER / f"{scenario}.py", "--headless"]
    command += ["--sim", servers.sim, *servers.options, "--seed", "7"]
    command += ["--json-file", str(kept), "--verdict", str(tmp_path / "verdict"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ)
    stats = {}
    if (written := kept.with_suffix(".json")).exists():
        stats = {(row["method"], row["name"]): row for row in json.loads(written.read_text())}
    said = done.stdout + done.stderr
    verdict = json.loads(judged.read_text()) if (judged := tmp_path / "verdict").exists() else {}
    return SimpleNamespace(stats=stats, said=said, code=done.returncode, verdict=verdict)


def count(run, name, kind="POST"):
    """How many requests of a name there were; 0 if none."""
    return run.stats.get((kind, name), {}).get("num_requests", 0)


def failures(run):
    """Every request that failed, and every error in a scenario's own code."""
    return [row["name"] for row in run.stats.values() if row["num_failures"]] + re.findall(
        r"Traceback[\s\S]+", run.said
    )


def test_receipts_come_in_storms_and_none_is_lost(servers, tmp_path):
    """Some are refused at first; sends go on meanwhile."""
    run = locust(tmp_path, "receipt_storm", servers, "-u4", "-t3s", "--wave", "1")
    told = re.search(r"(\d+) messages sent, (\d+) reported, (\d+) of .*; (\d+) lost", run.said)
    sent, reported, refused, lost = map(int, told.groups())

    assert (0, []) == (run.code, failures(run))
    assert sent == count(run, "send") + count(run, "send in the storm")
    assert sent <= reported <= sent + 4  # a user may be stopped while it waits for the answer
    assert sent > 50
    assert 0 < refused < sent / 2
    assert 0 == lost
    assert reported == count(run, "receipt", "RECEIPT")


def test_every_provider_is_sent_to_and_refuses_what_is_no_number(servers, tmp_path):
    """As Logto's connectors sign; success and refusal are told apart by the body."""
    run = locust(
        tmp_path,
        "provider_send",
        servers,
        *("-u2", "-t3s", "--wrong-numbers", "0.3"),
    )
    rows = [name for kind, name in run.stats if kind == "POST"]

    assert (0, []) == (run.code, failures(run))
    assert [f"send {name}" for name in sorted(PROVIDERS)] == sorted(
        name for name in rows if not name.endswith("nobody")
    )
    assert len(PROVIDERS) == sum(name.endswith("nobody") for name in rows)
    assert min(count(run, name) for name in rows) >= 3


def test_one_provider_can_be_picked(servers, tmp_path):
    """And the people are those whom it reaches."""
    run = locust(
        tmp_path,
        "provider_send",
        servers,
        *("-u1", "-t1s", "--provider", "tencent", "--wrong-numbers", "0"),
    )

    assert (0, []) == (run.code, failures(run))
    assert [("POST", "send tencent")] == list(run.stats)


def test_registrations_take_sign_in_down_where_the_template_is_one_for_all(servers, tmp_path):
    """With a template for each use, the same traffic leaves sign-in alone."""
    run = locust(tmp_path, "flow_control", servers, "-u32", "-r32", "-t4s")
    table = {
        (arm, usage): tuple(map(float, figures.split()))
        for arm, usage, figures in re.findall(
            r"(one template|template per use): (\w+) +([\d. ]+)$", run.said, re.MULTILINE
        )
    }
    throttled = {key: row[1] for key, row in table.items()}
    shared = sum(n for (arm, _), n in throttled.items() if arm == "one template")
    apart = sum(n for (arm, _), n in throttled.items() if arm == "template per use")

    assert (0, []) == (run.code, failures(run))
    assert shared > apart
    assert throttled["one template", "SignIn"] > 0
    assert 0 == throttled["template per use", "SignIn"]
    assert table["one template", "SignIn"][4] > 0  # seconds that people waited
    assert sum(row[0] for row in table.values()) > 20


def test_flow_control_wants_a_provider_that_has_templates(servers, tmp_path):
    """Said before anybody is started."""
    run = locust(tmp_path, "flow_control", servers, "--provider", "twilio", "-t1s")

    assert 2 == run.code
    assert "--provider: expected one with templates, aliyun or tencent, got 'twilio'" in run.said
