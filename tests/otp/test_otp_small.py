"""What keeps the service small and whole: bounded tables, guarded bodies, hostile input."""

import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.otp.app import ROUTES
from simulators.otp.errors import ERRORS, Refused
from simulators.otp.languages import chosen
from simulators.otp.state import Shelf, User, Users
from simulators.otp.zod import Guard, obj

PHONE = "15005550009"
TEXT = {"type": "string"}


def test_a_shelf_forgets_the_oldest_and_what_is_too_old():
    """By number and by age."""
    shelf = Shelf(most=3, seconds=10)
    for at in range(4):
        shelf.put(at, f"row {at}", at)

    assert 3 == len(shelf)
    assert [None, "row 1"] == [shelf.get(0, 3), shelf.get(1, 3)]
    assert [None, "row 2"] == [shelf.get(1, 12), shelf.get(2, 12)]


def test_a_full_shelf_empties_as_others_come():
    """Two old rows go for each that comes."""
    shelf = Shelf(most=100, seconds=10)
    for key in range(100):
        shelf.put(key, key, 0)
    for key in range(50):
        shelf.put(f"new {key}", key, 11)

    assert 50 == len(shelf)


def test_a_row_that_is_put_again_is_young():
    """It goes last."""
    shelf = Shelf(most=2, seconds=10)
    shelf.put("a", 1, 0)
    shelf.put("b", 2, 1)
    shelf.put("a", 3, 2)
    shelf.put("c", 4, 3)

    assert [3, None, 4] == [shelf.get(key, 3) for key in "abc"]
    assert (4, None) == (shelf.pop("c", 3), shelf.pop("c", 3))


def test_users_beyond_the_most_push_out_the_first(monkeypatch):
    """With number and name, so that both are free again."""
    monkeypatch.setattr("simulators.otp.state.MOST", 2)
    users = Users()
    for number in range(3):
        users.add(User(f"id{number}", 0.0, f"100{number}", f"name{number}"))

    assert 2 == len(users)
    assert (None, None, None) == (
        users.find("id0"),
        users.with_phone("1000"),
        users.named("name0"),
    )
    assert not users.remove("id0")


def test_many_requests_leave_bounded_tables(otp):
    """A code that is used up is gone; one that was not is kept for its number alone."""
    for _ in range(20):
        otp.service.state.sends = Shelf(10, 600)
        otp.request()
    assert 1 == len(otp.service.state.passcodes)
    otp.verify(otp.sent_code())

    assert 0 == len(otp.service.state.passcodes)


@pytest.mark.parametrize(
    ("schema", "value", "issue"),
    [
        (
            TEXT,
            ...,
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "undefined",
                "message": "Required",
            },
        ),
        (
            TEXT,
            5,
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "number",
                "message": "Expected string, received number",
            },
        ),
        (
            {"enum": ["A", "B"]},
            "C",
            {
                "code": "invalid_enum_value",
                "received": "C",
                "options": ["A", "B"],
                "message": "Invalid enum value. Expected 'A' | 'B', received 'C'",
            },
        ),
        (
            {"enum": ["A", "B"]},
            None,
            {
                "code": "invalid_type",
                "expected": "'A' | 'B'",
                "received": "null",
                "message": "Expected 'A' | 'B', received null",
            },
        ),
        (
            {"type": "string", "pattern": "^[0-9]+$"},
            "+1",
            {"code": "invalid_string", "validation": "regex", "message": "Invalid"},
        ),
        (
            {"type": "string", "minLength": 1},
            "",
            {
                "code": "too_small",
                "minimum": 1,
                "type": "string",
                "inclusive": True,
                "exact": False,
                "message": "String must contain at least 1 character(s)",
            },
        ),
        (
            {"type": "integer", "minimum": 60, "maximum": 3600},
            3601,
            {
                "code": "too_big",
                "maximum": 3600,
                "type": "number",
                "inclusive": True,
                "exact": False,
                "message": "Number must be less than or equal to 3600",
            },
        ),
    ],
)
def test_a_broken_body_is_told_as_zod_tells_it(schema, value, issue):
    """With the path of what is wrong."""
    guard = Guard(obj(["field"], field=schema))
    document = {} if value is ... else {"field": value}

    assert [issue | {"path": ["field"]}] == guard.issues(document)


def test_every_error_raised_has_a_row():
    """And none is unknown."""
    with pytest.raises(KeyError):
        Refused("no.such_code")
    for code, row in ERRORS.items():
        assert 400 <= row.status <= 501, code
        assert row.text, code


def test_what_is_not_served_is_not_found(otp):
    """In plain text, as Koa has it."""
    for method, path in (("GET", "/"), ("GET", "/api/nothing")):
        answer = otp.ask(method, path)

        assert (404, b"Not Found") == (answer.status, answer.body)


def test_a_method_that_a_path_does_not_have_is_told(otp):
    """With those it has; below `/oidc` in the provider's words."""
    answer = otp.post("/api/sign-in-exp")
    provider = otp.get("/oidc/token")

    assert (405, b"Method Not Allowed") == (answer.status, answer.body)
    assert "HEAD, GET, PATCH" == answer.header("allow")
    assert (404, "oidc.invalid_request") == (provider.status, provider.code)
    assert (
        "unrecognized route or not allowed method (GET on /token)"
        == provider.json["error_description"]
    )


