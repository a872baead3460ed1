"""SMS authentication: codes that the service makes or is given, and how it checks them."""

import itertools
import json
import re
from urllib.parse import urlencode

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel.contracts import contract
from simulators.samples import sample

NUMBER = "13012345678"
FIRST = "您的验证码为{}。尊敬的客户，以上验证码{}分钟内有效，请注意保密，切勿告知他人。"


@pytest.fixture
def send(mas):
    """Sends a code, one that the service makes unless told otherwise."""

    def sent(number=NUMBER, code="##code##", **params):
        usual = {
            "PhoneNumber": number,
            "SignName": "速通互联验证码",
            "TemplateCode": "100001",
            "TemplateParam": json.dumps({"code": code, "min": "5"}),
        }
        given = {name: value for name, value in {**usual, **params}.items() if value is not None}
        return mas("SendSmsVerifyCode", **given)

    return sent


@pytest.fixture
def verdict(mas):
    """What becomes of a code that comes back: the result, or the code of the refusal."""

    def asked(code, number=NUMBER, **params):
        answer = mas("CheckSmsVerifyCode", PhoneNumber=number, VerifyCode=code, **params)
        return answer["Model"]["VerifyResult"] if answer["status"] == 200 else answer["Code"]

    return asked


def newest(mas):
    return mas.sms.messages()[0].code


def wrong(code):
    return code[:-1] + ("1" if code[-1] == "0" else "0")


REFUSED = "isv.ValidateFail"


def test_the_service_makes_a_code_sends_it_and_checks_it(mas, send, verdict):
    """It is four digits unless told otherwise; the answer does not have it, the person does."""
    answer = send(OutId="order-1")
    code = mas.sms.wait_for_code(f"+86{NUMBER}")

    assert (200, "OK", "OK", True) == tuple(
        answer[name] for name in ("status", "Code", "Message", "Success")
    )
    assert {"RequestId", "BizId", "OutId"} == answer["Model"].keys()
    assert "order-1" == answer["Model"]["OutId"]
    assert re.fullmatch(r"\d{4}", code)
    assert f"【速通互联验证码】{FIRST.format(code, 5)}" == mas.sms.messages()[0].text
    assert [REFUSED, "PASS"] == [verdict(wrong(code)), verdict(code)]


def test_answers_keep_their_contracts(mas, send):
    """With all that may be in them, and of a refusal."""
    sent = send(ReturnVerifyCode="true", OutId="order-1")
    code = sent["Model"]["VerifyCode"]
    checked = mas("CheckSmsVerifyCode", PhoneNumber=NUMBER, VerifyCode=code, OutId="o")

    for operation, answer in (
        ("send-sms-verify-code", sent),
        ("check-sms-verify-code", checked),
        ("error", send()),
    ):
        del answer["status"]
        assert [] == contract("aliyun_mas", operation, "response.schema").validate(answer)


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (1, "[0-9]{8}"),
        (2, "[A-Z]{8}"),
        (3, "[a-z]{8}"),
        (4, "[A-Za-z]{8}"),
        (5, "[0-9A-Z]{8}"),
        (6, "[0-9a-z]{8}"),
        (7, "[0-9A-Za-z]{8}"),
    ],
)
def test_a_code_is_of_the_kind_and_length_that_was_asked_for(kind, pattern, mas, send, verdict):
    """It is told to whoever asks, and the inbox knows it whatever it is made of."""
    code = send(CodeType=str(kind), CodeLength="8", ReturnVerifyCode="true")["Model"]["VerifyCode"]

    assert re.fullmatch(pattern, code)
    assert code == newest(mas)
    assert "PASS" == verdict(code)


def test_capitals_and_small_letters_are_alike_unless_told_otherwise(mas, send, verdict):
    """CaseAuthPolicy 2 tells them apart."""
    send(CodeType="2", CodeLength="6")
    code = newest(mas)

    assert REFUSED == verdict(code.lower(), CaseAuthPolicy="2")
    assert "PASS" == verdict(code.lower())


def test_a_code_passes_once_and_may_be_wrong_before_as_often_as_one_likes(mas, send, verdict):
    """No number of checks is documented."""
    send()
    code = newest(mas)

    assert [REFUSED] * 12 == [verdict(wrong(code)) for _ in range(12)]
    assert ["PASS", REFUSED] == [verdict(code), verdict(code)]


@pytest.mark.parametrize(("given", "seconds"), [(None, 300), ("90", 90)])
def test_a_code_lives_on_the_accounts_clock(given, seconds, mas, send, verdict):
    """For ValidTime, five minutes unless told otherwise, and no second more."""
    for after, result in ((seconds - 1, "PASS"), (seconds, REFUSED)):
        send(ValidTime=given, number=f"1301234560{after % 10}")
        code = newest(mas)
        mas.advance(after)

        assert result == verdict(code, number=f"1301234560{after % 10}")


