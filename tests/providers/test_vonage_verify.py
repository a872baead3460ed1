"""Vonage Verify, by the official SDKs unmodified, as recorded, and by the clock."""

import base64
import hashlib
import json
import time
from pathlib import Path

import jwt
import pytest
import requests
import vonage_http_client.errors as errors
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vonage import Auth, HttpClientOptions, Vonage
from vonage_jwt.verify_jwt import verify_signature
from vonage_verify import SmsChannel, VerifyRequest, VoiceChannel
from vonage_verify_legacy import VerifyRequest as OldRequest
from vonage_verify_legacy.errors import VerifyError

from simulators.kernel import mismatch, views
from simulators.kernel.contracts import contract
from simulators.providers.vonage import application

TO, E164 = "447700900000", "+447700900000"
KEYS = Path(__file__).parents[1] / "captures/keys"
CALLBACK = contract("vonage_verify", "callback")


@pytest.fixture
def connect(sms_server, vendor_dns):
    """Makes an SDK client, under the vendor's names or by the options; closes it."""
    made = []

    def make(auth, via="vendor"):
        host = f"127.0.0.1:{sms_server.ports['https']}/vonage_verify"
        options = HttpClientOptions(api_host=host) if via == "options" else None
        made.append(Vonage(auth, options) if options else Vonage(auth))
        return made[-1]

    yield make
    for client in made:
        client.http_client._session.close()


def application_of(sms, **changes):
    known = sms.credentials("vonage_verify")
    fields = {name: known[name] for name in ("application_id", "private_key")}
    return Auth(**{**fields, **changes})


def basic(sms):
    known = sms.credentials("vonage_verify")
    return Auth(api_key=known["api_key"], api_secret=known["api_secret"])


def asked(*channels, **fields):
    workflow = [channel(to=TO) for channel in channels or (SmsChannel,)]
    return VerifyRequest(brand="AcmeInc", workflow=workflow, **fields)


class Api:
    """One account on a clock that only the test moves; every good answer keeps its contract."""

    def __init__(self, sms, how="token"):
        self.sms, self.url = sms, sms.base_url("vonage_verify")
        self.known = sms.credentials("vonage_verify")
        self.how = how

    def headers(self, body):
        pair = f"{self.known['api_key']}:{self.known['api_secret']}"
        proof = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if self.how == "token":
            proof = f"Bearer {application.token(self.known, time.time(), 'x')}"
        kind = {} if body is None else {"Content-Type": "application/json"}
        return {"Authorization": proof, **kind}

    def ask(self, method, path="", body=None, operation=""):
        answer = requests.request(
            method,
            f"{self.url}/v2/verify{path}",
            data=None if body is None else json.dumps(body),
            headers=self.headers(body),
            timeout=10,
        )
        told = answer.json() if answer.content else None
        name = operation if answer.ok else "error"
        if answer.content or operation:
            assert [] == contract("vonage_verify", name, "response.schema").validate(told)
        kind = "application/json" if answer.ok else "application/problem+json"
        assert kind == answer.headers.get("Content-Type", kind)
        return answer.status_code, told

    def create(self, *channels, to=TO, **more):
        each = [{"channel": name, "to": to} for name in channels or ("sms",)]
        body = {"brand": "AcmeInc", "workflow": each, **more}
        return self.ask("POST", body=body, operation="create-verification")

    def opened(self, *channels, **more):
        status, told = self.create(*channels, **more)
        assert 202 == status
        return told["request_id"]

    def check(self, one, code):
        return self.ask("POST", f"/{one}", {"code": code}, "check-code")

    def status(self, one, code="0000"):
        return self.check(one, code)[0]

    def old(self, path, method="POST", **fields):
        pair = (self.known["api_key"], self.known["api_secret"])
        given = {"params" if method == "GET" else "data": fields}
        url = f"{self.url}/verify{path}"
        answer = requests.request(method, url, auth=pair, timeout=10, **given)
        assert 200 == answer.status_code
        return answer.json()

    def setting(self, **values):
        self.sms.settings("vonage_verify", {"vonage_verify": values})

    def advance(self, seconds):
        self.sms.clock.advance(seconds)
        assert self.sms.simulators.settle(10)

    def code(self):
        return self.sms.wait_for_code(E164)


