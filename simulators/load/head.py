"""The process that judges: Locust's master, or the only one there is.

Before the first user starts it tries what the scenario needs; while users run it takes samples; at
the end it holds the ledger against the inbox and the figures against the thresholds. One verdict
comes of that, and whatever is told of the run is told from it: text, JSON, JUnit, the page, the
exit code. A run that ends in any other way has no verdict, and then it has failed.
"""

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, Protocol

import gevent
import psutil
from gevent import monkey
from gevent.event import Event
from locust import log
from locust.runners import STATE_INIT, STATE_STOPPED, MasterRunner

from simulators.control.client import ControlError
from simulators.load import figures, invariants, report, settings
from simulators.load.answer import Answer, Seen
from simulators.load.effort import Effort, Look, Meter
from simulators.load.figures import Recorder, Requests, requests
from simulators.load.inbox import Inbox, Kept, Watch
from simulators.load.invariants import Finding
from simulators.load.ledger import Ledger, Mark
from simulators.load.nodes import Standing, standings
from simulators.load.pace import kept, through
from simulators.load.settings import Settings
from simulators.load.thresholds import Figures, Names, Threshold, parse
from simulators.load.verdict import Verdict
from simulators.load.workers import RAN, Master

USAGE = 2
WINDOWS_SECONDS = 5.0  # a thousand windows are a hundred kilobytes
_SETTLED_SECONDS = 1.0  # after the start the scenario has set up what it needs
_REPORT_SECONDS = 3.0  # between two reports of a worker
_MODES = {
    "faithful": "reference, as blind as Logto",
    "careful": "reference, careful: differs from Logto on purpose",
}
_USUAL = "failures == 0"  # Locust's own measure, where nobody names another


class Judged(Protocol):
    """The load test of this process, as far as its verdict goes."""

    needs: frozenset[str]
    names: Names | None
    ledger: Ledger
    settings: Settings
    environment: Any
    provider: str
    answering: Callable[[Seen], Answer] | None

    @property
    def seed(self) -> str: ...

    @property
    def inbox(self) -> Inbox: ...

    def hiding(self) -> list[str]:
        """The users that have it as `run`."""