@pytest.mark.parametrize(("policy", "results"), [("1", [REFUSED, "PASS"]), ("2", ["PASS"])])
def test_the_next_code_takes_the_place_of_the_one_before_or_stands_beside_it(
    policy, results, mas, send, verdict
):
    """By the DuplicatePolicy of the one that came later."""
    send()
    before = newest(mas)
    mas.advance(61)
    send(DuplicatePolicy=policy, CodeLength="5")

    assert results == [verdict(code) for code in (before, newest(mas))[: len(results)]]


def test_beside_each_other_each_code_lives_its_own_time(mas, send, verdict):
    """The first is over when its time is, however long the second lives."""
    send()
    before = newest(mas)
    mas.advance(61)
    send(DuplicatePolicy="2", CodeLength="5")
    mas.advance(240)

    assert [REFUSED, "PASS"] == [verdict(before), verdict(newest(mas))]


def test_a_code_belongs_to_its_number_and_its_scheme(mas, send, verdict):
    """The scheme of a check that names none is the default one, which has a name."""
    send(SchemeName="login")
    code = newest(mas)

    assert [REFUSED] * 3 == [
        verdict(code),
        verdict(code, SchemeName="reset"),
        verdict(code, number="13012345679", SchemeName="login"),
    ]
    assert "PASS" == verdict(code, number=f"0086{NUMBER}", SchemeName="login")

    mas.advance(61)
    send()
    assert "PASS" == verdict(newest(mas), SchemeName="默认方案")


def test_a_code_of_the_callers_own_is_sent_and_never_checked(mas, send, verdict):
    """The service checks what it made itself; what it made before is not touched."""
    send()
    made = newest(mas)
    mas.advance(61)
    answer = send(code="AB12CD", ReturnVerifyCode="true")

    assert "AB12CD" == answer["Model"]["VerifyCode"] == newest(mas)
    assert FIRST.format("AB12CD", 5) in mas.sms.messages()[0].text
    assert [REFUSED, "PASS"] == [verdict("AB12CD"), verdict(made)]


def test_a_check_that_fails_may_be_told_as_the_page_has_it(mas, send, verdict):
    """HTTP 200 and UNKNOWN, by the account's settings."""
    send()
    code = newest(mas)
    mas.settle("aliyun_mas", {"failed_check": "unknown"})

    assert ["UNKNOWN", "PASS", "UNKNOWN"] == [verdict(wrong(code)), verdict(code), verdict(code)]


def test_a_check_that_fails_is_an_error_of_the_gateway(mas, verdict):
    """As an SDK makes an exception of it: HTTP 400, who was asked and where to read on."""
    assert REFUSED == verdict("1234")
    answer = mas("CheckSmsVerifyCode", PhoneNumber=NUMBER, VerifyCode="1234")

    assert (400, "验证失败", "127.0.0.1") == (
        answer["status"],
        answer["Message"],
        answer["HostId"],
    )
    assert f"?q={REFUSED}&product=Dypnsapi&" in answer["Recommend"]
    del answer["status"]
    assert [] == contract("aliyun_mas", "error", "response.schema").validate(answer)


def test_a_number_gets_one_code_in_a_minute(mas, send):
    """Of any scheme; what is refused counts for nothing."""
    codes = []
    for seconds in (0, 59, 0, 1, 60):
        mas.advance(seconds)
        codes.append(send(SchemeName=str(seconds))["Code"])

    assert ["OK", "biz.FREQUENCY", "biz.FREQUENCY", "OK", "OK"] == codes
    refused = mas.sms.requests()[-2]
    assert refused["status"] == 200
    assert "OK" == send(number="13012345679")["Code"]


def test_a_code_too_soon_is_told_in_the_words_of_real_answers(send):
    """`Success` beside the three fields of the SMS product."""
    send()
    answer = send()

    assert {"status", "Code", "Message", "RequestId", "Success"} == answer.keys()
    assert ("biz.FREQUENCY", "check frequency failed", False) == (
        answer["Code"],
        answer["Message"],
        answer["Success"],
    )


def test_a_request_chooses_its_interval(mas, send):
    """It counts for the one that has it, whatever the one before had."""
    codes = []
    for after, interval in ((0, "120"), (10, "10"), (10, None), (49, None), (1, None), (5, "5")):
        mas.advance(after)
        codes.append(send(Interval=interval)["Code"])

    assert ["OK", "OK", "biz.FREQUENCY", "biz.FREQUENCY", "OK", "OK"] == codes


