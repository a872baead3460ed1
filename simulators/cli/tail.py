"""`sms-simulators tail`: what a running server does, a line for each message."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from simulators.cli import lines, options
from simulators.cli.options import fail
from simulators.control import client

_AGAIN_SECONDS = 1.0


@click.command
@options.ACCOUNT
@click.option("--provider", default="", metavar="NAME", help="Only what goes through this one.")
@click.option("--to", default="", metavar="NUMBER", help="Only this number, or those that end so.")
@click.option("--refused", is_flag=True, help="Only what went wrong.")
@click.option("--requests", is_flag=True, help="Requests and receipts that went well, too.")
@click.option("--start", is_flag=True, help="What is there already, too.")
@click.option(
    "--timeout",
    type=options.Number(0, 86_400),
    metavar="SECONDS",
    help="Ends after that time; 0 prints what there is. [default: goes on]",
)
@options.URL
@options.TOKEN
@click.option("--json", "as_json", is_flag=True, help="The events as they are, one a line.")
def tail(
    account: str,
    provider: str,
    to: str,
    refused: bool,
    requests: bool,
    start: bool,
    timeout: float | None,
    url: str,
    token: str,
    as_json: bool,
) -> None:
    """Follows a running server and prints a line for each message, refusal and violation, until
    Ctrl-C. Requests that no account could be found for are told as well."""
    query = {"account": account}
    if start:
        query["after"] = "start"
    if timeout is not None:
        query["timeout"] = f"{timeout:g}"
    paper = lines.Paper()
    try:
        for told in _events(url, query, token, again=timeout is None):
            if as_json:
                paper.text(json.dumps({"event": told.name, **told.data}, ensure_ascii=False) + "\n")
                continue
            wanted = [
                line
                for line in lines.of(told.name, told.data, requests=requests)
                if line.word == "" or _wanted(line, provider, to, refused)
            ]
            paper.write(wanted)
    except client.ControlError as error:
        fail(str(error), code=1)
    except BrokenPipeError:
        return


def _events(
    url: str,
    query: dict[str, str],
    token: str,
    *,
    again: bool,
    sleep: Callable[[float], Any] = time.sleep,
) -> Iterator[client.Told]:
    """The events of the stream, and of the next one where one breaks off after it has begun."""
    begun = False
    while True:
        try:
            for told in client.events(url, query, token=token):
                begun, query["after"] = True, told.id
                if told.name:
                    yield told
        except client.ControlError:
            if not begun or not again:
                raise
        if not again:
            return
        sleep(_AGAIN_SECONDS)


def _wanted(line: lines.Line, provider: str, to: str, refused: bool) -> bool:
    digits = "".join(filter(str.isdecimal, line.number))
    asked = "".join(filter(str.isdecimal, to))
    return (
        provider in ("", line.provider)
        and (not to or (bool(asked) and digits.endswith(asked)))
        and (line.bad or not refused)
    )
