"""What proves who asks is in no verdict, and a journal of any length is read."""

import copy
import json

import pytest

from simulators.catalog import PROVIDERS
from simulators.check import journalled, report
from simulators.check.examples import examples
from simulators.check.masking import masked, without_proofs
from simulators.check.recorded import read
from simulators.check.verdict import judge
from simulators.data import data
from simulators.kernel.contracts import contract
from simulators.kernel.credentials import secret_fields

MARK = "Top-Secret"


def planted(value, proofs, name=""):
    """The document with a mark wherever a proof is."""
    if isinstance(value, dict):
        return {key: planted(item, proofs, key) for key, item in value.items()}
    if name.casefold() in proofs and isinstance(value, str):
        return f"Basic {MARK}" if name == "authorization" else MARK
    return value


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_no_breach_of_any_example_shows_a_proof(provider):
    """Neither where it is broken itself, nor where what holds it is."""
    proofs, seen = secret_fields(provider.credentials), 0
    for path in (data("contracts") / provider.name).glob("*.examples.json"):
        agreed = contract(provider.name, path.name.split(".")[0])
        for example in examples(provider.name, path.name.split(".")[0]).breaks:
            document = example.document
            if not isinstance(document, dict) or "headers" not in document:
                continue  # a callback's
            for broken in (planted(document, proofs), {**planted(document, proofs), "path": MARK}):
                seen += MARK in json.dumps(broken)
                told = without_proofs(provider, broken, agreed.check(broken))

                shows_path = broken["path"] == MARK and "path" not in proofs
                assert shows_path or MARK not in json.dumps([breach.as_dict() for breach in told])

    assert seen


def test_every_secret_of_an_account_goes_by_a_name_that_is_masked():
    """What the published credentials are in a request is not in its masked document."""
    requests = {
        "vonage": {"body": {"api_key": "k", "api_secret": "FakeSecret123456", "sig": "ab"}},
        "gatewayapi": {"query": {"token": "FakeTokenFakeToken"}, "body": {"password": "p"}},
        "aliyun": {"query": {"SecurityToken": "FakeToken"}, "body": {"Signature": "x="}},
        "tencent": {"headers": {"authorization": "TC3-HMAC-SHA256 x", "x-tc-token": "t"}},
        "http_sms": {"headers": {"authorization": "Bearer x"}, "path": "/hooks/fake"},
    }
    for name, document in requests.items():
        before = copy.deepcopy(document)
        safe = masked(PROVIDERS[name], document)

        assert before == document
        values = [v for part in safe.values() for v in (part.values() if part != "***" else [part])]
        assert set(values) <= {"***", "k", "TC3-HMAC-SHA256 ***", "Bearer ***"}


@pytest.mark.parametrize("shape", report.FORMATS)
def test_no_report_shows_a_proof(shape, tmp_path):
    """In any format, of a secret that is too long, a wrong header, a path that is one."""
    lines = [
        {
            "method": "POST",
            "url": f"https://rest.nexmo.com/sms/json?api_secret={MARK}",
            "headers": {"content-type": "application/x-www-form-urlencoded"},
            "body": f"api_key=abcd1234&api_secret={MARK}&sig={MARK}&to=1",
        },
        {
            "method": "POST",
            "url": "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json",
            "headers": {"authorization": f"Bearer {MARK}"},
        },
        {
            "method": "POST",
            "url": f"https://sms-webhook.example.com/hooks/{MARK}",
            "headers": {"content-type": "application/json"},
            "body": {"payload": {}},
        },
    ]
    file = tmp_path / "sent.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))

    verdicts = [judge(request, {}) for request in read(file)]

    assert all(verdict.breaches for verdict in verdicts)
    assert MARK not in report.FORMATS[shape](verdicts)


def test_a_journal_is_read_page_by_page(sms, text, monkeypatch):
    """To its beginning, in order."""
    for last in range(5):
        text("twilio", f"+1500555001{last}")
    monkeypatch.setattr(journalled, "MOST", 2)

    verdicts = journalled.read(sms.simulators.url, sms.world.id, "")

    assert [f"request {n}" for n in range(1, 6)] == [verdict.place for verdict in verdicts]
