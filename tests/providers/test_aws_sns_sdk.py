"""The official SDK, boto3, against the simulator: only its endpoint, or nothing, is changed."""

import re

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from simulators.catalog import PROVIDERS
from simulators.kernel.provider import Exchange, Failure

TO = "+14155550123"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ONCE = {"total_max_attempts": 1, "mode": "standard"}


@pytest.fixture(scope="module")
def session():
    return boto3.session.Session()


@pytest.fixture
def make(sms, session):
    """A client of the account; `more` is put into its configuration."""

    def client(region="us-east-1", url=None, token=None, key=None, **more):
        known = sms.credentials("aws_sns")
        return session.client(
            "sns",
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=key or known["access_key_id"],
            aws_secret_access_key=known["secret_access_key"],
            aws_session_token=token,
            config=Config(retries=ONCE, **more),
        )

    return client


@pytest.fixture
def sns(make, sms):
    """By the prefix."""
    return make(url=sms.base_url("aws_sns"))


def refused(call):
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value


def string(value, kind="String"):
    return {"DataType": kind, "StringValue": value}


def test_publishes(sns, sms):
    """The code is in the inbox; body and header name the request alike."""
    answer = sns.publish(PhoneNumber=TO, Message="Your code is 123456")

    told = answer["ResponseMetadata"]
    assert re.fullmatch(UUID, answer["MessageId"])
    assert told["RequestId"] == told["HTTPHeaders"]["x-amzn-requestid"]
    assert "text/xml" == told["HTTPHeaders"]["content-type"]
    assert "123456" == sms.wait_for_code(TO)
    assert "NOTICE" == sms.messages()[0].sender


def test_message_attributes(sns, sms):
    """Sender, type and the numbers of Indian law come with the message."""
    sns.publish(
        PhoneNumber=TO,
        Message="Your code is 123456",
        MessageAttributes={
            "AWS.SNS.SMS.SenderID": string("Acme"),
            "AWS.SNS.SMS.SMSType": string("Transactional"),
            "AWS.SNS.SMS.MaxPrice": string("0.50", "Number"),
            "AWS.MM.SMS.EntityId": string("1101234567890123456"),
            "AWS.MM.SMS.TemplateId": string("1107123456789012345"),
            "mine": {"DataType": "Binary", "BinaryValue": b"anything"},
        },
    )

    (message,) = sms.messages()
    assert "Acme" == message.sender
    assert "1107123456789012345" == message.template
    assert "Transactional" == message.details["type"]


@pytest.mark.parametrize(
    ("region", "more"),
    [
        ("us-east-1", {}),
        ("eu-west-1", {}),
        ("ap-southeast-2", {"use_dualstack_endpoint": True}),
        ("us-west-2", {"use_fips_endpoint": True}),
        ("us-gov-west-1", {"use_fips_endpoint": True, "use_dualstack_endpoint": True}),
        ("cn-north-1", {}),
        ("cn-northwest-1", {"use_dualstack_endpoint": True}),
    ],
)
def test_by_the_vendors_own_host(vendor_dns, make, sms, region, more):
    """Nothing is set but the region: the name leads here, over TLS."""
    answer = make(region, **more).publish(PhoneNumber=TO, Message="Your code is 123456")

    (message,) = sms.messages()
    assert answer["MessageId"] == message.id
    assert region == message.details["region"]


def test_every_region_of_the_sdk_is_served(session):
    """But those that the public cannot reach; by every name that the SDK has for it."""
    provider = PROVIDERS["aws_sns"]
    served = {*provider.hosts, *provider.more_hosts}
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        for region in session.get_available_regions("sns", partition_name=partition):
            for more in ({}, {"use_dualstack_endpoint": True}, {"use_fips_endpoint": True}):
                client = session.client("sns", region_name=region, config=Config(**more))
                assert client.meta.endpoint_url.removeprefix("https://") in served


def test_a_presigned_request_is_a_link(sns, sms):
    """For as long as it says."""
    params = {"PhoneNumber": TO, "Message": "Your code is 123456 & more (ü)"}
    url = sns.generate_presigned_url("publish", Params=params, ExpiresIn=60, HttpMethod="GET")

    answer = requests.get(url, timeout=10)

    assert 200 == answer.status_code, answer.text
    assert params["Message"] == sms.messages()[0].text
    sms.clock.advance(61)
    late = requests.get(url, timeout=10)
    assert (400, True) == (late.status_code, "<Code>RequestExpired</Code>" in late.text)


def test_temporary_credentials(make, sms):
    """The account's session token is let pass, and another is nobody's."""
    url, known = sms.base_url("aws_sns"), sms.credentials("aws_sns")
    make(url=url, token=known["session_token"]).publish(PhoneNumber=TO, Message="hello")

    error = refused(lambda: make(url=url, token="another").publish(PhoneNumber=TO, Message="hello"))

    assert "InvalidClientTokenId" == error.response["Error"]["Code"]
    assert 1 == len(sms.messages())


