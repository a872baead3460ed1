"""A master and workers: one ledger, one verdict, and no number that two workers use."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SMOKE = Path(__file__).parent / "smoke.py"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.fixture
def distributed(sms, tmp_path):
    """Runs a master and two workers for two seconds; its exit code and its verdict."""
    port, verdict = free_port(), tmp_path / "verdict.json"
    sim = ["--sim", sms.simulators.url, "--account", sms.world.id]
    common = [sys.executable, "-m", "locust", "-f", str(SMOKE), *sim, "--headless"]
    workers = []

    def run(*options):
        master = [*common, "--master", "--master-bind-host", "127.0.0.1", *options]
        master += ["--master-bind-port", port, "--expect-workers", "2", "--stop-timeout", "5"]
        master += ["--users", "6", "--spawn-rate", "6", "--run-time", "2s"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        worker = [*common, "--worker", "--master-host", "127.0.0.1", "--master-port", port]
        workers.extend(subprocess.Popen(worker, **pipes) for _ in range(2))
        done = subprocess.run(
            [*master, "--verdict", str(verdict)], timeout=40, env=os.environ, **pipes
        )
        said = done.stdout + "".join(process.communicate(timeout=20)[0] for process in workers)
        return done.returncode, json.loads(verdict.read_text()), said

    yield run
    for process in workers:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_what_two_workers_saw_is_judged_as_one(distributed, sms):
    """Every message in the inbox is in the ledger, and to a number of its own."""
    code, verdict, said = distributed("--seed", "7")
    numbers = [message.to for message in sms.messages()]
    sent = verdict["facts"]["sent"]

    assert 0 == code, said
    assert not [f for f in verdict["invariants"] if f["state"] == "broken"]
    assert 0 < sent <= len(numbers) <= sent + 6  # a user may be stopped while it asks
    assert len(set(numbers)) == len(numbers)
    assert "7" == verdict["facts"]["seed"]
    assert len({int(number[-7:]) % 2 for number in numbers}) == 2  # each worker had its lane


@pytest.mark.slow
def test_what_goes_wrong_at_a_worker_fails_the_run(distributed):
    """Workers are told by the master what the run is like, and only the master judges."""
    code, verdict, said = distributed("--wrong", "twice")
    (once,) = (f for f in verdict["invariants"] if f["state"] == "broken")

    assert 1 == code, said
    assert "every accepted send is in the inbox exactly once" == once["name"]
    assert "1 sends accepted, 2 in the inbox" in once["violations"][0]
