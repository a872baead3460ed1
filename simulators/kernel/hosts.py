"""Which provider a request to a vendor's host is for.

Mostly a host is one provider's. A vendor that sells several products to one account may serve them
under one host, and the path decides there: what the paths of a provider begin with is its own, and
what none begins so goes to the first of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Path(Protocol):
    """An endpoint, as far as its path goes."""

    @property
    def path(self) -> str: ...


class Served(Protocol):
    """A provider, as far as its hosts go."""

    @property
    def name(self) -> str: ...

    @property
    def hosts(self) -> tuple[str, ...]: ...

    @property
    def more_hosts(self) -> tuple[str, ...]: ...

    @property
    def account(self) -> str: ...

    @property
    def endpoints(self) -> Sequence[Path]: ...


class HostTaken(ValueError):
    """A provider cannot have a host; the message says whose it is."""


@dataclass(slots=True)
class _Shared:
    """The providers under one host: by the beginnings of paths, and `first` for all other paths."""

    first: str
    deepest: int = 0
    owners: dict[tuple[str, ...], str] = field(default_factory=dict)

    def find(self, path: str) -> str:
        segments = path[1:].split("/", self.deepest)[: self.deepest]
        for length in range(len(segments), 0, -1):
            owner = self.owners.get(tuple(segments[:length]))
            if owner:
                return owner
        return self.first


class Hosts:
    """The vendor hosts of some providers; `told` are those that people are told of, without the
    names that a vendor has besides, one for each of its regions."""

    def __init__(self, providers: Iterable[Served]) -> None:
        """Raises `HostTaken` where two who may not share a host have one."""
        by_host: dict[str, list[Served]] = {}
        more: set[str] = set()
        for provider in providers:
            more.update(provider.more_hosts)
            for host in (*provider.hosts, *provider.more_hosts):
                others = by_host.setdefault(host, [])
                _hold(provider, host, others)
                others.append(provider)
        self.told = [host for host in by_host if host not in more]
        self._single = {host: each[0].name for host, each in by_host.items()}
        self._shared = {h: _shared(h, each) for h, each in by_host.items() if len(each) > 1}

    def __contains__(self, host: str) -> bool:
        return host in self._single

    def __iter__(self) -> Iterator[str]:
        return iter(self._single)

    def find(self, host: str, path: str) -> str | None:
        """The provider that a request to this host and path is for, None for nobody's host."""
        shared = self._shared.get(host)
        return self._single.get(host) if shared is None else shared.find(path)


def _hold(provider: Served, host: str, others: Sequence[Served]) -> None:
    for other in others:
        if other.name == provider.name or other.account != provider.account:
            raise HostTaken(
                f"{provider.name}: the host {host} is {other.name}'s; expected in `hosts` what no"
                " other provider has but those of the same accounts, and each once"
            )


def _shared(host: str, providers: Sequence[Served]) -> _Shared:
    """The provider whose accounts they are comes first."""
    ordered = sorted(providers, key=lambda one: one.name != one.account)
    claims: dict[tuple[str, ...], set[str]] = {}
    whole: dict[tuple[str, ...], str] = {}
    for provider in ordered:
        for path in {endpoint.path for endpoint in provider.endpoints}:
            start = tuple(path.partition("<")[0].strip("/").split("/"))
            if whole.setdefault(start, provider.name) != provider.name:
                raise HostTaken(
                    f"{provider.name}: {host}{path} is {whole[start]}'s as well; expected under a"
                    " host that both have paths that begin otherwise"
                )
            for length in range(1, len(start) + 1):
                claims.setdefault(start[:length], set()).add(provider.name)
    owners = {start: next(iter(names)) for start, names in claims.items() if len(names) == 1}
    owners.update(whole)
    return _Shared(ordered[0].name, max(map(len, owners), default=0), owners)
