"""A client of the control API, and the means to send a message through a provider."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest

from simulators.app import Simulators


@dataclass(frozen=True)
class Told:
    """An answer of the control API."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


def exchange(
    port: int, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
) -> Told:
    """One request on a connection of its own; a body that is not bytes goes out as JSON."""
    sent = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, target, body=body, headers=sent)
        response = connection.getresponse()
        got = {name.lower(): value for name, value in response.getheaders()}
        return Told(response.status, got, response.read())


@pytest.fixture
def account(sms_server: Simulators) -> Iterator[str]:
    """The id of a fresh account."""
    world = sms_server.call(sms_server.accounts.create)
    yield world.id
    sms_server.call(lambda: sms_server.accounts.drop(world.id))


@pytest.fixture
def control(sms_server: Simulators, account: str) -> Callable[..., Told]:
    """Asks the control API about the fresh account."""

    def ask(
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Told:
        named = {"account": account, **query} if path not in WORLDLESS else query
        asked = urlencode({name: value for name, value in named.items() if value is not None})
        target = f"{path}?{asked}" if asked else path
        return exchange(sms_server.ports["http"], method, target, body, headers)

    return ask


WORLDLESS = ("/_sim/health", "/_sim/openapi.json", "/_sim/accounts", "/metrics")


@pytest.fixture
def send(sms_server: Simulators, account: str) -> Callable[..., Told]:
    """Sends a message through Twilio as the fresh account."""

    def twilio(
        to: str = "+15005550010",
        text: str = "Your code is 123456",
        body: Any = None,
        **fields: str,
    ) -> Told:
        known = sms_server.accounts.world(account).credentials("twilio")
        basic = b64encode(f"{known['account_sid']}:{known['auth_token']}".encode()).decode()
        form = urlencode({"To": to, "From": known["number"], "Body": text, **fields}).encode()
        return exchange(
            sms_server.ports["http"],
            "POST",
            f"/twilio/2010-04-01/Accounts/{known['account_sid']}/Messages.json",
            form if body is None else body,
            {"Authorization": f"Basic {basic}"}
            | ({"Content-Type": "application/x-www-form-urlencoded"} if body is None else {}),
        )

    return twilio


@pytest.fixture(scope="session")
def raw() -> Callable[..., Told]:
    """One request to any port: method, target, body, headers."""
    return exchange


@pytest.fixture(scope="session")
def refused() -> Callable[[Told, int], str]:
    """All that a refusal says, once its form is right."""

    def check(answer: Told, status: int) -> str:
        assert status == answer.status, answer.raw
        assert "application/json" == answer.headers["content-type"]
        return " | ".join(answer.json[name] for name in ("error", "expected", "got"))

    return check
