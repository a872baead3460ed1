"""SendSms and SendBatchSms: who gets what, and who is told what."""

import json
import re
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest

SIGNATURE = "阿里云短信测试"


def told(answer):
    return answer["status"], answer["Code"], answer["Message"]


def test_an_accepted_message_is_answered_with_four_fields(aliyun):
    """An upper-case UUID of version 5, and 18 digits with ^0."""
    answer = aliyun.send()

    assert {"status", "Message", "RequestId", "Code", "BizId"} == set(answer)
    assert (200, "OK", "OK") == told(answer)
    assert re.fullmatch(
        r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[0-9A-F]{4}-[0-9A-F]{12}", answer["RequestId"]
    )
    assert re.fullmatch(r"[1-9][0-9]{17}\^0", answer["BizId"])
    assert "application/json;charset=utf-8" == aliyun.answer.headers["Content-Type"]


@pytest.mark.parametrize(
    "to", ["13900000000", "8613900000000", "+8613900000000", "008613900000000", "+13900000000"]
)
def test_a_mainland_number_comes_in_five_forms(aliyun, to):
    """They are one number: the second form is throttled for the first one's message."""
    aliyun.send(to)

    assert ["+8613900000000"] == [message.to for message in aliyun.sms.messages()]
    assert "触发分钟级流控Permits:1" == aliyun.send("13900000000")["Message"]


@pytest.mark.parametrize(
    "to",
    [
        "1390000000",
        "139523483377",
        "abc",
        "12345678901",
        "861012345678",
        "+4512345678",
        "08612345678",
        " 13900000000",
        "１３９０００００００00",
    ],
)
def test_what_is_no_number_is_named_in_the_refusal(aliyun, to):
    """The value as it came stands before the text."""
    assert (200, "isv.MOBILE_NUMBER_ILLEGAL", f"{to}invalid mobile number") == told(aliyun.send(to))


def test_a_thousand_numbers_share_one_bizid(aliyun):
    """Each of them is a message of its own."""
    numbers = [f"139{n:08}" for n in range(1000)]
    answer = aliyun.send(",".join(numbers))
    messages = aliyun.sms.messages()

    assert "OK" == answer["Code"]
    assert {f"+86{number}" for number in numbers} == {message.to for message in messages}
    assert {answer["BizId"]} == {message.details["biz_id"] for message in messages}
    assert 1000 == len({message.id for message in messages})


def test_more_than_a_thousand_numbers_are_too_many(aliyun):
    """Nothing is sent."""
    answer = aliyun.send(",".join(f"139{n:08}" for n in range(1001)))

    assert (200, "isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制") == told(answer)
    assert [] == aliyun.sms.messages()


@pytest.mark.parametrize("bad", ["12345", "4512345678", ""])
def test_one_bad_number_fails_the_whole_call(aliyun, bad):
    """There is no partial success: the refusal names it, and nobody gets anything."""
    answer = aliyun.send(f"13900000000,{bad},13900000001")

    assert (200, "isv.MOBILE_NUMBER_ILLEGAL", f"{bad}invalid mobile number") == told(answer)
    assert [] == aliyun.sms.messages()


