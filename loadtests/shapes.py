"""How many are there when: curves for `--shape`, over `--users` at the peak and `--run-time`.

    locust -f loadtests/send_verify.py --headless --shape spike --users 200 --run-time 5m

A scenario that imports this module takes `--shape`. Without it Locust starts `--users` at
`--spawn-rate`, as always.
"""

from argparse import ArgumentParser
from typing import Any

from locust import LoadTestShape, events

DEFAULT_USERS = 10
SPAWN_SECONDS = 5  # a step of the curve is taken within this time


class Curve(LoadTestShape):
    """A share of `users` for each moment of `seconds`; a subclass says which."""

    abstract = True
    seconds = 300.0  # unless --run-time says otherwise
    patient = True  # whether people wait a while after a refusal, before they ask again

    def __init__(self, users: int = DEFAULT_USERS, seconds: float | None = None) -> None:
        super().__init__()
        self.users = users
        self.seconds = self.seconds if seconds is None else seconds

    def tick(self) -> tuple[int, float] | None:
        """How many are wanted now, and how many a second may come or go; None at the end."""
        progress = self.get_run_time() / self.seconds
        if progress >= 1:
            return None
        return max(1, round(self.users * self.share(progress))), self.rate()

    def rate(self) -> float:
        """Users a second, for a step."""
        return max(1.0, self.users / SPAWN_SECONDS)

    def share(self, progress: float) -> float:
        """0 to 1 of the users, at 0 to 1 of the time."""
        raise NotImplementedError


class Steady(Curve):
    """Everyone, all the time. What does it sustain?"""

    abstract = True

    def share(self, _progress: float) -> float:
        return 1.0


class Ramp(Curve):
    """Ten steps up, the last one held. At which load does it bend?"""

    abstract = True

    def share(self, progress: float) -> float:
        return min(10, int(progress * 12) + 1) / 10


class Spike(Curve):
    """A tenth; everyone at once for a fifth of the time; a tenth again. Does it recover?"""

    abstract = True

    def share(self, progress: float) -> float:
        return 1.0 if 0.4 <= progress < 0.6 else 0.1


class Soak(Curve):
    """Half of what it can do, for a long time: up, held, down. Does anything leak or slow down?"""

    abstract = True
    seconds = 3600.0

    def share(self, progress: float) -> float:
        return min(1.0, progress / 0.05, (1.0 - progress) / 0.05)


class RetryStorm(Curve):
    """A third; then everyone, who on a refusal ask again at once; then a third, as patient as
    that. Does a throttled service get out of it?"""

    abstract = True
    patient = False

    def rate(self) -> float:
        return float(self.users)

    def share(self, progress: float) -> float:
        return 1.0 if 0.3 <= progress < 0.6 else 1 / 3


# Abstract to Locust: it would run the first class that it finds, asked or not.
SHAPES: dict[str, type[Curve]] = {
    "steady": Steady,
    "ramp": Ramp,
    "spike": Spike,
    "soak": Soak,
    "retry_storm": RetryStorm,
}


@events.init_command_line_parser.add_listener
def _option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shape",
        choices=("none", *SHAPES),
        default="none",
        help="The curve of users over time; --users is its peak, --run-time its length",
    )


@events.init.add_listener
def _shape(environment: Any, **_: Any) -> None:
    options = environment.parsed_options
    if options is None or options.shape == "none" or environment.shape_class is not None:
        return
    if getattr(options, "worker", False):  # the master decides how many there are
        return
    shape = SHAPES[options.shape](options.num_users or DEFAULT_USERS, options.run_time)
    shape.runner = environment.runner
    environment.shape_class = shape


def patient(options: Any) -> bool:
    """Whether people of this run wait after a refusal."""
    found = SHAPES.get(getattr(options, "shape", "none"))
    return found is None or found.patient
