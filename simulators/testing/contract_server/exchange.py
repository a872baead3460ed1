"""One request to `contract_server`: what it asks for, how it keeps its contract, and the provider's
answer to it.

The answer is the provider's own, made in this process on an account of the test's, or one that is
given in full and held to the provider's contracts.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from werkzeug import Request

from simulators.catalog import HOSTS, PROVIDERS
from simulators.check.report import diff
from simulators.check.verdict import held, mask
from simulators.data import contracts
from simulators.kernel import templates
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import ErrorRow
from simulators.kernel.checks import shown
from simulators.kernel.contracts import Violation, contract
from simulators.kernel.credentials import Credentials
from simulators.kernel.headers import wrong
from simulators.kernel.masking import Mask
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.provider import Document, Exchange, Failure, Provider
from simulators.kernel.rules import install, read_all
from simulators.kernel.script import raw
from simulators.kernel.world import World
from simulators.server import routes
from simulators.server.gateway import host_name, local_host
from simulators.store.memory import MemoryStore


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `provider` is None where nobody could tell, `operation` then ""."""

    call: Call
    provider: Provider | None = None
    operation: str = ""
    document: Document = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As an expectation names it."""
        return named(self.provider.name, self.operation) if self.provider else "no provider"

    @property
    def head(self) -> str:
        """The operation and the request line, without the query: that may hold secrets."""
        path = mask(self.provider).path(self.call.path) if self.provider else self.call.path
        return f"{self.name}: {self.call.method} {path}"

    def told(self) -> str:
        """The violations of its contract, as a failing test shows them."""
        how = "breaks its contract" if self.violations else "keeps its contract, with a warning"
        lines = [f"{self.head}: {how}"]
        lines += [
            f"  {line}" for violation in self.violations for line in diff(violation.as_dict())
        ]
        return "\n".join([*lines, *(f"  warning: {warning}" for warning in self.warnings)])


def named(provider: str, operation: str) -> str:
    """`twilio.create_message`; the provider alone where there is no operation."""
    return f"{provider}.{operation.replace('-', '_')}" if operation else provider


def read(request: Request, expected: Iterable[str]) -> Asked:
    """A request is some provider's by its Host or by `/<provider>`, else it is the one expected
    provider's, where there is one alone: some SDKs take no more than a host and a port."""
    raw: str = request.environ.get("RAW_URI", request.path).partition("?")[0]
    call = Call(
        method=request.method,
        path=unquote(raw),  # Werkzeug's own has what is no UTF-8 otherwise than the servers do
        query=request.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers},
        body=request.get_data(),
        scheme=request.scheme,
        raw_path=raw,
        client=request.remote_addr or "",
    )
    name = _provider(call, set(expected))
    if name is None:
        return Asked(call)
    provider = PROVIDERS[name]
    validated, violations, warnings = held(provider, call)
    return Asked(call, provider, validated.operation, validated.document, violations, warnings)


def _provider(call: Call, expected: set[str]) -> str | None:
    host = host_name(call.host)
    if vendor := HOSTS.find(host, call.path):
        return vendor
    for name in PROVIDERS:
        if host == local_host(name):
            return name
    first = call.path[1:].partition("/")[0]
    if first in PROVIDERS:
        call.path = call.path.removeprefix(f"/{first}") or "/"
        return first
    return expected.pop() if len(expected) == 1 else None


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
        known = {p.account: dict(self._world.credentials(name)) for name, p in PROVIDERS.items()}
        known[PROVIDERS[provider].account].update(values)
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
        reply = self._pipeline.at_once(watched, candidates, asked.call, params)
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
    reply = _raw(answer)
    if not unchecked:
        best = _best(provider, operation, reply)
        if best:
            said = [line for violation in best for line in diff(violation.as_dict())]
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


def _raw(answer: dict[str, Any]) -> Reply:
    status = answer["status"]
    if not 200 <= status <= 599:
        raise BadExpectation(f"status: expected an HTTP status from 200 to 599, but got {status}")
    for name, content in answer["headers"].items():
        expected = wrong(name, content)
        if expected:
            got = shown(repr((name, content)))
            raise BadExpectation(f"headers: expected {expected}, but got {got}")
    try:
        return raw(answer)
    except TypeError as error:
        raise BadExpectation(f"body: expected what JSON has, but {error}") from None


def _best(provider: Provider, operation: str, reply: Reply) -> list[Violation]:
    """What the answer breaks of the contract it is nearest to."""
    folder = contracts(provider.name)
    names = sorted(path.name.split(".")[0] for path in folder.glob("*error.response.schema.json"))
    success = contract(provider.name, operation, "response.schema")
    shapes = [contract(provider.name, name, "response.schema") for name in names]
    if success is None and reply.status < 400:
        return []
    try:
        body = provider.read_answer(reply.body)
    except ValueError as error:
        got = f"`{reply.body[:80].decode('utf-8', 'replace')}`"
        wanted = f"{provider.answers.upper()} ({error})"
        return [Violation("body", got, wanted, provider.reference)]
    found = [shape.validate(body) for shape in (success, *shapes) if shape is not None]
    return min(found, key=len, default=[])
