"""`serve --processes N`: several that are one, in its start, its stop, its ports and its counts."""

import contextlib
import json
import mmap
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from simulators.catalog import PROVIDERS
from simulators.samples import sample
from simulators.server.group import CELLS, NAMES, Board, Counts

COMMAND = (sys.executable, "-m", "simulators.cli", "serve", "--port", "0", "--no-tls")
KEY, OTHER = ("twilio", "create-message", 201), ("vonage", "send", 200)


def test_a_board_has_what_all_have_counted():
    """Each its own; what one has that is gone is there for the one that takes its place."""
    board = Board(3)
    first, last = board.counts(0), board.counts(2)
    first[KEY], first.polls = 2, 1
    last[KEY], last[OTHER], last.polls = 3, 1, 5
    last[KEY] += 1

    assert {KEY: 4, OTHER: 1} == dict(last)
    assert {} == dict(board.counts(1))
    assert ({KEY: 6, OTHER: 1}, 6) == board.total()
    assert (2, 0) == (first.get(KEY, 0), first.get(OTHER, 0))


def test_a_board_has_the_cpu_time_of_each():
    """Of one that is gone too: the one that takes its place goes on from there."""
    board, memory = Board(2), mmap.mmap(-1, 1 << 22)
    assert [0, 0] == board.cpu()
    board.counts(1).spent()
    assert [True, False] == [cpu == 0 for cpu in board.cpu()]

    Counts(memory, 0).spent()
    before = Counts(memory, 0).cpu
    next_ = Counts(memory, 0)
    next_.spent()
    next_.spent()
    assert 2 * before <= next_.cpu < 3 * before
    assert {} == dict(next_)


def test_processes_see_what_the_others_count():
    """New names as well; a process that begins goes on from what is there."""
    memory = mmap.mmap(-1, 1 << 22)
    here, there = Counts(memory, 1), Counts(memory, 1)
    here[KEY] = 1
    assert {KEY: 1} == dict(there)
    here[OTHER], here[KEY] = 7, 2

    assert {KEY: 2, OTHER: 7} == dict(there) == dict(Counts(memory, 1))
    assert {} == dict(Counts(memory, 0))
    with pytest.raises(KeyError):
        there["nobody", "", 0]


def test_a_board_that_is_full_counts_what_it_has():
    """And writes nothing into the place of the next process."""
    board = Board(2)
    full, after = board.counts(0), board.counts(1)
    after[KEY] = 1
    for n in range(CELLS + 10):
        full["twilio", "send", n] = n
    full["twilio", "x" * NAMES, 200] = 1
    full["twilio", "send", 7] += 1

    assert CELLS - 2 == len(full)
    assert 8 == full["twilio", "send", 7]
    assert {KEY: 1} == dict(after)


def ask(netloc, method, path, body=None, headers=()):
    """Over a connection of its own, which any of the processes may take."""
    connection = HTTPConnection(netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()


def send(netloc, n):
    record = sample("twilio")
    call = record.call(PROVIDERS["twilio"].published, record.written(record.number(n)), f"{n:06}",
                       now=0.0, nonce="")  # fmt: skip
    status, body = ask(netloc, call.method, f"/twilio{call.path}", call.body, call.headers.items())
    assert status == 201, body
    return json.loads(body)["sid"]


def children(pid):
    """The processes that one has started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    )
    return sorted(map(int, listed.stdout.split()))


def counted(netloc):
    """How many sends were accepted, by the request counters of whoever answers."""
    _status, text = ask(netloc, "GET", "/metrics")
    pattern = rb'requests_total\{provider="twilio",operation="create-message",status="201"\} (\d+)'
    return int(re.search(pattern, text)[1])


@pytest.fixture
def group(engine):
    """Three processes on an engine of its own; what they told."""
    engine.client().flushall()
    command = [*COMMAND, "--quiet", "--store", f"unix://{engine.unix_socket_path}"]
    with subprocess.Popen(
        [*command, "--processes", "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        told = "".join(iter(process.stdout.readline, "ready\n"))
        process.netloc = urlsplit(re.search(r"http://\S+(?=/_sim/health)", told)[0]).netloc
        process.told = told
        yield process
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_several_processes_are_one(group):
    """One `ready`; all answer on one port, keep in one place and count together. One that is killed
    is told, another takes its place and its counts, and nobody is refused meanwhile."""
    first = children(group.pid)
    sids = [send(group.netloc, n) for n in range(30)]
    killed = first[1]
    os.kill(killed, signal.SIGKILL)
    sids += [send(group.netloc, n) for n in range(30, 40)]
    said = group.stderr.readline()
    while len(second := children(group.pid)) < 3 or killed in second:
        sids.append(send(group.netloc, len(sids)))

    assert 3 == len(first)
    assert 1 == group.told.count("inbox")
    assert "sms-simulators: process 2 of 3 was ended by SIGKILL\n" == said
    assert 2 == len({*first} & {*second})
    assert len(sids) == len({*sids}) == counted(group.netloc)
    told = [ask(group.netloc, "GET", "/metrics")[1].decode() for _ in range(6)]
    assert 1 == len({re.search(r'node="(\w+)"', one)[1] for one in told})
    for one in told:
        cpu = re.findall(r'^sms_simulators_cpu_seconds_total{process="\d"} (\S+)$', one, re.M)
        assert 3 == len(cpu)
    _status, body = ask(group.netloc, "GET", "/_sim/messages?limit=1000")
    assert {*sids} == {one["id"] for one in json.loads(body)["messages"]}

    group.terminate()
    rest, errors = group.communicate(timeout=20)
    assert (0, "", "") == (group.returncode, rest, errors)
    for pid in second:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
def test_they_end_with_whoever_started_them(group):
    """However that ends: nobody is left who answers."""
    send(group.netloc, 1)
    group.kill()
    group.communicate()  # which returns once nobody has its output any more

    with pytest.raises(ConnectionRefusedError):
        send(group.netloc, 2)


@pytest.mark.slow
def test_a_start_that_fails_is_told_once(group, tmp_path):
    """By the first process, and a port that another group has by the one that starts them."""
    port = group.netloc.rpartition(":")[2]
    store = ["--store", f"unix://{tmp_path}/nobody"]
    for more, expected in (
        (["--port", "0"], "--store: "),
        (["--port", port], f"port {port} is in use; choose another with --port"),
    ):
        done = subprocess.run(
            [*COMMAND, *more, *store, "--processes", "2"], capture_output=True, text=True
        )
        assert (2, "") == (done.returncode, done.stdout)
        assert expected in done.stderr
        assert "Traceback" not in done.stderr
