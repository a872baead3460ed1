"""Codes by the Management API: sent, replaced, tried, expired, consumed; and what refuses them."""

import asyncio
import random

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


@pytest.mark.parametrize("document", [{}, {"phone": ""}, {"phone": 5}, [], [1]])
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
    assert 404 == otp.get("/api/sentinel-activities").status


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
        reply = run(otp.app, full_environ(call, 1))
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


async def at_once(otp, count, phone=PHONE):
    """Requests that are all under way before the first is answered."""

    async def one():
        with otp.app.test_request_context(
            "/api/verification-codes", method="POST", json={"phone": phone}
        ) as context:
            response = otp.app.full_dispatch_request()
            later = context.request.environ.get("simulators.later")
        return await later() if later else response

    return await asyncio.gather(*[one() for _ in range(count)])


def test_of_many_requests_at_once_ten_are_sent(otp):
    """A place is taken before the provider is asked: nobody slips in until it has answered."""
    answers = asyncio.run(at_once(otp, 64))

    assert [204] * 10 + [429] * 54 == sorted(answer.status_code for answer in answers)
    assert 10 == len(otp.carrier.sent)


def test_places_of_failed_sends_are_given_back(otp):
    """However many fail at once, ten more are sent afterwards."""
    otp.carrier.answer = Incoming(500, b"down")
    asyncio.run(at_once(otp, 10))
    otp.carrier.answer = Incoming(200, b"{}")

    assert [204] * 10 + [429] == [otp.request().status for _ in range(11)]


def test_a_place_that_was_forgiven_is_not_given_back_twice(otp):
    """While a send that fails is under way."""

    async def forgiven(_outgoing):
        otp.service.state.sends.pop(PHONE, otp.now)
        raise OSError("down")

    otp.carrier.send = forgiven
    assert 400 == otp.request().status

    assert 0 == len(otp.service.state.sends)


@pytest.mark.parametrize(
    ("one", "other"), [("447700900123", "4407700900123"), ("61412345678", "610412345678")]
)
def test_two_spellings_of_a_number_are_one(otp, one, other):
    """With and without the zero of the trunk: one limit, one person."""
    sent = [otp.request(phone).status for _ in range(5) for phone in (one, other)]
    made = otp.post("/api/users", {"primaryPhone": other}).json
    again = otp.post("/api/users", {"primaryPhone": one})

    assert [204] * 10 == sent
    assert [429, 429] == [otp.request(phone).status for phone in (one, other)]
    assert one == made["primaryPhone"]
    assert (422, "user.phone_already_in_use") == (again.status, again.code)
    otp.post("/api/sentinel-activities/delete", {"targetType": "User", "targets": [other]})
    assert 204 == otp.request(one).status


def test_an_attempt_that_succeeds_is_no_failure(otp):
    """Any number of right codes locks nobody out, nor do they lift what wrong ones did."""
    otp.allow_phones(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 5})
    otp.begin("SignIn")
    for _ in range(5):
        otp.proven("SignIn")
    record = otp.send("SignIn").json["verificationId"]
    told = [otp.prove(record, code="x").code for _ in range(3)]

    assert [
        "verification_code.code_mismatch",
        "verification_code.code_mismatch",
        "session.verification_blocked_too_many_attempts",
    ] == told


def test_a_success_between_failures_counts_for_nothing(otp):
    """Two failures, a success, and the third failure is the one that locks out."""
    otp.allow_phones(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 5})
    otp.begin("SignIn")
    record = otp.send("SignIn").json["verificationId"]
    told = [otp.prove(record, code="x").code for _ in range(2)]
    right = otp.prove(record).status
    record = otp.send("SignIn").json["verificationId"]
    third = otp.prove(record, code="x").code

    assert ["verification_code.code_mismatch"] * 2 == told
    assert (200, "session.verification_blocked_too_many_attempts") == (right, third)


def test_ids_are_letters_and_digits_and_a_seed_repeats_them(make):
    """Of the length that is asked for; another seed gives others."""
    first, same, other = (make().service for _ in range(3))
    for service, seed in ((first, 7), (same, 7), (other, 8)):
        object.__setattr__(service, "chance", random.Random(seed))
    ids = [[service.id(length) for length in (12, 21, 43)] for service in (first, same, other)]

    assert ids[0] == ids[1] != ids[2]
    assert [12, 21, 43] == [len(one) for one in ids[0]]
    assert set("".join(ids[0])) <= set("0123456789abcdefghijklmnopqrstuvwxyz")
