"""Logto's WhatsApp connector, and a careful one.

https://github.com/logto-io/logto/tree/master/packages/connectors/connector-whatsapp
"""

import json
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
    spelled,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got

URL = "https://graph.facebook.com/v19.0/{}/messages"
# Codes that speak of how often: of the app, of the business, of a number, of a pair of numbers.
LIMITED = frozenset((4, 80007, 130429, 131048, 131056))
# What a URL keeps of what stands in a path, as browsers and Node have it.
_KEPT = "!$%&'()*+,-./:;=?@[\\]^_|~#"


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """A template of the authentication kind: the code stands in its body and on its button."""
    template = choose(config, message.usage)
    code = spelled(message.payload.get("code"))
    if not code:
        raise ConnectorError("general", "OTP code is missing from payload")
    language = {"code": template["language"]} if "language" in template else {}
    parameters = [{"type": "text", "text": code}]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters}
    body = {
        "messaging_product": "whatsapp",
        "to": message.to,
        "type": "template",
        "template": {
            "name": template["templateName"],
            "language": language,
            "components": [{"type": "body", "parameters": parameters}, button],
        },
    }
    token = ("authorization", f"Bearer {config['accessToken']}")
    return Outgoing(
        method="POST",
        url=URL.format(quote(config["phoneNumberId"], safe=_KEPT)),
        headers=got.headers(token, got.JSON),
        body=got.document(body),
    )


def faithful(answer: Incoming) -> None:
    """A good status is enough, an error in the body or not; of a bad one the error's message is
    told, or all of the body where that has none."""
    if got.is_ok(answer):
        return
    raw = got.text(answer)
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        said = None
    raise ConnectorError("general", said["error"]["message"] if _guarded(said) else raw)


def _guarded(said: Any) -> bool:
    error = said.get("error") if isinstance(said, dict) else None
    return (
        isinstance(error, dict)
        and isinstance(error.get("message"), str)
        and type(error.get("code", 0)) in (int, float)
        and all(isinstance(error.get(name, ""), str) for name in ("type", "fbtrace_id"))
    )


def careful(answer: Incoming) -> None:
    """An id was given, and no error; what the details say is told, which is more than the
    message."""
    said = noticing.document(answer)
    error = said.get("error")
    if isinstance(error, dict) or not got.is_ok(answer):
        known = error if isinstance(error, dict) else {}
        data = known.get("error_data")
        details = data.get("details") if isinstance(data, dict) else None
        words = str(details or known.get("message") or got.text(answer))
        code = known.get("code")
        raise noticing.refusal(answer, words, limited=code in LIMITED, code=code)
    sent = noticing.objects(said.get("messages"))
    if not sent or not all(one.get("id") for one in sent):
        raise noticing.unclear(answer)


CONNECTOR = Connector(
    id="whatsapp-short-message-service",
    name="WhatsApp Service",
    target="whatsapp-sms",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=got.crash,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
