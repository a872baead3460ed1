"""Who asks, and the proof of it: key and secret, Basic, or a signature.

https://developer.vonage.com/en/getting-started/concepts/authentication
"""

from collections.abc import Callable

from simulators.kernel import credentials
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.vonage import signing, wire

SIGNATURE_AGE = 300  # seconds either way; how old a timestamp may be is UNVERIFIED

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def _secret(length: int) -> Callable[[Chance], str]:
    return lambda chance: chance.letters(length, _LETTERS)


# `username` and `password` are older names of key and secret.
CREDENTIALS = (
    Credential(
        "api_key",
        "abcd1234",
        make=lambda chance: chance.hex(8),
        at=("query.api_key", "query.username", "body.api_key", "body.username", "basic.user"),
        identifies=True,
    ),
    Credential(
        "api_secret",
        "FakeSecret123456",
        make=_secret(16),
        at=(
            *("query.api_secret", "query.password", "body.api_secret", "body.password"),
            "basic.password",
        ),
        secret=True,
    ),
    Credential(
        "signature_secret",
        "FakeSignatureSecret0FakeSignatureSecret0",
        make=_secret(40),
        signs=("query.sig", "body.sig"),
        secret=True,
    ),
    # One of `signing.METHODS`, Vonage's default; the published account takes any of them.
    Credential("signature_method", "any", make=lambda _chance: "md5hash"),
    Credential("sender", "AcmeInc"),
    Credential("number", "447700900999"),
)


def _pair(exchange: Exchange) -> tuple[str, str, bool]:
    """Key, secret and whether they came as Basic."""
    given = wire.parameters(exchange.document)
    key = given.get("api_key") or given.get("username", "")
    basic = None if key else credentials.basic(exchange.call)
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
    elif not credentials.same(known["api_secret"], secret):
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
        exchange.mismatch = signing.explained(exchange, given)
        raise Refusal("14")
