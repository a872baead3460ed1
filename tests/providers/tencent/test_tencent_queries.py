"""Receipts, replies, statistics, packages, number information, conversions: read with the SDK."""

from datetime import UTC, datetime, timedelta

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

NUMBER, OTHER = "+8613012345678", "+8613912345678"


def code_of(call, operation, **parameters):
    """The code of the exception the SDK raises."""
    with pytest.raises(TencentCloudSDKException) as caught:
        call(operation, **parameters)
    return caught.value.get_code()


@pytest.fixture
def pulled(tencent_call):
    """The next receipts of the queue."""
    return lambda limit=100: tencent_call("PullSmsSendStatus", Limit=limit)["PullSmsSendStatusSet"]


@pytest.fixture
def by_number(tencent, tencent_call):
    """Receipts or replies of one number in the last hour."""

    def call(number=NUMBER, what="Send", **changes):
        begin = int(tencent.world.clock.now()) - 3600
        given = {"BeginTime": begin, "Offset": 0, "Limit": 100, "PhoneNumber": number, **changes}
        answer = tencent_call(f"PullSms{what}StatusByPhoneNumber", **given)
        return answer[f"PullSms{what}StatusSet"]

    return call


def test_there_is_no_receipt_before_there_is_one(tencent, tencent_send, pulled):
    """It takes its three seconds."""
    tencent_send(NUMBER)
    before = pulled()
    tencent.clock.advance(4)

    assert [] == before
    assert [NUMBER] == [receipt["PhoneNumber"] for receipt in pulled()]


def test_each_receipt_is_handed_out_once_and_in_order(tencent, tencent_send, pulled):
    """As many as are asked for, until the queue is empty."""
    numbers = [f"+861301234{n:04d}" for n in range(7)]
    tencent_send(*numbers)
    tencent.clock.advance(4)

    found = [[receipt["PhoneNumber"] for receipt in pulled(3)] for _ in range(4)]

    assert [numbers[:3], numbers[3:6], numbers[6:], []] == found


def test_a_receipt_that_comes_late_does_not_hold_up_the_others(tencent, tencent_send, pulled):
    """Nor is it lost, nor anything given twice."""
    tencent_send(NUMBER)
    (first,) = tencent.messages()
    late = (*tencent.simulators.providers["tencent"].steps("sms")[:1], (60, "DELIVRD", ""))
    tencent.simulators.call(
        lambda: tencent.world.store.change(tencent.world.id, first.id, lifecycle=late)
    )
    tencent_send(OTHER)
    tencent.clock.advance(4)
    now = [receipt["PhoneNumber"] for receipt in pulled()]
    tencent.clock.advance(60)
    later = [receipt["PhoneNumber"] for receipt in pulled()]

    assert ([OTHER], [NUMBER], []) == (now, later, pulled())


def test_messages_of_another_provider_or_removed_do_not_stop_the_queue(
    tencent, tencent_send, pulled
):
    """The world's messages are counted together."""
    tencent_send(NUMBER)
    (gone,) = tencent.messages()
    tencent.simulators.call(lambda: tencent.world.store.remove(tencent.world.id, gone.id))
    tencent_send(OTHER)
    tencent.clock.advance(4)

    assert [OTHER] == [receipt["PhoneNumber"] for receipt in pulled()]


def test_a_failed_message_says_so_with_the_carrier_s_code(tencent, tencent_send, pulled, by_number):
    """A rule makes the receipt; FAIL and the code."""
    tencent.script({"match": {"provider": "tencent"}, "effect": {"error": "MK:0001"}})
    tencent_send(NUMBER)
    tencent.clock.advance(4)

    (receipt,) = by_number()

    assert ("FAIL", "MK:0001") == (receipt["ReportStatus"], receipt["Description"])
    assert [receipt] == pulled()


