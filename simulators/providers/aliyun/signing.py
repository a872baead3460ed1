"""Aliyun's two signature schemes, from what a request says of itself.

RPC v1 (HMAC-SHA1): https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
V3 (ACS3-HMAC-SHA256): https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
Both sign values as they are once decoded: how a client spelled them on the wire does not matter.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials
from simulators.kernel.provider import Document
from simulators.kernel.reading import Fields, first, form, many
from simulators.providers.aliyun.wire import is_acs3, parameters

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
        message = self.string_to_sign.encode()
        if self.canonical:
            return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        digest = hmac.new(f"{secret}&".encode(), message, hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

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
    names = sorted(signed.split(";"))
    headers = "".join([f"{name}:{call.headers.get(name, '').strip()}\n" for name in names])
    payload = hashlib.sha256(call.body).hexdigest()
    return "\n".join([call.method, "/", canonical_query(query), headers, ";".join(names), payload])


def canonical_query(params: Fields, leave_out: str = "") -> str:
    """All pairs by name, both sides percent-encoded."""
    return "&".join(
        [
            f"{encoded(name)}={encoded(value)}"
            for name in sorted(params)
            if name != leave_out
            for value in sorted(many(params, name))
        ]
    )


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
