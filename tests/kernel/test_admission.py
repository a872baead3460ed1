"""Admission: windows, credit and late failures of a request with several recipients."""

from dataclasses import replace
from types import MappingProxyType

import orjson
import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import admission
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft, Exchange, Outcome, Refusal
from simulators.kernel.world import Account, World
from simulators.store.strict import StrictStore

NOW = 1_800_000_000.0
LATE = "21611"  # a full queue, which may show later as the receipt 30001
ONE_A_MINUTE = Limit(
    name="minute", permits=1, seconds=60, key=("number",), error=LATE, source="https://example.com"
)


@pytest.fixture
def provider():
    """Twilio with one limit, a penny a segment."""
    return replace(PROVIDERS["twilio"], limits=(ONE_A_MINUTE,), price=0.01)


@pytest.fixture
def world():
    """An empty world at a fixed time."""
    known = {"twilio": MappingProxyType({"account_sid": "AC1"})}
    return World(Account("a", known), StrictStore(), lambda: NOW)


@pytest.fixture
def send(world, provider):
    """Sends to numbers in one request, kept as far as they are accepted."""

    def sent(*numbers, per_recipient=False, mode="provider", **draft):
        drafts = [
            Draft(number, "+15005550006", "hi", "US", lifecycle="number", **draft)
            for number in numbers
        ]
        exchange = Exchange(Call("POST", "/"), provider, None, {}, world, NOW)
        exchange.outcomes = [Outcome(draft) for draft in drafts]
        admission.keep(exchange, mode, per_recipient=per_recipient)
        return exchange.outcomes

    return sent


def lifecycles(world):
    """The status in which each kept message ends, oldest first."""
    found = reversed(world.messages())
    return [(m.to, m.status(NOW + 1e6, PROVIDERS["twilio"].lifecycles)[0].status) for m in found]


def test_a_full_window_of_one_number_refuses_a_request_that_goes_out_whole(send, world):
    """Nothing of it is kept, and no window of another number is hit."""
    send("+1")

    with pytest.raises(Refusal) as refused:
        send("+2", "+1", "+3")

    assert LATE == refused.value.what
    assert ["+1"] == [message.to for message in world.messages()]
    assert all(outcome.message for outcome in send("+2", "+3"))


OWN = replace(ONE_A_MINUTE, name="own", error="20429", key=("details.who",))


@pytest.mark.parametrize("mode", ["provider", "off"])
def test_a_draft_may_bring_limits_of_its_own(send, world, mode):
    """They count it beside those of its provider, and refuse it by their own row; one without them
    is not counted. Where nothing is counted, neither are they."""
    for number, who in (("+1", "a"), ("+2", "b")):
        send(number, mode=mode, limits=(OWN,), details={"who": who})
    send("+3", mode=mode, details={"who": "a"})
    if mode == "off":
        send("+4", mode=mode, limits=(OWN,), details={"who": "a"})
    else:
        with pytest.raises(Refusal) as refused:
            send("+4", limits=(OWN,), details={"who": "a"})
        assert ("20429", 60) == (refused.value.what, refused.value.values["wait_s"])

    assert ["+1", "+2", "+3", "+4"][: 3 + (mode == "off")] == [
        message.to for message in reversed(world.messages())
    ]


def test_two_of_a_request_to_one_number_count_against_each_other(send, world):
    """The second finds the window full that the first one fills."""
    with pytest.raises(Refusal):
        send("+1", "+2", "+1")

    assert [] == world.messages()


def test_where_judgement_is_deferred_the_others_of_a_request_are_sent(send, world):
    """A second pass keeps them, hitting their windows; the full one fails later and hits none."""
    send("+1", deferred=True)
    outcomes = send("+1", "+2", "+3", "+2", deferred=True)

    assert all(outcome.message and not outcome.failure for outcome in outcomes)
    assert [
        ("+1", "delivered"),
        ("+1", "failed"),
        ("+2", "failed"),
        ("+2", "delivered"),
        ("+3", "delivered"),
    ] == sorted(lifecycles(world), key=lambda pair: pair[0])
    assert {"+1": 1, "+2": 1, "+3": 1} == {
        room.window: room.used for room in world.store.headroom("a", NOW)
    }


@pytest.mark.parametrize(
    ("left", "expected"), [(None, 3), (0.03, 3), (0.025, 3), (0.02, 2), (0.001, 1), (0, 0), (-1, 0)]
)
def test_recipients_are_taken_off_the_balance_one_by_one(left, expected, send, world):
    """Whoever finds something left is sent to, the next one is refused for credit."""
    world.save("balance", left)
    outcomes = send("+1", "+2", "+3", per_recipient=True)

    assert expected == sum(outcome.message is not None for outcome in outcomes)
    refused = [outcome.failure.row.key for outcome in outcomes if outcome.message is None]
    assert [PROVIDERS["twilio"].row(Problem.NO_CREDIT).key] * (3 - expected) == refused
    if left is not None:
        assert round(left - 0.01 * expected, 6) == world.load("balance")


def test_a_request_that_goes_out_whole_is_paid_for_whole_or_not_at_all(send, world):
    """What the first ones would leave is not enough for the last: no message and no hit."""
    world.save("balance", 0.02)
    with pytest.raises(Refusal) as refused:
        send("+1", "+2", "+3")

    assert PROVIDERS["twilio"].row(Problem.NO_CREDIT).key == refused.value.what
    assert (0.02, []) == (world.load("balance"), world.messages())
    assert [] == world.store.headroom("a", NOW)
    send("+1", "+2")
    assert 0 == world.load("balance")


@pytest.mark.parametrize(("left", "sent"), [(0.5, 1), (0.49, 0)])
def test_a_cost_of_its_own_has_to_be_covered(left, sent, send, world):
    """In place of the price a segment."""
    world.save("balance", left)
    (outcome,) = send("+1", per_recipient=True, cost=0.5)

    assert sent == (outcome.message is not None)
    assert round(left - 0.5 * sent, 6) == world.load("balance")


def test_a_message_that_fills_no_window_costs_nothing_of_credit_that_is_not_counted(send, world):
    """Flow control may be off, credit not counted: what is sent is kept."""
    for _ in range(3):
        send("+1", mode="off")

    assert 3 == len(world.messages())
    assert world.load("balance") is None


def test_what_a_request_wants_of_a_full_window_is_logged_with_it(send, world):
    """A batch goes out whole: its second message to a number has the first one in its way."""
    with pytest.raises(Refusal):
        send("+15005550011", "+15005550010", "+15005550010", "+15005550010")
    logged = [orjson.loads(entry) for _, entry in world.store.records("a", admission.REFUSALS)]

    assert [("+15005550010", 2), ("+15005550010", 3)] == [(o["window"], o["cost"]) for o in logged]
    assert {0} == {one["after"] for one in logged}
