"""What a locustfile needs beside its one idea: `run = attach()`, before its users.

    from locust import HttpUser, task
    from simulators.load.run import attach

    run = attach()

    class Person(HttpUser):
        @task
        def ask(self):
            run.ledger.asked(number, usage="Generic")
            ...

Importing this module imports Locust, which patches the process for gevent.
"""

import random
import secrets
import time
import traceback
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import locust
from gevent.local import local
from locust.event import EventHook
from locust.exception import StopTest
from locust.runners import WorkerRunner

from simulators.load import settings
from simulators.load.answer import Answer, Seen
from simulators.load.head import USAGE, Head
from simulators.load.inbox import Inbox, Sms
from simulators.load.ledger import Ledger
from simulators.load.nodes import NO_SIM, Deck, addresses, spread
from simulators.load.pace import Arrivals, pace
from simulators.load.settings import Settings
from simulators.load.thresholds import Names
from simulators.load.workers import Worker


class Run:
    """One load test in this process: what the scenario writes to and reads from.

    `seed`, `worker` and `workers` are known once the test starts, so at the earliest in a listener
    of `test_start` or in a user.
    """

    def __init__(self, needs: frozenset[str], names: Names | None = None) -> None:
        self.needs = needs
        self.names = names
        self.ledger = Ledger()
        self.settings = Settings()
        self.environment: Any = None
        self.provider = ""  # who carried the messages, where the scenario knows better than we
        self.answering: Callable[[Seen], Answer] | None = None
        self.worker = 0
        self.workers = 1
        self.arrivals: Arrivals | None = None  # with --rate alone
        self._users = 0  # of several nodes
        self._here = local()  # each user's: the node that it sent to last
        self._part: Worker | Head

    @property
    def seed(self) -> str:
        """The seed of the whole run, the same for all workers."""
        return self.settings.seed

    @cached_property
    def inbox(self) -> Inbox:
        """The phones of all the people."""
        given = self.settings
        return Inbox(
            given.nodes,
            account=given.account,
            token=given.sim_token,
            chance=self.chance("nodes"),
        )

    def chance(self, what: str = "") -> random.Random:
        """Chance for one purpose: the same in every run of a seed, another for each worker."""
        return random.Random(f"{self.seed}/{self.worker}/{what}")

    def read_sms(
        self,
        number: str,
        *,
        after: int = 0,
        timeout: float = 10.0,
        usage: str = "",
        name: str = "sms arrives",
    ) -> Sms | None:
        """Waits for the next message to a number, later than the sequence `after`, and writes it
        in the ledger; None if none comes. To Locust it is a request called `name`, which fails
        if none comes. Of several nodes it is another that is asked than this user sent to last."""
        sms = None  # as well where nobody answers: that is told as a request that failed
        with self.environment.events.request.measure("SMS", name) as told:
            sent_to = getattr(self._here, "node", "")
            sms = self.inbox.wait(number, after=after, timeout=timeout, beside=sent_to)
            if sms is None:
                told["exception"] = TimeoutError(f"no message within {timeout:g} s")
        if sms is not None:
            self.ledger.received(number, sms.code, sms.message_id, usage=usage)
        return sms

    def figure(self, kind: str, name: str, milliseconds: float = 0.0) -> None:
        """A figure of the scenario's own among Locust's: `run.figure("BLOCKED", "sign-in", 1500)`
        counts `name` once, with the time it took. Workers report it as any request."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=milliseconds,
            response_length=0,
            exception=None,
            context={},
        )

    def answers(self, function: Callable[[Seen], Answer]) -> Callable[[Seen], Answer]:
        """Answers the scenario's question once the run is over, in the process that judges."""
        self.answering = function
        return function

    def begin(self, environment: Any) -> None:
        """Once for each process, when Locust knows its part."""
        self.environment = environment
        options, runner = environment.parsed_options, environment.runner
        options.seed = options.seed or secrets.token_hex(3)
        options.host = environment.host = options.host or self._usual_host(options)
        self.settings = settings.read(options)
        if isinstance(runner, WorkerRunner):
            self._part = Worker(runner, self.ledger)
        else:
            self._part = Head(self)
        if self.settings.rate:
            pace(self, environment.user_classes)
        self._spread(environment.user_classes)
        environment.events.test_start = _SetUp(environment, self._part.not_set_up)

    def _spread(self, classes: Sequence[Any]) -> None:
        """Has users who send straight to the simulators send to all nodes in turn, if there are
        several: a worker knows that from its master, when the test starts."""

        def begins(on_start: Callable[[Any], None]) -> Callable[[Any], None]:
            def started(user: Any) -> None:
                nodes, client = self.settings.nodes, getattr(user, "client", None)
                here = (getattr(client, "base_url", "") or "").rstrip("/")
                if len(nodes) > 1 and here in nodes:
                    self._users += 1
                    deck = Deck(nodes, self.chance(f"nodes/{self._users}"))
                    spread(client, deck, self._sent_to)
                on_start(user)

            return started

        for kind, on_start in [(kind, kind.on_start) for kind in classes]:
            kind.on_start = begins(on_start)

    def _sent_to(self, node: str) -> None:
        self._here.node = node

    def hiding(self) -> list[str]:
        """The users that have it as `run`, which is Locust's name for what starts a user."""
        return [kind.__name__ for kind in self.environment.user_classes if kind.run is self]

    def _usual_host(self, options: Any) -> str:
        """Where users go if nobody says: to the service under test; without one, the simulators."""
        if "host" in self.needs:
            return str(options.otp)
        return next(iter(addresses(options.sim)), NO_SIM)

    def started(self) -> None:
        """A test starts; on a page it may be the second."""
        self.settings = settings.read(self.environment.parsed_options)
        self.__dict__.pop("inbox", None)
        self.ledger.clear()
        self.provider = ""
        self._part.started()
        if isinstance(self._part, Worker):
            self.worker, self.workers = self._part.lane()
        if rate := self.settings.rate:  # each worker has its share, and they take turns
            first = time.monotonic() + self.worker / rate
            self.arrivals = Arrivals(rate / self.workers, first)

    def stopped(self) -> None:
        """A test is over: its users are gone, or on the master about to go."""
        self._part.stopped()


