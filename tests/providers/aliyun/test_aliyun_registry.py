"""Templates and signatures by the API: applied for, reviewed, used, changed, deleted."""

import pytest

CONTENT = "您的验证码${code}，请勿泄露！"
APPLICATION = {
    "TemplateType": "0",
    "TemplateName": "登录",
    "TemplateContent": CONTENT,
    "Remark": "登录用",
}
SIGNATURE = {
    "SignName": "示例公司",
    "SignSource": "0",
    "Remark": "公司全称",
    "SignFileList.1.FileContents": "cGRm",
    "SignFileList.1.FileSuffix": "jpg",
}


def review(aliyun, kind, name, status, reason=""):
    """Plays the reviewer."""
    world = aliyun.sms.world
    field = "code" if kind == "templates" else "name"
    kept = [
        {**item, "status": status, "reason": reason} if item[field] == name else item
        for item in world.load(f"{kind}/aliyun")
    ]
    aliyun.settle(f"{kind}/aliyun", kept)


def fields(answer, *names):
    return tuple(answer[name] for name in names)


def test_a_template_can_be_used_once_it_was_approved(aliyun):
    """Applied for, it is under review and sends nothing."""
    code = aliyun("AddSmsTemplate", **APPLICATION)["TemplateCode"]
    before = aliyun("QuerySmsTemplate", TemplateCode=code)
    refused = aliyun.send(TemplateCode=code)["Code"]
    review(aliyun, "templates", code, "approved")
    after = aliyun("QuerySmsTemplate", TemplateCode=code)
    names = ("TemplateName", "TemplateType", "TemplateContent", "CreateDate")

    assert ("登录", 0, CONTENT, "2026-11-21 12:00:00") == fields(before, *names)
    assert (0, 1) == (before["TemplateStatus"], after["TemplateStatus"])
    assert ("isv.SMS_TEMPLATE_ILLEGAL", "OK") == (refused, aliyun.send(TemplateCode=code)["Code"])
    assert "【阿里云短信测试】您的验证码123456，请勿泄露！" == aliyun.sms.messages()[0].text


def test_a_rejected_template_is_changed_and_reviewed_again(aliyun):
    """Under review it cannot be deleted, approved it cannot be changed."""
    code = aliyun("CreateSmsTemplate", **APPLICATION)["TemplateCode"]
    too_soon = aliyun("DeleteSmsTemplate", TemplateCode=code)["Code"]
    review(aliyun, "templates", code, "rejected", "内容不规范")
    rejected = aliyun("QuerySmsTemplate", TemplateCode=code)
    changed = {**APPLICATION, "TemplateCode": code, "TemplateContent": "验证码${code}"}
    again = aliyun("ModifySmsTemplate", **changed)
    query = aliyun("GetSmsTemplate", TemplateCode=code)
    review(aliyun, "templates", code, "approved")

    assert "isv.ERROR_TEMPLATE_NOT_DELETE" == too_soon
    assert (2, "内容不规范") == fields(rejected, "TemplateStatus", "Reason")
    assert ("OK", code) == fields(again, "Code", "TemplateCode")
    assert ("0", "验证码${code}") == fields(query, "TemplateStatus", "TemplateContent")
    assert "isv.ERROR_TEMPLATE_NOT_MODIFY" == aliyun("UpdateSmsTemplate", **changed)["Code"]
    assert "OK" == aliyun("DeleteSmsTemplate", TemplateCode=code)["Code"]
    assert "isv.SMS_TEMPLATE_ILLEGAL" == aliyun("QuerySmsTemplate", TemplateCode=code)["Code"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TemplateContent": "没有变量"}, "template_parameter_count_illegal"),
        ({"TemplateContent": "${a}和${b}"}, "template_parameter_count_illegal"),
        ({"TemplateContent": "${a}" + "字" * 500}, "isv.TEMPLATE_OVER_LIMIT"),
        ({"TemplateType": "4"}, "isv.INVALID_PARAMETERS"),
        ({"TemplateType": "x"}, "isv.INVALID_PARAMETERS"),
        ({"TemplateType": "1", "TemplateContent": "${a}和${b}"}, "OK"),
        ({"TemplateType": "3", "TemplateContent": "${a} and ${b}", "IntlType": "1"}, "OK"),
    ],
)
def test_a_template_for_codes_has_one_variable(aliyun, changes, code):
    """Others have as many as they like; 500 characters are the most."""
    assert code == aliyun("AddSmsTemplate", **{**APPLICATION, **changes})["Code"]


@pytest.mark.parametrize("name", sorted(APPLICATION))
def test_what_an_application_needs_is_asked_for_by_name(aliyun, name):
    """HTTP 400."""
    answer = aliyun("AddSmsTemplate", **APPLICATION, leave_out=(name,))

    assert (400, f"Missing{name}") == fields(answer, "status", "Code")


def test_a_hundred_applications_a_day(aliyun):
    """The hundred and first is for tomorrow."""
    codes = [aliyun("AddSmsTemplate", **APPLICATION)["Code"] for _ in range(100)]
    full = aliyun("AddSmsTemplate", **APPLICATION)
    aliyun.advance(12 * 3600)

    assert {"OK"} == set(codes)
    assert ("isv.SMS_OVER_LIMIT", "单日最多申请模板或签名100条") == fields(full, "Code", "Message")
    assert "OK" == aliyun("AddSmsTemplate", **APPLICATION)["Code"]


