"""The providers by name; the only list of them, in code and in tests.

Ours are the packages in `simulators/providers`. Others come with a distribution of their own, which
names them in the entry-point group `sms_simulators.providers`:

    [project.entry-points."sms_simulators.providers"]
    acme = "sms_acme:PROVIDER"
"""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from simulators import providers
from simulators.kernel.hosts import Hosts, HostTaken
from simulators.kernel.provider import Provider

GROUP = "sms_simulators.providers"


class BadProvider(ImportError):
    """A provider that cannot be in the catalogue; the message says which one and why. Its `name`
    is the group's, by which it is known to who has not imported this module."""

    def __init__(self, message: str) -> None:
        super().__init__(message, name=GROUP)


class UnknownProvider(LookupError):
    """There is no provider of that name; the message lists those there are."""


def collect(found: Iterable[Provider]) -> Mapping[str, Provider]:
    """Providers by name. Raises `BadProvider` where two have one name or one host, or where one
    has the accounts of another that has other credentials here."""
    known: dict[str, Provider] = {}
    for provider in found:
        name = provider.name
        if name in known:
            raise BadProvider(
                f"{name}: there is a provider of that name already, {known[name].title}; expected"
                " another `name`"
            )
        known[name] = provider
    for name, provider in known.items():
        owner = known.get(provider.account)
        if owner is not None and owner.credentials != provider.credentials:
            raise BadProvider(
                f"{name}: it has the accounts of {owner.name}, and other credentials than"
                f" {owner.title}; expected `account_of` to be the provider of that name"
            )
    try:
        Hosts(known.values())
    except HostTaken as taken:
        raise BadProvider(str(taken)) from None
    return MappingProxyType(known)


def _ours() -> Iterator[Provider]:
    for module in pkgutil.iter_modules(providers.__path__):
        yield load(f"{providers.__name__}.{module.name}:PROVIDER")


def _brought() -> Iterator[Provider]:
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield load(entry.value)


def load(where: str) -> Provider:
    """The provider at `module:NAME`. Raises `BadProvider`, whatever its code raises: a start that
    fails says by whom."""
    try:
        found: object = pkgutil.resolve_name(where)
    except Exception as error:  # a provider brought along may raise anything; its name is told
        raise BadProvider(f"{where}: {type(error).__name__}: {error}") from error
    if not isinstance(found, Provider):
        raise BadProvider(f"{where}: is a {type(found).__name__}; expected a Provider")
    return found


PROVIDERS: Mapping[str, Provider] = collect([*_ours(), *_brought()])
HOSTS = Hosts(PROVIDERS.values())


def find(name: str) -> Provider:
    """The provider of that name. Raises `UnknownProvider`."""
    if name not in PROVIDERS:
        raise UnknownProvider(f"no provider '{name}'; there are: {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[name]
