"""A provider as a Flask app of the user's own: for `test_client()`, any WSGI server, a mount."""

import asyncio
import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

import uvloop
from flask import Flask

from simulators import catalog
from simulators.app import Options, Simulators
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call, Reply
from simulators.loopback import is_loopback
from simulators.server.apps import App
from simulators.server.arrival import problem
from simulators.server.loop import run
from simulators.server.wsgi import Mount
from simulators.testing.sms import Sms

EXTENSION = "sms"
_FORWARDED = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"}
_T = TypeVar("_T")


class Mounted(Simulators):
    """Simulators without listeners. Their loop is a thread that starts when it is first needed,
    so in the process that serves, and not in one that only made the app before it forked."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Event | None = None

    def call(self, work: Callable[[], _T]) -> _T:
        """Runs `work` on the loop's thread, which may be the caller's, and returns its result."""
        return work() if threading.current_thread() is self._thread else super().call(work)

    def complete(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Awaits `work` on the loop, in another thread than the loop's, and returns its result."""
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError(
                "the simulators answer one request at a time: a view in their app"
                " cannot wait for another one, nor for a receipt"
            )
        with self._starting:
            if self._thread is None:
                self._start()
        return super().complete(work)

    def addresses(self, provider: str) -> dict[str, str | None]:
        """None: who serves an app of it knows where that is."""
        return dict.fromkeys(("prefix", "localhost", "https", "port"))

    def close(self) -> None:
        """Ends the thread; what was not delivered by now is not."""
        self._end()
        self.store.close()

    def _end(self) -> None:
        thread = self._thread
        if thread is None or self.loop is None or self._ended is None:
            return
        with contextlib.suppress(RuntimeError):  # it ended before
            self.loop.call_soon_threadsafe(self._ended.set)
        if thread is not threading.current_thread():
            thread.join(5)

    def _start(self) -> None:
        ready = threading.Event()

        def work() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._attend(ready.set))

        self._thread = threading.Thread(target=work, name="sms-simulators", daemon=True)
        self._thread.start()
        ready.wait()

    async def _attend(self, ready: Callable[[], None]) -> None:
        """Carries receipts until `close`."""
        self.loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        dispatching = asyncio.ensure_future(self.dispatcher.run())
        ready()
        try:
            await self._ended.wait()
        finally:
            dispatching.cancel()
            self.courier.close()


def flask_app(
    provider: str,
    options: Options | None = None,
    *,
    beside: Flask | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """The Flask app of one provider, with the control API under `/_sim`. See
    `simulators.flask_app`."""
    known = catalog.find(provider)
    sms = _state(options, beside)
    simulators = sms.simulators
    app = App(known, simulators.pipeline, simulators.accounts.strangers)
    app.extensions[EXTENSION] = sms
    own = app.wsgi_app

    def answer(environ: WSGIEnvironment, call: Call) -> Reply:
        if call.path.startswith("/_sim/") or call.path == "/metrics":
            return _stranger(simulators, call) or run(simulators.control, environ)
        return run(own, environ)

    app.wsgi_app = Mount(answer, simulators, sleep)  # type: ignore[method-assign]  # Flask's own way
    return app


def _state(options: Options | None, beside: Flask | None) -> Sms:
    if beside is None:
        if options is not None and options.data_sync:
            raise ValueError("data_sync: expected False, as it is for the simulators' own server")
        if options is not None and options.store:
            raise ValueError("store: expected '', as it is for the simulators' own server")
        simulators = Mounted(options or Options())
        sms = Sms(simulators, simulators.accounts.world(DEFAULT))
        weakref.finalize(sms, simulators.close)
        return sms
    if options is not None:
        raise ValueError("options are those of the app whose state is shared; expected one of both")
    found = beside.extensions.get(EXTENSION)
    if not isinstance(found, Sms):
        raise ValueError(f"beside: expected an app that flask_app made, got {beside!r}")
    return found


def _stranger(simulators: Simulators, call: Call) -> Reply | None:
    """The refusal of whoever may not use the control API. Where the server of another's own listens
    is not known here, so without a token each request has to come from this machine."""
    if simulators.options.token:
        return None
    if not is_loopback(call.client) or _FORWARDED & call.headers.keys():
        got = f"from {call.client or 'an unknown address'}, with no token set"
        expected = "a request from this machine, or Options(token=...)"
        return problem(403, "the control API is for this machine", got=got, expected=expected)
    return simulators.gateway.stranger(call.host)
