"""One template for every use, or one for each: what does flow control do to sign-in?

Providers count messages by template. Two groups send the same traffic at the same time, mostly
registrations, as when a campaign or a robot signs people up: one group with a single template for
all uses, the other with a template for each. The account takes so many messages a second of each
template and no more; those who are refused ask again after a second, or at once with
`--shape retry_storm`.

The answer holds the two against each other for SignIn; its table has every use: what was accepted
and throttled, who got through by asking again and who gave up, and how long people were kept
waiting. With one template the registrations take sign-in down with them. No service and no code
is in this: people send straight to the provider, so a `--host` is refused.

    sms-simulators serve &
    locust -f loadtests/flow_control.py --headless -u 40 -t 1m

The limit is set on the account for the time of the run (`--permits` a second and template; by
default half of what a group asks for). `--provider tencent` has templates too.
"""

import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import connectors
import gevent
import shapes
from locust import FastHttpUser, between, events, task
from locust.runners import WorkerRunner
from people import Person
from visitors import Visitors

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.ledger import Kind
from simulators.load.run import attach
from simulators.otp.connector import Connector, Message

TRAFFIC = {"Register": 0.7, "SignIn": 0.25, "ForgotPassword": 0.05}
ONE, EACH = "one template", "template per use"
PATIENCE_SECONDS = 1.0
_KINDS: tuple[Kind, ...] = ("sent", "throttled")
MOST_TRIES = 5


@events.test_start.add_listener  # before `attach`: its watch begins with these limits
def _limit(environment: Any, **_: Any) -> None:
    """So many of each template, for the time of the run."""
    if not isinstance(environment.runner, WorkerRunner):
        options = environment.parsed_options
        permits = options.permits or max(1, (options.num_users or 1) // 4)
        by_template = {"permits": permits, "seconds": 1, "key": ["template"], "name": "template"}
        run.inbox.call("PUT", "/_sim/limits", {"mode": [by_template]})


run = attach(
    needs="sim providers",
    requests=[
        name
        for arm in (ONE, EACH)
        for usage in TRAFFIC
        for name in (
            f"{arm}: send {usage}",
            f"{arm}: {usage} waited",
            f"{arm}: {usage} gave up",
        )
    ],
    uses=(
        *(f"{arm}: {usage}" for arm in (ONE, EACH) for usage in TRAFFIC),
        *connectors.templates(),
    ),
)
visitors = Visitors(run, regions=("CN",))


class Group(FastHttpUser):
    """People who ask for a code about once a second, each once, for one use or another."""

    abstract = True
    wait_time = between(0.5, 1.5)
    arm = ""
    connector: Connector
    config: dict[str, Any]

    @task
    def ask(self) -> None:
        """A code for somebody, with as many tries as that takes."""
        person, chance = visitors.next(), visitors.crowd.chance
        (usage,) = chance.choices(list(TRAFFIC), list(TRAFFIC.values()))
        if self._sent(person, usage):
            return
        with _blocked(f"{self.arm}: {usage}") as blocked:
            for _ in range(MOST_TRIES - 1):
                if shapes.patient(self.environment.parsed_options):
                    gevent.sleep(PATIENCE_SECONDS * random.uniform(0.5, 1.5))
                if self._sent(person, usage):
                    return
            blocked |= {"kind": "GAVE UP", "name": f"{self.arm}: {usage} gave up"}

    def _sent(self, person: Person, usage: str) -> bool:
        """Whether the provider took it; if not, flow control did not let it."""
        label, template = f"{self.arm}: {usage}", connectors.template(self.config, usage)
        message = Message(to=person.digits, usage=usage, payload={"code": visitors.crowd.code()})
        run.ledger.asked(person.number, usage=label, template=template)
        name = f"{self.arm}: send {usage}"
        with connectors.post(self.client, self.connector, self.config, message, name) as response:
            refusal = connectors.refusal(self.connector, response)
            if refusal is None:
                response.success()
                run.ledger.sent(person.number, usage=label, template=template)
            elif refusal.code == connectors.LIMITED:
                response.success()
                run.ledger.throttled(person.number, refusal.code, usage=label, template=template)
            else:
                response.failure(f"{refusal.code}: {refusal.data}")
                run.ledger.refused(person.number, refusal.code, usage=label, template=template)
        return refusal is None


class OneTemplate(Group):
    """Every use under the template of one."""

    arm = ONE


class TemplatePerUse(Group):
    """As Logto advises."""

    arm = EACH


@contextmanager
def _blocked(label: str) -> Iterator[dict[str, str]]:
    """Somebody waits: until a code is sent, or in vain. Reported with the time it took."""
    started, told = time.perf_counter(), {"kind": "BLOCKED", "name": f"{label} waited"}
    yield told
    run.figure(told["kind"], told["name"], 1000 * (time.perf_counter() - started))


@events.init_command_line_parser.add_listener
def _option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--permits",
        type=int,
        default=0,
        help="Messages that are taken in a second under each template [half of a group's]",
    )


@events.init.add_listener
def _has_templates(**_: Any) -> None:
    if run.settings.provider not in ("", *connectors.TEMPLATED):
        sys.stderr.write(
            f"--provider: expected one with templates, {' or '.join(connectors.TEMPLATED)}, got"
            f" '{run.settings.provider}'\n"
        )
        raise SystemExit(2)


@events.test_start.add_listener
def _connect(**_: Any) -> None:
    """Both configurations, with the credentials of the account."""
    run.provider = provider = run.settings.provider or connectors.TEMPLATED[0]
    rows = run.inbox.call("GET", "/_sim/providers")["providers"]
    known = next(row["credentials"] for row in rows if row["name"] == provider)
    Group.connector, config = connectors.made(provider, known)
    TemplatePerUse.config, OneTemplate.config = config, connectors.one_template(config)


@events.test_stop.add_listener
def _end(environment: Any, **_: Any) -> None:
    if not isinstance(environment.runner, WorkerRunner):
        run.inbox.call("PUT", "/_sim/limits", {"mode": "provider"})


@run.answers
def _answer(seen: Seen) -> Answer:
    """What one template did to SignIn, beside a template each."""
    shared, apart = (_waits(seen, f"{arm}: SignIn") for arm in (ONE, EACH))
    parts = [seen.percent("throttled", f"{arm}: SignIn") for arm in (ONE, EACH)]
    labels = [f"{arm}: {usage}" for arm in (ONE, EACH) for usage in TRAFFIC]
    return Answer(
        f"With one template for every use {parts[0]:.0f} % of the SignIn sends were throttled, the"
        f" longest wait for a code was {shared[3]:.1f} s and {shared[1]:,} people gave up; with a"
        f" template for each use it was {parts[1]:.0f} %, {apart[3]:.1f} s and {apart[1]:,}.",
        Plot(
            "SignIn sends throttled",
            "% of those answered",
            {arm: seen.share("throttled", f"{arm}: SignIn") for arm in (ONE, EACH)},
        ),
        ("", "accepted", "throttled", "recovered", "gave up", "s blocked", "s longest"),
        [
            (
                label,
                *(run.ledger.count(kind, label) for kind in _KINDS),
                *_waits(seen, label),
            )
            for label in labels
        ],
    )


def _waits(seen: Seen, label: str) -> tuple[int, int, float, float]:
    """How many got through by asking again and how many gave up; the seconds that both waited, all
    together and the longest."""
    waited, in_vain = seen.request(f"{label} waited"), seen.request(f"{label} gave up")
    longest = max(waited.longest or 0, in_vain.longest or 0)
    total = waited.total + in_vain.total
    return waited.count, in_vain.count, total / 1000, longest / 1000
