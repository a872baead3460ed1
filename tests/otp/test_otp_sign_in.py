"""A person's way through the Experience API: sign-up, sign-in, a forgotten password; and OIDC."""

import json
from urllib.parse import urlsplit

import jwt
import pytest

from simulators.otp.connector import Incoming

PHONE = "15005550009"
OTHER = "447700900123"
CALLBACK = "https://app.example/callback"


@pytest.fixture
def person(otp):
    """Somebody in front of a service that signs in by code."""
    otp.allow_phones()
    return otp


def test_sign_up_to_the_end(person):
    """The steps, their statuses, and an application that knows the number in the end."""
    begun = person.begin("Register")
    sent = person.send("Register")
    record = sent.json["verificationId"]
    proven = person.prove(record)
    identified = person.identify(record)
    submitted = person.submit()
    tokens = person.tokens(submitted)
    me = person.get(
        "/oidc/me", headers={"authorization": f"Bearer {tokens.json['access_token']}"}
    ).json

    assert (204, b"") == (begun.status, begun.body)
    assert (200, {"verificationId": record}) == (proven.status, proven.json)
    assert (201, b"") == (identified.status, identified.body)
    assert (200, ["redirectTo"]) == (submitted.status, list(submitted.json))
    assert {"state": "st", "iss": "http://otp.example/oidc"} == {
        name: person.back[name] for name in ("state", "iss")
    }
    assert (200, "Bearer", "openid profile phone") == (
        tokens.status,
        tokens.json["token_type"],
        tokens.json["scope"],
    )
    assert (PHONE, True) == (me["phone_number"], me["phone_number_verified"])
    assert "Register" == person.carrier.sent[0].usage


def test_the_id_token_is_one(person):
    """Signed by the key that is published, for the application, by the issuer."""
    token = person.tokens(person.sign_up()).json["id_token"]
    (key,) = person.get("/oidc/jwks").json["keys"]
    known = person.get("/oidc/.well-known/openid-configuration").json
    claims = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["ES384"],
        audience=person.client_id,
        issuer=known["issuer"],
        options={"verify_iat": False, "verify_exp": False},
    )

    assert PHONE == claims["phone_number"]
    assert 3600 == claims["exp"] - claims["iat"]


def test_the_way_back_has_logto_s_redirects(person):
    """To the page, to the consent, which agrees by itself, and to the application."""
    authorized = person.authorize()
    person.put("/api/experience", {"interactionEvent": "Register"})
    person.identify(person.proven("Register"))
    first = person.get(urlsplit(person.submit().json["redirectTo"]).path)
    second = person.get(first.header("location"))
    third = person.get(urlsplit(second.header("location")).path)

    assert (303, f"/sign-in?app_id={person.client_id}") == (
        authorized.status,
        authorized.header("location"),
    )
    assert {"_interaction", "_interaction_resume", "_logto"} <= set(person.cookies)
    assert (303, f"/consent?app_id={person.client_id}") == (first.status, first.header("location"))
    assert 302 == second.status
    assert second.header("location").startswith("http://otp.example/oidc/auth/")
    assert 303 == third.status
    assert third.header("location").startswith(f"{CALLBACK}?code=")


def test_sign_in_to_the_end(person):
    """Identification is 204, and it is the same person."""
    first = person.tokens(person.sign_up()).json["access_token"]
    person.begin("SignIn")
    identified = person.identify(person.proven("SignIn"))
    second = person.tokens(person.submit()).json["access_token"]
    who = [
        person.get("/oidc/me", headers={"authorization": f"Bearer {token}"}).json["sub"]
        for token in (first, second)
    ]

    assert 204 == identified.status
    assert who[0] == who[1]
    assert "SignIn" == person.carrier.sent[-1].usage


def test_without_cookies_there_is_no_session(person):
    """And the body says so in OIDC's words too."""
    refused = person.put("/api/experience", {"interactionEvent": "SignIn"})

    assert (400, "session.not_found") == (refused.status, refused.code)
    assert {"error", "error_description"} <= set(refused.json)


def test_before_the_beginning_there_is_no_interaction(person):
    """Whatever is asked, and before the body is looked at."""
    person.authorize()
    refused = [
        person.post(f"/api/experience/{path}", {})
        for path in (
            "verification/verification-code",
            "verification/verification-code/verify",
            "identification",
            "submit",
        )
    ]

    assert {(404, "session.interaction_not_found")} == {(r.status, r.code) for r in refused}


def test_an_unknown_number_may_sign_up_with_the_same_proof(person):
    """404 tells that nobody has it; then the event is changed, and the proof still holds."""
    person.begin("SignIn")
    record = person.proven("SignIn")
    unknown = person.identify(record)
    switched = person.put("/api/experience/interaction-event", {"interactionEvent": "Register"})

    assert (404, "user.user_not_exist") == (unknown.status, unknown.code)
    assert {"identifier": PHONE} == unknown.json["data"]
    assert 204 == switched.status
    assert 201 == person.identify(record).status
    assert 200 == person.submit().status


