"""The journal through the control API: what came in, what broke a contract, no secrets."""

import pytest

from simulators.kernel.contracts import contract


def test_lists_requests_oldest_first(control, send):
    """Each with its answer and the messages it made."""
    send()
    send(to="nonsense")

    first, second = control("GET", "/_sim/requests").json["requests"]
    (message,) = control("GET", "/_sim/messages").json["messages"]

    assert (201, "", [message["id"]]) == (first["status"], first["error"], first["messages"])
    assert (400, "21211", []) == (second["status"], second["error"], second["messages"])
    assert "create-message" == first["operation"]
    assert "To=%2B15005550010" in first["body"]


def test_lists_what_warnings_count_for_where_it_is_asked_to(control, send):
    """`strict_warnings` adds them to the violations, by the same filters."""
    send()
    send(text="Your code is {{code}}")
    send(to="nonsense")

    def listed(**query):
        found = control("GET", "/_sim/violations", **query).json["violations"]
        return [(entry["sequence"], len(entry["warnings"])) for entry in found]

    assert [(3, 0)] == listed() == listed(strict_warnings="false")
    assert [(2, 1), (3, 0)] == listed(strict_warnings="true")
    assert [(3, 0)] == listed(strict_warnings="true", limit=1) == listed(after=2)
    assert [] == listed(strict_warnings="true", provider="vonage")
    assert 400 == control("GET", "/_sim/violations", strict_warnings="yes").status


def test_filters_by_provider_sequence_and_number(control, send):
    """`after` is the sequence of the last entry seen."""
    for _ in range(4):
        send()

    def sequences(**query):
        return [e["sequence"] for e in control("GET", "/_sim/requests", **query).json["requests"]]

    assert [1, 2, 3, 4] == sequences(provider="twilio")
    assert [3, 4] == sequences(after=2)
    assert [3, 4] == sequences(limit=2)
    assert [4] == sequences(provider="twilio", limit=1, after=1)


def test_another_providers_requests_are_left_out(control, send, sms_server):
    """For every other provider there is nothing."""
    send()

    others = [name for name in sms_server.providers if name != "twilio"]

    assert all(
        [] == control("GET", "/_sim/requests", provider=name).json["requests"] for name in others
    )


def test_secrets_are_masked_wherever_they_are(control, send, sms_server, account):
    """In the header, in the body, percent-encoded; the account's own and everybody's."""
    own = sms_server.accounts.world(account).credentials("twilio")["auth_token"]
    other = sms_server.accounts.world("default").credentials("twilio")["api_key_secret"]
    send(text=f"{own} and {other}")

    told = control("GET", "/_sim/requests").raw.decode()
    (entry,) = control("GET", "/_sim/requests").json["requests"]

    assert own not in told
    assert other not in told
    assert "Body=***+and+***" in entry["body"]
    assert entry["headers"]["authorization"].startswith("Basic AC")
    assert entry["headers"]["authorization"].endswith(":***")


def test_a_secret_that_is_punctuation_breaks_nothing(control, raw, sms_server):
    """Values are masked, not the bytes between them."""
    odd = {"id": "odd", "credentials": {"twilio": {"auth_token": ","}}}
    control("POST", "/_sim/accounts", odd)
    try:
        raw(sms_server.ports["http"], "GET", "/twilio/a,b")
        answer = control("GET", "/_sim/requests", account="strangers", limit=1)
    finally:
        control("DELETE", "/_sim/accounts/odd", account=None)

    assert 200 == answer.status
    assert "/a***b" == answer.json["requests"][0]["target"]


def test_strangers_have_a_journal_of_their_own(control, raw, sms_server):
    """Requests that no account could be found for."""
    raw(sms_server.ports["http"], "POST", "/twilio/2010-04-01/Accounts/AC1/Messages.json")

    (entry,) = control("GET", "/_sim/requests", account="strangers", limit=1).json["requests"]

    assert (401, "/2010-04-01/Accounts/AC1/Messages.json") == (entry["status"], entry["target"])


@pytest.mark.skipif(contract("twilio", "create-message") is None, reason="no contract yet")
def test_violations_say_what_was_expected(control, send):
    """A violation as a sentence: where, what came, what should have."""
    send()
    send(body={"To": "+15005550010"})

    (entry,) = control("GET", "/_sim/violations").json["violations"]

    assert entry["sentences"]
    assert all("expected" in sentence for sentence in entry["sentences"])
    assert entry["breaches"][0]["message"] == entry["sentences"][0]
    assert [] == control("GET", "/_sim/violations", after=entry["sequence"]).json["violations"]
