"""The control API as a Flask app, on the simulators' own hosts only."""

import logging
from collections import defaultdict
from collections.abc import Generator, Mapping
from functools import partial
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from simulators.control import check, guard, openapi
from simulators.control.errors import Bad, away, document, shown
from simulators.control.route import HEADERS, Ask, Route, State, Turns
from simulators.control.routes import ROUTES
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call, Reply
from simulators.kernel.checks import Unacceptable
from simulators.kernel.steps import by_turns
from simulators.kernel.store import Unavailable
from simulators.kernel.world import World
from simulators.routing import Rule
from simulators.server.apps import Answer

FAULT = {"error": "a fault of ours", "expected": "an answer", "got": "a fault"}
_log = logging.getLogger(__name__)


def build(simulators: Any) -> Flask:
    """The app; its views run on the loop's thread and see the state directly. A view that has to
    wait leaves a `Reply` whose `later` is awaited."""
    app = Flask("simulators.control", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    state = State(simulators)
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in (*ROUTES, openapi.route(ROUTES)):
        by_path[route.path][route.method] = route
    for path, routes in by_path.items():
        rule = path.replace("{", "<").replace("}", ">")
        app.url_map.add(Rule(rule, endpoint=path, methods=list(routes)))
        app.view_functions[path] = _view(state, routes)

    @app.errorhandler(HTTPException)
    def unserved(error: HTTPException) -> Response:
        return _unserved(state, error)

    @app.errorhandler(Unavailable)
    def unkept(error: Unavailable) -> Response:
        return _refused(away(error))

    @app.errorhandler(Exception)
    def broken(_error: Exception) -> Response:
        _log.exception("%s %s", request.method, request.path)
        return json(500, FAULT)

    return app


def json(status: int, document: Any, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A JSON answer that no cache keeps and no browser takes for a page."""
    body = orjson.dumps(document)
    kind = [("Content-Type", "application/json"), *HEADERS, *(headers or [])]
    return Answer(Reply(status, body, kind))


def _view(state: State, routes: Mapping[str, Route]) -> Any:
    def view(**params: str) -> Response:
        call: Call = request.environ["simulators.call"]
        route = routes["GET" if call.method == "HEAD" else call.method]
        try:
            answer = _answer(state, route, call, params)
        except Unacceptable as refused:
            return _refused(refused)
        return Answer(answer) if isinstance(answer, Reply) else json(route.status, answer)

    return view


def _answer(state: State, route: Route, call: Call, params: Mapping[str, str]) -> Any:
    _guard(state, call, route)
    query = check.query(route, call)
    body = check.body(route, call)
    answer = route.handle(Ask(state, call, _world(state, query), params, query, body))
    return _begun(route, answer) if isinstance(answer, Generator) else answer


def _begun(route: Route, turns: Turns) -> Any:
    """What a handler answers that goes on in turns: at once where a turn or two will do."""
    try:
        next(turns), next(turns)
    except StopIteration as end:
        return end.value
    return Reply(200, later=partial(_continued, route, turns))


async def _continued(route: Route, turns: Turns) -> Reply:
    """The other turns, with whatever else the loop has to do between them."""
    try:
        return json(route.status, await by_turns(turns)).reply
    except Unacceptable as refused:
        return _refused(refused).reply
    except Unavailable as error:
        return _refused(away(error)).reply
    except Exception:  # a fault of ours is answered as any other, and told in the log
        _log.exception("%s", route.name)
        return json(500, FAULT).reply


def _guard(state: State, call: Call, route: Route | None) -> None:
    options = state.simulators.options
    guard.check_origin(call)
    if route is None or not route.public:
        guard.check_token(call, options.host, options.token)


def _world(state: State, query: Mapping[str, Any]) -> World:
    name = query.get("account", DEFAULT)
    try:
        return state.simulators.accounts.world(name)
    except LookupError as error:
        error_text, _, known = str(error).partition("; there are: ")
        raise Bad(404, error_text, f"one of: {known}", shown(name)) from None


def _refused(refused: Unacceptable) -> Answer:
    """What an operation cannot do is the asker's mistake, but where the route says otherwise."""
    status = refused.status if isinstance(refused, Bad) else 400
    headers = [("WWW-Authenticate", "Bearer")] if status == 401 else []
    return json(status, document(refused), headers)


def _unserved(state: State, error: HTTPException) -> Response:
    """A path or a method that is not there; a stranger is not told which are."""
    call: Call = request.environ["simulators.call"]
    try:
        _guard(state, call, None)
    except Bad as refusal:
        return _refused(refusal)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        bad = Bad(405, f"{call.path} does not take {call.method}", allowed, call.method)
        return json(405, document(bad), [("Allow", allowed)])
    bad = Bad(
        error.code or 404,
        f"nothing is served at {shown(call.path)}",
        "a path of /_sim/openapi.json, or /<provider>/...",
        shown(call.path),
    )
    return json(bad.status, document(bad))