def test_a_known_number_does_not_sign_up(person):
    """422, and its owner may sign in instead."""
    person.sign_up()
    person.begin("Register")
    record = person.proven("Register")
    refused = person.identify(record)
    person.put("/api/experience/interaction-event", {"interactionEvent": "SignIn"})

    assert (422, "user.phone_already_in_use") == (refused.status, refused.code)
    assert 204 == person.identify(record).status


def test_a_proof_that_was_not_given_identifies_nobody(person):
    """Neither in sign-in nor in sign-up."""
    refused = []
    for event in ("SignIn", "Register"):
        person.begin(event)
        refused.append(person.identify(person.send(event).json["verificationId"]))

    assert {(400, "session.verification_failed")} == {(r.status, r.code) for r in refused}


def test_a_record_of_another_session_is_not_found(person):
    """To verify it or to identify by it."""
    person.begin("SignIn")
    foreign = person.send("SignIn").json["verificationId"]
    person.begin("SignIn")

    for refused in (person.prove(foreign), person.identify(foreign), person.prove("none")):
        assert (404, "session.verification_session_not_found") == (refused.status, refused.code)


def test_a_code_is_for_the_number_it_was_sent_to(person):
    """Another number with the same record is a mismatch."""
    person.begin("SignIn")
    record = person.send("SignIn").json["verificationId"]
    refused = person.prove(record, OTHER)

    assert (400, "verification_code.phone_mismatch") == (refused.status, refused.code)
    assert "Phone mismatch. Please request a new verification code." == refused.json["message"]


def test_codes_in_a_session_keep_the_rules(person):
    """Mismatch, too many tries, none left after use; each record has its own."""
    person.begin("SignIn")
    record = person.send("SignIn").json["verificationId"]
    tried = [person.prove(record, code="x").code for _ in range(10)]
    last = person.prove(record).code
    again = person.proven("SignIn")

    assert ["verification_code.code_mismatch"] * 10 == tried
    assert "verification_code.exceed_max_try" == last
    assert "verification_code.not_found" == person.prove(again).code
    assert "verification_code.not_found" == person.prove(again, code="").code


def test_a_code_in_a_session_expires(person):
    """After ten minutes."""
    person.begin("SignIn")
    record = person.send("SignIn").json["verificationId"]
    person.now += 601

    assert "verification_code.expired" == person.prove(record).code


def test_the_management_api_s_code_is_not_the_session_s(person):
    """Each has its own, for the same number."""
    person.request()
    managed = person.sent_code()
    person.begin("SignIn")
    record = person.send("SignIn").json["verificationId"]

    assert 200 == person.prove(record).status
    assert 204 == person.verify(managed).status


def test_sends_of_all_apis_are_counted_together(person):
    """Ten to a number in ten minutes."""
    for _ in range(9):
        person.request()
    person.begin("SignIn")

    assert [200, 429] == [person.send("SignIn").status for _ in range(2)]
    assert 429 == person.request().status


def test_what_a_provider_refuses_is_told_in_a_session_too(person):
    """And without a connector there is 501."""
    person.begin("SignIn")
    person.carrier.answer = Incoming(500, b"down")
    refused = person.send("SignIn")
    person.delete(f"/api/connectors/{person.get('/api/connectors').json[0]['id']}")

    assert (400, "connector.general") == (refused.status, refused.code)
    assert (501, "connector.not_found") == ((r := person.send("SignIn")).status, r.code)


def test_templates_are_told_the_languages(person):
    """The locale, and what the application asked for, where it did."""
    person.begin("SignIn")
    person.send("SignIn")
    plain = person.carrier.sent[-1].payload
    person.send("SignIn", headers={"accept-language": "zh-CN,zh;q=0.9"})
    chinese = person.carrier.sent[-1].payload
    person.begin("SignIn", ui_locales="fr-CA fr")
    person.send("SignIn")
    french = person.carrier.sent[-1].payload

    assert {"code": plain["code"], "locale": "en"} == plain
    assert "zh-CN" == chinese["locale"]
    assert {"code": french["code"], "locale": "fr", "uiLocales": "fr-CA fr"} == french


def test_a_suspended_person_does_not_sign_in(person):
    """401."""
    person.sign_up()
    (user,) = person.service.state.users
    person.patch(f"/api/users/{user.id}/is-suspended", {"isSuspended": True})
    person.begin("SignIn")
    refused = person.identify(person.proven("SignIn"))

    assert (401, "user.suspended") == (refused.status, refused.code)


