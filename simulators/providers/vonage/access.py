"""Who asks, and the proof of it: key and secret, Basic, or a signature.

https://developer.vonage.com/en/getting-started/concepts/authentication
"""

from types import MappingProxyType

from simulators.kernel import proof
from simulators.kernel.clock import Chance
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Credentials, Exchange, Refusal
from simulators.providers.vonage import mistakes, signing, wire

SIGNATURE_AGE = 300  # seconds either way; how old a timestamp may be is UNVERIFIED

DEFAULT_CREDENTIALS = MappingProxyType(
    {
        "api_key": "abcd1234",
        "api_secret": "FakeSecret123456",
        "signature_secret": "FakeSignatureSecret0FakeSignatureSecret0",
        "signature_method": "any",
        "sender": "AcmeInc",
        "number": "447700900999",
    }
)


def new_credentials(chance: Chance) -> dict[str, str]:
    """Well-formed credentials for a new account. `signature_method` is one of `signing.METHODS`,
    Vonage's default; the published account takes any of them."""
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return {
        "api_key": chance.hex(8),
        "api_secret": chance.letters(16, letters),
        "signature_secret": chance.letters(40, letters),
        "signature_method": "md5hash",
        "sender": "AcmeInc",
        "number": "447700900999",
    }


def credential_ids(credentials: Credentials) -> tuple[str, ...]:
    """The API key."""
    return (credentials["api_key"],)


def _pair(exchange: Exchange) -> tuple[str, str, bool]:
    """Key, secret and whether they came as Basic; `username` and `password` are older names."""
    given = wire.parameters(exchange.document)
    key = given.get("api_key") or given.get("username", "")
    basic = None if key else proof.basic(exchange.call)
    if basic is not None:
        return *basic, True
    return key, given.get("api_secret") or given.get("password", ""), False


def identify(exchange: Exchange) -> str | None:
    """The API key, from parameters or from Basic."""
    return _pair(exchange)[0] or None


def authenticate(exchange: Exchange) -> None:
    """A signature where there is one, else the secret."""
    given = wire.parameters(exchange.document)
    known, bent = exchange.credentials, exchange.world.load("vonage", {})
    _key, secret, basic = _pair(exchange)
    if "sig" in given:
        _check_signature(exchange, given, lenient=bool(bent.get("lenient_signatures")))
        if secret:
            raise Refusal("32")
    elif not secret:
        raise Refusal("2/secret")
    elif not proof.same(known["api_secret"], secret):
        raise Refusal(bent.get("wrong_basic", "4") if basic else Problem.UNAUTHENTICATED)


def _check_signature(exchange: Exchange, given: dict[str, str], *, lenient: bool) -> None:
    stamp = given.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise Refusal("14")
    if abs(exchange.now - int(stamp)) > SIGNATURE_AGE:
        raise Refusal(Problem.EXPIRED)
    known = exchange.credentials
    secret, method = known["signature_secret"], known["signature_method"]
    if not signing.verified(given, secret, method, lenient=lenient):
        exchange.mismatch = mistakes.explained(exchange, given)
        raise Refusal("14")
