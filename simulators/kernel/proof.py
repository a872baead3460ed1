"""Proofs of identity that several providers share."""

import base64
import binascii
import hmac
from functools import lru_cache

from simulators.kernel.call import Call


def same(expected: str, given: str) -> bool:
    """Compares secrets in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def basic(call: Call) -> tuple[str, str] | None:
    """User and password of a Basic Authorization header (RFC 7617), None where there is none."""
    return _basic(call.headers.get("authorization", ""))


@lru_cache(maxsize=1024)
def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(token.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    user, colon, password = decoded.partition(":")
    return (user, password) if colon else None
