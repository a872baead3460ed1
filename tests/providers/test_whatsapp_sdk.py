"""Clients of WhatsApp Cloud, unmodified, under Meta's own host name over TLS."""

from queue import Queue
from threading import Thread

import heyoo
import httpx
import pytest
from flask import Flask
from pywa import WhatsApp
from pywa.errors import (
    InvalidParameter,
    ReEngagementMessage,
    TemplateNotExists,
    WhatsAppError,
)
from pywa.types.templates import (
    AuthenticationBody,
    AuthenticationFooter,
    Buttons,
    CopyCodeOTPButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    TemplateStatus,
)
from werkzeug.serving import make_server

TO, E164 = "14155550123", "+14155550123"


@pytest.fixture
def connect(sms, vendor_dns):
    """Makes a client of the account of the test; closes it."""
    known = sms.credentials("whatsapp")
    with httpx.Client() as session:

        def make(**more):
            return WhatsApp(
                phone_id=known["phone_number_id"],
                waba_id=known["waba_id"],
                token=known["access_token"],
                session=session,
                **more,
            )

        yield make


def code(otp):
    return [AuthenticationBody.params(otp=otp), CopyCodeOTPButton.params(otp=otp)]


def test_pywa_sends_a_code(connect, sms):
    """By a template; its answer and its refusals are read as the client's own."""
    client, language = connect(), TemplateLanguage.ENGLISH_US

    sent = client.send_template(TO, "logto_sign_in", language, code("482913"))

    assert (sms.messages()[0].id, "accepted") == (sent.id, sent.status.value)
    assert "482913" == sms.wait_for_code(E164)
    with pytest.raises(TemplateNotExists):
        client.send_template(TO, "nobody_s", language, code("1"))
    sms.allow_violations()
    with pytest.raises(InvalidParameter, match="malformed"):
        client.send_message("12", "Hello")


def test_pywa_keeps_templates_and_reads_numbers(connect):
    """Applied for, listed, read and deleted."""
    client = connect()
    made = client.create_template(
        Template(
            name="mine",
            category=TemplateCategory.AUTHENTICATION,
            language=TemplateLanguage.ENGLISH_US,
            components=[
                AuthenticationBody(add_security_recommendation=True),
                AuthenticationFooter(code_expiration_minutes=5),
                Buttons(buttons=[CopyCodeOTPButton(text="Copy")]),
            ],
        )
    )

    listed = client.get_templates()
    read = client.get_template(made.id)

    assert TemplateStatus.PENDING == made.status == read.status
    assert made.id in [one.id for one in listed]
    assert listed.total_count == len(listed)
    assert [AuthenticationBody, AuthenticationFooter, Buttons] == [type(c) for c in read.components]
    assert client.delete_template("mine").success
    assert "sms-simulators" == client.get_business_phone_number().verified_name
    assert 1 == len(client.get_business_phone_numbers())


def test_pywa_verifies_its_webhook_and_hears_of_what_comes(connect, sms):
    """It knows the signature, what failed and what a person wrote, and answers that."""
    known, heard = sms.credentials("whatsapp"), Queue()
    app = Flask(__name__)
    client = connect(server=app, verify_token="mine", app_secret=known["app_secret"])

    @client.on_message_status
    def _status(_client, status):
        heard.put((status.status.value, status.error))

    @client.on_message
    def _message(_client, message):
        message.mark_as_read()
        message.reply("Bye")
        heard.put((message.text, None))

    server = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        token = client.get_app_access_token(known["app_id"], known["app_secret"])
        with pytest.raises(WhatsAppError, match="Callback verification failed"):
            client.set_app_callback_url(
                app_id=known["app_id"],
                app_access_token=token,
                callback_url=f"http://127.0.0.1:{server.server_port}",
                verify_token="another",
                fields=("messages",),
            )
        assert client.set_app_callback_url(
            app_id=known["app_id"],
            app_access_token=token,
            callback_url=f"http://127.0.0.1:{server.server_port}",
            verify_token="mine",
            fields=("messages",),
        ).success
        client.send_template(TO, "logto_sign_in", TemplateLanguage.ENGLISH_US, code("482913"))
        client.send_message("+447911123456", "Hello")
        sms.clock.advance(10)
        told = [heard.get(timeout=10) for _ in range(3)]
        sms.reply("whatsapp", E164, "Hi")
        wrote = heard.get(timeout=10)
    finally:
        server.shutdown()
        server.server_close()

    assert {"sent", "delivered", "failed"} == {word for word, _error in told}
    assert [ReEngagementMessage] == [type(error) for _word, error in told if error]
    assert ("Hi", None) == wrote
    assert ("Bye", E164) == (sms.messages()[0].text, sms.messages()[0].to)


def test_heyoo_sends_and_reads_what_comes_back(sms, vendor_dns):
    """Free words, and a template with its components."""
    known = sms.credentials("whatsapp")
    client = heyoo.WhatsApp(known["access_token"], phone_number_id=known["phone_number_id"])
    parameters = [{"type": "text", "text": "482913"}]
    button = {"type": "button", "sub_type": "url", "index": 0, "parameters": parameters}
    body = {"type": "body", "parameters": parameters}

    sent = client.send_template("logto_generic", TO, [body, button], "en_US")
    assert sent["messages"][0]["id"] == sms.messages()[0].id
    assert "482913" == sms.wait_for_code(E164)
    assert TO == client.send_message("Hello", TO)["contacts"][0]["wa_id"]
    assert {"success": True} == client.mark_as_read("wamid.A")
    refused = client.send_template("nobody_s", TO, [body, button], "en_US")
    assert 132001 == refused["error"]["code"]