@pytest.fixture
def api(sms):
    sms.allow_violations()
    sms.clock.freeze()
    return Api(sms)


@pytest.mark.parametrize("via", ["vendor", "options"])
@pytest.mark.parametrize("auth", [application_of, basic])
def test_the_sdk_verifies_a_number(connect, sms, via, auth):
    """The code reaches the inbox, a wrong one is a 400, the right one completes it."""
    verify = connect(auth(sms), via).verify
    opened = verify.start_verification(asked())

    with pytest.raises(errors.HttpRequestError, match="does not match the expected value"):
        verify.check_code(opened.request_id, "99999")
    done = verify.check_code(opened.request_id, sms.wait_for_code(E164))

    assert (opened.request_id, "completed") == (done.request_id, done.status)
    (message,) = sms.messages(provider="vonage_verify")
    assert f"AcmeInc code: {message.code}. Valid for 3 minutes." == message.text


def test_the_sdk_cancels_and_goes_on(connect, sms):
    """204 and 200 without a body; a second time there is nothing left to do it to."""
    verify = connect(application_of(sms)).verify
    one = verify.start_verification(asked(SmsChannel, VoiceChannel)).request_id
    verify.trigger_next_workflow(one)
    with pytest.raises(errors.HttpRequestError, match="no more events left to trigger"):
        verify.trigger_next_workflow(one)
    verify.cancel_verification(one)
    with pytest.raises(errors.NotFoundError, match=f"Request '{one}' was not found or it has"):
        verify.cancel_verification(one)

    assert ["sms", "voice"] == [m.details["channel"] for m in sms.messages()[::-1]]


def test_the_sdk_of_version_1_verifies_a_number(connect, sms):
    """A status that is not 0 is its error, with the sentence that is on the wire."""
    verify = connect(basic(sms)).verify_legacy
    opened = verify.start_verification(OldRequest(number=TO, brand="AcmeInc"))
    with pytest.raises(VerifyError, match="'status': '10', 'error_text': 'Concurrent verif"):
        verify.start_verification(OldRequest(number=TO, brand="AcmeInc"))
    with pytest.raises(VerifyError, match="'status': '16'"):
        verify.check_code(opened.request_id, "999999")
    with pytest.raises(VerifyError, match="can't be cancelled within the first 30 seconds"):
        verify.cancel_verification(opened.request_id)
    done = verify.check_code(opened.request_id, sms.wait_for_code(E164))

    assert ("0", "EUR") == (done.status, done.currency)
    (found,) = [verify.search(opened.request_id)]
    assert ("SUCCESS", ["INVALID", "VALID"]) == (found.status, [c.status for c in found.checks])


# What is otherwise than recorded, as nothing was begun here, or as Vonage would refuse it.
OTHERWISE = {
    "four-channels": 422,
    "silent-auth-then-sms": 412,
    "v1-check": "6",
    "v1-check-status-16": "6",
    "v1-check-status-17": "6",
    "v1-cancel": "6",
    "v1-trigger": "6",
    "v1-search": "101",
    "v1-search-list": "101",
    ("python", "v1-network-unblock"): 404,
    ("node", "sms-all-options"): 403,
}


@pytest.mark.parametrize("client", ["python", "node"])
def test_recorded_requests_are_answered(default, replay, captures, client):
    """Byte for byte, under the vendor's host name; by a key that is not ours."""
    default.allow_violations()
    default.settings("vonage_verify", {"vonage_verify": {"any_token": True}})
    told, wrong = {}, {}
    for capture in captures(f"vonage-verify2-{client}"):
        default.reset()
        default.settings("vonage_verify", {"vonage_verify": {"any_token": True}})
        case, request = capture["case"], capture["requests"][0]
        answer = replay(request)
        told[case] = status(answer)
        if told[case] != OTHERWISE.get((client, case), OTHERWISE.get(case, meant(request))):
            wrong[case] = told[case], answer.body

    assert {} == wrong
    assert len(told) > 25


def status(answer):
    """Of version 1 it is in the answer."""
    return answer.json()["status"] if answer.status == 200 and answer.body else answer.status


def meant(request):
    """Any that was begun is taken; none that something is asked about is there."""
    if request["target"].startswith("/verify"):
        return "0"
    return 202 if request["target"] == "/v2/verify" else 404


