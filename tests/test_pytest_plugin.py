"""The pytest plugin, in throw-away projects and in this one."""

import inspect
import math
import subprocess
import sys
import threading
from base64 import b64encode
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from simulators.catalog import PROVIDERS
from simulators.files import BadFile
from simulators.kernel.accounts import BadAccount
from simulators.kernel.checks import Unacceptable
from simulators.kernel.contracts import contract
from simulators.testing.calls import BadArgument
from simulators.testing.contract_server.exchange import BadExpectation
from simulators.testing.contract_server.server import ContractServer, Expectation
from simulators.testing.sms import Sms, TestClock

pytest_plugins = ["pytester"]


def send(sms, to, text="Your code is 123456", kind="application/x-www-form-urlencoded"):
    known = sms.credentials("twilio")
    at = urlsplit(sms.base_url("twilio"))
    user = f"{known['account_sid']}:{known['auth_token']}".encode()
    connection = HTTPConnection(at.hostname, at.port)
    connection.request(
        "POST",
        f"{at.path}/2010-04-01/Accounts/{known['account_sid']}/Messages.json",
        urlencode({"To": to, "From": known["number"], "Body": text}),
        {"Authorization": "Basic " + b64encode(user).decode(), "Content-Type": kind},
    )
    status = connection.getresponse().status
    connection.close()
    return status


THROW_AWAY = f"""
from base64 import b64encode
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest

{inspect.getsource(send)}
"""


@pytest.fixture
def project(pytester, sms_server):
    """Runs tests in a project that has nothing but the installed plugin.

    The server of this session is started first: what a run in this process imports is taken out of
    it again afterwards, and a compiled module cannot be imported twice.
    """

    def run(source, *arguments, conftest=""):
        pytester.makepyfile(THROW_AWAY + inspect.cleandoc(source))
        pytester.makeconftest(conftest)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run


def test_a_passing_test_reads_the_code_back(project):
    """Two fixtures and one line are all that a project writes."""
    result = project(
        """
        def test_signs_in(sms):
            assert send(sms, "+15005550010") == 201
            assert sms.wait_for_code("+15005550010") == "123456"
        """,
        "--strict-markers",
    )

    result.assert_outcomes(passed=1)


needs_contract = pytest.mark.skipif(
    contract("twilio", "create-message") is None, reason="no contract of Twilio's yet"
)

VIOLATION = """
def test_sends_json(sms):
    send(sms, "+15005550010", kind="application/json")
"""


@needs_contract
def test_a_violation_fails_the_test_at_teardown(project):
    """The sentence of the contract is in the report, and how to allow it."""
    result = project(VIOLATION)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "The provider's contract was violated:",
            "  twilio create-message: POST /2010-04-01/Accounts/*/Messages.json",
            "    *",
            "      expected  *",
            "      got       *",
            "      see       https://www.twilio.com/*",
            "Where that is meant: sms.allow_violations() or @pytest.mark.sms_allow_violations.",
        ]
    )


def test_an_application_that_does_not_acknowledge_a_callback_fails_its_test(project):
    """A violation like any other: what it answered, what the provider expects, and how often."""
    result = project(
        """
        def test_takes_replies(sms, httpserver):
            httpserver.expect_request("/mo").respond_with_data("not today", status=503)
            sms.reply("twilio", "+15005550010", "hello", url=httpserver.url_for("/mo"))
            sms.clock.advance(60)
            sms.clock.advance(60)
        """
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "  twilio inbound: POST http://localhost:*/mo (2 times)",
            "    answer",
            "      expected  a 2xx status*",
            "      got       `503 not today`",
            "      see       https://www.twilio.com/*",
        ]
    )


def test_a_receiver_that_is_not_there_violations_nothing(project):
    """No answer came, so there is none to judge; the attempt is among the receipts."""
    result = project(
        """
        def test_takes_no_replies(sms):
            sms.reply("twilio", "+15005550010", "hello", url="http://192.0.2.1/mo")
            sms.clock.advance(0)
            assert "--callbacks-to 192.0.2.1" in sms.receipts()[0]["lacks"]
        """
    )

    result.assert_outcomes(passed=1)


def test_a_marked_test_may_violation(project):
    """The marker is registered, so strict markers do not mind it."""
    result = project(
        "@pytest.mark.sms_allow_violations" + VIOLATION.rstrip(), "--strict-markers", "-W", "error"
    )

    result.assert_outcomes(passed=1)


