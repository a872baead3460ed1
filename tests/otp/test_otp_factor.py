"""SMS as a second factor, the sentinel, and the Account API."""

import pytest

PHONE = "15005557143"
OTHER = "447700900123"
LOGIN = {"username": "ada", "password": "long enough", "primaryPhone": PHONE}


@pytest.fixture
def ada(otp):
    """Somebody with a password and a number, where SMS is the second factor."""
    otp.post("/api/users", LOGIN)
    mfa = {"factors": ["PhoneVerificationCode"], "policy": "Mandatory"}
    assert otp.patch("/api/sign-in-exp", {"mfa": mfa}).status == 200
    return otp


def enter(otp, name="ada", password=LOGIN["password"]):
    """The first factor: who it is by the password."""
    otp.begin("SignIn")
    document = {"identifier": {"type": "username", "value": name}, "password": password}
    answer = otp.post("/api/experience/verification/password", document)
    if answer.status == 200:
        assert otp.identify(answer.json["verificationId"]).status == 204
    return answer


def second(otp):
    """Has the code of the second factor sent."""
    path = "/api/experience/verification/mfa-verification-code"
    return otp.post(path, {"identifierType": "phone"})


def give(otp, record, code=None):
    """Gives it back."""
    document = {
        "identifierType": "phone",
        "verificationId": record,
        "code": otp.sent_code() if code is None else code,
    }
    return otp.post("/api/experience/verification/mfa-verification-code/verify", document)


def test_the_second_factor_is_asked_for_and_given(ada):
    """403 tells which there is, the number masked; with the code the sign-in is done."""
    enter(ada)
    refused = ada.submit()
    sent = second(ada)
    given = give(ada, sent.json["verificationId"])

    assert (403, "session.mfa.require_mfa_verification") == (refused.status, refused.code)
    assert {
        "availableFactors": ["PhoneVerificationCode"],
        "maskedIdentifiers": {"PhoneVerificationCode": "****7143"},
    } == refused.json["data"]
    assert "MfaVerification" == ada.carrier.sent[-1].usage
    assert sent.json == given.json
    assert 200 == ada.submit().status


def test_the_second_factor_s_code_keeps_the_rules(ada):
    """And its record is not one of the first."""
    enter(ada)
    record = second(ada).json["verificationId"]

    assert "verification_code.code_mismatch" == give(ada, record, "x").code
    assert "session.verification_session_not_found" == give(ada, "none").code
    assert "session.verification_session_not_found" == ada.prove(record, PHONE).code
    assert "user.sign_in_method_not_enabled" == ada.identify(record).code


def test_a_second_factor_needs_somebody(ada):
    """Who has a number."""
    ada.post("/api/users", {"username": "bob", "password": "long enough"})
    ada.begin("SignIn")
    nobody = second(ada)
    enter(ada, "bob")
    numberless = second(ada)

    assert (400, "session.identifier_not_found") == (nobody.status, nobody.code)
    assert (400, "session.mfa.mfa_factor_not_enabled") == (numberless.status, numberless.code)


def test_who_has_no_number_binds_one(ada):
    """The template is BindMfa; the number is the person's once the sign-in is done."""
    ada.post("/api/users", {"username": "bob", "password": "long enough"})
    enter(ada, "bob")
    missing = ada.submit()
    record = ada.proven("SignIn", OTHER)
    bound = ada.post(
        "/api/experience/profile/mfa",
        {"type": "PhoneVerificationCode", "verificationId": record},
    )
    done = ada.submit()

    assert (422, "user.missing_mfa") == (missing.status, missing.code)
    assert "BindMfa" == ada.carrier.sent[-1].usage
    assert (204, 200) == (bound.status, done.status)
    assert OTHER == ada.service.state.users.named("bob").phone


