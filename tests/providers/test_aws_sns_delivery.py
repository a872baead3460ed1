"""What becomes of a message that was taken: in the log, and nowhere else."""

import base64
import gzip
import json

import pytest
import requests

from simulators.catalog import PROVIDERS
from simulators.kernel import markup
from simulators.kernel.call import Call
from simulators.providers.aws_sns import signing

TO, OTHER = "+14155550123", "+14155550124"
DAY = 86_400


@pytest.fixture
def ask(sms):
    """Calls an operation, signed at the time that the account's clock shows; gives the result, or
    code and text of a refusal."""

    def call(action, **given):
        port = sms.simulators.ports["http"]
        form = {"Action": action, "Version": "2010-03-31", **given}
        body = requests.models.RequestEncodingMixin._encode_params(form).encode()
        headers = {
            "host": f"127.0.0.1:{port}",
            "content-type": "application/x-www-form-urlencoded",
        }
        made = Call("POST", "/", "", headers, body, raw_path="/aws_sns/")
        now = sms.clock.now().timestamp()
        signed = signing.sign(made, sms.credentials("aws_sns"), now, "")
        url = f"http://127.0.0.1:{port}/aws_sns/"
        answer = requests.post(url, data=body, headers=signed.headers, timeout=10)
        told = markup.document(answer.content)
        if answer.status_code != 200:
            return told["ErrorResponse"]["Error"]
        return told[f"{action}Response"][f"{action}Result"]

    return call


@pytest.fixture
def log(sms):
    """The log entry of the newest message, and its state, so many seconds later."""

    def newest(later=0):
        sms.clock.advance(later)
        message = sms.messages()[0]
        state = PROVIDERS["aws_sns"].state(message, sms.clock.now().timestamp())
        return sms.logged(message), state

    return newest


def publish(ask, text="Your code is 123456", to=TO, **attributes):
    given = {}
    for n, (name, value) in enumerate(attributes.items(), 1):
        place = f"MessageAttributes.entry.{n}"
        given[f"{place}.Name"] = f"AWS.SNS.SMS.{name}"
        given[f"{place}.Value.DataType"] = "String"
        given[f"{place}.Value.StringValue"] = value
    answer = ask("Publish", PhoneNumber=to, Message=text, **given)
    assert "MessageId" in answer, answer
    return answer["MessageId"]


def test_a_delivery_is_logged(sms, ask, log):
    """Once it has happened: group and document are CloudWatch's."""
    sms.clock.freeze("2026-06-28T00:40:34.558Z")
    sent = publish(ask, SMSType="Transactional")
    account = sms.credentials("aws_sns")["account_id"]

    assert (None, "accepted") == log()
    entry, state = log(3)
    assert "delivered" == state
    assert f"sns/us-east-1/{account}/DirectPublishToPhoneNumber" == entry["group"]
    assert {
        "notification": {"messageId": sent, "timestamp": "2026-06-28 00:40:34.558"},
        "delivery": {
            "destination": TO,
            "priceInUSD": 0.00645,
            "smsType": "Transactional",
            "mcc": 310,
            "mnc": 270,
            "providerResponse": "Message has been accepted by phone carrier",
            "dwellTimeMs": 100,
            "dwellTimeMsUntilDeviceAck": 3000,
        },
        "status": "SUCCESS",
    } == entry["document"]


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("optout", "Phone number is opted out"),
        ("balance", "No quota left for account"),
        ("price", "This delivery would exceed max price"),
        ("sandbox", "Sandboxed account unable to send to number."),
    ],
)
def test_a_message_that_is_taken_and_never_arrives(sms, ask, log, why, text):
    """With a MessageId like any other; its log says why, and no carrier was asked."""
    attributes = {"MaxPrice": "0.001"} if why == "price" else {}
    if why == "optout":
        sms.optouts(TO)
    if why == "balance":
        sms.balance(0)
    if why == "sandbox":
        sms.settings("aws_sns", {"aws_sns": {"sandbox": True}})
    publish(ask, **attributes)

    entry, state = log(5)
    assert "undelivered" == state
    assert entry["group"].endswith("/DirectPublishToPhoneNumber/Failure")
    assert ("FAILURE", text) == (
        entry["document"]["status"],
        entry["document"]["delivery"]["providerResponse"],
    )
    assert "priceInUSD" not in entry["document"]["delivery"]


def test_a_carrier_that_fails(sms, ask, log):
    """By a rule, any of the reasons that AWS lists."""
    sms.script({"match": {"to": TO}, "effect": {"error": "FAILURE/unreachable"}})
    publish(ask)

    entry, _state = log(5)
    told = entry["document"]["delivery"]
    assert "Phone is currently unreachable/unavailable" == told["providerResponse"]
    assert 0.00645 == told["priceInUSD"]


