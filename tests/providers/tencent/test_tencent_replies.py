"""The reply callback: one object at a time, acknowledged by a result of zero."""

import pytest

from simulators.kernel.contracts import contract

NUMBER = "+8613012345678"


@pytest.fixture
def posted(tencent, httpserver):
    """Lets what is due go out, and gives the bodies, each held against the contract."""

    def bodies():
        tencent.clock.advance(0)
        for request, _answer in httpserver.log:
            document = {
                "method": request.method,
                "path": request.path,
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "query": {},
                "body": request.get_json(),
            }
            assert [] == contract("tencent", "reply").validate(document)
        return [request.get_json() for request, _answer in httpserver.log]

    return bodies


def test_replies_are_posted_one_at_a_time(tencent, tencent_send, posted, httpserver):
    """With signature and extension of the message that is answered."""
    httpserver.expect_request("/reply", method="POST").respond_with_json({"result": 0})
    tencent.webhooks("tencent", inbound=httpserver.url_for("/reply"))
    tencent.clock.freeze()
    tencent_send(NUMBER, ExtendCode="11")
    tencent.reply("tencent", NUMBER, "收到")
    tencent.reply("tencent", "+14155552671", "hello")

    answer, other = sorted(posted(), key=lambda body: body["nationcode"], reverse=True)

    assert {
        "nationcode": "86",
        "mobile": "13012345678",
        "text": "收到",
        "sign": "腾讯云",
        "time": int(tencent.clock.now().timestamp()),
        "extend": "11",
    } == answer
    assert ("1", "4155552671", "") == tuple(other[n] for n in ("nationcode", "mobile", "extend"))
    assert ["delivered", "delivered"] == [entry["state"] for entry in tencent.receipts()]


@pytest.mark.parametrize(("status", "body"), [(200, {"result": 1}), (500, {"result": 0})])
def test_another_answer_does_not_acknowledge(status, body, tencent, posted, httpserver):
    """It is logged with what it lacked, and sent again. The reply can be pulled meanwhile."""
    httpserver.expect_request("/reply").respond_with_json(body, status=status)
    tencent.reply("tencent", NUMBER, "收到", url=httpserver.url_for("/reply"))

    posted()

    (entry,) = tencent.receipts()
    assert "retrying" == entry["state"]
    assert 'a status of 200 and {"result": 0, "errmsg": "OK"}' == entry["lacks"]