def test_the_list_counts_the_kinds_in_its_own_way(aliyun):
    """Notification 0, promotion 1, code 2, international 6; the outer type is everybody else's."""
    answer = aliyun("QuerySmsTemplateList", PageSize="50")
    kinds = {
        row["TemplateCode"]: (row["TemplateType"], row["OuterTemplateType"])
        for row in answer["SmsTemplateList"]
    }

    assert len(aliyun.provider.templates) == answer["TotalCount"] == len(kinds)
    assert (2, 0) == kinds["SMS_154950909"]
    assert (0, 1) == kinds["SMS_200000021"]
    assert (1, 2) == kinds["SMS_200000031"]
    assert (6, 3) == kinds["SMS_OVERSEAS1"]
    assert {"AUDIT_STATE_PASS"} == {row["AuditStatus"] for row in answer["SmsTemplateList"]}


def test_lists_come_by_pages_of_ten(aliyun):
    """Unless another size is asked for."""
    first = aliyun("QuerySmsTemplateList")
    second = aliyun("QuerySmsTemplateList", PageIndex="2")
    total = len(aliyun.provider.templates)

    assert (1, 10, total) == fields(first, "CurrentPage", "PageSize", "TotalCount")
    assert total == len(first["SmsTemplateList"] + second["SmsTemplateList"])


def test_a_template_that_is_queried_says_what_it_is_for(aliyun):
    """Numbers are strings in the newer query; an international one has a kind within its kind."""
    answer = aliyun("GetSmsTemplate", TemplateCode="SMS_OVERSEAS1")
    names = ("TemplateType", "TemplateStatus", "IntlType", "CreateDate")

    assert ("3", "1", 2, "2020-06-04 11:42:17") == fields(answer, *names)


def test_a_signature_goes_the_same_way(aliyun):
    """Applied for, approved, used, deleted."""
    made = aliyun("AddSmsSign", **SIGNATURE)
    states = [aliyun("QuerySmsSign", SignName="示例公司")["SignStatus"]]
    refused = [aliyun.send(SignName="示例公司"), aliyun("DeleteSmsSign", SignName="示例公司")]
    review(aliyun, "signatures", "示例公司", "approved")
    states.append(aliyun("GetSmsSign", SignName="示例公司")["SignStatus"])
    used = aliyun.send(SignName="示例公司")["Code"]
    unchanged = aliyun("ModifySmsSign", **SIGNATURE)["Code"]
    gone = aliyun("DeleteSmsSign", SignName="示例公司")["Code"]

    assert ("OK", "示例公司") == fields(made, "Code", "SignName")
    assert [0, 1] == states
    assert ["isv.SMS_SIGNATURE_ILLEGAL", "isv.ERROR_SIGN_NOT_DELETE"] == [
        r["Code"] for r in refused
    ]
    assert ("OK", "isv.ERROR_SIGN_NOT_MODIFY", "OK") == (used, unchanged, gone)
    assert "isv.SMS_SIGNATURE_ILLEGAL" == aliyun("GetSmsSign", SignName="示例公司")["Code"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SignName": "x"}, "isv.SIGN_NAME_ILLEGAL"),
        ({"SignName": "【公司】"}, "isv.SIGN_NAME_ILLEGAL"),
        ({"SignName": "阿里云短信测试"}, "isv.SIGN_NAME_ILLEGAL"),
        ({"SignName": "公司😀"}, "isv.SMS_SIGN_EMOJI_ILLEGAL"),
        ({"SignName": "字" * 13}, "isv.SIGN_OVER_LIMIT"),
        ({"SignSource": "9"}, "isv.SIGN_SOURCE_ILLEGAL"),
        ({"SignFileList.1.FileContents": ""}, "isv.ERROR_EMPTY_FILE"),
    ],
)
def test_a_signature_has_its_form(aliyun, changes, code):
    """2 to 12 Chinese characters, letters or digits, from a source, with a proof."""
    answer = aliyun("AddSmsSign", **{**SIGNATURE, **changes})

    assert (200, code) == fields(answer, "status", "Code")


def test_the_newer_forms_bring_an_order_number(aliyun):
    """And take a qualification in place of files."""
    wanted = {"SignName": "新公司", "SignSource": "0", "SignType": "0", "QualificationId": "1"}
    made = aliyun("CreateSmsSign", **wanted)
    review(aliyun, "signatures", "新公司", "rejected", "资质不符")
    rejected = aliyun("GetSmsSign", SignName="新公司")
    again = aliyun("UpdateSmsSign", **{**wanted, "SignType": "1"})
    (listed,) = [
        row for row in aliyun("QuerySmsSignList")["SmsSignList"] if row["SignName"] == "新公司"
    ]

    assert made["OrderId"].isdigit()
    assert ("验证码类型", {"RejectInfo": "资质不符"}) == fields(rejected, "SignUsage", "AuditInfo")
    assert again["OrderId"].isdigit()
    assert ("AUDIT_STATE_INIT", "通用类型") == fields(listed, "AuditStatus", "BusinessType")


def test_accounts_do_not_see_each_others_templates(aliyun, default):
    """Each has its own registry."""
    code = aliyun("AddSmsTemplate", **APPLICATION)["TemplateCode"]

    assert default.world.load("templates/aliyun") is None
    assert code in {item["code"] for item in aliyun.sms.world.load("templates/aliyun")}
