"""Replies from phones: handed over as the provider does, and what their keywords do."""

from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from simulators.kernel import optouts
from simulators.kernel.checks import Unacceptable

PHONE = "+15558675310"


def test_a_reply_reaches_the_application_signed(sms, httpserver):
    """A form that RequestValidator of twilio-python accepts, at the URL set for it."""
    httpserver.expect_request("/inbound", method="POST").respond_with_data("<Response/>")
    url = httpserver.url_for("/inbound")
    sms.webhooks("twilio", inbound=url)

    sms.reply("twilio", PHONE, "yes, it was me")
    sms.clock.advance(0)

    request, _ = httpserver.log[0]
    form = dict(parse_qsl(request.get_data(as_text=True)))
    token = sms.credentials("twilio")["auth_token"]
    assert ("yes, it was me", PHONE) == (form["Body"], form["From"])
    assert sms.credentials("twilio")["number"] == form["To"]
    assert "OptOutType" not in form
    assert RequestValidator(token).validate(url, form, request.headers["X-Twilio-Signature"])


def test_a_reply_is_no_message_of_the_account(sms):
    """The inbox shows what was sent; replies are listed on their own."""
    sms.reply("twilio", PHONE, "hello")

    assert [] == sms.messages()
    assert ["hello"] == [m.text for m in sms.world.messages(inbound=True)]


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe"])
def test_stop_opts_out_and_start_opts_in_again(word, sms):
    """Twilio keeps the list: the application need not do anything."""
    sms.reply("twilio", PHONE, word)
    stopped = optouts.listed(sms.world)

    sms.reply("twilio", PHONE, "START")

    assert ([PHONE], []) == (stopped, optouts.listed(sms.world))


def test_the_application_is_told_of_an_opt_out(sms, httpserver):
    """`OptOutType` says what the keyword meant."""
    httpserver.expect_request("/inbound").respond_with_data("")
    sms.reply("twilio", PHONE, "STOP", url=httpserver.url_for("/inbound"))

    sms.clock.advance(0)

    request, _ = httpserver.log[0]
    assert "STOP" == dict(parse_qsl(request.get_data(as_text=True)))["OptOutType"]


@pytest.mark.sms_allow_violations
def test_a_reply_that_nobody_takes_is_tried_again_and_logged(sms, httpserver):
    """As with receipts: attempts and what each answer lacked."""
    httpserver.expect_request("/inbound").respond_with_data("", status=500)
    sms.clock.freeze()
    sms.reply("twilio", PHONE, "hello", url=httpserver.url_for("/inbound"))

    sms.clock.advance(60)
    sms.clock.advance(60)

    assert ["retrying", "given up"] == [entry["state"] for entry in sms.receipts()]
    assert ["inbound", "inbound"] == [entry["operation"] for entry in sms.violations()]


def test_a_provider_without_replies_says_so(sms):
    """The HTTP SMS webhook has no way back."""
    with pytest.raises(Unacceptable, match="hands over no replies"):
        sms.reply("http_sms", PHONE, "hello")


def test_receipts_go_to_the_account_s_url_when_a_send_names_none(sms, httpserver):
    """The console setting that most accounts use."""
    from urllib.request import Request, urlopen

    httpserver.expect_request("/status").respond_with_data("")
    sms.webhooks("twilio", receipts=httpserver.url_for("/status"))
    sms.clock.freeze()
    known = sms.credentials("twilio")
    import base64
    from urllib.parse import urlencode

    form = {"To": PHONE, "From": known["number"], "Body": "code 123456"}
    pair = f"{known['account_sid']}:{known['auth_token']}".encode()
    url = f"{sms.base_url('twilio')}/2010-04-01/Accounts/{known['account_sid']}/Messages.json"
    request = Request(  # noqa: S310 - our own server
        url,
        urlencode(form).encode(),
        {"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
    )
    with urlopen(request) as answer:  # noqa: S310 - our own server
        assert 201 == answer.status

    sms.clock.advance(60)

    assert ["sent", "delivered"] == [entry["reports"] for entry in sms.receipts()]
