"""Carries a connector's requests: over connections that are kept, and never off this machine
unless told to."""

import re
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from simulators.loopback import is_loopback
from simulators.otp.connector import Cut, Incoming, Outgoing

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

    from simulators.outbound import Outbound

KEPT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
_READ = ("Content-Type", "Location")
_WRITTEN = re.compile(r"[!-~]+")


class Pool:
    """A client for one event loop.

    What is not addressed to this machine goes to `via`, the simulators' address, under the host
    name it was meant for; with `through`, other nodes of the same, to each of them in turn. Without
    `via` only hosts that match one of `allowed` (globs) are contacted. `timeout` is for an answer
    to come, in seconds; None waits, as Logto does. A request that has less patience of its own is
    given up before.
    """

    def __init__(
        self,
        via: str = "",
        timeout: float | None = 30.0,
        allowed: tuple[str, ...] = (),
        through: Sequence[str] = (),
    ) -> None:
        self._via = [one.rstrip("/") for one in (via, *through) if one]
        for one in self._via:
            if urlsplit(one).scheme != "http" or not urlsplit(one).hostname:
                raise ValueError(f"expected the simulators' http URL, got '{one}'")
        self._next = cycle(self._via)
        self._timeout = timeout
        self._allowed = allowed
        self._outbound: Outbound | None = None

    async def send(self, outgoing: Outgoing) -> Incoming:
        """The answer, a redirect as well. Raises `TimeoutError` when none comes in time, `OSError`
        for a connection that fails or is not to be made, in the words of Node, and `Cut` for one
        that ends in the middle of the answer."""
        # Here, as a service that sends nothing yet starts faster without it.
        import aiohttp

        from simulators.outbound import is_outside

        url, host = self._route(outgoing.url)
        headers = [_readable(pair, url, host) for pair in outgoing.headers]
        if host and "host" not in (name.lower() for name, _ in headers):
            headers.append(("Host", host))
        patience = min(filter(None, (self._timeout, outgoing.seconds)), default=None)
        # got counts from the start of a request to the end of its answer.
        limits = aiohttp.ClientTimeout(
            total=outgoing.seconds, sock_connect=CONNECT_SECONDS, sock_read=self._timeout
        )
        try:
            async with self._opened().request(
                outgoing.method, url, headers, outgoing.body, limits
            ) as answer:
                body = await answer.content.read(-1)
                kind, location = (answer.headers.get(name, "") for name in _READ)
                return Incoming(answer.status, body, kind, location, answer.reason or "")
        except TimeoutError:
            raise TimeoutError(f"no answer within {patience or CONNECT_SECONDS:g} s") from None
        except aiohttp.ClientPayloadError:
            raise Cut("The server aborted pending request") from None
        except aiohttp.ClientError as problem:
            said = _elsewhere(url) if is_outside(problem) else _in_words_of_node(problem)
            raise OSError(said) from None
        except ValueError as problem:  # a header with a line break, a port there is not
            raise OSError(f"not to be sent: {problem}") from None

    async def close(self) -> None:
        """Closes all connections."""
        if self._outbound is not None:
            await self._outbound.close()
            self._outbound = None

    def _route(self, written: str) -> "tuple[URL, str]":
        """Where a URL leads, and the host name to say there if it is another."""
        from yarl import URL

        try:
            url = URL(written, encoded=_WRITTEN.fullmatch(written) is not None)
            named, host = url.host_port_subcomponent or "", url.raw_host or ""
        except ValueError as problem:
            raise OSError(f"'{written}' is not an http(s) URL: {problem}") from None
        if url.scheme not in ("http", "https") or not host:
            raise OSError(f"'{written}' is not an http(s) URL")
        if is_loopback(host) or host.rstrip(".").lower().endswith(".localhost"):
            return url, ""
        if self._via:
            return URL(f"{next(self._next)}{url.raw_path_qs}", encoded=True), named
        if self._opened().allows(url):
            return url, ""
        raise OSError(_elsewhere(url))

    def _opened(self) -> "Outbound":
        if self._outbound is None:
            from simulators.outbound import Outbound

            via = [urlsplit(one).hostname or "" for one in self._via]
            self._outbound = Outbound((*self._allowed, *via), kept=KEPT_SECONDS)
        return self._outbound


def _readable(pair: tuple[str, str], url: "URL", host: str) -> tuple[str, str]:
    """A header as it is sent. The simulators compress nothing, whatever a client says it takes; a
    vendor itself may, and must not in a way that cannot be read here."""
    if pair[0].lower() != "accept-encoding" or host or is_loopback(url.raw_host or ""):
        return pair
    return pair[0], "gzip, deflate"


def _elsewhere(url: "URL") -> str:
    host = url.host_subcomponent
    return f"{host} is not this machine: expected the simulators' address, or its leave"


def _in_words_of_node(problem: "aiohttp.ClientError") -> str:
    import aiohttp

    if isinstance(problem, aiohttp.ServerDisconnectedError):
        return "socket hang up"
    if isinstance(problem, aiohttp.ClientConnectorError):
        refused = isinstance(problem.os_error, ConnectionRefusedError)
        where = f"{problem.host}:{problem.port}"
        return f"connect ECONNREFUSED {where}" if refused else f"{problem.os_error} ({where})"
    if isinstance(problem, aiohttp.ClientOSError):
        return "read ECONNRESET"
    return f"{type(problem).__name__}: {problem}"
