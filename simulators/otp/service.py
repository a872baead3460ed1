"""The service that every view is given: its state, its chance and clock, and its signing key."""

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from simulators.otp.connector import Config, Connector, Incoming, Outgoing
from simulators.otp.policy import Policy
from simulators.otp.state import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_SIZE = 48
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Carrier(Protocol):
    """Speaks HTTP to providers. Raises `OSError` or `TimeoutError` where there is no answer."""

    async def send(self, outgoing: Outgoing) -> Incoming:
        """One request and its answer."""


class Signer:
    """The key that signs ID tokens (JWTs by ES384, as Logto's): made once it is needed."""

    @cached_property
    def _key(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric import ec  # loaded by who signs in

        return ec.generate_private_key(ec.SECP384R1())

    @cached_property
    def public(self) -> dict[str, str]:
        """The key that verifies, as a JWK."""
        numbers = self._key.public_key().public_numbers()
        point = {"x": _text(numbers.x.to_bytes(_SIZE)), "y": _text(numbers.y.to_bytes(_SIZE))}
        return {"kty": "EC", "crv": "P-384", **point, "kid": "otp", "use": "sig", "alg": "ES384"}

    def sign(self, claims: Mapping[str, Any], kind: str = "JWT") -> str:
        """A JWT of that kind."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        head = {"alg": "ES384", "typ": kind, "kid": "otp"}
        text = f"{_text(orjson.dumps(head))}.{_text(orjson.dumps(claims))}"
        pair = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA384())))
        return f"{text}.{_text(b''.join(number.to_bytes(_SIZE) for number in pair))}"

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a JWT that this key signed, None for any other text."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        signed, _, proof = token.rpartition(".")
        try:
            raw = _bytes(proof)
            numbers = (int.from_bytes(raw[:_SIZE]), int.from_bytes(raw[_SIZE:]))
            encoded = utils.encode_dss_signature(*numbers)
            self._key.public_key().verify(encoded, signed.encode(), ec.ECDSA(hashes.SHA384()))
            claims: dict[str, Any] = orjson.loads(_bytes(signed.partition(".")[2]))
        except (ValueError, InvalidSignature):
            return None
        return claims


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


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
    policy: Policy = field(default_factory=Policy)
    state: State = field(default_factory=State)
    signer: Signer = field(default_factory=Signer)

    def id(self, length: int = 21) -> str:
        """A new id as Logto makes them: lower-case letters and digits."""
        number = self.chance.randrange(len(_LETTERS) ** length)
        digits = []
        for _ in range(length):
            number, digit = divmod(number, len(_LETTERS))
            digits.append(_LETTERS[digit])
        return "".join(digits)

    def uuid(self) -> str:
        """A version 4 UUID."""
        bits = self.chance.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
        text = f"{bits:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def setting(self, name: str) -> Any:
        """A part of the sign-in experience."""
        return self.state.settings[name]
