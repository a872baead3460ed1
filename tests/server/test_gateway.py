"""Who answers: by Host, by prefix, by port; and who does not."""

import json
import re
from http.client import HTTPConnection

import pytest

from simulators import catalog
from simulators.app import Options, in_thread
from simulators.kernel.hosts import Hosts
from simulators.loopback import is_loopback
from simulators.server.gateway import LOOPBACK, Gateway, host_name, local_host

HOSTS = [(host, name) for name, p in catalog.PROVIDERS.items() for host in p.hosts]


def within(name):
    """A path that is the provider's own, wherever its host is another's as well."""
    return re.sub(r"<\w+>", "x", catalog.PROVIDERS[name].endpoints[0].path)


def ask(port, path="/", host=None, method="GET"):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=host is not None)
        if host:
            connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture
def gateway():
    """One that would listen on loopback, with a port of its own for Twilio."""
    made = Gateway(
        dict.fromkeys(catalog.PROVIDERS), None, catalog.HOSTS, own_hosts=LOOPBACK | {"sms-box"}
    )
    made.ports[9001] = "twilio"
    return made


@pytest.mark.parametrize(("host", "name"), HOSTS)
def test_a_vendor_host_reaches_its_provider(gateway, host, name):
    """With any port in the Host header, in any case, with the root's dot; whatever the path, where
    no other has the host."""
    alone = [one for one, _ in HOSTS].count(host) == 1
    for written in (host, f"{host}:8443", host.upper(), f"{host}."):
        for path in (within(name), *(["/twilio/x"] if alone else [])):
            assert gateway.route(8026, written, path) == (name, "")


@pytest.mark.parametrize("name", catalog.PROVIDERS)
def test_a_provider_has_a_name_under_localhost(gateway, name):
    """`<provider>.localhost` is the provider's own root."""
    host = f"{local_host(name)}:8026"  # a host name has no underscore

    assert gateway.route(8026, host, "/") == (name, "")


@pytest.mark.parametrize("name", catalog.PROVIDERS)
@pytest.mark.parametrize("host", ["127.0.0.1:8026", "localhost", "[::1]:8026", "sms-box:8026"])
def test_a_prefix_reaches_the_provider_on_own_hosts(gateway, host, name):
    """`/<provider>` is taken off; a longer word that begins like it is not the prefix."""
    assert gateway.route(8026, host, f"/{name}/a/b") == (name, f"/{name}")
    assert gateway.route(8026, host, f"/{name}") == (name, f"/{name}")
    assert gateway.route(8026, host, f"/{name}x/a") == ("", "")


def test_a_port_of_its_own_serves_one_provider_under_any_host(gateway):
    """Aliyun's and Tencent's SDKs take host and port only, so the Host header says nothing."""
    for host in ("127.0.0.1:9001", "api.vonage.example", "", "localhost:9001"):
        assert gateway.route(9001, host, "/vonage/x") == ("twilio", "")


@pytest.mark.parametrize("host", ["", "example.com", "api.twilio.com.evil.example", "192.0.2.7"])
def test_an_unknown_host_reaches_nobody(gateway, host):
    """Neither a provider nor the control API."""
    assert gateway.route(8026, host, "/_sim/health") == (None, "")


def test_addresses_are_own_hosts_only_when_listening_beyond_loopback():
    """A server on 0.0.0.0 is reached by addresses it cannot know."""
    made = Gateway({}, None, Hosts(()), any_address=True)

    assert made.route(8026, "192.0.2.7:8026", "/") == ("", "")
    assert made.route(8026, "[2001:db8::7]:8026", "/") == ("", "")
    assert made.route(8026, "example.com", "/") == (None, "")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("API.Twilio.com:443", "api.twilio.com"),
        ("api.twilio.com.", "api.twilio.com"),
        ("[::1]:80", "[::1]"),
        ("", ""),
        (":80", ""),
    ],
)
def test_a_host_header_is_read_without_its_port(header, name):
    """Host names are compared lower-case, without port and final dot."""
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("localhost.", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.2", False),
        ("app.localhost", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("box.example", False),
    ],
)
def test_what_only_this_machine_reaches_is_loopback(host, expected):
    """Beyond it, the control API asks for a token."""
    assert is_loopback(host) is expected


def test_an_unknown_host_is_told_the_known_ones(sms_server):
    """421 with what was sent and what is served here."""
    status, body = ask(sms_server.ports["http"], host="api.twilio.example")
    told = json.loads(body)

    assert status == 421
    assert told["got"] == "api.twilio.example"
    assert "api.twilio.com" in told["expected"]
    assert "localhost" in told["expected"]


@pytest.mark.parametrize(("host", "_name"), HOSTS)
def test_the_control_api_is_not_under_a_vendor_host(sms_server, host, _name):
    """There the provider answers, in its own words: nothing says that it is a simulator."""
    port = sms_server.ports["http"]

    assert ask(port, "/_sim/health", host) != ask(port, "/_sim/health")
    assert b'"got"' not in ask(port, "/_sim/health", host)[1]


@pytest.mark.parametrize("name", catalog.PROVIDERS)
def test_every_address_of_a_provider_gives_the_same_answer(sms_server, name):
    """A path that nobody serves is refused alike by host, by name and by prefix."""
    port, path = sms_server.ports["http"], "/no/such/path"
    by_prefix = ask(port, f"/{name}{path}")[0]

    for host in (*catalog.PROVIDERS[name].hosts, local_host(name)):
        assert ask(port, path, host)[0] == by_prefix


def test_a_provider_is_served_on_a_port_of_its_own(tmp_path):
    """`--provider-port`: the control API is not there, whatever the Host header says."""
    options = Options(port=0, tls_port=None, provider_ports={"twilio": 0}, tls_dir=tmp_path)
    with in_thread(options) as simulators:
        assert ask(simulators.ports["http"], "/_sim/health")[0] == 200
        assert ask(simulators.ports["twilio"], "/_sim/health")[0] == 404


def test_two_servers_do_not_share_a_port(tmp_path, sms_server):
    """A port in use is named with the flag that changes it, and nothing keeps listening."""
    taken = sms_server.ports["http"]
    options = Options(port=0, tls_port=taken, tls_dir=tmp_path)

    with pytest.raises(OSError, match=rf"port {taken} is in use.*--tls-port"), in_thread(options):
        pass


def test_stop_before_the_start_is_heeded(tmp_path):
    """A signal may come while the server is still being made."""
    import asyncio

    from simulators.app import Simulators

    simulators = Simulators(Options(port=0, tls_port=None, tls_dir=tmp_path))
    simulators.stop()

    assert asyncio.run(simulators.serve(pytest.fail)) is None
