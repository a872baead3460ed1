"""Two servers on a Cluster: to clients they are one, wherever an account is, and of an engine that
is away its accounts alone are."""

import contextlib
import json
import os
import re
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from simulators.app import Options, in_thread
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.world import STRANGERS
from simulators.testing.sms import Sms

SECONDS = 30  # of a busy machine


@pytest.fixture(scope="module")
def nodes(cluster):
    """Two of them, on a Cluster that is empty at first."""
    cluster.empty()
    options = Options(port=0, tls_port=None, store=cluster.url())
    with in_thread(options) as one, in_thread(options) as other:
        yield one, other


@pytest.fixture
def spread(cluster, nodes):
    """An account at each primary, made at either node."""
    with accounts_of(cluster, nodes) as found:
        yield found


@contextlib.contextmanager
def accounts_of(cluster, nodes):
    found, made = {}, []
    while len(found) < 3:
        node = nodes[len(made) % 2]
        made.append(Sms(node, node.call(node.accounts.create)))
        found.setdefault(cluster.at(made[-1].world.id), made[-1])
    yield [found[number] for number in range(3)]
    for account in made:
        nodes[0].call(lambda account=account: nodes[0].accounts.drop(account.world.id))


def call(node, method, path, body=None, headers=None, timeout=SECONDS):
    """Status and answer of a request to a node."""
    with contextlib.closing(
        HTTPConnection("127.0.0.1", node.ports["http"], timeout=timeout)
    ) as connection:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()


def asked(node, path):
    """What the control API answers."""
    status, text = call(node, "GET", f"/_sim{path}")
    assert status == 200, text
    return json.loads(text)


def send(node, request):
    """Sends what `one_send` has made to a node."""
    method, target, headers, body = request
    return call(node, method, target, body, headers)


def test_what_every_request_asks_for_is_at_one_primary(cluster):
    """As the guide says."""
    slots = [
        cluster.client(0).execute_command("CLUSTER KEYSLOT", name) for name in ("#", STRANGERS)
    ]
    assert [5121, 2331] == slots
    assert [0, 0] == [cluster.at(name) for name in ("#", STRANGERS)]


def test_the_cpu_time_of_every_engine_is_told(cluster, nodes):
    """By its address: which of them an account keeps busy is seen."""
    told = call(nodes[1], "GET", "/metrics")[1]
    pattern = (
        r'^sms_simulators_engine_cpu_seconds_total{engine="valkey://127.0.0.1:(\d+)/0"} (\S+)$'
    )
    found = {int(port): float(cpu) for port, cpu in re.findall(pattern, told, re.M)}

    assert {engine.port for engine in cluster.engines[:3]} <= found.keys()
    assert all(cpu > 0 for cpu in found.values())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_wait_here_is_ended_by_a_send_there(nodes, spread, one_send, number):
    """Wherever the account is; what both keep is in one order, and no id is given twice."""
    account = spread[number]
    world = account.world.id
    path = f"/wait?account={world}&to=%2B15558670003&timeout={SECONDS}"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asked, nodes[0], path)
        while not waiting.done() and "long_polls_open 0" in call(nodes[0], "GET", "/metrics")[1]:
            pass
        send(nodes[1], one_send(account, "twilio", "+15558670003", "654321"))
        assert "654321" == waiting.result()["code"]
    for n in range(4):
        assert 201 == send(nodes[n % 2], one_send(account, "twilio", f"+1555867010{n}"))[0]
    shown = [asked(node, f"/messages?account={world}")["messages"] for node in nodes]

    assert shown[0] == shown[1]
    assert 5 == len({one["id"] for one in shown[0]})


def test_a_nonce_is_good_once_and_a_window_takes_what_it_takes(nodes, spread, one_send):
    """At whichever node, in accounts of all primaries."""
    for account in spread:
        request = one_send(account, "aliyun", "+8613055500001")
        assert '"Code":"OK"' in send(nodes[0], request)[1]
        assert "SignatureNonceUsed" in send(nodes[1], request)[1]
        again = one_send(account, "aliyun", "+8613055500001")
        assert "isv.BUSINESS_LIMIT_CONTROL" in send(nodes[1], again)[1]


def test_an_open_stream_tells_of_the_other_node(nodes, spread, one_send):
    """News come over the engines' own ways, and are waited for no longer than they take."""
    for account in spread:
        path = f"/_sim/events?account={account.world.id}&timeout={SECONDS}"
        with contextlib.closing(
            HTTPConnection("127.0.0.1", nodes[0].ports["http"], timeout=SECONDS)
        ) as connection:
            connection.request("GET", path)
            stream = connection.getresponse()
            assert stream.readline().startswith(b"retry:")
            assert 201 == send(nodes[1], one_send(account, "twilio", "+15558670009"))[0]
            while (line := stream.readline()) != b"event: message\n":
                assert line, "the stream has ended"


