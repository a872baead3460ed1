"""`sms-simulators serve`: from options to a running server, and what it prints."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import uvloop

from simulators import catalog
from simulators.app import Options, Simulators
from simulators.cli import follow, lines
from simulators.cli.options import PORT, TLS_DIR, fail, limits
from simulators.cli.providers import as_text, rows
from simulators.kernel.accounts import AccountDocument
from simulators.kernel.pipeline import Settings
from simulators.kernel.rules import Rule
from simulators.loopback import is_loopback
from simulators.otp.policy import SENDS_PER_RECIPIENT, Policy
from simulators.server import collector, tls
from simulators.server.group import Member
from simulators.server.listeners import PortInUse
from simulators.store.log import Unusable
from simulators.store.memory import KEEP


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


def _urls(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    for text in given:
        try:
            parts = urlsplit(text)
            good = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise click.BadParameter(f"expected a URL as http://127.0.0.1:8026, got '{text}'")
    return given


def known_providers(ports: Mapping[str, int], known: Iterable[str]) -> Mapping[str, int]:
    """The ports themselves. Fails on a provider that is not `known`."""
    names = sorted(known)
    for name in ports:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            fail(f"--provider-port: no provider '{name}'; {hint}there are: {', '.join(names)}")
    return ports


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
    click.option("--quiet", is_flag=True, help="Print no line for each message."),
    click.option("--strict", is_flag=True, help="Refuse requests that break their contract."),
    click.option(
        "--strict-warnings",
        is_flag=True,
        help="As --strict; a warning about a request counts as a violation.",
    ),
    click.option(
        "--keep",
        type=click.IntRange(min=1),
        metavar="N",
        help="Messages kept an account; the oldest go first.",
    ),
    click.option(
        "--data",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Keeps everything in a file as well: a process that is killed comes back with what it"
        " acknowledged.",
    ),
    click.option(
        "--data-sync",
        is_flag=True,
        help="With --data: answers wait for the disk, so that a power loss loses nothing either.",
    ),
    click.option(
        "--store",
        metavar="URL",
        default="",
        envvar="SMS_SIMULATORS_STORE",
        show_envvar=True,
        help="A Valkey or Redis engine that several of these share, as valkey://HOST:6379/0.",
    ),
    click.option(
        "--processes",
        type=click.IntRange(min=1),
        metavar="N",
        default=1,
        help="So many processes behind the same ports, with --store. [default: 1]",
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
    click.option(
        "--otp-through",
        multiple=True,
        callback=_urls,
        metavar="URL",
        help="Another node that it sends through, in turn with this one; may be repeated.",
    ),
    click.option("--otp-faithful", is_flag=True, help="It overlooks what Logto overlooks."),
    click.option(
        "--otp-sends-per-recipient",
        type=click.IntRange(min=1),
        metavar="N",
        help="Codes it sends to one number in ten minutes. [default: 10]",
    ),
    click.option(
        "--otp-seed",
        metavar="TEXT",
        default="",
        help="Makes its codes, ids and tokens the same in each run. [default: each its own]",
    ),
    click.option(
        "--otp-token",
        metavar="TOKEN",
        default="",
        help="What its Management API asks for. Made up and printed when --host is not loopback.",
    ),
)


def _options_of_serve(command: Callable[..., None]) -> Callable[..., None]:
    """Adds all options of `serve`."""
    for option in reversed(_SERVE):
        command = option(command)
    return command


@click.command
@_options_of_serve
def serve(**given: Any) -> None:
    """Starts the simulators and serves until Ctrl-C.

    Prints what is where, then `ready`, then a line for each message, refusal and violation. Port 0
    picks a free port.

    \b
    Clients reach a provider by any of:
      its URL            http://127.0.0.1:8026/twilio
      the vendor's host  https://api.twilio.com (see `hosts` and `ca`)
      its own name       http://twilio.localhost:8026
      its own port       --provider-port twilio=9001
    """
    _run(given)


def _run(given: Mapping[str, Any]) -> None:
    """Serves until a signal ends it. Whatever is wrong is told before anything listens."""
    logging.basicConfig(format="sms-simulators: %(message)s", level=logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a client's mistakes are no news
    if given["store"] and given["data"]:
        fail("--data is of one process alone, --store of several: expected one of both")
    if given["processes"] > 1 and not given["store"]:
        fail("--processes are several that share one store: expected --store URL with them")
    options, count = _options(given), given["processes"]
    if count == 1:
        _be_one(options, click.echo, quiet=given["quiet"])
        return
    from simulators.cli import processes  # only who wants several loads it

    def work(member: Member, ready: Callable[[str], None]) -> None:
        first = member.number == 0
        own = replace(options, member=member, otp_port=options.otp_port if first else None)
        _be_one(own, ready, quiet=given["quiet"] or not first)

    try:
        group = processes.Group(count, options.ports(), work, {"otp"})
    except PortInUse as error:
        fail(str(error))
    raise SystemExit(group.run(click.echo))


def _be_one(options: Options, say: Callable[[str], None], *, quiet: bool) -> None:
    """Serves as one process; says what is where once it is ready."""
    try:
        simulators = Simulators(options)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(simulators, say, quiet=quiet))
    except (PortInUse, Unusable, tls.UnusableFolder) as error:
        fail(str(error))


async def _serve(simulators: Simulators, say: Callable[[str], None], *, quiet: bool) -> None:
    following: list[asyncio.Future[None]] = []

    def stop() -> None:
        logging.disable()  # answers that are still held back end with the process, unfinished
        simulators.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)

    def ready() -> None:
        collector.settle()
        say(_announcement(simulators))
        if not quiet:
            printer = follow.Printer(lines.Paper().write)
            following.append(asyncio.ensure_future(follow.follow(simulators, printer)))

    await simulators.serve(ready)
    for task in following:
        await task


def _options(given: Mapping[str, Any]) -> Options:
    token = given["token"]
    if not token and not is_loopback(given["host"]):
        token = secrets.token_urlsafe(18)
    if given["data_sync"] and given["data"] is None:
        fail("--data-sync says how the file of --data is written; expected --data FILE with it")
    return Options(
        host=given["host"],
        port=given["port"],
        tls_port=None if given["no_tls"] else given["tls_port"],
        provider_ports=known_providers(given["provider_ports"], catalog.PROVIDERS),
        names=tuple(name.lower() for name in given["names"]),
        settings=Settings(
            strict=given["strict"],
            strict_warnings=given["strict_warnings"],
            limits=given["limits"],
        ),
        keep=given["keep"] or KEEP,
        data=given["data"],
        data_sync=given["data_sync"],
        store=given["store"],
        tls_dir=given["tls_dir"] or tls.default_folder(),
        token=token,
        callbacks_to=tuple(host.lower() for host in given["callbacks_to"]),
        accounts=_accounts(given["accounts"]),
        rules=_rules(given["rules"]),
        otp_port=given["otp_port"],
        otp_through=given["otp_through"],
        otp_policy=_otp_policy(given),
    )


def _otp_policy(given: Mapping[str, Any]) -> Policy:
    if given["otp_port"] is None:
        for name in (
            "otp_through", "otp_faithful", "otp_sends_per_recipient", "otp_seed", "otp_token",
        ):  # fmt: skip
            if given[name]:
                option = f"--{name.replace('_', '-')}"
                fail(f"{option} says how the OTP service behaves: expected --otp-port PORT with it")
    token = given["otp_token"]
    if not token and not is_loopback(given["host"]):
        token = secrets.token_urlsafe(18)
    return Policy(
        faithful=given["otp_faithful"],
        sends_per_recipient=given["otp_sends_per_recipient"] or SENDS_PER_RECIPIENT,
        token=token,
        seed=given["otp_seed"],
    )


def _accounts(path: Path | None) -> list[AccountDocument]:
    if path is None:
        return []
    from simulators import files  # YAML is read only by who asks

    try:
        return files.read_accounts(path, catalog.PROVIDERS.values())
    except files.BadFile as error:
        fail(str(error))


def _rules(sources: Sequence[str]) -> list[Rule]:
    if not sources:
        return []
    from simulators import files

    try:
        return files.read_rules(sources, catalog.PROVIDERS)
    except files.BadFile as error:
        fail(f"--rules: {error}")


def _announcement(simulators: Simulators) -> str:
    listed = rows(simulators.providers.values(), simulators.base_url)
    credentials = simulators.accounts.world("default").account.credentials
    for row in listed:
        row["credentials"] = credentials[row["name"]]
    lines = [as_text(listed), "", f"inbox        {simulators.url}/"]
    lines.append(f"control API  {simulators.url}/_sim/health")
    if simulators.options.token:
        lines.append(f"token        {simulators.options.token}")
    if "otp" in simulators.ports:
        lines.append(f"OTP service  {simulators.otp_url}")
        if simulators.options.otp_policy.token:
            lines.append(f"its token    {simulators.options.otp_policy.token}")
    ports = [(simulators.ports[name], name) for name in simulators.options.provider_ports]
    lines += [f"port         {port} is {name} alone" for port, name in ports]
    if "https" in simulators.ports:
        lines += _about_tls(simulators)
    return "\n".join([*lines, "ready"])


def _about_tls(simulators: Simulators) -> list[str]:
    path = tls.ca_path(simulators.options.tls_dir)
    return [
        f"TLS          {simulators.secure_url} and every vendor host, by this CA:",
        f"             {path}",
        "             trust it by NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE",
        "             or curl --cacert; `sms-simulators hosts` prints lines for a hosts file",
    ]
