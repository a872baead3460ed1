"""Tokens: for a code, once and for its verifier; refreshed; and what ends them."""

import base64
import hashlib
import re
from urllib.parse import urlencode

import jwt
import pytest

CALLBACK = "https://app.example/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-as-asked"
AGAIN = "openid profile phone offline_access"
LEFT = "https://app.example/left"


@pytest.fixture
def person(otp):
    """Somebody in front of a service that signs in by code."""
    otp.allow_phones()
    return otp


def code_form(person, **more):
    """The form for the code that the application got last."""
    form = {
        "grant_type": "authorization_code",
        "client_id": person.client_id,
        "redirect_uri": CALLBACK,
        "code": person.back["code"],
        "code_verifier": VERIFIER,
    }
    return {name: value for name, value in (form | more).items() if value is not None}


def with_code(person, **more):
    """Somebody who has come back to the application with a code that is not used up."""
    person.begin("Register", **more)
    person.identify(person.proven("Register"))
    post, person.post = person.post, lambda *_args, **_more: None
    try:
        submitted = post("/api/experience/submit")
        person.tokens(submitted)
    finally:
        person.post = post


def refused(answer):
    """Status, OAuth's error, Logto's code and the description."""
    told = answer.json
    return answer.status, told["error"], told["code"], told["error_description"]


def refresh(person, token, **more):
    form = {"grant_type": "refresh_token", "client_id": person.client_id, "refresh_token": token}
    return person.post("/oidc/token", form=form | more)


def me(person, issued):
    headers = {"authorization": f"Bearer {issued.json['access_token']}"}
    return person.get("/oidc/me", headers=headers)


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        (
            {"grant_type": None},
            (400, "invalid_request", "missing required parameter 'grant_type'"),
        ),
        (
            {"code": None, "redirect_uri": None},
            (400, "invalid_request", "missing required parameters 'code' and 'redirect_uri'"),
        ),
        (
            {"grant_type": "password"},
            (400, "unsupported_grant_type", "unsupported grant_type requested"),
        ),
        (
            {"client_id": None},
            (400, "invalid_request", "no client authentication mechanism provided"),
        ),
        ({"client_id": "none"}, (401, "invalid_client", "client authentication failed")),
        ({"client_secret": "x"}, (401, "invalid_client", "client authentication failed")),
        ({"code": "none"}, (400, "invalid_grant", "grant request is invalid")),
        ({"redirect_uri": LEFT}, (400, "invalid_grant", "grant request is invalid")),
        ({"code_verifier": None}, (400, "invalid_grant", "grant request is invalid")),
        ({"code_verifier": VERIFIER[::-1]}, (400, "invalid_grant", "grant request is invalid")),
        (
            {"code_verifier": "short"},
            (
                400,
                "invalid_request",
                "code_verifier must be a string with a minimum length of 43 characters",
            ),
        ),
    ],
    ids=str,
)
def test_a_wrong_request_is_told_and_does_not_use_the_code_up(person, wrong, answer):
    """Whoever guesses a verifier, or forgets a field, takes nothing from who knows it."""
    with_code(person)
    told = person.post("/oidc/token", form=code_form(person, **wrong))
    status, error, described = answer

    assert (status, error, f"oidc.{error}", described) == refused(told)
    assert ("error_uri" in told.json) == (error == "invalid_grant")
    assert 200 == person.post("/oidc/token", form=code_form(person)).status


def test_a_code_that_is_shown_again_takes_back_what_was_given_for_it(person):
    """It may have been stolen, and it is not known by whom."""
    with_code(person)
    first = person.post("/oidc/token", form=code_form(person))
    before = me(person, first).status
    again = person.post("/oidc/token", form=code_form(person))

    assert (200, 200) == (first.status, before)
    assert (400, "invalid_grant") == refused(again)[:2]
    assert (401, "invalid_token") == refused(me(person, first))[:2]


def test_a_field_that_is_given_twice_is_refused(person):
    """Rather than one of the two taken."""
    with_code(person)
    raw = f"{urlencode(code_form(person))}&client_id=other".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    told = person.post("/oidc/token", raw=raw, headers=headers)

    assert "'client_id' parameter must not be provided twice" == refused(told)[3]


def test_only_a_form_is_taken(person):
    """As OAuth has it."""
    with_code(person)
    told = person.post("/oidc/token", code_form(person))

    assert (400, "invalid_request") == refused(told)[:2]
    assert "application/x-www-form-urlencoded" in refused(told)[3]


def test_the_id_token_tells_when_somebody_signed_in(person):
    """And which access token it came with."""
    with_code(person, nonce="n1")
    signed_in = person.now
    person.now += 30
    issued = person.post("/oidc/token", form=code_form(person)).json
    claims = jwt.decode(issued["id_token"], options={"verify_signature": False})
    half = hashlib.sha384(issued["access_token"].encode()).digest()[:24]

    assert (int(signed_in), "n1") == (claims["auth_time"], claims["nonce"])
    assert base64.urlsafe_b64encode(half).decode().rstrip("=") == claims["at_hash"]
    assert "refresh_token" not in issued


def test_offline_access_is_for_who_agrees_to_it(person):
    """`prompt` has to ask for it."""
    with_code(person, scope=AGAIN)
    issued = person.post("/oidc/token", form=code_form(person)).json

    assert "openid profile phone" == issued["scope"]
    assert "refresh_token" not in issued