def test_a_number_somebody_has_is_not_bound(ada):
    """Nor one that was not proven, nor a second one."""
    ada.post("/api/users", {"username": "bob", "password": "long enough"})
    enter(ada, "bob")
    taken = ada.proven("SignIn", PHONE)
    path, kind = "/api/experience/profile/mfa", "PhoneVerificationCode"
    in_use = ada.post(path, {"type": kind, "verificationId": taken})
    unproven = ada.send("SignIn", OTHER).json["verificationId"]
    failed = ada.post(path, {"type": kind, "verificationId": unproven})

    assert (422, "user.phone_already_in_use") == (in_use.status, in_use.code)
    assert (400, "session.verification_failed") == (failed.status, failed.code)


def test_a_wrong_password_is_told_as_logto_does(ada):
    """Whether the person is known or not."""
    for name in ("ada", "nobody"):
        refused = enter(ada, name, "wrong")

        assert (422, "session.invalid_credentials") == (refused.status, refused.code)


def test_a_code_cannot_be_both_factors(otp):
    """Neither way around; nothing changes."""
    otp.allow_phones()
    mfa = {"factors": ["PhoneVerificationCode"], "policy": "Mandatory"}
    refused = otp.patch("/api/sign-in-exp", {"mfa": mfa})

    assert (400, "sign_in_experiences.phone_verification_code_cannot_be_used_for_mfa") == (
        refused.status,
        refused.code,
    )
    assert [] == otp.get("/api/sign-in-exp").json["mfa"]["factors"]


def test_a_sign_in_by_code_needs_a_connector(make):
    """Sign-up and sign-in alike; that a second factor does, Logto does not ask."""
    otp = make()
    method = {
        "identifier": "phone",
        "password": True,
        "verificationCode": True,
        "isPasswordPrimary": False,
    }
    for settings in (
        {"signUp": {"identifiers": ["phone"], "password": False, "verify": True}},
        {"signIn": {"methods": [method]}},
    ):
        refused = otp.patch("/api/sign-in-exp", settings)

        assert (400, "sign_in_experiences.enabled_connector_not_found") == (
            refused.status,
            refused.code,
        )
        assert "Enabled Sms connector not found." == refused.json["message"]


METHOD = {
    "identifier": "phone",
    "password": True,
    "verificationCode": True,
    "isPasswordPrimary": False,
}
SIGN_UP = {"identifiers": ["phone"], "password": False, "verify": True}


@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [
        ({"signUp": SIGN_UP | {"verify": False}}, 400, "passwordless_requires_verify"),
        ({"signUp": SIGN_UP | {"identifiers": ["email"]}}, 400, "enabled_connector_not_found"),
        (
            {"signUp": SIGN_UP | {"identifiers": ["phone", "phone"]}},
            400,
            "duplicated_sign_up_identifiers",
        ),
        (
            {"signIn": {"methods": [METHOD | {"identifier": "email"}]}},
            400,
            "enabled_connector_not_found",
        ),
        (
            {"signIn": {"methods": [METHOD | {"password": False, "verificationCode": False}]}},
            400,
            "at_least_one_authentication_factor",
        ),
        (
            {"signUp": SIGN_UP, "signIn": {"methods": [METHOD | {"verificationCode": False}]}},
            400,
            "code_sign_in_must_be_enabled",
        ),
        (
            {"forgotPasswordMethods": ["EmailVerificationCode"]},
            400,
            "forgot_password_method_requires_connector",
        ),
        (
            {"mfa": {"factors": ["Totp", "Totp"], "policy": "Mandatory"}},
            400,
            "duplicated_mfa_factors",
        ),
        (
            {"mfa": {"factors": ["BackupCode"], "policy": "Mandatory"}},
            400,
            "backup_code_cannot_be_enabled_alone",
        ),
        (
            {"mfa": {"factors": ["Totp"], "policy": "PromptOnlyAtSignInMandatory"}},
            422,
            "non_adaptive_mfa_requires_skippable_policy",
        ),
    ],
    ids=str,
)
def test_an_experience_that_logto_refuses_is_refused(otp, settings, status, code):
    """With its code, and nothing changes."""
    before = otp.get("/api/sign-in-exp").json
    refused = otp.patch("/api/sign-in-exp", settings)

    assert (status, f"sign_in_experiences.{code}") == (refused.status, refused.code)
    assert before == otp.get("/api/sign-in-exp").json


