"""Who asks: a token, a user name and password, or OAuth 1.0a without a user (two-legged).

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Authentication".
"""

from collections.abc import Callable
from typing import NamedTuple

from simulators.kernel import credentials
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first, form
from simulators.providers.gatewayapi import signing

SKEW = 300  # seconds a timestamp may be off; the vendor says only that it must be current
_REQUIRED = (
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_signature",
)
_KNOWN = frozenset({*_REQUIRED, "oauth_version", "oauth_token", "oauth_body_hash"})


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _letters(length: int) -> Callable[[Chance], str]:
    return lambda chance: chance.letters(length, _LETTERS)


CREDENTIALS = (
    Credential(
        "token",
        "FakeTokenFakeTokenFakeTokenFakeToken-0123456789_abcdefghij",
        make=_letters(58),
        at=("query.token", "body.token", "basic.user", "authorization.Token"),
        identifies=True,
        kind="token:",
        secret=True,
    ),
    Credential("sender", "ExampleSMS"),
    Credential("number", "451204"),
    Credential(
        "oauth_key",
        "FakeOAuthKeyFakeOAuthKey",
        make=_letters(24),
        at=("query.oauth_consumer_key", "body.oauth_consumer_key", "authorization.OAuth"),
        identifies=True,
        kind="key:",
    ),
    Credential(
        "oauth_secret",
        "FakeOAuthSecretFakeOAuthSecretFakeOAuth-",
        make=_letters(40),
        signs=("query.oauth_signature", "body.oauth_signature", "authorization.OAuth"),
        secret=True,
    ),
    Credential(
        "user",
        "fake-user",
        make=lambda chance: "user-" + chance.hex(8),
        at=("query.user", "body.user", "basic.user"),
        identifies=True,
        kind="user:",
    ),
    Credential(
        "password",
        "FakePassword0",
        make=_letters(16),
        at=("query.password", "body.password", "basic.password"),
        secret=True,
    ),
    Credential(
        "webhook_secret",
        "FakeWebhookSecretFakeWebhookSecret",
        make=_letters(32),
        signs=("callback.x-gwapi-signature",),
        secret=True,
    ),
)


class Shown(NamedTuple):
    """The credentials a request shows. `id` is what an account is found by, with the kind in
    front; `secret` the proof, None where there is a signature instead."""

    kind: str
    id: str
    secret: str | None
    oauth: dict[str, str]


def shown(exchange: Exchange) -> Shown | None:
    """What the Authorization header shows, else the query, else the form."""
    call = exchange.call
    authorization = call.headers.get("authorization", "")
    oauth = signing.header(authorization)
    if oauth is not None:
        return _oauth(oauth)
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "token":
        return _token(rest.strip())
    pair = credentials.basic(call)
    if pair is not None:
        return _user(*pair) if pair[1] else _token(pair[0])
    return _argued(exchange.document["query"]) or _argued(form(call))


def _argued(fields: Fields) -> Shown | None:
    if any(name.startswith("oauth_") for name in fields):
        return _oauth({k: first(fields, k) for k in fields if k.startswith("oauth_")})
    if "token" in fields:
        return _token(first(fields, "token"))
    if "user" in fields:
        return _user(first(fields, "user"), first(fields, "password"))
    return None


def _token(token: str) -> Shown:
    return Shown("token", f"token:{token}", token, {})


def _user(user: str, password: str) -> Shown:
    return Shown("user", f"user:{user}", password, {})


def _oauth(params: dict[str, str]) -> Shown:
    return Shown("oauth", f"key:{params.get('oauth_consumer_key', '')}", None, params)


def identify(exchange: Exchange) -> str | None:
    """The credential id."""
    found = shown(exchange)
    return found.id if found else None


def unknown(exchange: Exchange) -> Refusal:
    """An unknown token, user name and consumer key have a code each."""
    found = shown(exchange)
    if found is not None and found.kind == "user":
        return Refusal("0x0210", user=found.id.removeprefix("user:"))
    if found is not None and found.kind == "oauth":
        _complete(found.oauth)
        return Refusal("0x0223")
    return Refusal(Problem.UNKNOWN_CREDENTIALS)


def authenticate(exchange: Exchange) -> None:
    """The proof against the account's own; raises `Refusal`."""
    found = shown(exchange)
    if found is None:
        raise Refusal(Problem.NO_CREDENTIALS)
    if found.secret is None:
        _verify(exchange, found.oauth)
    elif found.kind == "user":
        if not credentials.same(exchange.credentials["password"], found.secret):
            raise Refusal("0x0211")
    elif not credentials.same(exchange.credentials["token"], found.secret):
        raise Refusal(Problem.UNAUTHENTICATED)


def _complete(oauth: dict[str, str]) -> None:
    for name in oauth:
        if name.startswith("oauth_") and name not in _KNOWN:
            raise Refusal("0x0220", parameter=name)
    for name in _REQUIRED:
        if not oauth.get(name):
            raise Refusal("0x0222", parameter=name)
    if oauth.get("oauth_version", "1.0") != "1.0":
        raise Refusal("0x0220", parameter="oauth_version")
    if oauth["oauth_signature_method"] != "HMAC-SHA1":
        raise Refusal("0x0221", signature_method=oauth["oauth_signature_method"])


def _verify(exchange: Exchange, oauth: dict[str, str]) -> None:
    _complete(oauth)
    call, world, now = exchange.call, exchange.world, exchange.now
    stamp = oauth["oauth_timestamp"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise Refusal(Problem.EXPIRED)
    if abs(now - int(stamp)) > SKEW:
        raise Refusal(Problem.EXPIRED)
    in_header = signing.header(call.headers.get("authorization", "")) or {}
    base = signing.base_string(call, in_header)
    expected = signing.signature(base, exchange.credentials["oauth_secret"])
    if not credentials.same(expected, oauth["oauth_signature"]):
        exchange.mismatch = signing.explained(exchange, in_header, oauth["oauth_signature"])
        raise Refusal("0x0224")
    digest = oauth.get("oauth_body_hash")
    if digest is not None and not credentials.same(signing.body_hash(call.body), digest):
        raise Refusal("0x0224")
    nonce = f"gatewayapi/{oauth['oauth_consumer_key']}/{stamp}/{oauth['oauth_nonce']}"
    if not world.store.once(world.id, nonce, now, now + 2 * SKEW):
        raise Refusal(Problem.REPLAYED)