def test_the_receipts_of_a_number_may_be_read_again(tencent, tencent_send, by_number):
    """And in pages; those of another number are not among them."""
    tencent_send(NUMBER, OTHER)
    tencent.clock.advance(40)
    tencent_send(NUMBER)
    tencent.clock.advance(4)

    both = by_number()

    assert 2 == len(both)
    assert both == by_number("13012345678")
    assert [both[1:], []] == [by_number(Offset=1), by_number(Offset=2)]
    assert [] == by_number("+8613500000000")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Limit": 0}, "InvalidParameterValue.LimitVerifyFail"),
        ({"Limit": 101}, "InvalidParameterValue.LimitVerifyFail"),
        ({"Offset": -1}, "InvalidParameterValue.OffsetVerifyFail"),
        ({"BeginTime": 1}, "InvalidParameterValue.BeginTimeVerifyFail"),
        ({"EndTime": 1}, "InvalidParameterValue.InvalidStartTime"),
        ({"PhoneNumber": "x"}, "InvalidParameterValue.IncorrectPhoneNumber"),
        ({"SmsSdkAppId": "1400000001"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"SmsSdkAppId": "x"}, "InvalidParameterValue.SdkAppIdNotExist"),
    ],
)
@pytest.mark.parametrize("what", ["Send", "Reply"])
def test_a_query_by_number_checks_its_figures(what, changes, code, by_number):
    """Limit, offset, begin, end, number, application."""
    with pytest.raises(TencentCloudSDKException) as caught:
        by_number(what=what, **changes)

    assert code == caught.value.get_code()


def test_replies_are_pulled_once_and_by_number_always(
    tencent, tencent_send, tencent_call, by_number
):
    """Oldest first, with signature and extension of the message they answer."""
    tencent_send(NUMBER, ExtendCode="11")
    tencent.reply("tencent", NUMBER, "TD")
    tencent.reply("tencent", OTHER, "hello")

    taken = [tencent_call("PullSmsReplyStatus", Limit=1)["PullSmsReplyStatusSet"] for _ in "123"]
    tencent.reply("tencent", OTHER, "again")
    later = tencent_call("PullSmsReplyStatus", Limit=10)["PullSmsReplyStatusSet"]

    assert [1, 1, 0] == [len(replies) for replies in taken]
    assert {
        "ExtendCode": "11",
        "CountryCode": "86",
        "PhoneNumber": NUMBER,
        "SignName": "腾讯云",
        "ReplyContent": "TD",
        "ReplyTime": taken[0][0]["ReplyTime"],
        "SubscriberNumber": "13012345678",
    } == taken[0][0]
    assert abs(tencent.clock.now().timestamp() - taken[0][0]["ReplyTime"]) < 60
    assert ["again"] == [reply["ReplyContent"] for reply in later]
    assert taken[0] == by_number(what="Reply")


@pytest.fixture
def hours(tencent):
    """The hour it is in Beijing as both ends of a query."""
    now = datetime.fromtimestamp(tencent.world.clock.now(), UTC) + timedelta(hours=8)
    hour = now.strftime("%Y%m%d%H")
    return {"BeginTime": hour, "EndTime": hour, "Limit": 0, "Offset": 0}


def test_statistics_count_what_was_sent_and_what_was_refused(tencent_send, tencent_call, hours):
    """Numbers asked for, numbers sent to, parts billed."""
    tencent_send(NUMBER, OTHER, "12345")

    found = tencent_call("SendStatusStatistics", **hours)["SendStatusStatistics"]

    assert {"FeeCount": 2, "RequestCount": 3, "RequestSuccessCount": 2} == found


def test_statistics_count_receipts_by_what_they_say(tencent, tencent_send, tencent_call, hours):
    """One delivered, one to a number not in use, one not there yet."""
    tencent.script(
        {"match": {"provider": "tencent", "to": OTHER}, "effect": {"error": "MK:0001"}},
    )
    tencent_send(NUMBER, OTHER)
    tencent.clock.advance(4)
    tencent_send("+8613700000000")

    found = tencent_call("CallbackStatusStatistics", **hours)["CallbackStatusStatistics"]

    assert {
        "CallbackCount": 2,
        "RequestSuccessCount": 3,
        "CallbackFailCount": 1,
        "CallbackSuccessCount": 1,
        "InternalErrorCount": 0,
        "InvalidNumberCount": 1,
        "ShutdownErrorCount": 0,
        "BlackListCount": 0,
        "FrequencyLimitCount": 0,
    } == found


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"BeginTime": "2026-11-21"}, "InvalidParameterValue.BeginTimeVerifyFail"),
        ({"BeginTime": "2026113113"}, "InvalidParameterValue.BeginTimeVerifyFail"),
        ({"EndTime": "2026112124"}, "InvalidParameterValue.EndTimeVerifyFail"),
        ({"EndTime": "2000010100"}, "InvalidParameterValue.InvalidStartTime"),
        ({"Limit": 1}, "InvalidParameterValue.LimitVerifyFail"),
    ],
)
def test_statistics_check_their_hours(changes, code, tencent_call, hours):
    """`yyyymmddhh`, an end that is not before the begin, a limit of 0."""
    given = {**hours, **changes}

    assert code == code_of(tencent_call, "SendStatusStatistics", **given)


