"""`sms-simulators rules`: the rules of a running server's account, by its control API."""

import json
from typing import Any

import click

from simulators.cli.options import ACCOUNT, TOKEN, URL, fail

_PATH = "/_sim/rules"


def _where(command: Any) -> Any:
    for option in (TOKEN, ACCOUNT, URL):
        command = option(command)
    return command


def _ask(method: str, where: dict[str, str], body: Any = None) -> None:
    """Asks for or changes the rules, and prints those there are then."""
    from simulators.control import client

    try:
        found = client.call(
            where["url"],
            method,
            _PATH,
            {"account": where["account"]},
            body=body,
            token=where["token"],
        )
    except client.ControlError as error:
        fail(str(error), code=1)
    for rule in found["rules"]:
        shown = json.dumps({key: rule[key] for key in ("match", "effect")}, ensure_ascii=False)
        click.echo(f"{rule['name']}  used {rule['used']} of {rule['matched']}  {shown}")


@click.group(short_help="List, add, load or clear scripted behaviour.")
def rules() -> None:
    """Makes a running server misbehave: the first rule that matches a request has its effect.

    \b
    Examples:
      sms-simulators rules add '{"match": {"to": "*0001"}, "effect": {"error": "throttled"}}'
      sms-simulators rules load magic
      sms-simulators rules load my-rules.yaml --account checkout
      sms-simulators rules list
      sms-simulators rules clear

    Each prints the rules there are then, in the order they are asked.
    """


@rules.command("list", short_help="Print the rules with their uses.")
@_where
def listed(**where: str) -> None:
    """Prints the rules in the order they are asked, each with how often it matched and was used."""
    _ask("GET", where)


@rules.command(short_help="Add one rule behind the others.")
@click.argument("rule", metavar="JSON")
@_where
def add(rule: str, **where: str) -> None:
    """Adds one rule, as '{"match": {"provider": "twilio"}, "effect": {"error": "21610"}}'."""
    try:
        document = json.loads(rule)
    except ValueError as error:
        fail(f"rules add: expected a rule as JSON, got '{rule:.60}' ({error})")
    _ask("POST", where, document)


@rules.command(short_help="Replace the rules by those of files.")
@click.argument("sources", metavar="FILE|magic...", nargs=-1, required=True)
@_where
def load(sources: tuple[str, ...], **where: str) -> None:
    """Replaces the rules by those of files, JSON or YAML; `magic` is the shipped one."""
    from simulators import catalog, files

    try:
        found = files.read_rules(sources, catalog.PROVIDERS)
    except files.BadFile as error:
        fail(str(error))
    _ask("PUT", where, {"rules": found})


@rules.command(short_help="Take all rules away.")
@_where
def clear(**where: str) -> None:
    """Takes all rules away."""
    _ask("DELETE", where)
