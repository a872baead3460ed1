"""Fixtures: a session's server, and a fresh account for every test."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.kernel.codes import extract
from simulators.kernel.message import Message
from simulators.kernel.world import World
from simulators.server.simulators import Options, Simulators, in_thread
from simulators.store.protocol import Selection


class Sms:
    """One account of a running server, as a test sees it."""

    def __init__(self, simulators: Simulators, world: World) -> None:
        self.simulators = simulators
        self.world = world

    def base_url(self, provider: str) -> str:
        """The URL a client of this provider is pointed at."""
        return self.simulators.base_url(provider)

    def credentials(self, provider: str) -> Mapping[str, str]:
        """What the account signs in to this provider with."""
        return self.world.credentials(provider)

    def messages(self, to: str = "", provider: str = "") -> list[Message]:
        """The accepted messages, newest first."""
        wanted = Selection(to=to, provider=provider, limit=1000)
        return self.simulators.call(lambda: self.world.store.select(self.world.id, wanted))

    def wait_for_code(self, to: str, timeout: float = 5.0) -> str:
        """The code of the newest message to a number; waits `timeout` seconds for it."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            for message in self.messages(to):
                code = extract(message.text)
                if code:
                    return code
            time.sleep(0.005)
        raise AssertionError(f"no code for {to} within {timeout} s")


@pytest.fixture(scope="session")
def sms_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """All simulators in one thread on free loopback ports, plain and TLS."""
    folder: Path = tmp_path_factory.mktemp("sms-simulators")
    options: dict[str, Any] = {"port": 0, "tls_port": 0, "tls_dir": folder}
    with in_thread(Options(**options)) as simulators:
        yield simulators


@pytest.fixture
def sms(sms_server: Simulators) -> Iterator[Sms]:
    """A fresh account with its own credentials, messages, clock and windows."""
    world = sms_server.call(sms_server.accounts.create)
    yield Sms(sms_server, world)
    sms_server.call(lambda: sms_server.accounts.drop(world.id))
