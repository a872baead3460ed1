"""The service as it is served: beside the simulators, on the clock of the default account, through
Logto's connectors as they are."""

import json
import select
from http.client import HTTPConnection

import pytest

from simulators.app import Options, Simulators, in_thread
from simulators.catalog import PROVIDERS
from simulators.kernel.rules import install, read_all
from simulators.otp.policy import Policy
from simulators.server.listeners import PortInUse

PHONE = "4512345678"
USES = ("Register", "SignIn", "ForgotPassword", "Generic")
CONFIG = {
    "endpoint": "https://gatewayapi.com/rest/mtsms",
    "apiToken": PROVIDERS["gatewayapi"].published["token"],
    "sender": "ExampleSMS",
    "templates": [{"usageType": use, "content": f"{use} {{{{code}}}}"} for use in USES],
}


def ask(simulators, method, path, document=None, headers=None):
    """One request to the OTP service."""
    connection = HTTPConnection("127.0.0.1", simulators.ports["otp"], timeout=20)
    try:
        body = None if document is None else json.dumps(document)
        kind = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, kind | (headers or {}))
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


def request(simulators, phone=PHONE):
    return ask(simulators, "POST", "/api/verification-codes", {"phone": phone})


def verify(simulators, code, phone=PHONE):
    document = {"phone": phone, "verificationCode": code}
    return ask(simulators, "POST", "/api/verification-codes/verify", document)


@pytest.fixture
def served():
    """Simulators with the OTP service, and a connector in it."""
    with in_thread(Options(port=0, tls_port=None, otp_port=0)) as simulators:
        document = {"connectorId": "gatewayapi-sms", "config": CONFIG}
        assert ask(simulators, "POST", "/api/connectors", document)[0] == 200
        yield simulators


@pytest.fixture
def phone(served):
    """The default account's inbox."""
    from simulators.testing.sms import Sms

    return Sms(served, served.accounts.world("default"))


def test_a_code_arrives_and_verifies(served, phone):
    """By a connector with the vendor's host built in, and the provider keeps the contract."""
    requested = request(served)
    message = phone.wait_for_message(f"+{PHONE}")
    code = message.text.removeprefix("Generic ")

    assert (204, None) == requested
    assert "gatewayapi" == message.provider
    assert [] == phone.violations()
    assert (204, None) == verify(served, code)


def test_codes_expire_on_the_account_s_clock(served, phone):
    """Which the control API advances; also after the account was emptied."""
    for _ in range(2):
        request(served)
        code = phone.wait_for_code(f"+{PHONE}")
        phone.clock.advance(601)

        assert "verification_code.expired" == verify(served, code)[1]["code"]
        phone.reset()


def test_a_provider_that_takes_its_time_holds_nobody_else_up(served, phone):
    """A hundred codes are under way at a provider that does not answer; others are answered
    meanwhile."""
    held = {"match": {"provider": "gatewayapi"}, "effect": {"socket": "hang"}}
    served.call(lambda: install(phone.world, read_all([held], PROVIDERS)))
    waiting = []
    for number in range(100):
        connection = HTTPConnection("127.0.0.1", served.ports["otp"], timeout=20)
        body = json.dumps({"phone": f"451234{number:04}"})
        kind = {"Content-Type": "application/json"}
        connection.request("POST", "/api/verification-codes", body, kind)
        waiting.append(connection)
    other = ask(served, "GET", "/api/connectors")[0]
    answered = select.select([connection.sock for connection in waiting], [], [], 0)[0]
    for connection in waiting:
        connection.close()

    assert (200, []) == (other, answered)


def test_what_the_provider_refuses_is_told(served, phone):
    """As Logto tells it."""
    refusal = {"match": {"provider": "gatewayapi"}, "effect": {"error": "0x0213"}}
    served.call(lambda: install(phone.world, read_all([refusal], PROVIDERS)))
    status, body = request(served)

    assert (400, "connector.general") == (status, body["code"])
    assert body["message"].startswith("Error occurred in connector: Unauthorized IP-address")


def test_a_policy_is_given_with_the_options():
    """Token and sends per recipient."""
    policy = Policy(token="s3cret", sends_per_recipient=1)
    with in_thread(Options(port=0, tls_port=None, otp_port=0, otp_policy=policy)) as simulators:
        allowed = {"Authorization": "Bearer s3cret"}

        assert 401 == ask(simulators, "GET", "/api/connectors")[0]
        assert 200 == ask(simulators, "GET", "/api/connectors", headers=allowed)[0]


def ids_of_a_run(**policy):
    """The id of a connector, a user and an application of a service that has just started."""
    made = Policy(**policy)
    app = {"name": "app", "type": "SPA"}
    with in_thread(Options(port=0, tls_port=None, otp_port=0, otp_policy=made)) as simulators:
        asked = (
            ("/api/connectors", {"connectorId": "gatewayapi-sms"}),
            ("/api/users", {"username": "ada"}),
            ("/api/applications", app),
        )
        return [ask(simulators, "POST", path, document)[1]["id"] for path, document in asked]


def test_ids_repeat_with_a_seed_alone():
    """Codes and tokens come from where ids come from: nobody foretells them otherwise."""
    assert ids_of_a_run(seed="mine") == ids_of_a_run(seed="mine")
    assert ids_of_a_run(seed="mine") != ids_of_a_run(seed="yours")
    assert not set(ids_of_a_run()) & set(ids_of_a_run())


def test_a_page_that_has_its_name_lead_here_reaches_nothing(served):
    """Its Host header is none of the simulators' own."""
    status, body = ask(served, "GET", "/api/connectors", headers={"Host": "evil.example"})

    assert (421, "evil.example") == (status, body["got"])


def test_a_port_that_is_taken_is_told_with_its_option(served):
    """Before anything is served."""
    options = Options(port=0, tls_port=None, otp_port=served.ports["otp"])
    with pytest.raises(PortInUse, match="--otp-port"), in_thread(options):
        pass


def test_without_the_option_there_is_no_service():
    """Nor a port of it."""
    with in_thread(Options(port=0, tls_port=None)) as simulators:
        assert "otp" not in simulators.ports


def test_the_address_is_that_of_its_port(served: Simulators):
    """For whoever starts it in a test."""
    assert f"http://127.0.0.1:{served.ports['otp']}" == served.otp_url
