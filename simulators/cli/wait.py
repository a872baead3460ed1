"""`sms-simulators wait`: the code that was sent to a number, as soon as it is there."""

import json
from typing import Any

import click

from simulators.cli import options
from simulators.cli.options import fail
from simulators.control import client


@click.command
@click.option("--to", required=True, metavar="NUMBER", help="The recipient, as +15005550009.")
@click.option("--provider", default="", metavar="NAME", help="Only messages sent through this one.")
@options.ACCOUNT
@click.option("--since", default="", metavar="TIME", help="Only later ones: 'now' or ISO 8601.")
@click.option(
    "--after",
    default="",
    metavar="SEQUENCE",
    help="Only later ones than this sequence (in --json), or than the 'last' printed.",
)
@click.option(
    "--timeout",
    type=options.Number(0, 300),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait.",
)
@options.URL
@options.TOKEN
@click.option("--json", "as_json", is_flag=True, help="The whole message, as JSON.")
def wait(to: str, as_json: bool, url: str, **wanted: Any) -> None:
    """Waits for a message to NUMBER and prints its code (its text, if there is no code in it).

    A message that is there already counts, also one that was printed before: a script that asks
    more than once says `--after last`. Exit code 1 if none came in time.
    """
    try:
        found = client.wait(url, to=to, **wanted)
    except client.ControlError as error:
        fail(str(error), code=1)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(found.get("code") or found["message"]["text"])
