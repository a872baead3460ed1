"""What all of the Management API shares: who may come in, and how a number is written."""

import hmac

from simulators.otp.bodies import Schema
from simulators.otp.refused import Refused
from simulators.otp.route import Ask

TEXT: Schema = {"type": "string"}
PHONE: Schema = {"type": "string", "pattern": "^[0-9]+$"}
EMAIL: Schema = {"type": "string", "pattern": r"^\S+@\S+\.\S+$"}


def enter(ask: Ask) -> None:
    """Raises `Refused` for whoever lacks the token, where the service has one. Logto's is a JWT;
    this is a text that is compared."""
    expected = ask.service.policy.token
    if not expected:
        return
    if not hmac.compare_digest(bearer(ask).encode(), expected.encode()):
        raise Refused("auth.unauthorized")


def bearer(ask: Ask) -> str:
    """The token of the Authorization header. Raises `Refused` where there is none."""
    given = ask.headers.get("authorization", "")
    if not given:
        raise Refused("auth.authorization_header_missing")
    if not given.startswith("Bearer"):
        data = {"supportedTypes": ["Bearer"]}
        raise Refused("auth.authorization_token_type_not_supported", data)
    return given[len("Bearer ") :]
