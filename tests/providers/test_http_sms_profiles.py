"""What other auth systems post to a service of one's own, each in a form of its own."""

import base64
import functools
import hmac
import json
from datetime import UTC, datetime

import jwt
import pytest
import requests
from standardwebhooks import Webhook

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.check.examples import examples
from simulators.kernel.accounts import Accounts
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import contract
from simulators.kernel.pipeline import Settings
from simulators.kernel.provider import Exchange, Failure
from simulators.providers.http_sms.profiles import LONGEST, OPERATIONS, PROFILES, SYSTEMS
from simulators.store.memory import MemoryStore

HOST = "sms-webhook.example.com"
TOKEN = "Bearer fake-http-sms-token"
NAMES = [profile.name for profile in SYSTEMS]
RECOGNISED = [profile.name for profile in SYSTEMS if profile.names]
NOBODY_S = sorted({*NAMES} - {*RECOGNISED})


def example(name, at=0):
    """A request of one system, as its contract has it."""
    return examples("http_sms", f"send-{name}").keeps[at]


def spelled(body, path="/hooks/fake-http-sms-key", **headers):
    """A post as bytes; names of headers have a _ for a -."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(raw)}"]
    given = {"content_type": "application/json", **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


@pytest.fixture
def post(default, replay):
    """Posts a body, and returns the answer with what was kept of it."""

    def sent(body, **options):
        return replay(spelled(body, **options), HOST)

    return sent


@pytest.fixture
def choose(default):
    """Sets the account's document."""
    return lambda **document: default.settings("http_sms", {"http_sms": document})


