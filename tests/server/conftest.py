"""A listener as the simulators have it, in front of an app that only leaves instructions."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import uvloop
from flask import Flask

from simulators.kernel.call import Call, Reply
from simulators.kernel.hosts import Hosts
from simulators.server import tls
from simulators.server.gateway import Gateway
from simulators.server.http1 import Protocol
from simulators.server.listeners import listener

VENDOR = "sms.vendor.example"


class Instructed:
    """An app that answers with the `Reply` its caller describes in the query."""

    name = account = "vendor"
    hosts = (VENDOR,)
    more_hosts = ()
    endpoints = ()

    def answer(self, call: Call) -> Reply:
        """That reply; without a body of its own it tells about the request."""
        given = dict(parse_qsl(call.query))
        if "fault" in given:
            raise RuntimeError(given["fault"])
        told = {
            "size": len(call.body),
            "begins": call.body[:9].decode("latin-1"),
            "too_large": call.too_large,
            "threads": threading.active_count(),
            "call": [call.method, call.path, call.raw_path, call.query, call.headers, call.scheme],
            "fill": "x" * int(given.get("fill", "0")),
        }
        kind = [("Content-Type", "application/json")]
        kind += [tuple(pair.split(":", 1)) for pair in given.get("headers", "").split("|") if pair]
        return Reply(
            int(given.get("status", "200")),
            given.get("body", json.dumps(told)).encode() if "empty" not in given else b"",
            kind,
            delay=float(given.get("delay", "0")),
            trouble=given.get("trouble"),
        )


@dataclass(frozen=True)
class Listeners:
    """Where the instructed app is served."""

    plain: int
    secure: int
    by_asgi: int
    trust: ssl.SSLContext
    thread: int

    def connect(self, secure: bool = False) -> socket.socket:
        """A connection to it; over TLS under the vendor's name."""
        port = self.secure if secure else self.plain
        sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        return self.trust.wrap_socket(sock, server_hostname=VENDOR) if secure else sock


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA."""
    folder = tmp_path_factory.mktemp("authority")
    tls.ca_path(folder)
    return folder


class ByAsgi(Protocol):
    """The other way of each request."""

    def _plain_head(self, _data: bytes) -> None:
        return None


@pytest.fixture(scope="module")
def listeners(authority: Path) -> Iterator[Listeners]:
    """The instructed app behind a gateway on the loop of one thread: plain, over TLS, and with
    every request by ASGI."""
    gateway = Gateway({"vendor": Instructed()}, Flask("control"), Hosts([Instructed()]))
    contexts = [None, tls.context(authority, [VENDOR]), None]
    servers = [listener(gateway, context) for context in contexts]
    servers[2].config.http_protocol_class = ByAsgi
    with contextlib.ExitStack() as closing:
        sockets = [closing.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in servers]

        async def serve() -> None:
            await asyncio.gather(
                *(server.serve([sock]) for server, sock in zip(servers, sockets, strict=True))
            )

        def work() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve())

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        trust = ssl.create_default_context(cafile=str(authority / tls.CA_FILE))
        ports = [sock.getsockname()[1] for sock in sockets]
        yield Listeners(*ports, trust, thread.ident or 0)
        for server in servers:
            server.should_exit = True
        thread.join(10)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def connect(listeners: Listeners, request: pytest.FixtureRequest) -> Callable[[], socket.socket]:
    """Opens a connection, plain and over TLS in turn."""
    return lambda: listeners.connect(request.param)
