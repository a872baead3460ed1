"""Nothing that `drift` prints or writes has anything of the account in it, wherever and however a
vendor repeats it."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus, unquote

import pytest

from simulators.catalog import PROVIDERS
from simulators.drift.cleaning import Cleaner
from simulators.drift.report import FORMATS
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import made
from simulators.probes import probes
from simulators.samples import sample


def spellings(value):
    """One value as a vendor may write it."""
    raw = value.encode()
    return [
        value,
        quote(value, safe=""),
        quote_plus(value),
        quote(quote(value, safe=""), safe=""),
        "".join(f"%{byte:02x}" for byte in raw),
        json.dumps(value),
        "".join(f"\\u{ord(char):04x}" for char in value),
        html.escape(value),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(b"user:" + raw + b":x").decode(),
    ]


def own(provider, known):
    """What of an account may be seen nowhere: what proves it, and what it is known by."""
    return [
        known[row.name]
        for row in provider.credentials
        if (row.secret or row.identifies) and row.name in known
    ]


def shown(report):
    """All that a run prints and writes."""
    return "\n".join([*(make(report) for make in FORMATS.values()), *report.lines])


def planting(values, came, answered):
    """The vendor's answer, with all these values in all places of it, and what came with it."""
    every = [spelled for value in values for spelled in spellings(value)]
    everything = " ".join([*every, json.dumps(came.headers), came.body.decode(), came.target])
    answered.headers["location"] = f"https://elsewhere.example/?q={quote(everything)[:4000]}"
    answered.headers["www-authenticate"] = f'Basic realm="{quote_plus(" ".join(values))}"'
    answered.headers["set-cookie"] = f"session={values[0]}"
    try:
        document = json.loads(answered.body)
    except ValueError:
        answered.body += everything.encode()
        return answered
    if isinstance(document, dict):
        told = {name: f"{value} {everything}" for name, value in document.items()}
        for number, one in enumerate(every):
            told[f"echo-{number}"] = one
            told[one[:60]] = number
        told["nested"] = [{"auth_token": values[-1]}, {"deep": {"api_key": everything}}]
        told["access_token"] = "a-token-of-nobody-here"
        document = {**document, **told}
    answered.body = json.dumps(document).encode()
    return answered


@pytest.mark.parametrize("name", PROVIDERS)
def test_nothing_of_the_account_is_shown_wherever_the_vendor_repeats_it(name, ask, vendor, mine):
    """Raw, percent-encoded once and twice, as JSON, XML and base64: in texts, names, numbers and
    headers; signatures too, in the request as it came."""
    provider, known = PROVIDERS[name], mine(name)
    values = own(provider, known)
    vendor.plan = lambda came, answered: planting(values, came, answered)
    names = [probe.name for probe in probes(provider).probes if not probe.spend]

    report = ask(name, *names[:4], *names[-1:])

    text = shown(report)
    assert report.counts()["differs"]
    assert "a-token-of-nobody-here" not in text
    found = [value for value in values for spelled in spellings(value) if spelled in text]
    assert [] == found
    sent = [f"{came.headers.get('authorization')}&{came.body.decode()}" for came in vendor.came]
    proofs = [re.search(r"Signature=([^&,]+)", one) for one in sent if values[0] in one]
    assert [] == [found[1] for found in proofs if found and unquote(found[1]) in text]


def test_an_account_s_own_things_are_left_with_it(ask, vendor):
    """Names, numbers, texts and amounts are in no recording, nor what only the vendor has."""

    def plan(came, answered):
        message = {"to": "+15125550188", "body": "Your code is 998877", "sid": "SM" + 32 * "7"}
        own = {"friendly_name": "Blue Whale Ltd", "balance": "1234.56", "messages": [message]}
        more = {"invoice_address": "12 Harbour Road", "rates": [{"de": 0.0815}]}
        return answered.with_json(lambda d: d.update({**own, **more}))

    vendor.plan = plan

    report = ask("twilio", "account", "balance", "messages")

    for private in ("Blue Whale", "1234.56", "5550188", "998877", "7777", "Harbour", "0815"):
        assert private not in "".join(report.lines), private
    assert "xx xxxxxxx xxxx" not in "".join(report.lines)
    assert "00 xxxxxxx xxxx" in "".join(report.lines)


def test_the_number_that_is_sent_to_is_in_no_recording(ask, sms, vendor):
    """However the vendor writes it: a number of the sample stands in its place."""
    to = sample("vonage").number(987)

    def plan(_came, answered):
        return answered.with_json(lambda d: d.update(note=f"sent to {to} ({to[1:]})"))

    vendor.plan = plan

    report = ask("vonage", "good-send", spend=True, to=to)

    assert [to] == [message.to for message in sms.messages()]
    assert to[1:] not in shown(report)
    assert sample("vonage").number(1)[1:] in "".join(report.lines)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_clean_answer_stays_as_it_is(name):
    """What is not the account's is not touched: no difference is invented, none hidden."""
    provider = PROVIDERS[name]
    cleaner = Cleaner(provider, made(provider.credentials, Chance("mine")))
    bodies = [
        {"code": 21211, "message": "Invalid 'To' Phone Number: +1415555XXXX", "ok": True},
        {"data": [{"id": 1.5, "x": None}], "text": "请求参数缺失", "to": "447700900123"},
    ]

    assert bodies == [cleaner.value(body) for body in bodies]


def test_what_an_account_is_called_is_what_the_published_one_is():
    """So that the same answer to both is the same."""
    provider = PROVIDERS["twilio"]
    known = made(provider.credentials, Chance("mine"))
    cleaner = Cleaner(provider, known)
    path = "/2010-04-01/Accounts/{}/Messages/{}.json"

    cleaned = cleaner.text(path.format(known["account_sid"], known["messaging_service_sid"]))

    shown = provider.published
    assert path.format(shown["account_sid"], shown["messaging_service_sid"]) == cleaned
    assert "***" == cleaner.text(known["auth_token"])
