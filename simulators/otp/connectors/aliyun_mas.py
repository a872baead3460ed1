"""Logto's connector for Aliyun's SMS authentication, and a careful one.

https://github.com/logto-io/logto/tree/master/packages/connectors/connector-aliyun-sms-mas
It makes the code itself: the vendor sends it, and is never asked to check it.
"""

import json
import re
from typing import Any

import phonenumbers

from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Incoming,
    Message,
    Moment,
    Outgoing,
    choose,
)
from simulators.otp.connectors import aliyun, got
from simulators.otp.connectors import careful as noticing
from simulators.otp.zod import wrong_type, zod_error

URL = "https://dypnsapi.aliyuncs.com/"
ALWAYS = {**aliyun.ALWAYS, "Action": "SendSmsVerifyCode"}
COUNTRY = "86"
MINUTES = "10"  # for how long Logto takes a code, whatever its policy says
LIMITED = ("BUSINESS_LIMIT_CONTROL", "FREQUENCY_FAIL")
_ALSO_LIMITED = ("biz.FREQUENCY", "isv.BUSINESS_LIMIT_CONTROL")
BAD_NUMBER = "MOBILE_NUMBER_ILLEGAL"
_MODEL = ("VerifyCode", "RequestId", "OutId", "BizId")


def request(config: Config, message: Message, moment: Moment) -> Outgoing:
    """A signed form, for numbers of mainland China alone. Of the payload only `locale` is kept
    back."""
    template = choose(config, message.usage)
    number = _national(message.to)
    given = {name: value for name, value in message.payload.items() if name != "locale"}
    fields = {
        "AccessKeyId": config["accessKeyId"],
        "CountryCode": COUNTRY,
        "PhoneNumber": number,
        "SignName": config["signName"],
        "TemplateCode": template["templateCode"],
        "TemplateParam": got.document({**given, "min": MINUTES}).decode(),
    }
    return aliyun.signed(URL, {**ALWAYS, **fields}, config["accessKeySecret"], moment)


def _national(to: str) -> str:
    try:
        read = phonenumbers.parse("+" + re.sub(r"^(?:\+|00)", "", to))
    except phonenumbers.NumberParseException:
        read = None
    if read is None or not phonenumbers.is_valid_number(read) or str(read.country_code) != COUNTRY:
        said = "Phone number must be a valid China mainland mobile number with country code +86."
        raise ConnectorError(
            "invalid_request_parameters", {"errorDescription": said, "phoneNumber": to}
        )
    return phonenumbers.national_significant_number(read)


def faithful(answer: Incoming) -> None:
    """Every answer, whatever its status, must be JSON with Code and Message. Only in an answer with
    a good status do two codes of a limit count as one: the one that the service gives today is
    neither of them."""
    said = _read(answer)
    if not got.is_ok(answer):
        raise ConnectorError("general", said)
    code = said["Code"]
    if code == BAD_NUMBER:
        raise ConnectorError("invalid_request_parameters", said)
    if code != "OK":
        raise ConnectorError("rate_limit_exceeded" if code in LIMITED else "general", said)


def _read(answer: Incoming) -> dict[str, Any]:
    """The error's data, as Logto orders it."""
    try:
        found = json.loads(got.text(answer))
    except (ValueError, RecursionError):
        raise ConnectorError("invalid_response", got.text(answer)) from None
    if not isinstance(found, dict):
        raise ConnectorError("invalid_response", zod_error([wrong_type([], "object", found)]))
    model = found.get("Model", {})
    wrong = [
        wrong_type([name], "string", found.get(name, ...))
        for name in ("Code", "Message", "RequestId")
        if not isinstance(found.get(name), str) and (name != "RequestId" or name in found)
    ]
    if not isinstance(model, dict):
        wrong.append(wrong_type(["Model"], "object", model))
    else:
        wrong += [
            wrong_type(["Model", name], "string", model[name])
            for name in _MODEL
            if not isinstance(model.get(name, ""), str)
        ]
    if wrong:
        raise ConnectorError("invalid_response", zod_error(wrong))
    rest = {name: found[name] for name in ("Code", "RequestId") if name in found}
    if "Model" in found:
        rest["Model"] = {name: model[name] for name in _MODEL if name in model}
    return {"errorDescription": found["Message"], **rest}


def careful(answer: Incoming) -> None:
    """`Code` decides, and `Success` where it is told; limits are told by each of their names, of
    the product and of the gateway before it."""
    said = noticing.document(answer)
    code, words = said.get("Code"), str(said.get("Message", ""))
    if not isinstance(code, str):
        if got.is_ok(answer):
            raise noticing.unclear(answer)
        raise noticing.refusal(answer, words)
    if not got.is_ok(answer) or code != "OK" or said.get("Success") is False:
        limited = code in (*LIMITED, *_ALSO_LIMITED) or code.startswith("Throttling")
        raise noticing.refusal(answer, words, limited=limited, Code=code)


CONNECTOR = Connector(
    id="aliyun-short-message-auth-service",
    name="Aliyun Message Authentication Service",
    target="aliyun-sms-mas",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
