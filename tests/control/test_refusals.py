"""Bad input: always JSON, always what was expected and what came, never a 500."""

import asyncio
from json import dumps, loads
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.app import Options, Simulators
from simulators.control.app import build
from simulators.control.routes import ROUTES
from simulators.kernel.call import Call
from simulators.kernel.clock import Clock
from simulators.server.loop import environ, run


def test_health_is_up(control):
    """The one thing that asks for nothing."""
    answer = control("GET", "/_sim/health")

    assert (200, {"status": "ok"}) == (answer.status, answer.json)
    assert "no-store" == answer.headers["cache-control"]
    assert "nosniff" == answer.headers["x-content-type-options"]


def test_an_unknown_account_is_404_naming_those_there_are(control, refused):
    """A test that mistypes its account learns so."""
    said = refused(control("GET", "/_sim/messages", account="nobody"), 404)

    assert "no account 'nobody'" in said
    assert "one of: default" in said


@pytest.mark.parametrize("path", ["/x", "/_sim", "/_sim/", "/_sim/nothing", "/twillio/x", "//_sim"])
def test_a_path_that_nobody_serves_is_404(control, refused, path):
    """On the simulators' own hosts, whatever no prefix takes."""
    assert "nothing is served at" in refused(control("GET", path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/_sim/messages", "DELETE, GET, HEAD"),
        ("OPTIONS", "/_sim/limits", "GET, HEAD, PUT"),
        ("PATCH", "/_sim/health", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_served_is_405(control, refused, method, path, allowed):
    """With the ones that are, in the body and in Allow."""
    answer = control(method, path)

    assert allowed in refused(answer, 405)
    assert allowed == answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("/_sim/messages", {"form": "x"}, "no query parameter 'form'"),
        ("/_sim/messages", {"limits": "5"}, "did you mean 'limit'?"),
        ("/_sim/messages", {"limit": "0"}, "a whole number from 1 to 1000"),
        ("/_sim/messages", {"limit": "1001"}, "a whole number from 1 to 1000"),
        ("/_sim/messages", {"limit": "many"}, "`many`"),
        ("/_sim/messages", {"limit": "9" * 400}, "a whole number from 1 to 1000"),
        ("/_sim/messages", {"cursor": "-1"}, "the `next` of the page before"),
        ("/_sim/messages", {"to": "1" * 41}, "a phone number in any usual writing"),
        ("/_sim/messages", {"to": "\x00"}, "not a phone number"),
        ("/_sim/messages", {"since": "٣"}, "not a time"),
        ("/_sim/messages", {"provider": "vonnage"}, "one of: "),
        ("/_sim/requests", {"after": "x"}, "the sequence of an entry"),
        ("/_sim/health", {"verbose": "1"}, "no query parameter 'verbose'"),
    ],
)
def test_a_query_that_cannot_be_is_400(control, refused, path, query, said):
    """Unknown names get the near one, bad values what would do."""
    assert said in refused(control("GET", path, **query), 400)


def test_a_parameter_given_twice_is_400(raw, sms_server, refused):
    """There is no telling which one was meant."""
    answer = raw(sms_server.ports["http"], "GET", "/_sim/messages?to=1&to=2")

    assert "'to' is given more than once" in refused(answer, 400)


def test_too_many_parameters_are_400(raw, sms_server, refused):
    """A query is bounded like everything else."""
    answer = raw(sms_server.ports["http"], "GET", "/_sim/messages?" + "&".join(["to=1"] * 1001))

    assert "more than 1000 fields" in refused(answer, 400)


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("PUT", "/_sim/limits", {"mode": "fast"}, "body 'mode' is not as expected"),
        ("PUT", "/_sim/limits", {"mode": 0}, "a factor above 0"),
        ("PUT", "/_sim/limits", {"mode": True}, "body 'mode'"),
        ("PUT", "/_sim/limits", {"mod": "off"}, "did you mean 'mode'?"),
        ("PUT", "/_sim/limits", {}, "missing"),
        ("PUT", "/_sim/limits", ["off"], "the body is not as expected"),
        ("PUT", "/_sim/regions", {"allowed": ["XX"]}, "no region 'XX'"),
        ("PUT", "/_sim/regions", {"allowed": "CN"}, "codes, null for all"),
        ("PUT", "/_sim/optouts", {"numbers": ["nobody"]}, "not a phone number"),
        ("PUT", "/_sim/optouts", {"numbers": ["+1"] * 10_001}, "at most 10000"),
        ("PUT", "/_sim/balance", {"balance": "1"}, "a number, or null"),
        ("PUT", "/_sim/suspended", {"suspended": 1}, "true or false"),
        ("POST", "/_sim/clock", {}, "exactly one of: freeze, advance, run"),
        ("POST", "/_sim/clock", {"run": True, "advance": 1}, "exactly one of"),
        ("POST", "/_sim/clock", {"run": False}, "true"),
        ("POST", "/_sim/clock", {"freeze": False}, "an ISO time or true"),
        ("POST", "/_sim/clock", {"freeze": "noon"}, "an ISO 8601 time"),
        ("POST", "/_sim/clock", {"freeze": "1969-12-31"}, "between 1970 and 2200"),
        ("POST", "/_sim/clock", {"advance": 1e12}, "at most 100 years"),
        ("POST", "/_sim/accounts", {"id": "a b"}, "expected 1 to 64 letters"),
        ("POST", "/_sim/accounts", {"id": "strangers"}, "not 'strangers'"),
        ("POST", "/_sim/accounts", {"credentials": {"twillio": {}}}, "no provider 'twillio'"),
        ("POST", "/_sim/accounts", {"credentials": {"twilio": {"x": "y"}}}, "no credential 'x'"),
        ("POST", "/_sim/accounts", {"credentials": {"twilio": {"number": 1}}}, "text of 1 to 500"),
        ("POST", "/_sim/reset", {"hard": True}, "takes no body"),
    ],
)
def test_a_body_that_cannot_be_is_400(control, refused, method, path, body, said):
    """Unknown fields get the near one, bad values what would do."""
    assert said in refused(control(method, path, body), 400)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 5000, b'{"mode": NaN}', b'"\\ud800"'])
