"""Logto's GatewayAPI connector, and a careful one.

https://docs.logto.io/integrations/gatewayapi-sms
https://gatewayapi.com/docs/apis/legacy/rest/
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


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """JSON; the token is the user of Basic, without a password."""
    template = choose(config, message.usage)
    document = {
        "sender": config["sender"],
        "message": fill(template["content"], message.payload),
        "recipients": [{"msisdn": message.to}],
    }
    return Outgoing(
        method="POST",
        url=config["endpoint"],
        headers=got.headers(got.basic(config["apiToken"], ""), got.JSON),
        body=got.document(document),
    )


def careful(answer: Incoming) -> None:
    """Taken is what has an id; an error has a code and a message."""
    said = noticing.document(answer)
    if not got.is_ok(answer) or "code" in said:
        raise noticing.refusal(answer, str(said.get("message", "")), Code=said.get("code"))
    if not said.get("ids"):
        raise noticing.unclear(answer)


CONNECTOR = Connector(
    id="gatewayapi-sms",
    name="GatewayAPI SMS Service",
    target="gatewayapi-sms",
    request=request,
    faithful=got.relay,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
