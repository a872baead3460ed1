"""Whose request a recorded one is, and what that provider's contract says of it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from simulators.catalog import HOSTS, PROVIDERS
from simulators.check.recorded import Recorded
from simulators.kernel import journal
from simulators.kernel.call import Call
from simulators.kernel.contracts import Violation, contract
from simulators.kernel.credentials import secrets
from simulators.kernel.masking import MASK, Mask, Secrets, fields
from simulators.kernel.provider import Provider
from simulators.kernel.validation import Validated, validate
from simulators.server import routes
from simulators.server.gateway import LOOPBACK, host_name, local_host

_NEAR = 0.85


class UnknownHost(LookupError):
    """A host that no provider has; the message lists those that one has."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one request. It is `judged` where its operation has a contract or where it
    breaks one at once; `warnings` fail nothing, unless they are `strict`."""

    place: str
    file: str
    line: int
    provider: str
    operation: str
    method: str
    target: str
    violations: tuple[Violation, ...] = ()
    warnings: tuple[str, ...] = ()
    judged: bool = True
    strict: bool = False

    @property
    def fails(self) -> bool:
        """Whether the request is wrong."""
        return bool(self.violations or (self.strict and self.warnings))

    def as_dict(self) -> dict[str, Any]:
        """Its fields, each violation with its sentence, and whether it `fails`."""
        found = [violation.as_dict() for violation in self.violations]
        fields = {name: value for name, value in asdict(self).items() if name != "strict"}
        # `breaches` is what violations were called first.
        return {**fields, "fails": self.fails, "violations": found, "breaches": found}


def judge(recorded: Recorded, more_hosts: Mapping[str, str]) -> Verdict:
    """The verdict on a request. Raises `UnknownHost`.

    `more_hosts` names the provider of hosts that are none of the vendors', such as a webhook's.
    """
    provider = _provider(recorded, more_hosts)
    call = recorded.call
    validated, violations, warnings = held(provider, call)
    operation = validated.operation
    return Verdict(
        place=recorded.place,
        file=recorded.file,
        line=recorded.line,
        provider=provider.name,
        operation=operation,
        method=call.method,
        target=f"{call.scheme}://{recorded.host}{_path(provider, call, operation)}",
        violations=tuple(violations),
        warnings=tuple(warnings),
        judged=bool(violations) or contract(provider.name, operation) is not None,
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
    name = more_hosts.get(host) or HOSTS.find(host, call.path) or _local_hosts().get(host)
    if name:
        return PROVIDERS[name]
    first = call.path[1:].partition("/")[0]
    if host in LOOPBACK and first in PROVIDERS:
        call.path = call.path.removeprefix(f"/{first}") or "/"
        return PROVIDERS[first]
    near = get_close_matches(host, [*HOSTS, *_local_hosts()], n=1, cutoff=_NEAR)
    hint = f" did you mean {near[0]}?" if near else ""
    known = ", ".join(dict.fromkeys(provider.hosts[0] for provider in PROVIDERS.values()))
    raise UnknownHost(
        f"{recorded.place}: no provider has the host '{recorded.host}';{hint}"
        f" --host {host or 'HOST'}=PROVIDER names the one it stands for; known are {known} and"
        " what `sms-simulators hosts` lists besides"
    )


@cache
def _local_hosts() -> Mapping[str, str]:
    return {local_host(name): name for name in PROVIDERS}


def held(provider: Provider, call: Call) -> tuple[Validated, list[Violation], list[str]]:
    """The verdict on a request, its violations as they may be shown, and warnings."""
    validated = validate(provider, routes.match(provider, call)[0], call)
    hidden = mask(provider)
    shown = [journal.masked(found, hidden) for found in validated.violations]
    if not validated.operation:
        shown = [
            replace(found, got=_plain(hidden.path(found.got))) if found.pointer == "path" else found
            for found in shown
        ]
    warned = [hidden.text(warning) for warning in validated.warnings(provider)]
    return validated, shown, warned
