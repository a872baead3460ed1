"""Which app answers: by Host, by `/<provider>` prefix on the simulators' own hosts, by port."""

import ipaddress
from collections.abc import Iterable, Mapping
from itertools import chain
from wsgiref.types import WSGIApplication

import orjson

from simulators.kernel.call import Call, Reply
from simulators.server.loop import (
    Disconnected,
    Receive,
    Scope,
    Send,
    deliver,
    environ,
    read_body,
    run,
)

MAX_HEADERS = 100
MAX_HEADER_BYTES = 64 << 10
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Gateway:
    """The ASGI application behind every listener.

    `vendor_hosts` and `ports` map to provider names; `own_hosts` are where prefixes and the
    control app (everything that no prefix takes) are served. IP addresses count as own hosts
    when `any_address` is set.
    """

    def __init__(
        self,
        providers: Mapping[str, WSGIApplication],
        control: WSGIApplication,
        vendor_hosts: Mapping[str, str],
        *,
        own_hosts: frozenset[str] = LOOPBACK,
        any_address: bool = False,
    ) -> None:
        self._providers = providers
        self._control = control
        self._vendor_hosts = dict(vendor_hosts)
        self._vendor_hosts.update({local_host(name): name for name in providers})
        self._own_hosts = own_hosts
        self._any_address = any_address
        self.ports: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = _call(scope)
        if len(scope["headers"]) > MAX_HEADERS or _bytes(scope) > MAX_HEADER_BYTES:
            await deliver(_too_much(scope), receive, send)
            return
        try:
            body = await read_body(receive)
        except Disconnected:
            return
        call.body = body or b""
        call.too_large = body is None
        await deliver(self._answer(scope, call), receive, send)

    def _answer(self, scope: Scope, call: Call) -> Reply:
        name, prefix = self.route(scope["server"][1], call.host, call.path)
        if name is None:
            return self._misdirected(call.host)
        if not name:
            env = environ(scope, call, "")
            env.update({f"HTTP_{k.upper().replace('-', '_')}": v for k, v in call.headers.items()})
            return run(self._control, env)
        call.path = call.path[len(prefix) :] or "/"
        return run(self._providers[name], environ(scope, call, prefix))

    def route(self, port: int, host: str, path: str) -> tuple[str | None, str]:
        """The provider ("" for the control app, None for nobody) and the prefix to take off."""
        by_port = self.ports.get(port)
        if by_port is not None:
            return by_port, ""
        name = host_name(host)
        vendor = self._vendor_hosts.get(name)
        if vendor is not None:
            return vendor, ""
        if not self._is_own(name):
            return None, ""
        first = path[1:].partition("/")[0]
        return (first, f"/{first}") if first in self._providers else ("", "")

    def _is_own(self, name: str) -> bool:
        return name in self._own_hosts or (self._any_address and is_address(name))

    def _misdirected(self, host: str) -> Reply:
        known = ", ".join(sorted([*self._own_hosts, *self._vendor_hosts]))
        return _problem(421, host or "no Host header", f"one of the hosts served here: {known}")


def local_host(provider: str) -> str:
    """The provider's name under `localhost`; a host name has no underscore."""
    return f"{provider.replace('_', '-')}.localhost"


def host_name(host: str) -> str:
    """A Host header without its port, lower-case."""
    name = host.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    name = host.strip("[]").lower()
    if not is_address(name):
        return name == "localhost"
    return ipaddress.ip_address(name).is_loopback


def is_address(name: str) -> bool:
    """Whether a host name is an IP address."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _call(scope: Scope) -> Call:
    raw = scope["headers"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(headers) < len(raw):
        headers = _joined(raw)
    return Call(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        scheme=scope["scheme"],
        raw_path=scope["raw_path"].decode("latin-1"),
        client=scope["client"][0] if scope["client"] else "",
    )


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _bytes(scope: Scope) -> int:
    return sum(map(len, chain.from_iterable(scope["headers"])))


def _too_much(scope: Scope) -> Reply:
    got = f"{len(scope['headers'])} headers of {_bytes(scope)} bytes"
    expected = f"at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes in all"
    return _problem(431, got, expected)


def _problem(status: int, got: str, expected: str) -> Reply:
    body = orjson.dumps({"error": "nobody here answers this", "expected": expected, "got": got})
    return Reply(status, body, [("Content-Type", "application/json")])
