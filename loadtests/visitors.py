"""The people of a run: `visitors = Visitors(run)` at the top of a scenario, `visitors.next()` in
its users. Adds `--regions` and, of `shapes`, `--shape`. Who they are says `people`, which does
without Locust and so can be used and tested anywhere."""

import logging
from argparse import ArgumentParser
from functools import cached_property
from typing import Any

import locust
import shapes  # noqa: F401 - adds its option
from locust.exception import StopUser
from people import REGIONS, Crowd, NumbersUsedUp, Person

from simulators.catalog import PROVIDERS
from simulators.samples import sample

ABROAD = ("US", "GB", "FR")


def at_home(provider: str, usual: tuple[str, ...] = ABROAD) -> tuple[str, ...]:
    """Whom a provider carries messages to: those of one country their own people, others anyone."""
    home = sample(provider).home if provider in PROVIDERS else {}
    return (home["region"],) if home.get("only") and home["region"] in REGIONS else usual


class Visitors:
    """Everyone comes once. Each worker has its own people, the same for the same seed."""

    def __init__(self, run: Any, regions: tuple[str, ...] = ABROAD) -> None:
        self._run = run
        self._usual = regions
        self._full = True
        self.since = 0
        locust.events.init_command_line_parser.add_listener(_options)
        locust.events.test_start.add_listener(self._look)

    @cached_property
    def crowd(self) -> Crowd:
        """Made for the first visitor: by then a worker knows which of all it is."""
        run = self._run
        given = [name for name in run.environment.parsed_options.regions.split(",") if name]
        regions = given or at_home(run.settings.provider, self._usual)
        return Crowd(run.seed, tuple(regions), run.worker, run.workers)

    def _look(self, **_: Any) -> None:
        """What is in the inbox already is from another run, maybe of the same people; `since` is
        its last message."""
        self.since = self._run.inbox.newest()

    def next(self) -> Person:
        """Somebody new. Ends the user when there is nobody left."""
        try:
            return self.crowd.person()
        except NumbersUsedUp as none_left:
            if self._full:
                logging.error("%s", none_left)
            self._full = False
            raise StopUser from None


def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--regions",
        default="",
        metavar="LIST",
        help=f"Where the people are, of {','.join(REGIONS)} [where --provider sends to]",
    )
