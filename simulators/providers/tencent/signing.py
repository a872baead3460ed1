"""Tencent's two signatures: TC3-HMAC-SHA256 in a header, HmacSHA1 and HmacSHA256 in a parameter.

Version 3: https://cloud.tencent.com/document/api/382/52071
Version 1: https://cloud.tencent.com/document/api/382/52072
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials
from simulators.kernel.reading import Fields, first

VENDOR_HOST = "sms.tencentcloudapi.com"
UNSIGNED = "UNSIGNED-PAYLOAD"
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


@lru_cache(maxsize=4096)
def authorization(header: str) -> Authorization | None:
    """The parts of the header; None if it is malformed."""
    found = _AUTHORIZATION.fullmatch(header.strip())
    if found is None:
        return None
    secret_id, date, service, signed, signature = found.groups()
    return Authorization(secret_id, date, service, tuple(signed.split(";")), signature)


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


@lru_cache(maxsize=1024)
def day_key(secret_key: str, date: str, service: str) -> bytes:
    """The key that signs one day's requests to one service."""
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


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
