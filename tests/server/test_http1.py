"""Requests as clients frame them, on every listener: each is read as it was sent."""

import json
import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass
from http.client import HTTPResponse

import pytest

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.kernel.journal import REQUESTS
from simulators.kernel.pipeline import Settings
from simulators.server import tls
from simulators.server.http1 import MAX_HEAD

VONAGE = PROVIDERS["vonage"].published
KEYS = f"api_key={VONAGE['api_key']}&api_secret={VONAGE['api_secret']}"
FORM = "application/x-www-form-urlencoded"
LISTENERS = ["plain", "tls", "provider port", "otp"]

# What the two clients send first, byte for byte but for host and body: OpenJDK 17, curl 7.88.
JAVA = (
    "Connection: Upgrade, HTTP2-Settings",
    "Content-Length: {size}",
    "Host: {host}",
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
    "Upgrade: h2c",
    "User-Agent: Java-http-client/17.0.15",
    "Content-Type: {kind}",
)
CURL = (
    "Host: {host}",
    "User-Agent: curl/7.88.1",
    "Accept: */*",
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
    "Content-Length: {size}",
    "Content-Type: {kind}",
)
CHUNKED = ("Host: {host}", "Content-Type: {kind}", "Transfer-Encoding: chunked")
PLAIN = ("Host: {host}", "Content-Type: {kind}", "Content-Length: {size}")
HEADS = {
    "content-length": PLAIN,
    "chunked": CHUNKED,
    "java h2c": JAVA,
    "curl h2c": CURL,
    "chunked h2c": (*CHUNKED, "Connection: Upgrade", "Upgrade: h2c"),
    "websocket": (*PLAIN, "Connection: keep-alive, Upgrade", "Upgrade: websocket"),
}


@dataclass(frozen=True)
class Door:
    """A listener, a target that reads its body, and the answer to a body that was read whole."""

    port: int
    target: str
    kind: str
    body: bytes
    read: tuple[int, str]
    trust: ssl.SSLContext | None = None

    @property
    def host(self):
        return f"localhost:{self.port}"

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self.trust.wrap_socket(sock, server_hostname="localhost") if self.trust else sock

    def request(self, lines=PLAIN, trailers=(), version="1.1", method="POST"):
        filled = [
            line.format(host=self.host, size=len(self.body), kind=self.kind) for line in lines
        ]
        head = "\r\n".join([f"{method} {self.target} HTTP/{version}", *filled, "", ""]).encode()
        if "Transfer-Encoding: chunked" not in filled:
            return head + self.body
        half = len(self.body) // 2
        pieces = (self.body[:half], self.body[half:])
        chunks = b"".join(b"%x;note=1\r\n%b\r\n" % (len(one), one) for one in pieces)
        return head + chunks + "\r\n".join(["0", *trailers, "", ""]).encode()


def verdict(document):
    """Vonage's status of the message, or the OTP service's code."""
    return document["messages"][0]["status"] if "messages" in document else document["code"]


def answer(stream, method="POST"):
    """The next answer: its status, the verdict in it, its headers. `stream` is a file, as what it
    has read ahead is the next answer."""
    response = HTTPResponse(_Stream(stream), method=method)
    response.begin()
    body = response.read()
    return response.status, verdict(json.loads(body)) if body else "", response.headers


class _Stream:
    def __init__(self, stream):
        self._stream = stream

    def makefile(self, *_how):
        return _Unclosed(self._stream)


class _Unclosed:
    """A file that HTTPResponse cannot close: more answers come over it."""

    def __init__(self, stream):
        self.read, self.readline, self.flush = stream.read, stream.readline, lambda: None
        self.readinto, self.closed = stream.readinto, False

    def close(self):
        pass


@pytest.fixture(scope="module")
def served(authority):
    """Simulators with every kind of listener. No limits: many messages go to one number."""
    options = Options(
        port=0,
        tls_port=0,
        otp_port=0,
        provider_ports={"vonage": 0},
        tls_dir=authority,
        settings=Settings(limits="off"),
    )
    with in_thread(options) as simulators:
        yield simulators


