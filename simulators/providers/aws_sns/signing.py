"""Signature Version 4: how AWS signs a request, in the Authorization header or in a query.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
A signature that is not the right one is tried against what clients of their own get wrong.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from simulators.kernel import clock, headers, mismatch
from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials, derived
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange
from simulators.kernel.reading import Fields, first
from simulators.kernel.remembered import remembered

ALGORITHM = "AWS4-HMAC-SHA256"
PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"
SERVICE, TERMINATOR = "sns", "aws4_request"
UNSIGNED = "UNSIGNED-PAYLOAD"
BASIC = "%Y%m%dT%H%M%SZ"  # ISO 8601 without its hyphens and colons
_BLANKS = re.compile(r" +")
_PLAIN = "-_.~"
_PREFIX = "AWS4"  # of the secret, from which keys are derived


class Scope(NamedTuple):
    """What a key is made for: the five parts of a Credential."""

    key_id: str
    date: str
    region: str
    service: str
    terminator: str

    def __str__(self) -> str:
        return "/".join(self[1:])


class Proof(NamedTuple):
    """A signature as a request carries it; `presigned` ones stand in the query."""

    scope: Scope
    signed: tuple[str, ...]
    signature: str
    at: str
    presigned: bool = False


def parameters(header: str) -> dict[str, str]:
    """The parameters of an Authorization header behind the algorithm."""
    _algorithm, _, rest = header.strip().partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value for name, equals, value in pairs if equals}


def scope(credential: str) -> Scope | None:
    """The parts of a Credential; None where there are not five."""
    parts = credential.split("/")
    return Scope(*parts) if len(parts) == 5 else None


@remembered(4096)  # it is asked for more than once a request
def by_header(header: str, at: str) -> Proof | None:
    """The proof in an Authorization header, made `at` a time; None where a part is missing."""
    given = parameters(header) if header.startswith(f"{ALGORITHM} ") else {}
    parts = scope(given.get("Credential", ""))
    if parts is None or not given.get("SignedHeaders") or not given.get("Signature"):
        return None
    return Proof(parts, headers.named(given["SignedHeaders"]), given["Signature"], at)


def by_query(query: Fields) -> Proof | None:
    """The proof of a presigned request; None where a part is missing."""
    parts = scope(first(query, "X-Amz-Credential"))
    names = ("X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date")
    signed, signature, at = (first(query, name) for name in names)
    if parts is None or not (signed and signature and at):
        return None
    return Proof(parts, headers.named(signed), signature, at, presigned=True)


def signature(call: Call, proof: Proof, host: str, secret: str) -> str:
    """The signature of a request that signs `host` in place of its Host header."""
    return over(canonical_request(call, proof, host), proof, secret)


def over(canonical: str, proof: Proof, secret: str) -> str:
    """The signature over a canonical request."""
    text = string_to_sign(canonical, proof.at, proof.scope)
    return _mac(key(secret, *proof.scope[1:]), text)


def canonical_request(call: Call, proof: Proof, host: str) -> str:
    """What is hashed: method, path, sorted query, the signed headers, the hash of the body."""
    values = "".join(f"{name}:{_header(call, name, host)}\n" for name in proof.signed)
    return "\n".join(
        (
            call.method,
            quote(call.raw_path or "/", safe=f"/{_PLAIN}"),
            _query(call.query),
            values,
            ";".join(proof.signed),
            _payload(call),
        )
    )


def string_to_sign(canonical: str, at: str, parts: Scope) -> str:
    """What is signed: algorithm, time, scope, hash of the canonical request."""
    return f"{ALGORITHM}\n{at}\n{parts}\n{_hash(canonical.encode('latin-1', 'replace'))}"


@remembered(1024)
def key(secret: str, *parts: str) -> bytes:
    """The key for one day, region and service."""
    return derived(f"{_PREFIX}{secret}".encode(), *parts)


def sign(call: Call, known: Credentials, now: float, _nonce: str) -> Call:
    """A client's request, signed over its type, its host and its time as SDKs do."""
    at = clock.wall(now, form=BASIC)
    parts = Scope(known["access_key_id"], at[:8], known["region"], SERVICE, TERMINATOR)
    names = [*sorted({"content-type", "host"} & call.headers.keys()), "x-amz-date"]
    dated = replace(call, headers={**call.headers, "x-amz-date": at})
    proof = Proof(parts, tuple(names), "", at)
    made = signature(dated, proof, call.host, known["secret_access_key"])
    named = (
        f"{ALGORITHM} Credential={parts.key_id}/{parts}, SignedHeaders={';'.join(names)},"
        f" Signature={made}"
    )
    return replace(dated, headers={**dated.headers, "authorization": named})


