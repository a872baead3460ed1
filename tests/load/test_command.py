"""`sms-simulators load`: every mistake in one line before a user starts; a run, judged; Ctrl-C."""

import http.server
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from simulators.cli import load as cli_load
from simulators.data import data
from simulators.load import launch
from simulators.load.settings import NotReady, Settings, check, mode

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "simulators.cli", "load"]
SMOKE = Path(__file__).parent / "smoke.py"


@pytest.fixture
def run(command, begin_locust, monkeypatch):
    """The finished command: in this process, but for its Locust."""

    def locust(arguments, environment):
        done = begin_locust(*arguments, **environment).wait()
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        return done.returncode

    monkeypatch.setattr(launch, "locust", locust)
    before = signal.getsignal(signal.SIGTERM)
    yield lambda *arguments, **environment: command("load", *arguments, **environment)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def refused(run):
    """The one line of a command that is refused as wrong usage."""

    def told(*arguments, **environment):
        done = run(*arguments, **environment)

        assert (2, "") == (done.returncode, done.stdout), done.stderr
        assert 1 == done.stderr.count("\n"), done.stderr
        return done.stderr

    return told


def process(*arguments, **environment):
    """The finished command, all of it as a person runs it."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=50,
    )


@pytest.fixture
def logto():
    """A service whose Management API takes the token `good`; its address."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            public = self.path.endswith("/oidc/.well-known/openid-configuration")
            good = public or self.headers.get("Authorization") == "Bearer good"
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def scenario(tmp_path):
    """A locustfile that needs a service and no inbox, and would say so if it were run."""
    path = tmp_path / "mine.py"
    path.write_text('"""Mine."""\nrun = attach(needs="host")\nprint("a user started")\n')
    return path


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["send_verfy"], "no scenario 'send_verfy'; "),
        (["no/such/file.py"], "there is no file no/such/file.py"),
        ([__file__], "is no scenario: it has no `run = attach()`"),
        ([SMOKE, "--threshold", "send p95 < fast"], "column 12: expected a number"),
        ([SMOKE, "--thresholds", "no/file"], "--thresholds no/file: No such file"),
        ([SMOKE, "--report", "no/folder/x.html"], "there is no folder"),
        ([SMOKE, "--time", "0"], "expected a time as 45, 30s, 5m or 1h30m, got '0'"),
        ([SMOKE, "--time", "soon"], "expected a time as 45, 30s, 5m or 1h30m, got 'soon'"),
        ([SMOKE, "--users", "0"], "x>=1"),
        ([SMOKE, "--shape", "square"], "'steady', 'ramp', 'spike', 'soak', 'retry-storm'"),
        ([SMOKE, "--limits", "often"], "'provider', 'off' or a factor above 0"),
        ([SMOKE, "--sim", "http://127.0.0.1:1"], "--sim: nothing answers at http://127.0.0.1:1"),
        ([SMOKE, "--sim", "none"], "the people of this scenario read the simulators' inbox"),
        ([SMOKE, "--sim", "nowhere:x"], "is not an address"),
    ],
)
def test_a_mistake_is_one_line(arguments, told, refused):
    """Exit code 2, and nobody has started anything."""
    assert told in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "http://127.0.0.1:1"], "--host: nothing answers at http://127.0.0.1:1"),
        (["--host", "127.0.0.1"], "--host: '127.0.0.1' is not an address"),
        (["--sim", "none"], "--host: expected the address of the service under test"),
    ],
)
def test_a_service_that_is_not_there_is_one_line(scenario, arguments, told, refused):
    """With the option that names it."""
    assert told in refused(scenario, "--sim", "none", *arguments)


def test_a_wrong_token_is_one_line(scenario, logto, refused):
    """And none, where one is asked for; the token itself is not told."""
    there = (scenario, "--sim", "none", "--host", logto)
    wrong = refused(*there, "--token", "secret-but-wrong")
    none = refused(*there, LOGTO_TOKEN="")

    assert f"--token: {logto}/api/connectors answers 401 to it" in wrong
    assert "secret" not in wrong
    assert "it wants --token or LOGTO_TOKEN" in none


def test_a_service_is_not_loaded_with_what_is_for_providers(logto):
    """Whoever names it means another scenario; one that takes stand-ins for providers takes no
    Logto, which is known by its discovery document."""
    folder = data("loadtests")
    needs = {one.name: one.needs for one in launch.every(folder)}
    given = Settings(host=f"{logto}/", sim="")
    told = {}
    for name in ("flow_control", "receipt_storm", "provider_send"):
        with pytest.raises(NotReady) as refused:
            check(given, needs[name] - {"sim"})
        told[name] = str(refused.value)

    assert told["flow_control"] == told["receipt_storm"]
    assert told["flow_control"].startswith("--host: this scenario sends what is for providers")
    assert "openid-configuration answers as Logto does" in told["provider_send"]
    check(Settings(host="http://127.0.0.1:1", sim=""), ())
    users = {name for name, asked in needs.items() if "host" in asked}
    assert {"send_verify", "sign_in", "sms_pumping", "provider_outage"} == users


