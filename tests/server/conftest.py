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

import pytest
import uvloop
from flask import Flask, request

from simulators.kernel.call import Reply
from simulators.server import tls
from simulators.server.gateway import Gateway
from simulators.server.listeners import listener

VENDOR = "sms.vendor.example"


def instructed() -> Flask:
    """An app that leaves the `Reply` its caller describes in the query."""
    app = Flask("instructed", static_folder=None)

    @app.route("/", methods=["GET", "POST"])
    def answer() -> str:
        given = request.args
        body = json.dumps(
            {
                "size": len(request.environ["simulators.call"].body),
                "too_large": request.environ["simulators.call"].too_large,
                "threads": threading.active_count(),
                "fill": "x" * int(given.get("fill", "0")),
            }
        ).encode()
        body = given.get("body", "").encode() or body
        request.environ["simulators.reply"] = Reply(
            200,
            body,
            [("Content-Type", "application/json")],
            delay=float(given.get("delay", "0")),
            trouble=given.get("trouble"),
        )
        return ""

    return app


@dataclass(frozen=True)
class Listeners:
    """Where the instructed app is served."""

    plain: int
    secure: int
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


@pytest.fixture(scope="module")
def listeners(authority: Path) -> Iterator[Listeners]:
    """The instructed app behind a gateway, plain and over TLS, on the loop of one thread."""
    gateway = Gateway({"vendor": instructed()}, Flask("control"), {VENDOR: "vendor"})
    servers = [listener(gateway, None), listener(gateway, tls.context(authority, [VENDOR]))]
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
        yield Listeners(ports[0], ports[1], trust, thread.ident or 0)
        for server in servers:
            server.should_exit = True
        thread.join(10)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def connect(listeners: Listeners, request: pytest.FixtureRequest) -> Callable[[], socket.socket]:
    """Opens a connection, plain and over TLS in turn."""
    return lambda: listeners.connect(request.param)
