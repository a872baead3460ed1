"""Requests under way at once, and a server that ends while clients hold on."""

import socket
import ssl
import threading
from base64 import b64encode
from urllib.parse import urlencode

import pytest

from simulators.app import Options, in_thread
from simulators.kernel.world import World
from simulators.server import tls

SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


def request():
    """A Twilio send of the default account, as bytes."""
    body = urlencode({"To": "+15558675310", "From": "+15005550006", "Body": "code 123456"})
    return (
        f"POST /2010-04-01/Accounts/{SID}/Messages.json HTTP/1.1\r\nHost: api.twilio.com\r\n"
        f"Authorization: Basic {b64encode(f'{SID}:{TOKEN}'.encode()).decode()}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


@pytest.fixture
def hanging(default, sms_server):
    """Two requests of the default account that are never answered, of two that are allowed."""
    default.limits(0.02)
    default.script({"match": {"times": 2}, "effect": {"socket": "hang"}})
    clients = []
    for _ in range(2):
        client = socket.create_connection(("127.0.0.1", sms_server.ports["http"]))
        client.sendall(request())
        clients.append(client)
    waiting = threading.Event()
    for _ in range(500):
        if sms_server.call(lambda: default.world.under_way("twilio", 0.0)) == 2:
            break
        waiting.wait(0.01)
    yield clients
    for client in clients:
        client.close()


def test_one_request_too_many_at_once_is_refused(hanging, replay):
    """20429, and the header tells how many are under way."""
    answer = replay(request(), "api.twilio.com")

    assert (429, 20429) == (answer.status, answer.json()["code"])
    assert ("concurrency", "3") == (
        answer.headers["x-simulator-rule"],
        answer.headers["twilio-concurrent-requests"],
    )


def test_who_is_under_way_at_another_process_counts(default, sms_server, replay):
    """By the store, whichever process holds the answer back."""
    default.limits(0.02)
    other = World(default.world.account, sms_server.store)
    releases = [sms_server.call(lambda: other.hold("twilio", 60.0)) for _ in range(2)]
    refused = replay(request(), "api.twilio.com")
    for release in releases:
        sms_server.call(release)

    assert [429, 201] == [refused.status, replay(request(), "api.twilio.com").status]


def test_a_request_that_ended_makes_room(hanging, default, sms_server, replay):
    """Whoever hangs up is no longer under way."""
    hanging[0].close()
    gone = threading.Event()
    for _ in range(500):
        if sms_server.call(lambda: default.world.under_way("twilio", 0.0)) == 1:
            break
        gone.wait(0.01)

    assert 201 == replay(request(), "api.twilio.com").status


def test_ends_although_a_tls_client_sits_idle(tmp_path):
    """A session that keeps its connection open must not hold up the end of a test run."""
    ended = threading.Event()

    def serve():
        with in_thread(Options(port=0, tls_port=0, tls_dir=tmp_path)) as simulators:
            context = ssl.create_default_context(cafile=str(tls.ca_path(tmp_path)))
            plain = socket.create_connection(("127.0.0.1", simulators.ports["https"]))
            client.append(context.wrap_socket(plain, server_hostname="api.twilio.com"))
            client[0].sendall(request())
            client[0].recv(100)
        ended.set()

    client = []
    threading.Thread(target=serve, daemon=True).start()

    assert ended.wait(20)
    client[0].close()
