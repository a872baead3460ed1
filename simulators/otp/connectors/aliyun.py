"""Logto's Aliyun connector, and a careful one.

https://docs.logto.io/integrations/aliyun-sms
Signed as https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism says (HMAC-SHA1).
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

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
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got
from simulators.otp.zod import wrong_type, zod_error

URL = "https://dysmsapi.aliyuncs.com/"
LIMITED = "isv.BUSINESS_LIMIT_CONTROL"
ALWAYS = {
    "Action": "SendSms",
    "Format": "json",
    "RegionId": "cn-hangzhou",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureVersion": "1.0",
    "Version": "2017-05-25",
}
CHINESE = re.compile(r"(?:\+86|0086|86)?1[0-9]{10}")
CHINESE_STRICTLY = re.compile(r"(?:\+86|0086|86)1[0-9]{10}")


def request(config: Config, message: Message, moment: Moment) -> Outgoing:
    """A signed form. Of the payload only `locale` is kept back."""
    template = choose(config, message.usage)
    given = {name: value for name, value in message.payload.items() if name != "locale"}
    fields = {
        **ALWAYS,
        "AccessKeyId": config["accessKeyId"],
        "PhoneNumbers": message.to,
        "SignName": config["signName"],
        "TemplateCode": _template_code(config, template, message.to),
        "TemplateParam": got.document(given).decode(),
    }
    return signed(URL, fields, config["accessKeySecret"], moment)


def signed(url: str, fields: Mapping[str, str], secret: str, moment: Moment) -> Outgoing:
    """A form with its nonce, its time and its signature behind the rest."""
    full = {
        **fields,
        "SignatureNonce": moment.nonce,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment.now)),
    }
    full["Signature"] = signature(full, secret)
    return Outgoing(
        method="POST",
        url=url,
        headers=got.headers(got.FORM),
        body=got.form(full).encode(),
    )


def signature(fields: Mapping[str, str], secret: str) -> str:
    """HMAC-SHA1 over the sorted, escaped fields of a POST to /."""
    pairs = "&".join(sorted(f"{_escaped(name)}={_escaped(v)}" for name, v in fields.items()))
    signed = f"POST&%2F&{_escaped(pairs)}".encode()
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), signed, hashlib.sha1)).decode()


def _escaped(value: str) -> str:
    return quote(value, safe="~", errors="replace")


def _template_code(config: Config, template: Mapping[str, Any], to: str) -> str:
    """By where the number is; eleven digits that begin with 1 are Chinese unless `strict...`."""
    code = template["templateCode"]
    if isinstance(code, str):
        return code
    strictly = config.get("strictPhoneRegionNumberCheck")
    chinese = (CHINESE_STRICTLY if strictly else CHINESE).fullmatch(to)
    return str(code["china" if chinese else "overseas"])


def faithful(answer: Incoming) -> None:
    """Every answer, whatever its status, must be JSON with Code, Message and RequestId. Only in an
    answer with a good status does the code of a limit count as one."""
    said = _read(answer)
    if not got.is_ok(answer):
        raise ConnectorError("general", said)
    if said["Code"] != "OK":
        limited = said["Code"] == LIMITED
        raise ConnectorError("rate_limit_exceeded" if limited else "general", said)


def _read(answer: Incoming) -> dict[str, str]:
    """The error's data, as Logto orders it."""
    try:
        found = json.loads(got.text(answer))
    except (ValueError, RecursionError):
        raise ConnectorError("invalid_response", got.text(answer)) from None
    if not isinstance(found, dict):
        raise ConnectorError("invalid_response", zod_error([wrong_type([], "object", found)]))
    wrong = [
        wrong_type([name], "string", found.get(name, ...))
        for name in ("BizId", "Code", "Message", "RequestId")
        if not isinstance(found.get(name), str) and (name != "BizId" or name in found)
    ]
    if wrong:
        raise ConnectorError("invalid_response", zod_error(wrong))
    rest = {name: found[name] for name in ("Code", "BizId", "RequestId") if name in found}
    return {"errorDescription": found["Message"], **rest}


def careful(answer: Incoming) -> None:
    """`Code` decides; limits are told by those of the product and of the gateway before it."""
    said = noticing.document(answer)
    code, words = said.get("Code"), str(said.get("Message", ""))
    if not isinstance(code, str):
        if got.is_ok(answer):
            raise noticing.unclear(answer)
        raise noticing.refusal(answer, words)
    if not got.is_ok(answer) or code != "OK":
        limited = code == LIMITED or code.startswith("Throttling")
        raise noticing.refusal(answer, words, limited=limited, Code=code)


CONNECTOR = Connector(
    id="aliyun-short-message-service",
    name="Aliyun Short Message Service",
    target="aliyun-sms",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
