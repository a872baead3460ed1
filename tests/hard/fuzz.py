"""So many hostile requests over sockets to a server in a process of its own: each is answered, none
with 5xx, and nothing is written to the server's standard error."""

import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.hard.hostile import drive, hostile

SERVE = [sys.executable, "-m", "simulators.cli", "serve", "--port", "0", "--no-tls", "--quiet"]
WATCHDOG = "the loop is held"  # by a request, or because the machine has no time for us: no fault


def run(many, seed):
    """The figures of it; `wrong` lists what must not be, by the number of its request."""
    with subprocess.Popen(
        [*SERVE, "--limits", "off", "--keep", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = "".join(iter(process.stdout.readline, "ready\n"))
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)", said)[1])
        began = time.monotonic()
        told = drive(port, partial(hostile, seed), many=many)
        seconds = time.monotonic() - began
        peak = peak_mib(process.pid)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    held = [line for line in errors.splitlines() if WATCHDOG in line]
    wrong = [*told.wrong, *(f"stderr: {e}" for e in errors.splitlines() if e not in held)]
    if process.returncode:
        wrong.append(f"serve ended with {process.returncode}")
    return {
        "requests": told.asked,
        "seconds": round(seconds),
        "answers": {status: told.statuses[status] for status in sorted(told.statuses)},
        "loop held over 100 ms": len(held),
        "server's peak MiB": peak,
        "wrong": wrong,
    }


def peak_mib(pid):
    """The most memory that a process ever had; None where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) // 1024 if found else None