def test_credentials_that_are_wrong(make, sms):
    """A key that nobody has."""
    nobody = make(url=sms.base_url("aws_sns"), key="AKIAZZZZZZZZZEXAMPLE")

    found = refused(lambda: nobody.publish(PhoneNumber=TO, Message="hello")).response["Error"]

    assert "InvalidClientTokenId" == found["Code"]


@pytest.mark.parametrize("seconds", [-16 * 60, 16 * 60, 86_400])
def test_who_moves_the_account_s_clock_is_not_refused(seconds, make, sms):
    """The SDK knows the machine's alone."""
    sns = make(url=sms.base_url("aws_sns"))
    sms.clock.advance(seconds)

    sns.publish(PhoneNumber=TO, Message="hello")


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        (
            {"PhoneNumber": "abcd", "Message": "hi"},
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: abcd is not valid to publish to",
        ),
        (
            {"PhoneNumber": "12", "Message": "hi"},
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: +12 is not valid to publish to",
        ),
        (
            {"Message": "hi"},
            "InvalidParameter",
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
        ),
        (
            {"PhoneNumber": TO, "Message": ""},
            "InvalidParameter",
            "Invalid parameter: Empty message",
        ),
        (
            {"PhoneNumber": TO, "Message": "x" * 1601},
            "InvalidParameter",
            "Invalid parameter: Message too long",
        ),
        (
            {"PhoneNumber": TO, "Message": "no JSON", "MessageStructure": "json"},
            "InvalidParameter",
            "Invalid parameter: Message Structure - JSON message body failed to parse",
        ),
        (
            {"PhoneNumber": TO, "Message": '{"sms": "x"}', "MessageStructure": "json"},
            "InvalidParameter",
            "Invalid parameter: Message Structure - No default entry in JSON message body",
        ),
        (
            {"TopicArn": "arn:aws:sns:us-east-1:123456789012:codes", "Message": "hi"},
            "NotFound",
            "Topic does not exist",
        ),
        ({"TopicArn": "codes", "Message": "hi"}, "InvalidParameter", "Invalid parameter: TopicArn"),
        (
            {"TargetArn": "arn:aws:sns:us-east-1:1:endpoint/GCM/a/1", "Message": "hi"},
            "InvalidParameter",
            "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
        ),
        (
            {"PhoneNumber": TO, "Message": "hi", "MessageAttributes": {"AWS.X": string("x")}},
            "ParameterValueInvalid",
            "Message attribute names starting with 'AWS.' or 'Amazon.' are reserved for use by"
            " Amazon.",
        ),
        (
            {"PhoneNumber": TO, "Message": "hi", "MessageAttributes": {"a": string("")}},
            "ParameterValueInvalid",
            "The message attribute 'a' must contain non-empty message attribute value for message"
            " attribute type 'String'.",
        ),
        (
            {"PhoneNumber": TO, "Message": "hi", "MessageAttributes": {"a": string("x", "Text")}},
            "ParameterValueInvalid",
            "The message attribute 'a' has an invalid message attribute type, the set of supported"
            " type prefixes is Binary, Number, and String.",
        ),
    ],
)
@pytest.mark.sms_allow_violations
def test_what_is_malformed_is_refused(sns, sms, given, code, text):
    """With AWS's own text; nothing is kept."""
    error = refused(lambda: sns.publish(**given)).response["Error"]

    assert (code, text, "Sender") == (error["Code"], error["Message"], error["Type"])
    assert [] == sms.messages()


@pytest.mark.sms_allow_violations
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS.SNS.SMS.SMSType", "Urgent"),
        ("AWS.SNS.SMS.SenderID", "12345"),
        ("AWS.SNS.SMS.SenderID", "AcmeCompanyInc"),
        ("AWS.SNS.SMS.MaxPrice", "cheap"),
        ("AWS.MM.SMS.OriginationNumber", "Acme"),
    ],
)
def test_a_value_that_cannot_be_is_refused(sns, name, value):
    """The name of the attribute is told."""
    given = {"PhoneNumber": TO, "Message": "hi", "MessageAttributes": {name: string(value)}}

    error = refused(lambda: sns.publish(**given))

    assert isinstance(error, sns.exceptions.InvalidParameterException)
    assert name in str(error)


def test_a_structured_message_has_a_text_for_phones(sns, sms):
    """`sms`, or else `default`."""
    for text in ('{"default": "for all", "sms": "code 111111"}', '{"default": "code 222222"}'):
        sns.publish(PhoneNumber=TO, Message=text, MessageStructure="json")

    texts = [message.text for message in sms.messages()]
    assert {"code 111111", "code 222222"} == set(texts)


