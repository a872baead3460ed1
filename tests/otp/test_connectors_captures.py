"""The connectors put on the wire what Logto's do: recorded requests, field by field and by byte."""

import calendar
import json
import re
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from simulators.kernel.contracts import contract
from simulators.otp import factories
from simulators.otp.connector import ConnectorError, Incoming, Message, Moment

FOLDER = Path(__file__).parent.parent / "captures"
CLIENTS = {
    "logto-aliyun-sms": "aliyun-short-message-service",
    "logto-aliyun-sms-mas": "aliyun-short-message-auth-service",
    "logto-gatewayapi-sms": "gatewayapi-sms",
    "logto-http-sms": "http-sms",
    "logto-smsaero": "smsaero-short-message-service",
    "logto-smsbao-sms": "smsbao-sms",
    "logto-tencent-sms": "tencent-short-message-service",
    "logto-twilio-sms": "twilio-short-message-service",
    "logto-vonage-sms": "vonage-sms",
    "logto-whatsapp-sms": "whatsapp-short-message-service",
    "logto-yunpian-sms": "yunpian-sms",
}
CAPTURES = {
    f"{name}-{capture['case']}": capture
    for name in CLIENTS
    for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()
    if (capture := json.loads(line))
}
SENT = [name for name, capture in CAPTURES.items() if capture["requests"]]
# Those that were kept with the answer, and with what Logto made of it.
ANSWERED = [name for name in SENT if isinstance(CAPTURES[name].get("answer"), dict)]
UNSENT = [name for name in CAPTURES if name not in SENT]
USES = (
    "SignIn",
    "Register",
    "ForgotPassword",
    "OrganizationInvitation",
    "Generic",
    "UserPermissionValidation",
    "BindNewIdentifier",
    "MfaVerification",
    "BindMfa",
)
# How the configurations that were recorded name what the captures call otherwise.
NAMES = {
    "logto-tencent-sms": {"secretId": "accessKeyId", "secretKey": "accessKeySecret"},
    "logto-twilio-sms": {
        "accountSid": "accountSID",
        "messagingServiceSid": "fromMessagingServiceSID",
    },
    "logto-vonage-sms": {"from": "brandName"},
    "logto-smsaero": {"sign": "senderName"},
}
# What the pool writes, as every HTTP client does.
TRANSPORT = {"host", "content-length"}


def content(use, in_unicode, client=""):
    if in_unicode:
        return f'验证码 {{{{code}}}} — Код 😀 ñ & + % = "q" ({use})'
    if client == "logto-yunpian-sms":
        return "【云片网】您的验证码是{{code}}。如非本人操作，请忽略本短信"
    said = f"Your Logto {use} verification code is {{{{code}}}}."
    return f"{said} The code will remain active for 10 minutes."


def configuration(capture):
    """The configuration a capture was made with."""
    if "config" in capture:
        return capture["config"]
    given, names = capture["credentials"], NAMES.get(capture["client"], {})
    config = {names.get(name, name): value for name, value in given.items()}
    code = config.pop("templateCode", None) or config.pop("templateId", None)
    if capture["client"] == "logto-gatewayapi-sms":
        config["endpoint"] = "https://gatewayapi.com/rest/mtsms"
    if capture["client"] == "logto-yunpian-sms":
        config["enableInternational"] = True
    if capture["client"] != "logto-http-sms":
        unicode = capture["message"].get("unicode", False)
        client = capture["client"]
        texts = [{"usageType": use, "content": content(use, unicode, client)} for use in USES]
        codes = [{"usageType": use, "templateCode": code} for use in USES]
        config["templates"] = codes if code else texts
    return {**config, **capture["message"].get("config", {})}


def moment(request):
    """When a request was made, and its nonce."""
    sent = dict(parse_qsl(request["body"])) if "Timestamp=" in request["body"] else {}
    if sent:
        at = calendar.timegm(time.strptime(sent["Timestamp"], "%Y-%m-%dT%H:%M:%SZ"))
        return Moment(at, sent["SignatureNonce"])
    headers = dict(request["headers"])
    return Moment(int(headers.get("x-tc-timestamp", 0)) + 0.9, "unused")


def made(capture):
    """What the connector of a capture's client makes of its message, if its configuration will
    do."""
    factories.check_config(CLIENTS[capture["client"]], configuration(capture))
    said = capture["message"]
    message = Message(
        to=said["to"],
        usage=said.get("usageType") or said.get("type", "SignIn"),
        payload=said.get("payload") or {"code": said["code"]},
        ip=said.get("ip", ""),
    )
    connector = factories.CONNECTORS[CLIENTS[capture["client"]]]
    at = moment(capture["requests"][0]) if capture["requests"] else Moment(0, "unused")
    return connector.request(configuration(capture), message, at)


