"""What scripts do besides: tokens of programs, roles, configs; and pages of other sites."""

import base64
import json

import pytest

from simulators.otp.app import ROUTES
from simulators.otp.state import Role

API = "https://default.logto.app/api"
PAGE = "http://localhost:3000"
ELSEWHERE = "http://elsewhere.example"


def program(otp, kind="MachineToMachine", headers=None):
    body = {"name": "script", "type": kind}
    return otp.post("/api/applications", body, headers=headers).json


def token(otp, client, **more):
    pair = base64.b64encode(f"{client['id']}:{client['secret']}".encode()).decode()
    form = {"grant_type": "client_credentials", "resource": API, "scope": "all"} | more
    form = {name: value for name, value in form.items() if value}
    return otp.post("/oidc/token", form=form, headers={"authorization": f"Basic {pair}"})


def test_a_program_gets_a_token_for_its_own_credentials(otp):
    """A JWT, of the resource and for an hour."""
    client = program(otp)
    given = token(otp, client)
    head, claims, _ = given.json["access_token"].split(".")
    told = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]

    assert 200 == given.status
    assert ["access_token", "expires_in", "token_type", "scope"] == list(given.json)
    assert (3600, "Bearer", "all") == tuple(given.json.values())[1:]
    assert ("at+jwt", "ES384") == (told[0]["typ"], told[0]["alg"])
    assert (client["id"], client["id"], API, "all") == tuple(
        told[1][name] for name in ("sub", "client_id", "aud", "scope")
    )
    assert 3600 == told[1]["exp"] - told[1]["iat"]


def test_the_token_opens_the_management_api(make):
    """As long as it is good and has the scope; where there is no token, anybody may come in."""
    otp = make(token="s3cret")
    master = {"authorization": "Bearer s3cret"}
    client = program(otp, headers=master)
    given = token(otp, client).json["access_token"]
    bare = token(otp, client, scope="").json
    forged = f"{given[:-4]}AAAA"

    def asked(bearer):
        found = otp.get("/api/users", headers={"authorization": f"Bearer {bearer}"})
        return found.status, "" if found.status == 200 else found.code

    assert "scope" not in bare
    assert (200, "") == asked(given)
    assert (403, "auth.forbidden") == asked(bare["access_token"])
    assert (401, "auth.unauthorized") == asked(forged) == asked("a.b.c") == asked("..")
    otp.now += 3600
    assert (401, "auth.unauthorized") == asked(given)
    assert 200 == otp.get("/api/users", headers=master).status


@pytest.mark.parametrize(
    ("more", "status", "error", "told"),
    [
        ({"resource": ""}, 400, "invalid_target", "both `resource` and `organization_id` are not"),
        ({"resource": "https://x.example/"}, 400, "invalid_target", "is missing, or unknown"),
        ({"resource": "api"}, 400, "invalid_target", "must be an absolute URI"),
        ({"organization_id": "o"}, 403, "access_denied", "app has not associated with the org"),
        ({"grant_type": "authorization_code"}, 400, "invalid_request", "is not allowed for this"),
    ],
)
def test_what_a_program_cannot_have_is_refused(otp, more, status, error, told):
    """In the words of Logto's provider."""
    refused = token(otp, program(otp), **more)

    assert (status, error) == (refused.status, refused.json["error"])
    assert told in refused.json["error_description"]


def test_people_s_applications_have_no_credentials_of_their_own(otp):
    """A server-side one has a secret, for people's codes."""
    refused = token(otp, program(otp, "Traditional"))

    assert (400, "requested grant type is not allowed for this client") == (
        refused.status,
        refused.json["error_description"],
    )


def role(otp, name="support", **more):
    return otp.post("/api/roles", {"name": name, "description": "d", **more})


