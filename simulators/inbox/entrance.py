"""What `/` answers: the page to a browser, a small index to who wants JSON, and the log-in where
the token is asked for."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import orjson
from flask import Flask, Response, request
from jinja2 import Template
from werkzeug.exceptions import HTTPException

from simulators.control import guard
from simulators.control.errors import Bad, away, document, shown
from simulators.control.route import HEADERS, Served
from simulators.inbox import acts, pages
from simulators.inbox.pages import Asked
from simulators.kernel import reading
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call, Reply
from simulators.kernel.checks import Unacceptable
from simulators.kernel.credentials import same
from simulators.kernel.steps import Steps, by_turns
from simulators.kernel.store import Unavailable
from simulators.server.apps import Answer

# No script and no style but those in files of ours, and the pictures inside Bootstrap's own style.
# No other page may show this one, or be told anything of it.
SAFE = (
    (
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'; object-src 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),  # with none at all a form's Origin would be null
    ("X-Frame-Options", "DENY"),
    *HEADERS,
)
_PAGE = ("Content-Type", "text/html; charset=utf-8")
_log = logging.getLogger(__name__)


def build(served: Served) -> Flask:
    """The app. Its views run on the loop's thread and leave a `Reply` that is made in turns."""
    from flask_bootstrap import Bootstrap5  # with WTForms and YAML, which no other request needs

    from simulators import files

    app = Flask("simulators.inbox", static_url_path="/inbox")
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    bootstrap = Bootstrap5(app)
    with app.test_request_context():
        app.jinja_env.globals["styles"] = [bootstrap.load_css(), bootstrap.load_icon_font_css()]
    app.jinja_env.finalize = pages.visible
    app.jinja_env.filters.update(pages.FILTERS)
    known = {**{view: f"{view}.html" for view in pages.VIEWS}, "login": "login.html"}
    templates = {view: app.jinja_env.get_template(name) for view, name in known.items()}
    desk = _Desk(served, templates, files.read_rules([files.MAGIC], served.providers))

    @app.get("/")
    def read() -> Response:
        return desk.answer(request.environ["simulators.call"])

    @app.post("/")
    def act() -> Response:
        return desk.answer(request.environ["simulators.call"])

    @app.after_request
    def safe(response: Response) -> Response:
        if not isinstance(response, Answer):
            response.headers.extend(SAFE)
            response.headers["Cache-Control"] = "no-cache"  # but asked whether it is another
        return response

    @app.errorhandler(HTTPException)
    def unserved(error: HTTPException) -> Response:
        call: Call = request.environ["simulators.call"]
        got = f"{call.method} {shown(call.path)}"
        return _refused(Bad(error.code or 404, "nothing is served here", "the inbox at /", got))

    return app


class Entrance:
    """The WSGI app in front of the inbox and of the control API, which has all other paths. The
    inbox is made by a thread when it is first asked for: reading its templates takes longer than
    others should wait."""

    def __init__(self, served: Served, control: Callable[..., Iterable[bytes]]) -> None:
        self._served = served
        self._control = control
        self._inbox: Flask | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path != "/" and not path.startswith(("/inbox/", "/bootstrap/")):
            return self._control(environ, start_response)
        if self._inbox is None:
            environ["simulators.later"] = self._made
            start_response("503 ", [])
            return []
        return self._inbox(environ, start_response)

    async def _made(self) -> Flask:
        if self._inbox is None:
            self._inbox = await asyncio.to_thread(build, self._served)
        return self._inbox