@needs_contract
def test_a_test_that_says_so_may_violation(project):
    """The same from inside the test."""
    result = project(VIOLATION + "    sms.allow_violations()\n    assert sms.violations()\n")

    result.assert_outcomes(passed=1)


def test_settings_are_overridden_by_a_fixture(project):
    """A project without TLS, with a port for one provider."""
    result = project(
        """
        def test_places(sms):
            with pytest.raises(LookupError, match="not served via 'https'"):
                sms.url("twilio", via="https")
            assert sms.url("twilio", via="port") != sms.url("twilio")
        """,
        conftest="""
        import pytest
        from simulators.app import Options

        @pytest.fixture(scope="session")
        def sms_server_options():
            return Options(port=0, tls_port=None, provider_ports={"twilio": 0})
        """,
    )

    result.assert_outcomes(passed=1)


def test_can_be_left_out(project):
    """`-p no:` leaves no trace of it."""
    result = project(
        "def test_fixtures(request):\n    assert 'sms' not in request.fixturenames\n",
        "-p",
        "no:sms-simulators",
        "--fixtures",
    )

    assert "sms_server" not in result.stdout.str()


def test_importing_the_plugin_imports_nothing_else_of_ours():
    """Every pytest run where it is installed imports it; only those that use it pay."""
    heavy = "('simulators.', 'flask', 'uvicorn', 'jsonschema', 'phonenumbers', 'orjson')"
    script = (
        "import sys, pytest; before = set(sys.modules); import simulators.testing.plugin;"
        f"print(*[m for m in sys.modules if m not in before and m.startswith({heavy})])"
    )

    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "simulators.testing simulators.testing.plugin" == done.stdout.strip()


def test_each_test_has_its_own_account(sms, sms_server):
    """Not the published one, and nothing in it."""
    assert "default" != sms.world.id
    assert [] == sms.messages()
    assert sms_server.accounts.world("default").credentials("twilio") != sms.credentials("twilio")


@pytest.mark.parametrize("via", ["prefix", "localhost", "https"])
def test_tells_where_a_provider_is(sms, via):
    """Each way to point a client at it."""
    port = sms.simulators.ports["https" if via == "https" else "http"]
    expected = {
        "prefix": f"http://127.0.0.1:{port}/twilio",
        "localhost": f"http://twilio.localhost:{port}",
        "https": f"https://127.0.0.1:{port}/twilio",
    }

    assert expected[via] == sms.url("twilio", via)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_place_is_that_providers(sms, provider):
    """A request there is journalled as one to this provider, whoever sent it."""
    strangers = Sms(sms.simulators, sms.simulators.accounts.strangers)
    before = len(strangers.requests(provider))
    for via in ("prefix", "localhost"):
        at = urlsplit(sms.url(provider, via=via))
        with closing(HTTPConnection("127.0.0.1", at.port)) as connection:
            connection.request("GET", f"{at.path}/no/such/path", headers={"Host": at.netloc})
            connection.getresponse().read()

    assert before + 2 == len(strangers.requests(provider))


def test_names_the_provider_that_was_meant(sms):
    """A slip of the pen is told apart from a missing provider."""
    with pytest.raises(Unacceptable, match="did you mean 'twilio'"):
        sms.credentials("twillio")


def test_waits_for_a_code_that_is_still_to_come(sms):
    """Another thread sends while this one waits."""
    timer = threading.Timer(0.05, send, (sms, "+15005550010"))
    timer.start()

    assert "123456" == sms.wait_for_code("+1 500 555 0010", timeout=5)
    timer.join()


def test_returns_no_message_twice(sms):
    """The code of the second sign-in is not the first one's."""
    send(sms, "+15005550010", "Your code is 111111")
    first = sms.wait_for_code("+15005550010")

    with pytest.raises(AssertionError, match=r"within 0\.01 s; nothing arrived"):
        sms.wait_for_code("+15005550010", timeout=0.01)
    send(sms, "+15005550010", "Your code is 222222")

    assert "111111" == first
    assert "222222" == sms.wait_for_code("+15005550010")


def test_passes_over_a_message_without_a_code(sms):
    """A greeting after the code does not hide it."""
    send(sms, "+15005550010", "Your code is 111111")
    send(sms, "+15005550010", "Welcome!")

    assert "111111" == sms.wait_for_code("+15005550010")
    assert "Welcome!" == sms.wait_for_message("+15005550010").text


