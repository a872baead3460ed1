"""The nightly run, in small: that each part works, and that each finds what is planted."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from simulators.bench.samples import good
from simulators.catalog import PROVIDERS
from tests.hard import fuzz, mutation, soak
from tests.hard.__main__ import main
from tests.hard.hostile import drive, hostile

pytestmark = pytest.mark.slow


def test_a_request_is_its_seed_and_its_number():
    """So that a night's finding can be sent again, but for the time in a signature; and no two are
    alike."""
    signed_then = {name: good(name, lambda: 1_800_000_000_000_000_000) for name in PROVIDERS}

    def made(seed):
        return [hostile(seed, number, good=signed_then) for number in range(200)]

    first = made("a")

    assert first == made("a")
    assert first != made("b")
    assert len(set(first)) > 150


def test_hostile_requests_are_answered():
    """A few, by a server in a process of its own."""
    found = fuzz.run(200, "a")

    assert [] == found["wrong"]
    assert 200 == found["requests"] == sum(found["answers"].values())
    assert len(found["answers"]) > 3


@pytest.fixture
def faulty():
    """A server that fails in one way after the other; its port."""
    ways = deque([500, "hangs up", 200])

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            way = ways.popleft()
            if way == "hangs up":
                self.close_connection = True
                return
            self.send_response(way)
            self.send_header("Content-Length", "9")
            self.end_headers()
            self.wfile.write(b"Traceback" if way == 200 else b"not found")

        def log_message(self, *_):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_wrong_answer_is_told_by_its_number(faulty):
    """5xx, none at all, a traceback."""
    told = drive(faulty, lambda _number: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", many=3, clients=1)

    assert ["0: 500 ", "1: Remo", "2: 200 "] == [one[:7] for one in told.wrong]
    assert 3 == told.asked


def test_a_soak_ends_with_what_there_was_at_half_time():
    """Each half is so many requests at least, so that a slow machine sends no fewer."""
    found = soak.run(0, "a", least=500)

    assert [] == found["wrong"]
    assert 1000 <= found["requests"]
    assert found["containers"] > 20


def test_what_grew_is_told_by_its_place():
    """But what is kept for a time, and a little more or less."""
    first = {"a.messages": 100, "a.nonces": 1, "a.rules": 10}
    last = {"a.messages": 101, "a.nonces": 5000, "a.rules": 90, "a.new": 50}

    assert [
        "a.rules: 10 items at half time, 90 at the end",
        "a.new: 0 items at half time, 50 at the end",
    ] == soak.grown(first, last)


def test_mutants_that_no_test_notices_are_told(tmp_path, monkeypatch):
    """Of a project of three functions: one asked well, one asked badly, one not at all. A test that
    fails without a mutant is told, and neither ends the run nor kills anything."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # it needs none of them
    kernel = tmp_path / "simulators" / "kernel"
    kernel.mkdir(parents=True)
    for folder in (kernel, kernel.parent):
        (folder / "__init__.py").touch()
    (kernel / "small.py").write_text(
        "def well(a):\n    return a + 1\n\n\n"
        "def badly(a):\n    return a + 2\n\n\n"
        "def never(a):\n    return a + 3\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_small.py").write_text(
        "from simulators.kernel.small import badly, well\n\n\n"
        "def test_well():\n    assert 2 == well(1)\n\n\n"
        "def test_badly():\n    assert badly(1)\n\n\n"
        "def test_unlucky():\n    assert badly(1) == 'luck'\n"
    )
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'small'\n")
    found = mutation.run(120, asking="tests", root=tmp_path)

    assert [] == found["wrong"]
    assert found["killed"] > 0
    assert found["no test reaches"] > 0
    (left_out,) = found["tests left out"]
    assert left_out.startswith("tests/test_small.py::test_unlucky: AssertionError: ")
    assert {"simulators.kernel.small.badly"} == {
        name.partition("__mutmut")[0] for name in found["survivors"]
    }


def test_a_mutant_is_told_by_where_it_is():
    """Also in a class whose name ends as mutmut's begin."""
    told = ["Index.above__mutmut_1", "found__mutmut_2"]

    assert [f"simulators.store.index.{one}" for one in told] == [
        mutation._plain("simulators.store.index.xǁIndexǁabove__mutmut_1"),
        mutation._plain("simulators.store.index.x_found__mutmut_2"),
    ]


def test_what_is_left_out_is_said(tmp_path):
    """And the figures are written."""
    out = tmp_path / "figures" / "hard.json"
    arguments = ["--requests", "20", "--soak", "0", "--mutation", "0", "--seed", "s", "--out", out]
    done = CliRunner().invoke(main, [str(one) for one in arguments])

    assert 0 == done.exit_code, done.output
    assert "LEFT OUT: soak\nLEFT OUT: mutation\nnothing wrong\n" in done.output
    written = json.loads(out.read_text())
    assert ("s", 20) == (written["seed"], written["fuzz"]["requests"])
