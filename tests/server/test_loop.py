"""What the adapter does with a view's instructions, seen from the other end of a socket."""

import contextlib
import json
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import pytest

from simulators.server.arrival import MAX_BODY, MAX_HEADER_BYTES, MAX_HEADERS
from simulators.server.http1 import MAX_HEAD
from simulators.server.loop import DRIP_SECONDS

HOST = "Host: sms.vendor.example"


def head(target="/", method="GET", *headers):
    return "\r\n".join([f"{method} {target} HTTP/1.1", HOST, *headers, "", ""]).encode()


def answer(sock, method="GET"):
    response = HTTPResponse(sock, method=method)
    response.begin()
    return response, json.loads(response.read())


def everything(sock):
    """All bytes until the other end closes."""
    received = bytearray()
    while piece := sock.recv(65_536):
        received += piece
    return bytes(received)


def test_a_delay_is_waited_before_the_answer(connect):
    """The answer is whole, and not early."""
    with connect() as sock:
        began = time.monotonic()
        sock.sendall(head("/?delay=0.2"))
        response, _body = answer(sock)

        assert time.monotonic() - began >= 0.2
        assert response.status == 200


def test_close_ends_the_connection_without_an_answer(connect):
    """The client sees an orderly end of stream and not one byte."""
    with connect() as sock:
        sock.sendall(head("/?trouble=close"))

        assert everything(sock) == b""


def test_reset_tears_the_connection_down(connect):
    """The client's socket reports a reset by its peer, under TLS too (read below Python's ssl
    module, which shows it as an end of stream)."""
    sock = connect()
    sock.sendall(head("/?trouble=reset"))
    with socket.socket(fileno=sock.detach()) as raw:
        raw.settimeout(10)

        with pytest.raises(ConnectionResetError):
            everything(raw)


