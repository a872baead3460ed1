"""Fixtures: a session's server, and a fresh account for every test.

pytest loads this module wherever the distribution is installed, so it imports the simulators only
once a test asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.app import Options, Simulators
    from simulators.testing.contract_server.server import ContractServer, Listener
    from simulators.testing.refusals import RefusalCase
    from simulators.testing.sms import Sms

_MARKER = "sms_allow_violations"
_REFUSALS = "sms_refusals"
_STRICT = "sms_strict_warnings"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Whether warnings about requests fail a test, for a run or for good."""
    said = "a warning about a request to a provider fails the test as a violation does"
    group = parser.getgroup("sms-simulators")
    group.addoption("--sms-strict-warnings", action="store_true", help=said)
    parser.addini(_STRICT, said, type="bool", default=False)


def _strict(config: pytest.Config) -> bool:
    return bool(config.getoption("--sms-strict-warnings") or config.getini(_STRICT))


def pytest_configure(config: pytest.Config) -> None:
    """Registers the markers."""
    config.addinivalue_line(
        "markers", f"{_MARKER}: the test may violate a provider's contract and pass all the same"
    )
    config.addinivalue_line(
        "markers",
        f"{_REFUSALS}(*providers, classes=None, codes=None): runs the test once for each refusal"
        " that its fixture sms_refusal scripts: one a class, or the chosen classes and codes;"
        ' codes="all" is every row of the catalogue',
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `sms_refusals` becomes one for each refusal."""
    markers = list(metafunc.definition.iter_markers(_REFUSALS))
    if not markers or "sms_refusal" not in metafunc.fixturenames:
        return
    from simulators.testing.refusals import Unfit, chosen

    try:
        cases = chosen((marker.args, marker.kwargs) for marker in markers)
    except Unfit as error:  # raised from here it would come with other plugins' tracebacks
        metafunc.parametrize("sms_refusal", [error], ids=["unfit"], indirect=True)
        return
    many = len({case.provider for case in cases}) > 1
    ids = [f"{case.provider}-{case.id}" if many else case.id for case in cases]
    metafunc.parametrize("sms_refusal", cases, ids=ids, indirect=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `sms_refusals` that does not take the refusal would test nothing of it."""
    if item.get_closest_marker(_REFUSALS) and "sms_refusal" not in getattr(
        item, "fixturenames", ()
    ):
        pytest.fail(f"marked {_REFUSALS}, but it takes no fixture sms_refusal", pytrace=False)


@pytest.fixture(scope="session")
def sms_server_options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """How the session's server is started. Override it to have it otherwise."""
    from simulators.app import Options

    return Options(port=0, tls_port=0, tls_dir=tmp_path_factory.mktemp("sms-simulators"))


@pytest.fixture(scope="session")
def sms_server(sms_server_options: Options) -> Iterator[Simulators]:
    """All simulators in one thread, by default on free loopback ports, plain and TLS."""
    from simulators.app import in_thread

    with in_thread(sms_server_options) as simulators:
        yield simulators


@pytest.fixture
def sms(request: pytest.FixtureRequest, sms_server: Simulators) -> Iterator[Sms]:
    """A fresh account with its own credentials, messages, clock and windows.

    The test fails at teardown if one of its requests violated a provider's contract, unless it
    says `sms.allow_violations()` or is marked `sms_allow_violations`.
    """
    from simulators.testing.sms import Sms, answered, told

    world = sms_server.call(sms_server.accounts.create)
    made = Sms(sms_server, world)
    try:
        yield made
        allowed = made.violations_allowed or request.node.get_closest_marker(_MARKER)
        violations = [] if allowed else made.violations()
        if _strict(request.config) and not allowed:
            violations += made.warnings()
    finally:
        answered(sms_server, world)
        sms_server.call(lambda: sms_server.accounts.drop(world.id))
    if violations:
        pytest.fail(told(violations), pytrace=False)


@pytest.fixture
def sms_refusal(request: pytest.FixtureRequest, sms: Sms) -> RefusalCase:
    """The refusal that a test marked `sms_refusals` runs for, scripted on its account: `kind`,
    `code`, `status`, `notice` ("at once" or "later"), what a careful client does in `expects`."""
    case: RefusalCase | Exception | None = getattr(request, "param", None)
    if case is None:
        pytest.fail(f"sms_refusal is for tests marked {_REFUSALS}(PROVIDER)", pytrace=False)
    if isinstance(case, Exception):
        pytest.fail(f"{_REFUSALS}: {case}", pytrace=False)
    sms.script(case.rule)
    return case


@pytest.fixture(scope="session")
def contract_server_listen_address() -> tuple[str, int]:
    """Where the session's `contract_server` listens. Override it to have it elsewhere."""
    return "127.0.0.1", 0


@pytest.fixture(scope="session")
def make_contract_server(contract_server_listen_address: tuple[str, int]) -> Iterator[Listener]:
    """The session's server of pytest-httpserver; `contract_server` empties it for each test."""
    try:
        import pytest_httpserver  # noqa: F401 - only whether it is there
    except ImportError:  # not a skip: what a test asks for by name and does not get is no success
        install = "install sms-simulators with its extra 'pytest'"
        needed = f"contract_server needs pytest-httpserver: {install}"
        pytest.fail(needed, pytrace=False)
    from simulators.testing.contract_server.server import Listener

    host, port = contract_server_listen_address
    with Listener(host, port) as server:
        yield server


@pytest.fixture
def contract_server(
    request: pytest.FixtureRequest, make_contract_server: Listener
) -> Iterator[ContractServer]:
    """Expects operations of a provider and answers as it does, without the simulators running.

    The test fails at teardown for a request that breaks its contract, for one that was not
    expected, and for an expected one that did not come.
    """
    from simulators.testing.contract_server.server import ContractServer

    made = ContractServer(make_contract_server, strict_warnings=_strict(request.config))
    if request.node.get_closest_marker(_MARKER):
        made.allow_violations()
    yield made
    wrong = ""
    try:
        made.check()
    except AssertionError as error:
        wrong = str(error)
    if wrong:
        pytest.fail(wrong, pytrace=False)
