"""Vonage's inbound messages: by the account's method, signed as its receipts are."""

from urllib.parse import parse_qsl

import pytest
import requests
from vonage import Auth

from simulators.kernel import optouts
from simulators.kernel.contracts import contract
from simulators.testing.sms import Sms

PHONE = "+447700900001"


@pytest.fixture
def inbound(sms, httpserver):
    """A fresh account with a webhook for inbound messages, its clock stopped."""
    sms.clock.freeze("2026-01-02T03:04:05Z")
    httpserver.expect_request("/inbound").respond_with_data("", status=204)
    sms.webhooks("vonage", inbound=httpserver.url_for("/inbound?user=1"))
    return sms


def arrived(sms, httpserver):
    """What came for this account, each held against the contract; the URL's own query is kept. The
    server is the session's: a callback of a test before may still come in."""
    ours = sms.credentials("vonage")["api_key"]
    sms.clock.advance(0)
    found = []
    for request, _answer in httpserver.log:
        query = dict(request.args)
        assert "1" == query.pop("user", "1")
        form = dict(parse_qsl(request.get_data(as_text=True)))
        body = request.get_json() if request.is_json else form or None
        document = {"method": request.method, "path": request.path, "headers": {}}
        validate = contract("vonage", "inbound-message").validate
        assert [] == validate({**document, "query": query, "body": body})
        found.append(query if request.method == "GET" else body)
    return [fields for fields in found if fields["api-key"] == ours]


@pytest.mark.parametrize("method", ["GET", "POST", "POST-JSON"])
def test_a_reply_comes_by_the_method_of_the_account(method, inbound, httpserver):
    """`msisdn` is the phone; what answers a name comes to the account's number."""
    inbound.settings("vonage", {"vonage": {"webhook_method": method}})
    kept = inbound.reply("vonage", PHONE, "Stop it & go")

    assert [
        {
            "api-key": inbound.credentials("vonage")["api_key"],
            "msisdn": "447700900001",
            "to": inbound.credentials("vonage")["number"],
            "messageId": kept.id,
            "text": "Stop it & go",
            "type": "text",
            "keyword": "STOP",
            "message-timestamp": "2026-01-02 03:04:05",
        }
    ] == arrived(inbound, httpserver)
    assert [] == optouts.listed(inbound.world)


def test_a_reply_that_gsm_cannot_spell_is_unicode(inbound, httpserver):
    """And the number that is answered is the one it was sent to."""
    inbound.reply("vonage", PHONE, "да, это я", to="447700900123")

    (message,) = arrived(inbound, httpserver)

    told = [message[name] for name in ("type", "keyword", "to")]
    assert ["unicode", "ДА,", "447700900123"] == told


@pytest.mark.parametrize(("method", "name"), [("sha256hmac", "sha256"), ("sha512hmac", "sha512")])
def test_the_sdk_accepts_the_signature_of_a_reply(method, name, sms_server, httpserver):
    """`Auth.check_signature` of vonage-python."""
    httpserver.expect_request("/inbound").respond_with_data("")
    chosen = {"vonage": {"signature_method": method}}
    sms = Sms(sms_server, sms_server.call(lambda: sms_server.accounts.add("signed-mo", chosen)))
    sms.settings("vonage", {"vonage": {"signed_webhooks": True}})
    sms.reply("vonage", PHONE, "yes, it was me", url=httpserver.url_for("/inbound"))
    (message,) = arrived(sms, httpserver)
    known = sms.credentials("vonage")
    secret = known["signature_secret"]
    auth = Auth(api_key=known["api_key"], signature_secret=secret, signature_method=name)
    sms_server.call(lambda: sms_server.accounts.drop("signed-mo"))

    assert auth.check_signature(dict(message))
    assert not auth.check_signature({**message, "text": "no"})


def test_the_account_s_settings_set_the_webhook(sms, httpserver):
    """`moCallBackUrl`, as the SDK and the dashboard set it."""
    httpserver.expect_request("/mo").respond_with_data("")
    known = sms.credentials("vonage")
    own = {"api_key": known["api_key"], "api_secret": known["api_secret"]}
    form = {**own, "moCallBackUrl": httpserver.url_for("/mo")}
    answer = requests.post(sms.base_url("vonage") + "/account/settings", data=form, timeout=10)
    sms.reply("vonage", PHONE, "hello")

    (message,) = arrived(sms, httpserver)

    assert httpserver.url_for("/mo") == answer.json()["mo-callback-url"]
    assert "hello" == message["text"]


@pytest.mark.sms_allow_violations
def test_a_reply_that_nobody_takes_is_tried_for_a_day(inbound, httpserver):
    """206 and more acknowledge nothing."""
    httpserver.expect_request("/other").respond_with_data("", status=206)
    inbound.reply("vonage", PHONE, "hello", url=httpserver.url_for("/other"))
    for _ in range(30):
        inbound.clock.advance(3600)

    attempts = inbound.receipts()
    assert "given up" == attempts[-1]["state"]
    assert attempts[-1]["at"] - attempts[0]["at"] >= 86_400


def test_a_search_does_not_find_replies(inbound):
    """It is for what was sent."""
    kept = inbound.reply("vonage", PHONE, "hello")
    known = inbound.credentials("vonage")
    query = {"api_key": known["api_key"], "api_secret": known["api_secret"], "id": kept.id}

    answer = requests.get(inbound.base_url("vonage") + "/search/message", query, timeout=10)

    assert 404 == answer.status_code


def test_a_message_that_wants_no_receipt_gets_none(sms, httpserver):
    """`status-report-req` of 0 goes before the account's webhook."""
    sms.clock.freeze()
    sms.webhooks("vonage", receipts=httpserver.url_for("/dlr"))
    known = sms.credentials("vonage")
    own = {"api_key": known["api_key"], "api_secret": known["api_secret"]}
    form = {**own, "to": "447700900001", "from": "AcmeInc", "text": "hi", "status-report-req": "0"}
    sent = requests.post(sms.base_url("vonage") + "/sms/json", data=form, timeout=10)

    sms.clock.advance(60)

    assert "0" == sent.json()["messages"][0]["status"]
    assert [] == sms.receipts()
