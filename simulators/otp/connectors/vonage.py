"""Logto's Vonage connector, which is Vonage's Node SDK on fetch, and a careful one.

https://docs.logto.io/integrations/vonage-sms
https://developer.vonage.com/en/api/sms
"""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Incoming,
    Message,
    Moment,
    Outgoing,
    Silence,
    choose,
    fill,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got

URL = "https://rest.nexmo.com/sms/json"
TAKEN = "0"
THROTTLED = "1"
_REDIRECTS = (301, 302, 303, 307, 308)
_AS_GET = (301, 302)  # of a POST
_FETCH = (("accept", "*/*"), ("accept-language", "*"), ("sec-fetch-mode", "cors"))


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """JSON with Basic authentication. The SDK never says `type=unicode`."""
    template = choose(config, message.usage)
    document = {
        "from": config["brandName"],
        "to": message.to,
        "text": fill(template["content"], message.payload),
    }
    _, proof = got.basic(config["apiKey"], config["apiSecret"])
    return Outgoing(
        method="POST",
        url=URL,
        headers=(
            ("connection", "keep-alive"),
            ("user-agent", "@vonage/server-sdk/3.0.0, node/22.23.3,"),
            got.JSON,
            ("Authorization", proof),
            *_FETCH,
            ("accept-encoding", "br, gzip, deflate"),
        ),
        body=got.document(document),
    )


def faithful(answer: Incoming) -> None:
    """What an answer says is read only where its content type is JSON; the words of a refusal
    are lost. An answer without messages is taken for a good one."""
    if not 200 <= answer.status <= 299:
        raise ConnectorError("general", f"Request failed with status code {answer.status}")
    if answer.content_type.partition(";")[0] != "application/json" or not answer.body:
        return
    try:
        said = json.loads(got.text(answer))
    except (ValueError, RecursionError):
        raise ConnectorError("general", "Failed to decode response body") from None
    failures = sum(message.get("status") != TAKEN for message in _messages(said))
    if failures:
        # The count is a text in Vonage's answers, so that it never equals the SDK's number.
        which = "All" if failures == said.get("message-count") else "Some"
        raise ConnectorError("general", f"{which} SMS messages failed to send")


def careful(answer: Incoming) -> None:
    """Every message of an answer must have status 0."""
    said = noticing.document(answer)
    if not got.is_ok(answer):
        raise noticing.refusal(answer, str(said.get("detail") or said.get("title") or said))
    messages = _messages(said)
    for message in messages:
        status = message.get("status")
        if status != TAKEN:
            words, limited = str(message.get("error-text", "")), status == THROTTLED
            raise noticing.refusal(answer, words, limited=limited, Code=status)
    if not messages:
        raise noticing.unclear(answer)


def unreachable(reason: str) -> Exception:
    """The SDK's words: Logto wraps whatever it throws."""
    return ConnectorError("general", f"request to {URL} failed, reason: {reason}")


def cut(_reason: str) -> Exception:
    """The SDK's client waits for the rest of the answer, and has no time limit."""
    return Silence()


def follow(sent: Outgoing, answer: Incoming) -> Outgoing | None:
    """As fetch does: https://fetch.spec.whatwg.org/#http-redirect-fetch"""
    if answer.status not in _REDIRECTS or not answer.location:
        return None
    url = urljoin(sent.url, answer.location)
    dropped = [] if got.place(url) == got.place(sent.url) else ["authorization", "cookie", "host"]
    method, body = sent.method, sent.body
    if answer.status == HTTPStatus.SEE_OTHER or answer.status in _AS_GET:
        method, body = "GET", b""
        dropped += ["content-type", "content-length"]
    kept = tuple(pair for pair in sent.headers if pair[0].lower() not in dropped)
    return Outgoing(method=method, url=url, headers=kept, body=body)


def _messages(said: Any) -> list[dict[str, Any]]:
    return noticing.objects(said.get("messages") if isinstance(said, dict) else None)


CONNECTOR = Connector(
    id="vonage-sms",
    name="Vonage SMS Service",
    target="vonage-sms",
    request=request,
    faithful=faithful,
    careful=careful,
    unreachable=unreachable,
    cut=cut,
    follow=follow,
    most_redirects=20,
    too_many="maximum redirect reached at: {1}",
)
