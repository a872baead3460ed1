"""The process that judges: Locust's master, or the only one there is.

Before the first user starts it tries what the scenario needs; while users run it takes samples; at
the end it holds the ledger against the inbox and the figures against the thresholds.
"""

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import gevent
from locust.runners import STATE_STOPPED, MasterRunner

from simulators.control.client import ControlError
from simulators.load import oracle, preflight, recorder, report
from simulators.load.figures import Figures, requests
from simulators.load.kept import Kept, Watch
from simulators.load.oracle import Finding
from simulators.load.recorder import Recorder
from simulators.load.thresholds import Threshold, parse
from simulators.load.verdict import Verdict
from simulators.load.workers import Master

if TYPE_CHECKING:
    from simulators.load.run import Run

USAGE = 2
WINDOWS_SECONDS = 5.0  # a thousand windows are a hundred kilobytes
_SETTLED_SECONDS = 1.0  # after the start the scenario has set up what it needs
_REPORT_SECONDS = 3.0  # between two reports of a worker
_USUAL = "failures == 0"  # Locust's own measure, where nobody names another


class Head:
    """Once for each process; a test after the other on Locust's page."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.runner = run.environment.runner
        self._master = (
            Master(self.runner, run.ledger) if isinstance(self.runner, MasterRunner) else None
        )
        self._running = False
        self._watch: Watch | None = None
        self._sampler: Any = None
        self.verdict: Verdict | None = None
        events = run.environment.events
        events.quitting.add_listener(self._quitting)
        events.quit.add_listener(self._quit)
        self.thresholds = self._ready()

    def started(self) -> None:
        """Remembers where everything stood."""
        if self._master:
            self._master.started()
        self._watch = Watch(self.run.inbox) if self.run.settings.sim else None
        self.recorder = Recorder(time.time())
        self._sampler = gevent.spawn(self._sample)
        self._running = True

    def stopped(self) -> None:
        """Judges."""
        if not self._running:
            return
        self._running = False
        self._sampler.kill()
        seconds = time.time() - self.recorder.began
        silent = self._master.stopped() if self._master else []
        self._take()
        self.verdict = self._judged(silent, seconds)
        self._write()
        if self.run.environment.web_ui is not None:
            print(self.verdict.as_text(), flush=True)  # noqa: T201 - the page stays, nobody quits
        failed = not self.verdict.passed or self.runner.exceptions
        self.run.environment.process_exit_code = 1 if failed else 0

    def _judged(self, silent: list[str], seconds: float) -> Verdict:
        figures = Figures(requests(self.run.environment.stats), self.run.ledger, seconds)
        return Verdict(
            scenario=Path(self.run.environment.locustfile or "scenario").stem,
            oracle=self._oracle(silent),
            thresholds=[figures.judged(threshold) for threshold in self.thresholds],
            facts={
                "seed": self.run.seed,
                "users": max(self.runner.target_user_count, *self._users()),
                "seconds": round(seconds),
                "sent": self.run.ledger.count("sent"),
                "throttled": self.run.ledger.count("throttled"),
                "verified": self.run.ledger.count("verified"),
            },
            requests=figures.requests,
        )

    def _users(self) -> list[int]:
        return [0, *(one.users for one in self.recorder.samples)]

    def _oracle(self, silent: list[str]) -> list[Finding]:
        try:
            kept: Kept | None = self._watch.kept() if self._watch else None
        except ControlError as error:
            return [Finding("the inbox can be read", "broken", "", [str(error)])]
        return oracle.judge(self.run.ledger, kept, silent)

    def _sample(self) -> NoReturn:
        told_windows = 0.0
        gevent.sleep(_SETTLED_SECONDS)
        if self._watch:
            self._watch.settle()
        while True:
            ask = time.time() - told_windows > WINDOWS_SECONDS
            if ask:
                told_windows = time.time()
            self._take(windows=ask)
            if self.run.settings.progress and self.recorder.samples:
                line = recorder.progress(self.recorder, self.run.ledger)
                sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
                sys.stderr.flush()
            gevent.sleep(_REPORT_SECONDS if self._master else 1.0)

    def _take(self, *, windows: bool = True) -> None:
        found = []
        if windows and self.run.settings.sim:
            try:
                found = self.run.inbox.windows()
            except ControlError as error:
                logging.warning("no windows in the report: %s", error)
        stats, users = self.run.environment.stats, self.runner.user_count
        self.recorder.sample(time.time(), users, stats, found)

    def _write(self) -> None:
        assert self.verdict is not None  # noqa: S101 - it was just made
        given = self.run.settings
        for path, text in (
            (given.junit, self.verdict.as_junit),
            (given.verdict, self.verdict.as_json),
            (given.report, lambda: report.page(self.verdict, self.recorder, self.run.ledger)),
        ):
            if path is not None:
                path.write_text(text(), encoding="utf-8")

    def _ready(self) -> list[Threshold]:
        """Tries everything; a mistake ends the process with one line, before there is a user."""
        try:
            if hiding := self.run.hiding():
                raise preflight.NotReady(
                    f"{hiding[0]}.run is Locust's own; call the attached run something else there"
                )
            found = preflight.check(self.run.settings, self.run.needs)
        except preflight.NotReady as mistake:
            sys.stderr.write(f"sms-simulators: {mistake}\n")
            sys.stderr.flush()
            raise SystemExit(USAGE) from None
        return found or [parse(_USUAL, "")]

    def _quitting(self, **_: Any) -> None:
        """Ctrl-C comes here first: the users are stopped, and what they did is judged."""
        if self._running and self.runner.state != STATE_STOPPED:
            self.runner.stop()

    def _quit(self, **_: Any) -> None:
        """After Locust's tables, so that it is the last thing a person reads."""
        if self.run.settings.progress and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        if self.verdict is not None and self.run.environment.web_ui is None:
            print(self.verdict.as_text(), flush=True)  # noqa: T201 - it is what was asked for
