"""A provider fails in the middle of the day. How long until people are let in again?

People sign in. At a third of the time the provider is unavailable for everybody; some seconds
later the operator sees it and connects the service to another one; people who got no code ask
again every second until they have one. This is the drill for that moment: what users see, and
whether changing the connector alone puts it right.

The answer tells how long no code was sent at all, how soon after the change the first one was, how
many people it hit and how long they waited; the refused sends are in its plot. `send` fails
nowhere else.

The reference service overlooks what Logto overlooks only with `--otp-faithful`. Without that it
notices every refusal of a provider, on purpose, and what is measured is not Logto.

    sms-simulators serve --otp-port 3001 --otp-faithful &
    locust -f loadtests/provider_outage.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m \\
        --provider twilio --backup vonage --notice 10
"""

import time
from argparse import ArgumentParser
from typing import Any

import connectors
import gevent
from locust import between, events, task
from locust.runners import WorkerRunner
from service import Client, connect, enter_too_late, prepare
from visitors import Visitors

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.run import attach

FIRST, BACKUP = "twilio", "vonage"
OUTAGE_AT = 1 / 3  # of the run
RECOVERED = "codes were sent again after the provider was changed"
RUN_SECONDS = 60.0  # if there is no --run-time
NOTICE_SECONDS = 10.0
AGAIN_SECONDS = 1.0
READ_SECONDS = 20.0
PROBLEM = "unavailable"

run = attach(
    needs="host sim",
    requests=(
        *("send", "wait for code", "verify", "verify used code", "verify expired code"),
        "no code",
    ),
    uses=("Generic",),
)
visitors = Visitors(run)


class Visitor(Client):
    """One person after the other signs in, however long it takes."""

    load = run
    wait_time = between(0.05, 0.2)

    @task
    def sign_in(self) -> None:
        """Asks until a code is sent, reads it, enters it."""
        person = visitors.next()
        started, hit = time.perf_counter(), False
        while self.ask(person, refusals=True).kind != "sent":
            hit = True
            gevent.sleep(AGAIN_SECONDS)
        if hit:
            run.figure("BLOCKED", "no code", 1000 * (time.perf_counter() - started))
        sms = run.read_sms(
            person.number,
            after=visitors.since,
            timeout=READ_SECONDS,
            usage="Generic",
            name="wait for code",
        )
        if sms is not None and not self.is_late(person, sms.code):
            self.enter(person, sms.code)


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--backup", default=BACKUP, choices=sorted(connectors.CONNECTORS), help="Who takes over"
    )
    parser.add_argument(
        "--notice",
        type=float,
        default=NOTICE_SECONDS,
        help="Seconds until the operator has seen it and changes the connector",
    )


@events.test_start.add_listener
def _drill(environment: Any, **_: Any) -> None:
    if not isinstance(environment.runner, WorkerRunner):
        prepare(run, FIRST)
        environment.drill = gevent.spawn(_outage, environment.parsed_options)


def _outage(options: Any) -> None:
    first = run.settings.provider or FIRST
    gevent.sleep((options.run_time or RUN_SECONDS) * OUTAGE_AT)
    rule = {"match": {"provider": first}, "effect": {"error": PROBLEM}}
    run.inbox.call("PUT", "/_sim/rules", {"rules": [rule]})
    run.ledger.mark(f"{first} is {PROBLEM}")
    gevent.sleep(options.notice)
    connect(run, options.backup)
    run.ledger.mark(f"connected to {options.backup}")


@events.test_stop.add_listener
def _recovery(environment: Any, **_: Any) -> None:
    """Whether anything was sent again."""
    if isinstance(environment.runner, WorkerRunner):
        return
    environment.drill.kill()
    run.ledger.intend(RECOVERED)
    run.inbox.call("DELETE", "/_sim/rules")
    if len(run.ledger.marks) == 2:
        never = "" if _again() else "none was sent until the end of the run"
        run.ledger.check(RECOVERED, never)
    enter_too_late(environment, run)


def _again() -> int | None:
    """The second in which the first code was sent after the change."""
    changed = int(run.ledger.marks[1].at)
    seconds = {one.second for one in run.ledger.moments if one.kind == "sent"}
    return min((second for second in seconds if second >= changed), default=None)


@run.answers
def _answer(seen: Seen) -> Answer:
    """How long people were locked out."""
    plot = Plot("Sends", "a second", {"sent": seen.sends("sent"), "refused": seen.sends("refused")})
    if len(run.ledger.marks) < 2:
        return Answer(
            "It is not known how long people were locked out: the run ended before the connector"
            " was changed.",
            plot,
        )
    (down, failed), (changed, connected) = run.ledger.marks[:2]
    blocked, again = seen.request("no code"), _again()
    longest = (blocked.longest or 0) / 1000
    until = seen.recorder.began + seen.seconds if again is None else again
    gap, after = max(until - int(down), 0), max(until + 1 - changed, 0)
    end = "until the end of the run" if again is None else f"within {after:.0f} s of that change"
    return Answer(
        f"Nobody got a code for {gap:.0f} s: {failed} at {down - seen.recorder.began:.0f} s,"
        f" {connected} {changed - down:.0f} s later, and"
        f" {'none was sent' if again is None else 'the first code was sent'} {end};"
        f" {blocked.count:,} people had to wait, up to {longest:.1f} s.",
        plot,
        ("", "seconds"),
        [
            ("without a code", gap),
            ("from the change to the first code", after),
            ("longest wait of a person", longest),
        ],
    )
