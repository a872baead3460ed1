"""Weak passwords, by vectors that Logto's own checker (packages/toolkit/core-kit of
https://github.com/logto-io/logto) made; and what one's own account has to do with it."""

import json
from pathlib import Path

import pytest

from simulators.otp.passwords import issues

FILE = Path(__file__).parent.parent / "vectors" / "logto-passwords.jsonl"
VECTORS = [json.loads(line) for line in FILE.read_text().splitlines()]
PHONE = "15005550009"


def test_a_password_is_rejected_for_what_logto_rejects_it_for():
    """Every reason, in its order, with its figures; by policies of all kinds."""
    found = [issues(one["password"], one["policy"], one["known"]) for one in VECTORS]

    assert [one["issues"] for one in VECTORS] == found
    told = {issue["code"] for one in found for issue in one}
    assert 8 == len(told)  # all there are but `pwned`
    assert [] in found


def test_no_password_is_looked_at_for_long():
    """What is restricted is looked for in its beginning."""
    assert ["too_long", "restricted.repetition"] == [
        issue["code"].removeprefix("password_rejected.")
        for issue in issues("a" * 1_000_000, {}, [])
    ]


def reset(otp, password):
    """Sets a new password, once one has proven to be oneself."""
    otp.begin("ForgotPassword")
    otp.identify(otp.proven("ForgotPassword"))
    return otp.put("/api/experience/profile/password", {"password": password})


def test_a_new_password_keeps_the_policy(otp):
    """All that is wrong with it is told; so is that it is the old one, but for a good one alone."""
    otp.allow_phones()
    otp.sign_up()
    weak, own, good = (reset(otp, password) for password in ("123", f"x{PHONE}", "correct horse"))
    assert 204 == otp.submit().status
    again = reset(otp, "correct horse")

    assert (422, "password.rejected") == (weak.status, weak.code)
    assert [
        {"code": "password_rejected.too_short", "interpolation": {"min": 8}},
        {"code": "password_rejected.restricted.sequence"},
    ] == weak.json["data"]
    assert "password_rejected.restricted.user_info" in {one["code"] for one in own.json["data"]}
    assert 204 == good.status
    assert (422, "user.same_password") == (again.status, again.code)


def test_a_policy_is_obeyed(otp):
    """As the sign-in experience has it; a wrong one is refused there."""
    otp.allow_phones(passwordPolicy={"length": {"min": 4}, "rejects": {"words": ["acme"]}})
    otp.sign_up()
    told = [reset(otp, password).status for password in ("abc", "x9Y!", "acme!", "acmeacmeacme")]
    wrong = otp.patch("/api/sign-in-exp", {"passwordPolicy": {"length": {"min": 0}}})

    assert [422, 204, 422, 422] == told
    assert (400, "guard.invalid_input") == (wrong.status, wrong.code)


def test_the_policy_is_asked_before_what_the_account_has(otp):
    """Signing up with a user name and a password."""
    otp.allow_phones(signUp={"identifiers": ["username"], "password": True, "verify": False})
    otp.begin("Register")

    def add(kind, value):
        return otp.post("/api/experience/profile", {"type": kind, "value": value})

    assert 204 == add("username", "ada").status
    assert "password.rejected" == add("password", "ada.ada.ada").code
    assert 204 == add("password", "correct horse").status
    assert 201 == otp.post("/api/experience/identification", {}).status
    assert [
        "user.username_exists_in_profile",
        "user.same_password",
        "user.password_exists_in_profile",
    ] == [
        add("username", "bob").code,
        add("password", "correct horse").code,
        add("password", "another horse").code,
    ]
    assert "guard.invalid_input" == add("username", "1 ada").code


def test_one_proof_makes_one_person(otp):
    """Who was made has the number already, and is told so, not that somebody has."""
    otp.allow_phones()
    otp.begin("Register")
    record = otp.proven("Register")
    first, second = otp.identify(record), otp.identify(record)

    assert (201, 422) == (first.status, second.status)
    assert "user.phone_exists_in_profile" == second.code
    assert 1 == len(otp.service.state.users)
    assert 200 == otp.submit().status


def test_who_signs_in_may_say_so_twice(otp):
    """The same person, that is."""
    otp.allow_phones()
    otp.sign_up()
    otp.begin("SignIn")
    record = otp.proven("SignIn")

    assert [204, 204] == [otp.identify(record).status for _ in range(2)]


@pytest.mark.parametrize("kind", ["email", "social"])
def test_what_cannot_be_proven_here_has_no_record(otp, kind):
    """Not a fault, and nothing to take for one."""
    otp.allow_phones()
    otp.begin("Register")
    told = otp.post("/api/experience/profile", {"type": kind, "verificationId": "x"})

    assert (404, "session.verification_session_not_found") == (told.status, told.code)
