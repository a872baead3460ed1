"""The HTTP SMS webhook: what the Logto connector posts, and the generic documented form."""

import json
from urllib.parse import urlencode

import pytest

from simulators.kernel.contracts import contract

HOST = "sms-webhook.example.com"
TOKEN = "Bearer fake-http-sms-token"


def request(method="POST", path="/sms", *, query=None, body=None, authorization=TOKEN):
    """One request as bytes."""
    target = f"{path}?{urlencode(query)}" if query else path
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(raw)}"]
    if body is not None:
        lines.append("Content-Type: application/json")
    if authorization:
        lines.append(f"Authorization: {authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + raw


WEBHOOK = {"to": "8613012345678", "type": "SignIn", "payload": {"code": "123456"}}


def test_takes_every_message_of_the_logto_connector(default, replay, captures):
    """Every recorded post with the account's authorization is handed off and kept."""
    refused = {"no-authorization": 401, "to-cn-0086": 400}
    accepted = []
    for capture in captures("logto-http-sms"):
        answer = replay(capture["requests"][0])
        assert refused.get(capture["case"], 200) == answer.status, capture["case"]
        if answer.status == 200:
            accepted.append(json.loads(capture["requests"][0]["body"])["payload"])

    kept = [message.details["payload"] for message in reversed(default.messages())]
    assert accepted == kept


def test_the_contract_keeps_every_recorded_request(default, replay, captures):
    """What the connector sends is what its documentation says, so no verdict is a violation."""
    for capture in captures("logto-http-sms"):
        replay(capture["requests"][0])

    assert [] == default.violations()


@pytest.mark.parametrize("authorization", ["", "Bearer other", "fake-http-sms-token"])
def test_refuses_another_authorization(authorization, default, replay):
    """The header is compared as it was configured, scheme and all."""
    answer = replay(request(body=WEBHOOK, authorization=authorization), HOST)

    assert 401 == answer.status
    assert [] == default.messages()


def test_a_path_of_one_s_own_needs_no_header(default, replay):
    """A connector that is configured without authorization is known by its path."""
    path = default.credentials("http_sms")["path"]

    answer = replay(request(path=path, body=WEBHOOK, authorization=""), HOST)

    assert (200, {}) == (answer.status, answer.json())
    assert ["+8613012345678"] == [message.to for message in default.messages()]


GENERIC = [
    ("query", {"method": "GET", "query": {"to": "+15551234567", "message": "123456"}}),
    ("body", {"body": {"recipient": "15551234567", "text_content": "Your code is 123456"}}),
    ("both", {"query": {"to": "15551234567"}, "body": {"message": "123456"}}),
]


@pytest.mark.parametrize("parts", [g[1] for g in GENERIC], ids=[g[0] for g in GENERIC])
def test_takes_the_generic_form_wherever_its_fields_are(parts, default, replay):
    """Recipient and text are found in the query and in the body under their usual names."""
    answer = replay(request(**parts), HOST)

    (message,) = default.messages()
    assert 200 == answer.status
    assert "+15551234567" == message.to
    assert "123456" in message.text


def test_field_names_are_the_account_s_to_choose(default, replay):
    """`send` in the query and a header can carry what others call to and message."""
    places = {"to": ["query:send"], "text": ["header:x-words"]}
    default.settings("http_sms", {"http_sms": places})
    raw = request("GET", query={"send": "15551234567"})
    raw = raw.replace(b"\r\n\r\n", b"\r\nX-Words: code 998877\r\n\r\n")

    answer = replay(raw, HOST)

    assert 200 == answer.status
    assert "code 998877" == default.messages()[0].text


def test_the_answer_is_the_account_s_to_choose(default, replay):
    """Any status, headers and body: receivers differ."""
    wanted = {"answer": {"status": 202, "headers": {"X-A": "1"}, "body": {"queued": True}}}
    default.settings("http_sms", {"http_sms": wanted})

    answer = replay(request(body=WEBHOOK), HOST)

    assert (202, {"queued": True}, "1") == (answer.status, answer.json(), answer.headers["x-a"])


REFUSED = [
    ("not JSON", {"body": b"{"}, "malformed"),
    ("no recipient", {"body": {**WEBHOOK, "to": ""}}, "missing_recipient"),
    ("no number", {"body": {**WEBHOOK, "to": "12"}}, "bad_recipient"),
    ("no code", {"body": {**WEBHOOK, "payload": {}}}, "missing_text"),
    ("no payload", {"body": {**WEBHOOK, "payload": []}}, "malformed"),
    ("no text", {"method": "GET", "query": {"to": "15551234567"}}, "missing_text"),
    ("method", {"method": "PUT", "body": WEBHOOK}, "method_not_allowed"),
]


@pytest.mark.parametrize(("parts", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refuses_what_it_cannot_send(parts, code, default, replay):
    """Each refusal has a code and a sentence, by the error contract, and nothing is kept."""
    answer = replay(request(**parts), HOST)

    assert 400 <= answer.status < 500
    assert code == answer.json()["error"]
    assert [] == contract("http_sms", "error", "response.schema").validate(answer.json())
    assert [] == default.messages()
