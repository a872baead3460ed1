"""From a message to a provider's verdict: the connector makes the request and reads the answer."""

from collections.abc import Mapping
from typing import Any

from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Cut,
    Incoming,
    Message,
    Moment,
    Outgoing,
    UsageType,
)
from simulators.otp.errors import Refused
from simulators.otp.service import Service


async def send(
    service: Service, usage: UsageType, to: str, payload: Mapping[str, Any], ip: str = ""
) -> None:
    """Through the connector that is alive. Raises `Refused` (connector.not_found) without one, and
    what `hand_off` raises."""
    alive = service.state.connector
    if alive is None:
        raise Refused("connector.not_found", type="Sms")
    if not alive.checked:
        service.check(alive.factory, alive.config)
    message = Message(to=to, usage=usage, payload=payload, ip=ip)
    await hand_off(service, alive.factory, alive.config, message)


async def _answered(service: Service, connector: Connector, outgoing: Outgoing) -> Incoming:
    """The answer, wherever it lies in the end."""
    for _ in range(connector.most_redirects + 1):
        answer = await service.carrier.send(outgoing)
        try:
            elsewhere = connector.follow(outgoing, answer)
        except ValueError:  # no URL
            raise OSError("Invalid URL") from None
        if elsewhere is None:
            return answer
        outgoing = elsewhere
    raise OSError(connector.too_many.format(connector.most_redirects, outgoing.url))


async def hand_off(service: Service, factory: str, config: Config, message: Message) -> None:
    """With a configuration that keeps its schema. Raises `ConnectorError` or `Crash` for a message
    that was not handed off."""
    connector = service.connectors[factory]
    moment = Moment(service.now(), service.uuid())
    outgoing = connector.request(config, message, moment)
    if outgoing is None:
        return
    try:
        answer = await _answered(service, connector, outgoing)
    except (OSError, TimeoutError) as problem:
        reason = str(problem) or type(problem).__name__
        if not service.policy.faithful:
            raise ConnectorError("general", {"errorDescription": reason}) from None
        failed = connector.cut if isinstance(problem, Cut) else None
        raise (failed or connector.unreachable)(reason) from None
    (connector.faithful if service.policy.faithful else connector.careful)(answer)
