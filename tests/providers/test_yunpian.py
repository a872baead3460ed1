"""Yunpian: recorded requests, what one number of a batch is told, receipts, and its limits."""

import json
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

import pytest

from simulators.kernel.contracts import contract

REFUSED = {"to-cn-0086"}  # +00..., as Logto makes it of what was written
TEXT = "【云片网】您的验证码是{}"


@pytest.fixture
def post(sms):
    """Sends a form, by the account of the test unless another key is given; status and JSON."""

    def send(path, **fields):
        form = {"apikey": sms.credentials("yunpian")["apikey"], **fields}
        url = f"{sms.base_url('yunpian')}/v2/sms/{path}.json"
        sms.allow_violations()
        try:
            with urlopen(Request(url, urlencode(form).encode())) as answer:  # noqa: S310 - local
                return answer.status, json.load(answer)
        except OSError as refused:
            return refused.code, json.load(refused)

    return send


def test_accepts_what_a_real_client_sends(default, replay, captures):
    """Each recorded send is kept under the number that was meant; one that is none is refused."""
    refused = set()
    for capture in captures("logto-yunpian-sms"):
        default.simulators.call(default.world.reset)
        form = parse_qs(capture["requests"][0]["body"])
        answer = replay(capture["requests"][0])

        if answer.status == 200:
            assert [] == contract("yunpian", "single-send", "response.schema").validate(
                answer.json()
            )
            mobile = form["mobile"][0]
            wanted = mobile if mobile.startswith("+") else f"+86{mobile}"
            assert [wanted] == [message.to for message in default.messages()]
            assert form["text"][0] in default.messages()[0].text
        else:
            refused.add(capture["case"])
            assert (400, 2) == (answer.status, answer.json()["code"])
    assert REFUSED == refused


@pytest.mark.parametrize(
    ("fields", "code", "detail"),
    [
        ({"apikey": ""}, 1, "参数 apikey 必须传入"),
        ({"apikey": "0" * 32}, -1, "非法的apikey"),
        ({"mobile": ""}, 1, "参数 mobile 必须传入"),
        ({"text": ""}, 1, "参数 text 必须传入"),
        ({"mobile": "8615502022241"}, 2, "参数 mobile 格式不正确，mobile:8615502022241"),
    ],
)
def test_a_refusal_has_http_400_and_a_detail(fields, code, detail, post, sms):
    """As clients were seen to get it."""
    asked = {"mobile": "13012345678", "text": TEXT.format(135790), **fields}

    status, told = post("single_send", **asked)

    assert (400, 400, code, detail) == (
        status,
        told["http_status_code"],
        told["code"],
        told["detail"],
    )
    assert [] == sms.messages()


def test_of_a_batch_each_number_is_answered(post, sms):
    """Under HTTP 200, and the good one still goes."""
    status, told = post("batch_send", mobile="13012345678,12", text=TEXT.format(135790))

    assert (200, [0, 2]) == (status, [row["code"] for row in told["data"]])
    assert (1, "0.0500") == (told["total_count"], told["total_fee"])
    assert ["+8613012345678"] == [message.to for message in sms.messages()]


def test_the_same_text_passes_once_in_30_seconds(post, sms):
    """And another text at once; three of any an hour."""
    sms.clock.freeze()

    def codes(*texts):
        return [post("single_send", mobile="13012345678", text=t)[1]["code"] for t in texts]

    assert [0, 8, 0] == codes("一1234", "一1234", "二5678")
    sms.clock.advance(31)
    assert [0, 22] == codes("一1234", "三9012")


def test_a_text_over_70_characters_is_charged_by_67(post):
    """Whatever its alphabet; the signature counts."""
    counted = [
        post("single_send", mobile="13012345678", text="【A】" + "a" * length)[1]["count"]
        for length in (67, 68)
    ]

    assert [1, 2] == counted


def test_a_receipt_is_pushed_and_wants_success(post, sms, httpserver):
    """A form whose `sms_status` is a list."""
    httpserver.expect_request("/status", method="POST").respond_with_data("SUCCESS")
    sms.clock.freeze()
    url = httpserver.url_for("/status")
    _, told = post("single_send", mobile="13012345678", text=TEXT.format(135790), callback_url=url)

    sms.clock.advance(10)

    request, _ = httpserver.log[0]
    (item,) = json.loads(request.form["sms_status"])
    assert (told["sid"], "SUCCESS", "13012345678") == (
        item["sid"],
        item["report_status"],
        item["mobile"],
    )
    assert ["delivered"] == [entry["state"] for entry in sms.receipts()]