def test_hang_answers_nothing_and_keeps_the_connection(connect):
    """Neither a byte nor an end of stream comes."""
    with connect() as sock:
        sock.settimeout(0.3)
        sock.sendall(head("/?trouble=hang"))

        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_truncate_sends_half_of_the_announced_body(connect):
    """The head announces more than comes before the end of stream."""
    with connect() as sock:
        sock.sendall(head("/?trouble=truncate&fill=1000"))
        raw = everything(sock)

    top, _, body = raw.partition(b"\r\n\r\n")
    announced = int(top.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert announced // 2 == len(body)
    assert announced > 1000


def test_drip_sends_the_body_byte_by_byte(connect):
    """The whole body comes, spread over at least 50 ms a byte."""
    with connect() as sock:
        began = time.monotonic()
        sock.sendall(head("/?trouble=drip&body=%7B%7D%20%20%20"))
        _response, body = answer(sock)

        assert body == {}
        assert time.monotonic() - began >= 4 * DRIP_SECONDS


def test_a_client_that_leaves_a_drip_ends_it(listeners):
    """The next request on another connection is answered, and nothing is left dripping."""
    with listeners.connect() as sock:
        sock.sendall(head("/?trouble=drip&fill=100000"))
        sock.recv(20)
    with listeners.connect() as sock:
        sock.sendall(head())

        assert answer(sock)[0].status == 200


def test_requests_that_are_held_cost_no_thread_and_stop_nobody(listeners):
    """With 300 that get no answer, others are answered; none of the threads there are is theirs."""
    with contextlib.ExitStack() as closing:
        other = closing.enter_context(listeners.connect())
        other.sendall(head())
        threads = answer(other)[1]["threads"]
        waiting = [closing.enter_context(listeners.connect()) for _ in range(300)]
        for sock in waiting:
            sock.sendall(head("/?trouble=hang"))
        for _ in range(20):
            other.sendall(head())
            assert answer(other)[1]["threads"] < threads + 100  # other fixtures may start some

        assert [] == [sock for sock in waiting if _readable(sock)]


def _readable(sock):
    sock.setblocking(False)
    try:
        sock.recv(1)
    except BlockingIOError:
        return False
    return True


def test_connections_are_kept_open(connect):
    """Several requests go over one connection: nothing asks to close it."""
    with connect() as sock:
        sock.sendall(head())
        answer(sock)
        sock.sendall(head())

        assert answer(sock)[0].headers.get("connection") is None


def test_pipelined_requests_are_answered_in_order(connect):
    """Two requests in one packet: the delayed first one is answered first."""
    with connect() as sock:
        sock.sendall(head("/?delay=0.1&fill=1") + head("/?fill=2"))
        raw = sock.recv(65_536)
        while raw.count(b"HTTP/1.1 200") < 2 or not raw.endswith(b"}"):
            raw += sock.recv(65_536)

    assert raw.index(b'"fill": "x"}') < raw.index(b'"fill": "xx"}')


@pytest.mark.parametrize(
    ("size", "too_large"), [(0, False), (MAX_BODY, False), (MAX_BODY + 1, True), (2 << 20, True)]
)
def test_a_body_is_taken_up_to_its_bound(connect, size, too_large):
    """1 MiB is taken; of a body over it the app is told, once it was read."""
    with connect() as sock:
        sock.sendall(head("/", "POST", f"Content-Length: {size}"))
        sock.sendall(b"x" * size)
        _, body = answer(sock, "POST")

        assert (body["size"], body["too_large"]) == (0 if too_large else size, too_large)


@pytest.mark.parametrize(("pieces", "too_large"), [(3, False), (20, True)])
def test_a_chunked_body_is_put_together(connect, pieces, too_large):
    """Chunks of 64 KiB become one body, with the same bound."""
    with connect() as sock:
        sock.sendall(head("/", "POST", "Transfer-Encoding: chunked"))
        for _ in range(pieces):
            sock.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        sock.sendall(b"0\r\n\r\n")
        _, body = answer(sock, "POST")

        assert body["size"] == (0 if too_large else pieces * 65_536)
        assert body["too_large"] is too_large


def test_a_client_that_waits_for_100_continue_gets_it(connect):
    """Expect: 100-continue is answered before the body comes."""
    with connect() as sock:
        sock.sendall(head("/", "POST", "Content-Length: 3", "Expect: 100-continue"))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")

        assert answer(sock, "POST")[1]["size"] == 3


def test_a_client_that_goes_away_in_its_body_is_forgotten(listeners, connect, caplog):
    """Half a body and an end of stream: no answer, no error logged, and the next one is served."""
    with connect() as sock:
        sock.sendall(head("/", "POST", "Content-Length: 1000") + b"half")
        if isinstance(sock, ssl.SSLSocket):
            sock.unwrap()
        sock.shutdown(socket.SHUT_WR)
    with connect() as sock:
        sock.sendall(head())

        assert answer(sock)[0].status == 200
    assert [] == [record for record in caplog.records if record.thread == listeners.thread]


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{n}: 1" for n in range(MAX_HEADERS)],
        [f"X-Long: {'x' * MAX_HEADER_BYTES}"],
        [f"X-Long: {'x' * (MAX_HEADER_BYTES // 2)}"],
    ],
    ids=["too many", "too long", "too long with the address"],
)
def test_a_head_over_its_bounds_is_431(connect, headers):
    """Too many headers, or too much of them, or of the address."""
    with connect() as sock:
        sock.sendall(head(f"/?{'x' * (MAX_HEADER_BYTES // 2)}", "GET", *headers))
        response, body = answer(sock)

        assert response.status == 431
        assert "the headers are too large" == body["error"]
        assert f"at most {MAX_HEADERS} headers" in body["expected"]


def test_a_head_without_end_is_cut_off(listeners):
    """Headers that never stop are answered 431 and a closed connection, not kept."""
    with listeners.connect() as sock:
        sock.sendall(f"GET / HTTP/1.1\r\n{HOST}\r\nX-Endless: ".encode())
        try:
            for _ in range(2 * MAX_HEAD // 65_536):
                sock.sendall(b"x" * 65_536)
            received = everything(sock)
        except (ConnectionResetError, BrokenPipeError):
            received = b"HTTP/1.1 431"  # the answer was lost to a reset: bytes were still coming

        assert received.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "raw",
    [b"\x16\x03\x01\x00\xff" + b"\x00" * 40, b"GET\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"],
    ids=["TLS on the plain port", "no target", "bytes in the target"],
)
def test_what_is_not_http_gets_a_plain_400(listeners, raw):
    """The listener answers what cannot be routed."""
    with listeners.connect() as sock:
        sock.sendall(raw)

        assert everything(sock).startswith(b"HTTP/1.1 400")


def test_many_clients_at_once_are_all_answered(listeners):
    """Eight threads, 25 requests each, every one on a connection of its own."""

    def one(_):
        with listeners.connect() as sock:
            sock.sendall(head())
            return answer(sock)[0].status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(one, range(200)))

    assert statuses == [200] * 200