def test_a_service_that_is_not_the_simulators_own_says_no_mode(logto):
    """Nor one that is not there any more."""
    assert ["", "", ""] == [mode(host) for host in (logto, "http://127.0.0.1:1", "x")]


def test_the_service_that_is_started_is_as_logto_is(monkeypatch):
    """Blind spots included: that is what the scenarios are about."""
    asked = []

    @contextmanager
    def server(options):
        asked.append(options)
        yield launch.Server("http://127.0.0.1:1", "http://127.0.0.1:2", 1)

    monkeypatch.setattr(launch, "server", server)
    for name in ("send_verify", "flow_control"):
        scenario = launch.find(name, data("loadtests"))
        with ExitStack() as closing:
            cli_load._placed(scenario, Settings(sim=""), "provider", closing)

    assert ["--otp-faithful" in options for options in asked] == [True, False]


def test_an_unknown_provider_is_one_line(sms, refused):
    """With those that there are."""
    told = refused(SMOKE, "--sim", sms.simulators.url, "--provider", "twillio")

    assert "--provider: no provider 'twillio'; there are: aliyun, " in told


def test_without_locust_it_says_how_to_get_it(tmp_path):
    """It is an extra: nothing else needs it."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['locust'] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), os.getcwd()])

    done = process(SMOKE, PYTHONPATH=path)

    assert (2, "") == (done.returncode, done.stdout)
    assert "install sms-simulators with its extra 'load'" in done.stderr


def test_scenarios_are_known_by_what_they_say(tmp_path, scenario):
    """The first sentence of each, in one line; helpers beside them are none."""
    (tmp_path / "helper.py").write_text('"""Helps."""\n')
    (tmp_path / "broken.py").write_text("def")
    (tmp_path / "other.py").write_text(
        '"""How\nfast? And more."""\nfrom x import attach\nrun = attach()\n'
    )
    found = {one.name: (one.sentence, one.needs) for one in launch.every(tmp_path)}

    assert {
        "mine": ("Mine.", frozenset({"host"})),
        "other": ("How fast?", frozenset({"host", "sim"})),
    } == found
    assert "other" == launch.find("other", tmp_path).name
    with pytest.raises(launch.NoScenario, match="did you mean 'other'"):
        launch.find("othr", tmp_path)


def test_a_user_that_hides_locusts_own_run_is_one_line(sms, tmp_path, refused):
    """Locust would call it to start the user, and every user would end at once."""
    path = tmp_path / "mine.py"
    path.write_text(SMOKE.read_text().replace("    people = 0\n", "    run = run\n"))

    assert "Person.run is Locust's own" in refused(path, "--sim", sms.simulators.url)


def test_a_run_is_judged_and_told(tmp_path):
    """By itself it starts what it needs; the verdict is on stdout, in JSON and in JUnit."""
    done = process(
        SMOKE, "--users", 4, "--time", "2s", "--seed", "7", "--threshold", "send p99 < 30 s",
        "--json", tmp_path / "v.json", "--junit", tmp_path / "v.xml",
        "--report", tmp_path / "v.html",
    )  # fmt: skip
    verdict = json.loads((tmp_path / "v.json").read_text())
    junit = fromstring((tmp_path / "v.xml").read_text())  # noqa: S314 - our own

    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("smoke: passed  (seed 7, users 4, seconds ")
    assert "ok    send p99 < 30 s: it was " in done.stdout
    assert " users  " in done.stderr
    assert verdict["passed"]
    assert verdict["facts"]["sent"] > 0
    assert verdict["effort"]["server"] > 0  # the process that was started for it
    assert {"holds", "not tried"} == {
        finding["told"] if finding["state"] == "unknown" else finding["state"]
        for finding in verdict["invariants"]
    }
    assert ["smoke.invariants", "smoke.thresholds"] == [suite.get("name") for suite in junit]
    assert str(len(verdict["invariants"])) == junit[0].get("tests")
    assert "</html>" in (tmp_path / "v.html").read_text()


def test_the_command_of_the_page_is_about_what_there_is(run):
    """With fewer people and for a few seconds: each of its thresholds has a value."""
    page = (Path(__file__).parents[2] / "docs/load.md").read_text()
    written = next(re.finditer(r"^sms-simulators load (send_verify .*?)^```", page, re.M | re.S))[1]
    arguments = shlex.split(written.replace("\\\n", " "))
    arguments[arguments.index("--report") : arguments.index("--report") + 2] = []
    done = run(*arguments, "--users", 2, "--time", "5s", "--shape", "steady")
    thresholds = re.findall(r"--threshold '(.*?)'", written)

    assert 3 == len(thresholds)
    assert all(f"  {text}: it was " in done.stdout for text in thresholds), done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--", "--wrong", "twice"], "1 sends accepted, 2 in the inbox"),
        (["--threshold", "send requests > 1000000"], "FAIL  send requests > 1000000: it was "),
    ],
)
def test_what_does_not_hold_fails_the_run(arguments, told, run):
    """Exit code 1, and the number or the value is told."""
    done = run(SMOKE, "--users", 2, "--time", "1s", *arguments)

    assert 1 == done.returncode, done.stderr
    assert done.stdout.startswith("smoke: FAILED")
    assert told in done.stdout


def test_no_verdict_is_no_success(sms, tmp_path, run):
    """Whatever Locust ends with: 0 is for a verdict that says so."""
    path = tmp_path / "mine.py"
    gone = "\n\n@events.test_stop.add_listener\ndef _gone(**_):\n    __import__('os')._exit(0)\n"
    path.write_text(SMOKE.read_text() + gone)
    done = run(path, "--sim", sms.simulators.url, "--users", 1, "--time", "1s")

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.endswith("sms-simulators: the run ended without a verdict\n")


@pytest.mark.parametrize(
    ("code", "passed", "expected"),
    [(0, True, 0), (0, False, 1), (0, None, 1), (1, False, 1), (2, None, 2), (-9, None, 137)],
)
def test_success_is_a_verdict_that_says_so(code, passed, expected):
    """By Locust's exit code, and by what the verdict says if there is one."""
    try:
        found = cli_load._exit_code(code, passed)
    except SystemExit as ended:
        found = ended.code

    assert expected == found


