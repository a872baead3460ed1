"""The options of `serve`, and how wrong usage is told: one line, exit code 2."""

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import click

USAGE = 2
DEFAULT_URL = "http://127.0.0.1:8026"


def fail(message: str, *, code: int = USAGE, context: click.Context | None = None) -> NoReturn:
    """Ends the process with one line on stderr."""
    line = " ".join(message.split())
    hint = f" (see {context.command_path} --help)" if context else ""
    click.echo(f"sms-simulators: {line}{hint}", err=True)
    raise SystemExit(code)


def _pairs(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, int]:
    """`NAME=PORT` texts as a mapping; the names are checked by `known_providers`."""
    ports: dict[str, int] = {}
    for text in given:
        name, _, port = text.partition("=")
        if not name or not port.isdecimal() or int(port) > 65_535:
            raise click.BadParameter(f"expected NAME=PORT, the port from 0 to 65535, got '{text}'")
        if name in ports:
            raise click.BadParameter(f"{name} is given twice; one port a provider")
        ports[name] = int(port)
    return ports


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


def known_providers(ports: Mapping[str, int], known: Iterable[str]) -> Mapping[str, int]:
    """The ports themselves. Fails on a provider that is not `known`."""
    names = sorted(known)
    for name in ports:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            fail(f"--provider-port: no provider '{name}'; {hint}there are: {', '.join(names)}")
    return ports


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
TLS_DIR = click.option(
    "--tls-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="DIR",
    help="Where the CA is kept. [default: this user's data folder]",
)

_SERVE = (
    click.option(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen on.",
    ),
    click.option(
        "--port",
        type=PORT,
        metavar="PORT",
        default=8026,
        show_default=True,
        help="HTTP; 0 picks a free one.",
    ),
    click.option(
        "--tls-port",
        type=PORT,
        metavar="PORT",
        default=8443,
        show_default=True,
        help="HTTPS; 0 picks a free one.",
    ),
    click.option("--no-tls", is_flag=True, help="Serve no HTTPS."),
    click.option(
        "--provider-port",
        "provider_ports",
        multiple=True,
        callback=_pairs,
        metavar="NAME=PORT",
        help="A port (HTTP) for one provider alone; may be repeated.",
    ),
    click.option(
        "--name",
        "names",
        multiple=True,
        metavar="HOST",
        help="A host name that reaches the simulators, as a container's; may be repeated.",
    ),
    click.option(
        "--accounts",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Accounts to start with, JSON or YAML.",
    ),
    click.option(
        "--rules",
        multiple=True,
        metavar="FILE|magic",
        help="Rules for the default account, JSON or YAML, or the shipped magic numbers; may be"
        " repeated.",
    ),
    click.option(
        "--limits",
        default="provider",
        callback=limits,
        show_default=True,
        metavar="provider|off|FACTOR",
        help="Flow control: as each provider documents it, none, or its counts times FACTOR.",
    ),
    click.option("--strict", is_flag=True, help="Refuse requests that break their contract."),
    click.option(
        "--keep",
        type=click.IntRange(min=1),
        metavar="N",
        help="Messages kept an account; the oldest go first.",
    ),
    TLS_DIR,
    click.option(
        "--callbacks-to",
        multiple=True,
        metavar="HOST",
        help="A host other than this machine that callbacks may go to, as *.example.com; may be"
        " repeated.",
    ),
    click.option(
        "--token",
        metavar="TOKEN",
        default="",
        envvar="SMS_SIMULATORS_TOKEN",
        show_envvar=True,
        help="What the control API asks for. Made up and printed when --host is not loopback.",
    ),
    click.option("--otp-port", type=PORT, metavar="PORT", help="Serves the OTP service too."),
    click.option("--otp-faithful", is_flag=True, help="It overlooks what Logto overlooks."),
    click.option(
        "--otp-sends-per-recipient",
        type=click.IntRange(min=1),
        metavar="N",
        help="Codes it sends to one number in ten minutes. [default: 10]",
    ),
    click.option(
        "--otp-token",
        metavar="TOKEN",
        default="",
        help="What its Management API asks for. Made up and printed when --host is not loopback.",
    ),
)


def serve_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds all options of `serve`."""
    for option in reversed(_SERVE):
        command = option(command)
    return command
