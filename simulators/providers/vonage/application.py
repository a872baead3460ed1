"""Applications: JWTs that prove one, and those that its webhooks are signed with.

An application has a key pair. Its client signs each token by the private key (RS256), and the token
names the application; Vonage has the public key. What Vonage sends is signed by the account's
signature secret (HS256) and has the hash of the body in it.
https://developer.vonage.com/en/getting-started/concepts/authentication
https://developer.vonage.com/en/getting-started/concepts/webhooks
"""

import hashlib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kernel import credentials, mismatch
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential, Credentials
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.receipts import Callback
from simulators.kernel.world import World

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SOURCE = "https://developer.vonage.com/en/getting-started/concepts/authentication"
KIND = "application:"  # what stands before the id of an application that an account is found by
LIFETIME = 900  # seconds, as clients make tokens; an application's own may be 30 s to 24 h
_LONGEST = 16_384

# A key pair that everybody knows, as good for every account that brings no key of its own.
PRIVATE_KEY = """\
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC9Y/wehgTXBl3U
SfCNy/3dXpsEQXlUoUL38XlG8vf1CWfkKKwfYmSa6xJz4yT8clJOrrZhqfor10NL
yCT5SWSYH7QexgZDSFe9V6ZG3v07D+zkAho3Lsk9ajA9HeqoaqGHLneFV+IW215i
5SJs5BWZm1wCHIOMFO4VDss8hWgMvTbTgJjk60d/kraAWj5zb3ULUBlaHXFxCsoW
qi8gECQb5Xc+rUdkoHs6u9ZtaQ+TvAg4bSEveo5js6wPtDWcjU+YCrwXgE+YJopI
c/piqCyWLWQ5dYB+5axsvrjcFvgJgeETEu260o8drkZGhyGBumAPjXl0rOvBzzND
ps8sMGXLAgMBAAECggEADfduo02c08KbbslZHQvbF9UfN2wgp3YQ+znqiKnoUUC1
UaUSNGpMIwSM4tDwbFF98mF9/6vKUCtawh7rYxrfeTx1SwOteI7AMa1iDL3rDMz6
2kGxbzpbCtVm40rugCcE7HQnykSV3ruktURSipczZJWJbnpt1QnCGPlzUW5BIxc8
OhsFLKV16G4IGa92Oy9EG6tKNFOmxkYjSpCITBNFUO8zNXd3Taq2wS+GSWSMIWqv
9lalito5eCSy8EkxBdUBad3TqdfnUKl3VkPH6LmnX7tet0VL3/8FiPyLBwjdcVgD
m6QTJomh5bpQbYAhtL9LeKbab5eKuv9FV2dQ8q8FyQKBgQD/o2yO+bb/MULd6LVG
yhBjks2aABp5Rf2HJFhs7MAxIK0XrprSZ4ZJzPmfUzC44Tdq0cmpD+qZI9Y5cdmZ
nGgctb4uvq4LDFDLHI7o38R/KsS4Ds1vgrmLB+gG4r6HhAXTzoWnjoCjXWXVd5v4
BPHn0Y4t6GEM1q5hJMPwu/911wKBgQC9qJHuf5cX82uFVv4DVWOOHFKDnATRZhBo
42Qy/hnmXSIDQVL8UWAXDi/+zPJkQmRWJ/Ga5ckKrrh4jMp9isOd1eQ6TwuE37Jd
CKn/okUwO6TtfyRFdkWUmfZsSfhhkrPiRmwt7wvR1IGIfsyxn+bPOGsVLZay+n07
6tXtATjpLQKBgFTx5/PGdJFtvAti9UGViUadFGa03BcqM6mBYUSokuCAPCQfZ+C8
d7n0O4o+qXT1mWWMWlcsK8dBSkECXM0XVN0dYxnDUK/pIrurPK2TFYcwHfgPKyJ/
rMnPEcGf/LGpJAqSmITp7ELcmScKvK/4bK2cS4NjsUQD3iP3hIhs3+E3AoGAK3mr
0h8fVJcxK4Swf7UgOCBX7eFi3VlnI5QUkPfcmgj5VgOwcTR6MW7II8F5QvBRLcrE
QHyyJCe/E6s6c6LOiqzQP2mFO3VH3rmwtm/NKmxRtztw5hdhhdnxOguOy1cksxbv
j2v/qp7q/o4KgCEmeJP3QAiORgLTmFuRpF2mXRUCgYEA2Gjo9ExEDY2RccrMRDHY
vtVyvlWRJtxTlfN7Cq2sq3XxWVZqVpDp/3SEqCtc/wpMp7PKx2+W9G25i7sx9G1n
3vkTXknioIqSDjy5tTIboSQerTHdHuV964oDpEVJIFgnSau8WjRGxQZSaaT45ObP
NYiica9AAfnwSVapxNTUXfY=
-----END PRIVATE KEY-----
"""
PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvWP8HoYE1wZd1Enwjcv9
3V6bBEF5VKFC9/F5RvL39Qln5CisH2JkmusSc+Mk/HJSTq62Yan6K9dDS8gk+Ulk
mB+0HsYGQ0hXvVemRt79Ow/s5AIaNy7JPWowPR3qqGqhhy53hVfiFtteYuUibOQV
mZtcAhyDjBTuFQ7LPIVoDL0204CY5OtHf5K2gFo+c291C1AZWh1xcQrKFqovIBAk
G+V3Pq1HZKB7OrvWbWkPk7wIOG0hL3qOY7OsD7Q1nI1PmAq8F4BPmCaKSHP6Yqgs
li1kOXWAfuWsbL643Bb4CYHhExLtutKPHa5GRochgbpgD415dKzrwc8zQ6bPLDBl
ywIDAQAB
-----END PUBLIC KEY-----
"""

CREDENTIALS = (
    Credential(
        "application_id",
        "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        make=lambda chance: chance.uuid(),
        at=("authorization.Bearer",),
        identifies=True,
        kind=KIND,
    ),
    # No secret: it is published, and an account that brings a key of its own gives the public one.
    Credential("private_key", PRIVATE_KEY),
    Credential("public_key", PUBLIC_KEY),
)


def bearer(call: Call) -> str | None:
    """The token of an Authorization header, None where there is none."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def identify(exchange: Exchange) -> str | None:
    """Whose request it is: the application that a token names, or the key of Basic."""
    token = bearer(exchange.call)
    if token is not None:
        return f"{KIND}{_claims(token).get('application_id', '')}"
    pair = credentials.basic(exchange.call)
    return pair[0] if pair else None