def test_roles_are_made_changed_and_removed(otp):
    """No two of one name; unknown ones are told with their id."""
    made = role(otp).json
    path = f"/api/roles/{made['id']}"
    taken, other = role(otp), role(otp, "other", type="MachineToMachine").json
    clash = otp.patch(path, {"name": "other"})
    changed = otp.patch(path, {"name": "help", "type": "x"}).json

    assert ("default", "support", "d", "User", False) == tuple(
        made[name] for name in ("tenantId", "name", "description", "type", "isDefault")
    )
    assert [(422, "role.name_in_use")] * 2 == [(one.status, one.code) for one in (taken, clash)]
    assert "This role name support is already in use" == taken.json["message"]
    assert {**made, "name": "help"} == changed == otp.get(path).json
    assert [other["id"]] == [one["id"] for one in otp.get("/api/roles?search=%25OTH%25").json]
    assert [other["id"]] == [one["id"] for one in otp.get("/api/roles?type=MachineToMachine").json]
    assert 204 == otp.delete(path).status
    assert (404, "entity.not_exists_with_id") == ((gone := otp.get(path)).status, gone.code)
    assert f"The roles with ID `{made['id']}` does not exist." == gone.json["message"]


@pytest.mark.parametrize(("of", "kind"), [("users", "User"), ("applications", "MachineToMachine")])
def test_roles_are_given_and_taken(otp, of, kind):
    """To people theirs, to programs theirs; once, however often they are given."""
    user, client = otp.post("/api/users", {"username": "ada"}).json, program(otp)
    holder = {"users": user, "applications": client}[of]
    path = f"/api/{of}/{holder['id']}/roles"
    first, second = (role(otp, name, type=kind).json["id"] for name in ("one", "two"))
    wrong = role(otp, "wrong", type={"User": "MachineToMachine"}.get(kind, "User")).json["id"]

    given = [otp.post(path, {"roleIds": ids}) for ids in ([first], [first, second], [wrong], ["x"])]
    listed = otp.get("/api/roles").json[0]

    assert [201, 201, 422, 404] == [one.status for one in given]
    assert {"roleIds": [first, second], "addedRoleIds": [second]} == given[1].json
    assert f"{of[:-1]}.invalid_role_type" == given[2].code
    assert [first, second] == [one["id"] for one in otp.get(path).json]
    counts = {"users": listed["usersCount"], "applications": listed["applicationsCount"]}
    featured = {"users": listed["featuredUsers"], "applications": listed["featuredApplications"]}
    assert {of: 1} == {name: count for name, count in counts.items() if count}
    assert [holder["id"]] == [one["id"] for one in featured[of]]
    assert {"roleIds": [second]} == otp.put(path, {"roleIds": [second, second]}).json
    assert [second] == [one["id"] for one in otp.get(path).json]
    assert [204, 404] == [otp.delete(f"{path}/{second}").status for _ in range(2)]
    otp.post(path, {"roleIds": [first]})
    otp.delete(f"/api/{of}/{holder['id']}")
    assert [0, 0] == [
        otp.get("/api/roles").json[0][name] for name in ("usersCount", "applicationsCount")
    ]


def test_only_programs_have_roles(otp):
    """What people sign in to has none."""
    refused = otp.get(f"/api/applications/{program(otp, 'SPA')['id']}/roles")

    assert (422, "application.invalid_type") == (refused.status, refused.code)


def test_who_has_a_role_is_bounded(monkeypatch):
    """The first to have it lose it."""
    monkeypatch.setattr("simulators.otp.state._MANY", 3)
    made = Role({})
    for number in range(5):
        made.give(str(number))

    assert ["2", "3", "4"] == list(made.holders)


def test_configs_are_what_a_fresh_logto_has(otp):
    """Keys are told without themselves, and there has to be one of each."""
    keys = {
        kind: otp.get(f"/api/configs/oidc/{kind}").json for kind in ("private-keys", "cookie-keys")
    }
    wrong = otp.get("/api/configs/oidc/other")
    needed = otp.delete(f"/api/configs/oidc/cookie-keys/{keys['cookie-keys'][0]['id']}")

    assert {"id", "createdAt", "signingKeyAlgorithm", "status"} == set(keys["private-keys"][0])
    assert {"id", "createdAt"} == set(keys["cookie-keys"][0])
    assert keys["cookie-keys"] == otp.get("/api/configs/oidc/cookie-keys").json
    assert (400, "The request params is invalid.") == (wrong.status, wrong.json["message"])
    assert (422, "oidc.key_required") == (needed.status, needed.code)
    assert {"ttl": 1_209_600} == otp.get("/api/configs/oidc/session").json
    assert {"ttl": 60} == otp.patch("/api/configs/oidc/session", {"ttl": 60}).json
    console = otp.patch("/api/configs/admin-console", {"organizationCreated": True}).json
    assert {"signInExperienceCustomized": False, "organizationCreated": True} == console
    assert console == otp.get("/api/configs/admin-console").json
    assert [[], 404] == [
        otp.get("/api/configs/jwt-customizer").json,
        otp.get("/api/configs/id-token").status,
    ]


