"""The pool: to whom it speaks, as whom, and what it makes of trouble."""

import asyncio
import socket
import threading
from contextlib import closing, suppress
from dataclasses import replace

import pytest
from yarl import URL

from simulators.catalog import PROVIDERS
from simulators.otp import pool as pool_module
from simulators.otp.connector import Cut, Incoming, Message, Moment, Outgoing
from simulators.otp.connectors import got
from simulators.otp.factories import CONNECTORS
from simulators.otp.pool import Pool
from simulators.samples import sample

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def listener():
    """A server that answers each request with the next of `answers`. `heads` are the heads of the
    requests, `connections` is how many there were."""

    class Listener:
        def __init__(self):
            self.answers, self.heads, self.connections = [], [], 0
            self.server = socket.create_server(("127.0.0.1", 0))
            self.port = self.server.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self.thread = threading.Thread(target=self.serve, daemon=True)
            self.thread.start()

        def serve(self):
            while True:
                try:
                    connection, _ = self.server.accept()
                except OSError:
                    return
                self.connections += 1
                with connection, suppress(ConnectionError):
                    self.talk(connection)

        def talk(self, connection):
            while head := connection.recv(65536):
                self.heads.append(head.decode())
                answer = self.answers.pop(0)
                connection.sendall(answer)
                if b"Content-Length: 400" in answer or not answer:
                    return

    made = Listener()
    yield made
    made.server.shutdown(socket.SHUT_RDWR)
    made.server.close()
    made.thread.join(timeout=5)


def send(pool, *requests, new_loop=None):
    """Sends requests one after another, and closes the pool."""

    async def run():
        try:
            return [await pool.send(one) for one in requests]
        finally:
            await pool.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(run())


def get(url, *headers):
    return Outgoing(method="GET", url=url, headers=headers)


def test_what_is_for_a_vendor_goes_to_the_simulators_under_its_name(listener):
    """Host header, path and query are the vendor's."""
    listener.answers = [ANSWER]

    (answer,) = send(Pool(listener.url), get("https://api.twilio.com/a%2Fb/c?d=%2B1"))

    head = listener.heads[0]
    assert (200, b"ok", "text/plain") == (answer.status, answer.body, answer.content_type)
    assert head.startswith("GET /a%2Fb/c?d=%2B1 HTTP/1.1\r\n")
    assert "Host: api.twilio.com\r\n" in head


def test_of_several_nodes_each_takes_its_turn(listener):
    """The simulators themselves first."""
    other = "http://127.0.0.1:1"
    pool = Pool(listener.url, through=[f"{other}/"])
    ways = [str(pool._route(f"https://vendor.example/{n}")[0]) for n in range(3)]

    assert [f"{listener.url}/0", f"{other}/1", f"{listener.url}/2"] == ways
    with pytest.raises(ValueError, match="expected the simulators' http URL, got 'ftp://x'"):
        Pool(listener.url, through=["ftp://x"])


def test_headers_are_those_given(listener):
    """In their case and order; the client adds what the transport needs, and no more."""
    listener.answers = [ANSWER]
    sent = Outgoing(
        method="POST",
        url=f"{listener.url}/x",
        headers=(("user-agent", "got"), ("X-Two", "2"), ("content-type", "text/x"), ("a", "1")),
        body=b"body",
    )

    send(Pool(), sent)

    names = [
        line.split(":")[0] for line in listener.heads[0].split("\r\n\r\n")[0].split("\r\n")[1:]
    ]
    assert ["user-agent", "X-Two", "content-type", "a"] == [
        name for name in names if name not in ("Host", "Content-Length")
    ]
    assert sorted(["Host", "Content-Length", "user-agent", "X-Two", "content-type", "a"]) == sorted(
        names
    )


def test_a_connection_is_used_again(listener):
    """Three requests, one connection."""
    listener.answers = [ANSWER] * 3

    send(Pool(listener.url), *[get(f"https://vendor.example/{n}") for n in range(3)])

    assert (1, 3) == (listener.connections, len(listener.heads))


def test_what_a_client_says_it_takes_is_said_on_the_wire(listener):
    """To the simulators, which compress nothing; a vendor itself is told what can be read here."""
    listener.answers = [ANSWER]
    taken = ("accept-encoding", "gzip, deflate, br, zstd")

    send(Pool(listener.url), get("https://vendor.example/", taken, ("Connection", "keep-alive")))

    assert "\r\naccept-encoding: gzip, deflate, br, zstd\r\n" in listener.heads[0]
    assert 1 == listener.heads[0].lower().count("\r\nconnection: keep-alive\r\n")
    assert ("accept-encoding", "gzip, deflate") == pool_module._readable(
        taken, URL("https://vendor.example/"), ""
    )
    assert taken == pool_module._readable(taken, URL(listener.url), "")


