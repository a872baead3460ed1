"""Logto's connector for each provider, configured with the simulators' credentials by the
provider's own record (`contracts/NAME/sample.json`), and what it sends straight to the provider:
signed anew each time, under the vendor's host name, for scenarios without an OTP service.

connector, config = made("twilio", known)   # connector.id and config: POST /api/connectors
"""

import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from simulators.catalog import PROVIDERS
from simulators.kernel.provider import Problem, Provider
from simulators.otp.connector import (
    Config,
    Connector,
    ConnectorError,
    Crash,
    Incoming,
    Message,
    Moment,
    Outgoing,
)
from simulators.otp.factories import CONNECTORS as FACTORIES
from simulators.samples import sample, target

Known = Mapping[str, str]
LIMITED = "rate_limit_exceeded"
# The providers that a service can be connected to, and those that have templates of their own.
CONNECTORS = [name for name in PROVIDERS if sample(name).connector]
TEMPLATED = [
    name
    for name in CONNECTORS
    if all("templateCode" in one for one in sample(name).config({}).get("templates", [{}]))
]


def made(provider: str, known: Known) -> tuple[Connector, dict[str, Any]]:
    """Connector and configuration. Raises `KeyError` for a provider that has none here."""
    record = sample(provider)
    if record.connector is None:
        raise KeyError(provider)
    return FACTORIES[record.connector["factory"]], record.config(known)


def by_factory(factory: str) -> str:
    """The provider of a connector's factory; where it is none of ours, the factory's id."""
    found = (name for name in CONNECTORS if sample(name).connector["factory"] == factory)
    return next(found, factory)


def client(provider: str, known: Known) -> tuple[Connector, dict[str, Any]]:
    """The same of any provider: where Logto has no connector for it, its sample is sent."""
    return made(provider, known) if provider in CONNECTORS else (_plain(provider), dict(known))


def _plain(provider: str) -> Connector:
    record, known = sample(provider), PROVIDERS[provider]
    host, limits = known.hosts[0], [known.row(key) for key in _limits(known)]

    def request(config: Config, message: Message, at: Moment) -> Outgoing:
        to, code = record.written(f"+{message.to}"), str(message.payload["code"])
        call = record.call(config, to, code, now=at.now, nonce=at.nonce, host=host)
        url = f"https://{host}{target(call)}"
        headers = tuple(pair for pair in call.headers.items() if pair[0] != "host")
        return Outgoing(method=call.method, url=url, headers=headers, body=call.body)

    def read(answer: Incoming) -> None:
        wire = f"HTTP/1.1 {answer.status}\r\n".encode() + answer.body
        if record.accepted.encode() not in wire:
            told = answer.body.decode("utf-8", "replace")
            limited = answer.status == HTTPStatus.TOO_MANY_REQUESTS or any(
                answer.status == row.http_status and str(row.code) in told for row in limits
            )
            raise ConnectorError(LIMITED if limited else "general", told)

    return Connector(
        id=provider,
        name=PROVIDERS[provider].title,
        target=provider,
        request=request,
        faithful=read,
        careful=read,
        unreachable=lambda reason: ConnectorError("general", reason),
    )


def templates() -> list[str]:
    """The codes of all templates there are, of any provider."""
    configs = [sample(name).config({}) for name in TEMPLATED]
    return [str(one["templateCode"]) for config in configs for one in config["templates"]]


def template(config: Mapping[str, Any], usage: str) -> str:
    """The code of the template for a use."""
    return next(
        str(one["templateCode"]) for one in config["templates"] if one["usageType"] == usage
    )


def one_template(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration with the Generic template for every use."""
    code = template(config, "Generic")
    return {**config, "templates": [{**one, "templateCode": code} for one in config["templates"]]}


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
    return _read(connector, Incoming(response.status_code, response.content or b"", kind))


def was_throttled(entry: Mapping[str, Any]) -> bool:
    """Whether flow control refused a request of the simulators' journal: the whole of it, or the
    one message in it, which only the answer tells."""
    provider = PROVIDERS.get(entry["provider"])
    if provider is None:
        return False
    if entry["error"]:
        return entry["error"] in _limits(provider)
    connector, _ = client(provider.name, provider.published)
    told = _read(connector, Incoming(entry["status"], entry["answer"].encode()))
    return told is not None and told.code == LIMITED


def _limits(provider: Provider) -> set[str]:
    """The keys of the rows by which flow control refuses."""
    return {limit.error for limit in provider.limits} | {provider.problems[Problem.THROTTLED]}


def _read(connector: Connector, answer: Incoming) -> ConnectorError | None:
    try:
        connector.careful(answer)
    except ConnectorError as found:
        return found
    except Crash as fault:
        return ConnectorError("crash", str(fault))
    return None
