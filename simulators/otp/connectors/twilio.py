"""Logto's Twilio connector, and a careful one.

https://docs.logto.io/integrations/twilio-sms
https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
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

URL = "https://api.twilio.com/2010-04-01/Accounts/{}/Messages.json"
DEAD = ("failed", "undelivered", "canceled")


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """A form; the number gets a plus whatever it begins with."""
    template = choose(config, message.usage)
    fields = {
        "To": message.to if message.to.startswith("+") else f"+{message.to}",
        "MessagingServiceSid": config["fromMessagingServiceSID"],
        "Body": fill(template["content"], message.payload),
        "RiskCheck": "disable" if config.get("disableRiskCheck") else "enable",
    }
    proof = got.basic(config["accountSID"], config["authToken"])
    return Outgoing(
        method="POST",
        url=URL.format(config["accountSID"]),
        headers=got.headers(proof, got.FORM),
        body=got.form(fields).encode(),
    )


def careful(answer: Incoming) -> None:
    """Taken is a message with a SID that is not yet known to have failed."""
    said = noticing.document(answer)
    if not got.is_ok(answer):
        raise noticing.refusal(answer, str(said.get("message", "")), Code=said.get("code"))
    if said.get("error_code") or said.get("status") in DEAD:
        words = str(said.get("error_message") or said.get("status"))
        raise noticing.refusal(answer, words, Code=said.get("error_code"))
    if not said.get("sid"):
        raise noticing.unclear(answer)


CONNECTOR = Connector(
    id="twilio-short-message-service",
    name="Twilio SMS Service",
    target="twilio-sms",
    request=request,
    faithful=got.relay,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
