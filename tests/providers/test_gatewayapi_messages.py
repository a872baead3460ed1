"""Reading back, deleting, balance, prices, usage and received messages of GatewayAPI."""

import csv
import io
import json

import pytest

from simulators.kernel.contracts import contract

NOW = 1_795_248_470.0
TEXT = "Your code is 123456"


@pytest.fixture
def frozen(default):
    """The default account on a clock that only the test moves."""
    default.simulators.call(lambda: default.world.clock.freeze(NOW))
    return default


def advance(sms, seconds):
    sms.simulators.call(lambda: sms.world.clock.advance(seconds))


def send(ask, *numbers, **fields):
    """The id of an accepted message."""
    recipients = [{"msisdn": number} for number in numbers or (4512345678,)]
    answer = ask("POST", "/rest/mtsms", json={"message": TEXT, "recipients": recipients, **fields})
    assert 200 == answer.status_code, answer.text
    (found,) = answer.json()["ids"]
    return found


def shaped(name, answer):
    """The body of an answer, which keeps the contract of that name."""
    assert [] == contract("gatewayapi", name, "response.schema").validate(answer.json())
    return answer.json()


def test_a_message_reads_back_as_it_was_sent(frozen, ask):
    """An array of one, with every recipient's status, times as floats and msisdn as numbers."""
    recipients = [{"msisdn": 4512345678, "tagvalues": ["Ann"]}, {"msisdn": "4687654321"}]
    sent = {
        "message": "Hello %n",
        "sender": "Acme",
        "tags": ["%n"],
        "userref": "1234",
        "label": "x",
        "callback_url": "https://example.com/cb",
        "recipients": recipients,
    }
    found = ask("POST", "/rest/mtsms", json=sent).json()["ids"][0]
    advance(frozen, 60)

    (shown,) = shaped("get-sms", ask("GET", f"/rest/mtsms/{found}"))

    assert found == shown["id"]
    assert {name: shown[name] for name in sent if name != "recipients"} == {
        name: sent[name] for name in sent if name != "recipients"
    }
    assert {
        "country": "DK",
        "csms": 1,
        "dsnerror": None,
        "dsnerrorcode": None,
        "dsnstatus": "DELIVERED",
        "dsntime": NOW + 3,
        "mcc": 238,
        "mnc": 1,
        "msisdn": 4512345678,
        "senttime": NOW + 1,
        "tagvalues": ["Ann"],
    } == shown["recipients"][0]
    assert (4687654321, None) == (
        shown["recipients"][1]["msisdn"],
        shown["recipients"][1]["tagvalues"],
    )


def test_a_message_is_not_found_until_it_is_sent(frozen, ask):
    """404 while it is buffered or scheduled; only what is sent gets into long-term storage."""
    buffered, scheduled = send(ask), send(ask, sendtime=int(NOW) + 600)
    before = [ask("GET", f"/rest/mtsms/{found}").status_code for found in (buffered, scheduled)]
    advance(frozen, 1)
    sent = ask("GET", f"/rest/mtsms/{buffered}")
    advance(frozen, 600)
    later = ask("GET", f"/rest/mtsms/{scheduled}")

    assert [404, 404] == before
    assert "ENROUTE" == shaped("get-sms", sent)[0]["recipients"][0]["dsnstatus"]
    assert int(NOW) + 600 == shaped("get-sms", later)[0]["sendtime"]


def test_a_failed_message_tells_its_code(frozen, ask):
    """A receipt row shows as status, error and hexadecimal code of the recipient."""
    from simulators import catalog
    from simulators.kernel.rules import install, read_all

    rule = {"match": {"provider": "gatewayapi"}, "effect": {"error": "0x1010"}}
    install(frozen.world, read_all([rule], catalog.PROVIDERS))
    found = send(ask)
    advance(frozen, 60)

    (shown,) = shaped("get-sms", ask("GET", f"/rest/mtsms/{found}"))

    recipient = shown["recipients"][0]
    assert ("UNDELIVERABLE", "Unknown subscriber", "0x1010") == (
        recipient["dsnstatus"],
        recipient["dsnerror"],
        recipient["dsnerrorcode"],
    )


def test_a_scheduled_message_is_deleted_once(frozen, ask):
    """204 without a body, then 410; no recipient ever gets it."""
    found = send(ask, 4512345678, 4587654321, sendtime=int(NOW) + 600)

    first = ask("DELETE", f"/rest/mtsms/{found}")
    second = ask("DELETE", f"/rest/mtsms/{found}")
    advance(frozen, 1000)

    assert (204, b"") == (first.status_code, first.content)
    assert 410 == second.status_code
    shaped("error", second)
    lifecycles = [m.status(NOW + 1000, {})[0].status for m in frozen.messages()]
    assert ["DELETED", "DELETED"] == lifecycles


@pytest.mark.parametrize("sendtime", [None, int(NOW), 915148800, int(NOW) + 5])
def test_what_is_sent_cannot_be_deleted(sendtime, frozen, ask):
    """410 for a message without a time to come, or whose time has come."""
    found = send(ask, sendtime=sendtime)
    advance(frozen, 10)

    assert 410 == ask("DELETE", f"/rest/mtsms/{found}").status_code


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["1", "999999999999999", "abc", "1-1", "²", "9" * 5000])
def test_an_unknown_id_is_not_found(method, name, default, ask):
    """404 in the API's own shape."""
    answer = ask(method, f"/rest/mtsms/{name}")

    assert 404 == answer.status_code
    shaped("error", answer)


