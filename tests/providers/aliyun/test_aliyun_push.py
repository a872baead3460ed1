"""What Aliyun pushes: SmsReport and SmsUp, in arrays, unsigned, until a numeric code comes back."""

import pytest

from simulators.kernel import operations, optouts
from simulators.kernel.contracts import contract

TAKEN = {"code": 0, "msg": "接收成功"}
PHONE = "+8613900000000"


@pytest.fixture
def pushed(aliyun, httpserver):
    """Sets one URL for receipts and replies; advances the clock and gives the arrays that came,
    each held against the contract of its kind."""
    url = httpserver.url_for("/push")
    aliyun.sms.webhooks("aliyun", receipts=url, inbound=url)

    def arrays(seconds):
        aliyun.sms.clock.advance(seconds)
        found = []
        for request, _answer in httpserver.log:
            body = request.get_json()
            kind = "sms-report" if "biz_id" in body[0] else "sms-up"
            document = {
                "method": request.method,
                "path": request.path,
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "query": {},
                "body": body,
            }
            assert [] == contract("aliyun", kind).validate(document)
            found.append(body)
        return found

    return arrays


def test_a_receipt_is_pushed_when_the_carrier_reports(aliyun, pushed, httpserver):
    """Times of Beijing, the size as a string, the caller's own id."""
    httpserver.expect_request("/push", method="POST").respond_with_json(TAKEN)
    bill = aliyun.send(OutId="order-7")["BizId"]

    assert [] == pushed(2)
    assert [
        [
            {
                "phone_number": "13900000000",
                "send_time": "2026-11-21 12:00:00",
                "report_time": "2026-11-21 12:00:03",
                "success": True,
                "err_code": "DELIVERED",
                "err_msg": "用户接收成功",
                "sms_size": "1",
                "biz_id": bill,
                "out_id": "order-7",
            }
        ]
    ] == pushed(2)
    assert ["delivered"] == [entry["state"] for entry in aliyun.sms.receipts()]


def test_receipts_that_are_due_together_are_one_array(aliyun, pushed, httpserver):
    """One BizId for all numbers of a call."""
    httpserver.expect_request("/push").respond_with_json(TAKEN)
    bill = aliyun.send("13900000000,13900000001,13900000002")["BizId"]

    (receipts,) = pushed(4)

    numbers = {"13900000000", "13900000001", "13900000002"}
    assert numbers == {receipt["phone_number"] for receipt in receipts}
    assert [bill] * 3 == [receipt["biz_id"] for receipt in receipts]


def test_a_failure_is_pushed_with_the_carrier_s_code(aliyun, pushed, httpserver):
    """The number is empty: MK:0001, in words too."""
    httpserver.expect_request("/push").respond_with_json(TAKEN)
    aliyun.sms.script({"match": {"provider": "aliyun"}, "effect": {"error": "MK:0001"}})
    aliyun.send()

    ((receipt,),) = pushed(4)

    told = [receipt[name] for name in ("success", "err_code", "err_msg")]
    assert [False, "MK:0001", "空号"] == told


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, {"code": 5}, "delivered"),
        (200, {"code": "0"}, "retrying"),
        (200, {"code": True}, "retrying"),
        (200, [0], "retrying"),
        (503, TAKEN, "retrying"),
    ],
)
def test_a_push_is_taken_by_a_numeric_code(status, body, state, aliyun, pushed, httpserver):
    """Its value does not matter; nothing else will do."""
    httpserver.expect_request("/push").respond_with_json(body, status=status)
    aliyun.send()

    pushed(4)

    (entry,) = aliyun.sms.receipts()
    assert (state, state == "delivered") == (entry["state"], entry["lacks"] == "")


def test_a_push_that_is_not_taken_comes_again_three_times(aliyun, pushed, httpserver):
    """After one, five and ten minutes; then it is given up."""
    httpserver.expect_request("/push").respond_with_data("success")
    aliyun.send()

    counts = [len(pushed(seconds)) for seconds in (4, 59, 1, 299, 1, 599, 1, 86_400)]

    assert [1, 1, 2, 2, 3, 3, 4, 4] == counts
    assert "given up" == aliyun.sms.receipts()[-1]["state"]


def test_a_reply_is_pushed_with_what_it_answers(aliyun, pushed, httpserver):
    """Signature and extension of the newest message to that phone; no receipt gets mixed in,
    although the URL is the same."""
    httpserver.expect_request("/push").respond_with_json(TAKEN)
    aliyun.send(SmsUpExtendCode="90999")
    aliyun.sms.clock.advance(3)
    httpserver.clear_log()
    aliyun.send("13900000001")

    def both_due():
        aliyun.sms.world.clock.advance(3)
        return operations.reply(aliyun.sms.world, aliyun.provider, PHONE, "收到")

    reply = aliyun.sms.simulators.call(both_due)

    (answer,) = [array for array in pushed(0) if "content" in array[0]]

    assert [
        {
            "phone_number": "13900000000",
            "send_time": "2026-11-21 12:00:06",
            "content": "收到",
            "sign_name": "阿里云短信测试",
            "dest_code": "90999",
            "sequence_id": reply.sequence,
        }
    ] == answer


def test_a_reply_out_of_the_blue_is_pushed_too(aliyun, pushed, httpserver):
    """It answers no message: the account's own signature, no extension."""
    httpserver.expect_request("/push").respond_with_json(TAKEN)
    aliyun.sms.reply("aliyun", PHONE, "R")

    (((answer),),) = pushed(0)

    assert ("阿里云短信测试", "") == (answer["sign_name"], answer["dest_code"])
    assert [] == optouts.listed(aliyun.sms.world)
