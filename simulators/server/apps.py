"""A Flask app for each provider, built once from its `Provider`."""

import logging
from dataclasses import replace
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.pipeline import Pipeline
from simulators.kernel.provider import Endpoint, Exchange, Provider
from simulators.kernel.world import World
from simulators.server import routes

_log = logging.getLogger(__name__)


class Answer(Response):
    """A `Reply` as Flask's response: it goes out with the headers it has and no others, so there
    is nothing for Werkzeug to complete, and no state of Werkzeug's to set up."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        environ["simulators.reply"] = self.reply
        start_response(f"{self.reply.status} ", self.reply.headers)  # the door makes them legal
        return [self.reply.body]


class App(Flask):
    """A Flask app whose endpoints are chosen by method and path: the Host was the gateway's.

    Its views return responses, and it has no session, no hooks before and after a request and
    nobody who listens to its signals: what Flask does for those is left out.
    """

    def full_dispatch_request(self) -> Response:
        """The view's response, or that of the handler of what it raised."""
        try:
            answered = self.dispatch_request()
        except Exception as error:
            answered = self.handle_user_exception(error)
        assert isinstance(answered, Response)  # noqa: S101 - every view and handler makes one
        return answered

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        call: Call | None = None if request is None else request.environ.get("simulators.call")
        if call is None:  # a context of Flask's own, as `test_request_context` makes one
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "localhost", "/", "", "http", call.path, call.method)


class _Changeable(Response):
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


class Whole(App):
    """The same with all that Flask does for an app in a user's own hands: hooks, sessions, signals,
    and views of theirs beside the provider's."""

    def full_dispatch_request(self) -> Response:
        return Flask.full_dispatch_request(self)

    def make_response(self, rv: Any) -> Response:
        return super().make_response(_Changeable(rv.reply) if isinstance(rv, Answer) else rv)


def build(provider: Provider, pipeline: Pipeline, strangers: World, kind: type[App] = App) -> Flask:
    """The provider's app. It expects the adapter's `Call` in the environ, and leaves the `Reply`
    there, so that the adapter can carry out what WSGI has no words for."""
    app = kind(f"simulators.{provider.name}", static_folder=None)
    routes.literal(app.url_map)
    for path, endpoints in routes.by_path(provider.endpoints).items():
        app.url_map.add(Rule(path, endpoint=path))
        app.view_functions[path] = _view(provider, pipeline, endpoints)
    nowhere = _view(provider, pipeline, ())

    @app.errorhandler(HTTPException)
    def unserved(_error: HTTPException) -> Response:
        response: Response = nowhere()
        return response

    @app.errorhandler(Exception)
    def broken(_error: Exception) -> Response:
        path = pipeline.accounts.mask(provider.name).path(request.path)
        _log.exception("%s: %s %s", provider.name, request.method, path)
        call: Call = request.environ["simulators.call"]
        exchange = Exchange(call, provider, None, {}, strangers, strangers.clock.now())
        return Answer(provider.refuse(exchange, exchange.fail(Problem.INTERNAL)))

    return app


def _view(provider: Provider, pipeline: Pipeline, endpoints: tuple[Endpoint, ...]) -> Any:
    def view(**params: str) -> Response:
        call: Call = request.environ["simulators.call"]
        return Answer(pipeline.respond(provider, endpoints, call, params))

    return view
