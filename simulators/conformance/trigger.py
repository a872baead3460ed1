"""The application under test, from the outside: what makes it send one message (a command or a
request), what it is told, and how it is read whether it reports success.
"""

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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from simulators.kernel import phone

Values = Mapping[str, str]
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def of_number(number: str) -> dict[str, str]:
    """A number in E.164 as `to`; `digits` without the plus; `national` without the country."""
    parsed = phone.parse(number)
    national = parsed.national if parsed else number.lstrip("+")
    return {"to": number, "digits": number.lstrip("+"), "national": national}


def filled(text: str, values: Values, spell: Callable[[str], str] = str) -> str:
    """The text with each `{name}` that there is replaced; other braces stay as they are."""
    return _PLACEHOLDER.sub(
        lambda found: spell(values[found[1]]) if found[1] in values else found[0], text
    )


def in_url(value: str) -> str:
    """A value as a URL or a form spells it."""
    return quote(value, safe="")


def in_json(value: str) -> str:
    """A value as it is written between the quotes of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def environment(values: Values) -> dict[str, str]:
    """`{"to": ...}` as `{"SMS_TO": ...}`."""
    return {f"SMS_{name.upper()}": value for name, value in values.items()}


Success = Callable[[str], bool]
_NOTHING = object()


class BadSuccess(ValueError):
    """Not a way to tell success; the message says what was expected."""


def success_when(given: str) -> Success:
    """`/sent` is a JSON pointer to something other than false, null, 0 and "", `/status=sent` one
    to that value; anything else is a regular expression to be found. Raises `BadSuccess`."""
    if given.startswith("/"):
        pointer, equals, wanted = given.partition("=")
        return lambda text: _points(text, pointer, wanted if equals else None)
    try:
        pattern = re.compile(given)
    except re.error as error:
        raise BadSuccess(
            f"--success-when: expected a regular expression or a JSON pointer, got '{given}'"
            f" ({error})"
        ) from None
    return lambda text: pattern.search(text) is not None


def _points(text: str, pointer: str, wanted: str | None) -> bool:
    found = _at(_document(text), pointer)
    if found is _NOTHING:
        return False
    if wanted is None:
        return bool(found)
    return wanted == (found if isinstance(found, str) else json.dumps(found))


def _document(text: str) -> Any:
    """The text as JSON, or else its last line."""
    for part in (text, *text.strip().splitlines()[-1:]):
        try:
            return json.loads(part)
        except ValueError:
            continue
    return None


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return _NOTHING
    return document


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