def test_a_token_of_another_key_proves_nothing(connect, sms):
    """It is told what is wrong with it, and an account may have a key of its own, or take any."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    verify = connect(application_of(sms, private_key=pem)).verify
    with pytest.raises(errors.AuthenticationError, match="did not provide correct credentials"):
        verify.start_verification(asked())
    explained = sms.requests()[-1]["mismatch"]
    said = explained["mistake"]
    assert "the token was signed by another private key than the one of the public_key" == said
    shown = "\n".join(mismatch.told(explained))
    assert "RS256 signature" in shown
    assert '"application_id":' in shown
    assert said in shown

    sms.settings("vonage_verify", {"vonage_verify": {"any_token": True}})
    assert verify.start_verification(asked()).request_id
    own = {"vonage": {"public_key": public.decode()}}
    server = sms.simulators
    world = server.call(lambda: server.accounts.create(credentials=own))
    known = world.credentials("vonage_verify")
    mine = connect(Auth(application_id=known["application_id"], private_key=pem)).verify
    assert mine.start_verification(asked()).request_id


def test_a_public_key_that_is_none_is_told_as_such(sms):
    """Where the account was given it; no token can be right by it."""
    sms.allow_violations()
    server = sms.simulators
    own = {"vonage": {"public_key": "-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----"}}
    world = server.call(lambda: server.accounts.create(credentials=own))
    known = world.credentials("vonage_verify")
    token = application.token(known, time.time(), "x")
    url = f"{sms.base_url('vonage_verify')}/v2/verify/x"
    headers = {"Authorization": f"Bearer {token}"}

    assert 401 == requests.delete(url, headers=headers, timeout=10).status_code
    (entry,) = server.call(lambda: list(views.entries(server.accounts, world, limit=1)))
    assert "the account's public_key is no RSA public key in PEM" == entry["mismatch"]["mistake"]


def encoded(known, key="private_key", algorithm="RS256", **claims):
    now = int(time.time())
    whole = {"application_id": known["application_id"], "iat": now, "jti": "x", **claims}
    return jwt.encode({n: v for n, v in whole.items() if v is not None}, known[key], algorithm)


@pytest.mark.parametrize(
    ("claims", "title", "mistake"),
    [
        ({"exp": 1_000_000_000}, "You did not provide correct credentials.", "had expired"),
        ({"iat": 1_000_000_000}, "You did not provide correct credentials.", "had expired"),
        ({"iat": 1_700_000_000_000}, "Unauthorized", "iat was in milliseconds"),
        ({"iat": None}, "Unauthorized", "iat was no number"),
        ({"exp": 1e18}, "Unauthorized", "exp was no number"),
        ({"exp": "soon"}, "Unauthorized", "exp was no number"),
        ({"nbf": 9_000_000_000}, "Unauthorized", "nbf was still to come"),
        ({"key": "signature_secret", "algorithm": "HS256"}, "Unauthorized", "signed by HS256"),
        ({"application_id": "nobody"}, "Unauthorized", None),
        ({"application_id": None}, "Unauthorized", None),
        ({"application_id": {"$": []}}, "Unauthorized", None),
    ],
)
def test_a_token_is_held_to_what_a_token_is(sms, claims, title, mistake):
    """In its time, by RS256, naming an application."""
    sms.allow_violations()
    known = sms.credentials("vonage_verify")
    headers = {"Authorization": f"Bearer {encoded(known, **claims)}"}
    body = {"brand": "AcmeInc", "workflow": [{"channel": "sms", "to": TO}]}
    url = f"{sms.base_url('vonage_verify')}/v2/verify"
    answer = requests.post(url, json=body, headers=headers, timeout=10)

    assert (401, title) == (answer.status_code, answer.json()["title"])
    if mistake:
        assert mistake in sms.requests()[-1]["mismatch"]["mistake"]


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "..", "é.é.é", "e30.e30.", "W10.W10.W"])
def test_what_is_no_token_is_refused(sms, token):
    """Whatever it is."""
    sms.allow_violations()
    url = f"{sms.base_url('vonage_verify')}/v2/verify"
    headers = {"Authorization": f"Bearer {token}".encode()}

    assert 401 == requests.post(url, json={}, headers=headers, timeout=10).status_code


def test_a_client_s_token_holds_however_far_the_clock_was_moved(api):
    """It knows the machine's time alone."""
    one = api.opened("sms", channel_timeout=900)
    api.advance(890)

    assert (200, "completed") == (lambda s, told: (s, told["status"]))(*api.check(one, api.code()))


