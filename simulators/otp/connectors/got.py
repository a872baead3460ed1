"""What got, the HTTP client of Logto's connectors, adds to a request and makes of an answer.

https://github.com/sindresorhus/got
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus, urljoin, urlsplit

from simulators.otp.connector import ConnectorError, Crash, Incoming, Outgoing

USER_AGENT = ("user-agent", "got (https://github.com/sindresorhus/got)")
FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")
_ENCODINGS = ("accept-encoding", "gzip, deflate, br, zstd")
_ALIVE = ("Connection", "keep-alive")
MOST_REDIRECTS = 10
_REDIRECTS = (300, 301, 302, 303, 304, 307, 308)
_SEE_OTHER = 303  # which alone makes a GET of it, as long as `methodRewriting` is off
_OF_ONE_HOST = ("host", "cookie", "authorization")


def headers(*own: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """A connector's own headers, with what got and Node add to them; a host and a length come when
    it is sent."""
    named = {name.lower() for name, _ in own}
    added = [pair for pair in (_ENCODINGS, _ALIVE) if pair[0].lower() not in named]
    return (USER_AGENT, *own, *added)


def follow(sent: Outgoing, answer: Incoming) -> Outgoing | None:
    """What got sends next, where an answer says that it is elsewhere; None where it does not."""
    if answer.status not in _REDIRECTS or not answer.location:
        return None
    url = urljoin(sent.url, answer.location)
    kept = sent.headers
    if place(url) != place(sent.url):
        kept = tuple(pair for pair in kept if pair[0].lower() not in _OF_ONE_HOST)
    rewritten = answer.status == _SEE_OTHER
    method, body = ("GET", b"") if rewritten else (sent.method, sent.body)
    return replace(sent, method=method, url=url, headers=kept, body=body)


def place(url: str) -> tuple[str | None, int | None]:
    """The host and the port of a URL. Raises `ValueError` for what is none."""
    parts = urlsplit(url)
    return parts.hostname, parts.port


def basic(user: str, password: str) -> tuple[str, str]:
    """The header of Basic authentication."""
    token = b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()
    return "authorization", f"Basic {token}"


def form(fields: Mapping[str, str]) -> str:
    """Fields as URLSearchParams writes them."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in fields.items())


def document(value: Any) -> bytes:
    """A value as JSON.stringify writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def text(answer: Incoming) -> str:
    """The body of an answer, whatever its bytes."""
    return answer.body.decode("utf-8", "replace")


def is_ok(answer: Incoming) -> bool:
    """Whether got takes an answer for a good one: any 2xx, and 304."""
    return 200 <= answer.status <= 299 or answer.status == 304


def relay(answer: Incoming) -> None:
    """What most connectors do: a status is all they look at, and the body is what they say."""
    if not is_ok(answer):
        raise ConnectorError("general", text(answer))


def failed(answer: Incoming, method: str, url: str) -> str:
    """got's message about an answer that is not ok."""
    known = answer.status in HTTPStatus.__members__.values()
    phrase = answer.reason or (HTTPStatus(answer.status).phrase if known else "")
    return f"Request failed with status code {answer.status} ({phrase}): {method} {url}"


def crash(reason: str) -> Exception:
    """What most connectors make of a connection that failed: they let the error through."""
    return Crash(reason)


def _escaped(value: str) -> str:
    return quote_plus(value, safe="*", errors="replace").replace("~", "%7E")
