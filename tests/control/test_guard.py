"""A web page cannot drive the control API, nor can anybody without the token off loopback."""

import pytest

from simulators.app import Options, in_thread
from simulators.control import client

OTHERS = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", OTHERS)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_sim/messages"), ("POST", "/_sim/reset"), ("GET", "/metrics"), ("GET", "/_sim/x")],
)
def test_another_origins_page_is_refused(control, refused, method, path, headers):
    """By Origin, and by what the browser says of the site."""
    assert "another site's page" in refused(control(method, path, headers=headers), 403)


def test_a_page_of_its_own_is_served(control, sms_server):
    """The inbox may use what it is served beside."""
    own = {"Origin": sms_server.url, "Sec-Fetch-Site": "same-origin"}

    assert 200 == control("POST", "/_sim/reset", headers=own).status


def test_a_refused_request_changes_nothing(control, send):
    """The check comes before the work."""
    send()

    control("POST", "/_sim/reset", headers={"Origin": "http://evil.example"})

    assert 1 == len(control("GET", "/_sim/messages").json["messages"])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8026", "127.0.0.1.evil.example"])
def test_a_host_that_was_rebound_is_nobodys(control, refused, host):
    """A name that an attacker lets point at loopback is not one of the simulators' own."""
    said = refused(control("GET", "/_sim/messages", headers={"Host": host}), 421)

    assert "one of the hosts served here" in said


def test_is_not_served_under_a_vendors_host(replay):
    """There the path is the vendor's, and so is the answer."""
    answer = replay(b"GET /_sim/health HTTP/1.1\r\nHost: api.twilio.com\r\n\r\n", "api.twilio.com")

    assert 404 == answer.status
    assert b"20404" in answer.body


@pytest.mark.parametrize("target", ["/twilio/_sim/health", "/_sim/health"])
def test_is_not_served_as_a_provider(raw, sms_server, target):
    """Neither behind a prefix nor under a provider's own name."""
    host = {"Host": "twilio.localhost"} if target.startswith("/_sim") else {}

    answer = raw(sms_server.ports["http"], "GET", target, headers=host)

    assert 20404 == answer.json["code"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server on every address, with a token."""
    options = Options(
        host="0.0.0.0",
        port=0,
        tls_port=None,
        tls_dir=tmp_path_factory.mktemp("tls"),
        token="fake-control-token",
    )
    with in_thread(options) as simulators:
        yield simulators.ports["http"]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer other",
        "Bearer fake-control-toke",
        "Basic fake-control-token",
    ],
)
@pytest.mark.parametrize("path", ["/_sim/messages", "/metrics", "/_sim/openapi.json", "/nothing"])
def test_off_loopback_the_token_is_asked_for(raw, guarded, refused, path, authorization):
    """Without it, or with another one, nothing is told: not even which paths there are."""
    headers = {"Authorization": authorization} if authorization else {}

    answer = raw(guarded, "GET", path, headers=headers)

    assert "needs its token" in refused(answer, 401)
    assert "Bearer" == answer.headers["www-authenticate"]


def test_the_token_opens(raw, guarded):
    """As a bearer token, the scheme in any case."""
    headers = {"Authorization": "bearer fake-control-token"}

    assert 200 == raw(guarded, "GET", "/_sim/messages", headers=headers).status


def test_a_command_is_told_how_to_pass_the_token(guarded):
    """Who calls one sends no header."""
    with pytest.raises(client.ControlError, match=r"pass it as --token .*or in SMS_SIMULATORS_TO"):
        client.get(f"http://127.0.0.1:{guarded}", "/_sim/messages", {})


def test_health_needs_no_token(raw, guarded):
    """A container's health check has none."""
    assert 200 == raw(guarded, "GET", "/_sim/health").status


def test_providers_need_no_token(raw, guarded):
    """What is simulated has credentials of its own."""
    assert 401 == raw(guarded, "POST", "/twilio/2010-04-01/Accounts/AC0/Messages.json").status


def test_off_loopback_without_a_token_it_is_closed(tmp_path, raw, refused):
    """A server that forgot its token tells nothing to its neighbours."""
    options = Options(host="0.0.0.0", port=0, tls_port=None, tls_dir=tmp_path)

    with in_thread(options) as simulators:
        answer = raw(simulators.ports["http"], "GET", "/_sim/messages")
        health = raw(simulators.ports["http"], "GET", "/_sim/health")

    assert "needs a token" in refused(answer, 403)
    assert 200 == health.status