def test_the_third_wrong_code_ends_it(api):
    """400, 400, 410, and then it is as though it had never been."""
    one = api.opened()
    (first, told), second, (third, last) = (
        api.check(one, "00000"),
        api.status(one, "00000"),
        api.check(one, "00000"),
    )

    assert (400, 400, 410) == (first, second, third)
    assert ["type", "title", "detail", "instance"] == list(told)
    assert "Invalid Code" == told["title"] == last["title"]
    assert 404 == api.status(one, api.code())
    assert 202 == api.create()[0]


def test_one_number_is_verified_once_at_a_time(api):
    """In any notation, and until it has ended; the answer names the one that is under way."""
    one = api.opened()
    status, told = api.create(to=f"+{TO}")

    assert (409, one) == (status, told["request_id"])
    assert {"title", "detail", "instance", "request_id"} == set(told)
    assert 202 == api.create(to="447700900001")[0]
    assert (204, None) == api.ask("DELETE", f"/{one}")
    assert 202 == api.create()[0]


def test_a_workflow_goes_on_by_the_clock(api):
    """A new code with each channel, of which the last one sent is right; then it is over."""
    one = api.opened("sms", "whatsapp", "voice", workflow=FROM_SMS_TO_VOICE, channel_timeout=60)
    codes = [api.code()]
    for _ in range(2):
        api.advance(60)
        codes.append(api.code())
    channels = [message.details["channel"] for message in api.sms.messages()]

    assert ["voice", "whatsapp", "sms"] == channels
    assert (codes[0], 3) == (codes[1], len(api.sms.messages()))
    assert codes[2] != codes[1]
    assert 400 == api.status(one, codes[0])
    api.advance(60)
    assert 404 == api.status(one, codes[2])
    assert 202 == api.create()[0]


FROM_SMS_TO_VOICE = [
    {"channel": "sms", "to": TO},
    {"channel": "whatsapp", "to": TO, "from": "447700900001", "reuse_code": True},
    {"channel": "voice", "to": TO},
]


@pytest.mark.parametrize(
    ("channel", "to"), [("email", "alice@example.com"), ("whatsapp_interactive", TO)]
)
def test_a_workflow_goes_on_from_a_channel_that_is_no_phone_s_or_has_no_code(api, channel, to):
    """What it sends is in the inbox too, and its time over the next one is sent."""
    one = api.opened(
        workflow=[{"channel": channel, "to": to}, {"channel": "sms", "to": TO}], channel_timeout=60
    )
    api.advance(60)

    sent = [(m.details["channel"], m.to) for m in api.sms.messages()]
    assert [("sms", E164), (channel, to if channel == "email" else E164)] == sent
    assert 200 == api.status(one, api.code())


def test_what_was_hurried_is_not_sent_again(api):
    """The clock of the next channel begins with it."""
    one = api.opened("sms", "voice", channel_timeout=60)
    api.advance(20)
    assert (200, None) == api.ask("POST", f"/{one}/next_workflow", operation="next-workflow")
    api.advance(59)

    assert ["voice", "sms"] == [m.details["channel"] for m in api.sms.messages()]
    assert 200 == api.status(one, api.code())
    assert 409 != api.create("sms")[0]


def test_a_verification_that_has_ended_sends_nothing_more(api):
    """Completed, cancelled or used up."""
    ends = (
        lambda one: api.check(one, api.code()),
        lambda one: api.ask("DELETE", f"/{one}"),
        lambda one: [api.check(one, "99999") for _ in range(3)],
    )
    for end in ends:
        end(api.opened("sms", "sms", channel_timeout=60))
    api.advance(200)

    assert 3 == len(api.sms.messages())


def test_three_wrong_codes_are_counted_anew_with_a_new_code(api):
    """And the verification is still the same one."""
    one = api.opened("sms", "sms", channel_timeout=60)
    assert [400, 400] == [api.status(one, "99999") for _ in range(2)]
    api.advance(60)

    assert [400, 400, 410] == [api.status(one, "99999") for _ in range(3)]


