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
        self.sms.settings("vonage", {"vonage": values})

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


def test_prices_are_told_by_country_and_calling_code(api):
    """As the pricing API has them, and where the path names no product in the form before that."""
    _, of_canada = api.get("/account/get-pricing/outbound/sms", "get-pricing", country="CA")
    _, older = api.get("/account/get-pricing/outbound", "get-pricing", country="ca")
    _, everywhere = api.get("/account/get-full-pricing/outbound/voice", "get-full-pricing")
    path = "/account/get-prefix-pricing/outbound"
    _, northern = api.get(f"{path}/sms", "get-prefix-pricing", prefix="1")
    _, british = api.get(path, "get-prefix-pricing", prefix="44")
    _, nowhere = api.get(path, "get-prefix-pricing", prefix="999")

    by_phone = "/account/get-phone-pricing/outbound/sms"
    _, british_number = api.get(by_phone, "get-phone-pricing", phone=TO)

    fields = {"country-code": "GB", "network-code": "23410", "phone": TO, "price": "0.03330000"}
    assert fields == british_number
    assert ("Canada", "1", "0.03330000") == tuple(
        of_canada[name] for name in ("countryName", "dialingPrefix", "defaultPrice")
    )
    assert "302720" == of_canada["networks"][0]["networkCode"] == older["networks"][0]["code"]
    assert len(everywhere["countries"]) == everywhere["count"] == 20
    assert {"CA", "US"} == {country["countryCode"] for country in northern["countries"]}
    assert ["GB"] == [country["country"] for country in british["prices"]]
    assert {"count": 0, "countries": []} == nowhere


@pytest.mark.parametrize(
    ("path", "query", "status", "told"),
    [
        ("/account/get-pricing/outbound/sms", {}, 400, {"country": "Is required."}),
        ("/account/get-prefix-pricing/outbound/sms", {}, 400, {"prefix": "Is required."}),
        ("/account/get-balance", {"api_secret": "wrong"}, 401, "authentication failed"),
        ("/search/message", {"api_key": "", "id": "1"}, 401, "authentication failed"),
    ],
)
def test_resources_of_the_account_refuse_as_recorded(path, query, status, told, api):
    """A missing parameter by its name, wrong credentials by a label."""
    code, body = api.get(path, "", **query)

    assert (status, told) == (code, body.get("error-code-label") or body["invalid_parameters"])


def test_an_account_that_does_not_top_itself_up_is_not_topped_up(api):
    """Which is what its balance says of it."""
    _, balance = api.get("/account/get-balance", "get-balance")
    answers = [
        requests.post(api.url + "/account/top-up", data={**api.own, **more}, timeout=10)
        for more in ({"trx": "8ef2447e"}, {})
    ]

    assert balance["autoReload"] is False
    assert [401, 400] == [answer.status_code for answer in answers]
    assert "not auto-reload enabled" == answers[0].json()["error-code-label"]
    assert {"trx": "Is required."} == answers[1].json()["invalid_parameters"]


def test_an_account_that_tops_itself_up_is_topped_up_by_as_much(api):
    """The setting has the amount; the balance is what it is paid to."""
    api.setting(auto_reload=25)
    api.sms.simulators.call(lambda: api.sms.world.save("balance", 1.5))
    answer = requests.post(api.url + "/account/top-up", data={**api.own, "trx": "8e"}, timeout=10)

    assert (200, "success") == (answer.status_code, answer.json()["error-code-label"])
    _, balance = api.get("/account/get-balance", "get-balance")
    assert {"value": 26.5, "autoReload": True} == balance


def test_refused_submissions_of_a_day_can_be_searched(api):
    """By the day, and by whom they were to; one that was taken is not among them."""
    api.submit()
    api.submit(to="12")
    api.submit(to="name")
    requests.post(
        api.url + "/sms/json?api_key=" + api.own["api_key"],
        data="{no JSON",
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    _, all_of_them = api.get("/search/rejections", "search-rejections", date="2026-01-02")
    _, one = api.get("/search/rejections", "search-rejections", date="2026-01-02", to="12")
    _, none = api.get("/search/rejections", "search-rejections", date="2026-01-03")
    refused, _ = api.get("/search/rejections", "search-rejections")

    assert {"12", "name"} <= {item["to"] for item in all_of_them["items"]}
    assert [("6", "Unroutable message - rejected", "2026-01-02 03:04:05")] == [
        (item["error-code"], item["error-code-label"], item["date-received"])
        for item in one["items"]
    ]
    assert (0, 400) == (none["count"], refused)


@pytest.mark.parametrize(
    "path",
    [
        *("/ni/basic/json", "/ni/standard/json", "/ni/advanced/json", "/ni/advanced/async/json"),
        *("/ni/json", "/number/format/json", "/number/lookup/json"),
    ],
)
def test_number_insight_is_refused_in_its_own_words(path, api):
    """A status in HTTP 200, as all of its answers are."""

    def status(**query):
        answer = requests.get(api.url + path, params={**api.own, **query}, timeout=10)
        assert 200 == answer.status_code
        assert [] == contract("vonage", "number-insight", "response.schema").validate(answer.json())
        return answer.json()["status"]

    assert (19, 3, 4) == (
        status(number=TO),
        status(number="07999999999"),
        status(number=TO, api_secret="wrong"),
    )


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ({}, 200),
        ({"timestamp": "2026-01-02 03:04:05"}, 200),
        ({"timestamp": "2026-01-02T03:04:05Z"}, 420),
    ],
)
def test_a_conversion_without_a_time_is_of_now(when, status, api):
    """The official PHP SDK sends none; a time is written as documented."""
    (sent,) = api.submit()
    told = {"message-id": sent["message-id"], "delivered": "true", **when}

    answer = requests.post(api.url + "/conversions/sms", data={**api.own, **told}, timeout=10)

    assert status == answer.status_code
