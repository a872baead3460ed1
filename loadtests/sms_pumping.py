"""A robot asks for codes that nobody will enter. What gets through, and what stops it?

SMS pumping: whoever earns on the messages to a prefix has your service send there. Robots ask for
codes for the numbers of one prefix, each once, and a few again and again for one number; customers
sign in meanwhile. Logto's own limit, ten messages in ten minutes to a number, stops the latter
and never sees the former. `--block-after 20` has the account refuse the country at its provider
after 20 seconds, as an operator does who looks at the bill.

Look at the table at the end: of what the robots asked for, how much was sent (that is the bill),
how much was stopped, by whom; and how many codes of each kind were ever entered, which is what
tells an attack from a campaign. `send` and `verify` are the customers': they must not suffer.

    sms-simulators serve --otp-port 3001 &
    locust -f loadtests/sms_pumping.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m \\
        --block-after 30
"""

import logging
from argparse import ArgumentParser
from itertools import count
from typing import Any

import gevent
from locust import between, events, task
from locust.runners import WorkerRunner
from people import PREFIXES, Person
from service import Client, prepare
from visitors import Visitors, at_home

from simulators.load.run import attach

ROBOTS, CUSTOMERS = 4, 1  # of five users
ONE_NUMBER_SHARE = 0.1
READ_SECONDS = 20.0
WHO = {"pump many numbers": "many", "pump one number": "one", "send": "Generic"}

run = attach(
    needs="host sim",
    requests=(
        *("send", "wait for code", "verify", "verify used code"),
        *("pump many numbers", "pump one number", "pump many numbers: *", "pump one number: *"),
    ),
    uses=tuple(WHO.values()),
)
visitors = Visitors(run)
turns = count()


class Customer(Client):
    """Signs in."""

    load = run
    weight = CUSTOMERS
    wait_time = between(0.2, 0.5)

    @task
    def sign_in(self) -> None:
        """One person after the other, without mistakes."""
        person = visitors.next()
        if self.ask(person).kind != "sent":
            return
        sms = run.read_sms(
            person.number,
            after=visitors.since,
            timeout=READ_SECONDS,
            usage="Generic",
            name="wait for code",
        )
        if sms is not None:
            self.enter(person, sms.code)


class Robot(Client):
    """Asks for codes, and reads none."""

    load = run
    weight = ROBOTS
    wait_time = between(0.2, 0.5)

    @task
    def pump(self) -> None:
        """The next number of the prefix, or the one number again."""
        prefix = PREFIXES[_country()]
        one = visitors.crowd.chance.random() < ONE_NUMBER_SHARE
        place = 0 if one else 1 + run.worker + run.workers * next(turns)
        number = prefix.number(place % len(prefix))
        nobody = Person("", number, _country(), prefix.language, "", "")
        name = "pump one number" if one else "pump many numbers"
        answer = self.ask(nobody, name=name, usage=WHO[name], refusals=True)
        if answer.kind != "sent":
            run.figure("STOPPED", f"{name}: {answer.why}")


def _country() -> str:
    """Where the prefix is: far from the customers, or with a provider of one country there."""
    return at_home(run.settings.provider, ("CA",))[0]


@events.init_command_line_parser.add_listener
def _option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--block-after",
        type=float,
        default=0.0,
        help="Seconds until the account takes nothing to the prefix's country [0: never]",
    )


@events.test_start.add_listener
def _defend(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        return
    prepare(run)
    if after := environment.parsed_options.block_after:
        environment.defence = gevent.spawn_later(after, _block)


def _block() -> None:
    run.inbox.call("PUT", "/_sim/regions", {"blocked": [_country()]})
    run.ledger.mark(f"{_country()} blocked")


@events.test_stop.add_listener
def _bill(environment: Any, **_: Any) -> None:
    """What was paid for, what was stopped and by whom."""
    if isinstance(environment.runner, WorkerRunner):
        return
    if environment.parsed_options.block_after:
        environment.defence.kill()
        run.inbox.call("PUT", "/_sim/regions", {"allowed": None, "blocked": []})
    logging.info("%-20s %9s %9s %9s %9s", "", "asked", "sent", "stopped", "entered")
    for name, usage in WHO.items():
        kinds = ("asked", "sent", "throttled", "refused", "verified")
        asked, sent, throttled, refused, entered = (run.ledger.count(k, usage) for k in kinds)
        row = (name, asked, sent, throttled + refused, entered)
        logging.info("%-20s %9d %9d %9d %9d", *row)
    for (name, kind), found in sorted(environment.stats.entries.items()):
        if kind == "STOPPED":
            logging.info("stopped: %s, %d times", name, found.num_requests)
