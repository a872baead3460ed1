"""What scripts ask of the service besides a sign-in: lists, in pages, and whether it is up."""

import pytest

PHONE = "15005550009"


def test_applications_are_listed_changed_and_removed(otp):
    """All of them, or those of a type; removed, one is not found again."""
    made = [
        otp.post("/api/applications", {"name": kind, "type": kind}).json
        for kind in ("SPA", "Traditional")
    ]
    path = f"/api/applications/{made[0]['id']}"
    changed = otp.patch(path, {"name": "new", "customClientMetadata": {"a": 1}, "id": "x"}).json

    assert ("new", {"a": 1}, made[0]["id"]) == (
        changed["name"],
        changed["customClientMetadata"],
        changed["id"],
    )
    assert [changed, made[1]] == otp.get("/api/applications").json
    assert [made[1]] == otp.get("/api/applications?types=Traditional").json
    assert [made[1]] == otp.get("/api/applications?page=2&page_size=1").json
    assert 204 == otp.delete(path).status
    assert [404, 404] == [otp.get(path).status, otp.delete(path).status]
    assert [made[1]] == otp.get("/api/applications").json


def test_users_are_listed_in_pages(otp):
    """The newest first, twenty at a time, with where the others lie."""
    for number in range(25):
        otp.post("/api/users", {"username": f"ada{number}"})
    first = otp.get("/api/users")
    second = otp.get("/api/users?page=2&search=%25ADA%25")
    found = otp.get("/api/users?search=ada24").json

    assert [f"ada{n}" for n in range(24, 4, -1)] == [user["username"] for user in first.json]
    assert ("25", 5) == (first.header("total-number"), len(second.json))
    links = first.header("link")
    assert '<http://otp.example/api/users?page=2&page_size=20>; rel="next"' in links
    assert 'rel="prev"' not in links
    assert 'rel="prev"' in second.header("link")
    assert ["ada24"] == [user["username"] for user in found]


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=101", "page=-1", "page=%D9%A3"])
def test_a_page_that_cannot_be_is_refused(otp, query):
    """400."""
    refused = otp.get(f"/api/users?{query}")

    assert (400, "guard.invalid_pagination") == (refused.status, refused.code)


def test_a_user_is_renamed_and_found_by_the_new_name_alone(otp):
    """And nobody takes a name that somebody has."""
    made = otp.post("/api/users", {"username": "ada"}).json
    otp.post("/api/users", {"username": "bob"})
    path = f"/api/users/{made['id']}"
    renamed = otp.patch(path, {"username": "eve"}).json
    taken = otp.patch(path, {"username": "bob"})

    assert "eve" == renamed["username"]
    assert (422, "user.username_already_in_use") == (taken.status, taken.code)
    assert 200 == otp.post("/api/users", {"username": "ada"}).status


def test_what_is_told_of_a_person_is_kept(otp):
    """Whoever reads it: the Management API, the account itself, the policy of passwords."""
    about = {"name": "Ada King", "avatar": "https://a.example/x.png", "profile": {"locale": "fr"}}
    email = {"primaryEmail": "Ada@example.com", "customData": {"a": 1}}
    made = otp.post("/api/users", {"primaryPhone": PHONE, **about, **email}).json
    path = f"/api/users/{made['id']}"
    otp.now += 5
    changed = otp.patch(path, {"name": "", "primaryEmail": "eve@example.com"}).json
    merged = otp.patch(f"{path}/custom-data", {"customData": {"b": 2}}).json
    wrong = otp.patch(path, {"avatar": "no url"})

    assert about | email == {name: made[name] for name in (*about, *email)}
    assert ("", "eve@example.com") == (changed["name"], changed["primaryEmail"])
    assert 5000 == changed["updatedAt"] - changed["createdAt"]
    assert {"a": 1, "b": 2} == merged == otp.get(f"{path}/custom-data").json
    assert "Invalid url" == wrong.json["data"]["issues"][0]["message"]
    taken = otp.post("/api/users", {"primaryEmail": "EVE@example.com"})
    assert (422, "user.email_already_in_use") == (taken.status, taken.code)
    assert 200 == otp.post("/api/users", {"primaryEmail": "ada@example.com"}).status
    other = otp.post("/api/users", {"username": "eve"}).json["id"]
    taken = otp.patch(f"/api/users/{other}", {"primaryEmail": "eve@example.com"})
    assert (422, "user.email_already_in_use") == (taken.status, taken.code)
    assert 204 == otp.delete(path).status
    assert 200 == otp.patch(f"/api/users/{other}", {"primaryEmail": "eve@example.com"}).status


def test_a_password_is_not_one_s_name_or_address(otp):
    """As far as the service knows them."""
    otp.allow_phones()
    about = {"primaryPhone": PHONE, "name": "Ada King", "primaryEmail": "lovelace@x.example"}
    otp.post("/api/users", about)
    otp.begin("ForgotPassword")
    otp.identify(otp.proven("ForgotPassword"))
    codes = [
        otp.put("/api/experience/profile/password", {"password": password}).status
        for password in ("adakingada", "lovelace12", "correct horse")
    ]

    assert [422, 422, 204] == codes


