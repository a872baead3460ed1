"""Options that several commands share, and how wrong usage is told: one line, exit code 2."""

import math
from pathlib import Path
from typing import Any, NoReturn

import click

USAGE = 2
DEFAULT_URL = "http://127.0.0.1:8026"


# What `simulators.catalog` names its own import errors by; importing it takes a while.
PROVIDERS_GROUP = "sms_simulators.providers"


def fail(message: str, *, code: int = USAGE, context: click.Context | None = None) -> NoReturn:
    """Ends the process with one line on stderr."""
    line = " ".join(message.split())
    hint = f" (see {context.command_path} --help)" if context else ""
    click.echo(f"sms-simulators: {line}{hint}", err=True)
    raise SystemExit(code)


def limits(_context: click.Context, _option: click.Parameter, given: str) -> str | float:
    """`provider`, `off` or the factor as a number."""
    if given in ("provider", "off"):
        return given
    try:
        factor = float(given)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        expected = "'provider', 'off' or a factor above 0, as 0.5 or 10"
        raise click.BadParameter(f"expected {expected}, got '{given}'")
    return factor


class Number(click.FloatRange):
    """A number within bounds; `nan` and `inf`, which no bound of click's stops, are none."""

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> float:
        """As click has it, but for those two."""
        found = float(super().convert(value, param, context))
        if not math.isfinite(found):
            self.fail(f"expected a number of digits, got '{value}'.", param, context)
        return found


PORT = click.IntRange(0, 65_535)
URL = click.option(
    "--url",
    default=DEFAULT_URL,
    envvar="SMS_SIMULATORS_URL",
    show_default=True,
    show_envvar=True,
    help="Where the simulators are.",
)
TOKEN = click.option(
    "--token",
    default="",
    envvar="SMS_SIMULATORS_TOKEN",
    show_envvar=True,
    help="The control API's token, where `serve` printed one.",
)
ACCOUNT = click.option("--account", default="default", show_default=True, help="Whose it is.")
STRICT_WARNINGS = click.option(
    "--strict-warnings", is_flag=True, help="A warning about a request counts as a violation."
)
TLS_DIR = click.option(
    "--tls-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="DIR",
    help="Where the CA is kept. [default: this user's data folder]",
)
