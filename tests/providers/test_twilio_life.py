"""The lifecycle of a Twilio message, by a clock that the test moves."""

import pytest

from simulators.kernel import optouts

TO, BODY = "+14155550167", "Your code is 123456"
START = "2026-06-01T12:00:00Z"


@pytest.fixture
def own(sms):
    sms.clock.freeze(START)
    return sms.credentials("twilio")


def at_each(sms, seconds, read):
    """What `read` gives as many seconds after the start as each of `seconds` says."""
    found, now = [], 0.0
    for second in seconds:
        sms.clock.advance(second - now)
        now = second
        found.append(read())
    return found


def test_a_message_from_a_number_is_queued_sent_and_delivered(twilio, sms, own):
    """date_sent and the price come with `sent`; date_updated follows the status."""
    created = twilio.messages.create(to=TO, from_=own["number"], body=BODY)

    states = at_each(sms, (0.6, 1.1, 3.1), lambda: twilio.messages(created.sid).fetch())

    assert "queued" == created.status
    assert created.messaging_service_sid is None
    assert (created.num_segments, created.num_media) == ("1", "0")
    assert ["sending", "sent", "delivered"] == [state.status for state in states]
    assert [None, "-0.00790", "-0.00790"] == [state.price for state in states]
    assert [None, 1, 1] == [state.date_sent and state.date_sent.second for state in states]
    assert [0, 1, 3] == [state.date_updated.second for state in states]
    assert {0} == {state.date_created.second for state in states}


def test_a_service_picks_its_sender_after_the_answer(twilio, sms, own):
    """From is null and no segments are counted until then."""
    service = own["messaging_service_sid"]
    created = twilio.messages.create(to=TO, messaging_service_sid=service, body=BODY)

    states = at_each(sms, (0.4, 0.9, 1.3, 3.3), lambda: twilio.messages(created.sid).fetch())

    assert ("accepted", None, "0") == (created.status, created.from_, created.num_segments)
    assert ["queued", "sending", "sent", "delivered"] == [state.status for state in states]
    assert {(own["number"], "1", service)} == {
        (state.from_, state.num_segments, state.messaging_service_sid) for state in states
    }


def test_a_scheduled_message_begins_to_live_when_it_is_to_be_sent(twilio, sms, own):
    """Scheduled until then; its lifecycle after is that of any message of a service."""
    created = twilio.messages.create(
        to=TO,
        messaging_service_sid=own["messaging_service_sid"],
        body=BODY,
        schedule_type="fixed",
        send_at="2026-06-01T13:00:00Z",
    )

    states = at_each(sms, (3599, 3600.1, 3604), lambda: twilio.messages(created.sid).fetch())

    assert ["scheduled", "accepted", "delivered"] == [state.status for state in states]
    assert [None, None, own["number"]] == [state.from_ for state in states]
    assert states[2].date_sent.hour == 13


def test_behind_a_service_an_opt_out_shows_later(twilio, sms, own):
    """201 first; then the message fails with 21610 and costs nothing."""
    sms.simulators.call(lambda: optouts.replace(sms.world, [TO]))
    service = own["messaging_service_sid"]

    created = twilio.messages.create(to=TO, messaging_service_sid=service, body=BODY)
    sms.clock.advance(10)
    failed = twilio.messages(created.sid).fetch()

    assert ("accepted", None) == (created.status, created.error_code)
    assert ("failed", 21610) == (failed.status, failed.error_code)
    assert "Attempt to send to unsubscribed recipient" == failed.error_message
    assert (None, None) == (failed.price, failed.date_sent)


def test_a_scripted_receipt_ends_undelivered(twilio, sms, own):
    """An undelivered message was sent and is paid for; its code is an integer."""
    sms.script({"match": {"provider": "twilio"}, "effect": {"error": "30003"}})

    created = twilio.messages.create(to=TO, from_=own["number"], body=BODY)
    sms.clock.advance(10)
    ended = twilio.messages(created.sid).fetch()

    assert ("undelivered", 30003) == (ended.status, ended.error_code)
    assert "Unreachable destination handset" == ended.error_message
    assert "-0.00790" == ended.price
    assert ended.date_sent is not None