def test_a_session_has_one_person(person):
    """Another one's proof is a conflict."""
    person.sign_up()
    person.sign_up(OTHER)
    person.begin("SignIn")
    person.identify(person.proven("SignIn"))
    refused = person.identify(person.proven("SignIn", OTHER))

    assert (409, "session.identity_conflict") == (refused.status, refused.code)


def test_sign_in_by_code_has_to_be_a_method(otp):
    """A fresh service has user name and password alone."""
    otp.begin("SignIn")
    refused = otp.identify(otp.proven("SignIn"))

    assert (422, "user.sign_in_method_not_enabled") == (refused.status, refused.code)


def test_sign_up_tells_what_it_misses(otp):
    """A fresh service asks for a user name and a password; then the proof need not be repeated."""
    otp.begin("Register")
    refused = otp.identify(otp.proven("Register"))
    otp.post("/api/experience/profile", {"type": "username", "value": "ada"})
    otp.post("/api/experience/profile", {"type": "password", "value": "long enough"})
    signed = otp.post("/api/experience/identification", {})

    assert (422, "user.missing_profile") == (refused.status, refused.code)
    assert {"missingProfile": ["username", "password"]} == refused.json["data"]
    assert 201 == signed.status
    assert PHONE == otp.service.state.users.named("ada").phone


@pytest.mark.parametrize(("mode", "event"), [("SignIn", "Register"), ("Register", "SignIn")])
def test_the_mode_forbids_an_event(person, mode, event):
    """When it is switched to, and when somebody is to be identified."""
    person.allow_phones(signInMode=mode)
    person.begin(event)
    if event == "SignIn":
        assert 403 == person.identify(person.proven(event)).status
    else:
        assert 403 == person.identify(person.proven(event)).status
    person.begin(mode)
    refused = person.put("/api/experience/interaction-event", {"interactionEvent": event})

    assert (403, "auth.forbidden") == (refused.status, refused.code)


def test_who_may_not_sign_up_gets_no_message(person):
    """The answer is that of a send, the code is there, and switching is forbidden. It counts."""
    person.allow_phones(signInMode="SignIn")
    person.begin("SignIn")
    answers = [person.send("SignIn") for _ in range(11)]
    switched = person.put("/api/experience/interaction-event", {"interactionEvent": "Register"})

    assert (200, ["verificationId"]) == (answers[0].status, list(answers[0].json))
    assert [200] * 10 + [429] == [answer.status for answer in answers]
    assert [] == person.carrier.sent
    assert 1 == len({a.json["verificationId"] for a in answers[9:10]})
    assert (403, "auth.forbidden") == (switched.status, switched.code)
    record = answers[9].json["verificationId"]
    assert "verification_code.code_mismatch" == person.prove(record, code="x").code


def test_a_suppressed_send_needs_no_connector(person):
    """Nothing goes out, so nothing is looked for."""
    person.allow_phones(signInMode="SignIn")
    person.delete(f"/api/connectors/{person.get('/api/connectors').json[0]['id']}")
    person.begin("SignIn")

    assert 200 == person.send("SignIn").status


def test_a_forgotten_password_is_set_anew(person):
    """204 at the end, and nobody is signed in; the new password is the one that holds."""
    person.sign_up()
    person.begin("ForgotPassword")
    identified = person.identify(person.proven("ForgotPassword"))
    early = person.submit()
    reset = person.put("/api/experience/profile/password", {"password": "a new one"})
    done = person.submit()
    person.begin("SignIn")
    document = {"identifier": {"type": "phone", "value": PHONE}, "password": "a new one"}
    entered = person.post("/api/experience/verification/password", document)

    assert "ForgotPassword" == person.carrier.sent[-1].usage
    assert 204 == identified.status
    assert (422, "user.new_password_required_in_profile") == (early.status, early.code)
    assert 204 == reset.status
    assert (204, b"") == (done.status, done.body)
    assert 200 == entered.status
    assert 204 == person.identify(entered.json["verificationId"]).status


def test_who_forgot_for_an_unknown_number_gets_no_message(person):
    """But the same answer as anybody."""
    person.begin("ForgotPassword")
    answer = person.send("ForgotPassword")

    assert (200, ["verificationId"]) == (answer.status, list(answer.json))
    assert [] == person.carrier.sent


@pytest.mark.parametrize(("methods", "status"), [([], 422), (None, 204)])
def test_forgot_password_methods_are_asked_when_somebody_is_identified(person, methods, status):
    """The code is sent all the same. None at all allows every one."""
    person.sign_up()
    person.allow_phones(forgotPasswordMethods=methods)
    person.begin("ForgotPassword")
    answer = person.identify(person.proven("ForgotPassword"))

    assert status == answer.status
    if status == 422:
        assert "session.not_supported_for_forgot_password" == answer.code


