"""Who asks: a token, a user name and password, or OAuth 1.0a without a user (two-legged), whose
signature is made here.

OAuth: RFC 5849 with an empty token secret, https://gatewayapi.com/docs/apis/legacy/rest/ .
A signature that is not the right one is tried against what clients of their own get wrong.
"""

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from simulators.kernel import credentials, mismatch
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import MAX_FIELDS, Fields, first, form

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def header(authorization: str) -> dict[str, str] | None:
    """The parameters of an OAuth Authorization header, None for one of another scheme."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "oauth":
        return None
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    return {name.strip(): unquote(value.strip().strip('"')) for name, _, value in pairs if name}


def base_string(call: Call, oauth: Mapping[str, str]) -> str:
    """Section 3.4.1: method, URL without its query, and all parameters, each percent-encoded.

    `oauth` are the parameters of the Authorization header, if it has any; those of the query and
    of a form body are taken from the call.
    """
    pairs = [(name, value) for name, value in oauth.items() if name.lower() != "realm"]
    pairs += _pairs(call.query)
    if call.content_type == "application/x-www-form-urlencoded":
        pairs += _pairs(call.body.decode("utf-8", "replace"))
    encoded = sorted((_enc(k), _enc(v)) for k, v in pairs if k != "oauth_signature")
    normalized = "&".join([f"{name}={value}" for name, value in encoded])
    return f"{call.method}&{_enc(_url(call))}&{_enc(normalized)}"


def _url(call: Call) -> str:
    host = call.host.lower().removesuffix(_DEFAULT_PORTS[call.scheme])
    return f"{call.scheme}://{host}{call.raw_path or call.path}"


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:  # too many fields: nothing that a client signs
        return []


def _enc(text: str) -> str:
    return quote(text, safe="-._~")


def signature(base: str, secret: str) -> str:
    """HMAC-SHA1 with the consumer secret and no token secret, Base64."""
    key = f"{_enc(secret)}&".encode()
    return base64.b64encode(hmac.digest(key, base.encode(), "sha1")).decode()


def body_hash(body: bytes) -> str:
    """`oauth_body_hash`, which oauthlib adds to every request whose body is no form
    (OAuth Request Body Hash 1.0, draft 4)."""
    digest = hashlib.sha1(body, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


SOURCE = "https://www.rfc-editor.org/rfc/rfc5849#section-3.4"
VENDOR_HOST = "gatewayapi.com"


def explained(exchange: Exchange, in_header: Mapping[str, str], given: str) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    secret = exchange.credentials["oauth_secret"]
    base = base_string(exchange.call, in_header)
    ours = Signed(signature(base, secret), base)
    published = exchange.provider.published["oauth_secret"]
    said = "the secret was the published one, not this account's"
    made = [
        Signed(signature(base, key), base, mistake=mistake)
        for mistake, key in ((said, published), *mismatch.keys(secret))
    ]
    made += _strings(exchange.call, in_header, secret)
    return mismatch.explained("HMAC-SHA1", SOURCE, given, ours, made)


def _strings(call: Call, in_header: Mapping[str, str], secret: str) -> Iterator[Signed]:
    for mistake, signed in _calls(call):
        base = base_string(signed, in_header)
        yield Signed(signature(base, secret), base, mistake=mistake)
    right = base_string(call, in_header)
    head, _, again = right.rpartition("&")
    for mistake, base in (
        *mismatch.strings(right, call.method),
        *(
            (said, f"{head}&{query}")
            for said, query in mismatch.respelled_twice(unquote(again), _enc)
        ),
        *((said, base_string(call, less)) for said, less in mismatch.left_out(in_header)),
    ):
        yield Signed(signature(base, secret), base, mistake=mistake)


def _calls(call: Call) -> Iterator[tuple[str, Call]]:
    """The request as a client may have taken it for."""
    scheme = "http" if call.scheme == "https" else "https"
    said = f"the URL was signed with {scheme}, and sent to with {call.scheme}"
    yield said, dataclasses.replace(call, scheme=scheme)
    for mistake, host in (
        ("the host was signed without its port", call.host.rpartition(":")[0] or call.host),
        (f"the host was signed as {VENDOR_HOST}, and sent as {call.host}", VENDOR_HOST),
    ):
        headers = {**call.headers, "host": host}
        yield mistake, dataclasses.replace(call, headers=headers)
        vendor = dataclasses.replace(call, headers=headers, scheme="https", raw_path=call.path)
        yield f"{mistake}, with https and the path {call.path}", vendor
    if call.raw_path != call.path:
        said = f"the path was signed as {call.path}, and sent as {call.raw_path}"
        yield said, dataclasses.replace(call, raw_path=call.path)
    yield "the query was not signed", dataclasses.replace(call, query="")
    other = "GET" if call.method == "POST" else "POST"
    said = f"it was signed as a {other}, and sent as a {call.method}"
    yield said, dataclasses.replace(call, method=other)


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
    oauth = header(authorization)
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
    in_header = header(call.headers.get("authorization", "")) or {}
    base = base_string(call, in_header)
    expected = signature(base, exchange.credentials["oauth_secret"])
    if not credentials.same(expected, oauth["oauth_signature"]):
        exchange.mismatch = explained(exchange, in_header, oauth["oauth_signature"])
        raise Refusal("0x0224")
    digest = oauth.get("oauth_body_hash")
    if digest is not None and not credentials.same(body_hash(call.body), digest):
        raise Refusal("0x0224")
    nonce = f"gatewayapi/{oauth['oauth_consumer_key']}/{stamp}/{oauth['oauth_nonce']}"
    if not world.store.once(world.id, nonce, now, now + 2 * SKEW):
        raise Refusal(Problem.REPLAYED)
