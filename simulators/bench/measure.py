"""Runs targets and loads as processes, and turns what they say into figures."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from simulators.app import Options, Simulators
from simulators.bench.load import Job, Result
from simulators.bench.target import Usage, answers


class NotGood(RuntimeError):
    """Some answers were refusals, so the figures would mean nothing; the message has one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one arm in one round: requests a second, times in milliseconds, server CPU microseconds
    a request; `late` is by how many milliseconds the server's loop was late at most, `engine` the
    CPU microseconds a request of the engine that it shares, if it does."""

    rate: float
    p50: float
    p99: float
    longest: float
    cpu: float
    late: float
    engine: float = 0.0


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
            late=after.late * 1e3,
            engine=(after.engine - before.engine) / result.answers * 1e6,
        )

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server under load has ended; its errors are above")
        found: dict[str, Any] = orjson.loads(line)
        return found


@contextmanager
def target(which: str, keep: int, tree: Path | None = None, accounts: int = 0) -> Iterator[Target]:
    """A server process while the context lasts: this package's, or that of another `tree`."""
    module = "simulators.bench.target"
    command = [sys.executable, "-m", module, which, str(keep), str(accounts)]
    path = {"PYTHONPATH": str(tree)} if tree else {}
    process = subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tree,
        env={**os.environ, **path},
    )
    try:
        yield Target(process)
    finally:
        process.communicate()


@contextmanager
def node() -> Iterator[Target]:
    """The same simple work in bare Node.js, which is on the PATH, while the context lasts."""
    simulators = Simulators(Options(port=0, tls_port=None))
    given = {
        name: {"status": r.status, "headers": dict(r.headers), "body": r.body.decode()}
        for name, r in answers(simulators).items()
    }
    process = subprocess.Popen(  # noqa: S603 - our own script
        ["node", str(Path(__file__).with_name("bare.mjs"))],  # noqa: S607 - wherever it is
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(orjson.dumps(given).decode() + "\n")
    process.stdin.flush()
    try:
        yield Target(process)
    finally:
        process.communicate()


@contextmanager
def other(what: str) -> Iterator[Path]:
    """A folder with another state of this project: `what` is one, or a revision of the repository
    that this one is a checkout of. Raises `NotGood` where it is neither."""
    folder = Path(what)
    if (folder / "simulators" / "bench").is_dir():
        yield folder.resolve()
        return
    here = Path(__file__).parents[2]
    command = ["git", "-C", str(here), "archive", "--format=tar", what, "--", "."]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - git's own words
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()
        raise NotGood(f"--against {what}: expected a folder of this project or a revision; {why}")
    with tempfile.TemporaryDirectory() as made:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(made, filter="data")
        yield Path(made)


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
