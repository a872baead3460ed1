"""Yunpian: recorded requests, texts and templates, receipts pushed and pulled, and its limits."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

import pytest

from simulators.kernel import templates
from simulators.kernel.contracts import contract

REFUSED = {
    "to-cn-0086": 2,  # +00..., as Logto makes it of what was written
    "payload-link": 2,  # {{code}} is none
    "unicode": 5,  # of no template
}
TEXT = "【云片网】您的验证码是{}"


@pytest.fixture
def post(sms):
    """Sends a form, by the account of the test unless another key is given; status and JSON."""

    def send(path, **fields):
        form = {"apikey": sms.credentials("yunpian")["apikey"], **fields}
        place = path if "/" in path else f"sms/{path}"
        url = f"{sms.base_url('yunpian')}/v2/{place}.json"
        sms.allow_violations()
        try:
            with urlopen(Request(url, urlencode(form).encode())) as answer:  # noqa: S310 - local
                return answer.status, json.load(answer)
        except OSError as refused:
            return refused.code, json.load(refused)

    return send


@pytest.fixture
def approve(sms):
    """Plays the reviewer: all templates and signatures that wait are approved."""
    provider = sms.simulators.providers["yunpian"]

    def approved(known):
        for name, one in known.items():
            known[name] = replace(one, status="approved")

    def decided():
        for update in (templates.update_templates, templates.update_signatures):
            sms.simulators.call(lambda update=update: update(sms.world, provider, approved))

    return decided


def test_accepts_what_a_real_client_sends(default, replay, captures):
    """Each recorded send is kept under the number that was meant; one that is none is refused."""
    refused = {}
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
            assert 400 == answer.status
            refused[capture["case"]] = answer.json()["code"]
    assert REFUSED == refused


@pytest.mark.parametrize(
    ("fields", "code", "detail"),
    [
        ({"apikey": ""}, 1, "参数 apikey 必须传入"),
        ({"apikey": "0" * 32}, -1, "请检查您的apikey是否正确，或者账户已经失效"),
        ({"mobile": ""}, 1, "参数 mobile 必须传入"),
        ({"text": ""}, 1, "参数 text 必须传入"),
        ({"mobile": "8615502022241"}, 2, "参数 mobile 格式不正确，mobile:8615502022241"),
        ({"text": "【云片网】你好"}, 5, "未自动匹配到合适的模板"),
        ({"text": "【亿豚网】您的验证码是1234"}, 15, "签名 【亿豚网】 与设置的签名不匹配"),
        ({"text": "【云片网】【云】您的验证码是1"}, 16, "短信内容不能包含多个签名【 】符号"),
        (
            {"text": "【云片网】您的验证码是12-34"},
            2,
            "验证码类模板#code#值长度必须1-16个字，且只能是字母和数字",
        ),
        ({"mobile": "+16267807552"}, 23, "请提交模板可发送国家列表内的号码"),
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


@pytest.mark.parametrize(
    ("code", "detail"),
    [("3", "请充值后重试"), ("4", "关键词 发票 为屏蔽词，不允许发送"), ("20", "请确认号码归属地")],
)
def test_what_a_rule_refuses_has_its_detail_too(code, detail, post, sms):
    """Which says more than the message."""
    sms.script({"match": {"provider": "yunpian"}, "effect": {"error": code}})

    status, told = post("single_send", mobile="13012345678", text=TEXT.format(135790))

    assert (400, int(code), detail) == (status, told["code"], told["detail"])


def test_of_a_batch_each_number_is_answered(post, sms):
    """Under HTTP 200, and the good one still goes."""
    status, told = post("batch_send", mobile="13012345678,12", text=TEXT.format(135790))

    assert (200, [0, 2]) == (status, [row["code"] for row in told["data"]])
    assert (1, "0.0500") == (told["total_count"], told["total_fee"])
    assert ["+8613012345678"] == [message.to for message in sms.messages()]


def test_codes_are_limited_by_text_by_template_and_by_number(post, sms):
    """The same text, another of the same template, and a fourth within an hour."""
    sms.clock.freeze()

    def sent(code, end=""):
        told = post("single_send", mobile="13012345678", text=TEXT.format(code) + end)[1]
        return told["code"], told.get("detail", told["msg"])

    assert 0 == sent(1234)[0]
    assert (8, "同一个手机号 13012345678 30秒内重复提交相同的内容") == sent(1234)
    assert 33 == sent(5678)[0]
    assert (0, "发送成功") == sent(5678, "。如非本人操作，请忽略本短信")
    sms.clock.advance(31)
    assert 0 == sent(9012)[0]
    sms.clock.advance(31)
    assert (22, "验证码类短信1小时内同一手机号发送次数不能超过3次") == sent(3456)


def test_too_many_codes_of_a_template_have_no_message(post, sms):
    """Real answers have `msg` null there, which clients do not expect."""
    sms.clock.freeze()
    post("single_send", mobile="13012345678", text=TEXT.format(1234))

    status, told = post("single_send", mobile="13012345678", text=TEXT.format(5678))

    assert (400, 33, None) == (status, told["code"], told["msg"])
    assert "号码：13012345678, 超过频率" in told["detail"]


def test_a_text_over_70_characters_is_charged_by_67(post, approve):
    """Whatever its alphabet; the signature counts."""
    post("tpl/add", tpl_content="【云片网】#text#")
    approve()
    counted = [
        post("single_send", mobile="13012345678", text="【云片网】" + "a" * length)[1]["count"]
        for length in (65, 66)
    ]

    assert [1, 2] == counted


def test_a_template_counts_once_it_was_approved(post, approve):
    """Until then its texts are refused as those of a template that cannot be used."""
    status, asked = post("tpl/add", tpl_content="【云片网】#name#，您好！")
    text = "【云片网】云片，您好！"

    assert (200, "CHECKING") == (status, asked["check_status"])
    assert 7 == post("single_send", mobile="13012345678", text=text)[1]["code"]
    approve()
    assert 0 == post("single_send", mobile="13012345678", text=text)[1]["code"]


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


def test_a_template_is_named_by_its_id(post, sms):
    """Its values come as a query string within the form, names in their hashes."""
    value = urlencode({"#code#": "1234"})
    status, told = post("tpl_single_send", mobile="13012345678", tpl_id="1", tpl_value=value)

    assert (200, 0) == (status, told["code"])
    assert ["【云片网】您的验证码是1234"] == [message.text for message in sms.messages()]
    assert 5 == post("tpl_single_send", mobile="1", tpl_id="9", tpl_value=value)[1]["code"]


def test_templates_are_changed_and_deleted(post):
    """What is changed waits for review again; a signature has to stand in front."""
    _, added = post("tpl/add", tpl_content="【云片网】#a#", lang="ko")
    tpl_id = str(added["tpl_id"])
    _, changed = post("tpl/update", tpl_id=tpl_id, tpl_content="【云片网】#b#")

    assert ("【云片网】#b#", "CN,TW,MO,HK") == (changed["tpl_content"], changed["country_code"])
    assert changed == post("tpl/get", tpl_id=tpl_id)[1] == post("tpl/del", tpl_id=tpl_id)[1]
    assert -55 == post("tpl/get", tpl_id=tpl_id)[1]["code"]
    assert -55 == post("tpl/del", tpl_id=tpl_id)[1]["code"]
    assert -55 == post("tpl/update", tpl_id=tpl_id, tpl_content="【云片网】")[1]["code"]
    assert 6 == post("tpl/add", tpl_content="#b#")[1]["code"]
    assert ["1", "2", "3"] == [str(one["tpl_id"]) for one in post("tpl/get")[1]]


def test_a_signature_is_applied_for(post, approve):
    """It signs nothing before it was approved."""
    _, told = post("sign/add", sign="亿豚网")
    text = "【亿豚网】您的验证码是1234"

    assert ("CHECKING", "【亿豚网】") == (told["sign"]["apply_state"], told["sign"]["sign"])
    assert 15 == post("single_send", mobile="13012345678", text=text)[1]["code"]
    approve()
    post("tpl/add", tpl_content="【亿豚网】您的验证码是#code#")
    approve()
    assert 0 == post("single_send", mobile="13012345678", text=text)[1]["code"]
    assert -54 == post("sign/add", sign="【亿豚网】")[1]["code"]
    listed = post("sign/get", sign="豚")[1]
    assert (1, ["SUCCESS"]) == (listed["total"], [one["check_status"] for one in listed["sign"]])


def test_receipts_and_replies_are_pulled_once(post, sms):
    """In the order they came; what has no end yet is left where it is."""
    sms.clock.freeze()
    sids = []
    for number in ("13012345671", "13012345672"):
        sids.append(post("single_send", mobile=number, text=TEXT.format(1234))[1]["sid"])
        sms.clock.advance(2)
    sms.reply("yunpian", "+8613012345671", "R")

    assert [sids[:1]] == [[item["sid"] for item in post("pull_status")[1]]]
    sms.clock.advance(2)
    assert [sids[1:]] == [[item["sid"] for item in post("pull_status", page_size="1")[1]]]
    (reply,) = post("pull_reply")[1]
    assert ("13012345671", "R", 32) == (reply["mobile"], reply["text"], len(reply["_sign"]))
    assert ([], []) == (post("pull_status")[1], post("pull_reply")[1])
    for size in ("101", "000000001" + "1" * 5000):  # the latter Python makes no number of
        assert 2 == post("pull_reply", page_size=size)[1]["code"]


def test_the_account_tells_its_balance(post, sms):
    """The one that is counted, if one is."""
    post("single_send", mobile="13012345678", text=TEXT.format(1234))
    before = post("user/get")[1]["balance"]
    sms.simulators.call(lambda: sms.world.save("balance", 0.1))
    post("single_send", mobile="13012345679", text=TEXT.format(1234))

    assert (1000.0, 0.05) == (before, post("user/get")[1]["balance"])
