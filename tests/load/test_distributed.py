"""A master and workers: one ledger, one verdict, and no number that two workers use."""

import json
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from locust import runners
from locust.event import Events

from simulators.load.ledger import Ledger
from simulators.load.workers import Master, Worker

SMOKE = Path(__file__).parent / "smoke.py"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.fixture
def distributed(sms, tmp_path, begin_locust):
    """Runs a master and two workers for two seconds; its exit code and its verdict."""
    port, verdict = free_port(), tmp_path / "verdict.json"
    common = ["-f", SMOKE, "--sim", sms.simulators.url, "--account", sms.world.id, "--headless"]

    def run(*options):
        master = [*common, "--master", "--master-bind-host", "127.0.0.1", *options]
        master += ["--master-bind-port", port, "--expect-workers", "2", "--stop-timeout", "5"]
        master += ["--users", "6", "--spawn-rate", "6", "--run-time", "2s", "--verdict", verdict]
        worker = [*common, "--worker", "--master-host", "127.0.0.1", "--master-port", port]
        begun = [begin_locust(*arguments) for arguments in (worker, worker, master)]
        *_, done = ended = [one.wait() for one in begun]
        said = "".join(one.stdout + one.stderr for one in ended)
        return done.returncode, json.loads(verdict.read_text()), said

    return run


def test_a_worker_tells_the_master_what_share_of_a_core_it_used(monkeypatch):
    """With every report, and so with the last one too, which has the whole run: Locust itself looks
    every five seconds, and knows nothing of a shorter run."""
    monkeypatch.setattr(runners, "HEARTBEAT_LIVENESS", runners.HEARTBEAT_LIVENESS)  # it is set
    events, data = Events(), {}
    runner = SimpleNamespace(
        environment=SimpleNamespace(events=events), register_message=lambda *_: None, clients={}
    )
    Worker(runner, Ledger())
    master = Master(runner, Ledger(), None)
    events.report_to_master.fire(client_id="one", data=data)
    events.worker_report.fire(client_id="one", data=data)

    assert ["one"] == list(master.busy)
    assert master.busy["one"] > 0
    assert {} == data

    told = []
    events.test_stopping.fire(environment=runner.environment)
    for _ in range(2):  # what follows while the last users finish does not count
        data = {}
        events.report_to_master.fire(client_id="one", data=data)
        told.append(data)
    assert told[0] == told[1]


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
