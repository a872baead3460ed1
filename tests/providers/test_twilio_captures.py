"""Recorded requests, replayed byte for byte over TLS under Twilio's host name."""


def test_accepts_what_the_logto_connector_sends(default, replay, captures):
    """Each recorded send of the Logto connector is answered 201 and kept, but one bad number."""
    answers = {}
    for capture in captures("logto-twilio-sms"):
        answers[capture["case"]] = replay(capture["requests"][0]).status

    assert answers.pop("to-cn-0086") == 400
    assert set(answers.values()) == {201}
    assert len(default.messages()) == len(answers)
