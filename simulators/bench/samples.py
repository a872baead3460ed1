"""A good send request to each provider, with a fresh number each time.

To add a provider: a function from a running number to the bytes of the request, and its line in
`SAMPLES`. Signatures are made here anew, as a client makes them.
"""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


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


def gatewayapi(n: int) -> bytes:
    """https://gatewayapi.com/docs/apis/legacy/rest/ , as Logto sends it"""
    recipients = f'[{{"msisdn":"{american(n)}"}}]'
    body = f'{{"sender":"ExampleSMS","message":"{text(n)}","recipients":{recipients}}}'
    return post(
        "/gatewayapi/rest/mtsms",
        _JSON,
        body,
        "authorization: Basic RmFrZVRva2VuRmFrZVRva2VuRmFrZVRva2VuRmFrZVRva2VuLTAxMjM0NTY3ODlf"
        "YWJjZGVmZ2hpajo=",
    )


def tencent(n: int) -> bytes:
    """https://cloud.tencent.com/document/api/382/52071, as Logto's connector signs"""
    content_type, host = "application/json; charset=utf-8", "sms.tencentcloudapi.com"
    body = (
        f'{{"SmsSdkAppId":"1400006666","SignName":"腾讯云","TemplateId":"449739",'
        f'"TemplateParamSet":["{n % 1_000_000:06d}"],"PhoneNumberSet":["86{chinese(n)}"]}}'
    )
    now = int(time.time())
    scope = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}/sms/tc3_request"
    signed = f"content-type:{content_type}\nhost:{host}\n\ncontent-type;host"
    canonical = f"POST\n/\n\n{signed}\n{sha256(body.encode()).hexdigest()}"
    key = b"TC3FakeFakeFakeFakeFakeFakeFakeFake"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    return post(
        "/tencent/",
        content_type,
        body,
        "x-tc-action: SendSms",
        f"x-tc-timestamp: {now}",
        "x-tc-version: 2021-01-11",
        "x-tc-region: ap-guangzhou",
        "authorization: TC3-HMAC-SHA256"
        f" Credential=AKIDFakeFakeFakeFakeFakeFakeFakeFake/{scope},"
        " SignedHeaders=content-type;host,"
        f" Signature={hmac.digest(key, text.encode(), 'sha256').hex()}",
    )


TRIVIAL = Sample(trivial, b'"ok":true')
SAMPLES = {
    "gatewayapi": Sample(gatewayapi, b'"ids":['),
    "tencent": Sample(tencent, b'"Code":"Ok"'),
    "twilio": Sample(twilio, b'"status":"accepted"'),
}
