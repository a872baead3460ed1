"""Vonage's receipts, the searches, and what else an account reads, over the wire."""

from urllib.parse import parse_qsl

import pytest
import requests
from vonage import Auth

from simulators.kernel.contracts import contract

TO = "447700900000"
RECEIPT = contract("vonage", "delivery-receipt")


class Api:
    """One account's resources; every answer keeps its contract."""

    def __init__(self, sms):
        self.sms, self.url = sms, sms.base_url("vonage")
        known = sms.credentials("vonage")
        self.own = {"api_key": known["api_key"], "api_secret": known["api_secret"]}

    def submit(self, **more):
        fields = {**self.own, "from": "AcmeInc", "to": TO, "text": "Your code is 123456", **more}
        return requests.post(self.url + "/sms/json", data=fields, timeout=10).json()["messages"]

    def get(self, path, operation, **query):
        answer = requests.get(self.url + path, params={**self.own, **query}, timeout=10)
        name = operation if answer.ok else "account-error"
        assert [] == contract("vonage", name, "response.schema").validate(answer.json())
        return answer.status_code, answer.json()

    def setting(self, **values):
        self.sms.simulators.call(lambda: self.sms.world.save("vonage", values))

    def advance(self, seconds):
        self.sms.clock.advance(seconds)
        assert self.sms.simulators.settle(10)


@pytest.fixture
def api(sms):
    """A fresh account on a clock that only the test moves."""
    sms.allow_violations()
    sms.clock.freeze("2026-01-02T03:04:05Z")
    return Api(sms)


def received(httpserver):
    """The receipts that came, each held to its contract."""
    found = []
    for request, _ in httpserver.log:
        form = dict(parse_qsl(request.get_data(as_text=True)))
        body = request.get_json() if request.is_json else form
        query = dict(request.args)
        document = {"method": request.method, "path": request.path, "headers": {}}
        assert [] == RECEIPT.validate({**document, "query": query, "body": body})
        found.append(query if request.method == "GET" else body)
    return found


@pytest.mark.parametrize("method", ["GET", "POST", "POST-JSON"])
def test_receipts_come_by_the_method_of_the_account(api, httpserver, method):
    """Accepted, then delivered; `to` is the sender and the recipient is `msisdn`."""
    httpserver.expect_request("/dlr").respond_with_data("")
    api.setting(webhook_method=method)
    (sent,) = api.submit(callback=httpserver.url_for("/dlr"), **{"client-ref": "r1"})
    api.advance(10)

    first, last = received(httpserver)
    assert ("accepted", "delivered") == (first["status"], last["status"])
    assert last == {
        "msisdn": TO,
        "to": "AcmeInc",
        "network-code": "23410",
        "messageId": sent["message-id"],
        "price": "0.03330000",
        "status": "delivered",
        "scts": "2601020304",
        "err-code": "0",
        "api-key": api.own["api_key"],
        "message-timestamp": "2026-01-02 03:04:08",
        "client-ref": "r1",
    }


def test_each_part_of_a_long_message_has_receipts_of_its_own(api, httpserver):
    """By the id that the answer gave the part."""
    httpserver.expect_request("/dlr").respond_with_data("")
    sent = api.submit(callback=httpserver.url_for("/dlr"), text="long " * 60)
    api.advance(10)

    ids = [part["message-id"] for part in sent]
    came = [(dlr["status"], dlr["messageId"]) for dlr in received(httpserver)]
    assert 2 == len(ids)
    assert [(status, part) for status in ("accepted", "delivered") for part in ids] == came


def test_a_scripted_end_has_its_err_code(api, httpserver):
    """The carrier took it for spam: rejected, 6."""
    httpserver.expect_request("/dlr").respond_with_data("")
    api.sms.script({"match": {}, "effect": {"error": "6/receipt"}})
    (sent,) = api.submit(callback=httpserver.url_for("/dlr"))
    api.advance(10)

    assert "0" == sent["status"]
    assert ("rejected", "6") == tuple(received(httpserver)[-1][n] for n in ("status", "err-code"))


