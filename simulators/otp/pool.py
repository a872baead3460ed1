"""Carries a connector's requests: over connections that are kept, and never off this machine
unless told to."""

import fnmatch
import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from simulators.otp.connector import Incoming, Outgoing

if TYPE_CHECKING:
    import aiohttp

CONNECTIONS = 512
KEPT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
_WRITTEN = re.compile(r"[!-~]+")
_AUTOMATIC = ("User-Agent", "Accept-Encoding", "Accept", "Content-Type")


class Pool:
    """A client for one event loop.

    What is not addressed to this machine goes to `via`, the simulators' address, under the host
    name it was meant for. Without `via` only hosts that match one of `allowed` (globs) are
    contacted. `timeout` is for an answer to come, in seconds; None waits, as Logto does.
    """

    def __init__(
        self, via: str = "", timeout: float | None = 30.0, allowed: tuple[str, ...] = ()
    ) -> None:
        if via and (urlsplit(via).scheme != "http" or not urlsplit(via).hostname):
            raise ValueError(f"expected the simulators' http URL, got '{via}'")
        self._via = via.rstrip("/")
        self._timeout = timeout
        self._allowed = tuple(glob.lower() for glob in allowed)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, outgoing: Outgoing) -> Incoming:
        """The answer; redirects are not followed. Raises `TimeoutError` when none comes in time,
        `OSError` for a connection that fails or is not to be made, in the words of Node."""
        url, host = self._route(outgoing.url)
        headers = list(outgoing.headers)
        if host and "host" not in (name.lower() for name, _ in headers):
            headers.append(("Host", host))
        import aiohttp
        from yarl import URL

        try:
            async with self._opened().request(
                outgoing.method,
                URL(url, encoded=_WRITTEN.fullmatch(url) is not None),
                data=outgoing.body or None,
                headers=headers,
                allow_redirects=False,
                skip_auto_headers=_AUTOMATIC,
            ) as answer:
                body = await answer.content.read(-1)
                return Incoming(answer.status, body, answer.headers.get("Content-Type", ""))
        except TimeoutError:
            raise TimeoutError(f"no answer within {self._timeout or CONNECT_SECONDS:g} s") from None
        except aiohttp.ClientError as problem:
            raise OSError(_in_words_of_node(problem)) from None
        except ValueError as problem:  # a header with a line break, a port there is not
            raise OSError(f"not to be sent: {problem}") from None

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _route(self, url: str) -> tuple[str, str]:
        """Where a URL leads, and the host name to say there if it is another."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as problem:
            raise OSError(f"'{url}' is not an http(s) URL: {problem}") from None
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise OSError(f"'{url}' is not an http(s) URL")
        named = parts.netloc.rpartition("@")[2]
        if host.endswith(".localhost"):  # not every resolver knows it
            at = f"localhost:{port}" if port else "localhost"
            return f"{parts.scheme}://{at}{_target(parts)}", named
        if _is_loopback(host):
            return url, ""
        if self._via:
            return f"{self._via}{_target(parts)}", named
        if any(fnmatch.fnmatchcase(host, glob) for glob in self._allowed):
            return url, ""
        raise OSError(f"{host} is not this machine: expected the simulators' address, or its leave")

    def _opened(self) -> "aiohttp.ClientSession":
        if self._session is None:
            # Here, as a service that sends nothing yet starts faster without it.
            import aiohttp

            limits = aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=self._timeout
            )
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=limits, cookie_jar=aiohttp.DummyCookieJar()
            )
            # A GET whose connection closed may have sent its message: aiohttp would ask again.
            self._session._retry_connection = False
        return self._session


def _target(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.path or '/'}{query}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_words_of_node(problem: "aiohttp.ClientError") -> str:
    import aiohttp

    if isinstance(problem, aiohttp.ServerDisconnectedError):
        return "socket hang up"
    if isinstance(problem, aiohttp.ClientPayloadError):
        return "The server aborted pending request"
    if isinstance(problem, aiohttp.ClientConnectorError):
        refused = isinstance(problem.os_error, ConnectionRefusedError)
        where = f"{problem.host}:{problem.port}"
        return f"connect ECONNREFUSED {where}" if refused else f"{problem.os_error} ({where})"
    if isinstance(problem, aiohttp.ClientOSError):
        return "read ECONNRESET"
    return f"{type(problem).__name__}: {problem}"
