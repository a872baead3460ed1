"""The international API, version 2018-05-01, by Aliyun's own client and by the older scheme."""

import json

import pytest
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from simulators.app import Options, in_thread
from simulators.providers.aliyun import globe
from simulators.testing.sms import Sms

DANE, HONG_KONG = "4512345678", "85251234567"
FIELDS = {"ResponseCode", "ResponseDescription", "RequestId"}
ACCEPTED = "The SMS Send Request was accepted"


@pytest.fixture
def world(aliyun):
    """The operations of the international API, by name."""
    return lambda action, **sent: aliyun(action, Version="2018-05-01", **sent)


def told(answer):
    return answer["status"], answer["ResponseCode"], answer["ResponseDescription"]


@pytest.fixture(scope="module")
def own_port():
    with in_thread(Options(port=0, tls_port=None, provider_ports={"aliyun": 0})) as simulators:
        yield simulators


@pytest.fixture
def sdk(own_port):
    """What the SDK `alibabacloud_dysmsapi20180501` does for each of its operations."""
    made = own_port.call(own_port.accounts.create)
    sms = Sms(own_port, made)
    known = sms.credentials("aliyun")

    def call(action, **query):
        config = Config(
            access_key_id=known["access_key_id"],
            access_key_secret=known["access_key_secret"],
            endpoint=f"127.0.0.1:{own_port.ports['aliyun']}",
            protocol="http",
        )
        wanted = Params(
            action=action,
            version="2018-05-01",
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        return Client(config).call_api(wanted, OpenApiRequest(query=query), RuntimeOptions())

    yield call
    assert [] == sms.violations("aliyun")
    own_port.call(lambda: own_port.accounts.drop(made.id))


def test_the_sdk_sends_asks_and_is_told(sdk):
    """One text, several, a template into the mainland, and what became of the first."""
    one = sdk("SendMessageToGlobe", To=DANE, Message="Your code is 135790", From="Acme")["body"]
    several = sdk(
        "BatchSendMessageToGlobe",
        To=json.dumps([DANE, HONG_KONG]),
        Message=json.dumps(["one", "two"]),
        Type="NOTIFY",
    )["body"]
    inward = sdk(
        "SendMessageWithTemplate",
        To="8613900000000",
        From="阿里云短信测试",
        TemplateCode="SMS_154950909",
        TemplateParam='{"code":"135790"}',
    )["body"]
    asked = sdk("QueryMessage", MessageId=one["MessageId"])["body"]

    assert ("OK", ACCEPTED) == (one["ResponseCode"], one["ResponseDescription"])
    assert ("Acme", DANE, "1") == (one["From"], one["To"], one["Segments"])
    assert "DK" == one["NumberDetail"]["Country"]
    assert ("[]", "2") == (several["FailedList"], several["SuccessCount"])
    assert 2 == len(json.loads(several["MessageIdList"]))
    assert ("OK", "8613900000000") == (inward["ResponseCode"], inward["To"])
    assert ("3", "Your code is 135790", DANE) == (asked["Status"], asked["Message"], asked["To"])


def test_a_message_is_asked_for_by_its_id(aliyun, world):
    """On its way, then delivered; the times are Beijing's with their offset."""
    sent = world("SendMessageToGlobe", To=DANE, Message="hello")
    before = world("QueryMessage", MessageId=sent["MessageId"])
    aliyun.advance(4)
    after = world("QueryMessage", MessageId=sent["MessageId"])

    assert ("3", "Sat, 21 Nov 2026 12:00:00 +0800") == (before["Status"], before["SendDate"])
    assert {"ReceiveDate", "ErrorCode"}.isdisjoint(before)
    assert ("1", "DELIVERED", "success") == (
        after["Status"],
        after["ErrorCode"],
        after["ErrorDescription"],
    )
    assert "Sat, 21 Nov 2026 12:00:03 +0800" == after["ReceiveDate"]
    assert {"+4512345678"} == {message.to for message in aliyun.sms.messages()}


def test_a_message_that_failed_says_why(aliyun, world):
    """By the row of the receipt."""
    aliyun.sms.script({"effect": {"error": "MOBILE_NOT_ON_SERVICE"}})
    sent = world("SendMessageToGlobe", To=DANE, Message="hello")
    aliyun.advance(10)
    asked = world("QueryMessage", MessageId=sent["MessageId"])

    assert ("2", "MOBILE_NOT_ON_SERVICE") == (asked["Status"], asked["ErrorCode"])


@pytest.mark.parametrize("wanted", ["1" * 18, "SM1"])
def test_a_message_that_is_not_there(world, wanted):
    answer = world("QueryMessage", MessageId=wanted)

    assert (200, "DATA_NOT_EXIST", "The data does not exist. Please try again later.") == told(
        answer
    )


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"To": "8613900000000"}, "COUNTRY_RESTRICTED"),
        ({"To": "13900000000"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "+4512345678"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "004512345678"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"From": "TwelveLetter"}, "INVALID_SENDERID"),
        ({"From": "1234567890123456"}, "INVALID_SENDERID"),
        ({"From": "A+B"}, "INVALID_SENDERID"),
        ({"TaskId": "x" * 256}, "PARAM_LENGTH_LIMIT"),
        ({"Type": "SPAM"}, "INVALID_PARAMETERS"),
        ({"ValidityPeriod": "soon"}, "INVALID_PARAMETERS"),
    ],
)
def test_a_send_is_refused_in_three_fields_in_english(aliyun, world, sent, code):
    """Without `isv.`, under other names than those of the older API."""
    answer = world("SendMessageToGlobe", **{"To": DANE, "Message": "hello", **sent})

    assert (200, code) == told(answer)[:2]
    assert {*FIELDS, "status"} == set(answer)
    assert answer["ResponseDescription"].isascii()
    assert [] == aliyun.sms.messages()


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("balance", 0, "AMOUNT_NOT_ENOUGH"),
        ("suspended", True, "OUT_OF_SERVICE"),
        ("optouts", ["+4512345678"], "BLACK_KEY_CONTROL_LIMIT"),
        ("regions", {"allowed": None, "blocked": ["DK"]}, "NOT_SUPPORTED_COUNTRY"),
    ],
)
def test_an_accounts_settings_are_refused_in_its_own_words(aliyun, world, setting, value, code):
    """The older API's codes are for the older API."""
    aliyun.settle(setting, value)

    assert (200, code) == told(world("SendMessageToGlobe", To=DANE, Message="hello"))[:2]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("regions", {"allowed": None, "blocked": ["HK"]}),
        ("optouts", ["+85251234567"]),
    ],
)
def test_a_number_that_is_refused_is_among_the_failed_ones(aliyun, world, setting, value):
    """The others of a batch are sent to; the answer says which failed, and not why."""
    aliyun.settle(setting, value)
    numbers = [DANE, "8613900000000", HONG_KONG, "12345"]
    answer = world(
        "BatchSendMessageToGlobe",
        To=json.dumps(numbers),
        Message=json.dumps(["a", "b", "c", "d"]),
        From="Acme",
    )

    assert (200, "OK", ACCEPTED) == told(answer)
    assert numbers[1:] == json.loads(answer["FailedList"])
    assert ("1", "Acme") == (answer["SuccessCount"], answer["From"])
    assert [(json.loads(answer["MessageIdList"]), "+4512345678", "a")] == [
        ([message.id], message.to, message.text) for message in aliyun.sms.messages()
    ]


