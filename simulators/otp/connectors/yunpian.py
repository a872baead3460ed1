"""Logto's Yunpian connector, and a careful one.

https://github.com/logto-io/logto/tree/master/packages/connectors/connector-yunpian-sms
https://github.com/yunpian/yunpian-java-sdk
"""

import json
import re
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
    fill,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got

URL = "https://sms.yunpian.com/v2/sms/single_send.json"
CHINESE = re.compile(r"(?:\+?86)(1[3-9][0-9]{9})")
# Codes that speak of how often: of a number (8, 9, 17, 22, 33, 53) or of the account (-4, -5).
LIMITED = frozenset((8, 9, 17, 22, 33, 53, -4, -5))


def request(config: Config, message: Message, _moment: Moment) -> Outgoing | None:
    """A form. A number of another country is dropped, or refused in the configuration's words,
    unless they are enabled."""
    try:
        template = choose(config, message.usage)
    except ConnectorError:
        said = f"No SMS template found for type {message.usage}"
        raise ConnectorError("template_not_found", said) from None
    mobile = _mobile(message.to)
    if mobile.startswith("+") and not config.get("enableInternational"):
        if config.get("unsupportedCountriesMsg"):
            raise ConnectorError("general", config["unsupportedCountriesMsg"])
        return None
    fields = {
        "apikey": config["apikey"],
        "mobile": mobile,
        "text": fill(template["content"], message.payload),
    }
    kind = "application/x-www-form-urlencoded;charset=utf-8"
    accept = ("accept", "application/json;charset=utf-8")
    return Outgoing(
        method="POST",
        url=URL,
        headers=got.headers(("content-type", kind), accept),
        body=got.form(fields).encode(),
    )


def _mobile(to: str) -> str:
    """Of a Chinese number with its country code the eleven digits; all others get a plus, a
    Chinese one without country code too."""
    number = re.sub(r"\s", "", to)
    chinese = CHINESE.fullmatch(number)
    if chinese:
        return chinese[1]
    return number if number.startswith("+") else f"+{number}"


def faithful(answer: Incoming) -> None:
    """A good status is enough. Of HTTP 400 the `msg` is told; one that is not as expected there is
    a fault, since nobody catches what the guard throws."""
    if got.is_ok(answer):
        return
    if answer.status == 400:
        try:
            said = json.loads(got.text(answer))
        except (ValueError, RecursionError) as wrong:
            raise Crash(str(wrong)) from None
        if not _guarded(said):
            raise Crash("ZodError")
        if said["msg"]:
            raise ConnectorError("general", said["msg"])
    raise ConnectorError("general", f"Unknown error: HTTPError: {got.failed(answer, 'POST', URL)}")


def _guarded(said: Any) -> bool:
    numbers = ("http_status_code", "code")
    return (
        isinstance(said, dict)
        and all(type(said.get(name)) in (int, float) for name in numbers)
        and isinstance(said.get("msg"), str)
        and isinstance(said.get("detail", ""), str)
    )


def careful(answer: Incoming) -> None:
    """`code` 0 is taken, whatever the status; anything else is told by `detail` and `msg`."""
    said = noticing.document(answer)
    code = said.get("code")
    if not got.is_ok(answer) or code != 0:
        if got.is_ok(answer) and not isinstance(code, int):
            raise noticing.unclear(answer)
        words = str(said.get("detail") or said.get("msg") or "")
        raise noticing.refusal(answer, words, limited=code in LIMITED, code=code)


def unreachable(reason: str) -> Exception:
    """What went wrong with the connection is told as any unknown error."""
    return ConnectorError("general", f"Unknown error: RequestError: {reason}")


CONNECTOR = Connector(
    id="yunpian-sms",
    name="YunPian SMS Service",
    target="yunpian-sms",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=unreachable,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
