"""What GatewayAPI posts to a webhook: one notification for each recipient and change of status.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/ , "Webhooks". A webhook with an
authentication token gets the same payload signed, as a JWT in `X-Gwapi-Signature`.
"""

from typing import Any

from simulators.kernel import phone
from simulators.kernel.message import Message, Step
from simulators.kernel.provider import Provider
from simulators.providers.gatewayapi import signing


def notification(provider: Provider, message: Message, step: Step, at: float) -> dict[str, Any]:
    """The payload for one step of a message's life that began at `at`, in epoch seconds."""
    row = provider.row(step.error) if step.error else None
    number = phone.parse(message.to)
    payload: dict[str, Any] = {
        "id": message.details["id"],
        "msisdn": int(message.to),
        "time": int(at),
        "status": step.status,
        "error": row.message if row else None,
        "code": row.code if row else None,
        "userref": message.details.get("userref"),
    }
    if number is not None:
        payload |= {"country_code": number.region, "country_prefix": number.country_code}
    return payload


def headers(payload: dict[str, Any], secret: str) -> list[tuple[str, str]]:
    """The headers of the request; `secret` is the webhook's authentication token, "" for none."""
    plain = [("Content-Type", "application/json"), ("Accept", "*/*")]
    return [*plain, ("X-Gwapi-Signature", signing.jwt(payload, secret))] if secret else plain
