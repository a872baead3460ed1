"""Whether a request is its account's: version, time, signature, nonce.

https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
"""

import re
from datetime import UTC, datetime

from simulators.kernel import credentials
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import first
from simulators.providers.aliyun import signing
from simulators.providers.aliyun.wire import parameters

# The page says seconds, and the service takes fractions of them: JavaScript's `toISOString` has
# milliseconds, and applications that sign by hand have sent it for years.
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_SKEW = 15 * 60
_VERSION = "2017-05-25"


def authenticate(exchange: Exchange) -> None:
    """Version, format, time, signature, nonce. Only a right signature uses up its nonce."""
    stated = signing.claim(exchange.call, exchange.document)
    for name, value in zip(("Version", "Timestamp"), (stated.version, stated.date), strict=True):
        if not value:
            raise Refusal(f"Missing{name}")
    if stated.version != _VERSION:
        raise Refusal("InvalidVersion")
    if first(parameters(exchange.document), "Format").upper() not in ("", "JSON", "XML"):
        raise Refusal("InvalidParameter.Format")
    _in_time(stated.date, exchange.now)
    _signed(exchange, stated)
    world, key = exchange.world, f"aliyun/{stated.nonce}"
    # A request from the end of the allowed future expires twice the allowance from now.
    if not world.store.once(world.id, key, exchange.now, exchange.now + 2 * _SKEW + 1):
        raise Refusal(Problem.REPLAYED)


def _in_time(date: str, now: float) -> None:
    if not _TIMESTAMP.fullmatch(date):
        raise Refusal("InvalidTimeStamp.Format")
    try:
        at = datetime.fromisoformat(date[:-1]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Refusal("InvalidTimeStamp.Format") from None
    if abs(at - now) > _SKEW:
        raise Refusal(Problem.EXPIRED)


def _signed(exchange: Exchange, stated: signing.Claim) -> None:
    if stated.method != "HMAC-SHA1":
        raise Refusal("InvalidSignatureMethod")
    if not stated.signature:
        raise Refusal("MissingSignature")
    if not stated.nonce:
        raise Refusal("MissingSignatureNonce")
    expected = stated.expected(exchange.credentials["access_key_secret"])
    if not credentials.same(expected, stated.signature):
        exchange.mismatch = signing.explained(exchange, stated)
        raise Refusal(Problem.UNAUTHENTICATED, server_string_to_sign=stated.shown)
