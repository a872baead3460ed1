"""The two signatures of GatewayAPI: OAuth 1.0a on requests, a JWT on webhooks.

OAuth: RFC 5849 with an empty token secret, https://gatewayapi.com/docs/apis/legacy/rest/ .
JWT: RFC 7515 compact form, HS256, in the header `X-Gwapi-Signature`.
A signature that is not the right one is tried against what clients of their own get wrong.
"""

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import orjson

from simulators.kernel import mismatch
from simulators.kernel.call import Call
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange
from simulators.kernel.reading import MAX_FIELDS

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


def jwt(payload: Mapping[str, Any], secret: str) -> str:
    """The payload as a signed token, keys in the order given."""
    head = orjson.dumps({"typ": "JWT", "alg": "HS256"})
    signed = f"{_base64url(head)}.{_base64url(orjson.dumps(payload))}"
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


SOURCE = "https://www.rfc-editor.org/rfc/rfc5849#section-3.4"
VENDOR_HOST = "gatewayapi.com"


def explained(exchange: Exchange, in_header: Mapping[str, str], given: str) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    secret = exchange.credentials["oauth_secret"]
    base = base_string(exchange.call, in_header)
    ours = Signed(signature(base, secret), base)
    published = exchange.provider.published["oauth_secret"]
    said = "the secret was the published one, not this account's"
    other = Signed(signature(base, published), base, mistake=said)
    made = [other, *_strings(exchange.call, in_header, secret)]
    return mismatch.explained("HMAC-SHA1", SOURCE, given, ours, made)


def _strings(call: Call, in_header: Mapping[str, str], secret: str) -> Iterator[Signed]:
    for mistake, signed in _calls(call):
        base = base_string(signed, in_header)
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