def test_a_refresh_token_is_replaced_and_works_once(person):
    """Shown again, it takes back all that came of it."""
    with_code(person, scope=AGAIN, prompt="login consent")
    first = person.post("/oidc/token", form=code_form(person))
    second = refresh(person, first.json["refresh_token"])
    narrow = refresh(person, second.json["refresh_token"], scope="openid")
    again = refresh(person, first.json["refresh_token"])
    after = refresh(person, narrow.json["refresh_token"])

    assert [200, 200, 200] == [first.status, second.status, narrow.status]
    assert first.json["refresh_token"] != second.json["refresh_token"]
    assert (AGAIN, "openid") == (second.json["scope"], narrow.json["scope"])
    assert {(400, "invalid_grant")} == {refused(told)[:2] for told in (again, after)}
    assert 401 == me(person, second).status


def test_what_a_refresh_token_is_not_good_for_is_told(person):
    """Other scopes, another application, or nothing at all; and it lives fourteen days."""
    with_code(person, scope=AGAIN, prompt="login consent")
    token = person.post("/oidc/token", form=code_form(person)).json["refresh_token"]
    wide = refresh(person, token, scope="openid roles")
    none = refresh(person, "none")
    owner, person.client_id = (
        person.client_id,
        person.post("/api/applications", {"name": "other", "type": "SPA"}).json["id"],
    )
    other = refresh(person, token)
    person.client_id = owner
    person.now += 14 * 86_400 + 1
    old = refresh(person, token)

    assert (400, "invalid_scope", "roles") == (*refused(wide)[:2], wide.json["scope"])
    assert {(400, "invalid_grant")} == {refused(told)[:2] for told in (none, other, old)}


def test_an_application_with_a_secret_has_to_show_it(person):
    """In the header or in the form, not in both; a public one shows none. PKCE is then its own
    affair."""
    metadata = {"redirectUris": [CALLBACK], "postLogoutRedirectUris": []}
    document = {"name": "web", "type": "Traditional", "oidcClientMetadata": metadata}
    app = person.post("/api/applications", document).json
    pair = base64.b64encode(f"{app['id']}:{app['secret']}".encode()).decode()
    wrong = base64.b64encode(f"{app['id']}:wrong".encode()).decode()
    form = {"grant_type": "authorization_code", "code": "none", "redirect_uri": CALLBACK}
    basic = {"authorization": f"Basic {pair}"}
    posted = form | {"client_id": app["id"], "client_secret": app["secret"]}
    told = [
        person.post("/oidc/token", form=form, headers=basic),
        person.post("/oidc/token", form=posted),
        person.post("/oidc/token", form=form, headers={"authorization": f"Basic {wrong}"}),
        person.post("/oidc/token", form=form | {"client_id": app["id"]}),
        person.post("/oidc/token", form=posted, headers=basic),
        person.post("/oidc/token", form=form, headers={"authorization": "Bearer x"}),
    ]

    assert ["invalid_grant"] * 2 + ["invalid_client"] * 2 + ["invalid_request"] * 2 == [
        refused(one)[1] for one in told
    ]
    assert told[2].header("www-authenticate").startswith("Basic realm=")
    query = {
        "client_id": app["id"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
    }
    assert "/sign-in" in person.get(f"/oidc/auth?{urlencode(query)}").header("location")


def test_signing_out_ends_the_tokens(person):
    """By a page whose form goes on; where it leads has to be registered."""
    with_code(person)
    issued = person.post("/oidc/token", form=code_form(person))
    app = person.service.state.applications.get(person.client_id, person.now)
    app["oidcClientMetadata"]["postLogoutRedirectUris"].append(LEFT)
    person.now += 5
    query = {"id_token_hint": issued.json["id_token"], "post_logout_redirect_uri": LEFT}
    page = person.get(f"/oidc/session/end?{urlencode(query | {'state': 'st'})}")
    before = me(person, issued).status
    secret = re.search(r'name="xsrf" value="([^"]+)"', page.body.decode())[1]
    left = person.post("/oidc/session/end/confirm", form={"xsrf": secret, "logout": "yes"})
    again = person.post("/oidc/session/end/confirm", form={"xsrf": secret, "logout": "yes"})

    assert (200, "text/html; charset=utf-8") == (page.status, page.header("content-type"))
    assert (200, 401) == (before, me(person, issued).status)
    assert (303, f"{LEFT}?state=st") == (left.status, left.header("location"))
    assert (400, "could not find logout details") == (again.status, refused(again)[3])


@pytest.mark.parametrize(
    ("query", "error", "described"),
    [
        ({"client_id": "none"}, "invalid_client", "client is invalid"),
        ({"id_token_hint": "a.b.c"}, "invalid_request", "could not validate id_token_hint"),
        ({"id_token_hint": "\u4e2d"}, "invalid_request", "could not validate id_token_hint"),
        (
            {"post_logout_redirect_uri": "https://evil.example/"},
            "invalid_request",
            "post_logout_redirect_uri not registered",
        ),
    ],
    ids=str,
)
def test_a_wrong_end_of_a_session_is_told(person, query, error, described):
    """And leads nowhere."""
    person.authorize()
    told = person.get(f"/oidc/session/end?{urlencode({'client_id': person.client_id} | query)}")

    assert (400, error, f"oidc.{error}", described) == refused(told)


def test_whoever_names_no_application_is_signed_out_to_a_page(person):
    """What they say of where to go is not looked at."""
    page = person.get("/oidc/session/end?post_logout_redirect_uri=https://evil.example/")
    secret = re.search(r'name="xsrf" value="([^"]+)"', page.body.decode())[1]
    left = person.post("/oidc/session/end/confirm", form={"xsrf": secret})

    assert "http://otp.example/oidc/session/end/success" == left.header("location")
    assert 200 == person.get("/oidc/session/end/success").status