@pytest.mark.sms_allow_violations
def test_a_missing_message_tells_what_was_refused(sms):
    """The reason is in the failure, not in a log."""
    send(sms, "nonsense")

    with pytest.raises(AssertionError, match=r"refused: twilio create-message with 21211 \(400\)"):
        sms.wait_for_message(timeout=0.01)


def test_reset_forgets_what_was_returned(sms):
    """Sequences start again, and so does waiting."""
    for _ in range(3):
        send(sms, "+15005550010", "Your code is 111111")
    sms.wait_for_code("+15005550010")

    sms.reset()
    send(sms, "+15005550010", "Your code is 222222")

    assert "222222" == sms.wait_for_code("+15005550010")


def test_moves_the_clock(sms):
    """Frozen, advanced, let run."""
    sms.clock.freeze("2026-01-01T12:00:00Z")
    sms.clock.advance(90)

    assert datetime(2026, 1, 1, 12, 1, 30, tzinfo=UTC) == sms.clock.now()

    sms.clock.freeze(datetime(2027, 1, 1, tzinfo=UTC))
    sms.clock.run()

    assert (2027, 1, 1) == sms.clock.now().timetuple()[:3]


def test_settings_change_what_is_answered(sms):
    """Regions, opt-outs, suspension, rules: each refuses in its own way."""
    refusals = []
    for change in (
        lambda: sms.regions(allowed=["CN"]),
        lambda: sms.optouts("+1 415 555 2671"),
        lambda: sms.suspended(),
        lambda: sms.script({"effect": {"error": "20429"}, "match": {"provider": "twilio"}}),
    ):
        sms.reset()
        change()
        send(sms, "+14155552671")
        refusals += [request["error"] for request in sms.requests("twilio")]

    assert ["21408", "21610", "20005", "20429"] == refusals


@pytest.mark.parametrize(
    "change",
    [
        lambda sms: sms.limits("fast"),
        lambda sms: sms.limits(0),
        lambda sms: sms.regions(allowed=["Sweden"]),
        lambda sms: sms.optouts("nobody"),
        lambda sms: sms.clock.freeze("noon"),
        lambda sms: sms.clock.advance(1e15),
    ],
)
def test_a_setting_that_cannot_be_is_refused(sms, change):
    """With what was expected."""
    with pytest.raises(Unacceptable, match=r"expected .*, but got"):
        change(sms)


MISTAKES = {
    'sms.clock.advance("10m")': "TestClock.advance: seconds: expected a number, but got '10m'",
    'sms.regions(allowed=["se"])': "no region 'se'; did you mean 'SE'?; expected an ISO 3166 code"
    " of two capital letters, like SE, but got se",
    'sms.regions(allowed="SE")': "Sms.regions: allowed: expected a list, each a text or None, but"
    " got 'SE'",
    'sms.optouts("me")': "not a phone number; expected a number like +15005550010, but got me",
    'sms.limits([{"permitz": 1}])': "not a limit at table.0.permitz; expected 'permits', but got"
    " 'permitz'",
    'sms.webhooks("twilio", receipt="http://localhost/")': "no kind of webhook 'receipt'; did you"
    " mean 'receipts'?; expected one of: inbound, receipts, but got receipt",
    'sms.webhooks("twilio", receipts="localhost")': "not a URL; expected an http or https URL, or"
    " an empty text for none, but got localhost",
    'sms.violations("twillio")': "no provider 'twillio'; did you mean 'twilio'?; expected one of:"
    f" {', '.join(sorted(PROVIDERS))}, but got twillio",
    'sms.reply("twillio", "+15005550010", "hi")': "no provider 'twillio'; did you mean 'twilio'?;"
    f" expected one of: {', '.join(sorted(PROVIDERS))}, but got twillio",
    'sms.url("twilio", via="htps")': "Sms.url: via: expected one of prefix, localhost, https, port,"
    " but got 'htps'",
    'sms.script("magick")': "magick: No such file or directory; did you mean 'magic'?; expected a"
    " readable rules file",
    'sms.script({"effect": {"eror": "20429"}})': "not a rule at effect.eror; expected 'error', but"
    " got 'eror'",
    'contract_server.expect(["twilio.create_message"])': "ContractServer.expect: operation:"
    " expected a text, but got ['twilio.create_message']",
    'contract_server.expect("twilio.create_message").respond_with(99)': "status: expected an HTTP"
    " status from 200 to 599, but got 99",
    "sms.wait_for_code(timout=1)": "Sms.wait_for_code: expected (to: str = '', timeout: float ="
    " 5.0, provider: str = ''), but got an unexpected keyword argument 'timout'",
}


