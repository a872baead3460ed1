"""Vonage's Messages API, by the official SDK unmodified, as recorded, and what it tells."""

import base64
import hashlib
import json

import jwt
import pytest
import requests
import vonage_http_client.errors as errors
from vonage import Auth, HttpClientOptions, Vonage
from vonage_jwt.verify_jwt import verify_signature
from vonage_messages import Sms as Text

from simulators.kernel.contracts import contract
from simulators.providers.vonage import application

TO, E164 = "447700900000", "+447700900000"
CONTRACTS = {
    name: contract("vonage_messages", name) for name in ("message-status", "inbound-message")
}


@pytest.fixture
def connect(sms_server, vendor_dns):
    """Makes an SDK client, under the vendor's names or by the options; closes it."""
    made = []

    def make(auth, via="vendor"):
        host = f"127.0.0.1:{sms_server.ports['https']}/vonage_messages"
        options = HttpClientOptions(api_host=host) if via == "options" else None
        made.append(Vonage(auth, options) if options else Vonage(auth))
        return made[-1]

    yield make
    for client in made:
        client.http_client._session.close()


def by_token(sms):
    known = sms.credentials("vonage_messages")
    return Auth(application_id=known["application_id"], private_key=known["private_key"])


def by_secret(sms, **changes):
    known = sms.credentials("vonage_messages")
    return Auth(**{"api_key": known["api_key"], "api_secret": known["api_secret"], **changes})


def text(**changes):
    return Text(**{"to": TO, "from_": "AcmeInc", "text": "Your code is 123456", **changes})


@pytest.mark.parametrize("via", ["vendor", "options"])
@pytest.mark.parametrize("auth", [by_token, by_secret])
def test_the_sdk_sends_and_the_code_arrives(connect, sms, via, auth):
    """By an application's token or by key and secret."""
    sent = connect(auth(sms), via).messages.send(text(client_ref="r1"))

    (message,) = sms.messages()
    assert ("123456", sent.message_uuid) == (sms.wait_for_code(E164), message.id)
    assert sent.workflow_id is None


def test_refusals_reach_the_sdk(connect, sms):
    """Each as its own error, with title and detail."""
    client = connect(by_token(sms)).messages
    with pytest.raises(errors.AuthenticationError, match="the correct credentials, and that your"):
        connect(by_secret(sms, api_secret="wrong")).messages.send(text())
    sms.balance(0)
    with pytest.raises(errors.HttpRequestError, match="account balance being low"):
        client.send(text())
    sms.balance(None)
    sms.script({"match": {}, "effect": {"error": "rate-limit"}})
    with pytest.raises(errors.RateLimitedError, match="Please wait, then retry your request"):
        client.send(text())


@pytest.mark.parametrize("client", ["python", "node"])
def test_recorded_requests_are_answered(default, replay, captures, client):
    """Byte for byte, under the vendor's host name; by a key that is not ours."""
    default.allow_violations()
    told = {}
    for capture in captures(f"vonage-messages-{client}"):
        default.settings("vonage_messages", {"vonage_messages": {"any_token": True}})
        answer = replay(capture["requests"][0])
        told[capture["case"]] = answer.status
        if answer.status == 202:
            assert {"message_uuid", "workflow_id"} >= answer.json().keys()
            assert ("failover" in capture["case"]) == ("workflow_id" in answer.json())

    assert 422 == told.pop("sandbox-host")  # it has no SMS
    assert 404 == told.pop("patch-revoke" if client == "python" else "update-read")
    assert {202} == set(told.values())


class Api:
    """One account on a clock that only the test moves."""

    def __init__(self, sms):
        self.sms, self.url = sms, sms.base_url("vonage_messages")
        self.known = sms.credentials("vonage_messages")

    def ask(self, body, method="POST", path="/v1/messages", **more):
        pair = (self.known["api_key"], self.known["api_secret"])
        given = {"auth": pair, "json": body, **more}
        answer = requests.request(method, f"{self.url}{path}", timeout=10, **given)
        assert answer.headers["X-Request-Id"]
        told = answer.json() if answer.content else None
        if told is not None:
            name = "send-message" if answer.ok else "error"
            assert [] == contract("vonage_messages", name, "response.schema").validate(told)
        return answer.status_code, told

    def send(self, **changes):
        body = {"channel": "sms", "message_type": "text", "to": TO, "from": "AcmeInc"}
        whole = {**body, "text": "Your code is 123456", **changes}
        return self.ask({name: value for name, value in whole.items() if value is not None})

    def advance(self, seconds):
        self.sms.clock.advance(seconds)
        assert self.sms.simulators.settle(10)


@pytest.fixture
def api(sms):
    sms.allow_violations()
    sms.clock.freeze("2026-01-02T03:04:05Z")
    return Api(sms)


