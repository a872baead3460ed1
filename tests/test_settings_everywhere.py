"""What an account is set to do, and every provider's own words when it is refused for that."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import operations
from simulators.kernel.catalogue import Place, Problem
from simulators.samples import sample


def home(name):
    """A number of a provider's home market as its clients write it, in E.164, and its region."""
    record = sample(name)
    number = record.ending("9990999")
    return record.written(number), number, record.region


def settle(sms, name, value):
    sms.simulators.call(lambda: operations.settle(sms.world, name, value))


SETTINGS = {
    Problem.REGION_NOT_ALLOWED: lambda _e164, home: (
        "regions",
        {"allowed": None, "blocked": [home]},
    ),
    Problem.OPTED_OUT: lambda e164, _home: ("optouts", [e164]),
    Problem.SUSPENDED: lambda _e164, _home: ("suspended", True),
    Problem.NO_CREDIT: lambda _e164, _home: ("balance", 0),
}


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("problem", SETTINGS)
def test_a_setting_is_refused_in_the_provider_s_own_words(problem, name, sms, text):
    """By the row that the provider has for it, now or as the message's end; lifted, the same
    number is reached."""
    provider, (to, e164, region) = PROVIDERS[name], home(name)
    row = provider.row(problem)
    document, value = SETTINGS[problem](e164, region)
    settle(sms, document, value)

    answer = text(name, to)
    kept = sms.messages()
    settle(sms, document, None)
    text(name, to, code="654321")

    if kept:
        ends = row if row.place is Place.RECEIPT else provider.row(row.later)
        step, _since = kept[0].status(kept[0].at + 1e9, provider.lifecycles)
        assert (ends.status, ends.key) == (step.status, step.error)
    else:
        assert row.http_status == answer.status
        assert str(row.code) in answer.body.decode() or str(row.code) == str(answer.status)
    assert len(kept) + 1 == len(sms.messages())


@pytest.mark.parametrize(("name", "permits"), [("aliyun", 5), ("http_sms", 7), ("twilio", 1)])
def test_of_64_at_once_exactly_as_many_pass_as_are_permitted(name, permits, sms, text):
    """Over real sockets: to look whether there is room and to take it is one step."""
    sms.clock.freeze()
    sms.limits([{"permits": permits, "seconds": 60, "key": ["number"], "name": "mine"}])

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda n: text(name, home(name)[0], f"{n:06d}"), range(64)))

    assert permits == len(sms.messages())
    assert 64 - permits == sum("mine" == a.headers.get("x-simulator-rule") for a in answers)


def test_of_64_at_once_aliyun_lets_one_a_minute_pass(sms, text):
    """By its documented limits, and the rest are told so in its words."""
    sms.clock.freeze("2026-11-21T04:00:00Z")

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda n: text("aliyun", home("aliyun")[0], f"{n:06d}"), range(64)))

    bodies = [answer.json() for answer in answers]
    assert 1 == len(sms.messages()) == sum("OK" == body["Code"] for body in bodies)
    assert {"OK", "isv.BUSINESS_LIMIT_CONTROL"} == {body["Code"] for body in bodies}
    assert {"OK", "触发分钟级流控Permits:1"} == {body["Message"] for body in bodies}


# Numbers that Logto's history of faults is about: what was written, and whose number it is. An
# American one whose digits could begin a Chinese one (+1 862), a Chinese one without its plus or
# with 00, and with the national prefix alone.
TRAPS = [
    ("twilio", "+18625550123", "+18625550123"),
    ("twilio", "18625550123", "+18625550123"),
    ("http_sms", "18625550123", "+18625550123"),
    ("http_sms", "+18625550123", "+18625550123"),
    ("http_sms", "8613012345678", "+8613012345678"),
    ("tencent", "18625550123", "+8618625550123"),
    ("tencent", "8613012345678", "+8613012345678"),
    ("tencent", "008613012345678", "+8613012345678"),
    ("aliyun", "18625550123", "+8618625550123"),
    ("aliyun", "8613012345678", "+8613012345678"),
    ("aliyun", "+8613012345678", "+8613012345678"),
    ("aliyun", "008613012345678", "+8613012345678"),
]


@pytest.mark.parametrize(("name", "written", "meant"), TRAPS)
def test_a_number_is_taken_for_whose_the_provider_takes_it(name, written, meant, sms, text):
    """Whatever its first digits look like."""
    answer = text(name, written)

    assert [meant] == [message.to for message in sms.messages()], answer.body


def test_an_american_number_with_its_plus_is_abroad_for_tencent(sms, text):
    """The same digits without the plus are a Chinese number: a template for home refuses one
    alone."""
    (status,) = text("tencent", "+18625550123").json()["Response"]["SendStatusSet"]

    assert ("+18625550123", "US") == (status["PhoneNumber"], status["IsoCode"])
    assert status["Code"].startswith("UnsupportedOperation.")
    assert [] == sms.messages()