def test_silent_authentication_is_for_networks_that_can_do_it(api):
    """412 unless the account says so; then the code comes with the next channel."""
    assert 412 == api.create("silent_auth", "sms")[0]
    api.setting(silent_auth=True)
    status, told = api.create("silent_auth", "sms")
    one = told["request_id"]

    assert 202 == status
    assert told["check_url"].endswith(f"/v2/verify/{one}/silent-auth/redirect")
    assert 409 == api.status(one)
    assert 422 == api.create("sms", "silent_auth", to="447700900001")[0]
    api.ask("POST", f"/{one}/next_workflow")
    assert 200 == api.status(one, api.code())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"brand": None}, "brand"),
        ({"brand": ""}, "brand"),
        ({"brand": 5}, "brand"),
        ({"brand": "Acme/Inc"}, "brand"),
        ({"workflow": None}, "workflow"),
        ({"workflow": []}, "workflow"),
        ({"workflow": "sms"}, "workflow"),
        ({"workflow": [5]}, "workflow[0]"),
        ({"workflow": [{"channel": "fax", "to": TO}]}, "workflow[0]"),
        ({"workflow": [{"channel": "sms"}]}, "workflow[0]"),
        ({"workflow": [{"channel": "sms", "to": 447}]}, "workflow[0]"),
        ({"workflow": [{"channel": "sms", "to": "12"}]}, "workflow[0]"),
        ({"workflow": [{"channel": "email", "to": "alice"}]}, "workflow[0]"),
        # Tried in every way there is, this would be half a minute.
        ({"workflow": [{"channel": "email", "to": f"a@{'.' * 100_000}@"}]}, "workflow[0]"),
        ({"workflow": [{"channel": "sms", "to": TO, "app_hash": "x"}]}, "workflow[0]"),
        ({"locale": "English"}, "locale"),
        ({"channel_timeout": 14}, "channel_timeout"),
        ({"channel_timeout": True}, "channel_timeout"),
        ({"code_length": 11}, "code_length"),
        ({"code": "12 34"}, "code"),
        ({"client_ref": "x" * 41}, "client_ref"),
        ({"template_id": "mine"}, "template_id"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(api, change, name):
    """422, and nothing is sent."""
    status, told = api.create(**change)

    assert (422, "Invalid params") == (status, told["title"])
    assert [name] == [each["name"] for each in told["invalid_parameters"]]
    assert [] == api.sms.messages()


def test_refusals_that_hang_on_the_account(api):
    """Its credit, a capability, a sender, a method."""
    assert 403 == api.create(fraud_check=False)[0]
    assert 422 == api.create(workflow=[{"channel": "whatsapp", "to": TO}])[0]
    assert (
        "Invalid sender"
        == api.create(workflow=[{"channel": "sms", "to": TO, "from": "x" * 12}])[1]["title"]
    )
    status, told = api.ask("DELETE")
    assert (404, "No static resource v2/verify.") == (status, told["title"])
    assert 403 == requests.delete(f"{api.url}/verify/json", timeout=10).status_code
    assert 404 == requests.get(f"{api.url}/verify", timeout=10).status_code
    assert 404 == requests.get(f"{api.url}/v2/verify", timeout=10).status_code
    api.sms.balance(0)
    assert (401, "Quota Exceeded") == (lambda s, t: (s, t["title"]))(*api.create())
    api.setting(low_balance=True, strict_numbers=True)
    assert (402, "Low balance") == (lambda s, t: (s, t["title"]))(*api.create())
    api.sms.balance(None)
    assert 422 == api.create(to=f"+{TO}")[0]


def received(httpserver):
    """What came, each held to its contract."""
    found = []
    for request, _ in httpserver.log:
        body = json.loads(request.get_data())
        headers = {name.lower(): value for name, value in request.headers}
        document = {"method": request.method, "path": request.path, "headers": headers}
        assert [] == CALLBACK.validate({**document, "query": {}, "body": body})
        found.append((request, body))
    return found


def test_callbacks_are_signed_and_tell_what_became_of_it(api, httpserver):
    """An event and a summary of a right code; by Vonage's own library they are Vonage's."""
    httpserver.expect_request("/verify").respond_with_data("")
    api.sms.webhooks("vonage_verify", receipts=httpserver.url_for("/verify"))
    one = api.opened("sms", "voice", client_ref="my-ref-1", channel_timeout=120)
    api.check(one, api.code())
    assert api.sms.simulators.settle(10)

    (event, told), (_summary, last) = received(httpserver)
    token = event.headers["Authorization"].removeprefix("Bearer ")
    assert verify_signature(token, api.known["signature_secret"])
    assert not verify_signature(token, "another secret, of the right length for it")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert hashlib.sha256(event.get_data()).hexdigest() == claims["payload_hash"]
    named = ("iss", "api_key", "application_id")
    expected = ("Vonage", api.known["api_key"], api.known["application_id"])
    assert expected == tuple(claims[name] for name in named)
    assert ("event", "completed", "sms", "my-ref-1") == tuple(
        told[name] for name in ("type", "status", "channel", "client_ref")
    )
    assert ("summary", "completed", 120, one) == tuple(
        last[name] for name in ("type", "status", "channel_timeout", "request_id")
    )
    assert ["completed", "unused"] == [step["status"] for step in last["workflow"]]


@pytest.mark.parametrize(
    ("end", "statuses"),
    [
        (lambda api, one: api.advance(400), [("summary", "expired")]),
        (
            lambda api, one: [api.check(one, "99999") for _ in range(3)],
            [("event", "failed"), ("summary", "failed")],
        ),
        (lambda api, one: api.ask("DELETE", f"/{one}"), []),
    ],
    ids=["expired", "failed", "cancelled"],
)
def test_an_end_without_a_right_code_is_told_as_well(api, httpserver, end, statuses):
    """But for a cancelled one, which the application has ended itself."""
    httpserver.expect_request("/verify").respond_with_data("")
    api.sms.webhooks("vonage_verify", receipts=httpserver.url_for("/verify"))
    end(api, api.opened("sms", "voice", channel_timeout=60))
    assert api.sms.simulators.settle(10)

    assert statuses == [(body["type"], body["status"]) for _, body in received(httpserver)]


def test_by_key_and_secret_there_are_no_callbacks(sms, httpserver):
    """They belong to an application."""
    api = Api(sms, "basic")
    sms.webhooks("vonage_verify", receipts=httpserver.url_for("/verify"))
    api.check(api.opened(), api.code())

    assert sms.simulators.settle(10)
    assert [] == httpserver.log


def test_a_blocked_network_is_told_afterwards_and_can_be_unblocked(api, httpserver):
    """Version 2 takes the request, version 1 refuses it."""
    httpserver.expect_request("/verify").respond_with_data("")
    api.sms.webhooks("vonage_verify", receipts=httpserver.url_for("/verify"))
    api.setting(blocked_networks=["23410"])
    one = api.opened()
    api.advance(5)

    ((_request, told),) = received(httpserver)
    assert ("summary", "blocked") == (told["type"], told["status"])
    assert "network [ 23410 ]" in told["workflow"][0]["reason"]
    assert 404 == api.status(one)
    old = api.old("/json", number=TO, brand="AcmeInc")
    assert ("7", "23410") == (old["status"], old["network"])
    unblock = {"network": "23410", "unblock_duration": 60}
    assert 202 == api.ask("POST", "/network-unblock", unblock, "network-unblock")[0]
    assert 404 == api.ask("POST", "/network-unblock", unblock)[0]
    assert "0" == api.old("/json", number=TO, brand="AcmeInc")["status"]
    api.advance(61)
    assert "7" == api.old("/json", number="447700900001", brand="AcmeInc")["status"]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"number": ""}, "2", "missing the mandatory parameter: number"),
        ({"brand": ""}, "2", "missing the mandatory parameter: brand"),
        ({"brand": "x" * 19}, "3", "Invalid value for param: brand. Parameter is too long."),
        ({"number": "abc"}, "3", "Invalid value for param: number"),
        ({"code_length": "5"}, "3", "The allowed values are 4 and 6."),
        ({"code_length": "x"}, "3", "Invalid value for param: code_length"),
        ({"country": "Britain"}, "3", "Invalid value for param: country"),
        ({"lg": "english-all"}, "3", "Invalid value for param: lg"),
        ({"workflow_id": "8"}, "3", "Invalid value for param: workflow_id"),
        ({"pin_code": "1"}, "3", "Invalid value for param: pin_code"),
    ],
)
def test_version_1_refuses_under_http_200(api, change, status, said):
    """Status and text are on the wire."""
    told = api.old("/json", **{"number": TO, "brand": "AcmeInc", **change})

    assert status == told["status"]
    assert told["error_text"].endswith(said)


