"""Flask on the event loop: calls a WSGI app synchronously, then carries out its `Reply`.

A view answers at once and says how the answer is to be delivered; waiting, dripping, cutting
and resetting are awaited here, so that a thousand of them cost no thread.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import partial
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication

from simulators.kernel.call import Call, Reply
from simulators.kernel.headers import FRAMING, legal

DRIP_SECONDS = 0.05
BODILESS = (204, 304)  # RFC 9110 6.4.1: what followed would be read as the next answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def environ(call: Call, port: int) -> dict[str, Any]:
    """The WSGI environ of a call, with the call itself in it."""
    return {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": call.path.encode().decode("latin-1"),
        "QUERY_STRING": call.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": call.scheme,
        "wsgi.input": BytesIO(call.body),
        "wsgi.input_terminated": True,  # it ends with the body, however that was framed
        "wsgi.errors": None,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(call.body)),
        "CONTENT_TYPE": call.headers.get("content-type", ""),
        "simulators.call": call,
    }


def run(app: WSGIApplication, env: dict[str, Any]) -> Reply:
    """Calls the app; its answer becomes a `Reply`, with the instructions its view left.

    A view that has to wait leaves in the environ, under `simulators.later`, a function whose
    result, awaited, is the WSGI app that answers.
    """
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> Any:
        started[:] = (int(status[:3]), headers)

    pieces = app(env, start_response)
    try:
        body = b"".join(pieces)
    finally:
        if hasattr(pieces, "close"):  # PEP 3333: what it has open, as a file that it sends
            pieces.close()
    left: Reply | None = env.get("simulators.reply")
    if left is not None:
        return left
    status, headers = started
    later = env.pop("simulators.later", None)
    return Reply(status, body, headers, later=later and partial(_later, later, env))


async def _later(later: Callable[[], Awaitable[WSGIApplication]], env: dict[str, Any]) -> Reply:
    return run(await later(), env)


async def deliver(reply: Reply, receive: Receive, send: Send) -> None:
    """Sends the answer as its instructions say."""
    if reply.released is None:
        await _deliver(reply, receive, send)
        return
    try:
        await _deliver(reply, receive, send)
    finally:
        reply.released()


async def _deliver(reply: Reply, receive: Receive, send: Send) -> None:
    if reply.later is not None:
        made = await _while_there(reply.later, receive)
        if made is not None:
            await deliver(made, receive, send)
        return
    if reply.stream is not None:
        await _stream(reply, reply.stream(), receive, send)
        return
    if reply.delay > 0:
        await asyncio.sleep(reply.delay)
    if reply.trouble is None:
        await _send(reply, send)
    else:
        await _TROUBLES[reply.trouble](reply, receive, send)


async def _while_there(later: Callable[[], Awaitable[Reply]], receive: Receive) -> Reply | None:
    """The answer when it is ready, or None once the client is gone."""
    work = asyncio.ensure_future(later())
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        work.cancel()
        gone.cancel()


def framed(reply: Reply) -> list[tuple[str, str]]:
    """The headers that an answer goes out with, its length among them; names are lower-case."""
    headers = [(name.lower(), value) for name, value in legal(reply.headers)]
    if reply.body:  # without one, a length is that of the answer that HEAD asks about
        headers = [pair for pair in headers if pair[0] not in FRAMING]
    bodiless = reply.status in BODILESS or reply.stream is not None  # which ends when it ends
    if not bodiless and not any(k == "content-length" for k, _ in headers):
        headers.append(("content-length", str(len(reply.body))))
    return headers


async def _start(reply: Reply, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in framed(reply)]
    if reply.dated:
        _cycle(send).default_headers = []  # uvicorn's own date
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})


async def _send(reply: Reply, send: Send) -> None:
    await _start(reply, send)
    body = b"" if reply.status in BODILESS else reply.body
    await send({"type": "http.response.body", "body": body})


async def _stream(reply: Reply, pieces: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Sends pieces as they are made, until there are no more or the client is gone. A client that
    reads slowly holds up the making of the next one: nothing is piled up for it."""

    async def pump() -> None:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    await _start(reply, send)
    work = asyncio.ensure_future(pump())
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        gone.cancel()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(send: Send) -> Any:
    return _cycle(send).transport


def _cycle(send: Send) -> Any:
    # The only way to a connection from an ASGI app under uvicorn: the cycle behind `send`.
    return send.__self__  # type: ignore[attr-defined]  # a bound method of uvicorn's


async def _close(_reply: Reply, receive: Receive, send: Send) -> None:
    _transport(send).close()
    await _gone(receive)


async def _reset(_reply: Reply, receive: Receive, send: Send) -> None:
    transport = _transport(send)
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await _gone(receive)


async def _hang(_reply: Reply, receive: Receive, _send: Send) -> None:
    await _gone(receive)


async def _truncate(reply: Reply, receive: Receive, send: Send) -> None:
    await _start(reply, send)
    half = reply.body[: len(reply.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    _transport(send).close()
    await _gone(receive)


async def _drip(reply: Reply, receive: Receive, send: Send) -> None:
    await _start(reply, send)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        for at in range(len(reply.body)):
            piece = reply.body[at : at + 1]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.wait([gone], timeout=DRIP_SECONDS)
            if gone.done():
                return
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


_TROUBLES = {
    "close": _close,
    "reset": _reset,
    "hang": _hang,
    "truncate": _truncate,
    "drip": _drip,
}