@pytest.mark.parametrize(
    ("param", "code", "message"),
    [
        ("", "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"),
        ("{}", "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"),
        ('{"code":""}', "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"),
        ("code=1234", "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        ("[]", "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        ('"1234"', "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        ('{"code":null}', "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        ('{"code":{"a":"b"}}', "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        ('{"code":["1234"]}', "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        ('{"code":true}', "isv.INVALID_JSON_PARAM", "JSON参数不合法"),
        (
            '{"code":"12-4"}',
            "isv.INVALID_PARAMETERS",
            "params must be [a-zA-Z0-9] for verification sms",
        ),
        (
            '{"code":"1234","uiLocales":"fr-CA fr"}',
            "isv.INVALID_PARAMETERS",
            "params must be [a-zA-Z0-9] for verification sms",
        ),
        ('{"code":"123"}', "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"),
        ('{"code":"1234567"}', "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"),
    ],
)
def test_a_verification_code_has_its_rules(aliyun, param, code, message):
    """Each fault has a refusal of its own, in HTTP 200."""
    assert (200, code, message) == told(aliyun.send(TemplateParam=param))
    assert [] == aliyun.sms.messages()


@pytest.mark.parametrize(
    "param", ['{"code":123456}', '{"code":"A1b2","more":"x"}', '{"code":"0000"}']
)
def test_a_number_passes_for_a_string_and_more_keys_than_variables_do_no_harm(aliyun, param):
    """Extra values only have to be letters and digits."""
    assert "OK" == aliyun.send(TemplateParam=param)["Code"]


@pytest.mark.parametrize(
    ("order", "code", "message"),
    [
        ("x" * 36, "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"),
        ("http://a.example/1", "isv.PARAM_NOT_SUPPORT_URL", "不支持URL"),
        ("see www.example", "isv.PARAM_NOT_SUPPORT_URL", "不支持URL"),
        ("shop.com", "isv.PARAM_NOT_SUPPORT_URL", "不支持URL"),
        ("10.0.0.1", "isv.PARAM_NOT_SUPPORT_URL", "不支持URL"),
        ("【A】", "isv.UNSUPPORTED_CONTENT", "不支持的短信内容"),
        ("😀", "isv.UNSUPPORTED_CONTENT", "不支持的短信内容"),
        ("★", "isv.UNSUPPORTED_CONTENT", "不支持的短信内容"),
        ("訂單", "isv.UNSUPPORTED_CONTENT", "不支持的短信内容"),
        ("A-1 订单（3）", "OK", "OK"),
        ("x" * 35, "OK", "OK"),
    ],
)
def test_a_notification_has_other_rules(aliyun, order, code, message):
    """Up to 35 characters, no addresses, no emoji, symbols or traditional characters."""
    param = json.dumps({"order": order, "number": "SF1"})
    answer = aliyun.send(TemplateCode="SMS_200000021", TemplateParam=param)

    assert (200, code, message) == told(answer)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"SignName": "没有"}, "isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"),
        ({"TemplateCode": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL", "模板不合法(不存在或被拉黑)"),
        ({"SmsUpExtendCode": "x"}, "isv.CODE_ERROR", "传入扩展码不可用"),
    ],
)
def test_signature_and_template_are_the_accounts_own(aliyun, changes, code, message):
    """Others are as good as none."""
    assert (200, code, message) == told(aliyun.send(**changes))


@pytest.mark.parametrize("status", ["reviewing", "rejected", "canceled"])
def test_only_what_was_approved_can_be_used(aliyun, status):
    """A signature or a template in any other state is refused as if it were not there."""
    aliyun.settle("signatures/aliyun", [{"name": SIGNATURE}, {"name": "新签名", "status": status}])
    aliyun.settle("templates/aliyun", [{"code": "SMS_9", "content": "${code}", "status": status}])

    assert "isv.SMS_SIGNATURE_ILLEGAL" == aliyun.send(SignName="新签名")["Code"]
    assert "isv.SMS_TEMPLATE_ILLEGAL" == aliyun.send(TemplateCode="SMS_9")["Code"]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("SMS_154950909", "OK"),
        ("SMS_200000021", "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
        ("SMS_200000031", "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
        ("SMS_OVERSEAS1", "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
    ],
)
def test_a_signature_for_codes_signs_codes_only(aliyun, template, code):
    """With any other kind of template it is the wrong scene."""
    aliyun.settle("signatures/aliyun", [{"name": "验证", "kind": "code"}])

    assert code == aliyun.send(SignName="验证", TemplateCode=template)["Code"]


@pytest.mark.parametrize(
    ("to", "code", "reached"),
    [
        ("4512345678", "OK", "+4512345678"),
        ("004512345678", "OK", "+4512345678"),
        ("0012015550123", "OK", "+12015550123"),
        ("85251234567", "OK", "+85251234567"),
        ("886912345678", "OK", "+886912345678"),
        ("12015550123", "OK", "+12015550123"),
        ("18622345678", "OK", "+18622345678"),
        ("8618622345678", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", None),
        ("13800138000", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", None),
        ("008613800138000", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", None),
        ("0004512345678", "isv.MOBILE_NUMBER_ILLEGAL", None),
        ("+18622345678", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", None),
    ],
)
def test_an_international_template_is_for_numbers_abroad(aliyun, to, code, reached):
    """Eleven bare digits are read as North American where there is such a number."""
    answer = aliyun.send(to, TemplateCode="SMS_OVERSEAS1")

    assert (200, code) == (answer["status"], answer["Code"])
    assert ([reached] if reached else []) == [message.to for message in aliyun.sms.messages()]


def test_the_same_eleven_digits_are_a_mainland_number_under_a_mainland_template(aliyun):
    """What Logto's setting strictPhoneRegionNumberCheck is there for."""
    aliyun.send("18622345678")

    assert ["+8618622345678"] == [message.to for message in aliyun.sms.messages()]


@pytest.mark.parametrize("to", ["4512345678", "85251234567", "12015550123"])
def test_a_mainland_template_reaches_nobody_abroad(aliyun, to):
    """Hong Kong, Macao and Taiwan are abroad to it."""
    answer = aliyun.send(to)

    assert (200, "isv.MOBILE_NUMBER_ILLEGAL", f"{to}invalid mobile number") == told(answer)


def test_a_reply_extension_belongs_to_one_signature(aliyun):
    """The first that used it; a refused send uses nothing."""
    aliyun.settle("signatures/aliyun", [{"name": "甲公司"}, {"name": "乙公司"}])
    first = aliyun.send("12345", SignName="乙公司", SmsUpExtendCode="90999")
    second = aliyun.send("13900000001", SignName="甲公司", SmsUpExtendCode="90999")
    third = aliyun.send("13900000002", SignName="乙公司", SmsUpExtendCode="90999")

    assert ["isv.MOBILE_NUMBER_ILLEGAL", "OK", "isv.EXTEND_CODE_ERROR"] == [
        answer["Code"] for answer in (first, second, third)
    ]


@pytest.mark.parametrize(
    ("setting", "value", "code", "message"),
    [
        ("balance", 0, "isv.AMOUNT_NOT_ENOUGH", "账户余额不足"),
        ("suspended", True, "isv.OUT_OF_SERVICE", "业务停机"),
        ("optouts", ["+8613900000000"], "isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控"),
        (
            "regions",
            {"allowed": None, "blocked": ["CN"]},
            "isv.MOBILE_NUMBER_ILLEGAL",
            "13900000000invalid mobile number",
        ),
    ],
)
def test_an_accounts_settings_are_refused_in_aliyuns_words(aliyun, setting, value, code, message):
    """Credit, suspension, opt-outs and regions."""
    aliyun.settle(setting, value)

    assert (200, code, message) == told(aliyun.send())


def test_a_blocked_region_says_nothing_of_the_template(aliyun):
    """Which would be the opposite of what happened: the template is for numbers abroad."""
    aliyun.settle("regions", {"allowed": None, "blocked": ["DK"]})
    answer = aliyun.send("4512345678", TemplateCode="SMS_OVERSEAS1")

    assert (200, "isv.MOBILE_NUMBER_ILLEGAL", "4512345678invalid mobile number") == told(answer)


def test_without_format_the_older_scheme_answers_in_xml(aliyun):
    """A success is named for its operation, a refusal of the product too."""
    sent = {"PhoneNumbers": "13900000000", "SignName": SIGNATURE, "TemplateCode": "SMS_154950909"}
    documents = []
    for param in ('{"code":"1234"}', "{}"):
        params = {**aliyun.common("SendSms"), **sent, "TemplateParam": param}
        del params["Format"]
        params["Signature"] = aliyun.signature("GET", params)
        raw = aliyun.raw("GET", urlencode(params))
        documents.append(fromstring(raw))  # noqa: S314 - our own answer

    assert "text/xml;charset=utf-8" == aliyun.answer.headers["Content-Type"]
    assert ["SendSmsResponse"] * 2 == [document.tag for document in documents]
    assert ["OK", "isv.TEMPLATE_MISSING_PARAMETERS"] == [d.findtext("Code") for d in documents]
    assert documents[0].findtext("BizId").endswith("^0")


def batch(aliyun, numbers, names, params, **more):
    return aliyun(
        "SendBatchSms",
        PhoneNumberJson=json.dumps(numbers),
        SignNameJson=json.dumps(names),
        TemplateCode="SMS_154950909",
        TemplateParamJson=json.dumps(params),
        **more,
    )


def test_a_batch_gives_each_number_its_own_text(aliyun):
    """And its own signature; the BizId is the batch's."""
    aliyun.settle("signatures/aliyun", [{"name": "甲公司"}, {"name": "乙公司"}])
    answer = batch(
        aliyun,
        ["13900000001", "13900000002"],
        ["甲公司", "乙公司"],
        [{"code": "1111"}, {"code": "2222"}],
        OutId="out-1",
    )
    texts = {
        message.to: message.text[:12] + re.search(r"\d{4}", message.text)[0]
        for message in aliyun.sms.messages()
    }

    assert "OK" == answer["Code"]
    assert {
        "+8613900000001": "【甲公司】您正在使用阿里1111",
        "+8613900000002": "【乙公司】您正在使用阿里2222",
    } == texts


@pytest.mark.parametrize(
    ("numbers", "names", "params", "code"),
    [
        (["13900000001"], [SIGNATURE] * 2, [{"code": "1111"}], "isv.INVALID_PARAMETERS"),
        (["13900000001"] * 2, [SIGNATURE] * 2, [{"code": "1111"}], "isv.INVALID_PARAMETERS"),
        (["13900000001"], [SIGNATURE], ["1111"], "isv.INVALID_JSON_PARAM"),
        ("13900000001", [SIGNATURE], [{"code": "1111"}], "isv.INVALID_JSON_PARAM"),
        (
            ["13900000001"] * 101,
            [SIGNATURE] * 101,
            [{"code": "1111"}] * 101,
            "isv.MOBILE_COUNT_OVER_LIMIT",
        ),
        ([], [], [], "MissingPhoneNumberJson"),
        (
            ["13900000001", "1"],
            [SIGNATURE] * 2,
            [{"code": "1111"}] * 2,
            "isv.MOBILE_NUMBER_ILLEGAL",
        ),
        (["13900000001"], ["没有"], [{"code": "1111"}], "isv.SMS_SIGNATURE_ILLEGAL"),
    ],
)
def test_a_batch_is_refused_as_a_whole(aliyun, numbers, names, params, code):
    """Arrays of one length, at most 100 numbers, each right in itself."""
    assert code == batch(aliyun, numbers, names, params)["Code"]
    assert [] == aliyun.sms.messages()


@pytest.mark.parametrize(
    "raw", ["\udcff", "\x00", "{" * 3000, '{"code":' * 1500, "1e999", "\u2028"]
)
def test_hostile_parameters_get_an_ordinary_refusal(aliyun, raw):
    """Whatever comes, the answer is Aliyun's."""
    raw = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    for name in ("PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "SmsUpExtendCode"):
        answer = aliyun.send(**{name: raw})

        assert 200 == answer["status"]
        assert answer["Code"].startswith("isv.")
