"""Logto's SMS Aero connector, and a careful one.

https://docs.logto.io/integrations/smsaero
https://smsaero.ru/integration/documentation/api/
"""

from simulators.otp.connector import (
    Config,
    Connector,
    Incoming,
    Message,
    Moment,
    Outgoing,
    choose,
    fill,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got

URL = "https://gate.smsaero.ru/v2/sms/send"
REJECTED = 6  # the status of a message that moderation turned down


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """JSON; a usage type without a template is refused here, no Generic one takes its place."""
    template = choose(config, message.usage, exactly=True)
    document = {
        "number": message.to,
        "sign": config["senderName"],
        "text": fill(template["content"], message.payload),
    }
    return Outgoing(
        method="POST",
        url=URL,
        headers=got.headers(got.basic(config["email"], config["apiKey"]), got.JSON),
        body=got.document(document),
    )


def careful(answer: Incoming) -> None:
    """HTTP 200 says nothing: `success` must be true, and no old-style `result` be there."""
    said = noticing.document(answer)
    if not got.is_ok(answer) or said.get("success") is False or "result" in said:
        words = said.get("message") or said.get("reason") or said.get("result") or ""
        raise noticing.refusal(answer, str(words), data=said.get("data"))
    data = said.get("data")
    if said.get("success") is not True or not isinstance(data, dict) or not data.get("id"):
        raise noticing.unclear(answer)
    if data.get("status") == REJECTED:
        raise noticing.refusal(answer, str(data.get("extendStatus", "")), data=data)


CONNECTOR = Connector(
    id="smsaero-short-message-service",
    name="SMS Aero service",
    target="smsaero-sms",
    request=request,
    faithful=got.relay,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
