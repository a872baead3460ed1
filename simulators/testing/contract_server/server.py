"""The server of the fixture `contract_server`, and the operations that a test expects of it."""

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_httpserver import HTTPServer, RequestMatcher
from pytest_httpserver.httpserver import HandlerType
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler

from simulators.catalog import PROVIDERS
from simulators.kernel import mismatch
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import ErrorRow, Place, Problem, UnknownRow
from simulators.kernel.checks import shown
from simulators.kernel.credentials import Credentials
from simulators.kernel.headers import legal
from simulators.kernel.provider import Document, Provider
from simulators.kernel.templates import Template
from simulators.kernel.validation import is_fallback
from simulators.testing.calls import plain
from simulators.testing.contract_server.exchange import (
    Answered,
    Answers,
    Asked,
    BadExpectation,
    given,
    named,
    read,
)

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_KINDS = {
    HandlerType.PERMANENT: "at least once",
    HandlerType.ONESHOT: "once",
    HandlerType.ORDERED: "once, in its turn",
}


@plain
class Expectation:
    """One operation that is expected. Unless told otherwise the provider takes it.

    `requests` are those that came, as the documents that contracts speak of: method, path,
    headers with lower-case names, query, body.
    """

    def __init__(self, provider: Provider, operation: str, kind: HandlerType) -> None:
        self.provider = provider
        self.operation = operation
        self.kind = kind
        self.requests: list[Document] = []
        self.row: ErrorRow | None = None
        self.reply: Reply | None = None

    def respond(self) -> "Expectation":
        """The provider's own answer of success, which is what it is without any `respond`."""
        self.row, self.reply = None, None
        return self

    def respond_with_error(self, key: str | int) -> "Expectation":
        """A row of the provider's catalogue, by key, code, or the name of a problem. Raises
        `BadExpectation`."""
        try:
            row = self.provider.row(Problem(key) if key in list(Problem) else str(key))
        except UnknownRow as error:
            raise BadExpectation(str(error)) from None
        if row.place is Place.RECEIPT:
            said = f"'{key}' is no answer of {self.provider.name}: it comes later, in a receipt"
            raise BadExpectation(f"{said}; the fixture `sms` sends receipts")
        self.row, self.reply = row, None
        return self

    def respond_with(
        self,
        status: int,
        body: str | dict[str, Any] | list[Any] = "",
        headers: Mapping[str, str] | None = None,
        *,
        unchecked: bool = False,
    ) -> "Expectation":
        """An answer in full, a body that is no text as JSON. Raises `BadExpectation` for one that
        the provider does not give, by its contracts, unless `unchecked`."""
        answer = {"status": status, "headers": dict(headers or {}), "body": body}
        self.reply = given(self.provider, self.operation, answer, unchecked)
        self.row = None
        return self

    def __str__(self) -> str:
        return f"{named(self.provider.name, self.operation)} ({_KINDS[self.kind]})"


class _Matcher(RequestMatcher):
    """Matches by operation, whatever the URI."""

    def __init__(self, name: str, asked: Callable[[Request], Asked]) -> None:
        super().__init__("")
        self._name = name
        self._asked = asked

    def __repr__(self) -> str:
        return self._name

    def match(self, request: Request) -> bool:
        return self._asked(request).name == self._name


class _Handler(WSGIRequestHandler):
    """Leaves the request's target as it came: Python's own makes one slash of two in front."""

    def make_environ(self) -> "WSGIEnvironment":
        came = self.requestline.split()[1]
        return {**super().make_environ(), "RAW_URI": came}


class Listener(HTTPServer):
    """pytest-httpserver's server, which tells its `unexpected` of requests that nobody expects."""

    unexpected: Callable[[Request], str] = str

    def thread_target(self) -> None:
        """Serves; no request is read before this."""
        assert self.server is not None  # noqa: S101 - `start` has made it
        self.server.RequestHandlerClass = _Handler
        super().thread_target()

    def respond_nohandler(self, request: Request, extra_message: str = "") -> Response:
        super().respond_nohandler(request)
        self.clear_assertions()  # its own words of it
        return Response(self.unexpected(request), self.no_handler_status_code)

    def respond_permanent_failure(self) -> Response:
        return Response("an earlier request was not the one whose turn it was", 500)


