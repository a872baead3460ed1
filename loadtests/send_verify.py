"""How many people a second get a code by SMS and are let in with it?

Everyone asks for a code, reads it on the phone and enters it. Some mistype it first; some ask
again, and find that the older code no longer counts; some come back when it is too old; some never
come back; some enter a code twice. The shares are options (`--mistyped 0.1`). Those who are late
come back after the run, when the account's clock has been moved; to a service that does not go by
that clock only if the run is long enough.

Look at `verify`: its rate is sign-ins a second. `send` is the service with its provider behind
it, `wait for code` the way to the phone. What meets a limit (the provider's, or the service's own
ten messages in ten minutes) is counted as throttled; people then ask again after a while, or at
once with `--shape retry_storm`.

    sms-simulators serve --otp-port 3001 &
    locust -f loadtests/send_verify.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m
    locust -f loadtests/send_verify.py --host https://logto.example.com --token $LOGTO_TOKEN ...

`--provider NAME` connects the service to that provider first, and chooses people whom it reaches.
"""

import time
from argparse import ArgumentParser
from typing import Any

import gevent
import shapes
from locust import between, events, task
from locust.runners import WorkerRunner
from people import Person
from service import (
    MISMATCH,
    Client,
    code_seconds,
    enter_in_vain,
    enter_too_late,
    prepare,
)
from visitors import Visitors

from simulators.load.inbox import Sms
from simulators.load.run import attach

SHARES = {
    "mistyped": (0.10, "enter a wrong code first"),
    "resent": (0.08, "ask for a second code before they enter one"),
    "late": (0.02, "enter the code when it has expired"),
    "abandoned": (0.05, "never enter it"),
}
READ_SECONDS = 20.0  # how long people look at the phone
PATIENCE_SECONDS = 5.0  # before they ask again after a refusal
MOST_TRIES = 5

run = attach(
    needs="host sim",
    requests=(
        "send",
        "wait for code",
        "verify",
        "verify wrong code",
        "verify old code",
        "verify used code",
        "verify expired code",
    ),
    uses=("Generic",),
)
visitors = Visitors(run)


class Visitor(Client):
    """One person after the other signs in."""

    load = run
    wait_time = between(0, 0.1)

    def on_start(self) -> None:
        """Nobody is late yet."""
        self.late: list[tuple[float, Person, str]] = []

    @task
    def sign_in(self) -> None:
        """From the request for a code to being let in, or not."""
        self._too_late()
        person = visitors.next()
        sms = self._receive(person)
        if sms is None or self._happens("abandoned"):
            return
        if self._happens("late"):
            self.late.append((time.time() + self.options.code_life, person, sms.code))
            run.ledger.keep_back(person.number, sms.code)
            return
        if self._happens("resent"):
            sms = self._resend(person, sms)
        if sms is not None:
            if self._happens("mistyped"):
                self.enter(person, other(sms.code), name="verify wrong code", expected=MISMATCH)
            self.enter(person, sms.code)

    @property
    def options(self) -> Any:
        """The run's."""
        return self.environment.parsed_options

    def _happens(self, what: str) -> bool:
        return visitors.crowd.chance.random() < float(getattr(self.options, what))

    def _receive(self, person: Person, after: int = 0) -> Sms | None:
        """Asks until a code is sent, and reads it."""
        for _ in range(MOST_TRIES):
            answer = self.ask(person)
            if answer.kind == "sent":
                return run.read_sms(
                    person.number,
                    after=after or visitors.since,
                    timeout=READ_SECONDS,
                    usage="Generic",
                    name="wait for code",
                )
            if answer.kind != "throttled":
                return None
            if shapes.patient(self.options):
                gevent.sleep(PATIENCE_SECONDS)
        return None

    def _resend(self, person: Person, first: Sms) -> Sms | None:
        second = self._receive(person, first.sequence)
        if second is not None and second.code != first.code:
            self.enter(person, first.code, name="verify old code", expected=MISMATCH)
        return second

    def _too_late(self) -> None:
        """Those who come back when their codes are too old."""
        while self.late and self.late[0][0] < time.time():
            _, person, code = self.late.pop(0)
            enter_in_vain(run, person.number, code, "expired")


def other(code: str) -> str:
    """A code of the same length that is another one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    for name, (share, what) in SHARES.items():
        parser.add_argument(
            f"--{name}", type=float, default=share, help=f"The share of people who {what}"
        )
    parser.add_argument(
        "--code-seconds",
        type=float,
        default=0.0,
        help="How long a code is good for, if that is longer than the service says",
    )


@events.test_start.add_listener
def _connect(environment: Any, **_: Any) -> None:
    if not isinstance(environment.runner, WorkerRunner):
        prepare(run)
        options = environment.parsed_options  # workers get those of their master
        options.code_life = max(options.code_seconds, code_seconds(run))


@events.test_stop.add_listener
def _come_back(environment: Any, **_: Any) -> None:
    """Nobody waits for ten minutes: the clock is moved when the last user is gone."""
    if not isinstance(environment.runner, WorkerRunner):
        enter_too_late(run, environment.parsed_options.code_life)
