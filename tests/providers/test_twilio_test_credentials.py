"""Twilio's test credentials and their magic numbers."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

TO, FROM = "+14155550167", "+15005550006"


@pytest.fixture
def client(sms):
    known = sms.credentials("twilio")
    made = Client(known["test_account_sid"], known["test_auth_token"])
    made.api.base_url = made.messaging.base_url = sms.base_url("twilio")
    return made


def refused(call):
    with pytest.raises(TwilioRestException) as caught:
        call()
    return caught.value.status, caught.value.code


@pytest.mark.parametrize(
    ("to", "sender", "status", "code"),
    [
        (TO, "+15005550001", 400, 21212),
        (TO, "+15005550007", 400, 21606),
        (TO, "+15005550008", 429, 21611),
        (TO, "+12025550123", 400, 21606),
        ("+15005550001", FROM, 400, 21211),
        ("+15005550002", FROM, 400, 21612),
        ("+15005550003", FROM, 400, 21408),
        ("+15005550004", FROM, 400, 21610),
        ("+15005550009", FROM, 400, 21614),
    ],
)
def test_a_magic_number_is_refused_as_documented(to, sender, status, code, client, sms):
    """https://www.twilio.com/docs/iam/test-credentials#test-sms-messages"""
    found = refused(lambda: client.messages.create(to=to, from_=sender, body="hi"))

    assert (status, code) == found
    assert [] == sms.messages()


def test_what_is_accepted_shows_in_the_inbox_and_nowhere_at_twilio(client, twilio, sms):
    """The answer looks real; the inbox marks the message; neither account lists it."""
    created = client.messages.create(to=TO, from_=FROM, body="Your code is 123456")

    assert ("queued", client.account_sid) == (created.status, created.account_sid)
    assert "123456" == sms.wait_for_code(TO)
    (message,) = sms.messages()
    assert message.details["test"] is True
    assert message.callback == ""
    assert [] == twilio.messages.list()
    assert (404, 20404) == refused(lambda: twilio.messages(created.sid).fetch())


def test_nothing_ever_becomes_of_it(client, sms):
    """No carrier, no receipt: it stays queued."""
    client.messages.create(
        to=TO, from_=FROM, body="hi", status_callback="http://127.0.0.1:9/status"
    )
    (message,) = sms.messages()

    lifecycles = sms.simulators.providers["twilio"].lifecycles

    assert "queued" == message.status(message.at + 86_400, lifecycles)[0].status


def test_everything_else_is_closed_to_them(client, sms):
    """403 and 20008: reads, services, and a service to send with."""
    service = sms.credentials("twilio")["messaging_service_sid"]

    attempts = [
        lambda: client.messages("SM" + "0" * 32).fetch(),
        lambda: client.balance.fetch(),
        lambda: client.messaging.v1.services.create(friendly_name="a"),
        lambda: client.messages.create(to=TO, messaging_service_sid=service, body="hi"),
    ]

    assert 4 * [(403, 20008)] == [refused(attempt) for attempt in attempts]


def test_a_wrong_token_is_refused(sms):
    """The test account's token is its own."""
    known = sms.credentials("twilio")
    client = Client(known["test_account_sid"], known["auth_token"])
    client.api.base_url = sms.base_url("twilio")

    found = refused(lambda: client.messages.create(to=TO, from_=FROM, body="hi"))

    assert (401, 20003) == found


def test_the_live_account_is_closed_to_them(sms):
    """Test credentials do not open the path of the live account."""
    known = sms.credentials("twilio")
    client = Client(known["test_account_sid"], known["test_auth_token"], known["account_sid"])
    client.api.base_url = sms.base_url("twilio")

    found = refused(lambda: client.messages.create(to=TO, from_=FROM, body="hi"))

    assert (404, 20404) == found
