"""SendSms and SendMultiGlobalSms, called with the official SDK: what is sent, what is refused."""

import re

import pytest

from simulators.kernel import operations

NUMBER = "+8613012345678"
ABROAD = "+60198000000"
ROW = {"SerialNo": "", "Fee": 0, "SessionContext": "", "IsoCode": "CN"}


def test_an_accepted_number_has_every_field(tencent_send):
    """As in the vendor's example; the serial number holds the time."""
    (row,) = tencent_send(NUMBER, SessionContext="a b")

    assert re.fullmatch(r"3369:[0-9]{10}[0-9]{10}[0-9]{7}", row.pop("SerialNo"))
    assert {
        "PhoneNumber": NUMBER,
        "Fee": 1,
        "SessionContext": "a b",
        "Code": "Ok",
        "Message": "send success",
        "IsoCode": "CN",
    } == row


def test_the_serial_number_tells_when_it_was_sent(tencent, tencent_send):
    """Ten digits of epoch seconds after the first ten."""
    (row,) = tencent_send(NUMBER)
    (message,) = tencent.messages()

    assert int(message.at) == int(row["SerialNo"].split(":")[1][10:20])


def test_each_number_is_answered_on_its_own(tencent, tencent_send):
    """In the order given; one that is wrong keeps none of the others back."""
    rows = tencent_send(NUMBER, "12345", "13912345678")

    assert [NUMBER, "12345", "+8613912345678"] == [row["PhoneNumber"] for row in rows]
    assert ["Ok", "InvalidParameterValue.IncorrectPhoneNumber", "Ok"] == [r["Code"] for r in rows]
    assert {
        **ROW,
        "PhoneNumber": "12345",
        "Code": "InvalidParameterValue.IncorrectPhoneNumber",
        "Message": "incorrect number format",
        "IsoCode": "",
    } == rows[1]
    assert 2 == len(tencent.messages())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("abc", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("+86 130 1234 5678", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("+8612012345678", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("+8612345", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("0060198000000", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("60198000000", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("+1234", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("+999123456789", "FailedOperation.PhoneNumberParseFail"),
        ("+601", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("+12345678901234", "FailedOperation.PhoneNumberParseFail"),
    ],
)
def test_a_number_that_cannot_be_read_comes_back_as_it_was(number, code, tencent_send):
    """Without a country; nothing but mainland numbers may go without their plus."""
    (row,) = tencent_send(number)

    assert (code, number, "") == (row["Code"], row["PhoneNumber"], row["IsoCode"])


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        (
            {"SignName": "没有"},
            "FailedOperation.SignatureIncorrectOrUnapproved",
            "signature format is incorrect or signature is not approved",
        ),
        (
            {"SignName": None},
            "FailedOperation.SignatureIncorrectOrUnapproved",
            "signature format is incorrect or signature is not approved",
        ),
        (
            {"TemplateId": "1"},
            "FailedOperation.TemplateUnapprovedOrNotExist",
            "The template has not been approved or does not exist",
        ),
        (
            {"TemplateParamSet": []},
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            "request content does not match the template content",
        ),
        (
            {"TemplateParamSet": None},
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            "request content does not match the template content",
        ),
        (
            {"TemplateParamSet": ["1", "2"]},
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            "request content does not match the template content",
        ),
        (
            {"TemplateParamSet": ["1234567"]},
            "InvalidParameterValue.TemplateParameterFormatError",
            "Verification code template parameter format error",
        ),
        (
            {"TemplateParamSet": ["12a"]},
            "InvalidParameterValue.TemplateParameterFormatError",
            "Verification code template parameter format error",
        ),
        (
            {"TemplateParamSet": ["１２３"]},
            "InvalidParameterValue.TemplateParameterFormatError",
            "Verification code template parameter format error",
        ),
        (
            {"TemplateId": "449743", "TemplateParamSet": ["一二三四五六七"]},
            "InvalidParameterValue.TemplateParameterLengthLimit",
            "There are more than 6 characters in a single template variable",
        ),
        (
            {"TemplateId": "449743", "TemplateParamSet": ["https://example.com/i?a=1"]},
            "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
            "URLs are not allowed in template variables",
        ),
        (
            {"TemplateId": "1800308"},
            "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
            "A Global SMS template cannot be used to sent messages to Chinese mainland",
        ),
        (
            {"SmsSdkAppId": "42"},
            "InvalidParameterValue.SdkAppIdNotExist",
            "sdkappid does not exist",
        ),
    ],
)
def test_a_rule_of_templates_and_signatures_refuses_the_number(
    parameters, code, message, tencent, tencent_send
):
    """By its own code and text, without an `Error`."""
    (row,) = tencent_send(NUMBER, **parameters)

    assert code == row["Code"]
    assert row["Message"].startswith(message)
    assert ("", 0) == (row["SerialNo"], row["Fee"])
    assert [] == tencent.messages()


def test_a_code_that_is_refused_shows_no_country(tencent_send):
    """As in answers seen; other refusals of a number that could be read show it."""
    (code,) = tencent_send(NUMBER, TemplateParamSet=["abc"])
    (sign,) = tencent_send(NUMBER, SignName="没有")

    assert ("", "CN") == (code["IsoCode"], sign["IsoCode"])


def test_older_accounts_have_longer_variables(tencent, tencent_send):
    """Twelve characters instead of six, a setting of the world."""
    tencent.settings("tencent", {"tencent": {"variable_length": 12}})

    (row,) = tencent_send(NUMBER, TemplateId="449743", TemplateParamSet=["一二三四五六七"])

    assert "Ok" == row["Code"]


def test_abroad_needs_a_template_for_abroad_and_no_signature(tencent, tencent_send):
    """The serial number is then a UUID, the country its own."""
    (domestic,) = tencent_send(ABROAD)
    (row,) = tencent_send(ABROAD, TemplateId="1800308", SignName=None, SenderId="Qsms")
    (message,) = tencent.messages()

    assert "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone" == domestic["Code"]
    assert ("Ok", "MY", ABROAD) == (row["Code"], row["IsoCode"], row["PhoneNumber"])
    assert 36 == len(row["SerialNo"])
    assert "Your verification code is 123456." == message.text


def test_hong_kong_is_abroad(tencent_send):
    """As the vendor has it: mainland, and all others."""
    (row,) = tencent_send("+85251234567", TemplateId="1800308")

    assert ("Ok", "HK") == (row["Code"], row["IsoCode"])


def test_a_country_that_cannot_be_told_is_def(tencent_send):
    """For a number of the right length in no known range."""
    (row,) = tencent_send("+15551234567", TemplateId="1800308")

    assert ("Ok", "DEF") == (row["Code"], row["IsoCode"])


def test_a_long_text_is_billed_in_parts(tencent, tencent_send):
    """Signature included, 70 characters are one part, then 67 are."""
    content = "好" * 60 + "{1}"

    def approve():
        tencent.world.save(
            "templates/tencent",
            [{"code": "7", "content": content, "kind": "notification"}],
        )

    tencent.simulators.call(approve)
    fees = [
        tencent_send(number, TemplateId="7", TemplateParamSet=[value])[0]["Fee"]
        for number, value in (("13012345678", "12345"), ("13912345678", "123456"))
    ]

    assert [1, 2] == fees


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("suspended", True, "UnauthorizedOperation.ServiceSuspendDueToArrears"),
        ("balance", 0, "FailedOperation.InsufficientBalanceInSmsPackage"),
        (
            "regions",
            {"allowed": None, "blocked": ["CN"]},
            "LimitExceeded.AppCountryOrRegionInBlacklist",
        ),
        ("optouts", [NUMBER], "FailedOperation.PhoneNumberInBlacklist"),
        ("tencent", {"app_disabled": True}, "UnauthorizedOperation.SdkAppIdIsDisabled"),
    ],
)
def test_what_the_account_may_not_do_refuses_the_number(
    setting, value, code, tencent, tencent_send
):
    """Arrears, an empty package, a blocked country, an opt-out, a disabled application."""
    tencent.simulators.call(lambda: operations.settle(tencent.world, setting, value))

    (row,) = tencent_send(NUMBER)

    assert code == row["Code"]


def test_several_texts_go_abroad_in_one_call(tencent, tencent_call):
    """Each number its own; one of the mainland is refused, with a serial number all the same."""
    item = {"TemplateId": "1800308", "TemplateParamSet": ["190191"], "SessionContext": "x"}
    items = [{**item, "PhoneNumber": number} for number in (ABROAD, NUMBER)]
    items.append({"PhoneNumber": "+60198000001", "TemplateId": "1800308"})

    rows = tencent_call("SendMultiGlobalSms", MultiSmsInfoSet=items)["SendMultiStatusSet"]

    assert [
        "Ok",
        "UnsupportedOperation.ContainDomesticPhoneNumber",
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
    ] == [row["Code"] for row in rows]
    assert [36, 36, 36] == [len(row["SerialNo"]) for row in rows]
    assert ["x", "x", ""] == [row["SessionContext"] for row in rows]
    assert 1 == len(tencent.messages())
