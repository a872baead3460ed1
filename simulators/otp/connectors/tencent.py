"""Logto's Tencent Cloud connector, and a careful one.

https://docs.logto.io/integrations/tencent-sms
Signed as https://cloud.tencent.com/document/api/382/52071 says (TC3-HMAC-SHA256).
"""

import hashlib
import hmac
import json
import time
from typing import Any

from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Crash,
    Incoming,
    Message,
    Moment,
    Outgoing,
    choose,
    spelled,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got

HOST = "sms.tencentcloudapi.com"
URL = f"https://{HOST}/"
KIND = "application/json; charset=utf-8"
SIGNED = "content-type;host"


def request(config: Config, message: Message, moment: Moment) -> Outgoing:
    """JSON. Every value of the payload but `locale` is a parameter of the template, in its order,
    and an object is one too: `[object Object]`. No Generic template stands in for another."""
    template = choose(config, message.usage, exactly=True)
    given = [value for name, value in message.payload.items() if name != "locale"]
    document = {
        "SmsSdkAppId": config["sdkAppId"],
        "SignName": config["signName"],
        "TemplateId": template["templateCode"],
        "TemplateParamSet": [spelled(value, nothing="null") for value in given],
        "PhoneNumberSet": [message.to],
    }
    body, now = got.document(document), int(moment.now)
    headers = got.headers(
        ("authorization", authorization(config, body, now)),
        ("content-type", KIND),
        ("host", HOST),
        ("x-tc-action", "SendSms"),
        ("x-tc-timestamp", str(now)),
        ("x-tc-version", "2021-01-11"),
        ("x-tc-region", config["region"]),
        ("accept", "application/json"),
    )
    return Outgoing(method="POST", url=URL, headers=headers, body=body)


def authorization(config: Config, body: bytes, now: int) -> str:
    """The signature of a body and its two signed headers, under a key of the day."""
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    scope = f"{day}/sms/tc3_request"
    canonical = f"POST\n/\n\ncontent-type:{KIND}\nhost:{HOST}\n\n{SIGNED}\n{_hash(body)}"
    signed = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{_hash(canonical.encode())}"
    key = f"TC3{config['accessKeySecret']}".encode()
    for part in (day, "sms", "tc3_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    proof = hmac.digest(key, signed.encode(), hashlib.sha256).hex()
    who = f"Credential={config['accessKeyId']}/{scope}"
    return f"TC3-HMAC-SHA256 {who}, SignedHeaders={SIGNED}, Signature={proof}"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def faithful(answer: Incoming) -> None:
    """Reads the first number's verdict. An answer that is not what Tencent sends goes through
    Logto as a fault of its own."""
    said = _decoded(answer)
    error = _error(said)
    if not got.is_ok(answer):
        if error is None:
            why = got.failed(answer, "POST", URL)
            raise ConnectorError("general", f"Request error: {why}")
        kept = {"Response": {"Error": error}}
        data = {"errorDescription": error["Message"], "Code": error["Code"]}
        raise ConnectorError("general", {**data, "success": True, "data": kept})
    if error is not None:
        raise ConnectorError("general", f"{error['Code']}: {error['Message']}")
    first, request_id = _first(said)
    if str(first["Code"]).lower() != "ok":
        told = f"{first['Code']}: {first.get('Message')}, RequestId: {request_id}"
        raise ConnectorError("general", told)


def _decoded(answer: Incoming) -> Any:
    try:
        return json.loads(got.text(answer)) if answer.body else ""
    except (ValueError, RecursionError) as problem:
        if got.is_ok(answer):
            raise Crash(f"{problem} in {URL}") from None
        return got.text(answer)


def _error(said: Any) -> dict[str, str] | None:
    """The error of an answer, with what Logto's guard keeps of it."""
    response = said.get("Response") if isinstance(said, dict) else None
    error = response.get("Error") if isinstance(response, dict) else None
    if not isinstance(error, dict):
        return None
    kept = {name: error.get(name) for name in ("Code", "Message")}
    return kept if all(isinstance(value, str) for value in kept.values()) else None  # type: ignore[return-value]  # just checked


def _first(said: Any) -> tuple[dict[str, Any], Any]:
    try:
        statuses, request_id = said["Response"]["SendStatusSet"], said["Response"].get("RequestId")
        if not statuses:
            raise ConnectorError("general", "Cannot find item at index 0")
        return {"Code": statuses[0]["Code"], **statuses[0]}, request_id
    except (TypeError, KeyError, AttributeError) as problem:
        raise Crash(f"not an answer of SendSms: {problem!r}") from None


def careful(answer: Incoming) -> None:
    """The whole call may fail, and each number of it; both under HTTP 200."""
    said = noticing.document(answer).get("Response")
    response = said if isinstance(said, dict) else {}
    error = response.get("Error")
    found = noticing.objects([error] if error else response.get("SendStatusSet"))
    for one in found:
        code = str(one.get("Code", ""))
        if code.lower() != "ok":
            limited = code.startswith(("LimitExceeded", "RequestLimitExceeded"))
            words = str(one.get("Message", ""))
            raise noticing.refusal(answer, words, limited=limited, Code=code)
    if not found or not got.is_ok(answer):
        raise noticing.unclear(answer)


CONNECTOR = Connector(
    id="tencent-short-message-service",
    name="Tencent Short Message Service",
    target="tencent-sms",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