def test_a_number_gets_five_codes_in_an_hour_and_ten_in_a_day(mas, send):
    """The hour is one of the clock in Beijing; what was refused counts for nothing."""
    told = []
    for _hour in range(3):
        told += [send(Interval="1")["Code"] for _ in range(6) if mas.advance(60) is None]
        mas.advance(3600 - 360)

    hour = ["OK"] * 5 + ["isv.BUSINESS_LIMIT_CONTROL"]
    assert hour * 2 + ["BUSINESS_LIMIT_CONTROL"] * 6 == told


@pytest.mark.parametrize("kind", ["send", "check"])
@pytest.mark.parametrize(
    "raw", ["1301234567", "4512345678", "+4512345678", "nobody", "1301234567a"]
)
def test_a_number_elsewhere_is_none(kind, raw, mas, send):
    """It is told as the documentation has it, without isv."""
    ask = {
        "send": lambda: send(number=raw),
        "check": lambda: mas("CheckSmsVerifyCode", PhoneNumber=raw, VerifyCode="1234"),
    }[kind]

    assert (200, "MOBILE_NUMBER_ILLEGAL", False) == tuple(
        ask()[name] for name in ("status", "Code", "Success")
    )


@pytest.mark.parametrize("raw", [NUMBER, f"86{NUMBER}", f"+86{NUMBER}", f"0086{NUMBER}"])
def test_a_number_may_have_its_country_before_it(raw, mas, send):
    """As several clients write it."""
    assert "OK" == send(number=raw)["Code"]
    assert [f"+86{NUMBER}"] == [message.to for message in mas.sms.messages()]


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"SignName": "阿里云短信测试"}, "isv.INVALID_PARAMETERS", "签名或者模版无效"),
        ({"TemplateCode": "SMS_154950909"}, "isv.INVALID_PARAMETERS", "签名或者模版无效"),
        *(
            ({"TemplateParam": param}, "isv.INVALID_PARAMETERS", text)
            for param, text in (
                ("{", "模板内容与模板参数不匹配"),
                ("[]", "模板内容与模板参数不匹配"),
                ('{"code":"##code##"}', "模板内容与模板参数不匹配"),
                ('{"code":"##code##","min":null}', "模板内容与模板参数不匹配"),
                ('{"code":"##code##","min":"5","more":{}}', "模板内容与模板参数不匹配"),
                ('{"min":"5"}', "模版变量code内容非法"),
                ('{"code":"","min":"5"}', "模版变量code内容非法"),
                ('{"code":"${code}","min":"5"}', "模版变量code内容非法"),
                ('{"code":"123","min":"5"}', "模版变量code内容非法"),
                ('{"code":"##code##","min":""}', "模版变量min内容非法"),
            )
        ),
        *(
            ({name: value}, "INVALID_PARAMETERS", "Some of the input parameters are invalid.")
            for name, value in (
                ("CountryCode", "852"),
                ("CodeLength", "3"),
                ("CodeLength", "9"),
                ("CodeLength", "six"),
                ("CodeType", "0"),
                ("CodeType", "8"),
                ("ValidTime", "0"),
                ("ValidTime", "1000000000"),
                ("Interval", "-1"),
                ("Interval", "٣"),
                ("DuplicatePolicy", "3"),
                ("AutoRetry", "2"),
                ("ReturnVerifyCode", "yes"),
                ("SchemeName", "x" * 21),
            )
        ),
    ],
)
def test_what_is_wrong_with_a_send_is_told(params, code, text, mas, send):
    """And nothing is sent; a parameter that is left empty counts as left out."""
    answer = send(**params)

    assert (200, code, text) == (answer["status"], answer["Code"], answer["Message"])
    assert [] == mas.sms.messages()


def test_other_variables_than_the_templates_are_let_be(mas, send):
    """Logto hands on what else it knows; a number passes for a text."""
    param = '{"code":"##code##","min":10,"uiLocales":"fr-CA fr"}'

    assert "OK" == send(TemplateParam=param, CodeLength="", Interval="")["Code"]
    assert FIRST.format(newest(mas), 10) in mas.sms.messages()[0].text


def test_the_code_may_stand_in_a_text(mas, send, verdict):
    """As the SDK's documentation shows it, of a variable that is the whole content."""
    assert "OK" == send(code="G-##code##")["Code"]
    assert f"G-{newest(mas)}。" in mas.sms.messages()[0].text
    assert "PASS" == verdict(newest(mas))


