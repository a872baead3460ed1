"""Numbers as people write them: read as the provider at hand does, else by country code."""

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import optouts
from simulators.kernel.checks import Unacceptable
from simulators.kernel.rules import read
from simulators.kernel.written import e164, readings
from simulators.samples import sample


@pytest.mark.parametrize(
    ("written", "provider", "expected"),
    [
        ("447700900000", "", "+447700900000"),
        ("447700900000", "vonage", "+447700900000"),
        ("447700900000", "aliyun", "+447700900000"),
        ("15005550009", "", "+15005550009"),
        ("15555550100", "", "+15555550100"),
        ("4155552671", "twilio", "+14155552671"),
        ("13800138000", "aliyun", "+8613800138000"),
        ("13800138000", "tencent", "+8613800138000"),
        ("13800138000", "twilio", "+13800138000"),
        ("+13800138000", "aliyun", "+13800138000"),
        (" 13800138000", "aliyun", "+13800138000"),
        ("0013800138000", "tencent", "+13800138000"),
        ("79031234567", "smsaero", "+79031234567"),
        ("44 7700 900000", "vonage", "+447700900000"),
        ("+44 (7700) 900-000", "", "+447700900000"),
    ],
)
def test_reads_a_number(written, provider, expected):
    """A plus settles it; then the provider; then a country code, if that is possible."""
    assert expected == e164(written, PROVIDERS.get(provider))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_number_is_read_as_the_provider_s_clients_write_it(provider):
    """At home and abroad."""
    record = sample(provider)
    for number in (record.number(1), record.foreign):
        assert number == e164(record.written(number), PROVIDERS[provider])


def test_what_is_no_number_is_refused():
    """With an example of one."""
    with pytest.raises(Unacceptable, match="like \\+15005550010"):
        e164("hello")


def test_a_filter_knows_every_reading():
    """The likeliest first, each once."""
    assert ("+13800138000", "+8613800138000") == readings("13800138000", PROVIDERS.values())
    assert ("+447700900000",) == readings("447700900000", [PROVIDERS["vonage"]])


@pytest.mark.parametrize(
    ("match", "to"),
    [
        ({"to": "447700900000"}, "+447700900000"),
        ({"to": "13800138000", "provider": "aliyun"}, "+8613800138000"),
        ({"to": "*0001"}, "*0001"),
        ({"to": "12"}, "12"),
    ],
)
def test_a_rule_matches_the_number_it_names(match, to):
    """Digits alone would match no number, which are all in E.164."""
    assert to == read({"match": match, "effect": {"delay_ms": 1}}, PROVIDERS, "r")["match"]["to"]


def test_an_opt_out_and_a_reply_are_of_the_number_that_was_meant(sms):
    """The README's own Vonage number is a British one."""
    sms.optouts("447700900000")
    assert ["+447700900000"] == optouts.listed(sms.world)
    sms.optouts()

    assert "+447700900000" == sms.reply("vonage", "447700900000", "hello").sender