@pytest.mark.parametrize("name", SENT)
def test_a_connector_sends_what_logto_sent(name):
    """Method, URL, body to the byte, and headers in their order, signatures with them."""
    capture = CAPTURES[name]
    request = capture["requests"][0]

    outgoing = made(capture)
    own = {header.lower() for header, _ in outgoing.headers}
    headers = [(k, v) for k, v in request["headers"] if k.lower() not in TRANSPORT - own]
    if capture.get("runtime", "").startswith("v20."):  # Node 22 is the first to read zstd
        headers = [(k, v + ", zstd" * (k == "accept-encoding")) for k, v in headers]

    assert request["method"] == outgoing.method
    assert f"https://{request['host']}{request['target']}" == outgoing.url
    assert request["body"] == outgoing.body.decode()
    assert headers == list(outgoing.headers)


@pytest.mark.parametrize("name", [name for name in UNSENT if "outcome" not in CAPTURES[name]])
def test_a_connector_sends_nothing_where_logto_sent_nothing(name):
    """It says which number it was, and what it takes."""
    with pytest.raises(ConnectorError) as caught:
        made(CAPTURES[name])

    assert "invalid_request_parameters" == caught.value.code
    assert CAPTURES[name]["message"]["to"] == caught.value.data["phoneNumber"]


def test_a_signature_is_of_the_secret():
    """With another secret, each recorded signature differs from the one that is made."""
    for client in ("logto-aliyun-sms", "logto-aliyun-sms-mas", "logto-tencent-sms"):
        capture = CAPTURES[f"{client}-usage-Generic"]
        secret = "secretKey" if client == "logto-tencent-sms" else "accessKeySecret"
        other = {**capture, "credentials": {**capture["credentials"], secret: "another"}}
        pattern = r"Signature=(\S+)"

        ours, theirs = made(other), made(capture)
        sent = [f"{one.body.decode()} {dict(one.headers)}" for one in (ours, theirs)]

        assert re.search(pattern, sent[0])[1] != re.search(pattern, sent[1])[1]


@pytest.mark.parametrize("name", [name for name in UNSENT if "outcome" in CAPTURES[name]])
def test_a_connector_that_sent_nothing_says_why_as_logto_did(name):
    """By its configuration, or by the message."""
    capture = CAPTURES[name]

    with pytest.raises(ConnectorError) as told:
        made(capture)

    outcome = capture["outcome"]
    data = told.value.data
    assert (outcome["code"], outcome["data"]) == (
        told.value.code,
        {"message": data} if isinstance(data, str) else data,
    )


@pytest.mark.parametrize("name", ANSWERED)
def test_a_connector_makes_of_an_answer_what_logto_made_of_it(name):
    """Taken, or the same error with the same words."""
    capture = CAPTURES[name]
    came, outcome = capture["answer"], capture["outcome"]
    kind = came.get("headers", {}).get("Content-Type", "")
    read = factories.CONNECTORS[CLIENTS[capture["client"]]].faithful

    try:
        read(Incoming(came["status"], came["body"].encode(), kind))
        found = {"ok": True}
    except ConnectorError as refused:
        found = {"ok": False, "code": refused.code, "data": {"message": refused.data}}

    assert found == {name: outcome[name] for name in found}


@pytest.mark.parametrize("name", [name for name in SENT if len(CAPTURES[name]["requests"]) > 1])
def test_a_connector_follows_a_redirect_as_logto_did(name):
    """With the same method and body."""
    capture = CAPTURES[name]
    connector = factories.CONNECTORS[CLIENTS[capture["client"]]]
    first, second = capture["requests"]
    elsewhere = f"https://{second['host']}{second['target']}"

    followed = connector.follow(made(capture), Incoming(302, b"", "", elsewhere))

    assert (elsewhere, second["body"]) == (followed.url, followed.body.decode())
    assert second["method"] == followed.method
    assert first["host"] == second["host"]


# What Logto lets pass, and nothing can be sent with.
ADVISED = {"logto-whatsapp-sms-language-missing", "logto-whatsapp-sms-phone-number-id-with-space"}


@pytest.mark.parametrize("name", [name for name in SENT if name not in ADVISED])
def test_a_recorded_configuration_keeps_its_contract(name):
    """Advice included, so that the advice is not stricter than what is in use."""
    capture = CAPTURES[name]
    factory = CLIENTS[capture["client"]]

    factories.check_config(factory, configuration(capture))

    assert [] == contract("connectors", factory, "config.schema").validate(configuration(capture))
