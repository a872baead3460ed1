"""Signing in to GatewayAPI: every scheme of its documentation, and what each is refused with."""

import json
import time
from base64 import b64encode

import pytest
import requests
from oauthlib.oauth1 import Client
from requests_oauthlib import OAuth1

from simulators.kernel.contracts import contract
from simulators.kernel.journal import REQUESTS

TOKEN = "FakeTokenFakeTokenFakeTokenFakeToken-0123456789_abcdefghij"
KEY, SECRET = "FakeOAuthKeyFakeOAuthKey", "FakeOAuthSecretFakeOAuthSecretFakeOAuth-"
USER, PASSWORD = "fake-user", "FakePassword0"
SMS = {"message": "Your code is 123456", "recipients": [{"msisdn": 4512345678}]}
FORM = {"message": "Your code is 123456", "recipients.0.msisdn": "4512345678"}
WRONG = TOKEN[:-1] + "k"


class Anonymous(requests.auth.AuthBase):
    """No Authorization header, not even one that `requests` finds itself."""

    def __call__(self, request):
        return request


def refused(answer):
    """Status, code and variables of a refusal that has the documented shape."""
    body = answer.json()
    assert [] == contract("gatewayapi", "error", "response.schema").validate(body)
    return answer.status_code, body.get("code"), body.get("variables")


@pytest.mark.parametrize(
    "options",
    [
        {"auth": (TOKEN, ""), "json": SMS},
        {"auth": Anonymous(), "headers": {"Authorization": f"Token {TOKEN}"}, "json": SMS},
        {"auth": Anonymous(), "headers": {"Authorization": f"token {TOKEN}"}, "json": SMS},
        {"auth": Anonymous(), "params": {"token": TOKEN}, "json": SMS},
        {"auth": Anonymous(), "data": {"token": TOKEN, **FORM}},
        {"auth": (USER, PASSWORD), "json": SMS},
        {"auth": Anonymous(), "params": {"user": USER, "password": PASSWORD}, "json": SMS},
        {"auth": Anonymous(), "data": {"user": USER, "password": PASSWORD, **FORM}},
        {"auth": OAuth1(KEY, SECRET), "json": SMS},
        {"auth": OAuth1(KEY, SECRET), "data": FORM},
        {"auth": OAuth1(KEY, SECRET, signature_type="query"), "json": SMS},
        {"auth": OAuth1(KEY, SECRET, signature_type="body"), "data": FORM},
        {"auth": OAuth1(KEY, SECRET, resource_owner_key=""), "json": SMS},
    ],
)
def test_lets_in_by_every_documented_scheme(options, default, ask):
    """Token, user and password, OAuth: in the header, the query or the form."""
    answer = ask("POST", "/rest/mtsms", **options)

    assert 200 == answer.status_code
    assert "123456" == default.wait_for_code("+4512345678")


def test_oauth_signs_the_address_that_the_client_uses(default, vendor_dns):
    """Under a prefix, the provider's own name and the vendor's, over http and https."""
    plain, secure = vendor_dns.ports["http"], vendor_dns.ports["https"]
    urls = [
        f"http://127.0.0.1:{plain}/gatewayapi",
        f"http://gatewayapi.localhost:{plain}",
        f"https://gatewayapi.localhost:{secure}",
        "https://gatewayapi.com",
        "https://gatewayapi.eu",
    ]

    answers = [
        requests.post(f"{url}/rest/mtsms", json=SMS, auth=OAuth1(KEY, SECRET), timeout=10)
        for url in urls
    ]

    assert [200] * len(urls) == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    "options",
    [
        {"auth": (WRONG, "")},
        {"auth": Anonymous(), "headers": {"Authorization": f"Token {WRONG}"}},
        {"auth": Anonymous(), "params": {"token": WRONG}},
        {"auth": Anonymous(), "headers": {"Authorization": f"Bearer {TOKEN}"}},
        {"auth": Anonymous(), "headers": {"Authorization": "Basic ???"}},
        {"auth": Anonymous()},
    ],
)
def test_one_wrong_character_of_a_token_is_an_invalid_token(options, default, ask):
    """401 with 0x0229, and nothing is kept."""
    answer = ask("POST", "/rest/mtsms", json=SMS, **options)

    assert (401, "0x0229", None) == refused(answer)
    assert [] == default.messages()


def test_a_changed_byte_of_any_recorded_token_is_refused(default, replay, captures):
    """The clients' own requests, with the token's last byte another."""
    basic, other = (b64encode(f"{token}:".encode()).decode() for token in (TOKEN, WRONG))
    for client in ("logto-gatewayapi-sms", "gatewayapi-requests-token", "gatewayapi-requests-form"):
        request = captures(client)[0]["requests"][0]
        raw = json.dumps(request).replace(basic, other).replace(TOKEN, WRONG)
        assert json.loads(raw) != request

        answer = replay(json.loads(raw))

        assert 401 == answer.status
        assert "0x0229" == answer.json()["code"]


def test_tells_an_unknown_user_from_a_wrong_password(default, ask):
    """0x0210 names the user, 0x0211 does not."""
    unknown = ask("GET", "/rest/me", auth=("somebody", PASSWORD))
    wrong = ask("GET", "/rest/me", auth=(USER, PASSWORD + "x"))

    assert (401, "0x0210", ["somebody"]) == refused(unknown)
    assert "Invalid username: %1" == unknown.json()["message"]
    assert (401, "0x0211", None) == refused(wrong)


