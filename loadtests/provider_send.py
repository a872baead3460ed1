"""How many messages a second does each provider take, and does every refusal look like one?

Each message goes straight to a provider as Logto's connector sends it (where there is none, as its
sample in `contracts/` has it), signed anew, under the vendor's host name. A share of the numbers
cannot be anybody's, so that the provider has to refuse them: what counts is the body of its
answer, not the status. A refusal of theirs is a result; an accepted one, or the refusal of a good
number, is a failure.

Look at `send <provider>`: its rate, its percentiles, no failures. `send <provider> to nobody`
is what a refusal costs. The servers' CPU is the limit on one machine: leave it a core.

    sms-simulators serve --limits off &
    locust -f loadtests/provider_send.py --headless -u 20 -t 30s
    locust -f loadtests/provider_send.py --headless -u 20 -t 30s --provider tencent

Without `--limits off` a provider's documented flow control holds: `throttled` counts what it
refused. With a `--host` this loads whatever answers there under the vendors' names; a Logto, which
is no provider, is refused.
"""

from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

import connectors
from locust import FastHttpUser, constant, events, task
from people import Crowd, Person
from visitors import at_home

from simulators.catalog import PROVIDERS
from simulators.load.answer import Answer, Plot, Seen
from simulators.load.run import attach
from simulators.otp.connector import Connector, ConnectorError, Message

NO_NUMBER_SHARE = 0.05
NO_NUMBER = "1234"  # is too short everywhere

run = attach(
    needs="sim target",
    requests=[f"send {name}{to}" for name in PROVIDERS for to in ("", " to nobody")],
    uses=tuple(PROVIDERS),
)


@dataclass(frozen=True, slots=True)
class Route:
    """A provider, and the people whom it reaches."""

    provider: str
    connector: Connector
    config: dict[str, Any]
    crowd: Crowd


routes: list[Route] = []


class Application(FastHttpUser):
    """Sends a code to somebody through each provider in turn, as fast as they answer."""

    wait_time = constant(0)

    @task
    def send(self) -> None:
        """One message through every chosen provider."""
        for route in routes:
            person = route.crowd.person()
            if route.crowd.chance.random() < self.environment.parsed_options.wrong_numbers:
                self._to_nobody(route)
            else:
                self._to(route, person)

    def _to(self, route: Route, person: Person) -> None:
        ledger, provider = run.ledger, route.provider
        ledger.asked(person.number, usage=provider)
        with self._post(route, person.digits, f"send {provider}") as response:
            refusal = connectors.refusal(route.connector, response)
            if refusal is None:
                response.success()
                ledger.sent(person.number, usage=provider)
            elif refusal.code == connectors.LIMITED:
                response.success()
                ledger.throttled(person.number, refusal.code, usage=provider)
            else:
                response.failure(f"{refusal.code}: {refusal.data}")
                ledger.refused(person.number, refusal.code, usage=provider)

    def _to_nobody(self, route: Route) -> None:
        try:
            asked = self._post(route, NO_NUMBER, f"send {route.provider} to nobody")
        except ConnectorError:  # Logto's connector refuses the number itself, and asks nobody
            return
        with asked as response:
            if connectors.refusal(route.connector, response):
                response.success()
            else:
                response.failure("accepted a number that is none")

    def _post(self, route: Route, to: str, name: str) -> Any:
        message = Message(to=to, usage="SignIn", payload={"code": route.crowd.code()})
        return connectors.post(self.client, route.connector, route.config, message, name)


@events.init_command_line_parser.add_listener
def _option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--wrong-numbers",
        type=float,
        default=NO_NUMBER_SHARE,
        help="The share of messages to what is no number",
    )


@events.test_start.add_listener
def _routes(**_: Any) -> None:
    """By the credentials of the account."""
    routes.clear()
    for row in run.inbox.call("GET", "/_sim/providers")["providers"]:
        provider = row["name"]
        if provider in PROVIDERS and run.settings.provider in ("", provider):
            connector, config = connectors.client(provider, row["credentials"])
            regions = at_home(provider)
            crowd = Crowd(f"{run.seed}/{provider}", regions, run.worker, run.workers)
            routes.append(Route(provider, connector, config, crowd))


@run.answers
def _answer(seen: Seen) -> Answer:
    """How many messages a second were taken, and whether numbers that are none were refused. Where
    all providers are asked in turn, each takes as many as the slowest lets it: what one would take
    of a user who asks nobody else follows from how long its answers took."""
    asked = [one for name in PROVIDERS if (one := seen.request(f"send {name}")).count]
    alone = {
        one.name.removeprefix("send "): round(1000 * one.count / (one.total or 1), 1)
        for one in asked
    }
    taken = run.ledger.count("sent") / (seen.seconds or 1)
    who = f"The {len(asked)} providers in turn" if len(asked) > 1 else "".join(alone) or "Nobody"
    told = ", ".join(f"{rate:,.0f} ({name})" for name, rate in alone.items()) or "nothing"
    return Answer(
        f"{who} took {taken:,.1f} messages a second; a user who asks one alone gets {told};"
        f" {_refused(seen)}.",
        Plot("Messages for a user who asks one alone", "a second", bars=alone),
    )


def _refused(seen: Seen) -> str:
    wrong = [seen.request(f"send {name} to nobody") for name in PROVIDERS]
    tried, accepted = sum(one.count for one in wrong), sum(one.failures for one in wrong)
    if not tried:
        return "no message to what is no number was tried"
    if accepted:
        return f"{accepted:,} of {tried:,} messages to what is no number were accepted"
    return f"each of {tried:,} messages to what is no number was refused"