def test_no_attempts_at_all_lock_anybody_out(otp):
    """By `maxAttempts` 0 the first attempt is one too many, the right code too; for a time that
    no number makes endless."""
    for longest in (5, 1e300):
        otp.allow_phones(sentinelPolicy={"maxAttempts": 0, "lockoutDuration": longest})
        otp.begin("SignIn")
        record = otp.send("SignIn", OTHER).json["verificationId"]
        locked = otp.prove(record, OTHER)

        assert "session.verification_blocked_too_many_attempts" == locked.code
        otp.now += 600


def test_settings_are_kept_in_their_bounds(otp):
    """What is out of them breaks the guard."""
    for policy in (
        {"verificationCodePolicy": {"expirationDuration": 59}},
        {"verificationCodePolicy": {"expirationDuration": 3601}},
        {"verificationCodePolicy": {"maxRetryAttempts": 0}},
        {"verificationCodePolicy": {"maxRetryAttempts": 101}},
        {"signInMode": "Sometimes"},
        {"sentinelPolicy": {"maxAttempts": "3"}},
    ):
        refused = otp.patch("/api/sign-in-exp", policy)

        assert (400, "guard.invalid_input") == (refused.status, refused.code)


@pytest.fixture
def watched(otp):
    """A service that blocks for five minutes after three failures."""
    otp.allow_phones(sentinelPolicy={"maxAttempts": 3, "lockoutDuration": 5})
    otp.begin("SignIn")
    return otp


def test_the_third_failure_blocks(watched):
    """While blocked, a right code is used up and the answer stays."""
    record = watched.send("SignIn").json["verificationId"]
    tried = [watched.prove(record, code="x", phone="15005550009") for _ in range(3)]
    right = watched.prove(record)
    document = {"targetType": "User", "targets": ["15005550009"]}
    watched.post("/api/sentinel-activities/delete", document)
    after = watched.prove(record)

    assert ["verification_code.code_mismatch"] * 2 == [answer.code for answer in tried[:2]]
    for blocked in (tried[2], right):
        assert (400, "session.verification_blocked_too_many_attempts") == (
            blocked.status,
            blocked.code,
        )
        assert (
            "Too many attempts in a short time. Please try again in 5 minutes."
            == blocked.json["message"]
        )
    assert "verification_code.not_found" == after.code


def test_a_lockout_ends_and_the_next_failure_begins_another(watched):
    """The failures before it are still in the hour; a right code gets in."""
    record = watched.send("SignIn").json["verificationId"]
    for _ in range(3):
        watched.prove(record, code="x")
    watched.now += 301
    failed = watched.prove(record, code="x")
    watched.now += 301

    assert "session.verification_blocked_too_many_attempts" == failed.code
    assert 200 == watched.prove(watched.send("SignIn").json["verificationId"]).status


def test_the_time_left_is_told_in_minutes(watched):
    """One is told as one."""
    record = watched.send("SignIn").json["verificationId"]
    for _ in range(3):
        watched.prove(record, code="x")
    watched.now += 250

    assert watched.prove(record).json["message"].endswith("in 1 minute.")


def test_a_lockout_is_lifted_by_deleting_the_activities(watched):
    """Of that number alone."""
    record = watched.send("SignIn").json["verificationId"]
    for _ in range(3):
        watched.prove(record, code="x")
    document = {"targetType": "User", "targets": ["15005550009"]}
    watched.post("/api/sentinel-activities/delete", document)

    assert 200 == watched.prove(record).status


def test_failures_of_an_hour_ago_are_forgotten(watched):
    """The window rolls."""
    record = watched.send("SignIn").json["verificationId"]
    for _ in range(2):
        watched.prove(record, code="x")
    watched.now += 3601
    watched.begin("SignIn")
    record = watched.send("SignIn").json["verificationId"]

    assert "verification_code.code_mismatch" == watched.prove(record, code="x").code


def test_wrong_passwords_and_wrong_codes_are_counted_together(watched):
    """They are one pool."""
    record = watched.send("SignIn").json["verificationId"]
    document = {"identifier": {"type": "phone", "value": "15005550009"}, "password": "x"}
    for _ in range(2):
        watched.post("/api/experience/verification/password", document)

    assert "session.verification_blocked_too_many_attempts" == watched.prove(record, code="x").code


