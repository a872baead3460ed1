"""QuerySendDetails and QuerySendStatistics: what is read back."""

import pytest

TODAY = {"SendDate": "20261121", "PageSize": "10", "CurrentPage": "1"}
SINCE = {"StartDate": "20261120", "EndDate": "20261121", "PageIndex": "1", "PageSize": "10"}


def details(aliyun, number="13900000000", **more):
    return aliyun("QuerySendDetails", PhoneNumber=number, **{**TODAY, **more})


def rows(answer):
    return answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"]


def test_a_message_waits_for_its_receipt(aliyun):
    """SendStatus 1, and nothing yet of a receipt."""
    aliyun.send(OutId="order-1")
    answer = details(aliyun)

    assert (200, "OK", "OK", 1) == tuple(
        answer[name] for name in ("status", "Code", "Message", "TotalCount")
    )
    assert [
        {
            "TemplateCode": "SMS_154950909",
            "PhoneNum": "13900000000",
            "Content": aliyun.sms.messages()[0].text,
            "SendStatus": 1,
            "SendDate": "2026-11-21 12:00:00",
            "OutId": "order-1",
        }
    ] == rows(answer)


def test_a_delivered_message_has_its_receipt(aliyun):
    """SendStatus 3, DELIVERED, and when."""
    aliyun.send()
    aliyun.advance(3)
    (row,) = rows(details(aliyun))

    assert (3, "DELIVERED", "2026-11-21 12:00:03") == (
        row["SendStatus"],
        row["ErrCode"],
        row["ReceiveDate"],
    )
    assert "OutId" not in row


def test_a_failed_message_says_why(aliyun):
    """SendStatus 2 and the carrier's code."""
    aliyun.sms.script({"effect": {"error": "MOBILE_NOT_ON_SERVICE"}})
    aliyun.send()
    aliyun.advance(60)
    (row,) = rows(details(aliyun))

    assert (2, "MOBILE_NOT_ON_SERVICE") == (row["SendStatus"], row["ErrCode"])


def test_details_are_those_of_one_number_one_day_and_one_call(aliyun):
    """Newest first, by pages."""
    aliyun.sms.limits("off")
    bills = [aliyun.send()["BizId"] for _ in range(3)]
    aliyun.send("13900000001")
    aliyun.advance(86_400)
    aliyun.send()

    assert 3 == details(aliyun)["TotalCount"]
    assert 1 == details(aliyun, SendDate="20261122")["TotalCount"]
    assert 1 == details(aliyun, "13900000001")["TotalCount"]
    assert 1 == details(aliyun, BizId=bills[1])["TotalCount"]
    paged = details(aliyun, PageSize="2", CurrentPage="2")
    assert (3, 1) == (paged["TotalCount"], len(rows(paged)))


def test_a_number_abroad_is_read_back_with_its_country_code(aliyun):
    """Without a plus, as it was sent."""
    aliyun.send("18622345678", TemplateCode="SMS_OVERSEAS1")
    (row,) = rows(details(aliyun, "18622345678"))

    assert "18622345678" == row["PhoneNum"]


@pytest.mark.parametrize(
    "changes",
    [
        {"SendDate": "2026-11-21"},
        {"SendDate": "20261301"},
        {"SendDate": "20261019"},
        {"SendDate": "20261122"},
        {"SendDate": "2026112１"},
        {"PageSize": "0"},
        {"PageSize": "51"},
        {"PageSize": "x"},
        {"CurrentPage": "0"},
        {"CurrentPage": "²"},
    ],
)
def test_days_and_pages_have_their_form_and_range(aliyun, changes):
    """A day as yyyyMMdd of the last 30, pages from 1, 1 to 50 to a page."""
    answer = details(aliyun, **changes)

    assert (200, "isv.INVALID_PARAMETERS", "参数异常") == (
        answer["status"],
        answer["Code"],
        answer["Message"],
    )


@pytest.mark.parametrize("name", ["PhoneNumber", "SendDate", "PageSize", "CurrentPage"])
def test_what_details_need_is_asked_for_by_name(aliyun, name):
    """By the gateway, with HTTP 400."""
    answer = details(aliyun, leave_out=(name,))

    assert (400, f"Missing{name}") == (answer["status"], answer["Code"])


def test_statistics_count_by_day_and_state(aliyun):
    """Waiting, delivered and failed ones apart."""
    aliyun.sms.limits("off")
    aliyun.advance(-86_400)
    aliyun.send()
    aliyun.advance(86_400 - 100)
    aliyun.sms.script({"match": {"times": 1}, "effect": {"error": "MOBILE_IN_BLACK"}})
    aliyun.send()
    aliyun.advance(100)
    aliyun.send()
    aliyun.send("4512345678", TemplateCode="SMS_OVERSEAS1")
    data = aliyun("QuerySendStatistics", IsGlobe="1", **SINCE)["Data"]

    assert {
        "TotalSize": 2,
        "TargetList": [
            {
                "SendDate": "20261120",
                "TotalCount": 1,
                "RespondedSuccessCount": 1,
                "RespondedFailCount": 0,
                "NoRespondedCount": 0,
            },
            {
                "SendDate": "20261121",
                "TotalCount": 2,
                "RespondedSuccessCount": 0,
                "RespondedFailCount": 1,
                "NoRespondedCount": 1,
            },
        ],
    } == data


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"IsGlobe": "1"}, 2),
        ({"IsGlobe": "2"}, 1),
        ({"IsGlobe": "1", "TemplateType": "0"}, 1),
        ({"IsGlobe": "1", "TemplateType": "1"}, 1),
        ({"IsGlobe": "2", "TemplateType": "3"}, 1),
        ({"IsGlobe": "1", "SignName": "阿里云短信测试"}, 2),
        ({"IsGlobe": "1", "SignName": "别的"}, 0),
    ],
)
def test_statistics_are_of_a_side_of_the_border_a_kind_and_a_signature(aliyun, wanted, count):
    """Where these are asked for."""
    aliyun.send()
    aliyun.send(TemplateCode="SMS_200000021", TemplateParam='{"order":"1","number":"2"}')
    aliyun.send("4512345678", TemplateCode="SMS_OVERSEAS1")
    data = aliyun("QuerySendStatistics", **wanted, **SINCE)["Data"]

    assert count == sum(day["TotalCount"] for day in data["TargetList"])