class _Desk:
    """Answers requests for the page."""

    def __init__(
        self, served: Served, templates: Mapping[str, Template], magic: list[dict[str, Any]]
    ) -> None:
        self._served = served
        self._templates = templates
        self._magic = magic

    def answer(self, call: Call) -> Response:
        try:
            if not _is_visit(call):
                guard.check_origin(call)
            form = _form(call)
            if form.get("act") in ("sign-in", "sign-out"):
                return self._signed(call, form)
            options = self._served.options
            guard.check_token(call, options.host, options.token)
        except Bad as refused:
            if refused.status == 401 and _wants_page(call):
                return self._login(401, "")
            return _refused(refused)
        if call.method != "POST" and not _wants_page(call):
            return Answer(Reply(200, orjson.dumps(_index(self._served)), _json()))
        return Answer(Reply(200, later=partial(self._made, call, form)))

    async def _made(self, call: Call, form: Mapping[str, str]) -> Reply:
        """The page, made in turns; after a form the way back to it."""
        query = _fields(call.query)
        status, wrong = 200, None
        try:
            world = self._served.accounts.world(query.get("account", DEFAULT))
        except LookupError as error:
            query, status = {}, 404
            wrong = Unacceptable(str(error).partition(";")[0], "an account of the list", "")
            world = self._served.accounts.world(DEFAULT)
        asked = Asked(self._served, world, query, form, self._magic)
        try:
            if call.method == "POST" and wrong is None:
                await acts.done(asked)
                return _to(f"/?{call.query}" if call.query else "/")
        except Unacceptable as refused:
            status, wrong = 400, refused
        except Unavailable as error:
            status, wrong = 503, away(error)
        try:
            return await by_turns(self._page(asked, status, wrong))
        except Exception:  # a fault of ours is answered as any other, and told in the log
            _log.exception("%s %s", call.method, call.path)
            fault = Bad(500, "a fault of ours", "a page", "a fault, which the log tells")
            return _refused(fault).reply

    def _page(self, asked: Asked, status: int, wrong: Unacceptable | None) -> Steps[Reply]:
        view = asked.view
        try:
            context = yield from pages.VIEWS[view](asked)
        except Unacceptable as refused:  # what is asked for cannot be: the view without it
            status, wrong = 400, refused
            asked = replace(asked, query={"view": view}, form={})
            context = yield from pages.VIEWS[view](asked)
        context = {**pages.frame(asked), **context, "wrong": wrong}
        pieces = []
        for piece in self._templates[view].generate(context):
            pieces.append(piece)
            yield len(piece)
        body = "".join(pieces).encode("utf-8", "replace")
        return Reply(status, body, [_PAGE, *SAFE])

    def _signed(self, call: Call, form: Mapping[str, str]) -> Response:
        token = self._served.options.token
        if form["act"] == "sign-out":
            return Answer(_to("/", _cookie(call, "", "; Max-Age=0")))
        if not token or not same(token, form.get("token", "").strip()):
            return self._login(401, "That is not the token. `serve` prints it when it starts.")
        return Answer(_to("/", _cookie(call, guard.session(token))))

    def _login(self, status: int, wrong: str) -> Answer:
        body = self._templates["login"].render(wrong=wrong).encode()
        return Answer(Reply(status, body, [_PAGE, *SAFE]))


def _is_visit(call: Call) -> bool:
    """Whether somebody follows a link to the page from elsewhere: it is shown by itself, where the
    page with the link sees nothing of it."""
    headers = call.headers
    return call.method in ("GET", "HEAD") and (
        headers.get("sec-fetch-mode"),
        headers.get("sec-fetch-dest"),
    ) == ("navigate", "document")


def _wants_page(call: Call) -> bool:
    return "html" in call.headers.get("accept", "")


def _form(call: Call) -> dict[str, str]:
    """The fields of a form. Raises `Bad`."""
    if call.method != "POST":
        return {}
    if call.too_large:
        raise Bad(413, "the form is too large", "at most 1 MiB", "more")
    if call.content_type != "application/x-www-form-urlencoded":
        expected = "application/x-www-form-urlencoded, or the API under /_sim"
        raise Bad(415, "not a form", expected, shown(call.content_type) or "no Content-Type")
    return _fields(call.body.decode("utf-8", "replace"))


def _fields(text: str) -> dict[str, str]:
    """The parameters of a query or form; of one that is given more than once the last counts."""
    try:
        given = reading.fields(text)
    except reading.Unreadable:
        return {}
    return {name: one if isinstance(one, str) else one[-1] for name, one in given.items()}


def _to(where: str, *headers: tuple[str, str]) -> Reply:
    return Reply(303, b"", [("Location", where), *headers, *SAFE])


def _cookie(call: Call, value: str, more: str = "") -> tuple[str, str]:
    secure = "; Secure" if call.scheme == "https" else ""
    kept = f"{guard.cookie(call)}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}"
    return "Set-Cookie", kept


def _json() -> list[tuple[str, str]]:
    return [("Content-Type", "application/json"), *SAFE]


def _refused(refused: Bad) -> Answer:
    headers = [("WWW-Authenticate", "Bearer")] if refused.status == 401 else []
    return Answer(Reply(refused.status, orjson.dumps(document(refused)), [*_json(), *headers]))


def _index(served: Served) -> dict[str, Any]:
    """Where to go on for a program that asks the address itself."""
    return {
        "name": "sms-simulators",
        "page": "this address, for a browser",
        "openapi": "/_sim/openapi.json",
        "health": "/_sim/health",
        "events": "/_sim/events",
        "messages": "/_sim/messages",
        "providers": {name: f"/{name}" for name in served.providers},
    }
