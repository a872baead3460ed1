"""A robot asks for codes that nobody will enter. What gets through, and what stops it?

SMS pumping: whoever earns on the messages to a prefix has your service send there. Robots ask for
codes for the numbers of one prefix, each once, and a few again and again for one number; customers
sign in meanwhile. Logto's own limit, ten messages in ten minutes to a number, stops the latter
and never sees the former. `--block-after 20` has the account refuse the country at its provider
after 20 seconds, as an operator does who looks at the bill.

The answer tells what the robots got, which is the bill (`--price` for a segment), and who stopped
the rest; its table, how many codes of each kind were ever entered, which is what tells an attack
from a campaign. `send` and `verify` are the customers': they must not suffer.

The reference service overlooks what Logto overlooks only with `--otp-faithful`. Without that it
notices every refusal of a provider, on purpose, and what is measured is not Logto.

    sms-simulators serve --otp-port 3001 --otp-faithful &
    locust -f loadtests/sms_pumping.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m \\
        --block-after 30
"""

from argparse import ArgumentParser
from collections import Counter
from itertools import count
from typing import Any

import gevent
from locust import between, events, task
from locust.runners import WorkerRunner
from people import PREFIXES, Person
from service import Client, enter_too_late, prepare
from visitors import Visitors, at_home

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.ledger import Kind
from simulators.load.run import attach

ROBOTS, CUSTOMERS = 4, 1  # of five users
ONE_NUMBER_SHARE = 0.1
READ_SECONDS = 20.0
PRICE = 0.05  # a guess: each provider has its own for each country
WHO = {"pump many numbers": "many", "pump one number": "one", "send": "Generic"}

run = attach(
    needs="host sim",
    requests=(
        *("send", "wait for code", "verify", "verify used code", "verify expired code"),
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
        if sms is not None and not self.is_late(person, sms.code):
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
    parser.add_argument(
        "--price", type=float, default=PRICE, help="What a segment costs, in any currency"
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
def _end(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        return
    if environment.parsed_options.block_after:
        environment.defence.kill()
        run.inbox.call("PUT", "/_sim/regions", {"allowed": None, "blocked": []})
    enter_too_late(environment, run)


@run.answers
def _answer(seen: Seen) -> Answer:
    """What was paid for, what was stopped and by whom."""
    kinds: tuple[Kind, ...] = ("asked", "sent", "throttled", "refused", "verified")
    rows = []
    for name, usage in WHO.items():
        asked, sent, throttled, refused, entered = (run.ledger.count(k, usage) for k in kinds)
        rows.append((name, asked, sent, throttled + refused, entered))
    asked, sent, stopped, entered = (sum(row[at] for row in rows[:2]) for at in range(1, 5))
    theirs = tuple(PREFIXES[_country()].prefixes)
    segments = sum(one["segments"] for one in seen.messages if one["to"].startswith(theirs))
    price = run.environment.parsed_options.price
    return Answer(
        f"Of {asked:,} messages that the robots asked for {sent:,} were sent, {segments:,} segments"
        f" or {price * segments:,.2f} at {price:g} each, for {entered:,} codes entered;"
        f" {stopped:,} were stopped{_by_whom(seen)}.",
        Plot(
            "Sent",
            "a second",
            {
                "to many numbers": seen.sends("sent", "many"),
                "to one number": seen.sends("sent", "one"),
                "to customers": seen.sends("sent", "Generic"),
            },
        ),
        ("", "asked", "sent", "stopped", "entered"),
        rows,
    )


def _by_whom(seen: Seen) -> str:
    """Who stopped how many, in the code of the refusal."""
    found: Counter[str] = Counter()
    for one in seen.requests:
        who, _, why = one.name.partition(": ")
        if who in WHO and why:
            found[why] += one.count
    told = [
        f"{times:,} by the {'provider' if why.startswith('connector.') else 'service'} ({why})"
        for why, times in found.most_common()
    ]
    return f": {', '.join(told)}" if told else ""