def test_version_1_credentials(api):
    """As parameters or as Basic; without any, with a key alone, with a wrong secret."""
    own = {"api_key": api.known["api_key"], "api_secret": api.known["api_secret"]}
    asked = {"number": TO, "brand": "AcmeInc"}

    def told(**given):
        return requests.get(f"{api.url}/verify/json", params={**asked, **given}, timeout=10).json()

    assert ("2", "Missing api_key") == tuple(told().values())
    assert told(api_key=own["api_key"])["error_text"].endswith("some mandatory parameters")
    assert {"status": "4", "error_text": "Bad Credentials"} == told(**{**own, "api_secret": "x"})
    assert "0" == told(**own)["status"]


def test_version_1_by_its_clock(api):
    """125 s and the next event, the same code until its time is over; cancelled between."""
    one = api.old("/json", number="07700 900000", country="GB", brand="AcmeInc")["request_id"]
    assert 32 == len(one)
    command = {"request_id": one, "cmd": "cancel"}
    assert api.old("/control/json", **command)["error_text"].endswith(
        "within the first 30 seconds."
    )
    first = api.code()
    api.advance(125)
    assert (first, "tts") == (api.code(), api.sms.messages()[0].details["channel"])
    assert "19" == api.old("/control/json", **command)["status"]
    hurry = {"request_id": one, "cmd": "trigger_next_event"}
    assert {"status": "0", "command": "trigger_next_event"} == api.old("/control/json", **hurry)
    assert api.old("/control/json", **hurry)["error_text"].startswith("No more events are left")
    found = api.old("/search/json", method="GET", request_id=one)
    assert ("IN PROGRESS", ["sms", "tts", "tts"], "") == (
        found["status"],
        [event["type"] for event in found["events"]],
        found["date_finalized"],
    )
    api.advance(301)
    assert "EXPIRED" == api.old("/search/json", request_id=one)["status"]
    assert "6" == api.old("/check/json", request_id=one, code=first)["status"]
    assert "101" == api.old("/search/json", request_id="0" * 32)["status"]
    assert "3" == api.old("/control/json", request_id=one, cmd="stop")["status"]
    assert "6" == api.old("/search/json")["status"]
    assert "18" == api.old("/search/json", request_ids=[one] * 11)["status"]
    several = api.old("/search/json", request_ids=[one, "0" * 32])["verification_requests"]
    assert [one] == [each["request_id"] for each in several]


