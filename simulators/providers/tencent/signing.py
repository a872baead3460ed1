"""Tencent's two signatures: TC3-HMAC-SHA256 in a header, HmacSHA1 and HmacSHA256 in a parameter.

Version 3: https://cloud.tencent.com/document/api/382/52071
Version 1: https://cloud.tencent.com/document/api/382/52072
A signature that is not the right one is tried against what clients of their own get wrong.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

import orjson

from simulators.kernel import headers, mismatch
from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials, derived
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange
from simulators.kernel.reading import Fields, first
from simulators.kernel.remembered import remembered

VENDOR_HOST = "sms.tencentcloudapi.com"
UNSIGNED = "UNSIGNED-PAYLOAD"
_PREFIX, _TERMINATOR = "TC3", "tc3_request"
DIGESTS: Mapping[str, Callable[..., "hashlib._Hash"]] = {
    "HmacSHA1": hashlib.sha1,
    "HmacSHA256": hashlib.sha256,
}
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256\s+Credential=([^/,\s]+)/([^/,\s]+)/([^/,\s]+)/tc3_request,\s*"
    r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)


class Authorization(NamedTuple):
    """The parts of a version 3 Authorization header."""

    secret_id: str
    date: str
    service: str
    signed: tuple[str, ...]
    signature: str


@remembered(4096)
def authorization(header: str) -> Authorization | None:
    """The parts of the header; None if it is malformed."""
    found = _AUTHORIZATION.fullmatch(header.strip())
    if found is None:
        return None
    secret_id, date, service, signed, signature = found.groups()
    return Authorization(secret_id, date, service, headers.named(signed), signature)


def tc3(call: Call, parts: Authorization, timestamp: int, host: str, secret_key: str) -> str:
    """The version 3 signature of a request that signs `host` in place of its Host header.

    The date is that of the timestamp in UTC whatever the scope claims.
    """
    date = day(timestamp)
    text = string_to_sign(canonical_request(call, parts, host), timestamp, date, parts.service)
    return hmac.digest(day_key(secret_key, date, parts.service), text.encode(), "sha256").hex()


def sign(call: Call, known: Credentials, now: float, _nonce: str) -> Call:
    """A client's request, signed by version 3 over its type, its host and its body."""
    timestamp = int(now)
    parts = Authorization(known["secret_id"], day(timestamp), "sms", ("content-type", "host"), "")
    signature = tc3(call, parts, timestamp, call.host, known["secret_key"])
    named = (
        f"TC3-HMAC-SHA256 Credential={parts.secret_id}/{parts.date}/{parts.service}/tc3_request,"
        f" SignedHeaders={';'.join(parts.signed)}, Signature={signature}"
    )
    added = {"authorization": named, "x-tc-timestamp": str(timestamp)}
    return replace(call, headers={**call.headers, **added})


def canonical_request(call: Call, parts: Authorization, host: str) -> str:
    """What version 3 hashes. The query counts as sent, neither sorted nor encoded anew."""
    return "\n".join(
        (
            call.method,
            "/",
            call.query if call.method == "GET" else "",
            *(f"{name}:{_value(call, name, host)}" for name in parts.signed),
            "",
            ";".join(parts.signed),
            _payload(call),
        )
    )


def string_to_sign(canonical: str, timestamp: int, date: str, service: str) -> str:
    """What version 3 signs: algorithm, time, scope, hash of the canonical request."""
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    return f"TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{digest}"


