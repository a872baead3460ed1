"""The official SDK as it is: it believes that it talks to Twilio, over TLS."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulators import catalog

KNOWN = catalog.find("twilio").published


@pytest.fixture
def signed_in(default, vendor_dns):
    """Makes clients; what connections they keep alive are closed after the test."""
    made = []

    def sign_in(user=KNOWN["account_sid"], password=KNOWN["auth_token"], **options):
        made.append(Client(user, password, **options))
        return made[-1]

    yield sign_in
    for client in made:
        client.http_client.session.close()


@pytest.fixture
def client(signed_in):
    return signed_in()


def test_sends_to_api_twilio_com(client, default):
    """Nothing of the client is changed: name resolution and trust lead it here."""
    created = client.messages.create(
        to="+14155550167", from_=KNOWN["number"], body="Your code is 123456"
    )

    assert "https://api.twilio.com" == client.api.base_url
    assert created.sid == client.messages(created.sid).fetch().sid
    assert "123456" == default.wait_for_code("+14155550167")


def test_reads_services_from_messaging_twilio_com(client):
    """The account has its one service; its URLs are Twilio's own."""
    (service,) = client.messaging.v1.services.list()

    assert KNOWN["messaging_service_sid"] == service.sid
    assert f"https://messaging.twilio.com/v1/Services/{service.sid}" == service.url
    assert KNOWN["number"] == service.phone_numbers.list()[0].phone_number


@pytest.mark.parametrize(
    ("edge", "region"),
    [
        *(("ashburn", "us1"), ("dublin", "ie1"), ("sydney", "au1"), ("frankfurt", "de1")),
        *((None, "us1"), ("roaming", None)),
    ],
)
def test_sends_to_a_region(edge, region, signed_in):
    """The SDK makes api.{edge}.{region}.twilio.com of the two, and us1 is the region of an edge
    alone; of a region alone it makes a name that only us1 still has."""
    client = signed_in(region=region, edge=edge)

    created = client.messages.create(
        to="+14155550167", messaging_service_sid=KNOWN["messaging_service_sid"], body="hi"
    )

    assert "accepted" == created.status


def test_test_credentials_are_published_too(signed_in):
    """The magic numbers work for the default account's test credentials."""
    client = signed_in(KNOWN["test_account_sid"], KNOWN["test_auth_token"])

    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(to="+15005550001", from_="+15005550006", body="hi")

    assert (400, 21211) == (caught.value.status, caught.value.code)


@pytest.mark.parametrize("region", ["ie1", "au1", "br1", "de1", "jp1", "sg1", "us2"])
def test_a_name_without_an_edge_is_not_there(region):
    """https://www.twilio.com/docs/global-infrastructure/api-domain-migration-guide"""
    assert f"api.{region}.twilio.com" not in catalog.find("twilio").hosts


@pytest.mark.parametrize(("edge", "region"), [(None, None), ("dublin", "ie1"), ("roaming", None)])
def test_verifies_and_looks_up_under_their_own_names(edge, region, signed_in, default):
    """verify.twilio.com and lookups.twilio.com have the same account, at every edge; what they
    answer names the host that was asked."""
    client = signed_in(region=region, edge=edge)
    service = client.verify.v2.services(KNOWN["verify_service_sid"])
    sent = service.verifications.create(to="+14155550167", channel="sms")
    code = default.wait_for_code("+14155550167")

    assert "approved" == service.verification_checks.create(to="+14155550167", code=code).status
    place = f".{edge}.{region or 'us1'}" if edge else ""
    assert sent.url.startswith(f"https://verify{place}.twilio.com/v2/Services/VA")
    found = client.lookups.v2.phone_numbers("+14155550167").fetch()
    assert ("US", f"https://lookups{place}.twilio.com/v2/PhoneNumbers/+14155550167") == (
        found.country_code,
        found.url,
    )
