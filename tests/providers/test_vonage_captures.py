"""Recorded requests, replayed byte for byte over TLS under Vonage's host name."""

import re
from urllib.parse import unquote_plus

import pytest

SIGNED = [f"vonage-python-sig-{name}" for name in ("md5", "sha1", "sha256", "sha512")]
UNSIGNED = ["vonage-python", "vonage-requests-form", "vonage-requests-query"]
NOT_NUMERIC = {"status": "3", "error-text": "to address is not numeric"}
INVALID_SIGNATURE = {"status": "14", "error-text": "Invalid Signature"}


def freeze_at_timestamp(sms, request):
    """Puts the account's clock where the client's was."""
    stamp = int(re.search(r"timestamp=(\d+)", request["body"])[1])
    sms.simulators.call(lambda: sms.world.clock.freeze(float(stamp)))


def setting(sms, **values):
    sms.settings("vonage", {"vonage": values})


def only(answer):
    """The one message of an answer that is right in everything around it."""
    assert 200 == answer.status
    assert "application/json" == answer.headers["content-type"]
    body = answer.json()
    assert "1" == body["message-count"]
    (message,) = body["messages"]
    return message


def test_logto_s_connector_is_answered_as_vonage_would(default, replay, captures):
    """A number with a plus is not numeric, one with 00 in front leads nowhere; all others go."""
    statuses = {}
    for capture in captures("logto-vonage-sms"):
        statuses[capture["case"]] = only(replay(capture["requests"][0]))["status"]

    assert "6" == statuses.pop("to-cn-0086")
    assert ["3", "3"] == [statuses.pop("to-cn-e164"), statuses.pop("to-us-e164")]
    assert {"0"} == set(statuses.values())
    assert len(statuses) == len(default.messages())


def test_logto_s_text_beyond_the_gsm_alphabet_arrives_as_question_marks(default, replay, captures):
    """Without `type=unicode`, which Logto never sets, Vonage does not switch by itself."""
    (capture,) = [c for c in captures("logto-vonage-sms") if c["case"] == "unicode"]
    replay(capture["requests"][0])

    (message,) = default.messages()
    assert message.text.startswith("??? ??? 1+2&3% *~'\"? ? ??? ? ñ & + %")


@pytest.mark.parametrize("client", UNSIGNED)
def test_forms_and_queries_are_read_alike(client, default, replay, captures):
    """Basic or key and secret, form or query: the text arrives as it was meant."""
    for capture in captures(client):
        message = only(replay(capture["requests"][0]))
        if capture["case"] == "e164":
            assert message == NOT_NUMERIC
        else:
            assert "0" == message["status"]
            assert default.messages()[0].text == capture["message"]["text"]


@pytest.mark.parametrize("client", SIGNED)
def test_vonage_python_s_signatures_are_right_to_the_lenient(client, default, replay, captures):
    """It signs unset fields as `None` and does not send them, so the documented check fails."""
    for capture in captures(client):
        (request,) = capture["requests"]
        freeze_at_timestamp(default, request)
        setting(default)
        strictly = only(replay(request))
        setting(default, lenient_signatures=True)
        leniently = only(replay(request))

        assert strictly == INVALID_SIGNATURE
        if capture["case"] == "e164":
            assert leniently == NOT_NUMERIC
        else:
            assert "0" == leniently["status"]
    sent = [c["message"]["text"] for c in captures(client) if c["case"] != "e164"]
    assert sent == [message.text for message in default.messages()][::-1]


@pytest.mark.parametrize("client", SIGNED)
def test_one_signed_byte_changed_is_an_invalid_signature(client, default, replay, captures):
    """A digit of the text, of the number, of the time, and one of the signature itself."""
    setting(default, lenient_signatures=True)
    (request,) = captures(client)[0]["requests"]
    freeze_at_timestamp(default, request)
    sig = re.search("sig=([0-9a-f]+)", request["body"])[1]
    changes = [
        ("123456", "123457"),
        ("to=15551234567", "to=15551234568"),
        ("from=AcmeInc", "from=AcmeInd"),
        ("timestamp=179524846", "timestamp=179524845"),
        (f"sig={sig}", f"sig={'1' if sig[0] == '0' else '0'}{sig[1:]}"),
    ]

    for old, new in changes:
        changed = {**request, "body": request["body"].replace(old, new)}
        assert changed["body"] != request["body"]
        assert only(replay(changed)) == INVALID_SIGNATURE, unquote_plus(new)
    assert [] == default.messages()


@pytest.mark.parametrize("client", SIGNED)
def test_a_signature_is_stale_after_five_minutes(client, default, replay, captures):
    """Either way; the real tolerance is not documented."""
    setting(default, lenient_signatures=True)
    (request,) = captures(client)[0]["requests"]
    for seconds, expected in [(-301, "14"), (-300, "0"), (300, "0"), (301, "14")]:
        freeze_at_timestamp(default, request)
        default.simulators.call(lambda by=seconds: default.world.clock.advance(by))

        assert expected == only(replay(request))["status"]
