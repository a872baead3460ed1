"""A vendor for `drift` to ask: a second simulator, behind a server that changes what it answers."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from simulators.catalog import PROVIDERS
from simulators.drift.line import Line, Time
from simulators.drift.run import Own, Run, conduct, served

NOW = 1_795_248_470.0


@dataclass
class Came:
    """One request that came to the vendor."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answered:
    """What the second simulator answered, to be changed."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    def with_json(self, change: Callable) -> "Answered":
        """The same with another body: `change` does it in place, or returns it."""
        document = self.json
        made = change(document)
        self.body = json.dumps(document if made is None else made).encode()
        return self


@dataclass
class Vendor:
    """What came to it, and the plan by which it changes an answer: it is given the request and the
    second simulator's answer, and returns the vendor's."""

    url: str = ""
    upstream: str = ""
    came: list[Came] = field(default_factory=list)
    tunnels: bool = False
    plan: Callable = lambda _came, answered: answered
    released: threading.Event = field(default_factory=threading.Event)


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    """All bytes until one side has ended."""
    with suppress(OSError):
        while data := source.recv(65_536):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            came = Came(self.command, self.path, headers, self.rfile.read(length))
            vendor.came.append(came)
            answered = vendor.plan(came, self.ask(came))
            self.close_connection = True
            with suppress(ConnectionError):  # who would not wait has gone
                self.send_response_only(answered.status)
                for name, value in answered.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answered.body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(answered.body)

        def ask(self, came):
            """The second simulator's answer. A proxy is given the whole URL."""
            parts = urlsplit(came.target)
            target = came.target.removeprefix(f"{parts.scheme}://{parts.netloc}")
            there = urlsplit(f"http://{parts.netloc}" if parts.netloc else vendor.upstream)
            connection = http.client.HTTPConnection(there.hostname, there.port, timeout=30)
            try:
                left = ("proxy-authorization", "connection")
                sent = {name: value for name, value in came.headers.items() if name not in left}
                connection.request(came.method, target, came.body or None, sent)
                response = connection.getresponse()
                own = ("content-length", "date", "server", "connection")
                headers = {
                    name.lower(): value
                    for name, value in response.getheaders()
                    if name.lower() not in own
                }
                return Answered(response.status, headers, response.read())
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

        def do_CONNECT(self):
            vendor.came.append(Came("CONNECT", self.path, dict(self.headers.items()), b""))
            self.close_connection = True
            if not vendor.tunnels:
                self.send_response_only(403)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response_only(200)
            self.end_headers()
            host, _, port = self.path.partition(":")
            with socket.create_connection((host, int(port))) as there:
                back = threading.Thread(target=_pass_on, args=(there, self.connection))
                back.start()
                _pass_on(self.connection, there)
                back.join()

        def log_message(self, *_said):
            pass

    return Handler


@contextmanager
def serving(upstream: str):
    """A vendor that listens."""
    vendor = Vendor(upstream=upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vendor))
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield vendor
    finally:
        vendor.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def vendor(sms_server):
    """The vendor, which nobody has asked yet and which changes nothing. It is the test's own: an
    answer that one test did not wait for is not counted in the next."""
    with serving(sms_server.url) as made:
        yield made


@pytest.fixture
def mine(sms):
    """Credentials of an account with the vendor: not the published ones."""
    sms.allow_violations()
    return sms.credentials


@pytest.fixture
def clock():
    """A time that stands still; what was slept is noted, and passes."""
    told = SimpleNamespace(now=NOW, slept=[])

    async def sleep(seconds):
        told.slept.append(seconds)
        told.now += seconds

    told.time = Time(now=lambda: told.now, sleep=sleep)
    return told


@pytest.fixture(scope="module")
def here():
    """The simulator that the vendor is compared with; one a module."""
    with served() as simulators:
        yield simulators


@pytest.fixture
def ask(vendor, mine, sms, sms_server, clock, here):
    """Runs `drift` against the vendor in this process: the report. The vendor's clock is ours."""

    @asynccontextmanager
    async def simulated(provider):
        async with Line(here.url) as line:
            yield Own(here, provider, line)

    def run(name, *only, known=None, **more):
        provider = PROVIDERS[name]
        count = iter(range(1_000_000))
        sms.simulators.call(lambda: sms.world.clock.freeze(clock.now))
        sms_server.call(lambda: sms_server.accounts.strangers.clock.freeze(clock.now))
        options = {
            "line": Line(f"{more.pop('at', vendor.url)}/{name}", **more.pop("way", {})),
            "pause": 0.0,
            "clock": clock.time,
            "nonce": lambda: f"nonce-{next(count)}-of-{sms.world.id}",
            **more,
        }
        found = Run(
            provider=provider, known=mine(name) if known is None else known, only=only, **options
        )
        try:
            return asyncio.run(conduct(found, simulated(provider)))
        finally:
            sms_server.call(sms_server.accounts.strangers.clock.run)
            sms_server.call(sms_server.accounts.strangers.reset)

    return run
