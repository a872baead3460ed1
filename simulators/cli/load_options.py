"""The options of `load`."""

import re
from collections.abc import Callable
from pathlib import Path

import click

from simulators.cli.options import ACCOUNT, limits

_TIME = re.compile(r"(?=\d)(\d+h)?(\d+m)?(\d+s?)?")


def _time(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """As Locust reads it."""
    if not _TIME.fullmatch(given):
        raise click.BadParameter(f"expected a time as 45, 30s, 5m or 1h30m, got '{given}'")
    return given


_LOAD = (
    click.argument("scenario", default="", metavar="[SCENARIO]"),
    click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[-- LOCUST_OPTION...]"),
    click.option("--users", type=click.IntRange(min=1), default=10, show_default=True),
    click.option(
        "--spawn-rate",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Users a second that start.  [default: all at once]",
    ),
    click.option(
        "--time",
        default="30s",
        callback=_time,
        show_default=True,
        help="How long: 45, 30s, 5m, 1h30m.",
    ),
    click.option(
        "--shape",
        type=click.Choice(("steady", "ramp", "spike", "soak", "retry-storm")),
        help="How many users are there when.  [default: --users, all the time]",
    ),
    click.option("--seed", default="", help="Repeats the people of a run.  [default: random]"),
    click.option("--provider", default="", metavar="NAME", help="Who carries the messages."),
    click.option(
        "--limits",
        default="provider",
        callback=limits,
        show_default=True,
        metavar="provider|off|FACTOR",
        help="Flow control of the simulators that are started.",
    ),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        metavar="TEXT",
        help="What must hold at the end; may be repeated.  [default: failures == 0]",
    ),
    click.option(
        "--thresholds",
        "thresholds_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The same, one a line.",
    ),
    click.option("--host", default="", metavar="URL", help="A running OTP service, or Logto."),
    click.option(
        "--sim", default="", metavar="URL", help="Its simulators; 'none' if it sends elsewhere."
    ),
    click.option(
        "--sim-token",
        default="",
        envvar="SMS_SIMULATORS_TOKEN",
        show_envvar=True,
        help="The control API's token.",
    ),
    ACCOUNT,
    click.option(
        "--token",
        default="",
        envvar="LOGTO_TOKEN",
        show_envvar=True,
        help="For the Management API of --host.",
    ),
    click.option(
        "--processes", type=click.IntRange(min=1), metavar="N", help="Workers, one a CPU core."
    ),
    click.option("--web", is_flag=True, help="Locust's page at http://127.0.0.1:8089 instead."),
    click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="HTML, plots."),
    click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="The verdict."),
    click.option(
        "--json", "as_json", type=click.Path(path_type=Path), metavar="FILE", help="The verdict."
    ),
)


def load_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds all options of `load`."""
    for option in reversed(_LOAD):
        command = option(command)
    return command
