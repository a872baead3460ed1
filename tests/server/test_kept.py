"""`serve --data`, killed while it is asked as fast as it answers, and started again."""

import json
import re
import subprocess
import sys
import threading
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT
from simulators.samples import sample
from simulators.store.file import FileStore

SERVE = (sys.executable, "-m", "simulators.cli", "serve", "--port", "0", "--no-tls", "--quiet")
CLIENTS = 4
ENOUGH = 300
NOWHERE = "http://127.0.0.1:9/status"


class Served:
    """A process, and what it answers."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [*SERVE, *map(str, options)], stdout=-1, stderr=-1, text=True
        )
        told = iter(self.process.stdout.readline, "ready\n")
        found = re.search(r"http://[^ ]+(?=/_sim/health)", "".join(told))
        self.netloc = urlsplit(found[0]).netloc

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.kill()

    def kill(self):
        """Ends it as a lack of memory would; what it had said on stderr."""
        self.process.kill()
        return self.process.communicate()[1]

    def ask(self, method, path, document=None, **query):
        """What the control API answers."""
        connection = HTTPConnection(self.netloc, timeout=30)
        body = None if document is None else json.dumps(document)
        target = f"/_sim/{path}?{urlencode(query)}"
        connection.request(method, target, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        assert answer.status < 300, found
        return found

    def every(self, path, name, after):
        """All pages of a list."""
        found, query = [], {"limit": 1000}
        while query:
            page = self.ask("GET", path, **query)
            found += page[name]
            query = {"limit": 1000, after: page["next"]} if page.get("next") else {}
        return found


def send(connection, n):
    """The SID of a message to a number of its own, once it is acknowledged."""
    record = sample("twilio")
    call = record.call(PROVIDERS["twilio"].published, record.written(record.number(n)), f"{n:06}",
                       now=0.0, nonce="")  # fmt: skip
    body = call.body + b"&" + urlencode({"StatusCallback": NOWHERE}).encode()
    connection.request(call.method, f"/twilio{call.path}", body, call.headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 201, told
    return told["sid"]


def load(netloc, client, acknowledged, enough):
    """Sends until nobody answers."""
    connection = HTTPConnection(netloc, timeout=30)
    try:
        for n in range(client, 1_000_000, CLIENTS):
            acknowledged.append(send(connection, n))
            if len(acknowledged) >= ENOUGH:
                enough.set()
    except (OSError, HTTPException, ValueError):
        enough.set()
    finally:
        connection.close()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path):
    """Messages, what they counted, requests, reports to come, rules and clock: all are there again,
    none twice, and no id is given a second time."""
    data = tmp_path / "data"
    acknowledged, enough = [], threading.Event()
    with Served("--data", data) as served:
        served.ask("POST", "clock", {"freeze": "2026-01-01T12:00:00Z"})
        served.ask(
            "POST", "rules", {"name": "mine", "match": {"to": "+4"}, "effect": {"delay_ms": 1}}
        )
        clients = [
            threading.Thread(target=load, args=(served.netloc, n, acknowledged, enough))
            for n in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        enough.wait(60)
        served.kill()
        for client in clients:
            client.join()

    with Served("--data", data) as served:
        kept = served.every("messages", "messages", "cursor")
        ids = {one["id"] for one in kept}
        assert len(acknowledged) == len({*acknowledged}) >= ENOUGH
        assert {*acknowledged} <= ids
        assert len(ids) == len(kept) <= len(acknowledged) + CLIENTS
        assert [*range(len(kept), 0, -1)] == [one["sequence"] for one in kept]
        (window,) = served.ask("GET", "limits")["windows"]
        assert len(kept) == window["used"]
        assert ["mine"] == [rule["name"] for rule in served.ask("GET", "rules")["rules"]]
        assert served.ask("GET", "clock") == {"now": "2026-01-01T12:00:00.000Z", "frozen": True}
        pending = served.ask("GET", "receipts", limit=1000)["pending"]
        assert {*acknowledged} <= {one["message"] for one in pending}
        requests = served.ask("GET", "requests", limit=1000)["requests"]
        noted = {one for request in requests for one in request["messages"]}
        assert {*acknowledged} <= noted

        connection = HTTPConnection(served.netloc, timeout=30)
        more = [send(connection, n) for n in range(900_000, 900_020)]
        connection.close()
        assert not ids & {*more}

        second = subprocess.run([*SERVE, "--data", data], capture_output=True, text=True)
        assert (2, "") == (second.returncode, second.stdout)
        assert f"sms-simulators: {data} is in use by another process;" in second.stderr
        assert 1 == second.stderr.count("\n")


@pytest.mark.slow
def test_what_cannot_be_read_is_told_before_anything_is_served(tmp_path):
    """One line, and the exit code of wrong usage; what was torn is told, and served without."""
    data = tmp_path / "data"
    with closing(FileStore(data)) as store:
        for name in ("one", "clock"):
            store.save(DEFAULT, name, {"frozen": 1_800_000_000.0})
    whole = data.read_bytes()

    data.write_bytes(whole.replace(b'["save"', b'["sav"', 1))
    broken = subprocess.run([*SERVE, "--data", data], capture_output=True, text=True)
    assert (2, "", 1) == (broken.returncode, broken.stdout, broken.stderr.count("\n"))
    assert f"sms-simulators: {data}, line 2: expected an operation" in broken.stderr

    data.write_bytes(whole[:-5])
    with Served("--data", data) as served:
        assert served.ask("GET", "clock")["frozen"] is False
        said = served.kill()
    assert re.fullmatch(r"sms-simulators: .*: the last line was not finished, .* cut off\n", said)