@pytest.mark.parametrize(
    ("change", "title", "named"),
    [
        ({"channel": None}, "Invalid params", "channel"),
        ({"channel": "smoke"}, "Unsupported channel", None),
        ({"channel": "whatsapp"}, "Unsupported channel", None),
        ({"message_type": None}, "Invalid params", "message_type"),
        ({"message_type": "image"}, "Invalid message type", None),
        ({"to": None}, "Invalid params", "to"),
        ({"to": 447700900000}, "Invalid params", "to"),
        ({"to": f"+{TO}"}, "Invalid recipient", None),
        ({"to": "12"}, "Invalid recipient", None),
        ({"from": None}, "Invalid params", "from"),
        ({"from": "AcmeIncorpor"}, "Invalid sender", None),
        ({"from": "1234567890123456"}, "Invalid sender", None),
        ({"text": ""}, "Invalid params", "text"),
        ({"text": "x" * 3201}, "Invalid params", "text"),
        ({"ttl": 19}, "Invalid params", "ttl"),
        ({"ttl": True}, "Invalid params", "ttl"),
        ({"client_ref": "x" * 101}, "Invalid client reference", None),
        ({"webhook_url": "example.com"}, "Invalid params", "webhook_url"),
        ({"webhook_version": "v2"}, "Invalid params", "webhook_version"),
        ({"sms": {"encoding_type": "utf-8"}}, "Invalid channel parameters", None),
        ({"sms": "unicode"}, "Invalid channel parameters", None),
        ({"sms": {"pool_id": 5}}, "Invalid channel parameters", None),
        ({"failover": [5]}, "Invalid params", "failover"),
        ({"failover": [{"channel": "sms"}]}, "Invalid params", "message_type"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused(api, change, title, named):
    """422; the members stand in the order in which they were seen, the type last."""
    status, told = api.send(**change)

    assert (422, title) == (status, told["title"])
    assert ["title", "detail", "instance", "type"] == list(told)[:4]
    found = [each["name"] for each in told.get("invalid_parameters", [])]
    assert ([named] if named else []) == found
    assert [] == api.sms.messages()


def test_who_asks_is_told_in_the_words_that_were_recorded(api):
    """No header, no token, and a wrong secret, which is the documented one."""
    said = []
    for headers in ({}, {"Authorization": "Bearer none"}, {"Authorization": "Basic eDp5"}):
        status, told = api.ask({}, auth=None, headers=headers)
        assert 401 == status
        said.append((told["title"], told["detail"][:26]))

    assert ("Unauthorised", "Request header 'Authorizat") == said[0]
    assert ("Unauthorised", "Invalid Token") == said[1]
    assert ("You did not provide correct credentials.", "Check that you're using th") == said[2]


def test_a_body_that_is_no_json_an_unknown_path_and_a_wrong_method(api):
    """422, 404 and 403."""
    for given, status in (
        ({"data": "{", "headers": {"Content-Type": "application/json"}, "json": None}, 422),
        ({"path": "/v1/messages/x/y"}, 404),
        ({"method": "PUT"}, 403),
    ):
        assert status == api.ask({}, **given)[0]


def test_a_status_cannot_be_set_for_an_sms(api):
    """404 for one that is not there."""
    one = api.send()[1]["message_uuid"]

    assert 422 == api.ask({"status": "read"}, "PATCH", f"/v1/messages/{one}")[0]
    assert 404 == api.ask({"status": "read"}, "PATCH", "/v1/messages/none")[0]


def test_thirty_requests_a_second_are_taken(api):
    """The next is told when to come again."""
    assert {202} == {api.send(to=f"4477009000{n:02}")[0] for n in range(30)}
    answer = requests.post(
        f"{api.url}/v1/messages",
        json={"channel": "sms", "message_type": "text", "to": TO, "from": "A", "text": "x"},
        auth=(api.known["api_key"], api.known["api_secret"]),
        timeout=10,
    )

    assert (429, "30", "1") == (
        answer.status_code,
        answer.headers["X-RateLimit-Limit"],
        answer.headers["Retry-After"],
    )


def received(httpserver, name="message-status"):
    """What came, each held to its contract and to its signature."""
    found = []
    for request, _ in httpserver.log:
        body = json.loads(request.get_data())
        headers = {key.lower(): value for key, value in request.headers}
        document = {"method": request.method, "path": request.path, "headers": headers}
        assert [] == CONTRACTS[name].validate({**document, "query": {}, "body": body})
        found.append((request, body))
    return found


def signed(request, known):
    token = request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, known["signature_secret"], ["HS256"], {"verify_iat": False})
    assert hashlib.sha256(request.get_data()).hexdigest() == claims["payload_hash"]
    return claims["iss"], claims["api_key"], claims["application_id"]


def test_the_status_is_told_and_signed(api, httpserver):
    """Submitted, then delivered, to the URL of the message."""
    httpserver.expect_request("/status").respond_with_data("")
    url = httpserver.url_for("/status")
    long = "Your code is 123456. " * 10
    one = api.send(webhook_url=url, client_ref="r1", text=long)[1]["message_uuid"]
    api.advance(5)

    (request, first), (_, last) = received(httpserver)
    expected = ("Vonage", api.known["api_key"], api.known["application_id"])
    assert expected == signed(request, api.known)
    assert ("submitted", "2026-01-02T03:04:06Z") == (first["status"], first["timestamp"])
    assert ("delivered", one, TO, "AcmeInc", "r1") == tuple(
        last[name] for name in ("status", "message_uuid", "to", "from", "client_ref")
    )
    assert ("2", "0.0666", "23410") == (
        last["sms"]["count_total"],
        last["usage"]["price"],
        last["destination"]["network_code"],
    )


def test_the_vector_of_a_signed_webhook():
    """Checked with vonage-jwt and @vonage/jwt: the token of a body, its claims in their order."""
    body = (
        b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"447700900000",'
        b'"from":"447700900001","timestamp":"2025-02-03T12:14:25Z","status":"delivered",'
        b'"client_ref":"abc123","channel":"sms"}'
    )
    known = {
        "signature_secret": "FakeSignatureSecret0FakeSignatureSecret0",
        "api_key": "abcd1234",
        "application_id": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
    }
    token = application.webhook_token(
        known, body, 1738584865, "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5"
    )

    head, claims, signature = token.split(".")
    assert "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" == head
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["payload_hash"] == (
        "071698b446fa040ae2cfea71d860f53eafb17ec0722f01d3ad1c322afdfee040"
    )
    assert "qZug6Ha0a2hpg3-Mc02jYWmoXZi5Uzn3ZKCaMGxhT84" == signature
    assert verify_signature(token, known["signature_secret"])


@pytest.mark.parametrize(
    ("refuse", "number"),
    [
        (lambda sms: sms.optouts(E164), "1240"),
        (lambda sms: sms.regions(blocked=["GB"]), "1251"),
        (lambda sms: sms.suspended(), "1060"),
        (lambda sms: sms.script({"match": {}, "effect": {"error": "1241"}}), "1241"),
    ],
    ids=["opted out", "region", "suspended", "rule"],
)
def test_what_stands_against_a_number_is_told_by_its_status(api, httpserver, refuse, number):
    """The request was taken; the number of the error is its title, a text."""
    httpserver.expect_request("/status").respond_with_data("")
    refuse(api.sms)
    assert 202 == api.send(webhook_url=httpserver.url_for("/status"))[0]
    api.advance(5)

    last = received(httpserver)[-1][1]
    assert ("rejected", number) == (last["status"], last["error"]["title"])
    assert last["error"]["type"].endswith(f"/api-errors/messages#{number}")


def test_what_is_not_delivered_in_its_time_is_undeliverable(api, httpserver):
    """Where the phone is not there: 1360 once the time to live is over."""
    httpserver.expect_request("/status").respond_with_data("")
    api.sms.script({"match": {}, "effect": {"receipt": {"after_s": 60}}})
    api.send(webhook_url=httpserver.url_for("/status"), ttl=20)
    api.advance(30)

    last = received(httpserver)[-1][1]
    assert ("undeliverable", "1360") == (last["status"], last["error"]["title"])


def test_a_failover_is_sent_when_the_one_before_it_was_rejected(api, httpserver):
    """And not when it was delivered; the statuses say which of how many it is."""
    httpserver.expect_request("/status").respond_with_data("")
    api.sms.webhooks("vonage_messages", receipts=httpserver.url_for("/status"))
    other = {"channel": "sms", "message_type": "text", "to": TO, "from": "Other", "text": "two"}
    assert "workflow_id" in api.send(failover=[other])[1]
    api.advance(10)
    assert 1 == len(api.sms.messages())
    api.sms.optouts(E164)
    workflow = api.send(failover=[other, {**other, "text": "three"}])[1]["workflow_id"]
    api.advance(10)

    assert ["two", "Your code is 123456"] == [m.text for m in api.sms.messages()][:2]
    told = [body for _, body in received(httpserver) if body["workflow"]["workflow_id"] == workflow]
    states = [(body["status"], body["workflow"]["items_number"]) for body in told]
    by_message = sorted(states, key=lambda state: state[1])  # those of two come in any order

    assert [("rejected", "1"), ("submitted", "2"), ("delivered", "2")] == by_message
    assert {"3"} == {body["workflow"]["items_total"] for body in told}


def test_a_message_from_a_phone_is_handed_over(api, httpserver):
    """To the account's own number, signed; the keyword is the first word in capitals."""
    httpserver.expect_request("/inbound").respond_with_data("")
    url = httpserver.url_for("/inbound")
    api.sms.reply("vonage_messages", E164, "stop it please", url=url)
    assert api.sms.simulators.settle(10)

    ((request, told),) = received(httpserver, "inbound-message")
    assert "Vonage" == signed(request, api.known)[0]
    assert (TO, api.known["number"], "STOP") == (told["from"], told["to"], told["sms"]["keyword"])


@pytest.mark.parametrize(
    ("encoding", "read", "parts"),
    [("auto", "Código ✓", 2), ("unicode", "Código ✓", 2), ("text", "C?digo ?", 1)],
)
def test_a_text_is_encoded_as_it_is_wanted(api, encoding, read, parts):
    """By itself where nothing is said."""
    api.send(text="Código ✓" + "." * 70, sms={"encoding_type": encoding})

    (message,) = api.sms.messages()
    assert (read + "." * 70, parts) == (message.text, message.segments)