@pytest.mark.parametrize("name", ["PhoneNumber", "SignName", "TemplateCode", "TemplateParam"])
def test_what_a_send_lacks_is_told_by_its_name(name, send):
    """By the gateway."""
    answer = send(**{name: None})

    assert (400, f"Missing{name}") == (answer["status"], answer["Code"])
    assert f"{name} is mandatory for this action." == answer["Message"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"VerifyCode": ""}, "MissingVerifyCode"),
        ({"PhoneNumber": ""}, "MissingPhoneNumber"),
        ({"CountryCode": "1"}, "INVALID_PARAMETERS"),
        ({"CaseAuthPolicy": "3"}, "INVALID_PARAMETERS"),
        ({"SchemeName": "x" * 21}, "INVALID_PARAMETERS"),
    ],
)
def test_what_is_wrong_with_a_check_is_told(params, code, mas):
    """In the words that sends are refused in."""
    usual = {"PhoneNumber": NUMBER, "VerifyCode": "1234"}

    assert code == mas("CheckSmsVerifyCode", **{**usual, **params})["Code"]


def test_an_answer_may_be_xml(mas, send):
    """As the older scheme has it where no format is asked for: the Model in it too."""
    sent = mas.common("SendSmsVerifyCode") | {
        "Format": "XML",
        "PhoneNumber": NUMBER,
        "SignName": "速通互联验证码",
        "TemplateCode": "100001",
        "TemplateParam": '{"code":"##code##","min":"5"}',
        "ReturnVerifyCode": "true",
    }
    told = mas.raw("POST", urlencode({**sent, "Signature": mas.signature("POST", sent)})).decode()

    assert "<SendSmsVerifyCodeResponse>" in told
    assert "<Success>true</Success><Model>" in told
    assert f"<VerifyCode>{newest(mas)}</VerifyCode>" in told


def test_a_send_may_be_a_get_as_easy_sms_has_it(mas, send):
    """All in the query, and the country code before the number."""
    answer = send(method="GET", number=f"0086{NUMBER}", code="482913", RegionId="cn-hangzhou")

    assert (200, "OK") == (answer["status"], answer["Code"])
    assert "482913" == newest(mas)


def test_both_products_know_one_key_and_count_apart(mas, aliyun, send):
    """One account; a code of the one is none for the other's limits."""
    assert "OK" == send(number="13900000000")["Code"]
    assert "OK" == aliyun.send()["Code"]
    assert ["aliyun", "aliyun_mas"] == [message.provider for message in mas.sms.messages()]
    assert mas.sms.credentials("aliyun") == mas.sms.credentials("aliyun_mas")


def test_the_actions_of_one_product_are_not_the_others(mas, aliyun, send):
    """Host and prefix say which of them is asked."""
    for one, action in ((mas, "SendSms"), (aliyun, "SendSmsVerifyCode")):
        assert (404, "InvalidAction.NotFound") == tuple(
            one(action)[name] for name in ("status", "Code")
        )


def test_every_granted_template_is_one_for_codes(mas, send):
    """With a code and its minutes, under each signature."""
    codes = []
    provider = PROVIDERS["aliyun_mas"]
    pairs = itertools.zip_longest(provider.templates, provider.signatures)
    for number, (template, signature) in enumerate(pairs):
        answer = send(
            number=f"1301234560{number}", TemplateCode=template.code, SignName=signature.name
        )
        codes.append(answer["Code"])
        text = mas.sms.messages()[0].text
        assert text.startswith(f"【{signature.name}】")
        assert newest(mas) in text
        assert "${" not in text

    assert ["OK"] * 5 == codes
    assert sample("aliyun_mas").send["form"]["TemplateCode"] == provider.templates[0].code


CLIENTS = ("logto-aliyun-sms-mas", "aliyun-dypnsapi-python")
NOT_TAKEN = {
    # Logto passes the application and the organization of the sign-in on as parameters.
    "payload-context": "isv.INVALID_PARAMETERS",
    # The payload has a link and no code.
    "payload-link": "isv.INVALID_PARAMETERS",
    # A code of other than letters and digits, and no minutes with it.
    "unicode": "isv.INVALID_PARAMETERS",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_answers_every_recorded_request(client, default, replay, captures):
    """Byte for byte under the vendor's host over TLS, with the clock at its timestamp."""
    codes = {}
    for capture in captures(client):
        for request in capture["requests"]:
            signed = request["target"] + request["body"] + str(dict(request["headers"]))
            at = re.search(r"2026-11-21T08(?:%3A|:)07(?:%3A|:)(\d\d)Z", signed)[1]

            def prepare(at=at):
                default.world.reset()
                default.world.clock.freeze(1_795_248_420.0 + int(at))

            default.simulators.call(prepare)
            answer = replay(request)
            codes[capture["case"]] = answer.json()["Code"]

            assert 200 == answer.status
            assert len(default.messages()) == (codes[capture["case"]] == "OK")

    assert {case: NOT_TAKEN.get(case, "OK") for case in codes} == codes
