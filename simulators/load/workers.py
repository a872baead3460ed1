"""How the processes of a run share one ledger: workers report, the master sums up.

Each worker sends what is new with every report that Locust makes. At the end the master asks all
to stop and waits for their last word, which Locust by itself does not.
"""

import time
from typing import Any

from locust.runners import MasterRunner, WorkerRunner

from simulators.load.ledger import Ledger

_LEDGER = "sms-ledger"
_FINISH = "sms-finish"
_FINISHED = "sms-finished"
_LANES = "sms_lanes"
_GRACE = 20.0


class JoinedLate(Exception):
    """A worker that came when the numbers were already shared out."""


class Worker:
    """A process with users, of several."""

    def __init__(self, runner: WorkerRunner, ledger: Ledger) -> None:
        self.runner, self.ledger = runner, ledger
        events: Any = runner.environment.events
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
        """Nothing to do: the master has shared out the lanes already."""

    def stopped(self) -> None:
        """Sends what was not reported yet, Locust's figures too, and that this was all."""
        data: dict[str, Any] = {}
        events: Any = self.runner.environment.events
        events.report_to_master.fire(client_id=self.runner.client_id, data=data)
        self.runner.send_message("stats", data)
        self.runner.send_message(_FINISHED)

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        data[_LEDGER] = self.ledger.take()

    def _finish(self, **_: Any) -> None:
        self.runner.stop()
        self.stopped()


class Master:
    """The process that has the whole ledger and no users."""

    def __init__(self, runner: MasterRunner, ledger: Ledger) -> None:
        self.runner, self.ledger = runner, ledger
        self._owing: set[str] = set()
        events: Any = runner.environment.events
        events.worker_report.add_listener(self._reported)
        runner.register_message(_FINISHED, self._finished)

    def started(self) -> None:
        """Shares out the lanes; Locust hands them to the workers with the other options."""
        self._owing = set(self.runner.clients)
        lanes = {name: lane for lane, name in enumerate(sorted(self._owing))}
        setattr(self.runner.environment.parsed_options, _LANES, lanes)

    def stopped(self) -> list[str]:
        """Waits until every worker has said all it knows; those that did not."""
        for name in self._owing & set(self.runner.clients):
            self.runner.send_message(_FINISH, client_id=name)
        end = time.monotonic() + self.runner.environment.stop_timeout + _GRACE
        while self._owing & set(self.runner.clients) and time.monotonic() < end:
            time.sleep(0.02)
        return sorted(self._owing)

    def _reported(self, data: dict[str, Any], **_: Any) -> None:
        if packed := data.pop(_LEDGER, None):
            self.ledger.merge(packed)

    def _finished(self, msg: Any, **_: Any) -> None:
        self._owing.discard(msg.node_id)