def day(timestamp: int) -> str:
    """The date of a time, in UTC."""
    return _day(timestamp // 86_400)


def _value(call: Call, name: str, host: str) -> str:
    value = host if name == "host" else call.headers.get(name, "")
    # The vendor's own sample signs x-tc-action in lower case while sending it in CamelCase.
    return value.strip().lower()


def _payload(call: Call) -> str:
    if call.headers.get("x-tc-content-sha256") == UNSIGNED:
        return hashlib.sha256(UNSIGNED.encode()).hexdigest()
    return hashlib.sha256(b"" if call.method == "GET" else call.body).hexdigest()


@lru_cache(maxsize=64)
def _day(days: int) -> str:
    return datetime.fromtimestamp(days * 86_400, UTC).strftime("%Y-%m-%d")


@remembered(1024)
def day_key(secret_key: str, date: str, service: str) -> bytes:
    """The key that signs one day's requests to one service."""
    return derived(f"{_PREFIX}{secret_key}".encode(), date, service, _TERMINATOR)


def v1(method: str, host: str, params: Fields, secret_key: str) -> str:
    """The version 1 signature; raises `KeyError` for a method that does not exist."""
    named = first(params, "SignatureMethod", "HmacSHA1")
    return digest(named, secret_key, v1_string(method, host, params))


def v1_string(method: str, host: str, params: Fields) -> str:
    """What version 1 signs. Names are sorted, values stand as they are, not URL-encoded."""
    joined = "&".join(
        f"{name.replace('_', '.')}={first(params, name)}"
        for name in sorted(params)
        if name != "Signature"
    )
    return f"{method}{host}/?{joined}"


def digest(named: str, secret_key: str, text: str) -> str:
    """A version 1 signature, by one of `DIGESTS`."""
    made = hmac.new(secret_key.encode(), text.encode("utf-8", "replace"), DIGESTS[named])
    return base64.b64encode(made.digest()).decode()


def hosts(call: Call, strict: bool) -> Iterable[str]:
    """What a client may have signed as its host, the Host header first.

    Given an address with a port, the Node SDK signs it without, and SDKs behind an
    `apigw_endpoint` sign the vendor's name; with `strict` only the Host header counts.
    """
    yield call.host
    if not strict:
        bare, colon, _port = call.host.rpartition(":")
        if colon:
            yield bare
        if VENDOR_HOST not in (call.host, bare):
            yield VENDOR_HOST


V3 = "https://cloud.tencent.com/document/api/382/52071"
V1 = "https://cloud.tencent.com/document/api/382/52072"


def version_3(exchange: Exchange, parts: Authorization, timestamp: int) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    call, key = exchange.call, exchange.credentials["secret_key"]
    date = day(timestamp)
    canonical = canonical_request(call, parts, call.host)
    text = string_to_sign(canonical, timestamp, date, parts.service)
    ours = Signed(_mac(day_key(key, date, parts.service), text), text, canonical)
    published = exchange.provider.published["secret_key"]
    made = _version_3(call, parts, timestamp, (key, published), ours)
    return mismatch.explained("TC3-HMAC-SHA256", V3, parts.signature, ours, made)


def _version_3(
    call: Call, parts: Authorization, timestamp: int, keys: tuple[str, str], ours: Signed
) -> Iterator[Signed]:
    secret, published = keys
    date, service, text = day(timestamp), parts.service, ours.string_to_sign
    parts_of_key = (date, service, _TERMINATOR)
    for mistake, key in mismatch.derived_keys(_PREFIX, secret, published, *parts_of_key):
        yield ours._replace(signature=_mac(key, text), mistake=mistake)
    right = day_key(secret, date, service)
    for mistake, longer in mismatch.strings(text):
        yield Signed(_mac(right, longer), longer, ours.canonical, mistake)
    if parts.date != date:
        wrong = string_to_sign(ours.canonical, timestamp, parts.date, service)
        key = day_key(secret, parts.date, service)
        mistake = f"the date was {parts.date}; in UTC that of the timestamp is {date}"
        yield Signed(_mac(key, wrong), wrong, ours.canonical, mistake)
    for mistake, canonical in _canonical_requests(call, parts, ours.canonical):
        made = string_to_sign(canonical, timestamp, date, service)
        yield Signed(_mac(right, made), made, canonical, mistake)


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "replace"), "sha256").hex()


def _canonical_requests(call: Call, parts: Authorization, right: str) -> Iterator[tuple[str, str]]:
    for mistake, host in _hosts(call):
        yield mistake, canonical_request(call, parts, host)
    lines = right.split("\n")
    if call.raw_path not in ("", "/"):
        said = f"the path was signed as {call.raw_path}, not /"
        yield said, "\n".join([lines[0], call.raw_path, *lines[2:]])
    if call.method == "POST" and call.query:
        said = "the query was signed, which a POST has none of"
        yield said, "\n".join([*lines[:2], call.query, *lines[3:]])
    other = "GET" if call.method == "POST" else "POST"
    said = f"it was signed as a {other}, and sent as a {call.method}"
    yield said, "\n".join([other, *lines[1:]])
    as_sent = [f"{name}:{call.headers.get(name, '').strip()}" for name in parts.signed]
    signed = "\n".join([*lines[:3], *as_sent, *lines[3 + len(as_sent) :]])
    yield "the headers' values were signed as sent, not in lower case", signed
    yield from _content_types(call, right)
    yield from mismatch.strings(right, call.method)
    if call.method == "GET":
        yield from _queries(call.query, lines)
    head = "\n".join(lines[:-1])
    for mistake, payload in _payloads(call):
        yield mistake, f"{head}\n{hashlib.sha256(payload).hexdigest()}"


