"""The service as a Flask app, with two doors to the same views.

By WSGI it is an app like any other. `answer` is the door of the simulators' own server, which has
read the request already: the same paths lead to the same views. A view that waits for a provider
returns at once, and what it awaits is for the server to await: in the `Made`, or by WSGI in the
environ under `simulators.later`.
"""

import asyncio
import inspect
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

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
from simulators.routing import Rule

_log = logging.getLogger(__name__)
_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", *reading.WRITING})
_CRASHED = Said(500, {"message": "Internal server error."})
_MANAGEMENT = (connectors, codes, settings, people, applications, roles, configs)
_PARTS = (*_MANAGEMENT, oidc, tokens, experience, account)
ROUTES: tuple[Route, ...] = tuple(route for part in _PARTS for route in part.ROUTES)


@dataclass(frozen=True, slots=True)
class Made:
    """An answer, or with `later` what makes one when it is awaited."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    later: "Callable[[], Awaitable[Made]] | None" = None


@dataclass(slots=True)
class _Asked:
    """A request by WSGI."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    scheme: str
    client: str


@cache
def _paths() -> tuple[Mapping[str, Mapping[str, Route]], Map]:
    """The routes by path and method, and the paths as Flask finds them: compiled once, for all
    services that there are."""
    routes: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in ROUTES:
        routes[route.path][route.method] = route
    found = Map(merge_slashes=False, strict_slashes=False)
    for path in routes:
        found.add(Rule(path, endpoint=path, methods=["GET", "OPTIONS", *reading.WRITING]))
    return routes, found


class App(Flask):
    """The app of one service. Its views run on the loop's thread, one at a time."""

    def __init__(self, service: Service) -> None:
        super().__init__("simulators.otp", static_folder=None)
        self._service = service
        self._routes, self.url_map = _paths()
        self.view_functions.update({path: self._view(of) for path, of in self._routes.items()})
        self._fixed = {path: found for path, found in self._routes.items() if "<" not in path}
        self.register_error_handler(HTTPException, _unserved)

    def answer(self, asked: reading.Asked) -> Made:
        """What the service answers."""
        routes = self._fixed.get(asked.path)
        if routes is not None and asked.method in _METHODS:
            return _answered(self._service, routes, asked, {})
        try:
            adapter = self.url_map.bind("localhost")
            path, params = adapter.match(asked.path, asked.method)
        except HTTPException as error:
            return _told(error)
        return _answered(self._service, self._routes[path], asked, params)

    def _view(self, routes: Mapping[str, Route]) -> Callable[..., Response]:
        def view(**params: str) -> Response:
            asked = _Asked(
                request.method,
                request.path,
                request.query_string.decode("latin-1"),
                {name.lower(): value for name, value in request.headers.items()},
                request.get_data(),
                request.scheme,
                request.remote_addr or "",
            )
            made = _answered(self._service, routes, asked, params)
            if made.later is not None:
                request.environ["simulators.later"] = _as_response(made.later)
            return _response(made)

        return view


def _as_response(later: Callable[[], Awaitable[Made]]) -> Callable[[], Awaitable[Response]]:
    async def finish() -> Response:
        return _response(await later())

    return finish


def _response(made: Made) -> Response:
    answer = Response(made.body, made.status)
    del answer.headers["Content-Type"]  # Flask's own
    for name, value in made.headers:
        answer.headers.add(name, value)
    return answer


def _unserved(error: HTTPException) -> Response:
    return _response(_told(error))


def _told(error: HTTPException) -> Made:
    return Made(error.code or 500, error.name.encode(), (("Content-Type", _TEXT),))


def _answered(
    service: Service, routes: Mapping[str, Route], asked: reading.Asked, params: Mapping[str, str]
) -> Made:
    if asked.method == "OPTIONS":
        return _options(routes, asked)
    route = routes.get("GET" if asked.method == "HEAD" else asked.method)
    if route is None:
        return _not_allowed(routes, asked)
    more = route.shared.answer(asked.headers.get("origin", "")) if route.shared else ()
    try:
        ask = reading.ask(service, asked, params, shared=route.shared is not None)
        route.enter(ask)
        if route.guard is not None:
            route.guard.check(ask.body)
        found = route.view(ask)
    except Exception as error:
        return _made(_failed(error, asked), more)
    if inspect.isawaitable(found):
        return Made(200, later=_later(found, asked, more))
    return _made(seen(found), more)


def _not_allowed(routes: Mapping[str, Route], asked: reading.Asked) -> Made:
    if asked.path.startswith("/oidc/"):
        path = asked.path.removeprefix("/oidc")
        told = f"unrecognized route or not allowed method ({asked.method} on {path})"
        return _made(_failed(tokens.invalid("invalid_request", told, 404), asked))
    headers = (("Content-Type", _TEXT), ("Allow", _allowed(routes)))
    return Made(405, b"Method Not Allowed", headers)


def _allowed(routes: Mapping[str, Route]) -> str:
    return ", ".join("HEAD, GET" if method == "GET" else method for method in routes)


def _options(routes: Mapping[str, Route], asked: reading.Asked) -> Made:
    """What may be asked here; to a browser that asks for another site's page, whether it may."""
    shared = next((route.shared for route in routes.values() if route.shared), None)
    if shared is not None and "access-control-request-method" in asked.headers:
        return _made(Said(NO_CONTENT), shared.preflight(asked.headers))
    return Made(200, b"", (("Content-Type", _TEXT), ("Allow", _allowed(routes))))


def _language(asked: reading.Asked) -> str:
    wanted = [value for name, value in parse_qsl(asked.query) if name == "locale"]
    return languages.of_errors(wanted, asked.headers.get("accept-language", ""))


def _later(
    work: Awaitable[Any], asked: reading.Asked, more: cors.Headers
) -> Callable[[], Awaitable[Made]]:
    async def finish() -> Made | None:
        try:
            return _made(seen(await work), more)
        except Silence:
            return None
        except Exception as error:
            return _made(_failed(error, asked), more)

    async def shielded() -> Made:  # a client that leaves does not stop what it began
        answer = await asyncio.shield(asyncio.ensure_future(finish()))
        if answer is None:
            await asyncio.Event().wait()  # until the client has had enough
        assert answer is not None  # noqa: S101 - nobody comes here without one
        return answer

    return shielded


def _failed(error: Exception, asked: reading.Asked) -> Said:
    if isinstance(error, ConnectorError):
        error = from_connector(error)
    if isinstance(error, reading.NotJson):
        return Said(400, {"message": str(error)})
    if isinstance(error, HTTPException):
        return Said(error.code or 400, {"message": error.description})
    if isinstance(error, Refused):
        told = error.document(_language(asked))
        return Said(error.status, told, error.headers, not isinstance(error, OriginRefused))
    if not isinstance(error, Crash):
        _log.error("%s", asked.path, exc_info=error)
    return _CRASHED


def _made(said: Said, more: cors.Headers = ()) -> Made:
    document = said.document
    if document is None:
        body, kind = b"", ""
    elif isinstance(document, str):
        body, kind = document.encode(), _HTML
    else:
        body, kind = orjson.dumps(document), _JSON
    told = (("Content-Type", kind),) if body and said.status != NO_CONTENT else ()
    shown = more if said.shared else tuple(pair for pair in more if pair[0] != cors.ALLOW)
    return Made(said.status, body, (*told, *said.headers, *shown))
