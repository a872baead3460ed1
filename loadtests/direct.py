"""Sends straight to a provider, as Logto's connector does: signed anew each time, under the
vendor's host name, for scenarios without an OTP service.
"""

import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Crash,
    Incoming,
    Message,
    Moment,
)

LIMITED = "rate_limit_exceeded"


def post(client: Any, connector: Connector, config: Config, message: Message, name: str) -> Any:
    """The connector's request to the host under test; a context with the response."""
    made = connector.request(config, message, Moment(time.time(), str(uuid.uuid4())))
    if made is None:
        raise ValueError(f"{connector.id} sends nothing to {message.to}")
    parts = urlsplit(made.url)
    headers = {name.title(): value for name, value in made.headers}
    return client.request(
        made.method,
        parts.path + (f"?{parts.query}" if parts.query else ""),
        data=made.body,
        headers={**headers, "Host": parts.netloc},
        name=name,
        catch_response=True,
    )


def refusal(connector: Connector, response: Any) -> ConnectorError | None:
    """Why the body says that the message was not taken; None if it was. The status is no proof:
    most providers refuse under HTTP 200."""
    headers = response.headers or {}
    kind = headers.get("content-type", "")
    answer = Incoming(response.status_code, response.content or b"", content_type=kind)
    try:
        connector.careful(answer)
    except ConnectorError as found:
        return found
    except Crash as fault:
        return ConnectorError("crash", str(fault))
    return None
