"""How the processes of a run share one ledger: workers report, the master sums up.

Each worker sends what is new with every report that Locust makes. At the end the master asks all
to stop and waits for their last word, which Locust by itself does not.
"""

import time
from typing import Any

from locust import log, runners
from locust.runners import MasterRunner, WorkerRunner

from simulators.load.ledger import Ledger

RAN = "the scenario ran to its end"
_LEDGER = "sms-ledger"
_BUSY = "sms-busy"
_FINISH = "sms-finish"
_FINISHED = "sms-finished"
_NOT_SET_UP = "sms-not-set-up"
_LANES = "sms_lanes"
_GRACE = 20.0
_MISSED_HEARTBEATS = 60  # a second each


class JoinedLate(Exception):
    """A worker that came when the numbers were already shared out."""


class Worker:
    """A process with users, of several."""

    def __init__(self, runner: WorkerRunner, ledger: Ledger) -> None:
        self.runner, self.ledger = runner, ledger
        self.started()
        events: Any = runner.environment.events
        events.test_stopping.add_listener(self._stopping)
        events.report_to_master.add_listener(self._report)
        events.quitting.add_listener(lambda **_: runner.stop())  # before Locust tells the master
        runner.register_message(_FINISH, self._finish)

    def lane(self) -> tuple[int, int]:
        """Which worker it is, of how many. Raises `JoinedLate`."""
        lanes = getattr(self.runner.environment.parsed_options, _LANES, {})
        if self.runner.client_id not in lanes:
            raise JoinedLate(
                "a worker joined after the start: its people would have others' numbers"
            )
        return lanes[self.runner.client_id], len(lanes)

    def started(self) -> None:
        """Its share of a core is counted from here; the master has shared out the lanes."""
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._busy: float | None = None

    def not_set_up(self, told: str) -> None:
        """Has the master end the run, whose set-up failed here."""
        self.runner.send_message(_NOT_SET_UP, {"told": told})

    def stopped(self) -> None:
        """Sends what was not reported yet, Locust's figures too, and that this was all."""
        if log.unhandled_greenlet_exception:
            told = f"an exception at worker {self.runner.client_id}; its traceback is above"
            self.ledger.check(RAN, told)
        data: dict[str, Any] = {}
        events: Any = self.runner.environment.events
        events.report_to_master.fire(client_id=self.runner.client_id, data=data)
        self.runner.send_message("stats", data)
        self.runner.send_message(_FINISHED)

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        data[_LEDGER] = self.ledger.take()
        data[_BUSY] = self._share() if self._busy is None else self._busy

    def _stopping(self, **_: Any) -> None:
        """While the last users are let finish there is little to do, and it does not count."""
        self._busy = self._share()

    def _share(self) -> float:
        seconds = max(time.monotonic() - self._began, 1e-9)
        return (time.process_time() - self._cpu) / seconds

    def _finish(self, **_: Any) -> None:
        self.runner.stop()
        self.stopped()


class Master:
    """The process that has the whole ledger and no users. `not_set_up` is called with what a
    worker says of a set-up that failed there."""

    def __init__(self, runner: MasterRunner, ledger: Ledger, not_set_up: Any) -> None:
        self.runner, self.ledger = runner, ledger
        self._all: set[str] = set()
        self._heard: set[str] = set()  # at least once
        self._answered: set[str] = set()  # since they were asked
        self.busy: dict[str, float] = {}  # the share of a core that each has used so far
        # Locust gives a worker up, and with the last of them the run, after three seconds of
        # silence. A process that makes its first people on a busy machine needs longer.
        runners.HEARTBEAT_LIVENESS = max(runners.HEARTBEAT_LIVENESS, _MISSED_HEARTBEATS)
        events: Any = runner.environment.events
        events.worker_report.add_listener(self._reported)
        runner.register_message(_FINISHED, self._finished)
        runner.register_message(_NOT_SET_UP, lambda msg, **_: not_set_up(msg.data["told"]))

    def started(self) -> None:
        """Shares out the lanes; Locust hands them to the workers with the other options."""
        self._all, self._heard, self._answered = set(self.runner.clients), set(), set()
        self.busy.clear()
        lanes = {name: lane for lane, name in enumerate(sorted(self._all))}
        setattr(self.runner.environment.parsed_options, _LANES, lanes)

    def gather(self) -> list[str]:
        """Waits until every worker has stopped its users and said all it knows; those that never
        did. May be called again, for what came later."""
        asked = self._all & set(self.runner.clients)
        self._answered = set()
        for name in asked:
            self.runner.send_message(_FINISH, client_id=name)
        end = time.monotonic() + self.runner.environment.stop_timeout + _GRACE
        while (asked - self._answered) & set(self.runner.clients) and time.monotonic() < end:
            time.sleep(0.02)
        return sorted(self._all - self._heard)

    def _reported(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if busy := data.pop(_BUSY, None):
            self.busy[client_id] = busy
        if packed := data.pop(_LEDGER, None):
            self.ledger.merge(packed)

    def _finished(self, msg: Any, **_: Any) -> None:
        self._heard.add(msg.node_id)
        self._answered.add(msg.node_id)
