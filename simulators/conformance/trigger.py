"""What makes the application send one message, and how it says what became of it."""

import contextlib
import http.client
import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from simulators.conformance.success import Success
from simulators.conformance.values import Values, environment, filled, in_json, in_url

SHOWN = 65_536
_SHELLS = {128 + number for number in (4, 6, 7, 8, 9, 11)}  # how a shell tells of a signal

# How runtimes end a process over an error that nobody caught.
_TRACES = re.compile(
    r"^(?:Traceback \(most recent call last\):|Node\.js v\d+|Exception in thread \"|panic: |"
    r"goroutine \d+ \[|thread '.*' panicked at|PHP Fatal error:|Unhandled exception\.|"
    r"\S+\.rb:\d+:in .+ \(\S+\)$)",
    re.M,
)


class BadTrigger(Exception):
    """The trigger cannot be run at all; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What the application made of one message: whether it reports success; what it said, in a
    line; how it broke, "" if it did not; whether it said nothing in time; after how many seconds.
    """

    success: bool
    said: str
    crash: str = ""
    hung: bool = False
    seconds: float = 0.0


Trigger = Callable[[Values, float], Ran]


def command(line: str, success: Success | None = None) -> Trigger:
    """A command, without a shell: exit code 0 is success. Raises `BadTrigger`."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadTrigger(f"--trigger: {error}: {line}") from None
    if not words:
        raise BadTrigger("--trigger: expected a command, as 'python send.py {to}'")
    return lambda values, timeout: _execute(
        [filled(word, values) for word in words], values, timeout, success
    )


def _execute(words: Sequence[str], values: Values, timeout: float, success: Success | None) -> Ran:
    begun = time.monotonic()
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment(values)},
                start_new_session=True,
            )
        except OSError as error:
            raise BadTrigger(f"--trigger: cannot run {words[0]}: {error.strerror}") from None
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            return Ran(False, f"nothing within {timeout:g} s", hung=True, seconds=timeout)
        finally:
            _end(process)
        seconds = time.monotonic() - begun
        output.seek(max(output.tell() - SHOWN, 0))
        text = output.read().decode("utf-8", "replace")
    good = code == 0 if success is None else success(text)
    said = ": ".join(filter(None, [f"exit code {code}", _last_line(text)]))
    return Ran(good, said, crash=_crash(code, text), seconds=seconds)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the command, and whatever it started in its own session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of it has ended already
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _crash(code: int, text: str) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    if code in _SHELLS:
        return f"ended by {signal.Signals(code - 128).name}"
    if code and _TRACES.search(text):
        return _last_line(text) or "an error that nobody caught"
    return ""


def _last_line(text: str) -> str:
    """The last line that says something: Node.js ends with its own version, below the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Node.js v")]
    errors = [
        line for line in lines if re.match(r"(?:Uncaught )?[\w.]*(?:Error|Exception)\b.*:", line)
    ]
    return (errors or lines or [""])[-1]


def request(line: str, data: str, headers: Sequence[str], success: Success | None) -> Trigger:
    """A request to the application, as `POST http://127.0.0.1:3000/send`: a status below 400 is
    success, redirects are not followed. Raises `BadTrigger`."""
    method, _, url = line.strip().partition(" ")
    parts = urlsplit(url.strip())
    if not method.isalpha() or parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadTrigger(
            f"--trigger-http: expected 'POST http://127.0.0.1:3000/send', got '{line}'"
        )
    named = _headers(headers)
    kind = next((v for k, v in named.items() if k.lower() == "content-type"), "")
    if data and not kind:
        kind = named["Content-Type"] = _kind(data)
    spell = in_url if "form-urlencoded" in kind else in_json if "json" in kind else str

    def run(values: Values, timeout: float) -> Ran:
        sent = {name: filled(value, values) for name, value in named.items()}
        body = filled(data, values, spell).encode() if data else None
        return _ask(method.upper(), filled(url, values, in_url), body, sent, timeout, success)

    return run


def _headers(given: Sequence[str]) -> dict[str, str]:
    named = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise BadTrigger(f"--header: expected 'Name: value', got '{text}'")
        named[name.strip()] = value.strip()
    return named


def _kind(data: str) -> str:
    return "application/json" if data[0] in "{[" else "application/x-www-form-urlencoded"


def _ask(
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    timeout: float,
    success: Success | None,
) -> Ran:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    begun = time.monotonic()
    try:
        connection.connect()
    except OSError as error:
        raise BadTrigger(
            f"--trigger-http: nothing answers at {parts.scheme}://{parts.netloc}"
            f" ({error.strerror or error}); is the application running?"
        ) from None
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        text = answer.read(SHOWN).decode("utf-8", "replace")
    except TimeoutError:
        return Ran(False, f"nothing within {timeout:g} s", hung=True, seconds=timeout)
    except (OSError, http.client.HTTPException) as error:
        told = f"it broke the connection ({type(error).__name__})"
        return Ran(False, told, crash=told, seconds=time.monotonic() - begun)
    finally:
        connection.close()
    good = answer.status < 400 if success is None else success(text)
    said = ": ".join(filter(None, [f"HTTP {answer.status}", _short(text)]))
    broken = answer.status == 500 and success is None
    return Ran(good, said, said if broken else "", seconds=time.monotonic() - begun)


def _short(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return " ".join(text.split())
