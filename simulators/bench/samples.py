"""A good send request to each provider, with a fresh number each time.

To add a provider: a function from a running number to the bytes of the request, and its line in
`SAMPLES`. Signatures are made here anew, as a client makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Sample:
    """`request` makes the bytes of the n-th request; `good` is in the answer to it, and in no
    refusal."""

    request: Callable[[int], bytes]
    good: bytes


def post(path: str, content_type: str, body: str, *headers: str) -> bytes:
    """A POST as HTTP clients of services write it."""
    raw = body.encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "user-agent: got (https://github.com/sindresorhus/got)",
        "accept: application/json",
        "accept-encoding: gzip, deflate, br",
        f"content-type: {content_type}",
        f"content-length: {len(raw)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + raw


def _scattered(n: int, count: int) -> int:
    """0 to `count` - 1 in an order without neighbours, each once."""
    return n * 7_919_993 % count


def american(n: int) -> str:
    """A number of a valid range in San Francisco, without its plus."""
    return f"1415{2_000_000 + _scattered(n, 7_999_999)}"


def chinese(n: int) -> str:
    """A national mobile number of mainland China."""
    return f"130{_scattered(n, 99_999_989):08d}"


def text(n: int) -> str:
    """What a person reads."""
    return f"Your verification code is {n % 1_000_000:06d}. It is valid for 10 minutes."


def trivial(_n: int) -> bytes:
    """To the view that everything is compared with; about as large as a real one."""
    return post("/view", _FORM, "To=%2B14155550123&Body=Your+verification+code+is+123456")


def twilio(n: int) -> bytes:
    """https://www.twilio.com/docs/messaging/api/message-resource"""
    body = (
        f"To=%2B{american(n)}&MessagingServiceSid=MG00112233445566778899aabbccddeeff"
        f"&Body={text(n).replace(' ', '+')}&RiskCheck=enable"
    )
    return post(
        "/twilio/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json",
        _FORM,
        body,
        "authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpmZWRjYmE5ODc2NTQzMjEw"
        "ZmVkY2JhOTg3NjU0MzIxMA==",
    )


TRIVIAL = Sample(trivial, b'"ok":true')
SAMPLES = {
    "twilio": Sample(twilio, b'"status":"accepted"'),
}
