"""What a wrong signature of Tencent's is over: the mistakes that clients of their own make."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson

from simulators.kernel import mismatch
from simulators.kernel.call import Call
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange
from simulators.kernel.reading import Fields, first
from simulators.providers.tencent import signing
from simulators.providers.tencent.signing import VENDOR_HOST, Authorization

V3 = "https://cloud.tencent.com/document/api/382/52071"
V1 = "https://cloud.tencent.com/document/api/382/52072"


def version_3(exchange: Exchange, parts: Authorization, timestamp: int) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    call, key = exchange.call, exchange.credentials["secret_key"]
    date = signing.day(timestamp)
    canonical = signing.canonical_request(call, parts, call.host)
    text = signing.string_to_sign(canonical, timestamp, date, parts.service)
    ours = Signed(_mac(signing.day_key(key, date, parts.service), text), text, canonical)
    published = exchange.provider.published["secret_key"]
    made = _version_3(call, parts, timestamp, (key, published), ours)
    return mismatch.explained("TC3-HMAC-SHA256", V3, parts.signature, ours, made)


def _version_3(
    call: Call, parts: Authorization, timestamp: int, keys: tuple[str, str], ours: Signed
) -> Iterator[Signed]:
    secret, published = keys
    date, service, text = signing.day(timestamp), parts.service, ours.string_to_sign
    for mistake, key in (
        (
            "the secret was the published one, not this account's",
            signing.day_key(published, date, service),
        ),
        (
            "the key was derived from the secret without TC3 before it",
            _unprefixed(secret, date, service),
        ),
        ("the key was the secret itself, not derived", secret.encode()),
        ("the key was TC3 and the secret, not derived", f"TC3{secret}".encode()),
    ):
        yield ours._replace(signature=_mac(key, text), mistake=mistake)
    right = signing.day_key(secret, date, service)
    if parts.date != date:
        wrong = signing.string_to_sign(ours.canonical, timestamp, parts.date, service)
        key = signing.day_key(secret, parts.date, service)
        mistake = f"the date was {parts.date}; in UTC that of the timestamp is {date}"
        yield Signed(_mac(key, wrong), wrong, ours.canonical, mistake)
    for mistake, canonical in _canonical_requests(call, parts, ours.canonical):
        made = signing.string_to_sign(canonical, timestamp, date, service)
        yield Signed(_mac(right, made), made, canonical, mistake)


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "replace"), "sha256").hex()


def _unprefixed(secret: str, date: str, service: str) -> bytes:
    key = secret.encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_requests(call: Call, parts: Authorization, right: str) -> Iterator[tuple[str, str]]:
    for mistake, host in _hosts(call):
        yield mistake, signing.canonical_request(call, parts, host)
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
    head = "\n".join(lines[:-1])
    for mistake, payload in _payloads(call):
        yield mistake, f"{head}\n{hashlib.sha256(payload).hexdigest()}"


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
    unsigned = signing.UNSIGNED
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
    text = signing.v1_string(call.method, call.host, params)
    ours = Signed(signing.digest(named, key, text), text)
    published = exchange.provider.published["secret_key"]
    made = _version_1(call, params, named, (key, published), ours)
    return mismatch.explained(named, V1, given, ours, made)


def _version_1(
    call: Call, params: Fields, named: str, keys: tuple[str, str], ours: Signed
) -> Iterator[Signed]:
    secret, published = keys
    text = ours.string_to_sign
    said = "the secret was the published one, not this account's"
    yield Signed(signing.digest(named, published, text), text, mistake=said)
    for other in signing.DIGESTS:
        if other != named:
            said = f"it was made by {other}, and SignatureMethod is {named}"
            yield Signed(signing.digest(other, secret, text), text, mistake=said)
    for mistake, wrong in _version_1_strings(call, params, text):
        yield Signed(signing.digest(named, secret, wrong), wrong, mistake=mistake)


def _version_1_strings(call: Call, params: Fields, right: str) -> Iterator[tuple[str, str]]:
    for mistake, host in _hosts(call):
        yield mistake, signing.v1_string(call.method, host, params)
    other = "GET" if call.method == "POST" else "POST"
    said = f"it was signed as a {other}, and sent as a {call.method}"
    yield said, signing.v1_string(other, call.host, params)
    head, _, _joined = right.partition("/?")
    if call.raw_path not in ("", "/"):
        said = f"the path was signed as {call.raw_path}, not /"
        yield said, right.replace(f"{head}/?", f"{head}{call.raw_path}?", 1)
    pairs = [(name, first(params, name)) for name in params if name != "Signature"]
    sent = "&".join(f"{name}={value}" for name, value in pairs)
    yield "the parameters were signed in the order sent, not by name", f"{head}/?{sent}"
    encoded = "&".join(f"{n}={quote(v, safe='', errors='replace')}" for n, v in sorted(pairs))
    yield "the values were URL-encoded before they were signed", f"{head}/?{encoded}"
