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

The reference service overlooks what Logto overlooks only with `--otp-faithful`. Without that it
notices every refusal of a provider, on purpose, and what is measured is not Logto.

    sms-simulators serve --otp-port 3001 --otp-faithful &
    locust -f loadtests/send_verify.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m
    locust -f loadtests/send_verify.py --host https://logto.example.com --token $LOGTO_TOKEN ...

`--provider NAME` connects the service to that provider first, and chooses people whom it reaches.
"""

from argparse import ArgumentParser
from typing import Any

import gevent
import shapes
from locust import between, events, task
from locust.runners import WorkerRunner
from people import Person
from service import MISMATCH, Client, enter_too_late, happens, prepare
from visitors import Visitors

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.inbox import Sms
from simulators.load.run import attach

SHARES = {
    "mistyped": (0.10, "enter a wrong code first"),
    "resent": (0.08, "ask for a second code before they enter one"),
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

    @task
    def sign_in(self) -> None:
        """From the request for a code to being let in, or not."""
        person = visitors.next()
        sms = self._receive(person)
        if sms is None or happens(run, "abandoned"):
            return
        if self.is_late(person, sms.code):
            return
        if happens(run, "resent"):
            sms = self._resend(person, sms)
        if sms is not None:
            if happens(run, "mistyped"):
                self.enter(person, other(sms.code), name="verify wrong code", expected=MISMATCH)
            self.enter(person, sms.code)

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
            if shapes.patient(self.environment.parsed_options):
                gevent.sleep(PATIENCE_SECONDS)
        return None

    def _resend(self, person: Person, first: Sms) -> Sms | None:
        second = self._receive(person, first.sequence)
        if second is not None and second.code != first.code:
            self.enter(person, first.code, name="verify old code", expected=MISMATCH)
        return second


def other(code: str) -> str:
    """A code of the same length that is another one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    for name, (share, what) in SHARES.items():
        parser.add_argument(
            f"--{name}", type=float, default=share, help=f"The share of people who {what}"
        )


@events.test_start.add_listener
def _connect(environment: Any, **_: Any) -> None:
    if not isinstance(environment.runner, WorkerRunner):
        prepare(run)


@events.test_stop.add_listener
def _come_back(environment: Any, **_: Any) -> None:
    enter_too_late(environment, run)


@run.answers
def _answer(seen: Seen) -> Answer:
    """Who was let in, and who was not although they should have been."""
    sent, throttled, refused = map(run.ledger.count, ("sent", "throttled", "refused"))
    let_in, wrong = run.ledger.count("verified"), run.ledger.count("wrong")
    rate = let_in / seen.seconds if seen.seconds else 0.0
    return Answer(
        f"{rate:.1f} people a second got a code and were let in with it, {let_in:,} in all; of"
        f" {sent + throttled + refused:,} sends {throttled:,} were throttled and {refused:,}"
        f" refused, and {wrong:,} right codes were not accepted.",
        Plot(
            "People",
            "a second",
            {"asked for a code": seen.sends("asked"), "let in": seen.sends("verified")},
        ),
    )
