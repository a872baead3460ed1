"""Runs targets and loads as processes, and turns what they say into figures."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from simulators.bench.load import Job, Result
from simulators.bench.target import Usage


class NotGood(RuntimeError):
    """Some answers were refusals, so the figures would mean nothing; the message has one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one arm in one round: requests a second, times in milliseconds, server CPU microseconds
    a request."""

    rate: float
    p50: float
    p99: float
    longest: float
    cpu: float


class Target:
    """A server under load."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port: int = self._read()["port"]
        self.sent = 0

    def usage(self) -> Usage:
        """What it has used up to now."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write("usage\n")
        self._process.stdin.flush()
        return Usage(**self._read())

    def load(self, arm: str, connections: int, **until: float) -> Figures:
        """Sends until the given `count`, `seconds` or at the given `rate`. Raises `NotGood`."""
        job = Job(self.port, arm, connections, self.sent, **until)  # type: ignore[arg-type]  # Job's own names
        before = self.usage()
        result = _driven(job)
        after = self.usage()
        self.sent += result.answers
        if result.bad:
            raise NotGood(f"{arm}: {result.bad} of {result.answers}, first:\n{result.example}")
        return Figures(
            rate=result.answers / result.took,
            p50=result.p50 * 1e3,
            p99=result.p99 * 1e3,
            longest=result.longest * 1e3,
            cpu=(after.cpu - before.cpu) / result.answers * 1e6,
        )

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server under load has ended; its errors are above")
        found: dict[str, Any] = orjson.loads(line)
        return found


@contextmanager
def target(which: str, keep: int) -> Iterator[Target]:
    """A server process while the context lasts."""
    command = [sys.executable, "-m", "simulators.bench.target", which, str(keep)]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Target(process)
    finally:
        process.communicate()


def _driven(job: Job) -> Result:
    command = [sys.executable, "-m", "simulators.bench.load"]
    done = subprocess.run(  # noqa: S603 - our own module
        command,
        input=orjson.dumps(asdict(job)).decode() + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Result(**orjson.loads(done.stdout))
