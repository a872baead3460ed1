"""Logto's HTTP SMS connector in its two documented shapes, and a careful one.

Today's posts `{to, type, payload, ip?}`: https://docs.logto.io/integrations/http-sms
The generic one, known by its `method`, writes parameters with placeholders:
https://github.com/logto-io/logto/pull/7663
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

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
    spelled,
)
from simulators.otp.connectors import careful as noticing
from simulators.otp.connectors import got


def request(config: Config, message: Message, _moment: Moment) -> Outgoing:
    """The payload is sent as it is, in the generic shape the text made of it."""
    if "method" in config:
        return _generic(config, message)
    document = {"to": message.to, "type": message.usage, "payload": message.payload}
    if message.ip:
        document["ip"] = message.ip
    return Outgoing(
        method="POST",
        url=config["endpoint"],
        headers=_headers(config),
        body=got.document(document),
    )


def _generic(config: Config, message: Message) -> Outgoing:
    known = {"to": message.to, "type": message.usage, "message": _text(config, message)}
    if config["method"] == "GET":
        query = _filled(config.get("queryParams"), known)
        url = urlsplit(config["endpoint"])
        written = got.form({name: spelled(value) for name, value in query.items()})
        address = urlunsplit(url._replace(query=written or url.query))
        return Outgoing(method="GET", url=address, headers=_headers(config))
    body = got.document(_filled(config.get("bodyParams"), known))
    return Outgoing(method="POST", url=config["endpoint"], headers=_headers(config), body=body)


def _text(config: Config, message: Message) -> str:
    """What `{{message}}` is: the template's text, or the bare code where there are no templates."""
    if config.get("templates"):
        return fill(choose(config, message.usage)["content"], message.payload)
    return spelled(message.payload.get("code"))


def _filled(parameters: Mapping[str, Any] | None, known: Mapping[str, str]) -> dict[str, Any]:
    given = parameters or {}
    return {name: fill(v, known) if isinstance(v, str) else v for name, v in given.items()}


def _headers(config: Config) -> tuple[tuple[str, str], ...]:
    named = {"authorization": config["authorization"]} if config.get("authorization") else {}
    named["content-type"] = "application/json"
    named |= {name.lower(): value for name, value in config.get("headers", {}).items()}
    return got.headers(*named.items())


def careful(answer: Incoming) -> None:
    """Any 2xx is documented to be good, an empty one too. One that says otherwise in JSON, or is
    a page for people or cut short, is not."""
    if not got.is_ok(answer):
        raise noticing.refusal(answer, f"HTTP {answer.status}: {got.text(answer)[:500]}")
    if "html" in answer.content_type or answer.body.lstrip()[:1] == b"<":
        raise noticing.unclear(answer)
    if not answer.body.strip() or "json" not in answer.content_type:
        return
    try:
        said = json.loads(got.text(answer))
    except (ValueError, RecursionError):
        raise noticing.unclear(answer) from None
    wrong = isinstance(said, dict) and (
        said.get("error") or said.get("errors") or False in (said.get("success"), said.get("ok"))
    )
    if wrong:
        raise noticing.refusal(answer, got.text(answer)[:500])


def unreachable(reason: str) -> Exception:
    """The one connector on got that catches what went wrong with the connection."""
    return ConnectorError("general", reason)


CONNECTOR = Connector(
    id="http-sms",
    name="HTTP SMS",
    target="http-sms",
    request=request,
    faithful=got.relay,
    careful=careful,
    unreachable=unreachable,
    follow=got.follow,
    most_redirects=got.MOST_REDIRECTS,
)
