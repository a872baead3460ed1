"""The service as a Flask app. A view that waits for a provider returns at once: what it awaits is
left in the environ, under `simulators.later`, for the server to await."""

import asyncio
import inspect
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from simulators.otp import cors, languages, reading
from simulators.otp.api import (
    account,
    applications,
    codes,
    configs,
    connectors,
    experience,
    oidc,
    people,
    roles,
    settings,
    tokens,
)
from simulators.otp.connector import ConnectorError, Crash, Silence
from simulators.otp.errors import OriginRefused, Refused, from_connector
from simulators.otp.route import NO_CONTENT, Route, Said, seen
from simulators.otp.service import Service

_log = logging.getLogger(__name__)
_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_CRASHED = Said(500, {"message": "Internal server error."})
_MANAGEMENT = (connectors, codes, settings, people, applications, roles, configs)
_PARTS = (*_MANAGEMENT, oidc, tokens, experience, account)
ROUTES: tuple[Route, ...] = tuple(route for part in _PARTS for route in part.ROUTES)


def build(service: Service) -> Flask:
    """The app of one service. Its views run on the loop's thread, one at a time."""
    app = Flask("simulators.otp", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in ROUTES:
        by_path[route.path][route.method] = route
    for path, routes in by_path.items():
        methods = ["GET", "OPTIONS", *reading.WRITING]
        view = _view(service, routes)
        app.add_url_rule(path, path, view, methods=methods, provide_automatic_options=False)

    @app.errorhandler(HTTPException)
    def unserved(error: HTTPException) -> Response:
        return Response(error.name, error.code, content_type="text/plain; charset=utf-8")

    return app


def _view(service: Service, routes: Mapping[str, Route]) -> Callable[..., Response]:
    def view(**params: str) -> Response:
        if request.method == "OPTIONS":
            return _options(routes)
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            return _not_allowed(routes)
        origin = request.headers.get("Origin", "")
        more = route.shared.answer(origin) if route.shared else ()
        try:
            ask = reading.ask(service, request, params, shared=route.shared is not None)
            route.enter(ask)
            if route.guard is not None:
                route.guard.check(ask.body)
            found = route.view(ask)
        except Exception as error:
            return _response(_failed(error, _language()), more)
        if inspect.isawaitable(found):
            request.environ["simulators.later"] = _later(found, _language(), more)
            return Response()
        return _response(seen(found), more)

    return view


def _not_allowed(routes: Mapping[str, Route]) -> Response:
    if request.path.startswith("/oidc/"):
        path = request.path.removeprefix("/oidc")
        told = f"unrecognized route or not allowed method ({request.method} on {path})"
        return _response(_failed(tokens.invalid("invalid_request", told, 404), _language()))
    answer = Response("Method Not Allowed", 405, content_type="text/plain; charset=utf-8")
    answer.headers["Allow"] = _allowed(routes)
    return answer


def _allowed(routes: Mapping[str, Route]) -> str:
    return ", ".join("HEAD, GET" if method == "GET" else method for method in routes)


def _options(routes: Mapping[str, Route]) -> Response:
    """What may be asked here; to a browser that asks for another site's page, whether it may."""
    shared = next((route.shared for route in routes.values() if route.shared), None)
    if shared is not None and "Access-Control-Request-Method" in request.headers:
        return _response(Said(NO_CONTENT), shared.preflight(dict(request.headers)))
    answer = Response("", 200, content_type="text/plain; charset=utf-8")
    answer.headers["Allow"] = _allowed(routes)
    return answer


def _language() -> str:
    accepted = request.headers.get("Accept-Language", "")
    return languages.of_errors(request.args.getlist("locale"), accepted)


def _later(
    work: Awaitable[Any], language: str, more: cors.Headers
) -> Callable[[], Awaitable[Response]]:
    async def finish() -> Response | None:
        try:
            return _response(seen(await work), more)
        except Silence:
            return None
        except Exception as error:
            return _response(_failed(error, language), more)

    async def shielded() -> Response:  # a client that leaves does not stop what it began
        answer = await asyncio.shield(asyncio.ensure_future(finish()))
        if answer is None:
            await asyncio.Event().wait()  # until the client has had enough
        assert answer is not None  # noqa: S101 - nobody comes here without one
        return answer

    return shielded


def _failed(error: Exception, language: str) -> Said:
    if isinstance(error, ConnectorError):
        error = from_connector(error)
    if isinstance(error, reading.NotJson):
        return Said(400, {"message": str(error)})
    if isinstance(error, HTTPException):
        return Said(error.code or 400, {"message": error.description})
    if isinstance(error, Refused):
        told = error.document(language)
        return Said(error.status, told, error.headers, not isinstance(error, OriginRefused))
    if not isinstance(error, Crash):
        _log.error("%s", request and request.path, exc_info=error)
    return _CRASHED


def _encoded(document: Any) -> bytes:
    return document.encode() if isinstance(document, str) else orjson.dumps(document)


def _response(said: Said, more: cors.Headers = ()) -> Response:
    page = isinstance(said.document, str)
    body = b"" if said.document is None else _encoded(said.document)
    made = Response(body, said.status, content_type=_HTML if page else _JSON)
    if said.status == NO_CONTENT or not body:
        made.headers.pop("Content-Type")
    shown = more if said.shared else [pair for pair in more if pair[0] != cors.ALLOW]
    for name, value in (*said.headers, *shown):
        made.headers.add(name, value)
    return made
