"""The sockets that are listened on, and the uvicorn servers that speak HTTP on them."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator

import uvicorn

from simulators.server.arrival import Site
from simulators.server.gateway import Gateway
from simulators.server.http1 import Protocol

IDLE_SECONDS = 75


class PortInUse(OSError):
    """A port cannot be listened on; the message names it and the flag that changes it."""


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leaves no connection open. A TLS client that sits idle never answers the goodbye, and
        with warnings turned into errors uvloop cannot be closed over what is left."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def listener(
    app: Gateway | Site, context: ssl.SSLContext | None, protocol: type[Protocol] = Protocol
) -> uvicorn.Server:
    """A uvicorn server for sockets of one kind, plain or with this TLS context."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    config.load()
    config.ssl = context
    return _Server(config)


def listen(host: str, port: int, flag: str, *, together: bool = False) -> socket.socket:
    """A socket that accepts on a port, 0 for a free one, `together` with others that do so. Raises
    `PortInUse`, which tells `flag`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if together:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host.strip("[]"), port))
        sock.listen(4096)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"port {port} is in use; choose another with {flag}") from None
        raise PortInUse(f"cannot listen on {host} port {port}: {error.strerror} ({flag})") from None
    sock.setblocking(False)
    return sock