def authenticate(exchange: Exchange) -> None:
    """A token by the application's key and in its time, or the API secret as Basic. The setting
    `any_token` takes every token that names the application."""
    token = bearer(exchange.call)
    if token is None:
        pair = credentials.basic(exchange.call)
        if pair is None or not credentials.same(exchange.credentials["api_secret"], pair[1]):
            raise Refusal(Problem.UNAUTHENTICATED)
        return
    if exchange.world.load(exchange.provider.name, {}).get("any_token"):
        return
    problem, mistake = _fault(exchange, token)
    if mistake:
        exchange.mismatch = _explained(token, mistake)
        raise Refusal(problem)


def _explained(token: str, mistake: str) -> dict[str, Any]:
    """What the signature has to be over, with header and claims as one can read them."""
    said = "\n".join(orjson.dumps(_part(token, at)).decode() for at in (0, 1))
    ours = Signed("one by the private key of the account's public_key", said)
    given = token.rpartition(".")[2]
    return mismatch.explained("RS256", SOURCE, given, ours, ()) | {"mistake": mistake}


def _fault(exchange: Exchange, token: str) -> tuple[Problem, str]:
    """What is wrong with a token, and what was done: "" for nothing."""
    import jwt  # only who is sent tokens loads it

    key = _public(exchange.credentials["public_key"])
    if key is None:
        said = "the account's public_key is no RSA public key in PEM"
        return Problem.UNAUTHENTICATED, said
    algorithm = _header(token).get("alg")
    if algorithm != "RS256":
        said = f"the token was signed by {algorithm or 'no algorithm'}, not by RS256"
        return Problem.UNAUTHENTICATED, said
    try:
        claims = jwt.decode(token, key, ["RS256"], options=_SIGNATURE_ALONE)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        said = "the token was signed by another private key than the one of the public_key"
        return Problem.UNAUTHENTICATED, said
    return _timely(exchange, claims)


