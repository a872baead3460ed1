"""The processes of `sms-simulators load`: a server of its own, and Locust.

Locust patches the process it is in for gevent, so it has one to itself. Each is the head of a
process group of its own: Ctrl-C reaches this process alone, which ends them in order.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_GRACE = 10.0


class NotStarted(Exception):
    """The server did not become ready; the message is its own."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a started server is: the simulators, and the OTP service if it was asked for."""

    sim: str
    otp: str


@contextmanager
def server(options: Sequence[str]) -> Iterator[Server]:
    """`sms-simulators serve` with these options while the context lasts. Raises `NotStarted`."""
    command = [sys.executable, "-m", "simulators.cli", "serve", "--port", "0", "--no-tls", *options]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
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
            return Server(found["control API"].removesuffix("/_sim/health"), found["OTP service"])
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


def locust(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs Locust to its end; its exit code. The first Ctrl-C stops its users and lets it judge
    what they did, the second ends it at once."""
    process = subprocess.Popen(  # noqa: S603 - Locust, with options that were checked
        [sys.executable, "-m", "locust", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            return process.wait()
    except KeyboardInterrupt:
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
