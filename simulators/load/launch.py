"""From a scenario's name to the processes that run it, for `sms-simulators load`.

The scenarios there are: locustfiles that attach a run, told apart without importing them. Locust
patches the process it is in for gevent, so it has one to itself, and so has a server that is
started for the run. Each is the head of a process group of its own: Ctrl-C reaches this process
alone, which ends them in order.
"""

import ast
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

_SENTENCE = re.compile(r"(.+?[.?!])(\s|$)", re.DOTALL)
_USUAL_NEEDS = "host sim"
_GRACE = 10.0


class NoScenario(Exception):
    """There is none of that name; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A locustfile: its name, its first sentence, and what it says that it needs."""

    name: str
    path: Path
    sentence: str
    needs: frozenset[str]


def find(name: str, folder: Path) -> Scenario:
    """By its name in the folder, or by the path of a file of one's own. Raises `NoScenario`."""
    path = Path(name)
    if path.suffix == ".py":
        if not path.is_file():
            raise NoScenario(f"there is no file {name}")
        own = read(path)
        if own is None:
            raise NoScenario(f"{name} is no scenario: it has no `run = attach()`")
        return own
    known = {scenario.name: scenario for scenario in every(folder)}
    wanted = name.replace("-", "_")
    if wanted not in known:
        near = get_close_matches(wanted, known, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise NoScenario(f"no scenario '{name}'; {hint}there are: {', '.join(known) or 'none'}")
    return known[wanted]


def every(folder: Path) -> list[Scenario]:
    """All of a folder, by name."""
    found = (read(path) for path in sorted(folder.glob("*.py")))
    return [scenario for scenario in found if scenario is not None]


def read(path: Path) -> Scenario | None:
    """What a locustfile says of itself; None for a file that attaches no run."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None
    needs = _needs(tree.body)
    if needs is None:
        return None
    told = ast.get_docstring(tree) or ""
    first = _SENTENCE.match(told)
    sentence = " ".join((first[1] if first else told).split())
    return Scenario(path.stem, path, sentence, frozenset(needs.split()))


def _needs(body: Sequence[ast.stmt]) -> str | None:
    """What the call of `attach` says, at the top of the file; None if there is none."""
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call = statement.value
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name == "attach":
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                needs = given.get("needs")
                return str(needs.value) if isinstance(needs, ast.Constant) else _USUAL_NEEDS
    return None


class NotStarted(Exception):
    """The server did not become ready; the message is its own."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a started server is: the simulators, the OTP service if it was asked for, and the
    process of both."""

    sim: str
    otp: str
    pid: int


@contextmanager
def server(options: Sequence[str], store: str = "") -> Iterator[Server]:
    """`sms-simulators serve` with these options while the context lasts; a node of a `store`, whose
    password is nobody's business on this machine. Raises `NotStarted`."""
    command = [
        sys.executable,
        "-m",
        "simulators.cli",
        "serve",
        "--quiet",
        "--port",
        "0",
        "--no-tls",
    ]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, *options],
        env={**os.environ, "SMS_SIMULATORS_STORE": store} if store else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _addresses(process)
    finally:
        end(process)


def _addresses(process: "subprocess.Popen[str]") -> Server:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    found = {"control API": "", "OTP service": ""}
    for line in process.stdout:
        if line == "ready\n":
            sim = found["control API"].removesuffix("/_sim/health")
            return Server(sim, found["OTP service"], process.pid)
        match = re.match(r"(control API|OTP service) +(http://\S+)", line)
        if match:
            found[match[1]] = match[2]
    _, errors = process.communicate()
    raise NotStarted(errors.strip().removeprefix("sms-simulators: ") or "the server has ended")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def locust(arguments: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False) -> int:
    """Runs Locust to its end; its exit code. The first Ctrl-C stops its users and lets it judge
    what they did, the second ends it at once. If `quiet` it is one run of several, that says
    nothing but its mistakes: Ctrl-C ends it, and whoever runs them."""
    process = subprocess.Popen(  # noqa: S603 - Locust, with options that were checked
        [sys.executable, "-m", "locust", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else None,
        start_new_session=True,
    )
    try:
        try:
            return process.wait()
        except KeyboardInterrupt:
            if quiet:
                raise
            process.send_signal(signal.SIGINT)
            return process.wait()
    except KeyboardInterrupt:
        if quiet:
            raise
        return 130
    finally:
        end(process)


def end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """Ends a process and those that it started, gently first; nothing if it has ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
    with suppress(ProcessLookupError):  # workers whose master is gone would wait for it a minute
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
