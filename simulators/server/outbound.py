"""The HTTP client of callbacks: it stays on this machine unless told otherwise."""

import fnmatch
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from simulators.kernel.receipts import Callback

CONNECTIONS = 512
CONNECTIONS_TO_ONE = 64
CONNECT_SECONDS = 5.0
READ_BYTES = 4096


class Outbound:
    """Follows no redirect, and contacts nothing outside this machine but hosts that match one of
    `allowed`. What a name resolves to decides, not the name."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = allowed
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS,
            limit_per_host=CONNECTIONS_TO_ONE,
            resolver=_Resolver(self.allows),
        )
        self._session = aiohttp.ClientSession(connector=connector)

    def allows(self, host: str) -> bool:
        """Whether a host outside this machine may be contacted."""
        return any(fnmatch.fnmatchcase(host.lower(), glob) for glob in self._allowed)

    async def send(self, callback: Callback, timeout: float) -> tuple[int, bytes]:
        """Status and first bytes of the answer. Raises `TimeoutError` when none comes within
        `timeout` seconds, `OSError` when there is no connection, `ValueError` for a bad URL."""
        self._refuse_outside(callback.url)
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=timeout)
        try:
            async with self._session.request(
                callback.method,
                callback.url,
                data=callback.body or None,
                headers=list(callback.headers),
                timeout=limits,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
            ) as answer:
                return answer.status, await answer.content.read(READ_BYTES)
        except aiohttp.ClientError as problem:
            raise OSError(f"{type(problem).__name__}: {problem}") from None

    async def close(self) -> None:
        """Closes all connections."""
        await self._session.close()

    def _refuse_outside(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"'{url}' is not an http(s) URL")
        try:
            address = ipaddress.ip_address(parts.hostname)
        except ValueError:
            return  # a name: the resolver judges it
        if not address.is_loopback and not self.allows(parts.hostname):
            raise OSError(_outside(parts.hostname))


class _Resolver(AbstractResolver):
    """Resolves names, and lets none but the allowed ones lead outside this machine."""

    def __init__(self, allows: Callable[[str], bool]) -> None:
        self._inner = ThreadedResolver()
        self._allows = allows

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        local = "localhost" if host.endswith(".localhost") else host
        found = await self._inner.resolve(local, port, family)
        if self._allows(host):
            return found
        inside = [one for one in found if ipaddress.ip_address(one["host"]).is_loopback]
        if not inside:
            raise OSError(_outside(host))
        return inside

    async def close(self) -> None:
        await self._inner.close()


def _outside(host: str) -> str:
    return f"{host} is not this machine; --callbacks-to {host} allows it"
