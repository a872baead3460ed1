"""Rules and receipts over the control API, and tables of limits of one's own."""

import json
from http.client import HTTPConnection
from urllib.parse import unquote

import pytest


@pytest.fixture
def ask(sms_server, sms):
    """One request to the control API for a fresh account: status and document."""

    def send(method, path, body=None):
        connection = HTTPConnection("127.0.0.1", sms_server.ports["http"], timeout=10)
        joint = "&" if "?" in path else "?"
        raw = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if raw else {}
        try:
            connection.request(method, f"{path}{joint}account={sms.world.id}", raw, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    return send


BUSY = {"match": {"provider": "twilio", "times": 1}, "effect": {"error": "20429"}}


def test_rules_are_listed_in_their_order(ask):
    """PUT replaces, POST adds behind; each has a name and its uses."""
    ask("PUT", "/_sim/rules", {"rules": [{**BUSY, "name": "busy"}]})
    ask("POST", "/_sim/rules", {"effect": {"delay_ms": 1}})

    status, listed = ask("GET", "/_sim/rules")

    assert 200 == status
    assert ["busy", "rule-2"] == [rule["name"] for rule in listed["rules"]]
    assert [0, 0] == [rule["used"] for rule in listed["rules"]]


def test_a_wrong_code_is_refused_with_near_ones(ask):
    """Nothing of a list is taken when one of its rules is wrong."""
    ask("PUT", "/_sim/rules", {"rules": [BUSY]})

    status, answer = ask("PUT", "/_sim/rules", {"rules": [BUSY, {"effect": {"error": "2042"}}]})

    assert 400 == status
    assert "20429" in answer["expected"]
    assert 1 == len(ask("GET", "/_sim/rules")[1]["rules"])


def test_one_rule_or_all_are_taken_away(ask):
    """By name one, without a name all; a name nobody has is 404 with the near one."""
    ask("PUT", "/_sim/rules", {"rules": [{**BUSY, "name": "busy"}, {"effect": {"delay_ms": 1}}]})

    assert 404 == ask("DELETE", "/_sim/rules?name=bussy")[0]
    assert ["rule-2"] == [r["name"] for r in ask("DELETE", "/_sim/rules?name=busy")[1]["rules"]]
    assert [] == ask("DELETE", "/_sim/rules")[1]["rules"]


WRONG_TABLES = [
    ([{"permits": 1, "seconds": 60, "key": []}], "number"),
    ([{"permits": 1, "seconds": 60, "key": ["nummer"]}], "number"),
    ([{"permits": 1, "seconds": 0, "key": ["number"]}], "from 0.001"),
    ([{"seconds": 60, "key": ["number"]}], "a value"),
    ([{"permits": 1, "seconds": 60, "key": ["number"], "error": "21610"}], "provider"),
    ([{"permits": 1, "seconds": 60, "key": ["number"], "kind": "fixed"}], "rolling"),
]


@pytest.mark.parametrize(("table", "expected"), WRONG_TABLES)
def test_a_wrong_table_of_limits_is_refused(table, expected, ask):
    """The row and what was expected there are named."""
    status, answer = ask("PUT", "/_sim/limits", {"mode": table})

    assert 400 == status
    assert expected in answer["expected"]


def test_a_table_of_one_s_own_replaces_the_provider_s(ask):
    """It is what GET shows as the mode."""
    table = [{"permits": 2, "seconds": 60, "key": ["number", "template"]}]

    assert 200 == ask("PUT", "/_sim/limits", {"mode": table})[0]
    assert [{"name": "own-0", **table[0]}] == ask("GET", "/_sim/limits")[1]["mode"]


def test_receipts_begin_empty(ask):
    """Nothing to come, nothing tried."""
    assert (200, {"pending": [], "under_way": [], "attempts": []}) == ask("GET", "/_sim/receipts")


@pytest.mark.parametrize("name", ["一分钟一条", "50% off", "дважды в минуту"])
def test_a_rule_may_be_named_in_any_script(control, send, name):
    """The answer it fires on is the provider's, and its header can be read back."""
    control("PUT", "/_sim/rules", {"rules": [{"name": name, "effect": {"error": "throttled"}}]})

    answer = send()

    assert 429 == answer.status
    assert name == unquote(answer.headers["x-simulator-rule"])


def test_a_limit_may_be_named_in_any_script(control, send):
    """So may a row of an account's own table."""
    row = {"name": "每分钟一条", "permits": 1, "seconds": 60, "key": ["number"]}
    control("PUT", "/_sim/limits", {"mode": [row]})
    send()

    answer = send()

    assert 429 == answer.status
    assert "每分钟一条" == unquote(answer.headers["x-simulator-rule"])


@pytest.mark.parametrize("name", ["a\nb", "a\r\nX-Evil: 1", "\x00", "a\x7f", "a\u2028b"])
def test_a_name_with_a_control_character_is_refused(control, name):
    """At once, by rules and by limits, and not by the answers they would fire on."""
    rule = {"name": name, "effect": {"error": "throttled"}}
    row = {"name": name, "permits": 1, "seconds": 60, "key": ["number"]}

    refused = [
        control("PUT", "/_sim/rules", {"rules": [rule]}),
        control("PUT", "/_sim/limits", {"mode": [row]}),
    ]

    assert [400, 400] == [answer.status for answer in refused]
    assert all("without control characters" in answer.json["expected"] for answer in refused)


@pytest.mark.parametrize("status", [200, 204, 304])
def test_an_answer_is_framed_by_the_server(control, send, status):
    """Whatever length a rule's answer claims, and whether its status has a body: the connection
    stays whole."""
    headers = {"Content-Length": "3", "Transfer-Encoding": "identity", "X-Kept": "yes"}
    answer = {"status": status, "headers": headers, "body": "longer than that"}
    control("PUT", "/_sim/rules", {"rules": [{"effect": {"answer": answer}}]})

    sent = send()

    assert (status, "yes") == (sent.status, sent.headers["x-kept"])
    assert (b"longer than that" if status == 200 else b"") == sent.raw
