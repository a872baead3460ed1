"""The line to a vendor: one request at a time, by a proxy where there is one, and no faster than it
is told.

What is sent carries credentials, so it goes to the one host that was named and nowhere else:
redirects are answers and are not followed, nothing is taken from .netrc, and without TLS only this
machine is asked.
"""

import asyncio
import ssl
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import unquote, urlsplit

import aiohttp
from yarl import URL

from simulators.kernel.call import Call
from simulators.loopback import is_loopback
from simulators.samples import target

MOST = 1 << 20  # of an answer, in bytes
TRIES = 3  # of one request that was too fast
LONGEST = 120.0  # seconds that an answer may ask to be waited for
TOO_FAST = (429, 503)


class BadAddress(ValueError):
    """An address cannot be asked; the message says what is expected."""


class NoAnswer(Exception):
    """A request was not answered; the message says how. `reached` says whether anybody was there:
    if nobody is, there is no use in asking further."""

    def __init__(self, message: str, *, reached: bool = True) -> None:
        super().__init__(message)
        self.reached = reached


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `headers` with lower-case names, those that came twice twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value, repeated ones joined by a comma; None where it is missing."""
        found = [value for other, value in self.headers if other == name]
        return ", ".join(found) if found else None


@dataclass(frozen=True, slots=True)
class Time:
    """What time it is, and how to let it pass."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def address(url: str, option: str) -> str:
    """The beginning of every URL of a service. Raises `BadAddress`."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddress(f"{option}: expected a URL such as https://api.example.com")
    if parts.username is not None or parts.query or parts.fragment:
        raise BadAddress(
            f"{option}: expected scheme, host and at most a path; credentials are read from the"
            " file of --credentials"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise BadAddress(
            f"{option}: expected https://{parts.netloc}; without TLS credentials are sent to this"
            " machine alone"
        )
    return url.rstrip("/")


def proxy_for(url: str, given: str) -> str:
    """The proxy to a URL: the one that is given, else the environment's (HTTP_PROXY, HTTPS_PROXY,
    NO_PROXY), "" for none. Raises `BadAddress`."""
    parts = urlsplit(url)
    proxy, host = given, parts.hostname or ""
    if not given and not is_loopback(host) and not urllib.request.proxy_bypass(host):
        proxy = urllib.request.getproxies().get(parts.scheme, "")
    if not proxy:
        return ""
    try:
        told = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        good = told.scheme in ("http", "https") and bool(told.hostname) and (told.port or 1)
    except ValueError:
        good = False
    if not good:
        raise BadAddress("--proxy: expected a URL such as http://proxy.example.com:3128")
    return told.geturl()


def secrets_of(proxy: str) -> list[str]:
    """What a proxy's URL has that nobody may see."""
    parts = urlsplit(proxy)
    return [
        spelled
        for value in (parts.password, parts.username if parts.password is None else None)
        if value
        for spelled in {value, unquote(value)}
    ]


class Line:
    """Requests to one service. To be entered; each is sent once."""

    def __init__(self, base: str, *, proxy: str = "", timeout: float = 15.0) -> None:
        self.base = base
        self.proxy = proxy
        self.timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Line":
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), force_close=True)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # it would take credentials from .netrc
            timeout=aiohttp.ClientTimeout(total=self.timeout),
            auto_decompress=True,
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def origin(self) -> str:
        """Scheme and host, which may be shown; a path may be a secret."""
        return f"{urlsplit(self.base).scheme}://{self.host}"

    @property
    def host(self) -> str:
        """The Host header of what is sent here."""
        return urlsplit(self.base).netloc

    async def ask(self, call: Call) -> Answer:
        """One request's answer. Raises `NoAnswer`."""
        assert self._session is not None  # noqa: S101 - it was entered
        try:
            async with self._session.request(
                call.method,
                URL(f"{self.base}{target(call)}", encoded=True),
                data=call.body if call.body or call.method != "GET" else None,
                headers={"accept": "application/json, */*;q=0.5", **call.headers},
                proxy=self.proxy or None,
                allow_redirects=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type"),
            ) as response:
                body = await response.content.read(MOST)
                while len(body) < MOST and (more := await response.content.read(MOST - len(body))):
                    body += more
                headers = tuple((name.lower(), value) for name, value in response.headers.items())
                return Answer(response.status, headers, body)
        except TimeoutError:
            raise NoAnswer(f"no answer within {self.timeout:g} s") from None
        except aiohttp.ClientHttpProxyError as error:
            told = f"the proxy refuses to connect: HTTP {error.status}"
            raise NoAnswer(told, reached=False) from None
        except aiohttp.ClientConnectorCertificateError as error:
            told = f"the certificate is not trusted: {error.certificate_error}"
            raise NoAnswer(told, reached=False) from None
        except aiohttp.ClientConnectorError as error:
            told = error.strerror or type(error.os_error).__name__
            raise NoAnswer(f"nobody answers ({told})", reached=False) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise NoAnswer(f"the connection broke ({type(error).__name__})") from None


def pause(answer: Answer, tried: int, now: float) -> float:
    """How many seconds to wait before the next try: as the answer says, else 1, 2, 4 and so on."""
    given = answer.header("retry-after")
    if given is None:
        return float(2**tried)
    if given.strip().isdecimal():
        return float(min(int(given.strip()[:9]), 10**9))
    try:
        return max(parsedate_to_datetime(given).timestamp() - now, 0.0)
    except (TypeError, ValueError):
        return float(2**tried)


async def patiently(
    line: Line, make: Callable[[], Call], too_fast: Callable[[Answer], bool], clock: Time
) -> Answer:
    """The answer to a request that is made, and signed, anew for each try. One that was too fast is
    tried again when the vendor says. Raises `NoAnswer`."""
    for tried in range(TRIES):
        answer = await line.ask(make())
        if not too_fast(answer):
            return answer
        wait = pause(answer, tried, clock.now())
        if wait > LONGEST:
            raise NoAnswer(f"throttled: it asks to be left alone for {wait:.0f} s")
        if tried + 1 < TRIES:
            await clock.sleep(wait)
    raise NoAnswer(f"throttled: {TRIES} tries, each answered {answer.status}")
