"""A provider fails in the middle of the day. How long until people are let in again?

People sign in. At a third of the time the provider is unavailable for everybody; some seconds
later the operator sees it and connects the service to another one; people who got no code ask
again every second until they have one. This is the drill for that moment: what users see, and
whether changing the connector alone puts it right.

Look at the lines at the end: how long no code was sent at all, how soon after the change the
first one was, how many people it hit and how long they waited. `send` fails nowhere else.

    sms-simulators serve --otp-port 3001 &
    locust -f loadtests/provider_outage.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m \\
        --provider twilio --backup vonage --notice 10
"""

import logging
import time
from argparse import ArgumentParser
from typing import Any

import connectors
import gevent
from locust import between, events, task
from locust.runners import WorkerRunner
from service import Client, connect
from visitors import Visitors

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
    requests=("send", "wait for code", "verify", "verify used code", "no code"),
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
        if sms is not None:
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
        connect(run, run.settings.provider or FIRST)
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
    """From the seconds of the ledger: when nothing was sent, and when it was again."""
    if isinstance(environment.runner, WorkerRunner):
        return
    environment.drill.kill()
    run.ledger.intend(RECOVERED)
    run.inbox.call("DELETE", "/_sim/rules")
    if len(run.ledger.marks) < 2:
        logging.warning("outage: the run ended before the connector was changed")
        return
    down, changed = (mark.at for mark in run.ledger.marks[:2])
    seconds = {one.second for one in run.ledger.moments if one.kind == "sent"}
    again = min((second for second in seconds if second >= int(changed)), default=None)
    if again is None:
        run.ledger.check(RECOVERED, "none was sent until the end of the run")
        return
    run.ledger.check(RECOVERED)
    blocked = environment.stats.entries.get(("no code", "BLOCKED"))
    people, slowest = (blocked.num_requests, blocked.max_response_time) if blocked else (0, 0)
    logging.info(
        "outage: %.0f s without a code, sent again within %.0f s of the change; %d people waited,"
        " up to %.1f s",
        max(again - int(down), 0),
        max(again + 1 - changed, 0),
        people,
        (slowest or 0) / 1000,
    )
