"""`sms-simulators check`: from files or a server's journal to a report and an exit code."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

import click

from simulators import catalog
from simulators.check import journalled, recorded, report
from simulators.check.verdict import UnknownHost, Verdict, judge
from simulators.cli_options import fail
from simulators.control.client import ControlError
from simulators.server.gateway import host_name

BROKEN = 1


def run(
    files: Iterable[Path], url: str, hosts: Iterable[str], shape: str, account: str, token: str
) -> NoReturn:
    """Prints the report and ends with 0, 1 for a breach, 2 for what cannot be judged."""
    if bool(files) == bool(url):
        fail("check takes files of recorded requests, or --url of a running server, not both")
    verdicts = _journal(url, account, token) if url else _files(files, _more(hosts))
    click.echo(report.FORMATS[shape](verdicts))
    raise SystemExit(BROKEN if any(verdict.breaches for verdict in verdicts) else 0)


def _journal(url: str, account: str, token: str) -> list[Verdict]:
    try:
        verdicts = journalled.read(url, account, token)
    except ControlError as error:
        fail(str(error))
    if not verdicts:
        fail(
            f"the account '{account}' at {url} has had no request;"
            " those with credentials that no account has are under --account strangers"
        )
    return verdicts


def _files(files: Iterable[Path], hosts: Mapping[str, str]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for path in files:
        try:
            verdicts += _file(path, hosts)
        except (recorded.BadFile, UnknownHost) as error:
            fail(str(error))
    return verdicts


def _file(path: Path, hosts: Mapping[str, str]) -> list[Verdict]:
    """Requests to other hosts are passed over where they are to be expected, unless it is all
    there is."""
    verdicts, passed = [], None
    for request in recorded.read(path):
        try:
            verdicts.append(judge(request, hosts))
        except UnknownHost as error:
            if not request.foreign:
                raise
            passed = error
    if passed and not verdicts:
        raise recorded.BadFile(f"{path} has no request to an SMS provider: {passed}")
    if not verdicts:
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