@pytest.mark.parametrize("phone", ["1", "999", "9" * 33])
def test_a_number_that_is_none_is_nobody_s(otp, phone):
    """Neither of a new user nor of one who changes it."""
    made = otp.post("/api/users", {"username": "ada"}).json
    told = [
        otp.post("/api/users", {"primaryPhone": phone}),
        otp.patch(f"/api/users/{made['id']}", {"primaryPhone": phone}),
    ]

    assert [(422, "user.invalid_phone")] * 2 == [(one.status, one.code) for one in told]


def test_it_says_whether_it_is_as_blind_as_logto(make):
    """A load test tells it beside its figures."""
    modes = [make(faithful=one).get("/api/status").header("x-simulator-otp") for one in (0, 1)]

    assert ["careful", "faithful"] == modes


def test_anybody_may_ask_whether_it_is_up_and_how_one_signs_in(make):
    """Without the token that the Management API wants."""
    otp = make(token="s3cret")
    allowed = {"authorization": "Bearer s3cret"}
    told = otp.get("/api/.well-known/sign-in-exp").json
    otp.post("/api/connectors", {"connectorId": "first-sms"}, headers=allowed)
    settings = {"forgotPasswordMethods": ["PhoneVerificationCode"]}
    otp.patch("/api/sign-in-exp", settings, headers=allowed)
    then = otp.get("/api/.well-known/sign-in-exp").json

    assert (204, b"") == ((up := otp.get("/api/status")).status, up.body)
    assert "SignInAndRegister" == told["signInMode"]
    assert "forgotPasswordMethods" not in told
    assert [False, True] == [one["forgotPassword"]["phone"] for one in (told, then)]
    assert 401 == otp.get("/api/users").status


def test_roles_and_configs_are_the_bare_ones(otp):
    """None can be made here; a script that looks finds none."""
    assert ([], "0") == ((roles := otp.get("/api/roles")).json, roles.header("total-number"))
    assert [] == otp.get("/api/configs/jwt-customizer").json
    assert otp.get("/api/configs/admin-console").json["organizationCreated"] is False


def test_an_address_goes_before_a_number(otp):
    """Where both are given and it is one."""
    both = otp.post("/api/verification-codes", {"phone": PHONE, "email": "a@example.com"})
    broken = otp.post("/api/verification-codes", {"phone": PHONE, "email": "nobody"})

    assert (501, 204) == (both.status, broken.status)


def test_forgiving_nobody_is_no_mistake(otp):
    """An empty list is a list."""
    document = {"targetType": "User", "targets": []}

    assert 204 == otp.post("/api/sentinel-activities/delete", document).status


def test_people_see_of_their_account_what_they_may(otp):
    """By the scopes of their token and by what the account center lets them read."""
    otp.allow_phones()
    token = otp.tokens(otp.sign_up()).json["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    off = otp.get("/api/my-account", headers=headers)
    closed = otp.post("/api/verifications/password", {"password": "x"}, headers=headers)
    otp.patch("/api/account-center", {"enabled": True})
    bare = otp.get("/api/my-account", headers=headers).json
    otp.patch("/api/account-center", {"fields": {"phone": "ReadOnly", "username": "Edit"}})
    told = otp.get("/api/my-account", headers=headers).json

    assert {(400, "account_center.not_enabled")} == {(o.status, o.code) for o in (off, closed)}
    assert not {"primaryPhone", "username", "hasPassword"} & set(bare)
    assert (PHONE, None, True) == (
        told["primaryPhone"],
        told["username"],
        told["hasSecurityVerificationMethod"],
    )


def test_the_last_way_to_sign_in_is_kept(otp):
    """A number may go once there is a name."""
    otp.allow_phones()
    token = otp.tokens(otp.sign_up()).json["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    otp.patch("/api/account-center", {"enabled": True, "fields": {"phone": "Edit"}})
    path = "/api/verifications/verification-code"
    identifier = {"type": "phone", "value": PHONE}
    sent = otp.post(path, {"identifier": identifier}, headers=headers).json
    proof = {"identifier": identifier, "verificationId": sent["verificationRecordId"]}
    otp.post(f"{path}/verify", proof | {"code": otp.sent_code()}, headers=headers)
    (user,) = otp.service.state.users
    proven = headers | {"logto-verification-id": sent["verificationRecordId"]}
    unproven = otp.delete("/api/my-account/primary-phone", headers=headers)
    last = otp.delete("/api/my-account/primary-phone", headers=proven)
    otp.patch(f"/api/users/{user.id}", {"username": "ada"})
    gone = otp.delete("/api/my-account/primary-phone", headers=proven)

    assert (401, "verification_record.permission_denied") == (unproven.status, unproven.code)
    assert (400, "user.last_sign_in_method_required") == (last.status, last.code)
    assert (204, None) == (gone.status, user.phone)


def test_a_page_reads_no_more_users_than_it_shows(otp, monkeypatch):
    """However many there are; a search looks at a bounded number."""
    for number in range(30):
        otp.post("/api/users", {"username": f"ada{number}"})
    monkeypatch.setattr("simulators.otp.api.people._SEARCHED", 5)
    monkeypatch.setattr(type(otp.service.state.users), "__iter__", None)
    last = otp.get("/api/users?page=2")
    found = otp.get("/api/users?search=ada")

    assert ("30", 10) == (last.header("total-number"), len(last.json))
    assert ("5", "ada29") == (found.header("total-number"), found.json[0]["username"])