def test_a_body_that_is_not_json_is_400(control, refused, body):
    """Whatever else it is."""
    kind = {"Content-Type": "application/json"}

    assert "the body is not JSON" in refused(control("PUT", "/_sim/limits", body, kind), 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_declared_as_json_is_415(control, refused, kind):
    """A form of a foreign page could send the others without a preflight."""
    answer = control("PUT", "/_sim/limits", b'{"mode": "off"}', {"Content-Type": kind})

    assert "application/json" in refused(answer, 415)


def test_a_body_over_a_megabyte_is_413(control, refused):
    """Nothing of it is read."""
    answer = control("PUT", "/_sim/optouts", {"numbers": ["+15005550010" * 100_000]})

    assert "at most 1 MiB" in refused(answer, 413)


def test_head_answers_as_get_without_a_body(control):
    """HEAD is for whoever only wants to know whether."""
    answer = control("HEAD", "/_sim/messages")

    assert (200, b"") == (answer.status, answer.raw)


def test_a_fault_of_ours_is_told_as_one(control, refused, monkeypatch, caplog):
    """No traceback leaves; the log has it."""

    def broken(_clock):
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(Clock, "describe", broken)
    answer = control("GET", "/_sim/clock")

    assert "a fault of ours" in refused(answer, 500)
    assert b"secret detail" not in answer.raw
    assert "a secret detail" in caplog.text


@pytest.fixture(scope="module")
def unserved():
    """The control app of simulators that nothing listens for."""
    simulators = Simulators(Options(port=0, tls_port=None))
    simulators.ports["http"] = 8026
    return build(simulators)


METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "X"])
PATHS = st.one_of(
    st.sampled_from([route.path for route in ROUTES if route.name != "wait"]),
    st.text(max_size=30).map(lambda text: f"/_sim/{text}"),
    st.tuples(
        st.sampled_from(["messages", "accounts", "templates", "signatures"]), st.text(max_size=20)
    ).map(lambda pair: f"/_sim/{pair[0]}/{pair[1]}"),
)
NAMES = st.sampled_from(["account", "to", "since", "limit", "cursor", "status", "provider", "x"])
QUERIES = st.one_of(
    st.dictionaries(NAMES, st.text(max_size=12), max_size=3).map(urlencode),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
FIELDS = st.sampled_from(
    [
        "id",
        "seed",
        "credentials",
        "mode",
        "allowed",
        "blocked",
        "numbers",
        "balance",
        "suspended",
        "freeze",
        "advance",
        "run",
        "templates",
        "signatures",
        "twilio",
        "name",
        "code",
        "content",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)
BODIES = VALUES.map(lambda value: dumps(value).encode()) | st.binary(max_size=40)
KINDS = st.sampled_from(["application/json", "application/json", "text/plain", "", "\xff;="])


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(method=METHODS, path=PATHS, query=QUERIES, body=BODIES, kind=KINDS)
def test_whatever_comes_is_answered_in_json(unserved, method, path, query, body, kind):
    """Any method, path, query and body: never a server error, always a document."""
    headers = {"host": "127.0.0.1:8026", "content-type": kind}
    call = Call(method, path, query, headers, body)

    answer = run(unserved, environ(call, 8026))
    if answer.later is not None and path != "/_sim/wait":  # made in turns with others
        answer = asyncio.run(answer.later())

    assert answer.status < 500
    if (answer.later is None and path != "/metrics") or answer.status != 200:
        document = loads(answer.body)
        assert answer.status < 400 or {"error", "expected", "got"} <= document.keys()
