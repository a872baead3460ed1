"""A message's lifecycle: its status follows from its steps and the time, and from nothing else."""

import pytest

from simulators.kernel.message import Message, State, Step

LIFECYCLES = {"good": (Step(0, "queued"), Step(1, "sent"), Step(3, "delivered"))}
MESSAGE = Message(
    id="SM1",
    provider="twilio",
    operation="create-message",
    to="+15550000001",
    sender="Acme",
    text="Your code is 123456 \U0001f600",
    segments=2,
    at=100.0,
    lifecycle="good",
    details={"media": ["https://example.com/a"], "n": 1},
)


@pytest.mark.parametrize(
    ("now", "status", "since"),
    [
        (99.0, "queued", 100.0),
        (100.0, "queued", 100.0),
        (100.999, "queued", 100.0),
        (101.0, "sent", 101.0),
        (102.999, "sent", 101.0),
        (103.0, "delivered", 103.0),
        (1e9, "delivered", 103.0),
    ],
)
def test_status_follows_from_the_time(now, status, since):
    """Each step holds from its second on; also for a clock set back before the message."""
    step, began = MESSAGE.status(now, LIFECYCLES)

    assert (status, since) == (step.status, began)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (100.5, ["queued", "canceled"]),
        (101.0, ["queued", "sent", "canceled"]),
        (200.0, ["queued", "sent", "delivered", "canceled"]),
        (50.0, ["queued", "canceled"]),
    ],
)
def test_an_ending_cuts_a_life_off_now(now, expected):
    """What was lived stays, what was to come does not."""
    ended = MESSAGE._replace(lifecycle=MESSAGE.ending(now, Step(0, "canceled"), LIFECYCLES))

    assert expected == [step.status for step in ended.lifecycle]
    assert ended.status(max(now, 100.0), LIFECYCLES)[0].status == "canceled"


@pytest.mark.parametrize(
    "message",
    [
        MESSAGE,
        MESSAGE._replace(lifecycle=(Step(0, "accepted"), Step(0.5, "failed", "30003"))),
        MESSAGE.numbered(7, 3),
        MESSAGE._replace(text="\0\n\"{}'</script>", to="", details={}),
    ],
)
def test_what_is_packed_comes_back_the_same(message):
    """Any text, a lifecycle of its own, its place among the others."""
    assert message == Message.unpack(message.pack())


def test_numbering_changes_nothing_else():
    """`numbered` is `_replace` of two fields."""
    kept = MESSAGE._replace(sequence=7, previous=3)
    assert kept == MESSAGE.numbered(7, 3)


def test_a_code_that_its_provider_knew_is_not_looked_for():
    """Of letters, say, which nobody would find."""
    known = MESSAGE._replace(text="Your code is aBcD, not 123456", known_code="aBcD")

    assert "aBcD" == known.numbered(7, 3).code


def test_a_new_text_has_a_code_of_its_own():
    """Whatever its provider knew of the one before."""
    kept = MESSAGE.numbered(7, 3)

    assert "123456" == kept.code
    assert "9911" == kept.changed(text="Your code is 9911").code
    assert "" == kept.changed(text="").code
    assert "123456" == kept.changed(details={}).code
    assert "9911" == kept._replace(known_code="aB").changed(text="Your code is 9911").code


def test_states_that_are_final():
    """Nothing follows on these."""
    assert {"scheduled", "accepted", "sent"} == {s.value for s in State if not s.final}