class Head:
    """Once for each process; a test after the other on Locust's page."""

    def __init__(self, run: Judged) -> None:
        self.run = run
        self.runner = run.environment.runner
        self._master = (
            Master(self.runner, run.ledger, self._worker_not_set_up)
            if isinstance(self.runner, MasterRunner)
            else None
        )
        self._running = False
        self._judged = Event()
        self._stopper: Any = None  # the greenlet that is stopping the test
        self._watch: Watch | None = None
        self._sampler: Any = None
        self._silent: list[str] = []
        self._kept: Kept | ControlError | None = None
        self._seconds = 0.0
        self._effort: Effort | None = None
        self._stopping_at = 0.0
        self._used: Look | None = None  # when the users were told to stop
        self.verdict: Verdict | None = None
        events = run.environment.events
        events.test_stopping.add_listener(self._stopping)
        events.test_stop.add_listener(self._judge)  # behind those of the scenario
        events.quitting.add_listener(self._quitting)
        events.quit.add_listener(self._quit)
        if monkey.is_module_patched("socket"):  # a process of Locust's own
            gevent.signal_handler(signal.SIGINT, _interrupt)
        self.runner.quit = self._after_the_verdict(self.runner.quit)
        self.thresholds = self._ready()

    def started(self) -> None:
        """Remembers where everything stood."""
        if self._master:
            self._master.started()
        self.verdict = None
        self._stopping_at, self._used = 0.0, None
        self.run.environment.process_exit_code = None
        self._judged.clear()
        self._kept = None
        self._watch = Watch(self.run.inbox) if self.run.settings.sim else None
        self.recorder = Recorder(time.time())
        self._meter = Meter(self._look(), self.run.settings.nodes)
        self._sampler = gevent.spawn(self._sample)
        self._running = True

    def not_set_up(self, told: str) -> None:
        """One line, and the workers are sent away: there is nothing for them to do."""
        sys.stderr.write(f"sms-simulators: {told}\n")
        sys.stderr.flush()
        if self._master:
            self.runner.send_message("quit")

    def _worker_not_set_up(self, told: str) -> NoReturn:
        self.not_set_up(told)
        raise SystemExit(USAGE)

    def stopped(self) -> None:
        """The users are gone: takes what they saw and what the simulators kept, before the scenario
        puts back what it changed for the run."""
        if not self._running:
            return
        self._sampler.kill()
        self._seconds = time.time() - self.recorder.began
        used = self._used or self._look()
        self._silent = self._master.gather() if self._master else []
        self._effort = self._meter.effort(
            used,
            workers=self._master.busy.values() if self._master else (),
            warned=self.runner.cpu_warning_emitted or self.runner.worker_cpu_warning_emitted,
            shared="host" in self.run.needs and bool(self.run.settings.serving),
            ended=self._standings(),
        )
        try:
            self._kept = self._watch.kept() if self._watch else None
        except ControlError as error:
            self._kept = error
        self._take()

    def _stopping(self, **_: Any) -> None:
        self._stopper = gevent.getcurrent()
        self._stopping_at, self._used = time.time(), self._look()

    def _after_the_verdict(self, quit_now: Any) -> Any:
        """Locust's `quit` ends every greenlet of the runner. If the test is being stopped in one of
        them meanwhile (the last worker is gone, a shape is at its end, a user asked for it), the
        verdict would end with it, half made."""

        def quit_when_judged() -> None:
            while (
                self._running
                and self._stopper is not None
                and self._stopper is not gevent.getcurrent()
                and not self._stopper.dead
            ):
                self._judged.wait(0.1)
            quit_now()

        return quit_when_judged

    def _judge(self, **_: Any) -> None:
        """Whether all was right, once the scenario has done what it does at the end."""
        if not self._running:
            return
        try:
            if self._master:  # what came after the users had stopped
                self._master.gather()
            self.verdict = self._found()
            self._publish()
            self._running = False
        finally:
            self._stopper = None
            self._judged.set()
        if self.run.environment.web_ui is not None:
            print(self.verdict.as_text(), flush=True)  # noqa: T201 - the page stays, nobody quits

    def _found(self) -> Verdict:
        judged = Figures(requests(self.run.environment.stats), self.run.ledger, self._seconds)
        answer, failed = self._answer(judged.requests)
        began, rate = self.recorder.began, self.run.settings.rate
        paced: list[Finding] = []
        facts: dict[str, float] = {}
        if rate:
            done, seconds = through(self.run.ledger, began, self._stopping_at)
            paced, facts = [kept(rate, done, seconds)], {"rate": rate, "through": round(done, 2)}
        return Verdict(
            scenario=Path(self.run.environment.locustfile or "scenario").stem,
            invariants=[*self._invariants(), *self._mishaps(), *failed],
            thresholds=[*paced, *(judged.judged(threshold) for threshold in self.thresholds)],
            facts={
                "seed": self.run.seed,
                "users": max(self.runner.target_user_count, *self._users()),
                **self._nodes(),
                **facts,
                "seconds": round(self._seconds),
                "sent": self.run.ledger.count("sent"),
                "throttled": self.run.ledger.count("throttled"),
                "refused": self.run.ledger.count("refused"),
                "verified": self.run.ledger.count("verified"),
                **self._service(),
                "provider": self._provider(),
                "began": _iso(began),
                "version": version("sms-simulators"),
            },
            requests=judged.requests,
            answer=answer,
            marks=[Mark(mark.at - began, mark.text) for mark in self.run.ledger.marks],
            effort=self._effort,
        )

    def _answer(self, found: Sequence[Requests]) -> tuple[Answer | None, list[Finding]]:
        """The scenario's own, and what is wrong if it fails to give one."""
        if self.run.answering is None:
            return None, []
        kept = self._kept.messages if isinstance(self._kept, Kept) else ()
        seen = Seen(self.run.ledger, self.recorder, found, kept, self._seconds)
        try:
            return self.run.answering(seen), []
        except Exception as error:
            logging.exception("no answer")
            told = f"{type(error).__name__}: {error}"
            return None, [Finding("the scenario answers its question", "broken", "", [told])]

    def _nodes(self) -> dict[str, int]:
        """How many, if there is more than one."""
        nodes = self.run.settings.nodes
        return {"nodes": len(nodes)} if len(nodes) > 1 else {}

    def _service(self) -> dict[str, str]:
        """Which service was asked for codes, if it was one; the simulators' own is not always as
        Logto is."""
        if "host" not in self.run.needs:
            return {}
        host = self.run.settings.host
        return {"service": _MODES.get(settings.mode(host), host)}

    def _provider(self) -> str:
        """Who carried the messages: whom the scenario or a person named, else who is seen to."""
        named = self.run.provider or self.run.settings.provider
        kept = self._kept.messages if isinstance(self._kept, Kept) else ()
        return named or ", ".join(sorted({one["provider"] for one in kept})) or "none"

    def _users(self) -> list[int]:
        return [0, *(one.users for one in self.recorder.samples)]

    def _invariants(self) -> list[Finding]:
        if isinstance(self._kept, ControlError):
            return [Finding("the inbox can be read", "broken", "", [str(self._kept)])]
        nodes = self._effort.nodes if self._effort else ()
        return invariants.judge(self.run.ledger, self._kept, self._silent, nodes)

    def _mishaps(self) -> Iterator[Finding]:
        """What went wrong with the test itself: it may have looked at less than it says."""
        raised = [
            f"{one['msg'] or 'no message'}, {one['count']:,} times: {_last_line(one['traceback'])}"
            for one in self.runner.exceptions.values()
        ]
        if raised:
            yield Finding("no user of the scenario failed", "broken", "", raised)
        if log.unhandled_greenlet_exception:
            told = "an exception in a listener or in the background; its traceback is above"
            yield Finding(RAN, "broken", "", [told])
        if code := self.run.environment.process_exit_code:
            yield _exit_code(code)

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
            self._measure()
            if self.run.settings.progress and self.recorder.samples:
                line = figures.progress(self.recorder, self.run.ledger)
                sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
                sys.stderr.flush()
            gevent.sleep(_REPORT_SECONDS if self._master else 1.0)

    def _measure(self) -> None:
        """How soon the simulators answer."""
        if self.run.settings.sim:
            asked = time.perf_counter()
            with suppress(ControlError):
                self.run.inbox.last()
                self._meter.answered(1000 * (time.perf_counter() - asked))

    def _look(self) -> Look:
        whole = psutil.cpu_times()
        busy = sum(whole) - whole.idle - getattr(whole, "iowait", 0.0)
        machine = busy / (psutil.cpu_count() or 1)
        return Look(time.monotonic(), time.process_time(), machine, self._standings())

    def _standings(self) -> dict[str, Standing]:
        return standings(self.run.inbox.each()) if self.run.settings.sim else {}

    def _take(self, *, windows: bool = True) -> None:
        found = []
        if windows and self.run.settings.sim:
            try:
                found = self.run.inbox.windows()
            except ControlError as error:
                logging.warning("no windows in the report: %s", error)
        stats, users = self.run.environment.stats, self.runner.user_count
        self.recorder.sample(time.time(), users, stats, found)

    def _publish(self) -> None:
        """Writes all that was asked for. A file that cannot be written fails the run, and the
        others say so as well."""
        assert self.verdict is not None  # noqa: S101 - it was just made
        failed = list(self._write(self.verdict))
        if failed:
            name = "the verdict was written where it was asked for"
            self.verdict = self.verdict.with_finding(Finding(name, "broken", "", failed))
            list(self._write(self.verdict))
        self.run.environment.process_exit_code = self.verdict.exit_code

    def _write(self, verdict: Verdict) -> Iterator[str]:
        given = self.run.settings
        for path, text in (
            (given.junit, verdict.as_junit),
            (given.verdict, verdict.as_json),
            (given.report, lambda: report.page(verdict, self.recorder, self.run.ledger)),
            (given.outcome, lambda: verdict.as_json(whole=True)),
        ):
            try:
                if path is not None:
                    path.write_text(text(), encoding="utf-8")
            except OSError as error:
                yield f"{path}: {error.strerror or error}"

    def _ready(self) -> list[Threshold]:
        """Tries everything; a mistake ends the process with one line, before there is a user."""
        try:
            if hiding := self.run.hiding():
                raise settings.NotReady(
                    f"{hiding[0]}.run is Locust's own; call the attached run something else there"
                )
            found = settings.check(self.run.settings, self.run.needs, self.run.names)
        except settings.NotReady as mistake:
            sys.stderr.write(f"sms-simulators: {mistake}\n")
            sys.stderr.flush()
            raise SystemExit(USAGE) from None
        return found or [parse(_USUAL, "")]

    def _quitting(self, **_: Any) -> None:
        """Ctrl-C comes here first: the users are stopped, and what they did is judged. So is a
        test that Locust takes for stopped although nobody was told."""
        if not self._running:
            return
        if self.runner.state not in (STATE_INIT, STATE_STOPPED):
            self.runner.quit()
        if self._running:
            self.run.environment.events.test_stop.fire(environment=self.run.environment)

    def _quit(self, exit_code: int | None = None, **_: Any) -> None:
        """After Locust's tables, so that it is the last thing a person reads. What Locust ends
        with is the verdict's, or the verdict says why not."""
        if self.run.settings.progress and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        if self.verdict is None:
            sys.stderr.write("sms-simulators: the run ended without a verdict\n")
            sys.stderr.flush()
            raise SystemExit(exit_code or 1)
        self.run.inbox.close()
        if exit_code != self.verdict.exit_code:
            if self.verdict.passed:
                self.verdict = self.verdict.with_finding(_exit_code(exit_code))
            self._publish()
        if self.run.environment.web_ui is None:
            print(self.verdict.as_text(), flush=True)  # noqa: T201 - it is what was asked for
        if exit_code != self.verdict.exit_code:
            raise SystemExit(self.verdict.exit_code)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _interrupt() -> None:
    """Ctrl-C ends the main greenlet's wait, as Locust wants it. Python's own handler raises in
    whichever greenlet runs, and the one that listens to the workers may be it."""
    gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())


def _exit_code(code: int | None) -> Finding:
    return Finding(
        "the scenario has nothing against it", "broken", "", [f"its exit code is {code}"]
    )


def _last_line(told: str) -> str:
    lines = [line.strip() for line in told.strip().splitlines() if line.strip()]
    return " ".join(lines[-2:]) if lines else "nowhere"
