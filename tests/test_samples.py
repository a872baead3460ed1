"""One record a provider, and no table of providers beside it."""

import json
import re
from pathlib import Path

import pytest

from simulators import catalog
from simulators.data import bring, contracts
from simulators.kernel import phone, reading
from simulators.samples import BadSample, count, filled_pattern, sample, wire

ROOT = Path(__file__).parent.parent
PROVIDERS = catalog.PROVIDERS
RECORD = json.loads((contracts("twilio") / "sample.json").read_text())


def test_no_other_file_names_every_provider():
    """What names them all would leave a new one out in silence."""
    found = [
        str(path.relative_to(ROOT))
        for folder in ("simulators", "loadtests", "tests", "examples")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if all(re.search(rf"[\"']{name}[\"']", path.read_text()) for name in PROVIDERS)
    ]

    assert [] == found


@pytest.mark.parametrize("name", PROVIDERS)
def test_numbers_are_valid_at_home_and_never_the_same(name):
    """A pattern has many; neighbours differ; the foreign one is elsewhere."""
    record = sample(name)
    numbers = [record.number(n) for n in range(200)]
    parsed = [phone.parse(number) for number in numbers]

    assert 200 == len(set(numbers))
    assert {(record.region, True)} == {(number.region, number.valid) for number in parsed}
    assert record.region != phone.parse(record.foreign).region
    assert count(record.home["numbers"]) >= 1_000_000


def test_a_pattern_is_counted_through():
    """From its first number to its last, each once."""
    assert 80 == count("+1N#")
    assert ["+120", "+121", "+199"] == [filled_pattern("+1N#", n) for n in (0, 1, 79)]
    assert 80 == len({filled_pattern("+1N#", n) for n in range(80)})


@pytest.mark.parametrize("name", [n for n in PROVIDERS if sample(n).batch])
def test_a_batch_reaches_both(name, sms, send_raw):
    """As the provider's clients send to several at once."""
    record = sample(name)
    one, other = record.number(1), record.number(2)
    call = record.call(
        sms.credentials(name),
        record.written(one),
        "135790",
        other=record.written(other),
        now=sms.clock.now().timestamp(),
        nonce="1",
    )

    answer = send_raw(wire(call, f"/{name}"))

    assert {one, other} == {message.to for message in sms.messages()}, answer


def test_what_is_signed_is_not_what_is_sent_unsigned():
    """The record of one that signs is made anew with each time and nonce."""
    record, known = sample("aliyun"), PROVIDERS["aliyun"].published
    calls = [record.call(known, "13012345678", "1", now=n, nonce=str(n)) for n in (0, 1)]
    signatures = {reading.form(call)["Signature"] for call in calls}

    assert 2 == len(signatures)


def test_a_provider_without_a_record_is_told_which_file_to_write(tmp_path, monkeypatch):
    """And what stands in it."""
    monkeypatch.setattr("simulators.data._BROUGHT", {})
    bring("acme", tmp_path)

    with pytest.raises(BadSample, match=r'acme has no sample; expected .*sample\.json with "send"'):
        sample("acme")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"foreign": 7}, 'expected a line "foreign": a number in another region'),
        ({"send": {"method": "POST"}}, 'expected a line "path": "..." in "send"'),
        ({"send": {**RECORD["send"], "form": {"To": "{to}"}}}, 'expected {code} in "send"'),
        ({"send": {**RECORD["send"], "from": {}}}, "send has ['from']; expected method, path"),
        ({"batch": {}}, 'expected {other} in "batch"'),
        ({"writes": "e146"}, "one of e164, digits, national"),
        ({"home": {"region": "US", "numbers": "+1415"}}, "a pattern that ends in seven places"),
        ({"home": {"region": "DK", "numbers": "+1415N######"}}, "is in US; expected"),
        ({"foreign": "+14155550123"}, 'expected "foreign" to be a number outside US'),
        ({"forein": "+14155550123"}, "['forein']; expected only send, batch"),
    ],
)
def test_a_record_that_lacks_something_is_told_the_line(change, said, tmp_path, monkeypatch):
    """By the file it goes into."""
    monkeypatch.setattr("simulators.data._BROUGHT", {})
    bring("acme", tmp_path)
    full = {**RECORD, **change}
    (tmp_path / "sample.json").write_text(json.dumps(full))

    with pytest.raises(BadSample, match=re.escape(said)) as told:
        sample("acme")

    assert str(tmp_path) in str(told.value)
