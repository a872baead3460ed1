"""`sms-simulators check`: from files or a server's journal to a report and an exit code."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from simulators import catalog
from simulators.check import journalled, recorded, report
from simulators.check.verdict import UnknownHost, Verdict, judge
from simulators.cli.options import ACCOUNT, STRICT_WARNINGS, TOKEN, fail
from simulators.control.client import ControlError
from simulators.kernel.world import STRANGERS
from simulators.server.gateway import host_name

BROKEN, UNJUDGED = 1, 2


@click.command
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--url", default="", metavar="URL", help="A running server, for its journal.")
@ACCOUNT
@TOKEN
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST=PROVIDER",
    help="A host in the files that stands for a provider; may be repeated.",
)
@STRICT_WARNINGS
@click.option(
    "--format",
    "shape",
    type=click.Choice(("text", "json", "junit", "github")),
    default="text",
    show_default=True,
    help="Of the report.",
)
def check(**given: Any) -> None:
    """Holds requests that a client sent to the contracts of their providers.

    FILE is a HAR, JSON Lines or a JSON list of {method, url, headers, body}. Provider and operation
    are found by host and path; with --url those of no known account that break their contract are
    among them. Exit code 1 if a request breaks its contract, 2 for a file that cannot be read, a
    host that is no provider's, or nothing to judge.
    """
    _run(**given)


def _run(
    files: Iterable[Path],
    url: str,
    hosts: Iterable[str],
    shape: str,
    account: str,
    token: str,
    strict_warnings: bool,
) -> NoReturn:
    """Prints the report and ends with 0, 1 for a violation, 2 where anything cannot be judged: that
    is told on stderr, and the report is of the rest."""
    if bool(files) == bool(url):
        fail("check takes files of recorded requests, or --url of a running server, not both")
    unjudged: list[str] = []
    if url:
        verdicts = _journal(url, account, token, strict=strict_warnings)
    else:
        verdicts = _files(files, _more(hosts), unjudged)
    verdicts = [replace(verdict, strict=strict_warnings) for verdict in verdicts]
    for reason in unjudged:
        click.echo(f"sms-simulators: {reason}", err=True)
    if verdicts or not unjudged:
        click.echo(report.FORMATS[shape](verdicts))
    if unjudged:
        raise SystemExit(UNJUDGED)
    raise SystemExit(BROKEN if any(verdict.fails for verdict in verdicts) else 0)


def _journal(url: str, account: str, token: str, *, strict: bool) -> list[Verdict]:
    """Of the account, and what may well be its client's too: a request that breaks its contract
    often breaks it where its credentials are, and then is under no account."""
    try:
        verdicts = journalled.read(url, account, token)
        others = journalled.nobody_s(url, token, strict=strict) if account != STRANGERS else []
    except ControlError as error:
        fail(str(error))
    if others:
        click.echo(
            f"sms-simulators: no known account's, and counted here: {len(others)} that broke their"
            f" contract, with credentials that could not be read or that no account has;"
            f" more on them under --account {STRANGERS}",
            err=True,
        )
    if not verdicts and not others:
        fail(
            f"the account '{account}' at {url} has had no request;"
            f" those with credentials that no account has are under --account {STRANGERS}"
        )
    return verdicts + others


def _files(files: Iterable[Path], hosts: Mapping[str, str], unjudged: list[str]) -> list[Verdict]:
    """The verdicts on all that can be judged; why the rest cannot goes to `unjudged`."""
    verdicts: list[Verdict] = []
    for path in files:
        try:
            verdicts += _file(path, hosts, unjudged)
        except recorded.BadFile as error:
            unjudged.append(str(error))
    return verdicts


def _file(path: Path, hosts: Mapping[str, str], unjudged: list[str]) -> list[Verdict]:
    """Requests to other hosts are passed over where they are to be expected, unless it is all
    there is."""
    verdicts, passed, before = [], None, len(unjudged)
    for request in recorded.read(path):
        if isinstance(request, recorded.BadFile):
            unjudged.append(str(request))
            continue
        try:
            verdicts.append(judge(request, hosts))
        except UnknownHost as error:
            if request.foreign:
                passed = error
            else:
                unjudged.append(str(error))
        except Exception as error:  # a fault of ours, which must not hide the verdicts on the rest
            unjudged.append(f"{request.place}: cannot be judged, by a fault of check: {error!r}")
    if passed and not verdicts:
        raise recorded.BadFile(f"{path} has no request to an SMS provider: {passed}")
    if not verdicts and before == len(unjudged):
        raise recorded.BadFile(f"{path} has no request in it")
    return verdicts


def _more(given: Iterable[str]) -> dict[str, str]:
    hosts = {}
    for text in given:
        host, _, provider = text.partition("=")
        if not host or not provider:
            fail(f"--host: expected HOST=PROVIDER, got '{text}'")
        try:
            hosts[host_name(host)] = catalog.find(provider).name
        except catalog.UnknownProvider as error:
            fail(f"--host: {error}")
    return hosts
