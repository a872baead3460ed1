"""What a connector that notices every refusal has in common with the others of its kind."""

import json
from typing import Any

from simulators.otp.connector import ConnectorError, Incoming
from simulators.otp.connectors import got

_SHOWN = 500


def document(answer: Incoming) -> dict[str, Any]:
    """The JSON object of an answer, good or bad. Raises `ConnectorError` where there is none:
    a page of a proxy, an answer cut short, nothing at all."""
    try:
        found = json.loads(got.text(answer))
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    said = got.text(answer)[:_SHOWN]
    if not got.is_ok(answer):
        raise refusal(answer, f"HTTP {answer.status}: {said}")
    raise ConnectorError("invalid_response", said)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, an empty one for whatever else is in it."""
    found = value if isinstance(value, list) else []
    return [one if isinstance(one, dict) else {} for one in found]


def refusal(answer: Incoming, said: str, *, limited: bool = False, **more: Any) -> ConnectorError:
    """A refusal in the provider's words; `limited` when they speak of a limit on how often."""
    code = "rate_limit_exceeded" if limited or answer.status == 429 else "general"
    known = {name: value for name, value in more.items() if value is not None}
    return ConnectorError(code, {"errorDescription": said, "status": answer.status, **known})


def unclear(answer: Incoming) -> ConnectorError:
    """For an answer that neither takes the message nor says why not."""
    return ConnectorError("invalid_response", got.text(answer)[:_SHOWN])
