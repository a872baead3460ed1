"""Two servers on one engine: to clients they are one, and when the engine is away they say so."""

import contextlib
import json
import os
import re
import signal
import threading
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from simulators.app import Options, in_thread
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.world import STRANGERS
from simulators.testing.sms import Sms

SECONDS = 30  # of a busy machine


@pytest.fixture(scope="module")
def nodes(engine):
    """Two of them, on an engine that is empty at first."""
    engine.client().flushall()
    options = Options(port=0, tls_port=None, store=f"unix://{engine.unix_socket_path}")
    with in_thread(options) as one, in_thread(options) as other:
        yield one, other


def call(node, method, path, body=None, headers=None, timeout=SECONDS):
    """Status and answer of a request to a node."""
    with contextlib.closing(
        HTTPConnection("127.0.0.1", node.ports["http"], timeout=timeout)
    ) as connection:
        sent = json.dumps(body) if isinstance(body, dict | list) else body
        given = {"Content-Type": "application/json"} if headers is None else headers
        connection.request(method, path, sent, given)
        response = connection.getresponse()
        return response.status, response.read().decode()


def asked(node, method, path, body=None):
    """What the control API answers."""
    status, text = call(node, method, f"/_sim{path}", body)
    assert status in (200, 201), text
    return json.loads(text)


@pytest.fixture
def account(nodes):
    """An account of its own, made by one node; whatever it is called, the other knows it."""
    world = nodes[0].call(nodes[0].accounts.create)
    yield Sms(nodes[0], world)
    nodes[1].call(lambda: nodes[1].accounts.drop(world.id))
    assert 404 == call(nodes[0], "GET", f"/_sim/accounts/{world.id}")[0]


def send(node, request):
    """Sends what `one_send` has made to a node."""
    method, target, headers, body = request
    return call(node, method, target, body, headers)


def sent(account):
    return asked(account.simulators, "GET", f"/messages?account={account.world.id}&limit=500")


def test_each_tells_its_own_name_and_the_engine_s_time(nodes):
    """By these a load test knows its nodes, and who of them all had no time left."""
    told = [call(node, "GET", "/metrics")[1] for node in nodes]
    names = [re.search(r'node="(\w+)"', one)[1] for one in told]
    pattern = r'^sms_simulators_engine_cpu_seconds_total{engine="unix://\S+"} (\S+)$'
    engine = [float(re.search(pattern, one, re.M)[1]) for one in told]

    assert names[0] != names[1]
    assert 0 < engine[0] <= engine[1]


def test_both_are_one_to_clients(nodes, account, one_send):
    """The account that one has made is known to the other; what both keep is in one order, and no
    id is given twice."""
    for n in range(6):
        status, text = send(nodes[n % 2], one_send(account, "twilio", f"+1555867000{n}"))
        assert status == 201, text
    asked_of = [asked(node, "GET", f"/messages?account={account.world.id}") for node in nodes]

    assert asked_of[0] == asked_of[1]
    assert 6 == len({message["id"] for message in asked_of[0]["messages"]})
    assert [6, 5, 4, 3, 2, 1] == [message["sequence"] for message in asked_of[0]["messages"]]


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_one_window_lets_the_same_pass_whoever_is_asked(nodes, account, one_send, rounds):
    """Sixty-four at once, half at each node, to a number that takes one a minute."""
    world = account.world.id
    asked(nodes[0], "POST", f"/clock?account={world}", {"freeze": True})
    with ThreadPoolExecutor(64) as pool:
        for n in range(rounds):
            one_of_sixty_four(nodes, account, one_send, pool, f"+86130555{n:05}")
    assert rounds == len(sent(account)["messages"])


def one_of_sixty_four(nodes, account, one_send, pool, number):
    requests = [one_send(account, "aliyun", number) for _ in range(64)]
    answers = list(pool.map(lambda n: send(nodes[n % 2], requests[n])[1], range(64)))
    assert 1 == sum('"Code":"OK"' in answer for answer in answers)
    assert 63 == sum("isv.BUSINESS_LIMIT_CONTROL" in answer for answer in answers)


