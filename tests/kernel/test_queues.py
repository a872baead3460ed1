"""Receipts that are asked for: each once, the oldest first, and none holds up the others."""

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import queues
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call
from simulators.kernel.message import Message, Step
from simulators.kernel.provider import Exchange
from simulators.store.memory import MemoryStore

NOW = 1_796_100_000.0
PROVIDER = PROVIDERS["tencent"]
FINAL = next(word for word, state in PROVIDER.states.items() if state.final)
OTHER = next(word for word, state in PROVIDER.states.items() if not state.final)
READY = (Step(0, OTHER), Step(1, FINAL))


@pytest.fixture
def queue():
    """Keeps messages with a lifecycle each, and pulls so many seconds later."""
    world = Accounts(MemoryStore(), [PROVIDER], lambda: NOW).world(DEFAULT)

    class Queue:
        def keep(self, *lifecycles):
            for lifecycle in lifecycles:
                n = world.store.newest(world.id) + 1
                kept = Message(
                    f"M{n}", "tencent", "send-sms", "+8613012345678", "", "", 1, NOW, lifecycle
                )
                world.store.admit(world.id, [((), kept)], NOW)

        def pull(self, most, later):
            exchange = Exchange(Call("GET", "/"), PROVIDER, None, {}, world, NOW + later)
            return [int(message.id[1:]) for message in queues.receipts(exchange, most)]

        def document(self):
            return world.load("pulled/tencent")

        remove = staticmethod(lambda n: world.store.remove(world.id, f"M{n}"))

    return Queue()


@pytest.mark.parametrize(
    "stuck",
    [(Step(0, OTHER),), (Step(0, OTHER), Step(3600, FINAL))],
    ids=["one that is never reported", "one that is reported in an hour"],
)
def test_one_message_holds_up_none_however_many_follow(queue, stuck):
    """More than a single pull looks at."""
    queue.keep(stuck, *[READY] * 2500)

    found = [number for _ in range(30) for number in queue.pull(100, 10)]

    assert list(range(2, 2502)) == found
    assert [1] * len(stuck[1:]) == queue.pull(100, 4000)


def test_those_that_wait_are_handed_out_when_they_are_ready(queue):
    """Before those that came later; each once, and what was deleted meanwhile not at all."""
    slow = (Step(0, OTHER), Step(60, FINAL))
    queue.keep(slow, READY, slow, slow, READY)
    first = queue.pull(10, 5)
    queue.keep(READY)
    queue.remove(3)

    assert [2, 5] == first
    assert [1] == queue.pull(1, 70)
    assert [4, 6] == queue.pull(10, 70)
    assert [] == queue.pull(10, 70)


def test_what_waits_is_bounded(queue):
    """With a clock that stands still nothing becomes ready; once it goes on, all of them do."""
    queue.keep(*[READY] * 2500)
    assert [] == [number for _ in range(5) for number in queue.pull(100, 0)]

    assert 1000 == len(queue.document()["waiting"])
    assert list(range(1, 2501)) == [number for _ in range(30) for number in queue.pull(100, 5)]
