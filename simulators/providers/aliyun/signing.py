"""Whether a request is its account's: version, time, nonce, and either of two signatures.

RPC v1 (HMAC-SHA1): https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
V3 (ACS3-HMAC-SHA256): https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
Both sign values as they are once decoded: how a client spelled them on the wire does not matter.
A signature that is not the right one is tried against what clients of their own get wrong.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from simulators.kernel import credentials, headers, mismatch
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import from_iso
from simulators.kernel.credentials import Credentials
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Document, Exchange, Refusal
from simulators.kernel.reading import Fields, first, form, many
from simulators.providers.aliyun.wire import (
    GLOBAL_VERSION,
    VERSION,
    is_acs3,
    parameters,
    version,
)

_RESERVED = re.compile(r"[^A-Za-z0-9_.~-]+")


class Claim(NamedTuple):
    """What a request says of its version, time and proof. `canonical` is the canonical request
    of the newer scheme, empty in the older one; `method` is the older one's only."""

    version: str
    date: str
    nonce: str
    signature: str
    string_to_sign: str
    canonical: str = ""
    method: str = "HMAC-SHA1"

    def expected(self, secret: str) -> str:
        """The right signature."""
        if self.canonical:
            return _mac(secret, self.string_to_sign, "sha256").hex()
        return _base64(_mac(f"{secret}&", self.string_to_sign))

    @property
    def shown(self) -> str:
        """What the refusal of a wrong signature tells of the server's own calculation."""
        if self.canonical:
            return f"{self.string_to_sign}, server canonicalRequest is:{self.canonical}"
        return self.string_to_sign


def credential(call: Call, known: Document) -> str:
    """The AccessKeyId, "" where there is none."""
    if is_acs3(call):
        return _authorization(call).get("Credential", "")
    return first(parameters(known), "AccessKeyId")


def claim(call: Call, known: Document) -> Claim:
    """Reads a request by the scheme it uses."""
    return _acs3(call, known["query"]) if is_acs3(call) else _rpc(call, parameters(known))