def test_a_redirect_is_an_answer(listener):
    """Whether to go there is the client's matter, and it is told where."""
    moved = (
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
    )
    listener.answers = [moved]

    (answer,) = send(Pool(), get(listener.url))

    assert (302, "http://elsewhere.example/") == (answer.status, answer.location)
    assert "Found" == answer.reason


def test_a_name_under_localhost_is_this_machine(listener):
    """`<provider>.localhost` needs no resolver and keeps its name."""
    listener.answers = [ANSWER]

    send(Pool(), get(f"http://twilio.localhost:{listener.port}/x"))

    assert f"Host: twilio.localhost:{listener.port}\r\n" in listener.heads[0]


@pytest.mark.parametrize("host", ["api.twilio.com", "192.0.2.1", "[2001:db8::1]", "localhost.com"])
def test_nothing_leaves_this_machine_by_accident(host):
    """Without the simulators' address, a host elsewhere is refused before any connection."""
    with pytest.raises(OSError, match="is not this machine"):
        send(Pool(), get(f"https://{host}/"))


class Refusing(asyncio.SelectorEventLoop):
    """A loop that finds nobody."""

    async def getaddrinfo(self, *_, **__):
        raise ConnectionRefusedError


def test_a_host_that_is_allowed_is_contacted():
    """Globs name who may be; the connection is really tried."""
    with pytest.raises(OSError, match=r"connect ECONNREFUSED api\.twilio\.com:80"):
        send(Pool(allowed=("*.twilio.com",)), get("http://api.twilio.com/"), new_loop=Refusing)


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "127.0.0.1/x", "http://", "", "http://[::1/", "http://127.0.0.1:x/"],
)
def test_what_is_no_url_is_an_os_error(url):
    """A configuration may hold anything."""
    with pytest.raises(OSError, match="is not an http"):
        send(Pool(), get(url))


def test_a_header_cannot_carry_another(listener):
    """A configuration that was pasted with its line break is refused, not sent."""
    for value in ("Bearer x\r\nX-Evil: 1", "Bearer x\n"):
        with pytest.raises(OSError, match="not to be sent"):
            send(Pool(), get(listener.url, ("authorization", value)))

    assert [] == listener.heads


def test_a_url_cannot_carry_a_header(listener):
    """What is no character of a URL is escaped."""
    listener.answers = [ANSWER]

    send(Pool(), get(f"{listener.url}/a b/ü\r\nX-Evil: 1"))

    assert listener.heads[0].startswith("GET /a%20b/%C3%BC")
    assert "\r\nX-Evil" not in listener.heads[0]


def test_the_simulators_address_must_be_one():
    """Said when the pool is made, not at the first message."""
    with pytest.raises(ValueError, match="expected the simulators' http URL, got 'simulators:80'"):
        Pool("simulators:80")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "socket hang up"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\ncut sho", "The server aborted"),
    ],
)
def test_a_connection_that_fails_is_told_as_node_tells_it(answer, said, listener):
    """Logto puts these words into its answers. Nothing is tried twice: it may have been sent."""
    listener.answers = [answer]

    with pytest.raises(OSError, match=said) as failed:
        send(Pool(listener.url), get("https://vendor.example/"))

    assert bool(answer) is isinstance(failed.value, Cut)
    assert 1 == len(listener.heads)


def test_nobody_there_is_told_with_the_address():
    """`connect ECONNREFUSED 127.0.0.1:9`, as Node has it."""
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        with pytest.raises(OSError, match=f"connect ECONNREFUSED 127.0.0.1:{port}"):
            send(Pool(), get(f"http://127.0.0.1:{port}/"))


def test_no_answer_in_time_is_a_timeout():
    """One that accepts and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"

        with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
            send(Pool(timeout=0.05), get(url))


def test_a_request_is_given_up_when_its_own_patience_ends():
    """SMSBao's connector waits five seconds, where the others wait for ever."""
    config = sample("smsbao").config(PROVIDERS["smsbao"].published)
    message = Message(to="8613012345678", usage="SignIn", payload={"code": "1"})
    asked = CONNECTORS["smsbao-sms"].request(config, message, Moment(0, "n"))
    assert 5 == asked.seconds
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        elsewhere = got.follow(replace(asked, url=url, seconds=0.05), Incoming(302, b"", "", "/x"))

        for timeout in (None, 60.0):
            with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
                send(Pool(timeout=timeout), elsewhere)
