"""Whose request a recorded one is, and what that provider's contract says of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from simulators.catalog import PROVIDERS
from simulators.check.recorded import Recorded
from simulators.kernel import journal, reading
from simulators.kernel.call import Call
from simulators.kernel.contracts import Breach, contract
from simulators.kernel.credentials import secrets
from simulators.kernel.masking import MASK, Mask, Secrets, fields
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Document, Endpoint, Provider, Refusal
from simulators.server import routes
from simulators.server.gateway import LOOPBACK, host_name, local_host

_NEAR = 0.85


class UnknownHost(LookupError):
    """A host that no provider has; the message lists those that one has."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one request. It is `judged` where its operation has a contract or where it
    breaks one at once; `warnings` fail nothing."""

    place: str
    file: str
    line: int
    provider: str
    operation: str
    method: str
    target: str
    breaches: tuple[Breach, ...] = ()
    warnings: tuple[str, ...] = ()
    judged: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Its fields, each breach with its sentence."""
        return {**asdict(self), "breaches": [breach.as_dict() for breach in self.breaches]}


def judge(recorded: Recorded, more_hosts: Mapping[str, str]) -> Verdict:
    """The verdict on a request. Raises `UnknownHost`.

    `more_hosts` names the provider of hosts that are none of the vendors', such as a webhook's.
    """
    provider = _provider(recorded, more_hosts)
    operation, breaches, warnings, judged = held(provider, recorded.call)
    call = recorded.call
    return Verdict(
        place=recorded.place,
        file=recorded.file,
        line=recorded.line,
        provider=provider.name,
        operation=operation,
        method=call.method,
        target=f"{call.scheme}://{recorded.host}{_path(provider, call, operation)}",
        breaches=tuple(breaches),
        warnings=tuple(warnings),
        judged=judged,
    )


def _path(provider: Provider, call: Call, operation: str) -> str:
    """Without the query, which may hold secrets, as the path of some providers does."""
    path = mask(provider).path(call.raw_path)
    return path if operation else _plain(path)


_RANDOM = re.compile(r"(?=[^/]*[0-9])[^/]{20,}")


def _plain(path: str) -> str:
    """A path that nobody serves without what looks drawn at random in it: a client that takes one
    provider for another may well put its key there."""
    return _RANDOM.sub(MASK, path)


@cache
def _known() -> Secrets:
    """The published credentials: all that are known without a server."""
    each = PROVIDERS.values()
    return Secrets(value for p in each for value in secrets(p.credentials, p.published))


def mask(provider: Provider) -> Mask:
    """What hides the secrets of a provider's requests where no server knows the account."""
    return Mask(_known(), fields(provider.credentials))


def _provider(recorded: Recorded, more_hosts: Mapping[str, str]) -> Provider:
    """By host; on this machine by `/<provider>`, which is then taken off the path."""
    host, call = host_name(recorded.host), recorded.call
    name = more_hosts.get(host) or _hosts().get(host)
    if name:
        return PROVIDERS[name]
    first = call.path[1:].partition("/")[0]
    if host in LOOPBACK and first in PROVIDERS:
        call.path = call.path.removeprefix(f"/{first}") or "/"
        return PROVIDERS[first]
    near = get_close_matches(host, _hosts(), n=1, cutoff=_NEAR)
    hint = f" did you mean {near[0]}?" if near else ""
    known = ", ".join(host for provider in PROVIDERS.values() for host in provider.hosts)
    raise UnknownHost(
        f"{recorded.place}: no provider has the host '{recorded.host}';{hint}"
        f" --host {host or 'HOST'}=PROVIDER names the one it stands for; known are: {known}"
    )


@cache
def _hosts() -> Mapping[str, str]:
    vendor = {host: name for name, p in PROVIDERS.items() for host in p.hosts}
    return {**vendor, **{local_host(name): name for name in PROVIDERS}}


def held(provider: Provider, call: Call) -> tuple[str, list[Breach], list[str], bool]:
    """Operation ("" for none), breaches, warnings, and whether there was anything to hold it to."""
    try:
        endpoint = routes.find(provider, call)
        if is_fallback(provider.name, endpoint):
            raise Refusal(Problem.NOT_FOUND)
    except Refusal as refusal:
        return "", [_unserved(provider, refusal, call.method, call.path)], [], True
    try:
        document = endpoint.read(call)
    except reading.Unreadable as error:
        breach = Breach("body", str(error), "a body as its Content-Type says", provider.reference)
        return endpoint.operation, [breach], [], True
    agreed = contract(provider.name, endpoint.operation)
    if agreed is None:
        return endpoint.operation, [], [], False
    hidden = mask(provider)
    near = _near_names(document, _names(provider.name, endpoint.operation))
    breaches = [journal.masked(breach, hidden) for breach in agreed.check(document)]
    return endpoint.operation, breaches, [hidden.text(warning) for warning in near], True


def is_fallback(provider: str, endpoint: Endpoint) -> bool:
    """Whether an endpoint only says that there is no such operation: it asks for no credentials
    and promises nothing."""
    return endpoint.public and contract(provider, endpoint.operation) is None


def _unserved(provider: Provider, refusal: Refusal, method: str, path: str) -> Breach:
    def lines(endpoints: tuple[Endpoint, ...]) -> list[str]:
        known = [e for e in endpoints if not is_fallback(provider.name, e)]
        return sorted({f"{e.method} {e.path} ({e.operation})" for e in known})

    served = lines(provider.endpoints)
    near = get_close_matches(f"{method} {path}", served, n=3, cutoff=0.5)
    expected = f"an operation of {provider.title}, as {', '.join(near or served[:3])}"
    if refusal.what is Problem.METHOD_NOT_ALLOWED:
        return Breach("method", f"`{method}`", expected, provider.reference)
    got = f"`{method} {_plain(mask(provider).path(path))}`"
    return Breach("path", got, expected, provider.reference)


@cache
def _names(provider: str, operation: str) -> frozenset[str]:
    """Every name that a contract speaks of, at any depth."""
    agreed = contract(provider, operation)
    return frozenset(_spoken_of(agreed.schema)) if agreed else frozenset()


def _spoken_of(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        properties, required = schema.get("properties"), schema.get("required")
        yield from properties if isinstance(properties, dict) else ()
        yield from required if isinstance(required, list) else ()
        for inner in schema.values():
            yield from _spoken_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _spoken_of(inner)


_PARTS = ("method", "path", "headers", "query", "body")


def _near_names(document: Document, known: frozenset[str]) -> Iterator[str]:
    """A sentence for each field with a name that is nearly one of the contract's."""
    # The schema also speaks of the document's own parts: a field that is like both wins.
    ordered = sorted(known, key=lambda name: (name not in _PARTS, name))
    alike = {name.casefold(): name for name in ordered}
    for part in ("query", "body"):
        for where, name, beside in _fields(part, document.get(part)):
            if name in known or name.partition(".")[0] in known:  # Name.0, a list in a form
                continue
            near = get_close_matches(name.casefold(), alike, n=1, cutoff=_NEAR)
            if near and alike[near[0]] not in beside:
                yield f"{where}.{name} is not known; did you mean {alike[near[0]]}?"


def _fields(where: str, value: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _fields(f"{where}.{number}", item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield where, name, value
            yield from _fields(f"{where}.{name}", inner)
