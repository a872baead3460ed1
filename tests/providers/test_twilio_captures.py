"""Recorded requests, replayed byte for byte over TLS under Twilio's host name."""

import pytest

from simulators.kernel.contracts import contract

KNOWN = "SM0123456789abcdef0123456789abcdef"


def test_accepts_what_the_logto_connector_sends(default, replay, captures):
    """Each recorded send of the Logto connector is answered 201 and kept, but one bad number."""
    answers = {}
    for capture in captures("logto-twilio-sms"):
        answers[capture["case"]] = replay(capture["requests"][0]).status

    assert answers.pop("to-cn-0086") == 400
    assert set(answers.values()) == {201}
    assert len(default.messages()) == len(answers)


def test_says_why_it_refuses_a_number_that_begins_with_zeroes(default, replay, captures):
    """Logto puts a plus before 0086...: Twilio's 21211, the number masked."""
    (capture,) = [c for c in captures("logto-twilio-sms") if c["case"] == "to-cn-0086"]

    answer = replay(capture["requests"][0])

    assert answer.json() == {
        "code": 21211,
        "message": "Invalid 'To' Phone Number: +00861301234XXXX",
        "more_info": "https://www.twilio.com/docs/errors/21211",
        "status": 400,
    }


@pytest.mark.parametrize("case", ["api-key", "basic", "e164", "many-params", "unicode"])
def test_accepts_what_the_sdk_sends(case, default, replay, captures):
    """A recorded send of twilio-python is answered 201 by a message that keeps its schema."""
    (capture,) = [c for c in captures("twilio-python") if c["case"] == case]

    answer = replay(capture["requests"][0])

    assert 201 == answer.status
    assert [] == contract("twilio", "create-message", "response.schema").validate(answer.json())
    assert "queued" == answer.json()["status"]
    (message,) = default.messages()
    assert message.id == answer.json()["sid"]
    assert message.text == answer.json()["body"]


def test_a_service_picks_nobody_at_once(default, replay, captures):
    """The recorded send with a service has no sender and no segments yet."""
    (capture,) = [c for c in captures("twilio-python") if c["case"] == "messaging-service"]

    found = replay(capture["requests"][0]).json()

    assert ("accepted", None, "0") == (found["status"], found["from"], found["num_segments"])
    assert "MG00112233445566778899aabbccddeeff" == found["messaging_service_sid"]


@pytest.mark.parametrize("case", ["fetch", "redact", "remove"])
def test_a_recorded_request_for_an_unknown_message_is_refused(case, default, replay, captures):
    """Fetch, redact and remove of a SID that nobody was given: 404 with the path in the text."""
    (capture,) = [c for c in captures("twilio-python") if c["case"] == case]

    answer = replay(capture["requests"][0])

    assert 404 == answer.status
    assert 20404 == answer.json()["code"]
    assert f"/Messages/{KNOWN}.json was not found" in answer.json()["message"]


@pytest.mark.parametrize("case", ["list", "list-filter"])
def test_a_recorded_list_finds_what_was_sent(case, default, replay, captures):
    """The list requests of twilio-python, plain and by To and From."""
    recorded = {capture["case"]: capture["requests"][0] for capture in captures("twilio-python")}
    sid = replay(recorded["e164"]).json()["sid"]

    found = replay(recorded[case])

    assert 200 == found.status
    assert [] == contract("twilio", "list-messages", "response.schema").validate(found.json())
    assert [sid] == [message["sid"] for message in found.json()["messages"]]


def test_every_recorded_request_is_covered(captures):
    """No capture of twilio-python is left out of these tests."""
    cases = {capture["case"] for capture in captures("twilio-python")}

    assert cases <= {
        *("api-key", "basic", "e164", "many-params", "unicode", "messaging-service"),
        *("fetch", "redact", "remove", "list", "list-filter"),
    }


def test_regional_host_names_are_served(default, replay, captures):
    """api.{edge}.{region}.twilio.com has a certificate and answers like the main host."""
    (capture,) = [c for c in captures("twilio-python") if c["case"] == "e164"]
    host = "api.sydney.au1.twilio.com"
    headers = [[k, host if k == "Host" else v] for k, v in capture["requests"][0]["headers"]]

    answer = replay({**capture["requests"][0], "headers": headers}, host)

    assert 201 == answer.status