@pytest.mark.parametrize("processes", [(), ("--processes", 2)], ids=["one", "several"])
def test_a_set_up_that_fails_is_one_line(sms, tmp_path, processes, refused):
    """Before the first user: nobody sends anything."""
    path = tmp_path / "mine.py"
    broken = "\n\n@events.test_start.add_listener\ndef _set_up(**_):\n    raise ValueError('oh')\n"
    path.write_text(SMOKE.read_text() + broken)
    told = refused(path, "--sim", sms.simulators.url, "--account", sms.world.id, *processes)

    assert told.startswith("sms-simulators: the set-up of mine failed: ValueError: oh (mine.py, ")
    assert [] == sms.messages()


def test_a_run_whose_workers_are_lost_is_judged(sms, tmp_path, run):
    """Locust stops such a run in the watch over heartbeats, and would end that watch half way."""
    path = tmp_path / "mine.py"
    lost = """

@events.init.add_listener
def _lose(environment, **_):
    import gevent
    from locust import LoadTestShape
    from locust.runners import MasterRunner

    class Level(LoadTestShape):
        ending = 30

        def tick(self):
            return (2, 2) if self.get_run_time() < self.ending else None

    def lose():
        while not run.ledger.count("sent"):
            gevent.sleep(0.1)
        for worker in environment.runner.clients.all:
            worker.heartbeat = -1
        shape = environment.shape_class
        shape.ending = shape.get_run_time() + 4  # the watch looks every second

    if isinstance(environment.runner, MasterRunner):
        environment.shape_class = Level()
        environment.shape_class.runner = environment.runner
        gevent.spawn(lose)
"""
    path.write_text(SMOKE.read_text() + lost)
    there = ("--sim", sms.simulators.url, "--account", sms.world.id)
    done = run(path, *there, "--processes", 2, "--threshold", "send requests == 0")

    assert 1 == done.returncode, done.stderr
    assert done.stdout.startswith("mine: FAILED"), done.stderr
    assert "FAIL  send requests == 0: it was" in done.stdout


def descendants(pid):
    """All processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(child)]
    return found


def heeding():
    """A shell has what it starts in the background pay no heed to Ctrl-C; these tests may be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_judges_and_leaves_nothing_behind(number):
    """The users stop, what they did is judged, and server and workers are gone."""
    command = [*COMMAND, str(SMOKE), "--users", "2", "--time", "5m", "--processes", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeding
    ) as process:
        first = next(line for line in process.stderr if re.search(r" [1-9]\d* sent", line))
        below = descendants(process.pid)
        process.send_signal(number)
        told, errors = process.communicate(timeout=40)
    end = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in below) and time.monotonic() < end:
        time.sleep(0.05)

    assert " users  " in first
    assert len(below) >= 4  # the server, Locust and its two workers
    assert [] == [pid for pid in below if Path(f"/proc/{pid}").exists()]
    assert told.startswith("smoke: passed"), told + errors
    assert 0 == process.returncode, errors
