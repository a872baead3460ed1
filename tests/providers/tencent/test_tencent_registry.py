"""Templates and signatures, managed with the SDK."""

from dataclasses import replace

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from simulators.kernel import templates

TEMPLATE = {
    "TemplateName": "验证码",
    "TemplateContent": "您的验证码是{1}",
    "SmsType": 3,
    "International": 0,
    "Remark": "登录",
}
SIGN = {
    "SignName": "示例公司",
    "SignType": 0,
    "DocumentType": 0,
    "International": 0,
    "SignPurpose": 0,
    "ProofImage": "aGVsbG8=",
}


@pytest.fixture
def call(tencent_client):
    """Calls an operation and gives the content of `Response`."""
    client = tencent_client()
    return lambda operation, **given: client.call_json(operation, given)["Response"]


def refused(call, operation, **given):
    """The code of the exception the SDK raises."""
    with pytest.raises(TencentCloudSDKException) as caught:
        call(operation, **given)
    return caught.value.get_code()


@pytest.fixture
def decide(tencent):
    """Approves or rejects a template, as a reviewer would."""

    def decided(code, status, reason=""):
        provider = tencent.simulators.providers["tencent"]

        def reviewed(known):
            known[code] = replace(known[code], status=status, reason=reason)

        templates.update_templates(tencent.world, provider, reviewed)

    return lambda *given: tencent.simulators.call(lambda: decided(*given))


def test_a_template_is_reviewed_before_it_can_be_used(call, decide, tencent_send):
    """Refused while under review, sent when approved."""
    code = call("AddSmsTemplate", **TEMPLATE)["AddTemplateStatus"]["TemplateId"]
    (reviewing,) = tencent_send("13012345678", TemplateId=code)
    decide(code, "approved")
    (approved,) = tencent_send("13012345678", TemplateId=code)

    assert "FailedOperation.TemplateUnapprovedOrNotExist" == reviewing["Code"]
    assert "Ok" == approved["Code"]


def test_a_template_is_described_with_what_became_of_it(tencent, call, decide):
    """Under review 1, rejected -1 with the reason."""
    code = call("AddSmsTemplate", **TEMPLATE)["AddTemplateStatus"]["TemplateId"]
    wanted = {"International": 0, "TemplateIdSet": [int(code)]}
    (new,) = call("DescribeSmsTemplateList", **wanted)["DescribeTemplateStatusSet"]
    decide(code, "rejected", "内容不合规")
    (old,) = call("DescribeSmsTemplateList", **wanted)["DescribeTemplateStatusSet"]

    assert abs(tencent.world.clock.now() - new.pop("CreateTime")) < 60
    assert {
        "TemplateId": int(code),
        "International": 0,
        "StatusCode": 1,
        "ReviewReply": "",
        "TemplateName": "验证码",
        "TemplateContent": "您的验证码是{1}",
    } == new
    assert (-1, "内容不合规") == (old["StatusCode"], old["ReviewReply"])


def test_templates_are_listed_by_where_they_are_for(call):
    """In pages; a template for each of the kinds of use Logto has, and one for abroad."""
    domestic = call("DescribeSmsTemplateList", International=0)["DescribeTemplateStatusSet"]
    page = call("DescribeSmsTemplateList", International=0, Limit=2, Offset=1)
    (abroad,) = call("DescribeSmsTemplateList", International=1)["DescribeTemplateStatusSet"]

    assert 9 == len(domestic)
    assert domestic[1:3] == page["DescribeTemplateStatusSet"]
    assert 1 == abroad["International"]


