"""Which app answers: by Host, by `/<provider>` prefix on the simulators' own hosts, by port."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Protocol
from wsgiref.types import WSGIApplication

from simulators.kernel.call import Call, Reply
from simulators.kernel.hosts import Hosts
from simulators.kernel.remembered import remembered
from simulators.kernel.store import Unavailable
from simulators.server.arrival import full_environ, problem, serve
from simulators.server.loop import Receive, Scope, Send, run

_ADDRESSES = 4096  # of hosts and paths are looked up once: most clients send to the same few
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Answers(Protocol):
    """A provider's app, by the door of the simulators' own server."""

    def answer(self, call: Call, /) -> Reply:
        """The provider's answer."""

    def unkept(self, call: Call, /) -> Reply:
        """Its answer to a request of which the store could not keep all."""


class Gateway:
    """The ASGI application behind every listener.

    `vendor_hosts` leads to providers, by the path where several have one host, and `ports` maps to
    their names; `own_hosts` are where prefixes and the control app (everything that no prefix
    takes) are served. IP addresses count as own hosts when `any_address` is set. An answer waits
    for `synced`, where there is such a thing.
    """

    def __init__(
        self,
        providers: Mapping[str, Answers],
        control: WSGIApplication,
        vendor_hosts: Hosts,
        *,
        own_hosts: frozenset[str] = LOOPBACK,
        any_address: bool = False,
        synced: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._providers = providers
        self._control = control
        self._vendor_hosts = vendor_hosts
        self._local_hosts = {local_host(name): name for name in providers}
        self._own_hosts = own_hosts
        self._any_address = any_address
        self._synced = synced
        self._by_name = remembered(_ADDRESSES)(self._named)
        self.ports: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(self, scope, receive, send)

    def answer(self, call: Call, port: int) -> Reply:
        """What the provider answers that a request is for, or the control app."""
        name, prefix = self.route(port, call.host, call.path)
        if name is None:
            return self._misdirected(call.host)
        if not name:
            reply = run(self._control, full_environ(call, port))
        else:
            call.path = call.path[len(prefix) :] or "/"
            reply = self._providers[name].answer(call)
        if self._synced is None:
            return reply
        return Reply(200, later=partial(self._when_synced, self._synced, name, call, reply))

    async def _when_synced(
        self, synced: Callable[[], Awaitable[None]], name: str, call: Call, reply: Reply
    ) -> Reply:
        """The answer, once nothing that it tells of can be lost."""
        if reply.later is not None:
            reply = await reply.later()
        try:
            await synced()
        except Unavailable as error:
            if reply.released is not None:
                reply.released()
            if name:
                return self._providers[name].unkept(call)
            return Reply.json(503, {"error": "nothing can be kept now", "got": str(error)})
        return reply

    def route(self, port: int, host: str, path: str) -> tuple[str | None, str]:
        """The provider ("" for the control app, None for nobody) and the prefix to take off."""
        by_port = self.ports.get(port)
        return self._by_name(host, path) if by_port is None else (by_port, "")

    def _named(self, host: str, path: str) -> tuple[str | None, str]:
        name = host_name(host)
        named = self._vendor_hosts.find(name, path) or self._local_hosts.get(name)
        if named is not None:
            return named, ""
        if not self._is_own(name):
            return None, ""
        first = path[1:].partition("/")[0]
        return (first, f"/{first}") if first in self._providers else ("", "")

    def stranger(self, host: str) -> Reply | None:
        """The refusal of a host that is none of the simulators' own: a page that had its name
        lead here reaches nothing."""
        if self._is_own(host_name(host)):
            return None
        return _nobody(host, self._own_hosts)

    def _is_own(self, name: str) -> bool:
        return name in self._own_hosts or (self._any_address and is_address(name))

    def _misdirected(self, host: str) -> Reply:
        return _nobody(host, [*self._own_hosts, *self._vendor_hosts.told, *self._local_hosts])


def _nobody(host: str, known: Iterable[str]) -> Reply:
    expected = f"one of the hosts served here: {', '.join(sorted(known))}"
    got = host or "no Host header"
    return problem(421, "nobody here answers this", got=got, expected=expected)


def local_host(provider: str) -> str:
    """The provider's name under `localhost`; a host name has no underscore."""
    return f"{provider.replace('_', '-')}.localhost"


def host_name(host: str) -> str:
    """A Host header without its port, lower-case."""
    name = host.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].rstrip(".")


def is_address(name: str) -> bool:
    """Whether a host name is an IP address."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