def test_version_1_ends_with_the_third_wrong_code(api):
    """16, 16, 17; one that was cancelled is no more there to be asked about."""
    one = api.old("/json", number=TO, brand="AcmeInc")["request_id"]
    wrong = [api.old("/check/json", request_id=one, code="99999") for _ in range(3)]
    assert ["16", "16", "17"] == [told["status"] for told in wrong]
    assert [True, True, False] == ["request_id" in told for told in wrong]
    assert "3" == api.old("/check/json", request_id=one, code="12 34")["status"]
    other = api.old("/psd2/json", number=TO, payee="AcmeInc", amount="99.5")["request_id"]
    api.advance(31)
    assert "0" == api.old("/control/json", request_id=other, cmd="cancel")["status"]
    assert "6" == api.old("/control/json", request_id=other, cmd="cancel")["status"]


def test_version_1_speaks_xml(api):
    """As text, which is what it is said to be; request_id, status and error_text in this order."""
    own = {"api_key": api.known["api_key"], "api_secret": api.known["api_secret"]}
    url = f"{api.url}/verify/xml"
    for changes, said in (
        ({"number": TO}, "<verify_response><request_id>"),
        ({"number": "<"}, "<verify_response><status>3</status><error_text>Invalid value for param"),
    ):
        answer = requests.post(url, data={**own, "brand": "AcmeInc", **changes}, timeout=10)
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.text.startswith(f'<?xml version="1.0" encoding="UTF-8"?>{said}')