@pytest.mark.parametrize(
    ("wanted", "accepted", "info", "language"),
    [
        ("", "", {}, "en"),
        ("fr-CA fr", "de", {}, "fr"),
        ("tlh de-AT", "", {}, "de"),
        ("zh", "", {}, "zh-CN"),
        ("", "en;q=0.5, zh-tw;q=0.9, *", {}, "zh-TW"),
        ("", "de", {"autoDetect": False, "fallbackLanguage": "ja"}, "ja"),
        ("", "tlh, *;q=x, -", {"fallbackLanguage": "tlh"}, "en"),
    ],
)
def test_the_language_is_the_first_that_there_are_texts_in(wanted, accepted, info, language):
    """The application's wish goes before the browser's, a browser's before the fallback."""
    assert language == chosen(wanted, accepted, info)


class Told(logging.Handler):
    """What was logged as an error, and the token of somebody who is signed in."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []
        self.token = ""

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def told():
    """What is logged as an error meanwhile."""
    handler = Told()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


WORDS = st.one_of(
    st.text(max_size=20),
    st.text("+0123456789", max_size=20),
    st.sampled_from(
        [PHONE, "SignIn", "Register", "phone", "email", "password", "first-sms", "default", "\0"]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(allow_nan=False, allow_infinity=False),
        WORDS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
NAMES = """phone email verificationCode connectorId config id targetType targets identifier type
value interactionEvent verificationId code password identifierType primaryPhone username name
signInMode signUp signIn mfa factors policy sentinelPolicy verificationCodePolicy fields
forgotPasswordMethods passwordPolicy length min languageInfo oidcClientMetadata redirectUris
grant_type code_verifier redirect_uri client_id enabled locale metadata"""
FIELDS = st.sampled_from(NAMES.split())
DOCUMENTS = st.one_of(
    VALUES,
    st.dictionaries(FIELDS, VALUES, max_size=6),
    st.fixed_dictionaries(
        {
            "identifier": st.fixed_dictionaries(
                {"type": st.sampled_from(["phone", "email", "username"]), "value": WORDS}
            ),
            "interactionEvent": st.sampled_from(["SignIn", "Register", "ForgotPassword"]),
        },
        optional={"verificationId": WORDS, "code": WORDS, "password": WORDS},
    ),
)
RAW = st.one_of(
    st.binary(max_size=100),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 5_000, b'{"phone": "\\ud800"}', b"\xff\xfe", b"1"]),
)
HEADER_NAMES = "authorization cookie accept-language host logto-verification-id content-type"
HEADERS = st.dictionaries(
    st.sampled_from(HEADER_NAMES.split()),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    max_size=3,
)


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_no_input_makes_a_fault(otp, told, data):
    """Neither a document nor bytes, headers, a query or a path: always an answer, never a fault,
    and the service answers as before."""
    if not told.token:
        otp.allow_phones()
        told.token = otp.tokens(otp.sign_up()).json["access_token"]
    otp.connect()
    otp.begin(data.draw(st.sampled_from(["SignIn", "Register", "ForgotPassword"])))
    route = data.draw(st.sampled_from(ROUTES))
    path = route.path.replace("<id>", data.draw(st.sampled_from(["first-sms", "none", "%00"])))
    query = data.draw(st.sampled_from(["", "?target=%ff", "?client_id=%00&redirect_uri=x", "?&=&"]))
    headers = {"authorization": f"Bearer {told.token}"} | data.draw(HEADERS)
    if data.draw(st.booleans()):
        answer = otp.ask(route.method, path + query, data.draw(DOCUMENTS), headers)
    else:
        kind = data.draw(st.sampled_from(["application/json", "x/y", ""]))
        given_headers = {"content-type": kind} | headers
        answer = otp.ask(route.method, path + query, headers=given_headers, raw=data.draw(RAW))

    assert 200 <= answer.status < 500 or answer.status == 501
    if answer.body.startswith(b"{"):
        json.loads(answer.body)
    assert 200 == otp.get("/api/sign-in-exp").status
    assert [] == told.lines


def test_a_body_that_nobody_means_is_refused_in_time(otp):
    """Forms and texts over 56 KiB, as koa-body has it; JSON that is nested too deep to be checked;
    and of thousands of wrong items a hundred are told."""
    form = otp.post("/api/verification-codes", form={"phone": "1" * 60_000})
    text = otp.post("/api/connectors", raw=b"a" * 60_000, headers={"content-type": "text/plain"})
    deep = b'{"phone":' + b"[" * 500 + b"]" * 500 + b"}"
    nested = otp.post("/api/users", raw=deep, headers={"content-type": "application/json"})
    many = otp.post("/api/users/u1/roles", {"roleIds": [0] * 5000})

    assert [413, 413, 400] == [answer.status for answer in (form, text, nested)]
    assert "100 levels" in nested.json["message"]
    assert 400 == many.status
    assert 100 == len(many.json["data"]["issues"])