def _queries(query: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    """The canonical request of a GET over another query; `lines` are those of the right one."""
    pairs = dict(part.partition("=")[::2] for part in query.split("&"))
    said = [
        *((mistake, respell(query)) for mistake, respell in mismatch.respelled(query)),
        ("the query was sorted by name, and sent in another order", _joined(sorted(pairs.items()))),
        ("the values were not percent-encoded", unquote_plus(query)),
        *((mistake, _joined(less.items())) for mistake, less in mismatch.left_out(pairs)),
    ]
    for mistake, other in said:
        yield mistake, "\n".join([*lines[:2], other, *lines[3:]])


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _hosts(call: Call) -> Iterator[tuple[str, str]]:
    bare, colon, _port = call.host.rpartition(":")
    if colon:
        yield "the host was signed without its port", bare
    yield f"the host was signed as {VENDOR_HOST}, and sent as {call.host}", VENDOR_HOST


def _content_types(call: Call, right: str) -> Iterator[tuple[str, str]]:
    sent = call.headers.get("content-type", "").strip().lower()
    for kind in ("application/json", "application/json; charset=utf-8"):
        if kind != sent:
            signed = right.replace(f"\ncontent-type:{sent}\n", f"\ncontent-type:{kind}\n")
            yield f"the content type was signed as {kind}, and sent as {sent}", signed


def _payloads(call: Call) -> Iterator[tuple[str, bytes]]:
    yield "the body was not hashed", b""
    unsigned = UNSIGNED
    yield f"the body was signed as {unsigned}, without the header that says so", unsigned.encode()
    for said, body in _spellings(call.body):
        yield f"the body was signed {said}, and sent in another spelling", body


def _spellings(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The same JSON as other serialisers write it."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    yield "as JSON without spaces", orjson.dumps(value)
    yield "as JSON with sorted names", orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    try:
        yield "as JSON with spaces", json.dumps(value, ensure_ascii=False).encode()
        yield "as JSON with spaces and \\u escapes", json.dumps(value).encode()
        compact = json.dumps(value, separators=(",", ":"))
        yield "as JSON with \\u escapes", compact.encode()
    except RecursionError:  # nested too deep for it
        return


def version_1(exchange: Exchange, params: Fields, given: str) -> dict[str, Any]:
    """The same for a signature in a parameter."""
    call, key = exchange.call, exchange.credentials["secret_key"]
    named = first(params, "SignatureMethod", "HmacSHA1")
    text = v1_string(call.method, call.host, params)
    ours = Signed(digest(named, key, text), text)
    published = exchange.provider.published["secret_key"]
    made = _version_1(call, params, named, (key, published), ours)
    return mismatch.explained(named, V1, given, ours, made)


def _version_1(
    call: Call, params: Fields, named: str, keys: tuple[str, str], ours: Signed
) -> Iterator[Signed]:
    secret, published = keys
    text = ours.string_to_sign
    for said, key in (
        ("the secret was the published one, not this account's", published),
        *mismatch.keys(secret),
    ):
        yield Signed(digest(named, key, text), text, mistake=said)
    for other in DIGESTS:
        if other != named:
            said = f"it was made by {other}, and SignatureMethod is {named}"
            yield Signed(digest(other, secret, text), text, mistake=said)
    for mistake, wrong in _version_1_strings(call, params, text):
        yield Signed(digest(named, secret, wrong), wrong, mistake=mistake)


def _version_1_strings(call: Call, params: Fields, right: str) -> Iterator[tuple[str, str]]:
    for mistake, host in _hosts(call):
        yield mistake, v1_string(call.method, host, params)
    other = "GET" if call.method == "POST" else "POST"
    said = f"it was signed as a {other}, and sent as a {call.method}"
    yield said, v1_string(other, call.host, params)
    head, _, _joined = right.partition("/?")
    if call.raw_path not in ("", "/"):
        said = f"the path was signed as {call.raw_path}, not /"
        yield said, right.replace(f"{head}/?", f"{head}{call.raw_path}?", 1)
    yield from mismatch.strings(right, call.method)
    for mistake, less in mismatch.left_out(params):
        yield mistake, v1_string(call.method, call.host, less)
    pairs = [(name, first(params, name)) for name in params if name != "Signature"]
    sent = "&".join(f"{name}={value}" for name, value in pairs)
    yield "the parameters were signed in the order sent, not by name", f"{head}/?{sent}"
    encoded = "&".join(f"{n}={quote(v, safe='', errors='replace')}" for n, v in sorted(pairs))
    yield "the values were URL-encoded before they were signed", f"{head}/?{encoded}"