def test_each_receipt_comes_once(nodes, spread, one_send, httpserver):
    """Of accounts at all primaries, whichever node has taken the message and moves the clock."""
    httpserver.expect_request("/status").respond_with_data("")
    callback = f"&StatusCallback={httpserver.url_for('/status')}"
    for n, account in enumerate(spread):
        world = account.world.id
        clock = f"/_sim/clock?account={world}"
        json_ = {"Content-Type": "application/json"}
        call(nodes[0], "POST", clock, json.dumps({"freeze": True}), json_)
        for m in range(4):
            method, target, headers, body = one_send(account, "twilio", f"+1555867030{m}")
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
            assert 201 == call(nodes[m % 2], method, target, body + callback, headers)[0]
        for m in range(4):
            call(nodes[(n + m) % 2], "POST", clock, json.dumps({"advance": 60}), json_)
    taken = Counter(
        (request.form["MessageSid"], request.form["MessageStatus"])
        for request, _response in httpserver.log
    )

    assert {1} == {*taken.values()}
    statuses = Counter(status for _sid, status in taken)
    assert "delivered" in statuses
    assert {12} == {*statuses.values()}


def test_of_a_primary_that_is_away_its_accounts_are(cluster, nodes, spread, one_send):
    """Sends to others are taken; health says which it is. When it goes on, so do its accounts."""
    away = 2
    for account in spread:
        assert 201 == send(nodes[0], one_send(account, "twilio", "+15558670011"))[0]
    requests = [one_send(account, "twilio", f"+1555867012{n}") for n, account in enumerate(spread)]
    process = cluster.engines[away]._process.pid
    os.kill(process, signal.SIGSTOP)
    try:
        answers = [send(nodes[n % 2], requests[n]) for n in (0, 1, 2, 0, 1)]
        healths = [call(node, "GET", "/_sim/health") for node in nodes]
        page = call(nodes[0], "GET", f"/_sim/messages?account={spread[away].world.id}")
    finally:
        os.kill(process, signal.SIGCONT)

    assert [201, 201, 500, 201, 201] == [status for status, _text in answers]
    assert '"code":20500' in answers[2][1].replace(" ", "")
    for status, text in (*healths, page):
        assert status == 503
        assert f":{cluster.engines[away].port}/0 is away" in text
    for node in nodes:
        while call(node, "GET", "/_sim/health")[0] != 200:
            pass
    assert 201 == send(nodes[1], one_send(spread[away], "twilio", "+15558670013"))[0]


@pytest.mark.slow
def test_a_replica_that_takes_the_place_is_found(own_cluster, one_send):
    """By all nodes, whose URL named the engine that is gone; who waits, waits on."""
    made, gone = own_cluster, 2
    made.replicate(gone)
    with contextlib.ExitStack() as closing:
        options = Options(port=0, tls_port=None, store=made.url(gone))
        nodes = [closing.enter_context(in_thread(options)) for _ in range(2)]
        spread = closing.enter_context(accounts_of(made, nodes))
        account, world = spread[gone], spread[gone].world.id
        assert 201 == send(nodes[0], one_send(account, "twilio", "+15558670001"))[0]
        asked(nodes[1], f"/messages?account={world}")
        made.client(gone).execute_command("WAIT", 1, 0)
        pool = closing.enter_context(ThreadPoolExecutor(1))
        path = f"/wait?account={world}&to=%2B15558670003&timeout={SECONDS}"
        waiting = pool.submit(asked, nodes[0], path)
        while not waiting.done() and "long_polls_open 0" in call(nodes[0], "GET", "/metrics")[1]:
            pass
        made.engines[gone]._process.kill()
        refused = 0
        while send(nodes[1], one_send(account, "twilio", "+15558670003", "654321"))[0] != 201:
            refused += 1
            assert 200 == send(nodes[1], one_send(spread[0], "http_sms", f"+1555{refused:07}"))[0]

        assert refused
        assert "654321" == waiting.result()["code"]
        assert [2, 2] == [
            len(asked(node, f"/messages?account={world}")["messages"]) for node in nodes
        ]
        for node in nodes:
            while call(node, "GET", "/_sim/health")[0] != 200:
                pass


def test_a_cluster_that_was_emptied_is_furnished_again(cluster, nodes, one_send):
    """All of it, or the primary alone that has all accounts."""
    for node in nodes:
        default = Sms(node, node.accounts.world(DEFAULT))
        assert 201 == send(node, one_send(default, "twilio", "+15558670001"))[0]
    cluster.client(0).flushall()
    assert 201 == send(nodes[0], one_send(default, "twilio", "+15558670002"))[0]
    cluster.empty()

    for node in nodes:
        assert [] == asked(node, "/messages")["messages"]
    for node in nodes:
        assert 201 == send(node, one_send(default, "twilio", "+15558670003"))[0]
