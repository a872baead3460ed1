"""Aliyun's contracts: the recorded clients, and the simulator's own answers."""

import json

from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.providers.aliyun import PROVIDER, wire

# Recorded requests that break the contract, and where: what Logto puts into TemplateParam when a
# sign-in has more of a payload than a code is refused by Aliyun.
FAULTS = {
    ("logto-aliyun-sms", "payload-context"): "body.TemplateParam",
    ("logto-aliyun-sms", "payload-link"): "body.TemplateParam",
}


def test_finds_fault_with_recorded_requests_only_where_aliyun_does(captures):
    """Each other recorded request keeps the contract."""
    found = {}
    for client in (
        "logto-aliyun-sms",
        "aliyun-core-python",
        "aliyun-core-python-common",
        "aliyun-core-python-get",
        "aliyun-dysmsapi-python",
        "aliyun-dysmsapi-python-async",
    ):
        for capture in captures(client):
            violations = contract("aliyun", "send-sms").validate(
                wire.read(call(capture["requests"][0]))
            )
            if violations:
                found[client, capture["case"]] = ", ".join(
                    violation.pointer for violation in violations
                )

    assert FAULTS == found


def call(request):
    path, _, query = request["target"].partition("?")
    headers = {name.lower(): value for name, value in request["headers"]}
    return Call(request["method"], path, query, headers, (request["body"] or "").encode())


def holds(answer, operation):
    body = {name: value for name, value in answer.items() if name != "status"}
    right = "OK" in (answer.get("Code"), answer.get("ResponseCode"))
    agreed = contract("aliyun", operation if right else "error", "response.schema")
    return [str(violation) for violation in agreed.validate(body)]


TEMPLATE = {
    "TemplateType": "0",
    "TemplateName": "登录",
    "TemplateContent": "${code}",
    "Remark": "x",
}
SIGN = {
    "SignName": "示例公司",
    "SignSource": "0",
    "Remark": "x",
    "QualificationId": "1",
    "SignFileList.1.FileContents": "cGRm",
}
DAYS = {"StartDate": "20261121", "EndDate": "20261121", "PageIndex": "1", "PageSize": "10"}
CALLS = {
    "SendSms": {
        "PhoneNumbers": "13900000000",
        "SignName": "阿里云短信测试",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": '{"code":"1234"}',
    },
    "SendBatchSms": {
        "PhoneNumberJson": '["13900000001"]',
        "SignNameJson": '["阿里云短信测试"]',
        "TemplateCode": "SMS_154950909",
        "TemplateParamJson": '[{"code":"1234"}]',
    },
    "QuerySendDetails": {
        "PhoneNumber": "13900000000",
        "SendDate": "20261121",
        "PageSize": "10",
        "CurrentPage": "1",
    },
    "QuerySendStatistics": {"IsGlobe": "1", **DAYS},
    "QuerySmsTemplate": {"TemplateCode": "SMS_154950909"},
    "GetSmsTemplate": {"TemplateCode": "SMS_OVERSEAS1"},
    "QuerySmsTemplateList": {},
    "QuerySmsSign": {"SignName": "阿里云短信测试"},
    "GetSmsSign": {"SignName": "阿里云短信测试"},
    "QuerySmsSignList": {},
    "AddSmsTemplate": TEMPLATE,
    "CreateSmsTemplate": TEMPLATE,
    "ModifySmsTemplate": {**TEMPLATE, "TemplateCode": "SMS_9"},
    "UpdateSmsTemplate": {**TEMPLATE, "TemplateCode": "SMS_9"},
    "DeleteSmsTemplate": {"TemplateCode": "SMS_154950909"},
    "AddSmsSign": SIGN,
    "CreateSmsSign": {**SIGN, "SignName": "示例公司二"},
    "ModifySmsSign": {**SIGN, "SignName": "旧公司"},
    "UpdateSmsSign": {**SIGN, "SignName": "旧公司"},
    "DeleteSmsSign": {"SignName": "阿里云短信测试"},
}
# Of the other version; a message is asked for below by the id that its answer has.
ABROAD = {
    "SendMessageToGlobe": {"To": "4512345678", "Message": "hello", "From": "Acme"},
    "BatchSendMessageToGlobe": {"To": '["4512345678"]', "Message": '["hello"]', "From": "Acme"},
    "SendMessageWithTemplate": {
        "To": "8613900000003",
        "From": "阿里云短信测试",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": '{"code":"1234"}',
    },
}


def test_every_answer_holds_to_its_schema(aliyun):
    """A success of each operation; the details once waiting and once delivered."""
    rejected = {"status": "rejected", "reason": "不合规"}
    aliyun.settle(
        "templates/aliyun",
        [
            *(
                {"code": t.code, "content": t.content, "international": t.international}
                for t in aliyun.provider.templates
            ),
            {"code": "SMS_9", "content": "${code}", **rejected},
        ],
    )
    aliyun.settle("signatures/aliyun", [{"name": "阿里云短信测试"}, {"name": "旧公司", **rejected}])
    for action, params in CALLS.items():
        (operation,) = {
            e.operation
            for e in PROVIDER.endpoints
            if e.operation.replace("-", "") == action.lower()
        }
        answer = aliyun(action, **params)

        assert (action, "OK", []) == (action, answer["Code"], holds(answer, operation))
    aliyun.advance(10)
    delivered = aliyun("QuerySendDetails", **CALLS["QuerySendDetails"])

    assert [] == holds(delivered, "query-send-details")
    assert len({*CALLS, *ABROAD, "QueryMessage"}) == len({e.operation for e in PROVIDER.endpoints})


def test_every_answer_of_the_international_api_holds_to_its_schema(aliyun):
    """What became of each message, on its way and once it is there."""
    for action, params in ABROAD.items():
        (endpoint, _get) = [e for e in PROVIDER.endpoints if e.action == action]
        answer = aliyun(action, Version="2018-05-01", **params)
        sent = answer.get("MessageId") or json.loads(answer["MessageIdList"])[0]
        on_its_way = aliyun("QueryMessage", Version="2018-05-01", MessageId=sent)
        aliyun.advance(10)
        there = aliyun("QueryMessage", Version="2018-05-01", MessageId=sent)

        assert (action, "OK", []) == (
            action,
            answer["ResponseCode"],
            holds(answer, endpoint.operation),
        )
        assert [[], []] == [holds(one, "query-message") for one in (on_its_way, there)]
        assert ["3", "1"] == [on_its_way["Status"], there["Status"]]


def test_refusals_of_product_and_gateway_hold_to_theirs(aliyun):
    """Three fields, by either names, or five."""
    for refused in (
        aliyun.send("1"),
        aliyun.send(TemplateParam="{}"),
        aliyun("QueryMessage", Version="2018-05-01", MessageId="1"),
        aliyun("Nothing"),
        aliyun.send(secret="wrong"),
        aliyun.send(AccessKeyId="x"),
    ):
        assert [] == holds(refused, "send-sms")


def test_a_right_request_leaves_no_violation_in_the_journal(aliyun):
    """A wrong one does."""
    aliyun.send()
    kept = aliyun.sms.violations("aliyun")
    aliyun.send("130 1234 5678")
    (broken,) = aliyun.sms.violations("aliyun")

    assert [] == kept
    assert ["body.PhoneNumbers"] == [violation["pointer"] for violation in broken["breaches"]]