@pytest.fixture(params=LISTENERS)
def door(served, authority, request):
    """Each listener in turn."""
    trust = ssl.create_default_context(cafile=str(authority / tls.CA_FILE))
    text = f"{KEYS}&from=AcmeInc&to=447700900000&text=Your%20code%20is%20482913".encode()
    verification = json.dumps({"phone": "4512345678", "verificationCode": "482913"}).encode()
    sms = (FORM, text, (200, "0"))
    otp = ("application/json", verification, (400, "verification_code.not_found"))
    ports = served.ports
    return {
        "plain": Door(ports["http"], "/vonage/sms/json", *sms),
        "tls": Door(ports["https"], "/vonage/sms/json", *sms, trust),
        "provider port": Door(ports["vonage"], "/sms/json", *sms),
        "otp": Door(ports["otp"], "/api/verification-codes/verify", *otp),
    }[request.param]


@pytest.mark.parametrize("framing", HEADS)
@pytest.mark.parametrize("segment", [1 << 16, 7, 1], ids=["at once", "by sevens", "by bytes"])
def test_a_body_is_read_however_it_is_framed(door, framing, segment):
    """And the two requests behind it are answered, in one segment with it or in pieces."""
    raw = door.request(HEADS[framing]) * 2 + door.request()
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(raw), segment):
            sock.sendall(raw[at : at + segment])

        assert [door.read] * 3 == [answer(stream)[:2] for _ in range(3)]


def test_an_upgrade_of_a_request_without_a_body_is_ignored(door):
    """And the request behind it read."""
    asked = (f"Host: {door.host}", "Connection: Upgrade", "Upgrade: h2c")
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(door.request(asked)[: -len(door.body)] + door.request())

        assert door.read != answer(stream)[:2]
        assert door.read == answer(stream)[:2]


def test_an_upgrade_waits_for_100_continue(door):
    """As curl sends what is long."""
    raw = door.request((*CURL, "Expect: 100-continue"))
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(raw[: -len(door.body)])

        assert b"HTTP/1.1 100 Continue\r\n" == stream.readline()
        assert b"\r\n" == stream.readline()
        sock.sendall(door.body)
        assert door.read == answer(stream)[:2]


@pytest.mark.parametrize("upgrade", [(), ("Connection: Upgrade", "Upgrade: h2c")])
def test_trailers_are_no_headers(door, served, upgrade):
    """Nothing of them reaches who is asked, in one segment with the head or not."""
    trailers = ("X-Trailer: 1", "Content-Type: text/plain", "Host: evil.example")
    raw = door.request((*CHUNKED, *upgrade), trailers)
    with door.connect() as sock, sock.makefile("rb") as stream:
        for segments in ((raw,), (raw[:-80], raw[-80:])):
            for segment in segments:
                sock.sendall(segment)

            assert door.read == answer(stream)[:2]
    kept = served.call(lambda: served.store.records("default", REQUESTS, limit=2))
    assert not any(b"x-trailer" in entry for _, entry in kept)


