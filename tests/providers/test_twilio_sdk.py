"""The official SDK, twilio-python, against the simulator: only its base URLs are changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

TO = "+14155550167"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def number(sms):
    return sms.credentials("twilio")["number"]


@pytest.fixture
def later(sms):
    """Stops the clock at noon; what it returns moves it on."""
    sms.clock.freeze(NOON)
    return sms.clock.advance


def refused(call):
    with pytest.raises(TwilioRestException) as caught:
        call()
    return caught.value


def test_creates_and_fetches(twilio, sms, number):
    """A created message is queued, can be fetched, and its code is in the inbox."""
    created = twilio.messages.create(to=TO, from_=number, body="Your code is 123456")

    fetched = twilio.messages(created.sid).fetch()

    assert created.sid == fetched.sid
    assert "queued" == created.status
    assert TO == fetched.to
    assert number == fetched.from_
    assert "feedback" in fetched.subresource_uris
    assert "123456" == sms.wait_for_code(TO)


def test_lists_newest_first_and_filters(twilio, number, later):
    """To, From and DateSent narrow a list; DateSent knows only what was sent."""
    sids = []
    for last in range(3):
        sent = twilio.messages.create(to=f"+1415555016{last}", from_=number, body="hi")
        sids.append(sent.sid)
    later(10)
    twilio.messages.create(to=TO, from_=number, body="still queued")

    def found(**filters):
        return [message.sid for message in twilio.messages.list(**filters)]

    assert sids[::-1] == found()[1:]
    assert [sids[1]] == found(to="+14155550161")
    assert [] == found(from_="+15550000000")
    assert sids[::-1] == found(from_=number, date_sent=date(2026, 6, 1))
    assert sids[::-1] == found(date_sent_after=NOON - timedelta(days=1))
    assert sids[::-1] == found(date_sent_before=NOON + timedelta(days=1))
    assert [] == found(date_sent_before=NOON - timedelta(days=1))


def test_pages_forth_and_back(twilio, number):
    """Pages hold what they were asked to hold, and lead on and back with the filters kept."""
    sids = [twilio.messages.create(to=TO, from_=number, body=str(i)).sid for i in range(5)][::-1]

    first = twilio.messages.page(page_size=2, to=TO)
    second = first.next_page()
    third = second.next_page()
    back = third.previous_page()

    assert sids[:2] == [message.sid for message in first]
    assert sids[2:4] == [message.sid for message in second]
    assert sids[4:] == [message.sid for message in third]
    assert sids[2:4] == [message.sid for message in back]
    assert first.previous_page_url is None
    assert third.next_page_url is None
    assert "To=%2B14155550167" in first.next_page_url
    assert sids == [message.sid for message in twilio.messages.stream(page_size=2)]
    assert sids[:3] == [message.sid for message in twilio.messages.list(limit=3)]


def test_the_newest_page_can_be_reached_from_behind(twilio, number):
    """Going back from the second page gives the first, which has none before it."""
    sids = [twilio.messages.create(to=TO, from_=number, body=str(i)).sid for i in range(3)][::-1]

    back = twilio.messages.page(page_size=2).next_page().previous_page()

    assert sids[:2] == [message.sid for message in back]
    assert back.previous_page_url is None


def test_redacts_a_finished_message_that_the_phone_keeps(twilio, sms, number, later):
    """An empty Body empties the text at Twilio; the inbox still has it."""
    sid = twilio.messages.create(to=TO, from_=number, body="Your code is 123456").sid
    too_soon = refused(lambda: twilio.messages(sid).update(body=""))
    later(10)

    assert 20009 == too_soon.code
    assert "" == twilio.messages(sid).update(body="").body
    assert "" == twilio.messages(sid).fetch().body
    assert "Your code is 123456" == sms.messages()[0].text


def test_deletes_a_finished_message(twilio, sms, number, later):
    """409 while it is under way, gone after; the inbox still has it."""
    sid = twilio.messages.create(to=TO, from_=number, body="hi").sid
    too_soon = refused(lambda: twilio.messages(sid).delete())
    later(10)

    assert (409, 20009) == (too_soon.status, too_soon.code)
    assert twilio.messages(sid).delete()
    assert 20404 == refused(lambda: twilio.messages(sid).fetch()).code
    assert [] == twilio.messages.list()
    assert [sid] == [message.id for message in sms.messages()]


def test_cancels_only_what_is_scheduled(twilio, sms, later):
    """A scheduled message can be canceled before its time; an ordinary one cannot."""
    service = sms.credentials("twilio")["messaging_service_sid"]
    at = NOON + timedelta(hours=1)
    scheduled = twilio.messages.create(
        to=TO, messaging_service_sid=service, body="hi", schedule_type="fixed", send_at=at
    )
    ordinary = twilio.messages.create(to=TO, messaging_service_sid=service, body="hi")

    error = refused(lambda: twilio.messages(ordinary.sid).update(status="canceled"))

    assert "scheduled" == scheduled.status
    assert "canceled" == twilio.messages(scheduled.sid).update(status="canceled").status
    assert (400, 30409) == (error.status, error.code)
    later(7200)
    assert "canceled" == twilio.messages(scheduled.sid).fetch().status


def test_media_feedback_balance_and_account_are_read(twilio, sms, number):
    """What hangs on a message and what set-up checks read."""
    urls = ["https://example.com/a.png", "https://example.com/b.jpg"]
    message = twilio.messages.create(to=TO, from_=number, media_url=urls)
    media = twilio.messages(message.sid).media.list()
    account = twilio.api.accounts(twilio.account_sid).fetch()

    assert message.sid.startswith("MM")
    assert "2" == message.num_media
    assert ["image/png", "image/jpeg"] == [medium.content_type for medium in media]
    assert media[0].sid == twilio.messages(message.sid).media(media[0].sid).fetch().sid
    assert twilio.messages(message.sid).media(media[0].sid).delete()
    assert "1" == twilio.messages(message.sid).fetch().num_media
    feedback = twilio.messages(message.sid).feedback.create(outcome="confirmed")
    assert "confirmed" == feedback.outcome
    assert "USD" == twilio.balance.fetch().currency
    assert ("active", "Full") == (account.status, account.type)
    assert [account.sid] == [found.sid for found in twilio.api.accounts.list()]


def test_signs_in_with_an_api_key(twilio, sms, number):
    """An API key opens the account that is in the path."""
    known = sms.credentials("twilio")
    client = Client(known["api_key_sid"], known["api_key_secret"], known["account_sid"])
    client.api.base_url = sms.base_url("twilio")

    assert "queued" == client.messages.create(to=TO, from_=number, body="hi").status


@pytest.mark.parametrize(
    ("user", "password", "text"),
    [
        ("", "0" * 32, "Authenticate"),
        ("AC" + "0" * 32, "0" * 32, "Authentication Error - invalid username"),
        ("your_account_sid", "x", "Authentication Error - invalid username"),
    ],
)
def test_tells_a_wrong_password_from_an_unknown_user(user, password, text, sms):
    """401 and 20003 both, with the texts Twilio has for them."""
    own = sms.credentials("twilio")["account_sid"]
    client = Client(user or own, password, own)
    client.api.base_url = sms.base_url("twilio")

    error = refused(lambda: client.messages.create(to=TO, from_="+15005550006", body="hi"))

    assert (401, 20003) == (error.status, error.code)
    assert f"Unable to create record: {text}" == error.msg


def test_a_refusal_reads_as_the_sdk_shows_it(twilio, sms, number):
    """Status, code and the text with its masked number."""
    sms.allow_violations()

    error = refused(lambda: twilio.messages.create(to="+0155512345", from_=number, body="hi"))

    assert (400, 21211) == (error.status, error.code)
    assert "Unable to create record: Invalid 'To' Phone Number: +015551XXXX" == error.msg


def test_the_account_of_somebody_else_is_unknown(twilio, sms):
    """Right credentials for one account open no other."""
    known = sms.credentials("twilio")
    client = Client(known["account_sid"], known["auth_token"], "AC" + "1" * 32)
    client.api.base_url = sms.base_url("twilio")

    assert 20404 == refused(client.messages("SM" + "0" * 32).fetch).code


@pytest.mark.sms_allow_violations
def test_a_message_is_redacted_or_canceled_and_nothing_else(twilio, number, later):
    """30400 for what is none of the two, or both: https://www.twilio.com/docs/errors/30400"""
    message = twilio.messages(twilio.messages.create(to=TO, from_=number, body="hi").sid)
    later(10)
    wrong = ({}, {"body": "other"}, {"status": "delivered"}, {"body": "", "status": "canceled"})

    errors = [refused(lambda change=change: message.update(**change)) for change in wrong]

    assert 4 * [(400, 30400)] == [(error.status, error.code) for error in errors]
    assert ("hi", "delivered") == (message.fetch().body, message.fetch().status)