def test_retention_takes_effect_when_the_message_is_finished(twilio, sms, own):
    """Then the text is gone and the number obfuscated, at Twilio; not in the inbox."""
    created = twilio.messages.create(
        to=TO,
        from_=own["number"],
        body=BODY,
        content_retention="discard",
        address_retention="obfuscate",
    )
    sms.clock.advance(10)
    kept = twilio.messages(created.sid).fetch()

    assert (TO, BODY) == (created.to, created.body)
    assert ("+1415555XXXX", "") == (kept.to, kept.body)
    assert (TO, BODY) == (sms.messages()[0].to, sms.messages()[0].text)


def test_a_content_template_is_filled(twilio, sms, own):
    """The inbox has the text that a person would get."""
    sid = "HX0123456789abcdef0123456789abcdef"

    twilio.messages.create(
        to=TO, from_=own["number"], content_sid=sid, content_variables='{"1": "123456"}'
    )

    assert "Your verification code is 123456" == sms.messages()[0].text
    assert sid == sms.messages()[0].template


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, "1"),
        ("a" * 161, "2"),
        ("a" * 306, "2"),
        ("a" * 307, "3"),
        ("€" * 80, "1"),
        ("€" * 81, "2"),
        ("中" * 70, "1"),
        ("中" * 71, "2"),
        ("中" * 134, "2"),
        ("中" * 135, "3"),
        ("😀" * 35, "1"),
        ("😀" * 36, "2"),
        ("a" * 152 + "€" + "a" * 151, "2"),
        ("a" * 152 + "€" + "a" * 152, "3"),
    ],
)
def test_counts_segments(text, segments, twilio, own):
    """GSM-7 160/153 septets, UCS-2 70/67 units; no character is split."""
    created = twilio.messages.create(to=TO, from_=own["number"], body=text)

    assert segments == created.num_segments


def test_smart_encoding_spares_segments(twilio, sms, own):
    """Of the request for a number, of the service by default; never where it would not do."""
    curly, plain = "“Code” — 123456…" * 10, '"Code" - 123456...' * 10
    number, service = own["number"], own["messaging_service_sid"]

    as_is = twilio.messages.create(to=TO, from_=number, body=curly)
    smart = twilio.messages.create(to=TO, from_=number, body=curly, smart_encoded=True)
    twilio.messages.create(to=TO, messaging_service_sid=service, body=curly)
    twilio.messages.create(to=TO, messaging_service_sid=service, body="“验证码”")

    assert [curly, plain] == [as_is.body, smart.body]
    assert ["3", "2"] == [as_is.num_segments, smart.num_segments]
    assert ["“验证码”", plain] == [message.text for message in sms.messages()[:2]]


def test_a_channel_address_is_answered_as_one(twilio, sms, own):
    """whatsapp: stays in the resource; the inbox has the number."""
    created = twilio.messages.create(
        to=f"whatsapp:{TO}", from_=f"whatsapp:{own['number']}", body=BODY
    )

    assert (f"whatsapp:{TO}", f"whatsapp:{own['number']}") == (created.to, created.from_)
    assert TO == sms.messages()[0].to


def test_the_signature_is_twilios():
    """Vectors of Twilio's documentation and of its official validator."""
    from simulators.providers.twilio.receipts import signature

    call = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    sid = "SM" + 32 * "0"
    status = {
        "AccountSid": "AC" + 32 * "a",
        "ApiVersion": "2010-04-01",
        "From": "+15005550006",
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": "delivered",
        "SmsStatus": "delivered",
        "To": "+15558675310",
    }

    page = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert "RSOYDt4T1cUTdK1PDd93/VVr8B8=" == signature("12345", page, call)
    page = "https://example.com/sms/status?x=1"
    assert "9TG8YgnKxfFYGGFQNXpXt1674kM=" == signature("12345", page, status)