def test_a_second_recipients_message_has_no_id_of_its_own(frozen, ask):
    """What the simulator keeps under `<id>-1` is not an id of GatewayAPI's."""
    found = send(ask, 4512345678, 4587654321)
    advance(frozen, 60)

    assert [f"{found}-1", f"{found}"] == [message.id for message in frozen.messages()]
    assert 404 == ask("GET", f"/rest/mtsms/{found}-1").status_code


def test_an_account_reads_only_its_own_messages(default, sms, ask, vendor_dns):
    """Another account's id is not found."""
    found = send(ask)

    other = ask("DELETE", f"/rest/mtsms/{found}", auth=(sms.credentials("gatewayapi")["token"], ""))

    assert 404 == other.status_code


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/rest", 404),
        ("POST", "/rest/email", 404),
        ("PUT", "/rest/mtsms", 405),
        ("POST", "/rest/me", 405),
        ("PATCH", "/rest/mtsms/1", 405),
        ("GET", "/api/usage/labels", 405),
    ],
)
def test_where_nothing_is_served_the_answer_is_gatewayapis(method, path, status, default, ask):
    """404 and 405 are JSON with an incident, as every refusal."""
    answer = ask(method, path)

    assert status == answer.status_code
    assert "application/json" == answer.headers["content-type"]
    shaped("error", answer)


@pytest.mark.parametrize(("balance", "credit"), [(None, 1234.56), (7, 7.0), (-0.5, -0.5)])
def test_the_account_tells_its_credit(balance, credit, default, ask):
    """What is left, as a float, with the currency."""
    default.world.save("balance", balance)

    shown = shaped("get-account", ask("GET", "/rest/me"))

    assert (credit, "DKK") == (shown["credit"], shown["currency"])


def test_prices_need_no_credentials(default, ask):
    """The same list as JSON and as CSV; another form is not found."""
    as_json = ask("GET", "/api/prices/list/sms/json", auth=None)
    as_csv = ask("GET", "/api/prices/list/sms/csv", auth=None)

    prices = {row["country"]: row for row in shaped("list-prices", as_json)["standard"]}
    assert (0.307, 45, "Denmark") == tuple(
        prices["DK"][name] for name in ("dkk", "prefix", "country_name")
    )
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert len(prices) == len(rows)
    assert 404 == ask("GET", "/api/prices/list/sms/xml", auth=None).status_code


def test_usage_is_by_label_country_and_class(frozen, ask):
    """SMS and cost of the days asked for, unlabelled ones under null."""
    send(ask, 4512345678, 4512345679)
    send(ask, 4512345678, message="a" * 200)
    send(ask, 4687654321, label="x", **{"class": "premium"})
    advance(frozen, 3 * 86400)
    send(ask, 4512345678, label="x")
    days = {"from": "2026-11-20", "to": "2026-11-22"}

    usage = shaped("usage-by-label", ask("POST", "/api/usage/labels", json=days))
    labelled = ask("POST", "/api/usage/labels", json={**days, "label": "x"}).json()

    assert [(4, 1.228, "DK", None, "standard"), (1, 0.5, "SE", "x", "premium")] == [
        tuple(row[name] for name in ("amount", "cost", "country", "label", "messageclass_id"))
        for row in usage
    ]
    assert [("SE", "x")] == [(row["country"], row["label"]) for row in labelled]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"from": "2026-11-01"},
        {"from": "x", "to": "y"},
        {"from": 1, "to": []},
        {"from": "0001-01-01", "to": "9999-12-31"},
    ],
)
def test_days_that_are_none_are_refused(body, default, ask):
    """400 or 422, never broken."""
    answer = ask("POST", "/api/usage/labels", json=body)

    assert answer.status_code in (400, 422)
    shaped("error", answer)


def test_received_messages_come_in_pages(frozen, ask):
    """Those of the days asked for, oldest first, as the webhook has them."""
    for day in range(5):
        frozen.reply("gatewayapi", "+4512345678", f"foo {day}", to="451204")
        frozen.clock.advance(86_400)
    query = {"from": "2026-11-21", "to": "2026-11-24", "page": 2, "per_page": 3}

    page = shaped("list-received", ask("GET", "/rest/mosms", params=query))
    empty = ask("GET", "/rest/mosms", params={"from": "2020-01-01", "to": "2020-01-02"}).json()

    assert [
        {
            "id": 1_000_004,
            "msisdn": 4512345678,
            "receiver": 451204,
            "message": "foo 3",
            "senttime": int(NOW) + 3 * 86_400,
            "webhook_label": "inbound",
            "country_code": "DK",
            "country_prefix": 45,
        }
    ] == page["messages"]
    assert (2, 2, 3, 4) == tuple(page[name] for name in ("page", "pages", "per_page", "results"))
    assert ([], 0, 0) == (empty["messages"], empty["pages"], empty["results"])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"page": "0"},
        {"page": "x"},
        {"page": "9" * 50},
        {"per_page": "201"},
        {"from": "x"},
    ],
)
def test_a_wrong_page_is_refused(query, default, ask):
    """400: the arguments are invalid."""
    days = {"from": "2026-11-01", "to": "2026-11-30"} if query else {}

    answer = ask("GET", "/rest/mosms", params={**days, **query})

    assert 400 == answer.status_code
    shaped("error", answer)


def test_details_of_a_message_stay_small(frozen, ask):
    """A plain message keeps its id and place and nothing else beside the inbox's own fields."""
    found = send(ask)

    (kept,) = frozen.messages()
    assert {"id": found, "of": 1, "n": 0} == json.loads(json.dumps(kept.details))