def test_a_counted_credit_is_a_package(tencent, tencent_send, tencent_call):
    """What is used of it, and what is left; without one the list is empty."""
    empty = tencent_call("SmsPackagesStatistics", Limit=10, Offset=0)
    tencent.balance(99)
    tencent_send(NUMBER)
    left = tencent.simulators.call(lambda: tencent.world.load("balance"))

    answer = tencent_call("SmsPackagesStatistics", Limit=10, Offset=0)
    (package,) = answer["SmsPackagesStatisticsSet"]

    assert [] == empty["SmsPackagesStatisticsSet"]
    assert (1, left) == (package["CurrentUsage"], package["PackageAmount"] - 1)


def test_numbers_are_described_as_they_are_read(tencent_client):
    """The one that cannot be read with the code of why."""
    given = {"PhoneNumberSet": ["13012345678", "+60198000000", "x"]}

    found = tencent_client().call_json("DescribePhoneNumberInfo", given)["Response"]

    names = ("Code", "NationCode", "SubscriberNumber", "PhoneNumber", "IsoCode", "IsoName")
    assert [
        ("Ok", "86", "13012345678", NUMBER, "CN", "China"),
        ("Ok", "60", "198000000", "+60198000000", "MY", "Malaysia"),
        ("InvalidParameterValue.IncorrectPhoneNumber", "", "", "x", "", ""),
    ] == [tuple(row[name] for name in names) for row in found["PhoneNumberInfoSet"]]


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ([], "MissingParameter.EmptyPhoneNumberSet"),
        (["13012345678"] * 201, "LimitExceeded.PhoneNumberCountLimit"),
    ],
)
def test_one_to_two_hundred_numbers_are_described(numbers, code, tencent_client):
    """As many as may be sent to."""
    call = tencent_client().call_json

    with pytest.raises(TencentCloudSDKException) as caught:
        call("DescribePhoneNumberInfo", {"PhoneNumberSet": numbers})

    assert code == caught.value.get_code()


def test_a_conversion_is_taken_note_of(tencent_send, tencent_call):
    """The answer is small letters here."""
    (row,) = tencent_send(NUMBER)

    answer = tencent_call("ReportConversion", SerialNo=row["SerialNo"], ConversionTime=1)

    assert {"Code": "ok", "Message": "report success"} == answer["ReportConversionStatus"]


def test_what_became_of_the_messages_to_a_number_is_read_newest_first(
    tencent, tencent_call, tencent_send
):
    """With the SDK's own way to call what it has no class for; a code is shown masked."""
    tencent_send(NUMBER, TemplateParamSet=["135790"])
    tencent.clock.advance(40)
    (sent,) = tencent_send(NUMBER, TemplateParamSet=["246801"])
    tencent_send(OTHER)
    tencent.clock.advance(1)
    given = {"PhoneNumber": NUMBER, "BeginTime": int(tencent.world.clock.now()) - 3600}

    found = tencent_call("DescribeSendRecordList", **given)

    newer, older = found["SendRecordSet"]
    assert (2, sent["SerialNo"]) == (found["TotalCount"], newer["SerialNo"])
    assert ((3, "", 0), (2, "DELIVRD")) == (
        (newer["SendStatus"], newer["StatusCode"], newer["UserReceiveTime"]),
        (older["SendStatus"], older["StatusCode"]),
    )
    assert older["SendTime"] + 3 == older["UserReceiveTime"]
    assert "【腾讯云】您的验证码是2****1，5分钟内有效。" == newer["Content"]
    assert [older] == tencent_call("DescribeSendRecordList", Offset=1, **given)["SendRecordSet"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Limit": 51}, "InvalidParameterValue.LimitVerifyFail"),
        ({"Offset": 1001}, "InvalidParameterValue.OffsetVerifyFail"),
        ({"back": 73}, "InvalidParameterValue.BeginTimeVerifyFail"),
        ({"EndTime": 2**32}, "InvalidParameterValue.EndTimeVerifyFail"),
        ({"PhoneNumber": "x"}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ],
)
def test_records_go_back_72_hours_and_a_thousand(changes, code, tencent, tencent_call):
    """Fifty at a time, and not into the future."""
    begin = int(tencent.world.clock.now()) - changes.get("back", 1) * 3600
    asked = {name: value for name, value in changes.items() if name != "back"}
    given = {"PhoneNumber": NUMBER, "BeginTime": begin, **asked}

    assert code == code_of(tencent_call, "DescribeSendRecordList", **given)
