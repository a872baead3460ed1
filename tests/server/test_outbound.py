"""What leaves this machine: nothing, however a URL is spelled and whatever a name resolves to."""

import asyncio
import threading

import pytest
from yarl import URL

from simulators.kernel.receipts import Callback
from simulators.loopback import is_loopback_address
from simulators.otp.connector import Outgoing
from simulators.otp.pool import Pool
from simulators.outbound import Outbound
from simulators.server.courier import Courier

ELSEWHERE = "192.0.2.2"
SPELLINGS = [
    "http://192.0.2.2/",
    "http://192.0.2.2./",
    "http://１９２.0.2.2/",
    "http://①⑨②.⓪.②.②/",
    "http://192。0。2。2/",
    "http://%31%39%32.0.2.2/",
    "http://3221225986/",
    "http://192.514/",
    "http://0300.0.2.2/",
    "http://0xc0.0.2.2/",
    "http://0xc0000202/",
    "http://[::ffff:192.0.2.2]/",
    "http://[::ffff:c000:202]/",
    "http://[2001:db8::1]/",
    "http://[fe80::1%25lo]/",
    "http://127.0.0.1@192.0.2.2/",
    "http://127.0.0.1:80@192.0.2.2:80/",
    "http://localhost#@192.0.2.2/",
    "http://localhost\\@192.0.2.2/",
    "http://192.0.2.2\\@localhost/",
    "https://192.0.2.2/",
    "http://elsewhere.example/",
    "http://127.0.0.1.example/",
    "http://localhost.example/",
    "http://both.example/",
    "http://ＬＯＣＡＬＨＯＳＴ.example/",
    "http:///192.0.2.2/",
    "http://0.0.0.0/",
    "//192.0.2.2/",
    "ftp://192.0.2.2/",
    "ws://192.0.2.2/",
]


class Refusing(asyncio.SelectorEventLoop):
    """A loop that connects to nothing, and notes the addresses that were `tried`. Every name but
    `localhost` leads elsewhere, some of them here as well."""

    def __init__(self, tried):
        super().__init__()
        self.tried = tried

    async def getaddrinfo(self, host, port, **how):
        name = host.decode() if isinstance(host, bytes) else host
        found = await super().getaddrinfo("127.0.0.1", port, **how)
        if name in ("localhost", "127.0.0.1", "::1"):
            return found
        away = [(*one[:4], (ELSEWHERE, one[4][1])) for one in found]
        return away + found if name == "both.example" else away

    async def sock_connect(self, _sock, address):
        self.tried.append(address[0])
        raise ConnectionRefusedError(111, "refused")


@pytest.fixture
def connected():
    """The addresses that a connection was tried to."""
    return []


def by_courier(connected, url, allowed=()):
    """As a callback; what came of it in words."""
    courier, done, found = Courier(allowed, lambda: Refusing(connected)), threading.Event(), []

    def told(delivery):
        found.append(delivery.error)
        done.set()

    courier.send(Callback("POST", url, (), b"x"), 5, told)
    assert done.wait(10)
    courier.close()
    return found[0]


def by_connector(connected, url, allowed=()):
    """As a request of one of the OTP service's connectors."""

    async def run():
        pool = Pool(allowed=allowed)
        try:
            await pool.send(Outgoing(method="GET", url=url))
        except OSError as problem:
            return str(problem)
        finally:
            await pool.close()

    with asyncio.Runner(loop_factory=lambda: Refusing(connected)) as runner:
        return runner.run(run())


WAYS = pytest.mark.parametrize("way", [by_courier, by_connector])


@WAYS
@pytest.mark.parametrize("url", SPELLINGS)
def test_nothing_leaves_this_machine(connected, way, url):
    """An error in words, and no connection but to this machine."""
    assert way(connected, url)
    assert [] == [address for address in connected if not is_loopback_address(address)]


@WAYS
@pytest.mark.parametrize("url", SPELLINGS)
def test_leave_for_one_host_is_none_for_another(connected, way, url):
    """Nor for a host that only contains it, or names it as its user."""
    way(connected, url, allowed=("hooks.example", "*.hooks.example"))
    way(connected, url.replace("://", "://hooks.example@"), allowed=("hooks.example",))

    assert [] == [address for address in connected if not is_loopback_address(address)]


@WAYS
@pytest.mark.parametrize(
    ("url", "glob"),
    [
        ("http://hooks.example/", "hooks.example"),
        ("http://HOOKS.example./", "*.example"),
        ("http://１９２.0.2.2/", "192.0.2.2"),
        ("http://bücher.example/", "bücher.example"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://[2001:db8::1]/", "2001:db8::*"),
    ],
)
def test_leave_holds_for_the_host_that_is_contacted(connected, way, url, glob):
    """As it is spelled once the URL is read."""
    way(connected, url, allowed=(glob,))

    assert connected
    assert not any(is_loopback_address(address) for address in connected)


@WAYS
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.9.9.9/",
        "http://localhost/",
        "http://localhost./",
        "http://LOCALHOST/",
        "http://app.localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://１２７.0.0.1/",
    ],
)
def test_this_machine_is_contacted(connected, way, url):
    """However it is spelled."""
    way(connected, url)

    assert connected
    assert all(is_loopback_address(address) for address in connected)


def test_a_name_that_resolves_here_and_elsewhere_is_contacted_here_alone(connected):
    """A container's name, for example."""
    by_courier(connected, "http://both.example/")

    assert {"127.0.0.1"} == set(connected)


def test_an_application_is_sent_no_cookie_back(httpserver):
    """And none is kept: an application could have any number."""
    httpserver.expect_request("/").respond_with_data("", headers={"Set-Cookie": "a=1"})

    async def run():
        import aiohttp

        outbound = Outbound()
        for _ in range(2):
            url = URL(httpserver.url_for("/"))
            async with outbound.request("GET", url, (), b"", aiohttp.ClientTimeout(10)):
                pass
        await outbound.close()

    asyncio.run(run())

    assert [None, None] == [request.headers.get("Cookie") for request, _ in httpserver.log]
