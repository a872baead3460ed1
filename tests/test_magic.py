"""The shipped numbers whose last digits decide what happens: each is sent to, by every provider."""

import re
from http.client import HTTPException
from pathlib import Path

import pytest
import yaml

from simulators import catalog, files
from simulators.kernel.catalogue import Place, Problem
from simulators.kernel.message import State
from simulators.samples import sample

RULES = files.read_rules(["magic"], catalog.PROVIDERS)
EFFECTS = {rule["match"]["to"].removeprefix("*"): rule["effect"] for rule in RULES}
ERRORS = {digits: effect["error"] for digits, effect in EFFECTS.items() if "error" in effect}
ENDS = {d: e["receipt"]["state"] for d, e in EFFECTS.items() if "state" in e.get("receipt", {})}


def home(provider, digits):
    """A number of the provider's home market, as its clients write it."""
    record = sample(provider)
    return record.written(record.ending(digits))


@pytest.fixture
def magic(sms, text):
    """Sends to a magic number of a provider's home market."""
    sms.script("magic")
    sms.clock.freeze()

    def send(provider, digits, **options):
        return text(provider, home(provider, digits), **options)

    return send


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
def test_without_the_rules_a_number_is_a_number(provider, sms, text):
    """Magic is off unless asked for."""
    text(provider, home(provider, "9990101"))

    assert 1 == len(sms.messages())


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
@pytest.mark.parametrize("digits", ERRORS)
def test_a_refusal_is_spelled_by_each_provider(digits, provider, sms, magic):
    """Code, status and place are those of its row; a row of receipts ends the message later."""
    row = catalog.PROVIDERS[provider].row(Problem(ERRORS[digits]))

    answer = magic(provider, digits)

    if row.place is Place.RECEIPT:
        (message,) = sms.messages()
        step, _since = message.status(message.at + 1e9, catalog.PROVIDERS[provider].lifecycles)
        assert (row.status, row.key) == (step.status, step.error)
    else:
        assert [] == sms.messages()
        assert row.http_status == answer.status
        assert str(row.code) in answer.body.decode() or str(row.code) == str(answer.status)


def test_throttled_once_lets_the_second_pass(sms, magic):
    """As for a client that tries again."""
    assert [429, 201] == [magic("twilio", "9990113").status for _ in range(2)]


@pytest.mark.parametrize("provider", ["aliyun", "twilio"])
@pytest.mark.parametrize("digits", ["9990203", "9990204", "9990205", "9990206"])
def test_a_broken_connection_is_no_answer(digits, provider, sms, magic):
    """Only where the answer alone is lost or cut is there a message."""
    with pytest.raises((OSError, HTTPException)):
        magic(provider, digits)

    assert (digits in ("9990205", "9990206")) == bool(sms.messages())


@pytest.mark.parametrize("digits", ["9990201", "9990202"])
def test_a_slow_answer_outlasts_a_short_timeout(digits, sms, magic):
    """Three seconds and never; the message that is answered late was taken at once."""
    with pytest.raises(TimeoutError):
        magic("twilio", digits, timeout=0.2)

    assert (digits == "9990201") == bool(sms.messages())


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
@pytest.mark.parametrize("digits", [d for d, effect in EFFECTS.items() if "answer" in effect])
def test_an_answer_that_is_none_comes_as_written(digits, provider, sms, magic):
    """Status and body to the letter, and nothing is sent."""
    wanted = EFFECTS[digits]["answer"]

    answer = magic(provider, digits)

    assert (wanted.get("status", 200), wanted["body"]) == (answer.status, answer.body.decode())
    assert [] == sms.messages()


@pytest.mark.parametrize("name", [n for n, p in catalog.PROVIDERS.items() if p.receipts])
@pytest.mark.parametrize("digits", ENDS)
def test_a_message_ends_as_the_provider_words_it(digits, name, sms, magic):
    """By a row of its catalogue where one ends so, else by its word; without either, as usual."""
    provider = catalog.PROVIDERS[name]
    state = State(ENDS[digits])

    magic(name, digits)

    (message,) = sms.messages()
    step, _since = message.status(message.at + 1e9, provider.lifecycles)
    known = state in provider.states.values()
    assert (state if known else State.DELIVERED) is provider.states[step.status]
    if step.error:
        assert Place.RECEIPT is provider.catalogue[step.error].place


def test_a_receipt_is_ten_minutes_late(sms, magic):
    """And until then the message is on its way."""
    magic("twilio", "9990404")

    (message,) = sms.messages()
    lifecycles = catalog.PROVIDERS["twilio"].lifecycles
    assert ["sent", "delivered"] == [
        message.status(message.at + s, lifecycles)[0][1] for s in (599, 600)
    ]


def test_the_page_lists_every_number_with_its_effect():
    """In the order of the file, which is the order they are asked in."""
    page = (Path(__file__).parent.parent / "docs" / "rules.md").read_text()
    rows = re.findall(r"^\| `(\d{7})` \| `(.+?)` \| [^|]+ \|$", page, re.M)

    assert list(EFFECTS.items()) == [(digits, yaml.safe_load(effect)) for digits, effect in rows]
