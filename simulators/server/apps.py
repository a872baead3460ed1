"""A Flask app for each provider, built once from its `Provider`."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.pipeline import Pipeline
from simulators.kernel.provider import Exchange, Provider
from simulators.kernel.remembered import remembered
from simulators.kernel.store import Unavailable
from simulators.kernel.world import Account, World
from simulators.routing import Rule
from simulators.server import routes
from simulators.store.memory import MemoryStore

_log = logging.getLogger(__name__)
# So many paths are matched once: most clients send to the same few.
_MATCHES = 4096


class Answer(Response):
    """A `Reply` as Flask's response: it goes out with the headers it has and no others, so there
    is nothing for Werkzeug to complete, and no state of Werkzeug's to set up."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        environ["simulators.reply"] = self.reply
        start_response(f"{self.reply.status} ", self.reply.headers)  # the door makes them legal
        return [self.reply.body]


class Changeable(Response):
    """A `Reply` that hooks may look at and change; how it is carried out stays as it was."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body, reply.status, reply.headers)
        if not any(name.lower() == "content-type" for name, _ in reply.headers):
            del self.headers["Content-Type"]  # Flask's own, which would call it a page
        self.reply = reply

    def __call__(self, environ: Any, start_response: Any) -> Any:
        headers, body = list(self.headers), self.get_data()
        reply = replace(self.reply, status=self.status_code, headers=headers, body=body)
        environ["simulators.reply"] = reply
        return super().__call__(environ, start_response)


class App(Flask):
    """A provider's Flask app, with two doors to the same views.

    By WSGI it is an app like any other, with hooks, sessions and signals, and views of the user's
    own beside the provider's. It expects the `Call` in the environ and leaves the `Reply` there, so
    that whoever serves it can carry out what WSGI has no words for. `answer` is the door of the
    simulators' own server: the same URL map leads to the same view, and nothing is made that only
    a view of somebody else's would look at.

    Endpoints are chosen by method and path alone: the Host was the gateway's.
    """

    def __init__(self, provider: Provider, pipeline: Pipeline, strangers: World) -> None:
        super().__init__(f"simulators.{provider.name}", static_folder=None)
        routes.literal(self.url_map)
        self._provider = provider
        self._pipeline = pipeline
        self._strangers = strangers
        # Whose a request is that the store is not there for: of it, nothing is kept.
        self._nobody = World(Account("nobody", {}), MemoryStore(), pipeline.accounts.system)
        self._endpoints = routes.by_path(provider.endpoints)
        self._matched = remembered(_MATCHES)(self._match)
        for path in self._endpoints:
            self.url_map.add(Rule(path, endpoint=path))
            self.view_functions[path] = self._view(path)
        self.register_error_handler(HTTPException, self._unserved)
        self.register_error_handler(Exception, self._broken)

    def answer(self, call: Call) -> Reply:
        """The provider's answer."""
        try:
            path, params = self._matched(call.path, call.method)
            reply = self._pipeline.respond(
                self._provider, self._endpoints.get(path, ()), call, params
            )
        except Unavailable:
            return self.unkept(call)
        except Exception:
            return self._fault(call)
        if reply.later is not None:
            reply.later = partial(self._awaited, call, reply.later)
        return reply

    async def _awaited(self, call: Call, later: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            return await later()
        except Unavailable:
            return self.unkept(call)

    def unkept(self, call: Call) -> Reply:
        """The answer to a request of which the store could not keep all: it is told as a fault, so
        nobody counts on what is not there. The store says in the log what is wrong."""
        return self._fault_of(call, self._nobody)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        call: Call | None = None if request is None else request.environ.get("simulators.call")
        if call is None:  # a context of Flask's own, as `test_request_context` makes one
            return super().create_url_adapter(request)
        return self._adapter(call.path, call.method)

    def _adapter(self, path: str, method: str) -> MapAdapter:
        return MapAdapter(self.url_map, "localhost", "/", "", "http", path, method)

    def _match(self, path: str, method: str) -> tuple[str, Mapping[str, str]]:
        """The path rule, "" where nobody serves it, and the path's variables."""
        try:
            return self._adapter(path, method).match()
        except HTTPException:
            return "", {}

    def _view(self, path: str) -> Any:
        endpoints = self._endpoints.get(path, ())

        def view(**params: str) -> Response:
            call: Call = request.environ["simulators.call"]
            return Changeable(self._pipeline.respond(self._provider, endpoints, call, params))

        return view

    def _unserved(self, _error: Exception) -> Response:
        answered: Response = self._view("")()
        return answered

    def _broken(self, error: Exception) -> Response:
        call: Call = request.environ["simulators.call"]
        away = isinstance(error, Unavailable)
        return Changeable(self.unkept(call) if away else self._fault(call))

    def _fault(self, call: Call) -> Reply:
        """A fault of ours, told in the log, is answered as the provider answers its own."""
        path = self._pipeline.accounts.mask(self._provider.name).path(call.path)
        _log.exception("%s: %s %s", self._provider.name, call.method, path)
        return self._fault_of(call, self._strangers)

    def _fault_of(self, call: Call, world: World) -> Reply:
        exchange = Exchange(call, self._provider, None, {}, world, world.clock.now())
        return self._provider.refuse(exchange, exchange.fail(Problem.INTERNAL))
