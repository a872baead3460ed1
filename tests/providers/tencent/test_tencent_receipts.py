"""The status report callback: what is posted, when, and in one go."""

import json
import re

import pytest

from simulators.kernel.contracts import contract

NUMBER, OTHER = "+8613012345678", "+8613912345678"


@pytest.fixture
def posted(tencent, httpserver):
    """Advances the account's clock and gives the bodies that were posted to the application."""
    httpserver.expect_request("/sms", method="POST").respond_with_json({"result": 0})
    url = httpserver.url_for("/sms")
    tencent.settings("tencent", {"tencent": {"callback": url}})

    def bodies(seconds):
        tencent.clock.advance(seconds)
        assert tencent.simulators.settle(10)
        return [request.get_json() for request, _answer in httpserver.log]

    return bodies


def test_a_delivery_is_reported_when_its_time_has_come(tencent_send, posted, httpserver):
    """In Beijing's time; the request keeps the contract of the callback."""
    (row,) = tencent_send(NUMBER)
    before = posted(0)
    ((report,),) = posted(4)
    request, _answer = httpserver.log[0]
    document = {
        "method": request.method,
        "path": request.path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "query": {},
        "body": [dict(report)],
    }

    assert [] == before
    assert [] == contract("tencent", "status-report").validate(document)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", report.pop("user_receive_time"))
    assert {
        "nationcode": "86",
        "mobile": "13012345678",
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": row["SerialNo"],
    } == report


def test_reports_that_are_due_together_go_out_as_one_array(tencent_send, posted):
    """One or many, as the page says."""
    tencent_send(NUMBER, OTHER)

    (reports,) = posted(4)

    assert ["13012345678", "13912345678"] == [report["mobile"] for report in reports]


def test_a_failure_is_reported_with_the_carrier_s_code(tencent, tencent_send, posted):
    """Its description in words."""
    tencent.script({"match": {"provider": "tencent"}, "effect": {"error": "MK:0001"}})
    tencent_send(NUMBER)

    ((report,),) = posted(4)

    assert ("FAIL", "MK:0001", "空号") == (
        report["report_status"],
        report["errmsg"],
        report["description"],
    )


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, {"result": 0, "errmsg": "OK"}, "delivered"),
        (200, {"result": 1, "errmsg": "no"}, "retrying"),
        (200, [], "retrying"),
        (500, {"result": 0}, "retrying"),
    ],
)
def test_a_report_is_acknowledged_by_a_result_of_zero(
    status, body, state, tencent, tencent_send, httpserver
):
    """Any other is a failure, and there is a second try."""
    httpserver.expect_request("/sms").respond_with_json(body, status=status)
    url = httpserver.url_for("/sms")
    tencent.settings("tencent", {"tencent": {"callback": url}})
    tencent_send(NUMBER)
    tencent.clock.advance(86_400)
    assert tencent.simulators.settle(10)

    store, account = tencent.world.store, tencent.world.id
    log = tencent.simulators.call(lambda: store.records(account, "receipts", limit=10))

    assert [state] == [json.loads(entry)["state"] for _sequence, entry in log]
