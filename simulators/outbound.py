"""The one HTTP client of the server: it stays on this machine unless told otherwise.

Callbacks and the OTP service's connectors go to URLs that anybody may name. A URL can be written
in many ways (digits of other scripts, decimal addresses, names that resolve anywhere), so it is not
the URL that is judged but the address, at the moment a socket is made to connect to it.
"""

import errno
import fnmatch
import socket
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from simulators.loopback import is_loopback_address

CONNECTIONS = 512
_AUTOMATIC = ("User-Agent", "Accept-Encoding", "Accept", "Content-Type")


class Outside(PermissionError):
    """What would be connected to is not this machine."""


class Outbound:
    """A client for one event loop, made in it. Redirects are not followed, cookies not kept, and
    nothing is sent twice.

    Two pools of connections: one that cannot leave this machine, and one for hosts that match one
    of `allowed` (globs), as they are spelled once the URL is read (IDNA, lower-case).
    """

    def __init__(self, allowed: tuple[str, ...] = (), *, to_one: int = 0, kept: float = 15) -> None:
        self._allowed = tuple(glob.lower() for glob in allowed)
        self._inside = _session(limit_per_host=to_one, keepalive_timeout=kept, socket_factory=_here)
        self._anywhere = _session(limit_per_host=to_one, keepalive_timeout=kept)

    def allows(self, url: URL) -> bool:
        """Whether the host of a URL may be contacted wherever it is."""
        if not self._allowed:
            return False
        spelled = [name.rstrip(".").lower() for name in (url.raw_host, url.host) if name]
        return any(fnmatch.fnmatchcase(name, glob) for glob in self._allowed for name in spelled)

    def request(
        self,
        method: str,
        url: URL,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        timeout: aiohttp.ClientTimeout,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One request; entered, its answer. Raises `aiohttp.ClientError`, `TimeoutError`, and
        `ValueError` for what cannot be sent; `is_outside` tells a refusal of ours."""
        session = self._anywhere if self.allows(url) else self._inside
        return session.request(
            method,
            url,
            data=body or None,
            headers=list(headers),
            timeout=timeout,
            allow_redirects=False,
            skip_auto_headers=_AUTOMATIC,
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._inside.close()
        await self._anywhere.close()


def is_outside(problem: Exception) -> bool:
    """Whether a request failed because it would have left this machine."""
    return isinstance(problem, aiohttp.ClientConnectorError) and isinstance(
        problem.os_error, Outside
    )


def _here(target: Any) -> socket.socket:
    """A socket for an address to connect to, if that is this machine's."""
    family, kind, protocol, _name, address = target
    if not is_loopback_address(address[0]):
        raise Outside(errno.EACCES, "not this machine")
    return socket.socket(family, kind, protocol)


def _session(**options: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, resolver=_Resolver(), **options)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    # A GET whose connection closed may have sent its message: aiohttp would ask again.
    session._retry_connection = False
    return session


class _Resolver(AbstractResolver):
    """The system's, which need not know names under `localhost`."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        local = f".{host.rstrip('.').lower()}".endswith(".localhost")
        return await self._inner.resolve("localhost" if local else host, port, family)

    async def close(self) -> None:
        await self._inner.close()
