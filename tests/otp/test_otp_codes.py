"""Codes by the Management API: sent, replaced, tried, expired, consumed; and what refuses them."""

import pytest

from simulators.otp.connector import Crash, Incoming

PHONE = "15005550009"
OTHER = "447700900123"


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_is_sent_and_verifies_once(otp):
    """Six digits, of usage type Generic; the second time there is none."""
    requested = otp.request()
    code = otp.sent_code()

    assert (204, b"") == (requested.status, requested.body)
    assert (6, True) == (len(code), code.isdigit())
    assert (PHONE, "Generic", {"code": code}) == (
        otp.carrier.sent[0].to,
        otp.carrier.sent[0].usage,
        otp.carrier.sent[0].payload,
    )
    assert (204, b"") == ((first := otp.verify(code)).status, first.body)
    assert "verification_code.not_found" == otp.verify(code).code


def test_the_connector_is_told_the_client_s_address(otp):
    """The HTTP SMS connector passes it on."""
    otp.request()

    assert "192.0.2.7" == otp.carrier.sent[0].ip


def test_a_code_may_begin_with_zeros(otp):
    """It has six digits all the same."""
    otp.service.chance.randrange = lambda _most: 43
    otp.request()

    assert "000043" == otp.sent_code()
    assert 204 == otp.verify("000043").status


def test_a_number_is_digits_alone(otp):
    """With a plus it breaks the guard, and nothing is sent."""
    answer = otp.request("+15005550009")

    assert (400, "guard.invalid_input") == (answer.status, answer.code)
    assert "The request body is invalid." == answer.json["message"]
    assert "ZodError" == answer.json["data"]["name"]
    assert [] == otp.carrier.sent


@pytest.mark.parametrize("document", [{}, {"phone": ""}, {"phone": 5}, [], "text", None])
def test_a_request_without_a_number_breaks_the_guard(otp, document):
    """Whatever its shape."""
    assert "guard.invalid_input" == otp.post("/api/verification-codes", document).code


def test_an_empty_code_breaks_the_guard(otp):
    """A code of any other length is compared."""
    otp.request()

    assert "guard.invalid_input" == otp.verify("").code
    assert "verification_code.code_mismatch" == otp.verify("x" * 5000).code


def test_a_new_code_replaces_the_old_one(otp):
    """The old one is then a mismatch."""
    otp.request()
    old = otp.sent_code()
    otp.request()

    assert "verification_code.code_mismatch" == otp.verify(old).code
    assert 204 == otp.verify(otp.sent_code()).status


def test_a_code_is_for_its_number_alone(otp):
    """Another number has none."""
    otp.request()
    refused = otp.verify(otp.sent_code(), OTHER)

    assert (400, "verification_code.not_found") == (refused.status, refused.code)
    assert (
        "Verification code not found. Please send verification code first."
        == refused.json["message"]
    )


def test_the_eleventh_try_is_refused_even_with_the_right_code(otp):
    """Ten wrong ones are mismatches."""
    otp.request()
    code = otp.sent_code()
    tried = [otp.verify(wrong(code)) for _ in range(10)]
    last = otp.verify(code)

    assert {(400, "verification_code.code_mismatch")} == {(t.status, t.code) for t in tried}
    assert "Invalid verification code." == tried[0].json["message"]
    assert (400, "verification_code.exceed_max_try") == (last.status, last.code)


def test_a_code_lives_ten_minutes(otp):
    """To the second."""
    otp.request()
    otp.now += 600
    in_time = otp.verify(wrong(otp.sent_code()))
    otp.now += 1
    late = otp.verify(otp.sent_code())

    assert "verification_code.code_mismatch" == in_time.code
    assert (400, "verification_code.expired") == (late.status, late.code)


def test_an_expired_code_is_told_before_too_many_tries(otp):
    """That is the order of the checks."""
    otp.request()
    for _ in range(11):
        otp.verify(wrong(otp.sent_code()))
    otp.now += 601

    assert "verification_code.expired" == otp.verify(otp.sent_code()).code


def test_the_policy_is_read_when_a_code_is_verified(otp):
    """So it applies to codes that were sent before."""
    otp.request()
    otp.patch("/api/sign-in-exp", {"verificationCodePolicy": {"maxRetryAttempts": 2}})
    tried = [otp.verify(wrong(otp.sent_code())).code for _ in range(3)]

    assert ["code_mismatch", "code_mismatch", "exceed_max_try"] == [
        code.partition(".")[2] for code in tried
    ]


def test_the_policy_may_shorten_the_life(otp):
    """To a minute at the least."""
    policy = {"verificationCodePolicy": {"expirationDuration": 60}}
    otp.request()

    assert 200 == otp.patch("/api/sign-in-exp", policy).status
    otp.now += 61
    assert "verification_code.expired" == otp.verify(otp.sent_code()).code


def test_without_a_connector_there_is_501_and_a_code_nobody_got(make):
    """The code before it is gone: the new one is written before the connector is looked for."""
    otp = make()
    otp.connect()
    otp.request()
    old = otp.sent_code()
    otp.delete(f"/api/connectors/{otp.get('/api/connectors').json[0]['id']}")
    refused = otp.request()

    assert (501, "connector.not_found") == (refused.status, refused.code)
    assert "Cannot find any available connector for type: Sms." == refused.json["message"]
    assert "verification_code.code_mismatch" == otp.verify(old).code