def test_the_monthly_spend_limit(sms, ask, log):
    """Three messages of 0.00645 USD fit into 0.02, in each month anew."""
    sms.clock.freeze("2026-06-28T00:00:00Z")
    limit = {"attributes.entry.1.key": "MonthlySpendLimit", "attributes.entry.1.value": "0.02"}
    assert not ask("SetSMSAttributes", **limit)
    states = []
    for _ in range(4):
        publish(ask)
        states.append(log(5)[1])

    assert ["delivered"] * 3 + ["undelivered"] == states
    assert "No quota left for account" == log()[0]["document"]["delivery"]["providerResponse"]
    sms.clock.freeze("2026-07-01T00:00:00Z")
    publish(ask)
    assert "delivered" == log(5)[1]


def test_the_log_is_handed_to_a_function(sms, ask, httpserver):
    """As a subscription filter invokes it: zipped, with the document as one of its events."""
    sms.clock.freeze()
    sms.webhooks("aws_sns", receipts=httpserver.url_for("/function"))
    httpserver.expect_request("/function").respond_with_data("null")
    sent = publish(ask)

    sms.clock.advance(5)

    assert sms.receipts()
    ((request, _answer),) = httpserver.log
    told = json.loads(gzip.decompress(base64.b64decode(request.json["awslogs"]["data"])))
    (event,) = told["logEvents"]
    assert "DATA_MESSAGE" == told["messageType"]
    assert told["logGroup"].endswith("DirectPublishToPhoneNumber")
    assert sent == json.loads(event["message"])["notification"]["messageId"]


def test_the_sandbox(sms, ask, log):
    """A number is verified by the password that was sent to it, and then gets messages."""
    sms.settings("aws_sns", {"aws_sns": {"sandbox": True}})
    assert {"IsInSandbox": "true"} == ask("GetSMSSandboxAccountStatus")
    assert not ask("CreateSMSSandboxPhoneNumber", PhoneNumber=TO)
    password = sms.wait_for_code(TO)

    def status():
        return ask("ListSMSSandboxPhoneNumbers")["PhoneNumbers"]["member"]["Status"]

    def verify(with_):
        return ask("VerifySMSSandboxPhoneNumber", PhoneNumber=TO, OneTimePassword=with_)

    assert "Pending" == status()
    wrong = verify("000000" if password != "000000" else "111111")
    assert ("VerificationException", "FAILED") == (wrong["Code"], wrong["Status"])
    assert not verify(password)
    assert "Verified" == status()
    publish(ask)
    assert "delivered" == log(5)[1]


def test_the_bounds_of_the_sandbox(sms, ask):
    """Five passwords a day to a number, ten numbers, and a day until one may be taken out."""
    codes = [ask("CreateSMSSandboxPhoneNumber", PhoneNumber=TO) for _ in range(6)]
    assert [""] * 5 == codes[:5]
    assert "Throttled" == codes[5]["Code"]
    for last in range(9):
        assert not ask("CreateSMSSandboxPhoneNumber", PhoneNumber=f"+1415555020{last}")
    assert "UserError" == ask("CreateSMSSandboxPhoneNumber", PhoneNumber=OTHER)["Code"]
    assert "UserError" == ask("DeleteSMSSandboxPhoneNumber", PhoneNumber=TO)["Code"]
    assert "ResourceNotFound" == ask("DeleteSMSSandboxPhoneNumber", PhoneNumber=OTHER)["Code"]
    sms.clock.advance(DAY)
    assert not ask("DeleteSMSSandboxPhoneNumber", PhoneNumber=TO)
    page = ask("ListSMSSandboxPhoneNumbers", MaxResults="5")
    assert 5 == len(page["PhoneNumbers"]["member"])
    rest = ask("ListSMSSandboxPhoneNumbers", MaxResults="5", NextToken=page["NextToken"])
    assert 4 == len(rest["PhoneNumbers"]["member"])
    assert "NextToken" not in rest


def test_a_page_size_of_any_length_is_read(sms, ask):
    """More digits than Python makes a number of, behind zeros that say it is a small one."""
    sms.allow_violations()
    for size in ("0", "101", "000000001" + "1" * 5000):
        assert "ValidationError" == ask("ListSMSSandboxPhoneNumbers", MaxResults=size)["Code"]


def test_a_number_that_opted_out_cannot_be_verified(sms, ask):
    """Here it is told at once."""
    sms.optouts(TO)

    assert "OptedOut" == ask("CreateSMSSandboxPhoneNumber", PhoneNumber=TO)["Code"]