class _SetUp(EventHook):
    """`test_start`, but that a listener which fails ends the run. Locust's own logs the exception
    and starts the users all the same, on what was set up by half."""

    def __init__(self, environment: Any, failed: Callable[[str], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as Locust has it
        self._handlers = environment.events.test_start._handlers.copy()
        self._scenario = Path(environment.locustfile or "scenario").stem
        self._failed = failed

    def fire(self, *, reverse: bool = False, **told: Any) -> None:
        for handler in self._handlers[::-1] if reverse else self._handlers.copy():
            try:
                handler(**told)
            except StopTest:
                raise
            except Exception as error:
                self._failed(f"the set-up of {self._scenario} failed: {_in_a_line(error)}")
                raise SystemExit(USAGE) from None


def _in_a_line(error: Exception) -> str:
    said = " ".join(str(error).split())
    at = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(at.filename).name}, line {at.lineno}"
    return f"{type(error).__name__}{f': {said}' if said else ''} ({where})"


def attach(
    *,
    needs: str = "host sim",
    requests: Sequence[str] = (),
    uses: Sequence[str] = (),
    events: Any = None,
) -> Run:
    """Adds the options and wires a run to Locust's events (`events` are others for tests).

    `needs` says what the scenario cannot do without, and so what is tried before the first user
    starts: "host" (the service under test, and its Management API with the token), "sim" (the
    inbox). Without "host", users go to the simulators unless `--host` says otherwise. "providers"
    says that they send what is for providers, so that a `--host`, which is a service that people
    sign in to, is refused; with "target" it is one that stands for providers, and no Logto.

    `requests` are the names of the scenario's requests as Locust lists them, `uses` the uses and
    templates that it writes in the ledger; `*` stands for any text. Where they are given, a
    threshold about anything else is refused before the first user, and not found at the end.
    """
    run = Run(frozenset(needs.split()), Names(requests, uses) if requests else None)
    hooks = events or locust.events
    hooks.init_command_line_parser.add_listener(settings.add_options)
    hooks.init.add_listener(lambda environment, **_: run.begin(environment))
    hooks.test_start.add_listener(lambda **_: run.started())
    hooks.test_stop.add_listener(lambda **_: run.stopped())
    return run
