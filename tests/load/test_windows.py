"""A window that is one message off, either way, is found by counting over again.

It is planted in a store. People send, and the recount asks the control API as a run does.
"""

from contextlib import closing

import pytest

from simulators.kernel import admission
from simulators.kernel.call import Call
from simulators.kernel.provider import Draft, Exchange, Outcome
from simulators.load.inbox import Inbox, Watch
from simulators.load.invariants import judge
from simulators.load.ledger import Ledger
from simulators.store.windows import Windows

EXCEEDED, EARLY = "no window was exceeded", "no window was full too early"
KINDS = ("natural", "rolling", "queue")


@pytest.fixture
def run(sms):
    """Sends to a number under a limit of three, at these seconds of a frozen clock, and judges."""

    def counted(kind, *times):
        sms.limits([
            {"permits": 3, "seconds": 60, "key": ["number"], "kind": kind, "provider": "http_sms"}
        ])  # fmt: skip
        return judged(sms, [(at, {}) for at in times])

    return counted


def judged(sms, sends, provider="http_sms"):
    """What a run finds that sends at these seconds, with these details."""
    with closing(Inbox(sms.simulators.url, account=sms.world.id)) as inbox:
        watch = Watch(inbox)
        watch.settle()
        for at, details in sends:
            sms.clock.freeze(f"2026-11-21T12:{at // 60:02}:{at % 60:02}Z")
            sms.simulators.call(lambda details=details: send(sms, provider, details))
        return {found.name: found for found in judge(Ledger(), watch.kept())}


def send(sms, name, details):
    """One message by way of admission, whether it is refused or not."""
    world, provider = sms.world, sms.simulators.providers[name]
    exchange = Exchange(Call("POST", "/"), provider, None, {}, world, world.clock.now())
    draft = Draft(
        "+8613012345678",
        text="hi",
        region="CN",
        lifecycle=next(iter(provider.lifecycles)),
        details=details,
    )
    exchange.outcomes = [Outcome(draft)]
    admission.keep(exchange, "provider", per_recipient=True)


def planted(monkeypatch, more):
    """Every window takes that many more than it should."""
    full, first_full = Windows.full, Windows.first_full

    def one(self, hit, now, pending=0):
        return full(self, hit._replace(permits=hit.permits + more), now, pending)

    def first(self, hits, now):
        found = first_full(self, [hit._replace(permits=hit.permits + more) for hit in hits], now)
        return found and found._replace(permits=found.permits - more)

    monkeypatch.setattr(Windows, "full", one)
    monkeypatch.setattr(Windows, "first_full", first)


TIMES = (0, 1, 2, 3, 4, 63, 64, 65, 66)


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_that_is_right_is_found_right(run, kind):
    """To the last permit, refusals and all."""
    found = run(kind, *TIMES)

    assert ("holds", "holds") == (found[EXCEEDED].state, found[EARLY].state)


@pytest.mark.parametrize("kind", KINDS)
def test_one_message_too_many(run, kind, monkeypatch):
    """A fourth passes."""
    planted(monkeypatch, +1)
    found = run(kind, *TIMES)

    assert ("broken", "holds") == (found[EXCEEDED].state, found[EARLY].state)


@pytest.mark.parametrize("kind", KINDS)
def test_one_message_too_few(run, kind, monkeypatch):
    """The third does not pass."""
    planted(monkeypatch, -1)
    found = run(kind, *TIMES)

    assert ("holds", "broken") == (found[EXCEEDED].state, found[EARLY].state)
    assert "http_sms own-0 of +8613012345678: refused 1 at" in found[EARLY].violations[0]


def test_windows_that_were_in_use_before_the_run_are_left_alone(run, sms):
    """What they had counted is none of the messages of the run."""
    run("rolling", 0, 1)
    found = run("rolling", 2, 3, 4)

    assert ("unknown", "not tried") == (found[EARLY].state, found[EARLY].told)


@pytest.mark.parametrize(
    ("more", "exceeded", "early"), [(0, "holds", "holds"), (1, "broken", "unknown")]
)
def test_windows_as_long_as_requests_choose(more, exceeded, early, sms, monkeypatch):
    """Each is counted over again as long as its own request had it: the fourth is refused, and with
    one more permitted it is too many and nothing is refused."""
    if more:
        planted(monkeypatch, more)
    asked = ((0, 60), (10, 10), (30, 15), (50, 25), (75, 5))
    sends = [(at, {"biz_id": str(at), "interval": seconds}) for at, seconds in asked]
    found = judged(sms, sends, "aliyun_mas")

    assert (exceeded, early) == (found[EXCEEDED].state, found[EARLY].state)
    assert 4 + more == len(sms.messages())