def test_a_hundred_failures_block_for_an_hour_by_default(otp):
    """With the policies of a fresh service but for the tries of a code."""
    otp.allow_phones(verificationCodePolicy={"maxRetryAttempts": 100})
    otp.begin("SignIn")
    record = otp.send("SignIn").json["verificationId"]
    tried = [otp.prove(record, code="x") for _ in range(100)]

    assert {"verification_code.code_mismatch"} == {answer.code for answer in tried[:99]}
    assert tried[99].json["message"].endswith("in 60 minutes.")


@pytest.fixture
def account(otp):
    """Somebody signed in, who may change the number; the headers of their requests."""
    otp.allow_phones()
    token = otp.tokens(otp.sign_up()).json["access_token"]
    otp.patch("/api/account-center", {"enabled": True, "fields": {"phone": "Edit"}})
    otp.headers = {"authorization": f"Bearer {token}"}
    return otp


OWN = "15005550009"


def ask_code(otp, phone, **more):
    document = {"identifier": {"type": "phone", "value": phone}} | more
    path = "/api/verifications/verification-code"
    return otp.post(path, document, headers=otp.headers)


def prove_number(otp, phone):
    """A verified record of the Account API."""
    record = ask_code(otp, phone).json["verificationRecordId"]
    document = {
        "identifier": {"type": "phone", "value": phone},
        "verificationId": record,
        "code": otp.sent_code(),
    }
    path = "/api/verifications/verification-code/verify"
    answer = otp.post(path, document, headers=otp.headers)
    assert {"verificationRecordId": record} == answer.json
    return record


def change(otp, phone, new, own):
    document = {"phone": phone, "newIdentifierVerificationRecordId": new}
    headers = otp.headers | {"logto-verification-id": own}
    return otp.post("/api/my-account/primary-phone", document, headers=headers)


def test_a_number_is_changed_by_two_proofs(account):
    """Of the old one, by the template of a permission, and of the new one, by that of a bond."""
    own = prove_number(account, OWN)
    first = account.carrier.sent[-1].usage
    new = prove_number(account, OTHER)
    second_usage = account.carrier.sent[-1].usage
    changed = change(account, OTHER, new, own)
    me = account.get("/oidc/me", headers=account.headers).json

    assert ("UserPermissionValidation", "BindNewIdentifier") == (first, second_usage)
    assert (204, b"") == (changed.status, changed.body)
    assert OTHER == me["phone_number"]


def test_a_record_is_told_with_its_end(account):
    """Ten minutes from now, in ISO 8601."""
    answer = ask_code(account, OWN)

    assert 201 == answer.status
    assert "2027-01-15T08:10:00.000Z" == answer.json["expiresAt"]


def test_one_s_own_number_may_be_proven_for_a_second_factor(account):
    """On request."""
    ask_code(account, OWN, templateType="BindMfa")

    assert "BindMfa" == account.carrier.sent[-1].usage


def test_what_is_lacking_for_a_change_is_told(account):
    """A proof of oneself, a proof of the number, the permission, a number nobody has."""
    own, new = prove_number(account, OWN), prove_number(account, OTHER)
    unproven = ask_code(account, OTHER).json["verificationRecordId"]
    account.post("/api/users", {"primaryPhone": "4512345678"})
    taken = prove_number(account, "4512345678")
    answers = [
        change(account, OTHER, new, ""),
        change(account, OTHER, new, new),
        change(account, OTHER, unproven, own),
        change(account, "4512345678", new, own),
        change(account, "4512345678", taken, own),
    ]
    account.patch("/api/account-center", {"fields": {"phone": "ReadOnly"}})
    answers.append(change(account, OTHER, new, own))
    account.patch("/api/account-center", {"enabled": False})
    answers.append(change(account, OTHER, new, own))

    assert [
        (401, "verification_record.permission_denied"),
        (401, "verification_record.permission_denied"),
        (400, "verification_record.not_found"),
        (400, "verification_record.not_found"),
        (422, "user.phone_already_in_use"),
        (400, "account_center.field_not_editable"),
        (400, "account_center.not_enabled"),
    ] == [(answer.status, answer.code) for answer in answers]