@pytest.mark.parametrize("what", ["trailers", "a chunk's extension"])
def test_what_is_around_a_body_is_bounded(door, what):
    """A trailer, or an extension, that never ends is cut off."""
    behind = b"0\r\nX-Endless: " if what == "trailers" else b"5;endless="
    whole = door.request(CHUNKED)
    with door.connect() as sock:
        sock.sendall(whole[: whole.index(b"\r\n\r\n") + 4] + behind)
        try:
            for _ in range(2 * MAX_HEAD // 65_536):
                sock.sendall(b"x" * 65_536)
            received = sock.recv(100)
        except (ConnectionResetError, BrokenPipeError):
            received = b"HTTP/1.1 431"  # the answer was lost to a reset: bytes were still coming

        assert received.startswith(b"HTTP/1.1 431")


def test_head_has_the_headers_alone(door):
    """No byte of a body, so that what follows is the next answer."""
    asked = (f"Host: {door.host}",)
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(door.request(asked, method="HEAD")[: -len(door.body)] + door.request())

        status, nothing, headers = answer(stream, "HEAD")
        assert (True, "") == (status < 500, nothing)
        assert "content-length" in headers
        assert door.read == answer(stream)[:2]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_the_control_api_answers_head_like_get(served, method):
    """Status and length are those of GET."""
    with socket.create_connection(("127.0.0.1", served.ports["http"]), timeout=10) as sock:
        head = (f"{method} /_sim/health HTTP/1.1", "Host: localhost", "Connection: close", "", "")
        sock.sendall("\r\n".join(head).encode())
        response = HTTPResponse(sock, method=method)
        response.begin()

        assert 200 == response.status
        assert int(response.headers["content-length"]) > 0
        assert (method == "GET") == bool(response.read())


def test_expect_is_answered_once_and_in_any_case(door):
    """100-Continue, then the answer."""
    raw = door.request((*PLAIN, "Expect: 100-Continue"))
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(raw[: -len(door.body)])

        assert b"HTTP/1.1 100 Continue\r\n" == stream.readline()
        assert b"\r\n" == stream.readline()
        sock.sendall(door.body)
        assert door.read == answer(stream)[:2]


def test_expect_means_nothing_in_http_1_0(door):
    """The answer comes, nothing before it, and then the end."""
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(door.request((*PLAIN, "Expect: 100-continue"), version="1.0"))

        status, said, headers = answer(stream)
        assert (*door.read, "close") == (status, said, headers["connection"])
        assert b"" == stream.read()


@pytest.mark.parametrize(
    ("version", "connection"), [("1.0", ()), ("1.1", ("Connection: close",))], ids=["1.0", "close"]
)
def test_the_connection_is_closed_where_that_is_asked(door, version, connection):
    """It says so; the body has its length, and no chunks."""
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(door.request((*PLAIN, *connection), version=version))

        status, said, headers = answer(stream)
        assert (*door.read, "close") == (status, said, headers["connection"])
        assert "transfer-encoding" not in headers
        assert b"" == stream.read()


def test_http_2_by_prior_knowledge_is_a_plain_400(door):
    """Its preface is no request here."""
    with door.connect() as sock, sock.makefile("rb") as stream:
        sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        assert stream.readline().startswith(b"HTTP/1.1 400")


CLIENT = """
import java.net.URI;
import java.net.http.*;

public class Post {
    public static void main(String[] given) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(given[0]))
            .header("Content-Type", given[1])
            .POST(HttpRequest.BodyPublishers.ofString(given[2])).build();
        for (int again = 0; again < 2; again++) {
            System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        }
    }
}
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("javac"), reason="needs a JDK")
def test_java_s_own_client_is_read(served, tmp_path):
    """With its defaults: HTTP/2 preferred, so the first request offers an upgrade."""
    (tmp_path / "Post.java").write_text(CLIENT)
    url = f"http://localhost:{served.ports['http']}/vonage/sms/json"
    text = f"{KEYS}&from=AcmeInc&to=447700900000&text=hello"
    done = subprocess.run(
        ["java", "Post.java", url, FORM, text], cwd=tmp_path, capture_output=True, timeout=60
    )

    assert b"" == done.stderr
    assert ["0", "0"] == [verdict(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("filler", [0, 100_000], ids=["short", "with 100-continue"])
def test_curl_that_prefers_http_2_is_read(served, tmp_path, filler):
    """`curl --http2`; over a bound it asks for leave before it sends the body."""
    body = tmp_path / "body"
    body.write_text(f"{KEYS}&from=AcmeInc&to=447700900000&text=hello&x={'x' * filler}")
    url = f"http://127.0.0.1:{served.ports['http']}/vonage/sms/json"
    done = subprocess.run(
        ["curl", "-sS", "--http2", "-d", f"@{body}", url, url], capture_output=True, timeout=30
    )

    assert b"" == done.stderr
    found = done.stdout.decode().replace("}{", "}\n{").splitlines()
    assert ["0", "0"] == [verdict(json.loads(line)) for line in found]