@pytest.mark.parametrize(
    ("to", "message", "code"),
    [
        ("4512345678,85251234567", '["a"]', "INVALID_JSON_PARAM"),
        ('"4512345678"', '["a"]', "INVALID_JSON_PARAM"),
        ('["4512345678"]', '["a","b"]', "INVALID_PARAMETERS"),
        ("[]", "[]", "INVALID_PARAMETERS"),
        (json.dumps([DANE] * 1001), '["a"]', "MOBILE_COUNT_OVER_LIMIT"),
    ],
)
def test_a_batch_is_two_arrays_of_one_length(world, to, message, code):
    answer = world("BatchSendMessageToGlobe", To=to, Message=message)

    assert (200, code) == told(answer)[:2]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"To": DANE}, "NOT_SUPPORTED_COUNTRY"),
        ({"To": "13900000000"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"From": "无此签名"}, "SMS_SIGN_NAME_ILLEGAL"),
        ({"TemplateCode": "SMS_1"}, "SMS_CONTENT_CODE_ILLEGAL"),
        ({"TemplateCode": "SMS_OVERSEAS1"}, "SMS_CONTENT_CODE_ILLEGAL"),
        ({"TemplateParam": "{}"}, "CONTENT_MISSING_PARAMETERS"),
        ({"TemplateParam": "code=1"}, "INVALID_JSON_PARAM"),
        ({"TemplateParam": '{"code":"1234567"}'}, "PARAM_LENGTH_LIMIT"),
    ],
)
def test_a_template_goes_into_the_mainland(aliyun, world, sent, code):
    """Signature, template and its variables are the account's, as in the older API."""
    usual = {
        "To": "8613900000000",
        "From": "阿里云短信测试",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": '{"code":"135790"}',
    }
    answer = world("SendMessageWithTemplate", **{**usual, **sent})

    assert (200, code) == told(answer)[:2]
    assert [] == aliyun.sms.messages()


def test_a_template_is_counted_with_those_of_the_older_api(aliyun, world):
    """One a minute to a number."""
    first = aliyun.send()
    second = world(
        "SendMessageWithTemplate",
        To="8613900000000",
        From="阿里云短信测试",
        TemplateCode="SMS_154950909",
        TemplateParam='{"code":"135790"}',
    )

    assert "OK" == first["Code"]
    assert (
        200,
        "BUSINESS_LIMIT_CONTROL_MINUTE",
        "Delivery frequency exceeds the minute limit.",
    ) == told(second)


@pytest.mark.parametrize("name", ["To", "Message"])
def test_a_parameter_that_must_be_there_is_missed_by_the_gateway(world, name):
    """With an error status, and in its own words."""
    answer = world("SendMessageToGlobe", To=DANE, Message="hello", leave_out=(name,))

    assert (400, f"Missing{name}") == (answer["status"], answer["Code"])


@pytest.mark.parametrize(
    ("action", "version"), [("SendMessageToGlobe", "2017-05-25"), ("SendSms", "2018-05-01")]
)
def test_an_operation_is_of_one_version(aliyun, action, version):
    """Under the other one there is none of that name."""
    answer = aliyun(action, Version=version)

    assert (404, "InvalidAction.NotFound") == (answer["status"], answer["Code"])


def test_each_refusal_of_the_product_has_its_international_row(aliyun):
    """What a kernel's judgement says is said with the names of the API that was called."""
    provider = aliyun.provider
    rows = {key: provider.catalogue[key] for key in provider.problems.values()}
    product = {key for key, row in rows.items() if row.http_status == 200}

    assert product <= set(globe.ROWS)
    assert all(
        not str(provider.catalogue[row].code).startswith("is") for row in globe.ROWS.values()
    )
