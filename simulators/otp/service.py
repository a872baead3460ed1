"""The service: its state, and what it is given to work with."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulators.otp.connector import Config, Connector, Incoming, Outgoing
from simulators.otp.state import State
from simulators.otp.tokens import Signer

SENDS_PER_RECIPIENT = 10
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Carrier(Protocol):
    """Speaks HTTP to providers. Raises `OSError` or `TimeoutError` where there is no answer."""

    async def send(self, outgoing: Outgoing) -> Incoming:
        """One request and its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the service is run. `faithful` has the blind spots of Logto's connectors too;
    `sends_per_recipient` are let through in ten minutes; with a `token`, the Management API wants
    it."""

    faithful: bool = False
    sends_per_recipient: int = SENDS_PER_RECIPIENT
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything a view sees. `describe` tells what Logto knows of a connector; `check` raises
    `ConnectorError` (invalid_config) for a configuration that breaks its factory's schema; `now` is
    in epoch seconds."""

    connectors: Mapping[str, Connector]
    describe: Callable[[Connector], dict[str, Any]]
    check: Callable[[str, Config], None]
    carrier: Carrier
    now: Callable[[], float]
    chance: random.Random
    policy: Policy = Policy()
    state: State = field(default_factory=State)
    signer: Signer = field(default_factory=Signer)

    def id(self, length: int = 21) -> str:
        """A new id as Logto makes them: lower-case letters and digits."""
        return "".join(self.chance.choices(_LETTERS, k=length))

    def uuid(self) -> str:
        """A version 4 UUID."""
        bits = self.chance.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
        text = f"{bits:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def setting(self, name: str) -> Any:
        """A part of the sign-in experience."""
        return self.state.settings[name]