def canonical_requests(call: Call, proof: Proof, strict: bool) -> Iterable[str]:
    """What a client may have signed, the request as it came first: where a proxy says another host
    or puts a path before, the host without its port or the vendor's, and the vendor's only path.
    With `strict` the first alone."""
    yield canonical_request(call, proof, call.host)
    if strict:
        return
    at_root = replace(call, raw_path="/")
    bare, colon, _port = call.host.rpartition(":")
    vendor = vendor_host(proof.scope.region)
    for host in (call.host, *([bare] if colon else []), vendor):
        yield canonical_request(at_root, proof, host)
        if host != call.host:
            yield canonical_request(call, proof, host)


def vendor_host(region: str) -> str:
    """The service's name in a region."""
    return f"sns.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _header(call: Call, name: str, host: str) -> str:
    value = host if name == "host" else call.headers.get(name, "")
    return _BLANKS.sub(" ", value.strip())


def _query(query: str) -> str:
    """Name and value encoded by RFC 3986 and sorted; the signature itself is not among them."""
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    again = [(_encoded(name), _encoded(value)) for name, value in pairs]
    return "&".join(f"{n}={v}" for n, v in sorted(again) if n != "X-Amz-Signature")


def _encoded(part: str) -> str:
    return quote(unquote(part, errors="surrogateescape"), safe=_PLAIN, errors="surrogateescape")


def _payload(call: Call) -> str:
    return UNSIGNED if _unsigned(call) else _hash(call.body)


def _unsigned(call: Call) -> bool:
    return call.headers.get("x-amz-content-sha256") == UNSIGNED


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mac(made: bytes, text: str) -> str:
    return hmac.digest(made, text.encode("utf-8", "replace"), "sha256").hex()


def explained(exchange: Exchange, proof: Proof) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    call, secret = exchange.call, exchange.credentials["secret_access_key"]
    canonical = canonical_request(call, proof, call.host)
    text = string_to_sign(canonical, proof.at, proof.scope)
    ours = Signed(_mac(key(secret, *proof.scope[1:]), text), text, canonical)
    published = exchange.provider.published["secret_access_key"]
    made = _mistaken(call, proof, (secret, published), ours)
    return mismatch.explained(ALGORITHM, PAGE, proof.signature, ours, made)


def _mistaken(call: Call, proof: Proof, secrets: tuple[str, str], ours: Signed) -> Iterator[Signed]:
    secret, published = secrets
    parts, text = proof.scope[1:], ours.string_to_sign
    for mistake, other in mismatch.derived_keys(_PREFIX, secret, published, *parts):
        yield ours._replace(signature=_mac(other, text), mistake=mistake)
    right = key(secret, *parts)
    for mistake, longer in mismatch.strings(text):
        yield Signed(_mac(right, longer), longer, ours.canonical, mistake)
    for mistake, canonical in _canonical_requests(call, proof, ours.canonical):
        made = string_to_sign(canonical, proof.at, proof.scope)
        yield Signed(_mac(right, made), made, canonical, mistake)


def _canonical_requests(call: Call, proof: Proof, right: str) -> Iterator[tuple[str, str]]:
    vendor = vendor_host(proof.scope.region)
    bare, colon, _port = call.host.rpartition(":")
    if colon:
        yield "the host was signed without its port", canonical_request(call, proof, bare)
    said = f"the host was signed as {vendor}, and sent as {call.host}"
    yield said, canonical_request(call, proof, vendor)
    lines = right.split("\n")
    if lines[1] != "/":
        said = f"the path was signed as /, and sent as {call.raw_path}"
        yield said, "\n".join([lines[0], "/", *lines[2:]])
    other = "GET" if call.method == "POST" else "POST"
    said = f"it was signed as a {other}, and sent as a {call.method}"
    yield said, "\n".join([other, *lines[1:]])
    if call.query:
        yield "the query was not signed", "\n".join([*lines[:2], "", *lines[3:]])
        said = "the query was signed in the order sent, not by name"
        sent = "&".join(p for p in call.query.split("&") if not p.startswith("X-Amz-Signature="))
        yield said, "\n".join([*lines[:2], sent, *lines[3:]])
    yield "the empty line behind the headers was left out", right.replace("\n\n", "\n", 1)
    names = sorted(proof.signed)
    if names != list(proof.signed):
        ordered = canonical_request(call, proof._replace(signed=tuple(names)), call.host)
        yield "the headers were signed by name, and named in another order", ordered
    yield from mismatch.strings(right, call.method)
    head = "\n".join(lines[:-1])
    for mistake, payload in (
        ("the body was not hashed", _hash(b"")),
        (f"the body was signed as {UNSIGNED}, without the header that says so", UNSIGNED),
        ("the hash of the body was left out", ""),
    ):
        yield mistake, f"{head}\n{payload}"
    for respelled, body in _spellings(call.body):
        yield respelled, f"{head}\n{_hash(body)}"


def _spellings(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The same form as other encoders write it."""
    if b"+" in body:
        said = "the body was signed with %20 for its blanks, and sent with +"
        yield said, body.replace(b"+", b"%20")
    if b"%20" in body:
        said = "the body was signed with + for its blanks, and sent with %20"
        yield said, body.replace(b"%20", b"+")