def sign(call: Call, known: Credentials, now: float, nonce: str) -> Call:
    """A client's request with a form, signed by the older scheme."""
    sent: Fields = {
        **form(call),
        "AccessKeyId": known["access_key_id"],
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": nonce,
        "SignatureVersion": "1.0",
        "Timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    signature = _rpc(call, sent).expected(known["access_key_secret"])
    body = f"{canonical_query(sent)}&Signature={encoded(signature)}".encode()
    return replace(call, body=body)


def _rpc(call: Call, params: Fields) -> Claim:
    return Claim(
        version=first(params, "Version"),
        method=first(params, "SignatureMethod", "HMAC-SHA1"),
        date=first(params, "Timestamp"),
        nonce=first(params, "SignatureNonce"),
        signature=first(params, "Signature"),
        string_to_sign=f"{call.method}&%2F&{_twice(canonical_query(params, 'Signature'))}",
    )


def _acs3(call: Call, query: Fields) -> Claim:
    given = _authorization(call)
    canonical = _canonical_request(call, query, given.get("SignedHeaders", ""))
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    return Claim(
        version=call.headers.get("x-acs-version", ""),
        date=call.headers.get("x-acs-date", ""),
        nonce=call.headers.get("x-acs-signature-nonce", ""),
        signature=given.get("Signature", ""),
        string_to_sign=f"ACS3-HMAC-SHA256\n{hashed}",
        canonical=canonical,
    )


def _canonical_request(call: Call, query: Fields, signed: str) -> str:
    names = sorted(headers.named(signed))
    values = "".join([f"{name}:{call.headers.get(name, '').strip()}\n" for name in names])
    payload = hashlib.sha256(call.body).hexdigest()
    return "\n".join([call.method, "/", canonical_query(query), values, ";".join(names), payload])


def canonical_query(params: Fields, leave_out: str = "") -> str:
    """All pairs by name, both sides percent-encoded."""
    pairs = []
    for name in sorted(params):
        if name == leave_out:
            continue
        values, key = params[name], encoded(name)
        if isinstance(values, str):
            pairs.append(f"{key}={encoded(values)}")
        else:
            pairs += [f"{key}={encoded(value)}" for value in sorted(values)]
    return "&".join(pairs)


def encoded(text: str) -> str:
    """Percent-encoded by RFC 3986: letters, digits and `-_.~` stay."""
    if text.isascii() and text.isalnum():
        return text
    return _RESERVED.sub(_escaped, text)


def _escaped(run: re.Match[str]) -> str:
    return "%" + run[0].encode().hex("%").upper()


def _twice(query: str) -> str:
    """An encoded query encoded again: only its own three marks are left to encode."""
    return query.replace("%", "%25").replace("&", "%26").replace("=", "%3D")


def _authorization(call: Call) -> Mapping[str, str]:
    _scheme, _, rest = call.headers["authorization"].partition(" ")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    return {name: value for name, _, value in pairs}


RPC = "https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism"
V3 = "https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature"


def explained(exchange: Exchange, stated: Claim) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    secret = exchange.credentials["access_key_secret"]
    ours = Signed(stated.expected(secret), stated.string_to_sign, stated.canonical)
    published = exchange.provider.published["access_key_secret"]
    call, known = exchange.call, exchange.document
    if stated.canonical:
        vendor = exchange.provider.hosts[0]
        made = _acs3_mistakes(call, known["query"], secret, published, ours, vendor)
        return mismatch.explained("ACS3-HMAC-SHA256", V3, stated.signature, ours, made)
    made = _rpc_mistakes(call, parameters(known), known, secret, published, ours)
    return mismatch.explained("HMAC-SHA1", RPC, stated.signature, ours, made)


def _mac(key: str, text: str, digest: str = "sha1") -> bytes:
    return hmac.digest(key.encode(), text.encode("utf-8", "replace"), digest)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _rpc_mistakes(
    call: Call, params: Fields, parts: dict[str, Any], secret: str, published: str, ours: Signed
) -> Iterator[Signed]:
    right = ours.string_to_sign
    key = f"{secret}&"
    for mistake, signature in (
        ("the key was the secret without the & after it", _base64(_mac(secret, right))),
        (
            "the secret was the published one, not this account's",
            _base64(_mac(f"{published}&", right)),
        ),
        ("the signature was in hexadecimal, not Base64", _mac(key, right).hex()),
        ("the digest was SHA-256, not SHA-1", _base64(_mac(key, right, "sha256"))),
    ):
        yield Signed(signature, right, mistake=mistake)
    for mistake, other in mismatch.keys(secret):
        yield Signed(_base64(_mac(f"{other}&", right)), right, mistake=mistake)
    for mistake, text in (
        *_rpc_strings(call, params, parts),
        *mismatch.strings(right, call.method),
    ):
        yield Signed(_base64(_mac(key, text)), text, mistake=mistake)


def _rpc_strings(call: Call, params: Fields, parts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    method, other = call.method, "GET" if call.method == "POST" else "POST"
    query = canonical_query(params, "Signature")
    twice = encoded(query)
    unsorted = "&".join(_pairs(params, encoded))
    yield f"it was signed as a {other}, and sent as a {method}", f"{other}&%2F&{twice}"
    yield "the query was percent-encoded once, not twice", f"{method}&%2F&{query}"
    yield "the path was not percent-encoded", f"{method}&/&{twice}"
    yield (
        "the parameters were signed in the order sent, not by name",
        f"{method}&%2F&{encoded(unsorted)}",
    )
    yield "a space was signed as +, not %20", f"{method}&%2F&{encoded(_spaced(query))}"
    form = "&".join(sorted(_pairs(params, _as_form)))
    yield "the values were encoded as in a form", f"{method}&%2F&{encoded(form)}"
    raw = "&".join(sorted(_pairs(params, str)))
    yield "the values were not percent-encoded", f"{method}&%2F&{encoded(raw)}"
    for part, left in (("query", "body"), ("body", "query")):
        alone = canonical_query(parts.get(part) or {}, "Signature")
        text = f"{method}&%2F&{encoded(alone)}"
        yield f"the parameters of the {'form' if left == 'body' else left} were not signed", text
    for mistake, again in mismatch.respelled_twice(query, encoded):
        yield mistake, f"{method}&%2F&{again}"
        yield mistake, f"{method}&%2f&{again}"
        yield mistake, f"{method}&/&{again}"
    for mistake, less in mismatch.left_out(params):
        yield mistake, f"{method}&%2F&{encoded(canonical_query(less, 'Signature'))}"


def _pairs(params: Fields, spelled: Any) -> Iterator[str]:
    for name in params:
        if name != "Signature":
            yield from (f"{spelled(name)}={spelled(value)}" for value in many(params, name))


def _spaced(query: str) -> str:
    return query.replace("%20", "+")


def _as_form(text: str) -> str:
    """As Java's URLEncoder and a browser's form do it."""
    return quote_plus(text, safe="*-._", errors="replace").replace("~", "%7E")


def _acs3_mistakes(
    call: Call, query: Fields, secret: str, published: str, ours: Signed, vendor: str
) -> Iterator[Signed]:
    for mistake, key in (
        ("the key was the secret with a & after it, as in the older scheme", f"{secret}&"),
        ("the secret was the published one, not this account's", published),
        *mismatch.keys(secret),
    ):
        signature = _mac(key, ours.string_to_sign, "sha256").hex()
        yield ours._replace(signature=signature, mistake=mistake)
    raw = _mac(secret, ours.string_to_sign, "sha256")
    yield ours._replace(signature=_base64(raw), mistake="it was in Base64, not hexadecimal")
    yield ours._replace(signature=raw.hex().upper(), mistake="it was in hexadecimal capitals")
    for mistake, text in mismatch.strings(ours.string_to_sign):
        yield Signed(_mac(secret, text, "sha256").hex(), text, ours.canonical, mistake)
    for mistake, canonical in _canonical_requests(call, query, ours.canonical, vendor):
        hashed = hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()
        text = f"ACS3-HMAC-SHA256\n{hashed}"
        yield Signed(_mac(secret, text, "sha256").hex(), text, canonical, mistake)


def _canonical_requests(
    call: Call, query: Fields, right: str, vendor: str
) -> Iterator[tuple[str, str]]:
    bare, colon, _port = call.host.rpartition(":")
    if colon:
        without = right.replace(f"\nhost:{call.host}\n", f"\nhost:{bare}\n")
        yield "the host was signed without its port", without
    its_own = right.replace(f"\nhost:{call.host}\n", f"\nhost:{vendor}\n")
    yield f"the host was signed as {vendor}, and sent as {call.host}", its_own
    head, _, payload = right.rpartition("\n")
    stated = call.headers.get("x-acs-content-sha256", "")
    if stated != payload:
        yield "another body was hashed than the one that was sent", f"{head}\n{stated}"
    yield "the body was not hashed", f"{head}\n{hashlib.sha256(b'').hexdigest()}"
    lines = right.split("\n")
    if call.raw_path not in ("", "/"):
        yield (
            f"the path was signed as {call.raw_path}, not /",
            "\n".join([lines[0], call.raw_path, *lines[2:]]),
        )
    unsorted = "&".join(_pairs(query, encoded))
    yield (
        "the query was signed in the order sent, not by name",
        "\n".join([*lines[:2], unsorted, *lines[3:]]),
    )
    yield "the query was not signed", "\n".join([*lines[:2], "", *lines[3:]])
    yield "a space was signed as +, not %20", "\n".join([*lines[:2], _spaced(lines[2]), *lines[3:]])
    other = "GET" if call.method == "POST" else "POST"
    yield f"it was signed as a {other}, and sent as a {call.method}", "\n".join([other, *lines[1:]])
    yield from mismatch.strings(right, call.method)
    for mistake, respell in mismatch.respelled(lines[2]):
        yield mistake, "\n".join([*lines[:2], respell(lines[2]), *lines[3:]])
    for mistake, less in mismatch.left_out(query):
        yield mistake, "\n".join([*lines[:2], canonical_query(less), *lines[3:]])


# The page says seconds, and the service takes fractions of them: JavaScript's `toISOString` has
# milliseconds, and applications that sign by hand have sent it for years.
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_SKEW = 15 * 60


def authenticate(exchange: Exchange) -> None:
    """Version, format, time, signature, nonce. Only a right signature uses up its nonce."""
    stated = claim(exchange.call, exchange.document)
    for name, value in zip(("Version", "Timestamp"), (stated.version, stated.date), strict=True):
        if not value:
            raise Refusal(f"Missing{name}")
    if stated.version not in (VERSION, GLOBAL_VERSION):
        raise Refusal("InvalidVersion")
    if stated.version != version(exchange.call):
        raise Refusal(Problem.NOT_FOUND)
    if first(parameters(exchange.document), "Format").upper() not in ("", "JSON", "XML"):
        raise Refusal("InvalidParameter.Format")
    _in_time(stated.date, exchange)
    _signed(exchange, stated)
    world, key = exchange.world, f"aliyun/{stated.nonce}"
    # A request from the end of the allowed future expires twice the allowance from now.
    if not world.store.once(world.id, key, exchange.now, exchange.now + 2 * _SKEW + 1):
        raise Refusal(Problem.REPLAYED)


def _in_time(date: str, exchange: Exchange) -> None:
    if not _TIMESTAMP.fullmatch(date):
        raise Refusal("InvalidTimeStamp.Format")
    try:
        at = from_iso(date)
    except ValueError:
        raise Refusal("InvalidTimeStamp.Format") from None
    if abs(exchange.age(at, _SKEW)) > _SKEW:
        raise Refusal(Problem.EXPIRED)


def _signed(exchange: Exchange, stated: Claim) -> None:
    if stated.method != "HMAC-SHA1":
        raise Refusal("InvalidSignatureMethod")
    if not stated.signature:
        raise Refusal("MissingSignature")
    if not stated.nonce:
        raise Refusal("MissingSignatureNonce")
    expected = stated.expected(exchange.credentials["access_key_secret"])
    if not credentials.same(expected, stated.signature):
        exchange.mismatch = explained(exchange, stated)
        raise Refusal(Problem.UNAUTHENTICATED, server_string_to_sign=stated.shown)
