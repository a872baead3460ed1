"""Messaging Services and their sender pools, with the official SDK."""

import pytest
from twilio.base.exceptions import TwilioRestException

from simulators.providers.twilio.account import CAPABILITIES

TO, BRITISH = "+14155550167", "+447700900123"


@pytest.fixture
def services(twilio):
    return twilio.messaging.v1.services


@pytest.fixture
def own(sms):
    return sms.credentials("twilio")


@pytest.fixture
def numbers(sms, own):
    """The account's number and a second one that is in no pool; the PN SID of neither is known."""
    second = "+12025550123"
    owned = [{"phone_number": n, "capabilities": CAPABILITIES} for n in (own["number"], second)]
    sms.settings("twilio", {"twilio/numbers": owned})
    return own["number"], second


def refused(call):
    with pytest.raises(TwilioRestException) as caught:
        call()
    return caught.value.status, caught.value.code


def test_an_account_starts_with_one_service_and_its_number_in_it(services, own):
    """Both are what the account's credentials say."""
    (service,) = services.list()
    (sender,) = services(service.sid).phone_numbers.list()

    assert own["messaging_service_sid"] == service.sid
    assert own["number"] == sender.phone_number
    assert ("US", ["SMS", "MMS", "Voice"]) == (sender.country_code, sender.capabilities)
    assert sender.sid == services(service.sid).phone_numbers(sender.sid).fetch().sid


def test_services_are_created_changed_and_deleted(services):
    """What a create or an update names is kept; the rest has Twilio's defaults."""
    created = services.create(
        friendly_name="Codes", sticky_sender=False, status_callback="https://example.com/cb"
    )
    changed = services(created.sid).update(friendly_name="Sign-in", validity_period=600)
    fetched = services(created.sid).fetch()

    assert (False, True) == (created.sticky_sender, created.smart_encoding)
    assert ("Sign-in", 600) == (changed.friendly_name, changed.validity_period)
    assert ("Sign-in", "https://example.com/cb") == (fetched.friendly_name, fetched.status_callback)
    assert services(created.sid).delete()
    assert (404, 20404) == refused(lambda: services(created.sid).fetch())


def test_services_are_paged_with_absolute_urls(services):
    """meta leads from page to page, newest first."""
    sids = [services.create(friendly_name=str(i)).sid for i in range(4)][::-1]

    first = services.page(page_size=2)

    assert sids[:2] == [service.sid for service in first]
    assert first.next_page_url.startswith("http://127.0.0.1:")
    assert sids[2:4] == [service.sid for service in first.next_page()]
    assert 5 == len(services.list(page_size=2))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"friendly_name": ""}, "Missing required parameter FriendlyName in the post body"),
        ({"friendly_name": "a", "status_callback": "cb"}, "Invalid parameter: StatusCallback"),
        ({"friendly_name": "a", "validity_period": 0}, "Invalid parameter: ValidityPeriod"),
        ({"friendly_name": "a", "inbound_method": "PUT"}, "Invalid parameter: InboundMethod"),
    ],
)
def test_settings_are_checked(settings, text, services, sms):
    """400 and 20001, naming the parameter."""
    sms.allow_violations()

    with pytest.raises(TwilioRestException) as caught:
        services.create(**settings)

    assert (400, 20001) == (caught.value.status, caught.value.code)
    assert caught.value.msg.endswith(text)


def test_a_number_is_in_one_pool(services, own):
    """409: in this service already, in another one; taken out of it, it can go there."""
    first = services(own["messaging_service_sid"]).phone_numbers
    second = services(services.create(friendly_name="Other").sid).phone_numbers
    (sender,) = first.list()

    assert (409, 21710) == refused(lambda: first.create(phone_number_sid=sender.sid))
    assert (409, 21712) == refused(lambda: second.create(phone_number_sid=sender.sid))
    assert first(sender.sid).delete()
    assert sender.sid == second.create(phone_number_sid=sender.sid).sid
    assert [] == first.list()


@pytest.mark.sms_allow_violations
def test_what_is_not_there_is_not_found(services, own, ask_twilio):
    """A service, a number, a kind of sender that does not exist."""
    known = services(own["messaging_service_sid"])
    nobody = "PN" + "0" * 32

    assert (404, 20404) == refused(lambda: services("MG" + "0" * 32).phone_numbers.create(nobody))
    assert (404, 20404) == refused(lambda: known.phone_numbers.create(phone_number_sid=nobody))
    assert (404, 20404) == refused(lambda: known.phone_numbers(nobody).fetch())
    pigeons = ask_twilio("GET", f"/v1/Services/{own['messaging_service_sid']}/Pigeons")
    assert pigeons.json()["message"].startswith("The requested resource /Services/MG")


def test_an_empty_pool_sends_nothing(twilio, services):
    """21704, at once."""
    service = services.create(friendly_name="Empty").sid

    found = refused(lambda: twilio.messages.create(to=TO, messaging_service_sid=service, body="hi"))

    assert (400, 21704) == found


@pytest.mark.sms_allow_violations
def test_a_name_sends_where_names_arrive(twilio, services, sms):
    """A pool of a name alone reaches Britain, and fails with 21703 for the United States."""
    service = services.create(friendly_name="Names").sid
    services(service).alpha_senders.create(alpha_sender="Acme")

    sids = [
        twilio.messages.create(to=to, messaging_service_sid=service, body="hi").sid
        for to in (BRITISH, TO)
    ]
    sms.clock.advance(10)
    british, american = (twilio.messages(sid).fetch() for sid in sids)

    assert ("delivered", "Acme") == (british.status, british.from_)
    assert ("failed", 21703, None) == (american.status, american.error_code, american.from_)
    assert (400, 21709) == refused(
        lambda: services(service).alpha_senders.create(alpha_sender="Much too long")
    )


def test_a_recipient_keeps_its_sender(twilio, services, numbers, own, sms):
    """Of several numbers a service picks the same one for the same recipient."""
    other = services.create(friendly_name="Other").sid
    (sender,) = services(own["messaging_service_sid"]).phone_numbers.list()
    second_sid = sms.simulators.call(lambda: _sid(sms, numbers[1]))
    services(own["messaging_service_sid"]).phone_numbers(sender.sid).delete()
    for sid in (sender.sid, second_sid):
        services(other).phone_numbers.create(phone_number_sid=sid)

    for _twice in range(2):
        for last in range(8):
            to = f"+1415555016{last}"
            twilio.messages.create(to=to, messaging_service_sid=other, body="hi")

    picked = {}
    for message in sms.messages():
        picked.setdefault(message.to, set()).add(message.sender)
    assert {1} == {len(senders) for senders in picked.values()}
    assert set(numbers) == {sender for senders in picked.values() for sender in senders}


def test_a_service_s_callback_serves_where_the_request_has_none(twilio, services, own, sms):
    """StatusCallback of the request comes first."""
    service = own["messaging_service_sid"]
    services(service).update(status_callback="http://127.0.0.1:9/service")

    for callback in (None, "http://127.0.0.1:9/request"):
        more = {"status_callback": callback} if callback else {}
        twilio.messages.create(to=TO, messaging_service_sid=service, body="hi", **more)

    assert ["http://127.0.0.1:9/request", "http://127.0.0.1:9/service"] == [
        message.callback for message in sms.messages()
    ]


def _sid(sms, number):
    from simulators.catalog import find
    from simulators.kernel.call import Call
    from simulators.kernel.provider import Exchange
    from simulators.providers.twilio.account import number_sid

    exchange = Exchange(Call("GET", "/"), find("twilio"), None, {}, sms.world, 0.0)
    return number_sid(exchange, number)