def test_a_forgotten_password_stays_one(person):
    """There is no switching to it or from it."""
    person.begin("ForgotPassword")
    away = person.put("/api/experience/interaction-event", {"interactionEvent": "SignIn"})
    person.begin("SignIn")
    to = person.put("/api/experience/interaction-event", {"interactionEvent": "ForgotPassword"})

    for refused in (away, to):
        assert (400, "session.not_supported_for_forgot_password") == (refused.status, refused.code)


def test_only_who_forgot_sets_a_password(person):
    """And only once it is known who it is; not the old one, not a short one."""
    person.sign_up()
    person.begin("SignIn")
    elsewhere = person.put("/api/experience/profile/password", {"password": "a new one"})
    person.begin("ForgotPassword")
    early = person.put("/api/experience/profile/password", {"password": "a new one"})
    person.identify(person.proven("ForgotPassword"))
    short = person.put("/api/experience/profile/password", {"password": "short"})

    assert (400, "session.invalid_interaction_type") == (elsewhere.status, elsewhere.code)
    assert (404, "session.identifier_not_found") == (early.status, early.code)
    assert (422, "password.rejected") == (short.status, short.code)


def test_nobody_is_signed_in_who_was_not_identified(person):
    """404."""
    person.begin("SignIn")
    refused = person.submit()

    assert (404, "session.identifier_not_found") == (refused.status, refused.code)


def test_beginning_anew_forgets(person):
    """Proofs and all."""
    person.begin("SignIn")
    record = person.proven("SignIn")
    person.put("/api/experience", {"interactionEvent": "SignIn"})

    assert 404 == person.identify(record).status


def test_sessions_end_after_an_hour(person):
    """The cookie is then worth nothing."""
    person.begin("SignIn")
    person.now += 3601

    assert "session.not_found" == person.send("SignIn").code


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_oidc_request_is_told_to_the_application(person, wrong, error):
    """By its redirect URI."""
    answer = person.authorize(**wrong)

    assert 303 == answer.status
    assert answer.header("location").startswith(f"{CALLBACK}?error={error}&")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"client_id": "none"}, "oidc.invalid_client"),
        ({"redirect_uri": "https://evil.example/"}, "oidc.invalid_redirect_uri"),
    ],
)
def test_a_stranger_is_redirected_nowhere(person, wrong, code):
    """An unknown application, or an address that is not one of its own."""
    answer = person.authorize(**wrong)

    assert (400, code) == (answer.status, answer.code)


def test_an_address_cannot_be_proven(person):
    """There is no connector for e-mail."""
    person.begin("SignIn")
    identifier = {"type": "email", "value": "a@example.com"}
    document = {"identifier": identifier, "interactionEvent": "SignIn"}
    sent = person.post("/api/experience/verification/verification-code", document)
    tried = {"identifier": identifier, "verificationId": "x", "code": "1"}

    assert (501, "connector.not_found") == (sent.status, sent.code)
    path = "/api/experience/verification/verification-code/verify"
    assert 404 == person.post(path, tried).status


def test_nobody_learns_that_an_address_is_nobody_s(person):
    """Who asks for a new password by e-mail is told the same whoever they are: there is a record,
    and its code is none that anybody has."""
    person.begin("ForgotPassword")
    before = len(person.carrier.sent)
    identifier = {"type": "email", "value": "a@example.com"}
    document = {"identifier": identifier, "interactionEvent": "ForgotPassword"}
    path = "/api/experience/verification/verification-code"
    sent = person.post(path, document)
    tried = {"identifier": identifier, "verificationId": sent.json["verificationId"], "code": "1"}
    other = tried | {"identifier": {"type": "email", "value": "b@example.com"}}

    assert (200, before) == (sent.status, len(person.carrier.sent))
    assert "verification_code.code_mismatch" == person.post(f"{path}/verify", tried).code
    assert "verification_code.email_mismatch" == person.post(f"{path}/verify", other).code
    person.service.state.settings["forgotPasswordMethods"] = None
    assert "session.verification_failed" == person.identify(sent.json["verificationId"]).code


def test_the_interaction_cookie_of_another_leads_nowhere(person):
    """It is an id that nobody guesses."""
    person.begin("SignIn")
    person.cookies["_interaction"] = "guessed"

    assert "session.not_found" == person.send("SignIn").code


def test_the_resume_of_a_session_that_is_not_done_is_refused(person):
    """With the words of the provider."""
    person.begin("SignIn")
    refused = person.get(f"/oidc/auth/{person.cookies['_interaction']}")
    early = person.get("/consent")

    assert (400, "session.not_found") == (refused.status, refused.code)
    assert 400 == early.status
    assert json.loads(early.body)["error"] == "invalid_request"