def test_a_failed_send_leaves_a_live_code(otp):
    """The provider refused, the code verifies."""
    otp.carrier.answer = Incoming(500, b"down")
    refused = otp.request()

    assert (400, "connector.general") == (refused.status, refused.code)
    assert {"message": "down"} == refused.json["data"]
    assert 'Error occurred in connector: {"message":"down"}' == refused.json["message"]
    assert 204 == otp.verify(otp.sent_code()).status


def test_a_provider_that_does_not_answer_is_reported_unless_the_service_is_faithful(otp, make):
    """Logto answers 500; a careful connector says why nothing was handed off."""
    faithful = make(faithful=True)
    faithful.connect()
    for service in (otp, faithful):
        service.carrier.answer = OSError("read ECONNRESET")
    careful = otp.request()

    assert (400, "connector.general") == (careful.status, careful.code)
    assert {"errorDescription": "read ECONNRESET"} == careful.json["data"]
    assert {"message": "Internal server error."} == faithful.request().json


def test_a_provider_s_throttle_is_429(otp):
    """Where the connector knows it for one."""
    otp.carrier.answer = Incoming(200, b"refused")
    answer = otp.request()

    assert (429, "connector.rate_limit_exceeded") == (answer.status, answer.code)
    assert "Trigger rate limit. Please try again later." == answer.json["message"]
    assert {"errorDescription": "refused"} == answer.json["data"]


def test_a_faithful_service_has_logto_s_blind_spots(make):
    """A refusal under 200 counts as sent."""
    otp = make(faithful=True)
    otp.connect()
    otp.carrier.answer = Incoming(200, b"refused")

    assert 204 == otp.request().status


def test_the_eleventh_send_in_ten_minutes_is_refused(otp):
    """Before anything is made: the last code stays good. Failed sends are not counted."""
    otp.carrier.answer = Incoming(500, b"down")
    otp.request()
    otp.carrier.answer = Incoming(200, b"{}")
    answers = [otp.request().status for _ in range(10)]
    last = otp.sent_code()
    refused = otp.request()

    assert [204] * 10 == answers
    assert (429, "request.message_rate_limited") == (refused.status, refused.code)
    assert (
        "Too many messages sent to this recipient. Please try again later."
        == refused.json["message"]
    )
    assert 11 == len(otp.carrier.sent)
    assert 204 == otp.request(OTHER).status
    assert 204 == otp.verify(last).status


def test_the_window_of_sends_rolls(otp):
    """Each send leaves it ten minutes after it came in."""
    for _ in range(10):
        otp.request()
        otp.now += 60
    otp.now += 1

    assert 204 == otp.request().status
    assert 429 == otp.request().status


def test_the_sends_per_recipient_may_be_raised(make):
    """As `messageRateLimitOverride` raises it in Logto."""
    otp = make(sends_per_recipient=12)
    otp.connect()

    assert [204] * 12 + [429] == [otp.request().status for _ in range(13)]


def test_deleting_activities_lifts_the_limit_of_a_recipient(otp):
    """There is no way to read them."""
    for _ in range(11):
        otp.request()
    document = {"targetType": "User", "targets": [PHONE]}

    assert 429 == otp.request().status
    assert 204 == otp.post("/api/sentinel-activities/delete", document).status
    assert 204 == otp.request().status
    assert 404 == otp.get("/api/sentinel-activities/delete").status


def test_a_wrong_code_locks_nobody_out_here(otp):
    """The Management API is not watched by the sentinel."""
    otp.patch("/api/sign-in-exp", {"sentinelPolicy": {"maxAttempts": 1, "lockoutDuration": 5}})
    otp.request()

    assert ["verification_code.code_mismatch"] * 3 == [
        otp.verify(wrong(otp.sent_code())).code for _ in range(3)
    ]


def test_an_address_has_no_connector(otp):
    """There are none for e-mail, and codes for addresses are never sent."""
    refused = otp.post("/api/verification-codes", {"email": "a@example.com"})
    tried = {"email": "a@example.com", "verificationCode": "x"}

    assert (501, "connector.not_found") == (refused.status, refused.code)
    assert "Cannot find any available connector for type: Email." == refused.json["message"]
    assert (
        "verification_code.code_mismatch" == otp.post("/api/verification-codes/verify", tried).code
    )


def test_a_client_that_leaves_does_not_stop_the_send(otp):
    """The work goes on, as it does in Logto."""
    import asyncio

    from simulators.kernel.call import Call
    from simulators.server.arrival import full_environ
    from simulators.server.loop import run

    body = b'{"phone": "15005550009"}'
    headers = {"host": "otp.example", "content-type": "application/json"}
    call = Call("POST", "/api/verification-codes", "", headers, body)

    async def leave():
        reply = run(otp._app, full_environ({"server": ("127.0.0.1", 1)}, call))
        waiting = asyncio.ensure_future(reply.later())
        await asyncio.sleep(0)
        waiting.cancel()
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(leave())

    assert 1 == len(otp.service.state.sends)


def test_a_fault_of_a_connector_is_not_shown(otp):
    """It is an internal error, as in Logto."""
    otp.carrier.answer = Crash("anything")

    assert {"message": "Internal server error."} == otp.request().json