def test_a_message_expires_that_is_not_delivered_within_its_ttl(api, httpserver):
    """The phone is off for ten minutes; the message lives for thirty seconds."""
    httpserver.expect_request("/dlr").respond_with_data("")
    api.sms.script({"match": {}, "effect": {"receipt": {"after_s": 600}}})
    api.submit(callback=httpserver.url_for("/dlr"), ttl=30_000)
    api.advance(29)
    before = [dlr["status"] for dlr in received(httpserver)]
    api.advance(1)

    assert ["accepted"] == before
    last = received(httpserver)[-1]
    assert ("expired", "2601020304") == (last["status"], last["scts"])


def test_a_message_that_comes_in_time_does_not_expire(api, httpserver):
    """A ttl longer than the way to the phone changes nothing."""
    httpserver.expect_request("/dlr").respond_with_data("")
    api.submit(callback=httpserver.url_for("/dlr"), ttl=30_000)
    api.advance(60)

    assert ["accepted", "delivered"] == [dlr["status"] for dlr in received(httpserver)]


def test_no_receipt_where_none_is_wanted(api, httpserver):
    """`status-report-req` as the SDK writes it."""
    httpserver.expect_request("/dlr").respond_with_data("")
    api.submit(callback=httpserver.url_for("/dlr"), **{"status-report-req": "False"})
    api.advance(10)

    assert [] == received(httpserver)


def test_the_sdk_accepts_the_signature_of_a_receipt(sms_server, httpserver):
    """`Auth.check_signature` of vonage-python, which follows the documents here."""
    from simulators.testing.sms import Sms

    httpserver.expect_request("/dlr").respond_with_data("")
    chosen = {"vonage": {"signature_method": "sha256hmac"}}
    sms = Sms(sms_server, sms_server.call(lambda: sms_server.accounts.add("signed", chosen)))
    sms.clock.freeze()
    api = Api(sms)
    api.setting(signed_webhooks=True)
    api.submit(callback=httpserver.url_for("/dlr"))
    api.advance(10)
    known = sms.credentials("vonage")
    secret = known["signature_secret"]
    auth = Auth(api_key=known["api_key"], signature_secret=secret, signature_method="sha256")

    receipt = received(httpserver)[-1]
    assert auth.check_signature(dict(receipt))
    assert not auth.check_signature({**receipt, "status": "failed"})
    sms_server.call(lambda: sms_server.accounts.drop("signed"))


def test_a_message_is_found_by_its_id(api):
    """On its way first, then with its end."""
    (sent,) = api.submit()
    status, early = api.get("/search/message", "search-message", id=sent["message-id"])
    api.sms.clock.advance(10)
    _, late = api.get("/search/message", "search-message", id=sent["message-id"])

    assert (200, TO, "Your code is 123456") == (status, early["to"], early["body"])
    assert "final-status" not in early
    assert ("DELIVRD", "2026-01-02 03:04:08", 3000) == (
        late["final-status"],
        late["date-closed"],
        late["latency"],
    )


def test_messages_are_found_by_ids_or_by_number_and_day(api):
    """Another day, another number and an unknown id find nothing."""
    ids = [api.submit()[0]["message-id"] for _ in range(2)]

    def count(**query):
        return api.get("/search/messages", "search-messages", **query)[1]["count"]

    assert 2 == count(ids=[*ids, "0A0000000123ABCD1"])
    assert 2 == count(date="2026-01-02", to=TO)
    assert 0 == count(date="2026-01-01", to=TO) + count(date="2026-01-02", to="447700900001")


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/search/message", {}, 400),
        ("/search/message", {"id": "1234"}, 404),
        ("/search/messages", {"to": TO}, 400),
        ("/search/messages", {"to": TO, "date": "yesterday"}, 400),
        ("/search/message", {"api_secret": "wrong"}, 401),
        ("/account/get-balance", {"api_key": "zzzzzzzz"}, 401),
    ],
)
def test_other_resources_refuse_by_http_status(api, path, query, status):
    """In one of the two shapes that Vonage has for it."""
    assert status == api.get(path, "get-balance", **query)[0]
