"""Flow control: what Aliyun lets through to one number, and in which words it stops the rest.

https://help.aliyun.com/document_detail/44335.html
"""

import json

import pytest

MINUTE, HOUR, DAY = 60, 3600, 86_400


def told(answer):
    return answer["status"], answer["Code"], answer["Message"]


def stopped(text):
    return 200, "isv.BUSINESS_LIMIT_CONTROL", text


def names(aliyun, count):
    """That many signatures, approved."""
    signatures = [{"name": f"公司{n}"} for n in range(count)]
    aliyun.settle("signatures/aliyun", signatures)
    return [signature["name"] for signature in signatures]


def test_one_code_a_minute(aliyun):
    """The second in a minute is refused without a BizId, and no second later than its end."""
    aliyun.advance(59)
    answers = [aliyun.send(), aliyun.send()]
    aliyun.advance(1)
    answers.append(aliyun.send())

    assert stopped("触发分钟级流控Permits:1") == told(answers[1])
    assert "BizId" not in answers[1]
    assert ["OK", "OK"] == [answers[0]["Code"], answers[2]["Code"]]
    assert "minute" == aliyun.sms.requests("aliyun")[1]["rule"]


def test_five_codes_an_hour(aliyun):
    """The sixth is refused until the clock's hour is over, be it a minute later."""
    aliyun.advance(54 * MINUTE)
    codes = []
    for _ in range(6):
        codes.append(told(aliyun.send()))
        aliyun.advance(MINUTE)
    after = aliyun.send()

    assert [(200, "OK", "OK")] * 5 + [stopped("触发小时级流控Permits:5")] == codes
    assert "OK" == after["Code"]


def test_ten_codes_in_twenty_four_hours(aliyun):
    """A day is the time since each send: the eleventh passes when the first is a day old."""
    for _ in range(10):
        assert "OK" == aliyun.send()["Code"]
        aliyun.advance(HOUR)
    eleventh = aliyun.send()
    aliyun.advance(DAY - 10 * HOUR - 1)
    early = aliyun.send()
    aliyun.advance(1)
    late = aliyun.send()

    assert stopped("触发天级流控Permits:10") == told(eleventh) == told(early)
    assert "OK" == late["Code"]


def test_forty_codes_to_a_number_whoever_signs_them(aliyun):
    """Each signature has its own ten, the number has forty of all."""
    signatures = names(aliyun, 5)
    for round_ in range(40):
        assert "OK" == aliyun.send(SignName=signatures[round_ % 4])["Code"]
        aliyun.advance(20 * MINUTE)
    forty_first = aliyun.send(SignName=signatures[4])

    assert stopped("触发号码天级流控Permits:40") == told(forty_first)
    assert "OK" == aliyun.send("13900000001", SignName=signatures[4])["Code"]


@pytest.mark.parametrize(
    ("template", "other", "param"),
    [
        ("SMS_200000021", "SMS_9", {"order": "1", "number": "2"}),
        ("SMS_200000031", "SMS_9", {"discount": "8"}),
    ],
    ids=["notification", "promotion"],
)
def test_fifty_notifications_of_one_template(aliyun, template, other, param):
    """Counted by template, too: another one has its own fifty; codes are not in the way."""
    known = [*aliyun.provider.templates]
    extra = {"code": other, "content": "${a}", "kind": "notification"}
    aliyun.settle(
        "templates/aliyun",
        [{"code": t.code, "content": t.content, "kind": t.kind} for t in known] + [extra],
    )
    sent = {"TemplateCode": template, "TemplateParam": json.dumps(param)}
    codes = [aliyun.send(**sent)["Code"] for _ in range(50)]

    assert {"OK"} == set(codes)
    assert stopped("触发天级流控Permits:50") == told(aliyun.send(**sent))
    assert "OK" == aliyun.send(TemplateCode=other, TemplateParam='{"a":"1"}')["Code"]
    assert "OK" == aliyun.send()["Code"]


def test_another_template_for_codes_does_not_help(aliyun):
    """Codes are counted by signature and number, whatever the template."""
    aliyun.send(TemplateCode="SMS_200000001")

    assert stopped("触发分钟级流控Permits:1") == told(aliyun.send(TemplateCode="SMS_200000002"))


def test_another_signature_or_number_has_its_own_minute(aliyun):
    """Nothing else shares a window."""
    first, second = names(aliyun, 2)
    sends = [
        aliyun.send(SignName=first),
        aliyun.send(SignName=second),
        aliyun.send("13900000001", SignName=first),
    ]

    assert ["OK"] * 3 == [answer["Code"] for answer in sends]


def test_nobody_abroad_is_limited(aliyun):
    """The rules are for mainland numbers: Hong Kong gets as many as are sent."""
    codes = [aliyun.send("85251234567", TemplateCode="SMS_OVERSEAS1")["Code"] for _ in range(60)]

    assert {"OK"} == set(codes)


def test_a_refused_send_uses_nothing_up(aliyun):
    """Neither a wrong parameter nor a list that is refused for another number."""
    aliyun.send(TemplateParam="{}")
    aliyun.send("13900000000,1")
    aliyun.send("13900000001")
    throttled = aliyun.send("13900000000,13900000001")

    assert stopped("触发分钟级流控Permits:1") == told(throttled)
    assert "OK" == aliyun.send("13900000000")["Code"]


def test_a_factor_changes_the_number_in_the_text(aliyun):
    """As the console's own setting does for companies."""
    aliyun.sms.limits(2.0)
    codes = [told(aliyun.send()) for _ in range(3)]

    assert [(200, "OK", "OK")] * 2 + [stopped("触发分钟级流控Permits:2")] == codes


def test_without_limits_everything_passes(aliyun):
    """Mode "off"."""
    aliyun.sms.limits("off")

    assert {"OK"} == {aliyun.send()["Code"] for _ in range(12)}
