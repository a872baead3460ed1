"""Minutes of mixed traffic, every word of it new, against a server that keeps little: what it holds
at the end is what it held at half time, counted item by item and in memory."""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import psutil
import pytest

from simulators import app
from simulators.app import Options, in_thread
from simulators.kernel.pipeline import Settings
from simulators.store.memory import MemoryStore
from tests.server.test_bounded import sizes

KEPT = 20  # messages and requests of an account: full within the first seconds
SLACK = 1.05  # a container that is emptied by and by is not always as full
SLACK_MIB = 16  # of Python's own, and of what is compiled when it is asked for first
BY_TIME = "nonce"  # a nonce is kept for as long as its signature is valid, which is minutes


def run(seconds, seed, least=1500):
    """The figures; each half is so many requests at least. `wrong` lists containers and memory that
    grew after half of the time."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "MemoryStore", partial(MemoryStore, journal=KEPT))
        options = Options(
            port=0,
            tls_port=None,
            tls_dir=Path(folder),
            keep=KEPT,
            settings=Settings(limits="off"),
        )
        with in_thread(options) as simulators:
            return _soaked(simulators, seconds, seed, least)


def _soaked(simulators, seconds, seed, least):
    wrong, asked, looks = [], 0, []
    for half in ("a", "b"):
        told = _traffic(simulators.ports["http"], f"{seed}{half}", seconds / 2, least)
        wrong += told["wrong"]
        asked += told["asked"]
        looks.append(_look(simulators))
    first, last = looks
    wrong += grown(first["items"], last["items"])
    if last["mib"] > first["mib"] * SLACK + SLACK_MIB:
        wrong.append(f"memory grew from {first['mib']} to {last['mib']} MiB in the second half")
    return {
        "seconds": seconds,
        "requests": asked,
        "containers": len(last["items"]),
        "items at half time": sum(first["items"].values()),
        "items at the end": sum(last["items"].values()),
        "MiB at half time": first["mib"],
        "MiB at the end": last["mib"],
        "wrong": wrong,
    }


def _traffic(port, seed, seconds, least):
    """From a process of its own, so that the memory that is measured is the server's."""
    given = [str(port), seed, str(seconds), str(least)]
    command = [sys.executable, "-m", "tests.hard.hostile", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def _look(simulators):
    roots = [simulators.store, simulators.accounts, simulators.pipeline, simulators.dispatcher]
    held = simulators.call(lambda: sizes(roots))
    return {"items": held, "mib": psutil.Process().memory_info().rss >> 20}


def grown(first, last):
    """What holds more than it did, by where it is."""
    pairs = {at: (first.get(at, 0), size) for at, size in last.items()}
    return [
        f"{at}: {before} items at half time, {after} at the end"
        for at, (before, after) in pairs.items()
        if after > before * SLACK + 20 and BY_TIME not in at
    ]
