"""Tencent's flow control, played with a clock that stands still."""

from types import SimpleNamespace

import pytest

NUMBER, OTHER = "+8613012345678", "+8613912345678"
NOON = 1_795_233_600.0  # 2026-11-21 12:00 in Beijing
HALF_MINUTE = {
    "SerialNo": "",
    "PhoneNumber": NUMBER,
    "Fee": 0,
    "SessionContext": "",
    "Code": "LimitExceeded.PhoneNumberThirtySecondLimit",
    "Message": "the number of SMS messages sent from a single mobile number within 30 seconds"
    " exceeds the upper limit",
    "IsoCode": "CN",
}
DAY = (
    "LimitExceeded.PhoneNumberDailyLimit",
    "the number of sms messages sent from a single mobile number every day exceeds the upper limit",
)


@pytest.fixture
def now(tencent, monkeypatch):
    """Sets the account's clock, and with it the time that the SDK signs."""

    def set_to(at):
        tencent.simulators.call(lambda: tencent.world.clock.freeze(at))
        clock = SimpleNamespace(time=lambda: at, sleep=None)
        monkeypatch.setattr("tencentcloud.common.abstract_client.time", clock)

    set_to(NOON)
    return set_to


def test_a_number_gets_one_message_in_thirty_seconds(now, tencent_send):
    """Whatever the content; another number is not concerned."""
    assert "Ok" == tencent_send(NUMBER)[0]["Code"]
    now(NOON + 29.9)
    assert [HALF_MINUTE] == tencent_send(NUMBER, TemplateParamSet=["654321"])
    assert "Ok" == tencent_send(OTHER)[0]["Code"]
    now(NOON + 30)
    assert "Ok" == tencent_send(NUMBER)[0]["Code"]


def test_a_number_gets_two_messages_a_day_of_beijing(now, tencent_send):
    """A natural day: the third is refused until midnight in China."""
    for later in (0, 60):
        now(NOON + later)
        tencent_send(NUMBER)
    now(NOON + 12 * 3600 - 1)
    (row,) = tencent_send(NUMBER)
    now(NOON + 12 * 3600)
    (next_day,) = tencent_send(NUMBER)

    assert DAY == (row["Code"], row["Message"])
    assert "Ok" == next_day["Code"]


def test_what_is_refused_does_not_count(now, tencent_send):
    """Neither a refusal of the limit itself nor one for another reason."""
    tencent_send(NUMBER, TemplateParamSet=["abc"])
    assert "Ok" == tencent_send(NUMBER)[0]["Code"]
    for later in range(1, 30):
        now(NOON + later)
        tencent_send(NUMBER)
    now(NOON + 30)

    assert "Ok" == tencent_send(NUMBER)[0]["Code"]


def test_a_number_given_twice_is_sent_to_once(now, tencent, tencent_send):
    """However it is written."""
    rows = tencent_send(NUMBER, "13012345678")

    assert ["Ok", HALF_MINUTE["Code"]] == [row["Code"] for row in rows]
    assert 1 == len(tencent.messages())


def test_abroad_an_account_sends_a_hundred_a_day(now, tencent_send):
    """The figure for new accounts; the mainland goes on."""
    numbers = [f"+6019800{n:04d}" for n in range(101)]

    rows = tencent_send(*numbers, TemplateId="1800308")

    assert 100 == sum(row["Code"] == "Ok" for row in rows)
    assert "LimitExceeded.DailyLimit" == rows[-1]["Code"]
    assert "Ok" == tencent_send(NUMBER)[0]["Code"]


def test_the_mode_off_lets_everything_through(now, tencent, tencent_send):
    """For load tests."""
    tencent.limits("off")

    assert {"Ok"} == {row["Code"] for _ in range(3) for row in tencent_send(NUMBER)}
