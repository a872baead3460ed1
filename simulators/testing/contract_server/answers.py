"""The answers: a provider's own, made in this process, or given and held to its contracts."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import orjson

from simulators.catalog import PROVIDERS
from simulators.check.report import diff
from simulators.data import data
from simulators.kernel import templates
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import ErrorRow
from simulators.kernel.contracts import Breach, contract
from simulators.kernel.credentials import Credentials
from simulators.kernel.masking import Mask
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.provider import Exchange, Failure, Provider
from simulators.kernel.rules import install, read_all
from simulators.kernel.script import raw
from simulators.kernel.world import World
from simulators.server import routes
from simulators.store.memory import MemoryStore
from simulators.testing.contract_server.asked import Asked


class BadExpectation(ValueError):
    """An expectation that no provider can meet; the message names what is near."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A provider's answer, and why it refuses, where it does: also of a signature."""

    reply: Reply
    failure: Failure | None
    mismatch: dict[str, Any] | None = None


class Answers:
    """All providers on one account, the published one, without flow control."""

    def __init__(self) -> None:
        self._accounts = Accounts(MemoryStore(), PROVIDERS.values())
        self._pipeline = Pipeline(self._accounts, Settings(limits="off"))

    @property
    def _world(self) -> World:
        return self._accounts.world(DEFAULT)

    def credentials(self, provider: str) -> Credentials:
        """What a client signs in to this provider with."""
        return self._world.credentials(provider)

    def mask(self, provider: Provider | None = None) -> Mask:
        """What hides the secrets that a client signs in with."""
        return self._accounts.mask(provider.name if provider else "")

    def use_credentials(self, provider: str, values: Credentials) -> None:
        """Replaces some of them. Raises `BadAccount` for a name that there is not."""
        known = {name: dict(self._world.credentials(name)) for name in PROVIDERS}
        known[provider].update(values)
        self._accounts.add(DEFAULT, known)

    def approve(self, provider: Provider, template: templates.Template) -> None:
        """Adds a template to those that the account has."""
        added = {template.code: template}
        templates.update_templates(self._world, provider, lambda known: known.update(added))

    def sign(self, provider: Provider, signature: str) -> None:
        """Adds a signature to those that the account has."""
        added = {signature: templates.Signature(signature)}
        templates.update_signatures(self._world, provider, lambda known: known.update(added))

    def to(self, asked: Asked, row: ErrorRow | None = None) -> Answered:
        """The provider's answer: a success where it can be one, or this row of its catalogue."""
        assert asked.provider is not None  # noqa: S101 - it was expected
        effect = {"error": row.key} if row else None
        match = {"provider": asked.provider.name}
        rules = [{"match": match, "effect": effect}] if effect else []
        install(self._world, read_all(rules, PROVIDERS))
        seen: list[Exchange] = []

        def identify(exchange: Exchange) -> str | None:
            seen.append(exchange)
            return provider.identify(exchange)

        provider = asked.provider
        watched = dataclasses.replace(provider, identify=identify)
        candidates, params = routes.match(provider, asked.call)
        reply = self._pipeline.respond(watched, candidates, asked.call, params)
        if not seen:
            return Answered(reply, None)
        return Answered(reply, _failure(seen[0]), seen[0].mismatch)


def _failure(exchange: Exchange) -> Failure | None:
    """Why a request is refused, or the first of its recipients, where none is taken."""
    failures = [outcome.failure for outcome in exchange.outcomes if outcome.failure]
    if exchange.failure is None and len(failures) == len(exchange.outcomes) and failures:
        return failures[0]
    return exchange.failure


def given(provider: Provider, operation: str, answer: dict[str, Any], unchecked: bool) -> Reply:
    """An answer given in full. Raises `BadExpectation` where it keeps no contract of what the
    provider answers to this operation."""
    reply = raw(answer)
    if not unchecked:
        best = _best(provider, operation, reply)
        if best:
            said = [line for breach in best for line in diff(breach.as_dict())]
            raise BadExpectation(
                "\n  ".join(
                    [
                        f"{provider.title} does not answer {operation} so; unchecked=True answers"
                        " it all the same:",
                        *said,
                    ]
                )
            )
    return reply


def _best(provider: Provider, operation: str, reply: Reply) -> list[Breach]:
    """What the answer breaks of the contract it is nearest to."""
    folder = data("contracts") / provider.name
    names = sorted(path.name.split(".")[0] for path in folder.glob("*error.response.schema.json"))
    success = contract(provider.name, operation, "response.schema")
    shapes = [contract(provider.name, name, "response.schema") for name in names]
    if success is None and reply.status < 400:
        return []
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        got = f"`{reply.body[:80].decode('utf-8', 'replace')}`"
        return [Breach("body", got, f"JSON ({error})", provider.reference)]
    found = [shape.check(body) for shape in (success, *shapes) if shape is not None]
    return min(found, key=len, default=[])
