"""Logto's SMSBao connector, and a careful one.

https://github.com/logto-io/logto/tree/master/packages/connectors/connector-smsbao-sms
"""

from types import MappingProxyType

from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Incoming,
    Message,
    Moment,
    Outgoing,
    choose,
    fill,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got

URL = "https://api.smsbao.com/sms"
SECONDS = 5.0  # that it waits for an answer
WORDS = MappingProxyType(
    {
        "-1": "SMSBao request parameters are incomplete",
        "-2": "SMSBao server environment does not support the request",
        "30": "SMSBao password error",
        "40": "SMSBao account does not exist",
        "41": "SMSBao account has insufficient balance",
        "42": "SMSBao account has expired",
        "43": "SMSBao IP address is restricted",
        "50": "SMSBao message content contains sensitive words",
        "51": "SMSBao phone number is invalid",
    }
)
LIMITED = "60"  # too many to one number; the table of one client has it


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """All of it is in the query. The key is sent as it is configured, and the number with its
    country code, as Logto has it."""
    try:
        template = choose(config, message.usage)
    except ConnectorError:
        said = f"No SMS template found for type {message.usage}"
        raise ConnectorError("template_not_found", said) from None
    fields = {"u": config["username"], "p": config["passwordOrApiKey"]}
    if config.get("goodsId"):
        fields["g"] = config["goodsId"]
    fields |= {"m": message.to, "c": fill(template["content"], message.payload)}
    url = f"{URL}?{got.form(fields)}"
    return Outgoing(method="GET", url=url, headers=got.headers(), seconds=SECONDS)


def faithful(answer: Incoming) -> None:
    """A bare 0, with whatever blanks around it; any other answer is told in the words for it."""
    if not got.is_ok(answer):
        raise ConnectorError("general", got.text(answer))
    said = got.text(answer).strip()
    if said != "0":
        raise ConnectorError("general", WORDS.get(said, f"SMSBao SMS send failed: {said}"))


def careful(answer: Incoming) -> None:
    """The same; what is no number is no answer of SMSBao's."""
    said = got.text(answer).strip()
    if got.is_ok(answer) and said == "0":
        return
    if got.is_ok(answer) and not said.removeprefix("-").isdecimal():
        raise noticing.unclear(answer)
    words = WORDS.get(said, f"SMSBao SMS send failed: {said}")
    raise noticing.refusal(answer, words, limited=said == LIMITED)


def unreachable(_reason: str) -> Exception:
    """Whatever went wrong with the connection."""
    return ConnectorError("general", "SMSBao request failed")


CONNECTOR = Connector(
    id="smsbao-sms",
    name="SMSBao SMS Service",
    target="smsbao-sms",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=unreachable,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