_SIGNATURE_ALONE: Any = {
    "verify_signature": True,
    **dict.fromkeys(
        [f"verify_{name}" for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")], False
    ),
}


def _timely(exchange: Exchange, claims: dict[str, Any]) -> tuple[Problem, str]:
    """By the world's clock or by the machine's, which is the only one that clients know of: so who
    has moved the former on is not refused."""
    times = {name: claims[name] for name in ("iat", "nbf", "exp") if name in claims}
    for name in ("iat", *times):
        value = times.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
            return Problem.UNAUTHENTICATED, f"the token's {name} was no number of seconds"
    if times["iat"] > 1e11:
        return Problem.UNAUTHENTICATED, "the token's iat was in milliseconds, not in seconds"
    clocks = (exchange.now, exchange.world.clock.machine())
    until = times.get("exp", times["iat"] + LIFETIME)
    if until <= min(clocks):
        return Problem.EXPIRED, f"the token had expired {round(min(clocks) - until)} seconds before"
    if times.get("nbf", 0) > max(clocks):
        return Problem.UNAUTHENTICATED, "the token's nbf was still to come"
    return Problem.UNAUTHENTICATED, ""


def _part(token: str, at: int) -> dict[str, Any]:
    """A part of a token as its client wrote it, proved by nothing; {} for what is none."""
    parts = token.split(".", 2)
    if len(parts) < 3 or len(token) > _LONGEST:
        return {}
    from jwt.utils import base64url_decode

    try:
        found = orjson.loads(base64url_decode(parts[at]))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _header(token: str) -> dict[str, Any]:
    return _part(token, 0)


def _claims(token: str) -> dict[str, Any]:
    return _part(token, 1)


@lru_cache(64)
def _private(pem: str) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("expected an RSA key")
    return key


@lru_cache(1024)
def _public(pem: str) -> "RSAPublicKey | None":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def token(known: Credentials, now: float, nonce: str) -> str:
    """A token as the application's client makes it."""
    import jwt

    claims = {
        "application_id": known["application_id"],
        "iat": int(now),
        "jti": nonce,
        "exp": int(now) + LIFETIME,
    }
    return jwt.encode(claims, _private(known["private_key"]), "RS256")


def sign(call: Call, known: Credentials, now: float, nonce: str) -> Call:
    """A request with the token of the application."""
    headers = {**call.headers, "authorization": f"Bearer {token(known, now, nonce)}"}
    return replace(call, headers=headers)


def webhook(world: World, provider: str, url: str, fields: dict[str, Any]) -> Callback:
    """Posts JSON to the application, signed with a token that has the hash of the body."""
    known, body = world.credentials(provider), orjson.dumps(fields)
    signed = webhook_token(known, body, int(world.clock.now()), world.chance.uuid())
    return Callback.json(url, fields, ("Authorization", f"Bearer {signed}"))


def webhook_token(known: Credentials, body: bytes, now: int, nonce: str) -> str:
    """The token of a webhook with this body, as Vonage makes it."""
    import jwt

    claims = {
        "iat": now,
        "jti": nonce,
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": known["api_key"],
        "application_id": known["application_id"],
    }
    return jwt.encode(claims, known["signature_secret"], "HS256")