# Who is reached, what is read, the code in it, what it is for, and by whom.
READ = {
    "supabase": ("561166", "561166", "", ""),
    "zitadel": (
        "123456 is your one-time-password for example.com. Use it within the next 5m0s.\n"
        "@example.com #123456",
        *("123456", "session.otp.sms.challenged", ""),
    ),
    "kratos": (
        "Your login code is: 123456\n\nIt expires in 15 minutes.\n",
        *("123456", "login_code_valid", ""),
    ),
    "authgear": (
        "123456 is your Myapp verification code",
        *("123456", "verification_sms.txt", ""),
    ),
    "authentik": (
        "Use this code to authenticate in authentik: 123456",
        *("123456", "", "+15550001111"),
    ),
    "fusionauth": ("Two Factor Code: 012345", "012345", "SMS", ""),
    "auth0-action": (
        "123456 is your verification code for Example",
        *("123456", "otp_verify", "+15550001111"),
    ),
    "auth0": ("Your verification code is: 123456", "123456", "", "+15550001111"),
    "parse": ("123456", "123456", "", ""),
    "casdoor": ("123456", "123456", "", ""),
    "keycloak": (
        "Your SMS code is 123456 and is valid for 5 minutes.",
        *("123456", "", "Keycloak"),
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_each_system_s_request_is_taken_for_its_own(name, default, post, choose):
    """By its shape where it has one, by the account's choice where anyone could have made it up;
    recipient, text and code are those that the system meant."""
    kept = example(name)
    if name in NOBODY_S:
        choose(profile=name)
    form = "form" in kept["headers"]["content-type"]
    body = b"phoneNumber=%2B8613012345678&content=123456" if form else kept["body"]
    headers = {at.replace("-", "_"): value for at, value in kept["headers"].items()}

    answer = post(body, path=kept["path"], **{"authorization": TOKEN, **headers})

    (message,) = default.messages()
    (entry,) = default.requests()
    text, code, kind, sender = READ[name]
    assert (200, f"send-{name}", []) == (answer.status, entry["operation"], entry["breaches"])
    assert ("+8613012345678", text) == (message.to, message.text)
    assert (kind, sender) == (message.template, message.sender)
    assert code == default.wait_for_code("+8613012345678")
    assert [] == contract("http_sms", f"send-{name}", "response.schema").validate(answer.json())


@pytest.mark.parametrize("name", NOBODY_S)
def test_a_form_that_anyone_could_have_made_up_is_nobody_s(name, default, post):
    """Unless it is chosen: without, it is the generic form."""
    body = {"phoneNumber": "+8613012345678", "to": "+8613012345678", "text": "code 123456"}

    post(body, authorization=TOKEN)

    assert "send-generic" == default.requests()[0]["operation"]


def test_a_nested_type_is_not_logto_s(default, post):
    """Logto's own body has its type at the top: a user's metadata may have any names."""
    kept = example("supabase")
    user = {**kept["body"]["user"], "user_metadata": {"type": "customer"}}

    post({**kept["body"], "user": user})

    assert "send-supabase" == default.requests()[0]["operation"]


def test_a_body_that_is_too_long_is_no_system_s(default, post):
    """It could have all names and be decoded for each profile: it is read as the generic form."""
    names = dict.fromkeys((name for profile in SYSTEMS for name in profile.names), "1")
    default.allow_violations()

    post(names)
    post({**names, "padding": "x" * LONGEST})

    asked = [entry["operation"] for entry in default.requests()]
    assert ["send-generic", "send-supabase"] == sorted(asked)


def test_whose_places_are_set_sends_no_system_s_form(default, post, choose):
    """Who says where recipient and text stand is asked for them there, whatever it looks like."""
    choose(to=["body:sender"], text=["body:body"])

    post({"recipient": "+8613012345678", "body": "code 1234", "sender": "+15551234567"})

    assert ["+15551234567"] == [message.to for message in default.messages()]


@pytest.mark.parametrize("chosen", NAMES)
@pytest.mark.parametrize("sent", ["authentik", "fusionauth"])
def test_a_chosen_profile_takes_no_other_s_form(sent, chosen, default, post, choose):
    """What it lacks is told by the contract of the chosen one; nothing is kept."""
    choose(profile=chosen)

    post(example(sent)["body"])

    (entry,) = default.requests()
    took = [message.text for message in default.messages()]
    assert f"send-{chosen}" == entry["operation"]
    if chosen == sent:
        assert ([READ[sent][0]], []) == (took, entry["breaches"])
    elif (sent, chosen) != ("fusionauth", "casdoor"):  # a number by that name, and other names
        assert ([], True) == (took, bool(entry["breaches"]))
    default.allow_violations()


def test_strict_mode_holds_a_chosen_profile_to_its_own_contract(tmp_path):
    """And to that alone: what would have been taken for another's is judged by the chosen one."""
    account = {"id": "k", "seed": "", "credentials": {}, "settings": {}}
    account["settings"] = {"http_sms": {"profile": "keycloak"}}
    options = Options(
        port=0, tls_port=None, tls_dir=tmp_path, accounts=[account], settings=Settings(strict=True)
    )
    with in_thread(options) as simulators:
        url = simulators.addresses("http_sms")["prefix"] + "/sms"
        known = simulators.accounts.world("k").credentials("http_sms")
        header = {"Authorization": known["authorization"]}
        body = {"text": "code 123456", "to": "+8613012345678", "from": "Keycloak"}
        right = requests.post(url, json=body, headers=header, timeout=10)
        wrong = requests.post(url, json={**body, "to": "130 1234"}, headers=header, timeout=10)
        simulators.call(simulators.accounts.world("k").reset)
        still = requests.post(url, json=example("auth0")["body"], headers=header, timeout=10)

    assert [200, 400, 400] == [right.status_code, wrong.status_code, still.status_code]
    assert "body.to" in wrong.json()["message"]


# By which words each system tells refusals apart: of a number, of an account, of a limit.
TOLD = {
    "supabase": [
        (200, {"error": {"http_code": 400, "message": "12 is not a phone number"}}),
        (401, {"error": {"http_code": 401, "message": "The Authorization header is not known"}}),
        (429, {"error": {"http_code": 429, "message": "Too many requests"}}),
    ],
    "authgear": [
        (
            400,
            {
                "code": "invalid_phone_number",
                "description": "12 is not a phone number",
                "info": {"provider_error_code": "bad_recipient"},
            },
        ),
        (
            401,
            {
                "code": "authentication_failed",
                "description": "The Authorization header is not known",
                "info": {"provider_error_code": "unknown_credentials"},
            },
        ),
        (
            429,
            {
                "code": "rate_limited",
                "description": "Too many requests",
                "info": {"provider_error_code": "throttled"},
            },
        ),
    ],
}
PLAIN = [
    (400, {"error": "bad_recipient", "message": "12 is not a phone number"}),
    (
        401,
        {"error": "unknown_credentials", "message": "The Authorization header is not known"},
    ),
    (429, {"error": "throttled", "message": "Too many requests"}),
]
NUMBERS = {
    "supabase": ("user", "phone"),
    "zitadel": ("contextInfo", "recipientPhoneNumber"),
    "kratos": ("recipient",),
    "authgear": ("to",),
    "authentik": ("To",),
    "fusionauth": ("phoneNumber",),
    "auth0-action": ("recipient",),
    "auth0": ("recipient",),
    "parse": ("mobile",),
}


def with_number(body, name, number):
    """The body with another number."""
    changed = json.loads(json.dumps(body))
    *above, last = NUMBERS[name]
    holder = functools.reduce(dict.__getitem__, above, changed)
    holder[last] = number
    return changed


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_refusal_is_one_that_the_system_reads(name, default, post):
    """In the form, and with the status, by which it tells one from another."""
    body = example(name)["body"]
    wrong = with_number(body, name, "12")
    default.allow_violations()

    answers = [
        post(wrong, authorization=TOKEN),
        post(body, path="/sms", authorization="Bearer other"),
    ]
    default.script({"match": {"provider": "http_sms"}, "effect": {"error": "throttled"}})
    answers.append(post(body, authorization=TOKEN))

    assert TOLD.get(name, PLAIN) == [(answer.status, answer.json()) for answer in answers]
    assert [] == default.messages()


@pytest.mark.parametrize("name", ["supabase", "authgear"])
def test_every_refusal_has_the_form_of_the_system(name, default):
    """Each row of the catalogue, filled as it would be."""
    provider = PROVIDERS["http_sms"]
    shape = contract("http_sms", f"{name}-error", "response.schema")
    told = {}
    for row in provider.catalogue:
        reply = PROFILES[name].refuse(Failure(row))
        told[row.key] = (reply.status, json.loads(reply.body))
        assert [] == shape.validate(told[row.key][1]), row.key

    if name == "supabase":
        under_200 = {key for key, (status, _body) in told.items() if status == 200}
        assert {"malformed", "throttled", "unauthenticated", "internal"} & under_200 == set()
        assert {"bad_recipient", "opted_out", "no_credit", "missing_text"} <= under_200
    else:
        assert "ok" not in {body["code"] for _status, body in told.values()}


@pytest.mark.parametrize("name", RECOGNISED)
def test_the_magic_numbers_mean_the_same_in_every_form(name, default, post):
    """What a conformance run and a load test steer by is the number, whoever writes it."""
    default.script("magic")
    limited, empty = (f"+1415{n}" for n in ("9990102", "9990302"))

    answers = [
        post(with_number(example(name)["body"], name, number), authorization=TOKEN)
        for number in (limited, empty)
    ]

    assert [(429, True), (200, False)] == [(a.status, bool(a.body)) for a in answers]
    assert ["magic-throttled", "magic-empty"] == [a.headers["x-simulator-rule"] for a in answers]


SECRET = "v1,whsec_" + base64.b64encode(b"a secret of thirty-two bytes len").decode()
NOW = datetime(2020, 11, 21, 12, tzinfo=UTC)
SUPABASE = json.dumps(example("supabase")["body"]).encode()


def standard(body=SUPABASE, secret=SECRET, at=NOW, known="msg_1"):
    """The headers of Standard Webhooks, by its own library."""
    made = Webhook(secret.removeprefix("v1,")).sign(known, at, body.decode())
    stamp = f"{at.timestamp():.0f}"
    return {"webhook_id": known, "webhook_timestamp": stamp, "webhook_signature": made}


def test_a_webhook_signed_by_the_library_is_taken(default, post, choose):
    """And so is one with several signatures, as a secret that is being replaced makes them, spelled
    as the specification does and as Supabase does."""
    default.clock.freeze(NOW)
    choose(secret=SECRET)
    other = "v1," + base64.b64encode(b"x" * 32).decode()
    right = standard()
    spec, supabase = (f"{other}{between}{right['webhook_signature']}" for between in (" ", ", "))

    answers = [
        post(SUPABASE, **right),
        post(SUPABASE, **{**right, "webhook_signature": spec}),
        post(SUPABASE, **{**right, "webhook_signature": supabase}),
    ]

    assert [200] * 3 == [answer.status for answer in answers]
    assert 3 == len(default.messages())


OLD, AHEAD = NOW.replace(minute=5, second=1), NOW.replace(hour=11, minute=54, second=59)


@pytest.mark.parametrize(
    ("headers", "now", "said"),
    [
        ({}, NOW, "is missing"),
        (standard(body=SUPABASE.replace(b"561166", b"000000")), NOW, "another body"),
        (standard(secret="whsec_" + "QUJD" * 8), NOW, "another secret"),
        (standard(known="") | {"webhook_id": "msg_2"}, NOW, "not the right one"),
        (standard(), OLD, "301 seconds old"),
        (standard(), AHEAD, "-301 seconds old"),
        (standard() | {"webhook_timestamp": "now"}, NOW, "not the right one"),
    ],
)
def test_a_webhook_without_the_right_signature_is_refused(
    headers, now, said, default, post, choose
):
    """What is signed over five minutes ago or ahead, by the world's clock, as well."""
    default.clock.freeze(now)
    choose(secret=SECRET)
    default.allow_violations()

    answer = post(SUPABASE, **headers)

    assert 401 == answer.status
    assert said in answer.json()["error"]["message"]
    assert [] == default.messages()


@pytest.mark.parametrize(
    ("made", "mistake"),
    [
        (
            lambda key, text: base64.b64encode(hmac.digest(key, text, "sha256")).decode(),
            "the secret was not decoded from Base64",
        ),
        (
            lambda key, text: hmac.digest(base64.b64decode(key), text, "sha256").hex(),
            "it was written in hex, not in Base64",
        ),
    ],
)
def test_the_journal_explains_a_wrong_signature(made, mistake, default, post, choose):
    """By what was done in another way than the specification's."""
    default.clock.freeze(NOW)
    choose(secret=SECRET)
    headers = standard()
    over = f"msg_1.{headers['webhook_timestamp']}.".encode() + SUPABASE
    signature = f"v1,{made(SECRET.removeprefix('v1,whsec_').encode(), over)}"
    default.allow_violations()

    post(SUPABASE, **{**headers, "webhook_signature": signature})

    told = default.requests()[0]["mismatch"]
    assert ("Standard Webhooks", mistake) == (told["scheme"], told["mistake"])
    assert over.decode() == told["ours"]["string_to_sign"]


def test_without_a_secret_no_signature_is_looked_at(default, post):
    """Whoever has not set one wants none."""
    wrong = {**standard(), "webhook_signature": "v1,AAAA"}

    assert 200 == post(SUPABASE, **wrong).status


def test_a_secret_that_is_none_is_told(default, post, choose):
    """It is the account's mistake, not the sender's."""
    default.clock.freeze(NOW)
    choose(secret="v1,whsec_no Base64!")

    answer = post(SUPABASE, **standard())

    assert "the account's own secret is no Base64" in answer.json()["error"]["message"]


def zitadel(body, key="a key", at=NOW):
    stamp = f"{at.timestamp():.0f}"
    return f"t={stamp},v1={hmac.digest(key.encode(), stamp.encode() + b'.' + body, 'sha256').hex()}"


def authgear(body, key="a key", _at=NOW):
    return hmac.digest(key.encode(), body, "sha256").hex()


def auth0(_body, key="a key of thirty-two bytes at least", at=NOW):
    claims = {"sub": "urn:Auth0", "aud": "urn:MySmsGateway", "exp": int(at.timestamp())}
    return f"Bearer {jwt.encode(claims, key.ljust(32), algorithm='HS256')}"


@pytest.mark.parametrize(
    ("name", "header", "sign", "ages"),
    [
        ("zitadel", "zitadel_signature", zitadel, 301),
        ("authgear", "x_authgear_body_signature", authgear, None),
        ("auth0", "authorization", auth0, 1),
    ],
)
def test_the_other_signatures(name, header, sign, ages, default, post, choose):
    """Right, of another body or key, too old, and none at all."""
    default.clock.freeze(NOW)
    body = json.dumps(example(name)["body"]).encode()
    secret = "a key of thirty-two bytes at least" if name == "auth0" else "a key"
    choose(secret=secret)
    default.allow_violations()
    another = sign(body, "another key") if name == "auth0" else sign(body + b" ")

    right = post(body, **{header: sign(body)})
    wrong = post(body, **{header: another})
    none = post(body)
    default.clock.advance(ages or 0)
    late = post(body, **{header: sign(body)})

    assert [200, 401, 401] == [answer.status for answer in (right, wrong, none)]
    assert (401 if ages else 200) == late.status
    assert b"bad_signature" in wrong.body
    assert b"unsigned" in none.body


def test_a_token_that_is_good_by_the_machine_s_clock_is_good(default, post, choose):
    """Though by the account's, which was moved on, it has ended, and less long ago."""
    choose(secret="a key of thirty-two bytes at least")
    ends = datetime.fromtimestamp(default.clock.now().timestamp() + 7200, UTC)
    body = json.dumps(example("auth0")["body"]).encode()
    default.clock.advance(7201)

    assert 200 == post(body, authorization=auth0(body, at=ends)).status


@pytest.mark.parametrize("authorization", ["Basic dXNlcjpwYXNz", auth0(b""), None])
def test_at_a_path_of_one_s_own_a_header_that_names_nobody_is_no_matter(
    authorization, default, post
):
    """Basic authentication and tokens that are another each time: the path says whose it is."""
    given = {"authorization": authorization} if authorization else {}

    assert 200 == post(example("authentik")["body"], **given).status


def test_a_basic_header_that_is_the_account_s_is_found_by_it():
    """Verbatim, as any other: an account may have that one."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values())
    world = accounts.add("b", {"http_sms": {"authorization": "Basic dXNlcjpwYXNz"}})
    call = Call("POST", "/sms", headers={"authorization": "Basic dXNlcjpwYXNz"})
    provider = PROVIDERS["http_sms"]
    found = provider.identify(Exchange(call, provider, None, {}, accounts.strangers, 0.0))

    assert world is accounts.of("http_sms", found)


@pytest.mark.parametrize("name", RECOGNISED)
def test_check_names_the_profile(name, tmp_path, command):
    """Its verdict on a recorded request is by the contract of the system that sent it."""
    kept = example(name)
    file = tmp_path / "sent.jsonl"
    url, wrong = f"https://{HOST}{kept['path']}", with_number(kept["body"], name, "12")
    line = {"method": "POST", "url": url, "headers": kept["headers"], "body": wrong}
    file.write_text(json.dumps(line))

    done = command("check", file)

    assert f"http_sms send-{name}: POST https://{HOST}/" in done.stdout
    assert f"  body.{'.'.join(NUMBERS[name])}\n" in done.stdout


def test_every_profile_has_its_operation():
    """And every operation of the provider its profile."""
    assert {*OPERATIONS} == {one.operation for one in PROVIDERS["http_sms"].endpoints}
    assert {"logto", "generic", *NAMES} == {*PROFILES}
    assert {problem.value for problem in Problem} <= {
        row.key for row in PROVIDERS["http_sms"].catalogue
    }
