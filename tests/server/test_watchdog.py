"""What is told of a request that holds the loop, and that nothing else is told."""

import asyncio
import importlib
import sys
import threading

import pytest

from simulators.kernel.call import Call
from simulators.server import watchdog
from simulators.server.watchdog import HELD_SECONDS, Watchdog


class Watched:
    """A watchdog of this thread; what the thread is at, and what it has spent, the test says."""

    def __init__(self):
        self.spent, self.task = 0.0, "one"
        self.dog = Watchdog(threading.get_ident(), lambda: self.spent, lambda: self.task)
        self.dog.look()

    def spend(self, seconds):
        self.spent += seconds
        self.dog.look()


@pytest.fixture
def watched():
    """A watchdog that has looked once."""
    return Watched()


def test_what_holds_the_loop_is_told_with_its_request(watched, own_log):
    """Method, path, host and the calls that lead there."""

    def view(call):
        assert call
        watched.spend(HELD_SECONDS)

    view(Call(method="POST", path="/slow", headers={"host": "api.twilio.com"}))

    assert "over 100 ms by POST /slow for api.twilio.com, in " in own_log.text
    assert "view (" in own_log.text


def test_a_stall_is_told_once(watched, own_log):
    """However long; the next one is told again."""
    for _ in range(3):
        watched.spend(1)
    assert 1 == len(own_log.records)

    watched.dog.beat()
    watched.spend(1)
    assert 1 == len(own_log.records)

    watched.spend(1)
    assert 2 == len(own_log.records) == watched.dog.stalls


def test_time_that_the_thread_did_not_spend_is_no_stall(watched, own_log):
    """A machine that was asleep, or has other things to do: no beat, but no work either."""
    for _ in range(100):
        watched.spend(0)
    watched.spend(HELD_SECONDS * 0.9)

    assert [] == own_log.records


def test_an_import_is_no_stall(watched, own_log, tmp_path, monkeypatch):
    """It takes its time once, as the first of a kind is asked for."""
    (tmp_path / "takes_its_time.py").write_text("import spender; spender.spend(1)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "spender", watched)
    importlib.import_module("takes_its_time")

    assert ([], 0) == (own_log.records, watched.dog.stalls)


def test_many_requests_one_after_another_are_no_stall(watched, own_log):
    """In one round of the loop: each is another task."""
    for number in range(100):
        watched.task = number
        watched.spend(HELD_SECONDS * 0.9)

    assert [] == own_log.records


def test_a_loop_that_is_held_is_noticed_while_it_is(caplog):
    """By the thread, in the middle of the work."""

    async def run():
        with watchdog.watching(lambda: 0) as dog:
            if dog is None:
                pytest.skip("this platform does not tell a thread's CPU time")
            await asyncio.sleep(0)
            call = Call(method="GET", path="/endless", headers={})
            while call and not dog.stalls:
                pass

    asyncio.run(run())

    assert "by GET /endless for no host, in " in caplog.text


def test_nothing_is_left_of_it():
    """No thread of its own outlasts it."""
    started = []

    async def run():
        before = set(threading.enumerate())
        with watchdog.watching(lambda: 0):
            new = set(threading.enumerate()) - before
            started.extend(one for one in new if one.name == "watchdog")
            await asyncio.sleep(0)

    asyncio.run(run())

    assert not [one for one in started if one.is_alive()]


def test_a_server_is_watched(sms_server):
    """Each one that serves, in its own thread."""
    sms_server.call(lambda: None)  # the step in which it got ready is over
    assert "watchdog" in [thread.name for thread in threading.enumerate()]
