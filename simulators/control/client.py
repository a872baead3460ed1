"""A small client of the control API for programs that only have its address."""

import http.client
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

_GRACE = 5.0


class ControlError(Exception):
    """The simulators did not do as asked, or do not answer; the message is a sentence."""


def wait(
    base: str,
    *,
    to: str,
    provider: str = "",
    account: str = "default",
    since: str = "",
    after: str = "",
    timeout: float = 30.0,
    token: str = "",
) -> dict[str, Any]:
    """The newest message to a number, as soon as there is one: `{"message", "code", "sequence"}`.

    `base` is the simulators' own address; `since` an ISO time, a message's sequence or "now";
    `after` the sequence of an earlier answer, or "last";
    `timeout` in seconds. Raises `ControlError`, when nothing came with what did arrive.
    """
    asked = {"to": to, "provider": provider, "account": account, "since": since, "after": after}
    query = {name: value for name, value in asked.items() if value} | {"timeout": f"{timeout:g}"}
    found: dict[str, Any] = get(base, "/_sim/wait", query, token=token, timeout=timeout + _GRACE)
    return found


def get(
    base: str, path: str, query: dict[str, str], *, token: str = "", timeout: float = 30.0
) -> Any:
    """One GET of the control API. Raises `ControlError`."""
    return call(base, "GET", path, query, token=token, timeout=timeout)


def call(
    base: str,
    method: str,
    path: str,
    query: dict[str, str],
    *,
    body: Any = None,
    token: str = "",
    timeout: float = 30.0,
) -> Any:
    """One request to the control API, a body as JSON. Raises `ControlError`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    sent = None if body is None else json.dumps(body).encode()
    if sent is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection = _connection(base, timeout)
        try:
            connection.request(method, f"{path}?{urlencode(query)}", sent, headers)
            response = connection.getresponse()
            document = json.loads(response.read())
        finally:
            connection.close()
    except TimeoutError:
        raise ControlError(f"{base} did not answer within {timeout:g} s") from None
    except OSError as error:
        raise ControlError(_silent(base, error)) from None
    except (ValueError, http.client.HTTPException):
        raise ControlError(f"what answers at {base} is not sms-simulators") from None
    if not 200 <= response.status < 300:
        raise ControlError(_sentence(response.status, document))
    return document


class Told(NamedTuple):
    """An event of the stream: its name, its id and its data."""

    name: str
    id: str
    data: dict[str, Any]


def events(
    base: str, query: dict[str, str], *, token: str = "", silence: float = 60.0
) -> Iterator[Told]:
    """The events of `GET /_sim/events` as they come, until the stream ends. Raises `ControlError`,
    as well where nothing at all comes for so many seconds of `silence`."""
    headers = {"Accept": "text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = _connection(base, silence)
    try:
        connection.request("GET", f"/_sim/events?{urlencode(query)}", headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise ControlError(_sentence(response.status, json.loads(response.read())))
        yield from _told(response)
    except OSError as error:
        raise ControlError(_silent(base, error)) from None
    except (ValueError, http.client.HTTPException):
        raise ControlError(f"what answers at {base} is not sms-simulators") from None
    finally:
        connection.close()


def _told(lines: Iterable[bytes]) -> Iterator[Told]:
    """The events of a stream, line by line as the standard of server-sent events has them; one
    without a name is the id to begin with."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name in ("event", "id", "data"):
            fields[name] = value
        elif not name and "id" in fields:
            data = json.loads(fields.get("data", "{}"))
            yield Told(fields.get("event", ""), fields["id"], data)
            fields = {}


def _connection(base: str, timeout: float) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(base if "://" in base else f"http://{base}")
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise ControlError(f"'{base}' is not an address; expected one like http://127.0.0.1:8026")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=timeout)


def _silent(base: str, error: OSError) -> str:
    why = error.strerror or error
    return f"nothing answers at {base} ({why}); is `sms-simulators serve` running there?"


def _sentence(status: int, document: Any) -> str:
    if not isinstance(document, dict) or "error" not in document:
        return f"an answer that sms-simulators does not give: {document!r:.200}"
    if status == 408:  # what was expected, the error says already
        return f"{document['error']}; {document.get('got')}"
    said = (
        f"{document['error']}: expected {document.get('expected')}, but got {document.get('got')}"
    )
    if status == 401:  # who uses a command sends no header
        said += "; pass it as --token (--sim-token of load) or in SMS_SIMULATORS_TOKEN"
    return said