def test_a_rejected_template_is_changed_and_deleted(call, decide):
    """An approved one stands; one that is not there has its own error for each."""
    code = call("AddSmsTemplate", **TEMPLATE)["AddTemplateStatus"]["TemplateId"]
    decide(code, "rejected")
    number = int(code)
    changed = call("ModifySmsTemplate", TemplateId=number, **{**TEMPLATE, "TemplateName": "新"})
    deleted = call("DeleteSmsTemplate", TemplateId=number)["DeleteTemplateStatus"]
    missing = {"International": 0, "TemplateIdSet": [number]}

    assert {"TemplateId": number} == changed["ModifyTemplateStatus"]
    assert "return successfully!" == deleted["DeleteStatus"]
    assert "FailedOperation.TemplateIdNotExist" == refused(
        call, "DeleteSmsTemplate", TemplateId=number
    )
    assert "FailedOperation.MissingTemplateToModify" == refused(
        call, "ModifySmsTemplate", TemplateId=number, **TEMPLATE
    )
    assert "FailedOperation.TemplateAlreadyPassedCheck" == refused(
        call, "ModifySmsTemplate", TemplateId=449739, **TEMPLATE
    )
    assert "FailedOperation.MissingTemplateList" == refused(
        call, "DescribeSmsTemplateList", **missing
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SmsType": 4}, "InvalidParameterValue.InvalidSmsType"),
        ({"International": 2}, "InvalidParameterValue.InvalidInternational"),
        ({"TemplateContent": ""}, "InvalidParameterValue.InvalidTemplateFormat"),
        ({"TemplateContent": "{1}{3}"}, "InvalidParameterValue.InvalidTemplateFormat"),
        ({"SmsType": 2}, "InvalidParameterValue.UnsupportedTemplateVariable"),
        (
            {"SmsType": 1, "TemplateContent": "大促"},
            "InvalidParameterValue.MarketingTemplateWithoutUnsubscribe",
        ),
    ],
)
def test_a_template_is_checked_when_it_is_applied_for(changes, code, call):
    """Kind, place, numbering of variables, none but in codes, the way to unsubscribe."""
    assert code == refused(call, "AddSmsTemplate", **{**TEMPLATE, **changes})


def test_a_marketing_template_ends_with_the_way_out(call):
    """拒收请回复R, and is then taken."""
    given = {**TEMPLATE, "SmsType": 1, "TemplateContent": "大促，拒收请回复R"}

    assert call("AddSmsTemplate", **given)["AddTemplateStatus"]["TemplateId"].isdigit()


def test_a_signature_is_applied_for_changed_and_deleted(call, tencent_send):
    """Under review it signs nothing; it keeps its number when its text changes."""
    sign = call("AddSmsSign", **SIGN)["AddSignStatus"]["SignId"]
    (row,) = tencent_send("13012345678", SignName="示例公司")
    call("ModifySmsSign", SignId=sign, **{**SIGN, "SignName": "新公司"})
    wanted = {"International": 0, "SignIdSet": [sign]}
    (found,) = call("DescribeSmsSignList", **wanted)["DescribeSignListStatusSet"]
    deleted = call("DeleteSmsSign", SignId=sign)["DeleteSignStatus"]

    assert "FailedOperation.SignatureIncorrectOrUnapproved" == row["Code"]
    assert (sign, "新公司", 1) == (found["SignId"], found["SignName"], found["StatusCode"])
    assert "return successfully!" == deleted["DeleteStatus"]
    assert "FailedOperation.SignIdNotExist" == refused(call, "DeleteSmsSign", SignId=sign)
    assert "FailedOperation.MissingSignatureList" == refused(call, "DescribeSmsSignList", **wanted)
    assert "FailedOperation.MissingSignatureToModify" == refused(
        call, "ModifySmsSign", SignId=sign, **SIGN
    )


def test_an_approved_signature_stands(call):
    """It is neither changed nor applied for again."""
    (sign,) = call("DescribeSmsSignList", International=0)["DescribeSignListStatusSet"]

    assert ("腾讯云", 0) == (sign["SignName"], sign["StatusCode"])
    assert "InvalidParameterValue.SignAlreadyPassedCheck" == refused(
        call, "ModifySmsSign", SignId=sign["SignId"], **SIGN
    )
    assert "InvalidParameterValue.SignExistAndUnapproved" == refused(
        call, "AddSmsSign", **{**SIGN, "SignName": "腾讯云"}
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SignName": "x" * 13}, "InvalidParameterValue.SignNameLengthTooLong"),
        ({"SignName": "x"}, "InvalidParameter.InvalidParameters"),
        ({"SignName": "a b"}, "InvalidParameter.InvalidParameters"),
        ({"International": 3}, "InvalidParameterValue.InvalidInternational"),
        ({"SignPurpose": 2}, "InvalidParameterValue.InvalidSignPurpose"),
        ({"DocumentType": 5}, "InvalidParameterValue.InvalidDocumentType"),
        ({"SignType": 2}, "InvalidParameterValue"),
    ],
)
def test_a_signature_is_checked_when_it_is_applied_for(changes, code, call):
    """Length, letters, place, purpose, papers, kind."""
    assert code == refused(call, "AddSmsSign", **{**SIGN, **changes})


def test_signatures_for_abroad_are_listed_apart(call):
    """By the `International` they were applied for with."""
    call("AddSmsSign", **{**SIGN, "International": 1})

    (abroad,) = call("DescribeSmsSignList", International=1)["DescribeSignListStatusSet"]

    assert ("示例公司", 1) == (abroad["SignName"], abroad["International"])