def test_a_verification_is_one_whoever_is_asked(nodes, account):
    """Creates at once at both nodes are of one verification with one code, or refused as
    concurrent; of checks at once five are looked at."""
    known = account.credentials("twilio_verify")
    pair = f"{known['account_sid']}:{known['auth_token']}".encode()
    headers = {
        "Authorization": f"Basic {b64encode(pair).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }

    def post(n, path, form):
        target = f"/twilio_verify/v2/Services/{known['verify_service_sid']}/{path}"
        status, text = call(nodes[n % 2], "POST", target, form, headers)
        return status, json.loads(text)

    number = "To=%2B14155550101"
    with ThreadPoolExecutor(8) as pool:
        form = f"{number}&Channel=sms"
        started = list(pool.map(lambda n: post(n, "Verifications", form), range(8)))
        checks = range(16)
        checked = list(
            pool.map(lambda n: post(n, "VerificationCheck", f"{number}&Code=0000"), checks)
        )
    taken = [body for status, body in started if status == 201]

    assert {60203, 60212} >= {body["code"] for status, body in started if status == 429}
    assert taken
    assert 1 == len({body["sid"] for body in taken})
    assert len(taken) == len(sent(account)["messages"]) <= 5
    assert 1 == len({message["code"] for message in sent(account)["messages"]})
    assert {"pending": 5, 60202: 11} == Counter(
        body["status"] if status == 200 else body["code"] for status, body in checked
    )


def test_a_nonce_is_good_at_one_node_only(nodes, account, one_send):
    """The same signed request a second time is refused by the other."""
    request = one_send(account, "aliyun", "+8613055500001")

    assert '"Code":"OK"' in send(nodes[0], request)[1]
    assert "SignatureNonceUsed" in send(nodes[1], request)[1]


@pytest.mark.parametrize("here", [0, 1])
def test_a_wait_here_is_ended_by_a_send_there(nodes, account, one_send, here):
    """As soon as it is kept, by whichever node."""
    wait_for_another(nodes, account, one_send, here)


def wait_for_another(nodes, account, one_send, here):
    world, number = account.world.id, "+15558670003"
    with ThreadPoolExecutor(1) as pool:
        path = f"/wait?account={world}&to={quote(number)}&timeout={SECONDS}"
        waiting = pool.submit(asked, nodes[here], "GET", path)
        while not (waiting.done() or asked_to_wait(nodes[here])):
            pass
        send(nodes[1 - here], one_send(account, "twilio", number, "654321"))
        assert "654321" == waiting.result()["code"]


def asked_to_wait(node):
    return "sms_simulators_long_polls_open 0" not in call(node, "GET", "/metrics")[1]


def test_what_one_is_told_the_other_does(nodes, account, one_send):
    """Rules, the clock, settings and a reset, from the next request on."""
    world, (a, b) = account.world.id, nodes
    for n, (error, status) in enumerate((("20003", 401), ("20429", 429), ("20500", 500))):
        rule = {"effect": {"error": error}}
        asked(nodes[n % 2], "PUT", f"/rules?account={world}", {"rules": [rule]})
        request = one_send(account, "twilio", "+15558670001")
        assert status == send(nodes[1 - n % 2], request)[0]
    asked(a, "DELETE", f"/rules?account={world}")
    assert 201 == send(b, one_send(account, "twilio", "+15558670001"))[0]

    frozen = asked(b, "POST", f"/clock?account={world}", {"freeze": "2031-02-03T04:05:06Z"})
    assert frozen == asked(a, "GET", f"/clock?account={world}")
    asked(a, "POST", f"/reset?account={world}")
    assert [] == asked(b, "GET", f"/messages?account={world}")["messages"]
    assert not asked(b, "GET", f"/clock?account={world}")["frozen"]


def test_secrets_of_an_account_are_hidden_wherever_it_was_made(nodes):
    """Also where nobody has signed in to it yet, and all else that is asked for is known."""
    one, other = nodes
    # Without those that were asked for lately it would ask for each by itself.
    other.call(lambda: setattr(other.store, "_unforeseen", 0))
    for _ in range(3):
        world = one.call(one.accounts.create)
        secret = world.account.credentials["twilio"]["auth_token"]
        proof = {"Authorization": f"Basic {secret}"}
        call(other, "POST", "/twilio/nowhere", f"token={secret}", proof)

        told = call(other, "GET", f"/_sim/requests?account={STRANGERS}")[1]
        one.call(lambda world=world: one.accounts.drop(world.id))
        assert "/nowhere" in told
        assert secret not in told


def test_who_watches_one_sees_what_happens_at_the_other(nodes, account, one_send):
    """The stream of events, and going on with it at the other node after a cut."""
    world, (a, b) = account.world.id, nodes
    first = call(a, "GET", f"/_sim/events?account={world}&timeout=0")[1]
    place = first.split("id: ")[1].split("\n")[0]
    send(b, one_send(account, "twilio", "+15558670001"))

    for node in nodes:
        told = ""
        while told.count("event: ") < 2:  # the journal goes behind the answer
            told = call(node, "GET", f"/_sim/events?account={world}&timeout=0&after={place}")[1]
        assert ["message", "request"] == [
            line[7:] for line in told.splitlines() if line.startswith("event: ")
        ]


def test_an_open_stream_tells_of_the_other_node_at_once(nodes, account, one_send):
    """It is woken by what that has kept."""
    path = f"/_sim/events?account={account.world.id}&timeout={SECONDS}"
    with contextlib.closing(
        HTTPConnection("127.0.0.1", nodes[0].ports["http"], timeout=SECONDS)
    ) as connection:
        connection.request("GET", path)
        stream = connection.getresponse()
        assert stream.readline().startswith(b"retry:")
        send(nodes[1], one_send(account, "twilio", "+15558670001"))
        while (line := stream.readline()) != b"event: message\n":
            assert line, "the stream has ended"


class Receiver(BaseHTTPRequestHandler):
    """Takes callbacks, and counts what was reported of which message."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(pair.split("=") for pair in body.split("&"))
        with self.server.lock:
            self.server.taken[fields["MessageSid"], fields["MessageStatus"]] += 1
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Says nothing."""


class Application(ThreadingHTTPServer):
    """One that can be called by many at once."""

    request_queue_size = 1000


@pytest.fixture
def receiver():
    """An application that takes callbacks."""
    with Application(("127.0.0.1", 0), Receiver) as server:
        server.lock, server.taken = threading.Lock(), Counter()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("messages", [40, pytest.param(6_667, marks=pytest.mark.slow)])
def test_each_receipt_comes_once(nodes, account, one_send, receiver, messages):
    """Three of each of the messages that either node has taken, all due at the same time, while the
    clock of the world is moved on: those of the many are twenty thousand."""
    world = account.world.id
    asked(nodes[0], "POST", f"/clock?account={world}", {"freeze": True})
    callback = f"&StatusCallback=http://127.0.0.1:{receiver.server_port}/"
    with contextlib.ExitStack() as closing:
        lines = [HTTPConnection("127.0.0.1", node.ports["http"]) for node in nodes]
        for line in lines:
            closing.callback(line.close)
        for n in range(messages):
            method, target, headers, body = one_send(account, "twilio", f"+1555867{n:04}")
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
            lines[n % 2].request(method, target, body + callback, headers)
            answer = lines[n % 2].getresponse()
            assert 201 == answer.status, answer.read()
            answer.read()
    for _ in range(4):
        advanced = call(
            nodes[0], "POST", f"/_sim/clock?account={world}", {"advance": 60}, timeout=600
        )
        assert 200 == advanced[0], advanced

    receipts = asked(nodes[1], "GET", f"/receipts?account={world}&limit=500")["attempts"]
    assert {"delivered"} == {one["state"] for one in receipts}
    assert {1} == set(receiver.taken.values())
    statuses = Counter(status for _sid, status in receiver.taken)
    assert {"queued": messages, "sent": messages, "delivered": messages} == statuses
    assert min(messages * len(statuses), 500) == len(receipts)


def test_an_engine_that_was_emptied_is_furnished_again(nodes, engine, one_send):
    """As after a start: the default account is there, and whatever was kept is not."""
    for node in nodes:
        default = Sms(node, node.accounts.world(DEFAULT))
        assert 201 == send(node, one_send(default, "twilio", "+15558670001"))[0]
    engine.client().flushall()

    assert 201 == send(nodes[0], one_send(default, "twilio", "+15558670002"))[0]
    engine.client().flushall()
    for node in nodes:
        assert [] == asked(node, "GET", "/messages")["messages"]
    engine.client().script_flush()
    assert [201, 201] == [
        send(node, one_send(default, "twilio", f"+1555867000{n}"))[0]
        for n, node in enumerate(nodes)
    ]
    assert 2 == len(asked(nodes[0], "GET", "/messages")["messages"])


def test_a_slow_engine_holds_up_nobody_who_does_not_need_it(nodes, engine, account, one_send):
    """What is asked of it waits; a request that needs nothing of it is answered."""
    engine.client().client_pause(500, all=True)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(send, nodes[0], one_send(account, "twilio", "+15558670001"))
        assert 421 == call(nodes[0], "GET", "/", headers={"Host": "elsewhere.example"})[0]
        assert not slow.done()
        assert 201 == slow.result()[0]


def test_a_cut_connection_is_made_again(nodes, engine, account, one_send):
    """What is under way is a fault; soon all is as before, and who watched watches on."""
    engine.client().client_kill_filter(_type="normal", skipme=True)
    engine.client().client_kill_filter(_type="pubsub", skipme=True)
    for node in nodes:
        while call(node, "GET", "/_sim/health")[0] != 200:
            pass

    assert 201 == send(nodes[0], one_send(account, "twilio", "+15558670001"))[0]
    wait_for_another(nodes, account, one_send, 1)


def test_a_stopped_engine_is_told_and_nothing_is_acknowledged(nodes, engine, account, one_send):
    """Each provider answers with a fault of its own, the control API with 503; when the engine
    goes on, so do the nodes, and what was acknowledged before is there."""
    assert 201 == send(nodes[0], one_send(account, "twilio", "+15558670001"))[0]
    requests = [one_send(account, "twilio", f"+1555867010{n}") for n in range(4)]
    os.kill(engine._process.pid, signal.SIGSTOP)
    try:
        answers = [send(nodes[n % 2], request) for n, request in enumerate(requests)]
        health = [call(node, "GET", "/_sim/health") for node in nodes]
        metrics = call(nodes[0], "GET", "/metrics")
    finally:
        os.kill(engine._process.pid, signal.SIGCONT)

    assert [500] * 4 == [status for status, _text in answers]
    assert '"code":20500' in answers[0][1].replace(" ", "")
    assert [503, 503] == [status for status, _text in health]
    assert "is away: no answer within 1 s" in health[0][1]
    assert "sms_simulators_store_up 0" in metrics[1]
    for node in nodes:
        while call(node, "GET", "/_sim/health")[0] != 200:
            pass
    assert 201 == send(nodes[1], one_send(account, "twilio", "+15558670002"))[0]
    assert {"+15558670001", "+15558670002"} <= {one["to"] for one in sent(account)["messages"]}
    noted = asked(nodes[1], "GET", f"/requests?account={account.world.id}")["requests"]
    assert 201 == noted[0]["status"]