def test_a_password_proves_oneself_too(account):
    """Where there is one."""
    (user,) = account.service.state.users
    user.password = "long enough"
    path = "/api/verifications/password"
    wrong = account.post(path, {"password": "x"}, headers=account.headers)
    own = account.post(path, {"password": "long enough"}, headers=account.headers)
    new = prove_number(account, OTHER)

    assert (422, "session.invalid_credentials") == (wrong.status, wrong.code)
    assert 204 == change(account, OTHER, new, own.json["verificationRecordId"]).status


def test_the_account_api_wants_a_token_of_somebody(account):
    """Of an access token that there is."""
    path = "/api/verifications/verification-code"
    missing = account.post(path, {})
    wrong = account.post(path, {}, headers={"authorization": "Bearer none"})

    assert (401, "auth.authorization_header_missing") == (missing.status, missing.code)
    assert (401, "auth.unauthorized") == (wrong.status, wrong.code)
    unknown = {"identifier": {"type": "phone", "value": OWN}, "verificationId": "x", "code": "1"}
    refused = account.post(
        "/api/verifications/verification-code/verify", unknown, headers=account.headers
    )
    assert (404, "verification_record.not_found") == (refused.status, refused.code)


def test_users_are_made_once_by_number_and_by_name(otp):
    """And found, changed, removed."""
    made = otp.post("/api/users", LOGIN)
    same_name = otp.post("/api/users", {"username": "ada"})
    same_phone = otp.post("/api/users", {"primaryPhone": PHONE})
    path = f"/api/users/{made.json['id']}"

    assert (200, PHONE, True) == (
        made.status,
        made.json["primaryPhone"],
        made.json["hasPassword"],
    )
    assert "password" not in made.json
    assert (422, "user.username_already_in_use") == (same_name.status, same_name.code)
    assert (422, "user.phone_already_in_use") == (same_phone.status, same_phone.code)
    assert made.json == otp.get(path).json
    assert OTHER == otp.patch(path, {"primaryPhone": OTHER}).json["primaryPhone"]
    assert 204 == otp.delete(path).status
    assert 404 == otp.get(path).status


def test_a_password_is_changed_by_a_proof_of_oneself(account):
    """Where the account center lets people, and by the policy."""
    own = prove_number(account, OWN)

    def changed(password, **headers):
        path = "/api/my-account/password"
        return account.post(path, {"password": password}, headers=account.headers | headers)

    proof = {"logto-verification-id": own}
    refused = [changed("correct horse"), changed("correct horse", **proof)]
    fields = {"enabled": True, "fields": {"phone": "Edit", "password": "Edit"}}
    account.patch("/api/account-center", fields)
    answers = [changed(one, **proof) for one in ("123", "correct horse", "correct horse")]

    assert [
        "verification_record.permission_denied",
        "account_center.field_not_editable",
    ] == [one.code for one in refused]
    assert [422, 204, 422] == [one.status for one in answers]
    assert ["password.rejected", "user.same_password"] == [answers[0].code, answers[2].code]


def test_what_is_asked_of_a_code_of_one_s_account_is_held_to_what_there_is(account):
    """A permission by name as well; no record is of an e-mail address; no other template."""
    sent = ask_code(account, OWN, templateType="UserPermissionValidation")
    record = sent.json["verificationRecordId"]
    document = {
        "identifier": {"type": "email", "value": "a@example.com"},
        "verificationId": record,
        "code": account.sent_code(),
    }
    path = "/api/verifications/verification-code/verify"
    refused = account.post(path, document, headers=account.headers)
    wrong = ask_code(account, OWN, templateType="SignIn")

    assert "UserPermissionValidation" == account.carrier.sent[-1].usage
    assert (404, "verification_record.not_found") == (refused.status, refused.code)
    assert "invalid_union" == wrong.json["data"]["issues"][0]["code"]
