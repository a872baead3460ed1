"""Behind a WSGI server of somebody else's: a request enters by the same door as everywhere, and its
answer is carried out as far as WSGI has words for it.

* A delay, and the pauses of a `drip`, are waited for in the server's thread.
* A connection cannot be closed, reset or left hanging by an application. What ends a request all
  the same is `ConnectionResetError`, which servers take for a client that went away (Werkzeug,
  gunicorn, wsgiref close the connection without an answer) and a test client raises. `reset` ends
  as `close` does, `hang` after `HANG_SECONDS`, `truncate` after half of the body.
"""

import errno
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from http.client import responses
from io import BytesIO
from typing import Any, Protocol, TypeVar
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import ClosingIterator, get_input_stream

from simulators.kernel.call import MAX_BODY, Call, Reply
from simulators.server.arrival import MAX_DRAINED, OF_THE_CONNECTION, problem, too_much
from simulators.server.loop import BODILESS, DRIP_SECONDS, framed

HANG_SECONDS = 60
_PIECE = 64 << 10
# Whoever is outside keeps these: a context of Flask's lasts as long as its test client wants it to.
_NOT_HANDED_ON = {"werkzeug.debug.preserve_context"} | {
    f"HTTP_{name.upper().replace('-', '_')}" for name in OF_THE_CONNECTION
}
# Where a server leaves its socket, so that one that keeps connections alive ends this one.
_SOCKETS = ("werkzeug.socket", "gunicorn.socket")
_T = TypeVar("_T")


class Loop(Protocol):
    """Where requests are answered, one at a time."""

    def call(self, work: Callable[[], _T]) -> _T:
        """Runs `work` on the loop's thread and returns its result."""

    def complete(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Awaits `work` on the loop and returns its result."""


class Mount:
    """A WSGI application that has `answer` called on the loop, with the environ of the app that it
    asks, and delivers the reply."""

    def __init__(
        self,
        answer: Callable[[WSGIEnvironment, Call], Reply],
        loop: Loop,
        sleep: Callable[[float], None],
    ) -> None:
        self._answer = answer
        self._loop = loop
        self._sleep = sleep

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = _call(environ)
        sizes = [len(name) + len(value) for name, value in call.headers.items()]
        address = len(call.raw_path or call.path) + len(call.query)
        refused = too_much(len(sizes), address + sum(sizes)) or _read(environ, call)
        if refused is not None:
            return self._deliver(refused, environ, start_response)
        env = {name: value for name, value in environ.items() if name not in _NOT_HANDED_ON}
        env["wsgi.input"] = BytesIO(call.body)
        env["wsgi.input_terminated"] = True
        env["CONTENT_LENGTH"] = str(len(call.body))
        env["simulators.call"] = call
        reply = self._loop.complete(self._reply(env, call))
        return self._deliver(reply, environ, start_response)

    async def _reply(self, env: WSGIEnvironment, call: Call) -> Reply:
        reply = self._answer(env, call)
        return reply if reply.later is None else await reply.later()

    def _deliver(
        self, reply: Reply, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if reply.delay > 0:
            self._sleep(reply.delay)
        if reply.trouble == "hang":
            self._sleep(HANG_SECONDS)
        if reply.trouble == "drip":
            chunks = self._dripping(_begin(reply, environ, start_response))
            return ClosingIterator(chunks, lambda: self._release(reply))
        if reply.stream is not None:
            _begin(reply, environ, start_response)
            return self._streamed(reply.stream())
        self._release(reply)
        if reply.trouble in ("close", "reset", "hang"):
            _end(environ)
            raise _broken(reply)
        body = _begin(reply, environ, start_response)
        return _truncated(reply, body) if reply.trouble == "truncate" else [body]

    def _release(self, reply: Reply) -> None:
        if reply.released is not None:
            self._loop.call(reply.released)

    def _streamed(self, pieces: AsyncIterator[bytes]) -> Iterator[bytes]:
        while (piece := self._loop.complete(_next(pieces))) is not None:
            yield piece

    def _dripping(self, body: bytes) -> Iterator[bytes]:
        for at in range(len(body)):
            yield body[at : at + 1]
            self._sleep(DRIP_SECONDS)


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _begin(reply: Reply, environ: WSGIEnvironment, start_response: StartResponse) -> bytes:
    """Sends the head; the body that follows it."""
    start_response(f"{reply.status} {responses.get(reply.status, '')}", framed(reply))
    bare = reply.status in BODILESS or environ["REQUEST_METHOD"] == "HEAD"
    return b"" if bare else reply.body


def _truncated(reply: Reply, body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise _broken(reply)


def _broken(reply: Reply) -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, f"a rule broke the connection: {reply.trouble}")


def _end(environ: WSGIEnvironment) -> None:
    for name in _SOCKETS:
        if name in environ:
            try:
                environ[name].shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the client was faster


def _call(environ: WSGIEnvironment) -> Call:
    """The request without its body."""
    path: str = environ.get("PATH_INFO", "") or "/"
    target: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not target.startswith("/"):  # none is told, or the absolute form of a proxy's client
        target = quote((environ.get("SCRIPT_NAME", "") + path).encode("latin-1"), "/:@!$&'()*+,;=")
    return Call(
        method=environ["REQUEST_METHOD"],
        path=path.encode("latin-1").decode("utf-8", "replace"),
        query=environ.get("QUERY_STRING", ""),
        headers=dict(_headers(environ)),
        scheme=environ["wsgi.url_scheme"],
        raw_path=target.partition("?")[0],
        client=environ.get("REMOTE_ADDR", ""),
    )


def _headers(environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.lower().replace("_", "-"), environ[name]
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].lower().replace("_", "-"), value


def _read(environ: WSGIEnvironment, call: Call) -> Reply | None:
    """Reads the body into the call; the refusal of one that did not come whole. What is too large
    is read to `MAX_DRAINED`: a client that is cut off while it sends does not see the answer."""
    kept = bytearray()
    size = 0
    stream = get_input_stream(environ)
    try:
        while size <= MAX_DRAINED and (piece := stream.read(_PIECE)):
            size += len(piece)
            if size <= MAX_BODY:
                kept += piece
    except (HTTPException, OSError):
        return problem(
            400,
            "the request ended too soon",
            got=f"a body that ended after {size} bytes",
            expected="the body that was announced",
        )
    call.too_large = size > MAX_BODY
    call.body = b"" if call.too_large else bytes(kept)
    return None