def test_a_password_is_set_and_tried_by_who_looks_after_people(otp):
    """Without the policy, which is people's."""
    made = otp.post("/api/users", {"username": "ada"}).json
    path = f"/api/users/{made['id']}"

    assert {"hasPassword": False} == otp.get(f"{path}/has-password").json
    assert otp.patch(f"{path}/password", {"password": "abc"}).json["hasPassword"]
    tried = [otp.post(f"{path}/password/verify", {"password": one}) for one in ("abc", "abd")]
    assert [204, 422] == [one.status for one in tried]
    assert "session.invalid_credentials" == tried[1].code


def allowed(answer):
    """To whom an answer is shown."""
    return answer.header("access-control-allow-origin")


def spa(otp):
    """The code of somebody who has signed in to an application at `PAGE`, and its id."""
    metadata = {"redirectUris": [f"{PAGE}/callback"], "postLogoutRedirectUris": []}
    body = {"name": "spa", "type": "SPA", "oidcClientMetadata": metadata}
    return otp.post("/api/applications", body).json["id"]


def test_a_page_gets_tokens_for_its_application(otp):
    """One of another application does not, and is not shown why."""
    form = {"grant_type": "authorization_code", "client_id": spa(otp), "code": "x"}
    form["redirect_uri"] = f"{PAGE}/callback"
    told = {
        page: otp.post("/oidc/token", form=form, headers={"origin": page})
        for page in (PAGE, ELSEWHERE, "http://otp.example")
    }

    assert [PAGE, None, "http://otp.example"] == [allowed(one) for one in told.values()]
    assert "invalid_grant" == told[PAGE].json["error"] == told["http://otp.example"].json["error"]
    assert (
        f"origin {ELSEWHERE} not allowed for client: {form['client_id']}"
        == (told[ELSEWHERE].json["error_description"])
    )
    assert "WWW-Authenticate" == told[PAGE].header("access-control-expose-headers")


def test_what_a_browser_asks_beforehand_is_answered(otp):
    """Methods and headers, for an hour where it is the provider's."""
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-y",
    }
    token_, account = (
        otp.ask("OPTIONS", path, headers=asked)
        for path in ("/oidc/token", "/api/my-account/primary-phone")
    )
    other = otp.ask("OPTIONS", "/api/users", headers=asked)

    assert [204, 204, 200] == [one.status for one in (token_, account, other)]
    assert [PAGE, PAGE, None] == [allowed(one) for one in (token_, account, other)]
    assert ("POST", "3600", "authorization,x-y") == tuple(
        token_.header(f"access-control-{name}")
        for name in ("allow-methods", "max-age", "allow-headers")
    )
    assert "PATCH" in account.header("access-control-allow-methods")
    assert None is account.header("access-control-max-age")
    assert "POST, HEAD, GET" == other.header("allow")


@pytest.mark.parametrize("route", [one for one in ROUTES if one.shared], ids=lambda one: one.path)
def test_what_is_shared_is_proven_by_no_cookie(otp, route):
    """A page of any site may read it, and has no more of it than a program without cookies."""
    otp.allow_phones()
    otp.sign_up()
    path = route.path.replace("<id>", "x")
    with_cookies = otp.ask(route.method, path, headers={"origin": ELSEWHERE})
    otp.cookies.clear()
    without = otp.ask(route.method, path, headers={"origin": ELSEWHERE})

    assert ELSEWHERE == allowed(without)
    assert "Origin" == without.header("vary")
    assert (with_cookies.status, with_cookies.body) == (without.status, without.body)


def test_what_a_cookie_proves_is_shared_with_nobody():
    """Neither the sign-in nor the consent, nor what manages the service."""
    shared = {one.path for one in ROUTES if one.shared}

    assert not [path for path in shared if "experience" in path or "consent" in path]
    assert not [path for path in shared if path.startswith("/oidc/session")]
    assert all(path.startswith(("/oidc/", "/api/my-account", "/api/verif")) for path in shared)
    assert not [path for path in shared if path.startswith("/api/verification-codes")]
