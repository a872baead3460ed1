"""The official SDK, unmodified: by its host option, and under Vonage's own host names over TLS."""

import pytest
import vonage_http_client.errors as errors
from vonage import Auth, HttpClientOptions, Vonage
from vonage_sms import SmsMessage
from vonage_sms.errors import PartialFailureError, SmsError

from simulators.testing.sms import Sms

TO = "447700900000"


@pytest.fixture
def connect(sms_server, vendor_dns):
    """Makes an SDK client, under the vendor's names or by the options; closes it."""
    made = []

    def make(auth, via="vendor"):
        if via == "vendor":
            made.append(Vonage(auth))
        else:
            host = f"127.0.0.1:{sms_server.ports['https']}/vonage"
            made.append(Vonage(auth, HttpClientOptions(rest_host=host, api_host=host)))
        return made[-1]

    yield make
    for client in made:
        client.http_client._session.close()


@pytest.fixture
def client(connect, sms):
    """A client of a fresh account, under the vendor's names."""
    return connect(auth(sms))


def auth(sms, **changes):
    known = sms.credentials("vonage")
    return Auth(**{"api_key": known["api_key"], "api_secret": known["api_secret"], **changes})


def message(**changes):
    fields = {"to": TO, "from_": "AcmeInc", "text": "Your code is 123456"}
    return SmsMessage(**{**fields, **changes})


@pytest.mark.parametrize("via", ["vendor", "options"])
def test_the_sdk_sends_and_the_code_arrives(connect, sms, via):
    """Every field of the SDK's own model is filled."""
    response = connect(auth(sms), via).sms.send(message(client_ref="r1"))

    (one,) = response.messages
    assert ("1", "0", TO, "r1") == (response.message_count, one.status, one.to, one.client_ref)
    assert all((one.message_id, one.remaining_balance, one.message_price, one.network))
    assert "123456" == sms.wait_for_code("+447700900000")


@pytest.mark.parametrize("via", ["vendor", "options"])
@pytest.mark.parametrize("wrong", ["api_key", "api_secret"])
def test_wrong_credentials_are_the_sdk_s_own_error(connect, sms, via, wrong):
    """HTTP 200, so it is an SmsError and no AuthenticationError."""
    stranger = connect(auth(sms, **{wrong: "zzzzzzzz"}), via)

    with pytest.raises(SmsError, match="error code 4: Bad Credentials"):
        stranger.sms.send(message())


def test_a_wrong_secret_can_be_an_authentication_error(connect, sms):
    """Where the account is set to refuse a wrong Basic header by HTTP 401."""
    sms.settings("vonage", {"vonage": {"wrong_basic": "401"}})

    with pytest.raises(errors.AuthenticationError, match="did not provide correct credentials"):
        connect(auth(sms, api_secret="wrong")).sms.send(message())


def test_refusals_reach_the_sdk_with_status_and_text(client, sms):
    """An opted-out number, a closed region, credit used up."""
    sms.optouts("+447700900000")
    with pytest.raises(SmsError, match=r"error code 7: Number barred\."):
        client.sms.send(message())
    sms.optouts()
    sms.regions(allowed=["US"])
    with pytest.raises(SmsError, match="error code 6: Unroutable message - rejected"):
        client.sms.send(message())
    sms.regions()
    sms.balance(0)
    with pytest.raises(SmsError, match="error code 9: Quota Exceeded - rejected"):
        client.sms.send(message())

    assert [] == sms.messages()


def test_throttling_reaches_the_sdk_with_the_time_to_wait(client, sms):
    """At the second message of a US number within a second; a key's thirty-first is told how far
    into the second it came."""
    sms.clock.freeze(1_800_000_000.4)
    client.sms.send(message(from_="14155550100"))

    with pytest.raises(SmsError, match=r"error code 1: .* please wait \[ 600 \] and retry"):
        client.sms.send(message(from_="14155550100"))
    for _ in range(29):
        client.sms.send(message())
    with pytest.raises(
        SmsError, match=r"error code 1: .* TIME_SINCE_LAST_INTERVAL_START \[ 400 \]"
    ):
        client.sms.send(message())


def test_a_partial_failure_is_the_sdk_s_own(client, sms):
    """Two parts, the second of them throttled."""
    sms.script({"match": {}, "effect": {"error": "1/part"}})

    with pytest.raises(PartialFailureError) as caught:
        client.sms.send(message(text="a" * 200))
    assert ["0", "1"] == [part["status"] for part in caught.value.response["messages"]]


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
def test_a_signing_client_needs_a_lenient_account(connect, sms_server, method):
    """The SDK signs its unset fields too; an account of that method is told to let it."""
    credentials = {"vonage": {"signature_method": f"{method}hmac"}}
    name = f"signs-by-{method}"
    sms = Sms(sms_server, sms_server.call(lambda: sms_server.accounts.add(name, credentials)))
    secret = sms.credentials("vonage")["signature_secret"]
    signing = auth(sms, api_secret=None, signature_secret=secret, signature_method=method)

    with pytest.raises(SmsError, match="error code 14: Invalid Signature"):
        connect(signing).sms.send(message())
    sms.settings("vonage", {"vonage": {"lenient_signatures": True}})
    connect(signing).sms.send(message())

    assert "123456" == sms.wait_for_code()
    sms_server.call(lambda: sms_server.accounts.drop(name))


def test_the_sdk_signs_a_plain_mapping_as_documented(connect, sms_server):
    """Its client given the parameters themselves leaves nothing unset to sign."""
    credentials = {"vonage": {"signature_method": "sha256hmac"}}
    sms = Sms(sms_server, sms_server.call(lambda: sms_server.accounts.add("plain", credentials)))
    secret = sms.credentials("vonage")["signature_secret"]
    signing = auth(sms, api_secret=None, signature_secret=secret, signature_method="sha256")
    client = connect(signing).http_client
    fields = {"to": TO, "from": "AcmeInc", "text": "Your code is 123456 & a=b"}
    answer = client.post(client.rest_host, "/sms/json", fields, "signature", "form")

    assert "0" == answer["messages"][0]["status"]
    assert "Your code is 123456 & a=b" == sms.messages()[0].text
    sms_server.call(lambda: sms_server.accounts.drop("plain"))


def test_balance_and_settings_are_read_and_changed(client, sms):
    """The account's API by the same SDK."""
    sms.balance(3.14159)
    settings = client.account.update_default_sms_webhook(dr_callback_url="http://127.0.0.1/dlr")

    assert (3.14159, False) == (
        client.account.get_balance().value,
        client.account.get_balance().auto_reload,
    )
    assert "http://127.0.0.1/dlr" == settings.dr_callback_url
    assert 30 == settings.max_outbound_request


def test_a_conversion_is_kept_with_its_message(client, sms):
    """By its id; an unknown one, and an account without conversions, are refused."""
    sent = client.sms.send(message()).messages[0].message_id
    client.sms.submit_sms_conversion(sent, delivered=True)
    assert sms.messages()[0].details["converted"] is True

    with pytest.raises(errors.HttpRequestError, match="423"):
        client.sms.submit_sms_conversion("df850934-0ca9-45c0-b432-4fad29463d4b")
    sms.settings("vonage", {"vonage": {"conversions": False}})
    with pytest.raises(errors.HttpRequestError, match="402"):
        client.sms.submit_sms_conversion(sent)


def test_other_resources_refuse_wrong_credentials_by_http(connect, sms):
    """401 there, where a submission says status 4."""
    with pytest.raises(errors.AuthenticationError):
        connect(auth(sms, api_secret="wrong")).account.get_balance()
