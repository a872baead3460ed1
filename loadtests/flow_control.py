"""One template for every use, or one for each: what does flow control do to sign-in?

Providers count messages by template. Two groups send the same traffic at the same time, mostly
registrations, as when a campaign or a robot signs people up: one group with a single template for
all uses, the other with a template for each. The account takes so many messages a second of each
template and no more; those who are refused ask again after a second, or at once with
`--shape retry_storm`.

Look at `one template: send SignIn` beside `template per use: send SignIn` and at the table at the
end: what was accepted and throttled, who got through by asking again and who gave up, and how
long people were kept waiting. With one template the registrations take sign-in down with them.

    sms-simulators serve &
    locust -f loadtests/flow_control.py --headless -u 40 -t 1m

The limit is set on the account for the time of the run (`--permits` a second and template; by
default half of what a group asks for). `--provider tencent` has templates too.
"""

import logging
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

from simulators.load.run import attach
from simulators.otp.connector import Connector, Message

TRAFFIC = {"Register": 0.7, "SignIn": 0.25, "ForgotPassword": 0.05}
ONE, EACH = "one template", "template per use"
PATIENCE_SECONDS = 1.0
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
    needs="sim",
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
    provider = run.settings.provider or connectors.TEMPLATED[0]
    rows = run.inbox.call("GET", "/_sim/providers")["providers"]
    known = next(row["credentials"] for row in rows if row["name"] == provider)
    Group.connector, config = connectors.made(provider, known)
    TemplatePerUse.config, OneTemplate.config = config, connectors.one_template(config)


@events.test_stop.add_listener
def _compare(environment: Any, **_: Any) -> None:
    """The two groups side by side, use by use."""
    if isinstance(environment.runner, WorkerRunner):
        return
    run.inbox.call("PUT", "/_sim/limits", {"mode": "provider"})
    head = ("accepted", "throttled", "recovered", "gave up", "s blocked")
    logging.info("%-34s %9s %9s %9s %9s %9s", "", *head)
    for arm in (ONE, EACH):
        for usage in TRAFFIC:
            label = f"{arm}: {usage}"
            recovered, waited = _times(environment, "BLOCKED", f"{label} waited")
            given_up, in_vain = _times(environment, "GAVE UP", f"{label} gave up")
            sent, throttled = (run.ledger.count(kind, label) for kind in ("sent", "throttled"))
            row = (label, sent, throttled, recovered, given_up, waited + in_vain)
            logging.info("%-34s %9d %9d %9d %9d %9.1f", *row)


def _times(environment: Any, kind: str, name: str) -> tuple[int, float]:
    """How often, and how many seconds together."""
    found = environment.stats.entries.get((name, kind))
    return (found.num_requests, found.total_response_time / 1000) if found else (0, 0.0)