def test_a_mistake_in_a_test_is_one_sentence_at_its_own_line(project):
    """What was expected, what came and what is near; no frame of the simulators."""
    tests = "".join(
        f"def test_{at}(sms, contract_server):\n    {call}\n\n" for at, call in enumerate(MISTAKES)
    )
    result = project(tests)
    reports = [report for report in result.reprec.getreports() if report.when == "call"]
    failed = [report for report in reports if report.failed]
    said = [report.longrepr.reprcrash.message.partition(": ")[2] for report in failed]

    assert [*MISTAKES.values()] == said
    assert {1} == {len(report.longrepr.reprtraceback.reprentries) for report in failed}
    assert all(f">       {call}" in result.stdout.str() for call in MISTAKES)


METHODS = [
    (cls, name, [*inspect.signature(method).parameters.values()][1:])
    for cls in (Sms, TestClock, ContractServer, Expectation)
    for name, method in inspect.getmembers(cls, inspect.isfunction)
    if not name.startswith("_")
]
NEEDED = {
    "provider": "twilio",
    "sender": "+15005550010",
    "text": "hi",
    "mode": "off",
    "amount": 1.5,
    "seconds": 1,
    "timeout": 0,
    "operation": "twilio.create_message",
    "template": "SMS_1",
    "content": "Code ${code}",
    "key": "21610",
    "status": 500,
    "unchecked": True,
}
ANYTHING = [
    *(None, True, -1, math.inf, math.nan, 10**400, b"x", object(), datetime.min),
    *("10m", "tw\nilio", "x" * 5000, "\0", "\u2028", "+1500555\ud800"),
    *([], [5], ["\u2028"], [{"name": "a", "permits": 1, "seconds": 1, "key": [[]]}]),
    *({}, {"a\n": 1}, {"effect": {"socket": []}}, {"effect": {"receipt": {"state": {}}}}),
    *({"effect": {"answer": {"headers": {"\n": 1}}}}, {"match": {"provider": []}, "effect": 1}),
]
FOR_PEOPLE = (*(AssertionError, BadAccount, BadArgument, BadExpectation, BadFile, Unacceptable),)


def failure(called, *args, **kwargs):
    """What pytest would print of it, or None if it does not fail."""
    try:
        called(*args, **kwargs)
    except Exception as error:
        return pytest.ExceptionInfo.from_exception(error)
    return None


@pytest.fixture
def targets(sms, contract_server):
    """One of each class whose methods a test calls."""
    yield {
        Sms: sms,
        TestClock: sms.clock,
        ContractServer: contract_server,
        Expectation: contract_server.expect("twilio.create_message"),
    }
    with suppress(AssertionError):  # what was expected does not come
        contract_server.check()


@pytest.mark.parametrize(
    ("cls", "name", "parameters"),
    METHODS,
    ids=[f"{cls.__name__}.{name}" for cls, name, _ in METHODS],
)
def test_whatever_a_method_is_given_its_failure_is_one_sentence(targets, cls, name, parameters):
    """Every public method, every argument: what is refused is refused by an error for people, on
    one line, without our frames. No argument takes whatever comes, and none by another name."""
    called = getattr(targets[cls], name)
    needed = {p.name: NEEDED[p.name] for p in parameters if p.name in NEEDED}
    failures = [failure(called, **needed, nonsense=1)]
    for one in parameters:
        if one.kind is one.VAR_POSITIONAL:
            found = [failure(called, value) for value in ANYTHING]
        else:
            found = [failure(called, **{**needed, one.name: value}) for value in ANYTHING]
        assert [] != [info for info in found if info is not None], one.name
        failures += found

    assert failures[0] is not None
    for info in filter(None, failures):
        said = info.exconly(tryshort=True)
        assert isinstance(info.value, FOR_PEOPLE), said
        assert 1 == len(said.splitlines()), said
        assert len(said) < 500, said
        assert [Path(__file__)] == [entry.path for entry in info.traceback.filter(info)], said
        assert (None, True) == (info.value.__cause__, info.value.__suppress_context__), said


def test_a_rule_that_cannot_be_is_refused(sms):
    """By the rules' own words."""
    with pytest.raises(Unacceptable, match="effect"):
        sms.script({"effect": {}})
