"""Fixtures that the providers' tests share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulators.server.simulators import Simulators
from simulators.testing import Sms

TOKEN = "FakeTokenFakeTokenFakeTokenFakeToken-0123456789_abcdefghij"


@pytest.fixture
def ask(default: Sms, vendor_dns: Simulators) -> Iterator[Callable[..., requests.Response]]:
    """Asks GatewayAPI under its own name over TLS, with the published token unless `auth` is
    given."""
    with requests.Session() as session:

        def send(method: str, path: str, **options: Any) -> requests.Response:
            options.setdefault("auth", (TOKEN, ""))
            return session.request(method, f"https://gatewayapi.com{path}", timeout=10, **options)

        yield send