@plain
class ContractServer:
    """What a test sees: where clients are pointed at, what they sign in with, what is expected.

    `httpserver` is pytest-httpserver's own, for its log and its `wait`.
    """

    def __init__(self, httpserver: Listener, *, strict_warnings: bool = False) -> None:
        self.httpserver = httpserver
        self._strict_warnings = strict_warnings
        self.violations_allowed = False
        self._answers = Answers()
        self._expectations: list[Expectation] = []
        self._violations: list[str] = []
        self._others: list[str] = []
        self._providers: set[str] = set()
        httpserver.clear()
        httpserver.unexpected = self._unexpected

    @property
    def host(self) -> str:
        """Host and port, for SDKs that take no URL; the provider is then the expected one."""
        return f"{self.httpserver.host}:{self.httpserver.port}"

    def url(self, provider: str) -> str:
        """The URL a client of this provider is pointed at. Raises `BadExpectation`."""
        return self.httpserver.url_for(f"/{_known(provider).name}")

    base_url = url

    def credentials(self, provider: str) -> Credentials:
        """What a client signs in with: the published ones, unless others are used."""
        return self._answers.credentials(_known(provider).name)

    def use_credentials(self, provider: str, **values: str) -> Credentials:
        """Takes the client's own instead; returns all."""
        self._answers.use_credentials(_known(provider).name, values)
        return self.credentials(provider)

    def approve(self, provider: str, template: str, content: str, signature: str = "") -> None:
        """Approves a template beside those that every account has, and a signature."""
        known = _known(provider)
        self._answers.approve(known, Template(template, content))
        if signature:
            self._answers.sign(known, signature)

    def expect(self, operation: str) -> Expectation:
        """An operation, as `twilio.create_message`, that comes at least once. Raises
        `BadExpectation`."""
        return self._expect(operation, HandlerType.PERMANENT)

    def expect_oneshot(self, operation: str) -> Expectation:
        """One that comes once."""
        return self._expect(operation, HandlerType.ONESHOT)

    def expect_ordered(self, operation: str) -> Expectation:
        """One that comes once, after those that were expected so before."""
        return self._expect(operation, HandlerType.ORDERED)

    def allow_violations(self) -> None:
        """Lets the test pass although its requests break contracts."""
        self.violations_allowed = True

    def check(self) -> None:
        """Raises `AssertionError` for what is wrong so far: broken contracts, requests that nobody
        expected, expected ones that did not come. The end of the test checks too."""
        missing = [f"{e}: did not come" for e in self._expectations if not e.requests]
        wrong = [*([] if self.violations_allowed else self._violations), *self._others, *missing]
        wrong = [self._answers.mask().text(line) for line in wrong]
        self._violations, self._others, self._expectations = [], [], []  # told once
        self.httpserver.check_handler_errors()
        if wrong:
            raise AssertionError("\n".join(wrong))

    def _expect(self, operation: str, kind: HandlerType) -> Expectation:
        provider, found = _operation(operation)
        made = Expectation(provider, found, kind)
        self._expectations.append(made)
        self._providers.add(provider.name)
        matcher = _Matcher(named(provider.name, found), self._asked)
        handler = self.httpserver.expect(matcher, kind)
        handler.respond_with_handler(lambda request: self._respond(made, self._asked(request)))
        return made

    def _asked(self, request: Request) -> Asked:
        asked: Asked | None = request.environ.get("simulators.asked")
        if asked is None:
            asked = request.environ["simulators.asked"] = read(request, self._providers)
        return asked

    def _respond(self, made: Expectation, asked: Asked) -> Response:
        made.requests.append(asked.document)
        answered = self._answers.to(asked, made.row)
        if asked.violations or (self._strict_warnings and asked.warnings):
            self._violations.append(asked.told())
        elif made.reply is None:
            self._others += _other_than_expected(made, asked, answered)
        return _response(made.reply or answered.reply)

    def _unexpected(self, request: Request) -> str:
        asked = self._asked(request)
        expected = [f"{made}{', and came' if made.requests else ''}" for made in self._expectations]
        lines = [f"{asked.head}: nobody expected it"]
        lines.append(f"  expected  {'; '.join(expected) or 'nothing'}")
        if asked.provider and not asked.operation:
            lines += asked.told().splitlines()[1:]
        self._others.append("\n".join(lines))
        return self._answers.mask(asked.provider).text(self._others[-1])


def _other_than_expected(made: Expectation, asked: Asked, answered: Answered) -> list[str]:
    """What is told where the provider refuses by itself, or takes what it was to refuse."""
    failure = answered.failure
    if failure is None or (made.row and failure.row.code == made.row.code):
        return []
    wanted = f"to be refused with {made.row.key}" if made.row else "to be taken"
    said = f"{failure.row.key} (HTTP {failure.row.http_status}): {failure.text}"
    lines = [f"{asked.head}: is refused", f"  expected  {wanted}", f"  got       {said}"]
    lines += [f"  {line}" for line in mismatch.told(answered.mismatch or {})]
    return ["\n".join(lines)]


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, legal(reply.headers))
    if not any(name.lower() == "content-type" for name, _value in reply.headers):
        del response.headers["Content-Type"]  # Werkzeug's own
    return response


def _known(name: str) -> Provider:
    if name not in PROVIDERS:
        near = difflib.get_close_matches(name, PROVIDERS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise BadExpectation(f"no provider '{shown(name)}'{hint} there are: {', '.join(PROVIDERS)}")
    return PROVIDERS[name]


def _operation(text: str) -> tuple[Provider, str]:
    """Provider and operation of a text as `twilio.create_message`."""
    name, dot, rest = text.partition(".")
    known = {
        named(provider.name, endpoint.operation): (provider, endpoint.operation)
        for provider in PROVIDERS.values()
        for endpoint in provider.endpoints
        if not is_fallback(provider.name, endpoint)
    }
    wanted = named(name, rest) if dot else text
    if wanted not in known:
        near = (
            difflib.get_close_matches(wanted, known, n=3)
            or [other for other in known if other.startswith(f"{name}.")][:5]
        )
        listed = ", ".join(near or list(known)[:3])
        raise BadExpectation(f"no operation '{shown(text)}'; near: {listed}")
    return known[wanted]
