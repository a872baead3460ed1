"""What a wrong OAuth signature is over: the mistakes that clients of their own make.

RFC 5849, sections 3.4.1 and 3.4.2.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from simulators.kernel import mismatch
from simulators.kernel.call import Call
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange
from simulators.providers.gatewayapi import signing

SOURCE = "https://www.rfc-editor.org/rfc/rfc5849#section-3.4"
VENDOR_HOST = "gatewayapi.com"


def explained(exchange: Exchange, in_header: Mapping[str, str], given: str) -> dict[str, Any]:
    """What the right signature is over, and the mistake that the given one comes of."""
    secret = exchange.credentials["oauth_secret"]
    base = signing.base_string(exchange.call, in_header)
    ours = Signed(signing.signature(base, secret), base)
    published = exchange.provider.published["oauth_secret"]
    said = "the secret was the published one, not this account's"
    other = Signed(signing.signature(base, published), base, mistake=said)
    made = [other, *_strings(exchange.call, in_header, secret)]
    return mismatch.explained("HMAC-SHA1", SOURCE, given, ours, made)


def _strings(call: Call, in_header: Mapping[str, str], secret: str) -> Iterator[Signed]:
    for mistake, signed in _calls(call):
        base = signing.base_string(signed, in_header)
        yield Signed(signing.signature(base, secret), base, mistake=mistake)


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