class Changed(OAuth1):
    """OAuth with one parameter of the header changed after signing."""

    def __init__(self, old, new, **options):
        super().__init__(KEY, SECRET, **options)
        self.old, self.new = old, new

    def __call__(self, request):
        signed = super().__call__(request)
        header = signed.headers["Authorization"]
        header = header.decode() if isinstance(header, bytes) else header
        assert self.old in header
        signed.headers["Authorization"] = header.replace(self.old, self.new, 1)
        return signed


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (OAuth1("Another-key", SECRET), (401, "0x0223", None)),
        (OAuth1(KEY, SECRET + "x"), (401, "0x0224", None)),
        (Changed('oauth_nonce="', 'oauth_nonce="1'), (401, "0x0224", None)),
        (OAuth1(KEY, SECRET, timestamp="1450124113"), (401, "0x0225", None)),
        (OAuth1(KEY, SECRET, timestamp="soon"), (401, "0x0225", None)),
        (
            OAuth1(KEY, SECRET, signature_method="PLAINTEXT"),
            (400, "0x0221", ["PLAINTEXT"]),
        ),
        (OAuth1(KEY, SECRET, callback_uri="oob"), (400, "0x0220", ["oauth_callback"])),
        (Changed("oauth_nonce=", "x_nonce="), (400, "0x0222", ["oauth_nonce"])),
        (Changed("oauth_consumer_key=", "x_key="), (400, "0x0222", ["oauth_consumer_key"])),
        (Changed("oauth_signature=", "x_signature="), (400, "0x0222", ["oauth_signature"])),
        (Changed('oauth_version="1.0"', 'oauth_version="2.0"'), (400, "0x0220", ["oauth_version"])),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else type(value).__name__,
)
def test_every_fault_of_an_oauth_request_has_its_code(auth, expected, default, ask):
    """Key, signature, timestamp, method, parameters: each refused as documented."""
    answer = ask("POST", "/rest/mtsms", json=SMS, auth=auth)

    assert expected == refused(answer)
    assert [] == default.messages()


def test_every_byte_of_an_oauth_signature_counts(default, ask):
    """A signature with one character changed is 0x0224."""
    signed = requests.Request("POST", "https://gatewayapi.com/rest/mtsms", json=SMS).prepare()
    header = OAuth1(KEY, SECRET)(signed).headers["Authorization"].decode()
    before, _, after = header.partition('oauth_signature="')
    other = "A" if after[0] != "A" else "B"

    answer = ask(
        *("POST", "/rest/mtsms"),
        json=SMS,
        auth=Anonymous(),
        headers={"Authorization": f'{before}oauth_signature="{other}{after[1:]}'},
    )

    assert (401, "0x0224", None) == refused(answer)


def test_a_body_that_is_not_the_one_signed_is_refused(default, ask):
    """`oauth_body_hash`, which oauthlib adds to a signed JSON body, is held against the body."""
    url, sent = "https://gatewayapi.com/rest/mtsms", json.dumps(SMS)
    plain = {"Content-Type": "application/json"}
    _, headers, _ = Client(KEY, client_secret=SECRET).sign(url, "POST", sent, plain)
    assert "oauth_body_hash" in headers["Authorization"]
    options = {"auth": Anonymous(), "headers": headers}

    changed = ask("POST", "/rest/mtsms", data=sent.replace("123456", "654321"), **options)
    same = ask("POST", "/rest/mtsms", data=sent, **options)

    assert (401, "0x0224", None) == refused(changed)
    assert 200 == same.status_code


def test_a_nonce_is_taken_once(default, ask):
    """The same signed request a second time is 0x0226; the first stays accepted."""
    auth = OAuth1(KEY, SECRET, nonce="once", timestamp=str(int(time.time())))

    first = ask("GET", "/rest/me", auth=auth)
    second = ask("GET", "/rest/me", auth=auth)

    assert 200 == first.status_code
    assert (401, "0x0226", None) == refused(second)


def test_a_forged_request_does_not_use_up_a_nonce(default, ask):
    """Only what is signed right counts against replay."""
    options = {"nonce": "twice", "timestamp": str(int(time.time()))}

    forged = ask("GET", "/rest/me", auth=OAuth1(KEY, "wrong", **options))
    honest = ask("GET", "/rest/me", auth=OAuth1(KEY, SECRET, **options))

    assert (401, "0x0224", None) == refused(forged)
    assert 200 == honest.status_code


def test_an_account_of_its_own_signs_in_with_its_own_token(sms, vendor_dns):
    """A generated account is found by its token, and its messages are its own."""
    token = sms.credentials("gatewayapi")["token"]

    answer = requests.post(
        f"{sms.base_url('gatewayapi')}/rest/mtsms", json=SMS, auth=(token, ""), timeout=10
    )

    assert 200 == answer.status_code
    assert ["+4512345678"] == [message.to for message in sms.messages()]


def test_the_journal_hides_tokens_wherever_they_are(default, ask):
    """As a Basic user, in the header and in the query."""
    from simulators.catalog import PROVIDERS
    from simulators.kernel import journal
    from simulators.kernel.masking import Mask, Secrets, fields
    from simulators.kernel.steps import at_once

    ask("GET", "/rest/me")
    ask("GET", "/rest/me", auth=Anonymous(), headers={"Authorization": f"Token {TOKEN}"})
    ask("GET", "/rest/me", auth=Anonymous(), params={"token": TOKEN})

    entries = default.world.store.records(default.world.id, REQUESTS, limit=3)
    mask = Mask(Secrets([TOKEN]), fields(PROVIDERS["gatewayapi"].credentials))
    shown = [at_once(journal.shown(journal.read(*entry), mask)) for entry in entries]
    assert TOKEN not in json.dumps(shown)
    assert "Basic ***:***" == shown[0]["headers"]["authorization"]