def test_throttles(make, sms, session):
    """Twenty a second of each type, and the next one is told so; the SDK would try again."""
    sms.clock.freeze()
    sns = make(url=sms.base_url("aws_sns"))
    for _ in range(20):
        sns.publish(PhoneNumber=TO, Message="hello")

    error = refused(lambda: sns.publish(PhoneNumber=TO, Message="hello"))

    assert ("ThrottlingException", "Rate exceeded") == (
        error.response["Error"]["Code"],
        error.response["Error"]["Message"],
    )
    kind = {"AWS.SNS.SMS.SMSType": string("Transactional")}
    sns.publish(PhoneNumber=TO, Message="hello", MessageAttributes=kind)
    sms.clock.advance(1)
    sns.publish(PhoneNumber=TO, Message="hello")


def test_sms_attributes(sns, sms):
    """What is set is told, and holds for the next message; a value of none is taken back."""
    assert {} == sns.get_sms_attributes()["attributes"]
    sns.set_sms_attributes(
        attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "Acme"}
    )
    sns.set_sms_attributes(attributes={"MonthlySpendLimit": "10"})

    assert 3 == len(sns.get_sms_attributes()["attributes"])
    assert {"DefaultSenderID": "Acme"} == (
        sns.get_sms_attributes(attributes=["DefaultSenderID"])["attributes"]
    )
    sns.publish(PhoneNumber=TO, Message="hello")
    (message,) = sms.messages()
    assert ("Acme", "Transactional") == (message.sender, message.details["type"])
    sns.set_sms_attributes(attributes={"DefaultSenderID": ""})
    assert "DefaultSenderID" not in sns.get_sms_attributes()["attributes"]


@pytest.mark.sms_allow_violations
def test_an_sms_attribute_that_there_is_not(sns):
    """Neither set nor told; nor is one set to what it cannot be."""
    for call in (
        lambda: sns.set_sms_attributes(attributes={"Colour": "red"}),
        lambda: sns.set_sms_attributes(attributes={"DefaultSMSType": "Urgent"}),
        lambda: sns.get_sms_attributes(attributes=["Colour"]),
    ):
        assert isinstance(refused(call), sns.exceptions.InvalidParameterException)
    assert {} == sns.get_sms_attributes()["attributes"]


def test_opting_out_and_in(sns, sms):
    """A page has a hundred; a number is opted in once in thirty days."""
    numbers = [f"+1415555{last:04}" for last in range(103)]
    sms.optouts(*numbers)
    first = sns.list_phone_numbers_opted_out()
    pages = sns.get_paginator("list_phone_numbers_opted_out").paginate()

    assert 100 == len(first["phoneNumbers"])
    assert sorted(numbers) == sorted(n for page in pages for n in page["phoneNumbers"])
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=numbers[0])["isOptedOut"] is True
    sns.opt_in_phone_number(phoneNumber=numbers[0])
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=numbers[0])["isOptedOut"] is False
    sms.optouts(*numbers)
    error = refused(lambda: sns.opt_in_phone_number(phoneNumber=numbers[0]))
    assert isinstance(error, sns.exceptions.InvalidParameterException)


def test_origination_numbers(sns, sms):
    """The account's own."""
    (number,) = sns.list_origination_numbers()["PhoneNumbers"]

    assert sms.credentials("aws_sns")["origination_number"] == number["PhoneNumber"]
    assert ["SMS"] == number["NumberCapabilities"]


def test_every_refusal_is_one_to_the_sdk(session):
    """Code, text and status are parsed as the model has them, whatever the row."""
    provider = PROVIDERS["aws_sns"]
    shape = (
        session.client("sns", region_name="us-east-1")
        .meta.service_model.operation_model("Publish")
        .output_shape
    )
    parser = create_parser("query")
    for row in provider.catalogue:
        if row.place != "answer":
            continue
        exchange = Exchange(None, provider, None, {}, StrangeWorld(), 1_795_248_470.0)
        reply = provider.refuse(exchange, Failure(row, {}))
        told = parser.parse(
            {"body": reply.body, "headers": dict(reply.headers), "status_code": reply.status}, shape
        )

        assert row.code == told["Error"]["Code"]
        assert row.text({}) == told["Error"]["Message"]
        assert dict(reply.headers)["x-amzn-RequestId"] == told["ResponseMetadata"]["RequestId"]


class StrangeWorld:
    """As much of a world as spelling a refusal takes."""

    class chance:  # noqa: N801 - stands for an attribute
        @staticmethod
        def uuid():
            return "34d9b400-c6dd-4444-820d-fbeb0f1f54cf"


@pytest.mark.sms_allow_violations
def test_an_operation_that_is_not_served(sns):
    """Topics are none of ours, and it is said as AWS says it of what it does not know."""
    error = refused(lambda: sns.create_topic(Name="codes")).response["Error"]

    assert ("InvalidAction", "Could not find operation CreateTopic for version 2010-03-31") == (
        error["Code"],
        error["Message"],
    )
