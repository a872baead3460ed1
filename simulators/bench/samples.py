"""A good send request to each provider, with a fresh number each time.

To add a provider: a function from a running number to the bytes of the request, and its line in
`SAMPLES`. Signatures are made here anew, as a client makes them.
"""

import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

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


def vonage(n: int) -> bytes:
    """https://developer.vonage.com/en/api/sms"""
    body = {"from": "AcmeInc", "to": american(n), "text": text(n)}
    basic = "authorization: Basic YWJjZDEyMzQ6RmFrZVNlY3JldDEyMzQ1Ng=="
    return post("/vonage/sms/json", _JSON, json.dumps(body), basic)


def gatewayapi(n: int) -> bytes:
    """https://gatewayapi.com/docs/apis/rest/"""
    body = {"sender": "ExampleSMS", "message": text(n), "recipients": [{"msisdn": american(n)}]}
    token = "FakeTokenFakeTokenFakeTokenFakeToken-0123456789_abcdefghij"  # noqa: S105 - published
    return post("/gatewayapi/rest/mtsms", _JSON, json.dumps(body), f"authorization: Token {token}")


def smsaero(n: int) -> bytes:
    """https://smsaero.ru/integration/documentation/api/"""
    body = {"number": f"7913{_scattered(n, 9_999_991):07d}", "sign": "SMS Aero", "text": text(n)}
    return post(
        "/smsaero/v2/sms/send",
        _JSON,
        json.dumps(body),
        "authorization: Basic dXNlckBleGFtcGxlLmNvbTphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NQ==",
    )


def aliyun(n: int) -> bytes:
    """https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism"""
    fields = {
        "AccessKeyId": "LTAI5tFakeFakeFakeFake01",
        "Action": "SendSms",
        "Format": "json",
        "PhoneNumbers": chinese(n),
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": f"{time.time_ns()}-{n}",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": f'{{"code":"{n % 1_000_000:06d}"}}',
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": "2017-05-25",
    }
    query = "&".join(f"{name}={_encoded(value)}" for name, value in fields.items())
    to_sign = f"POST&%2F&{_encoded(query)}"
    signature = hmac.digest(b"FakeSecretFakeSecretFakeSecret&", to_sign.encode(), "sha1")
    return post("/aliyun/", _FORM, f"{query}&Signature={_encoded(_base64(signature))}")


def tencent(n: int) -> bytes:
    """https://cloud.tencent.com/document/api/382/52071"""
    body = json.dumps(
        {
            "PhoneNumberSet": [f"+86{chinese(n)}"],
            "SmsSdkAppId": "1400006666",
            "SignName": "腾讯云",
            "TemplateId": "449739",
            "TemplateParamSet": [f"{n % 1_000_000:06d}"],
        }
    )
    at = int(time.time())
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    hashed = sha256(body.encode()).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{_JSON}\nhost:127.0.0.1\n\ncontent-type;host\n{hashed}"
    scope = f"{day}/sms/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_tencent_key(day), to_sign.encode(), "sha256").hexdigest()
    return post(
        "/tencent/",
        _JSON,
        body,
        f"authorization: TC3-HMAC-SHA256 Credential=AKIDFakeFakeFakeFakeFakeFakeFakeFake/{scope},"
        f" SignedHeaders=content-type;host, Signature={signature}",
        "x-tc-action: SendSms",
        f"x-tc-timestamp: {at}",
        "x-tc-version: 2021-01-11",
        "x-tc-region: ap-guangzhou",
    )


def http_sms(n: int) -> bytes:
    """https://docs.logto.io/connectors/sms-connectors/http-sms"""
    body = {"to": american(n), "type": "SignIn", "payload": {"code": f"{n % 1_000_000:06d}"}}
    bearer = "authorization: Bearer fake-http-sms-token"
    return post("/http_sms/sms", _JSON, json.dumps(body), bearer)


def _encoded(value: str) -> str:
    return quote(value, safe="-_.~")


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


@lru_cache(maxsize=2)
def _tencent_key(day: str) -> bytes:
    key = b"TC3" + b"Fake" * 8
    for part in (day, "sms", "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


TRIVIAL = Sample(trivial, b'"ok":true')
SAMPLES = {
    "twilio": Sample(twilio, b'"status":"accepted"'),
    "vonage": Sample(vonage, b'"status":"0"'),
    "gatewayapi": Sample(gatewayapi, b'"ids":['),
    "smsaero": Sample(smsaero, b'"success":true'),
    "aliyun": Sample(aliyun, b'"Code":"OK"'),
    "tencent": Sample(tencent, b'"Code":"Ok"'),
    "http_sms": Sample(http_sms, b"HTTP/1.1 200"),
}
