"""`sms-simulators conformance`: does the user's application notice each refusal?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulators.cli.options import PORT, STRICT_WARNINGS, TLS_DIR, TOKEN, Number, fail

if TYPE_CHECKING:
    from simulators.conformance.stand import Stand
    from simulators.conformance.trigger import Success, Trigger
    from simulators.kernel.provider import Provider
    from simulators.testing.refusals import RefusalCase

FAILED = 1
Given = dict[str, Any]


@click.command(short_help="See whether your application notices each refusal.")
@click.option("--provider", "name", required=True, metavar="NAME", help="Who refuses.")
@click.option(
    "--trigger",
    "line",
    default="",
    metavar="COMMAND",
    help="Makes your application send one message, as 'python send.py {to}'.",
)
@click.option(
    "--trigger-http",
    "request",
    default="",
    metavar="REQUEST",
    help="The same by a request, as 'POST http://127.0.0.1:3000/send'.",
)
@click.option("--data", default="", metavar="BODY", help="The request's body.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="A header of the request; may be repeated.",
)
@click.option(
    "--success-when",
    "success",
    default="",
    metavar="REGEX|/POINTER[=VALUE]",
    help="How a success looks in the output or the answer. [default: exit code 0, HTTP below 400]",
)
@click.option(
    "--timeout",
    type=Number(min=0, min_open=True),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="How long your application may take for one message.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="CLASS",
    help="Only this class of refusals; may be repeated.",
)
@click.option(
    "--to",
    default="",
    metavar="NUMBER",
    help="Whom to send to, # for any digit. [default: a fresh number for each refusal]",
)
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="A running server that your application sends to. [default: one is started]",
)
@click.option("--account", default="default", show_default=True, help="Whose it is, with --url.")
@TOKEN
@click.option(
    "--port", type=PORT, default=0, metavar="PORT", help="HTTP, of the server that is started."
)
@click.option(
    "--tls-port", type=PORT, default=0, metavar="PORT", help="HTTPS, of the server that is started."
)
@click.option(
    "--provider-port",
    type=PORT,
    default=0,
    metavar="PORT",
    help="For the provider alone, of the server that is started.",
)
@click.option("--no-tls", is_flag=True, help="Start it without HTTPS.")
@TLS_DIR
@STRICT_WARNINGS
@click.option(
    "--format",
    "shape",
    type=click.Choice(("text", "json", "junit", "github")),
    default="text",
    show_default=True,
    help="Of the report.",
)
def conformance(**given: Any) -> None:
    """Has your application send a message for each way in which a provider refuses one, and says
    whether it noticed.

    \b
    Placeholders in the trigger; a command has them as SMS_TO and so on in its environment, too:
      {to} {digits} {national}        the number: +14155550100, 14155550100, 4155550100
      {base_url} {secure_url}         the provider: http://127.0.0.1:8026/twilio, over https
      {port_url} {address}            on a port of its own: with and without http://
      {url} {ca} {provider} {account} the simulators, the CA to trust, the provider, the account
      {account_sid} {auth_token} ...  its credentials, as `sms-simulators providers` names them

    \b
    Examples:
      sms-simulators conformance --provider twilio --trigger 'python send.py {to} {base_url}'
      sms-simulators conformance --provider twilio --url http://127.0.0.1:8026 \\
        --trigger-http 'POST http://127.0.0.1:3000/send' --data '{"phone": "{to}"}'

    First a good message has to be accepted and reported as sent: exit code 2 if it is not. Then
    exit code 0 if all is noticed, 1 if something is reported as sent that was not, if the
    application crashes, hangs or sends nothing.
    """
    from simulators.conformance import report
    from simulators.conformance.run import NothingTested, conduct
    from simulators.conformance.stand import BadNumber
    from simulators.conformance.trigger import BadTrigger
    from simulators.control.client import ControlError

    try:
        run, where = _run(given)
        with where as stand:
            found = conduct(stand, run)
    except NothingTested as error:
        fail(f"nothing was tested: {error}")
    except (BadTrigger, BadNumber, ControlError) as error:
        fail(str(error))
    click.echo(report.FORMATS[given["shape"]](found))
    raise SystemExit(FAILED if found.failed else 0)


def _run(given: Given) -> Any:
    import random

    from simulators.conformance.run import Run
    from simulators.conformance.stand import fresh
    from simulators.testing.refusals import absent

    provider = _provider(given["name"])
    cases = _cases(provider, given["only"])
    messages = 1 + len(cases)
    run = Run(
        provider=provider,
        cases=cases,
        absent={} if given["only"] else absent(provider),
        trigger=_trigger(given, _success(given["success"])),
        told=given["line"] or given["request"],
        timeout=given["timeout"],
        numbers=fresh(provider.name, given["to"], messages, random.SystemRandom()),
        strict_warnings=given["strict_warnings"],
    )
    return run, _there(given) if given["url"] else _started(given)


def _provider(name: str) -> "Provider":
    from simulators import catalog

    try:
        return catalog.find(name)
    except catalog.UnknownProvider as error:
        fail(f"--provider: {error}")


def _cases(provider: "Provider", only: tuple[str, ...]) -> "list[RefusalCase]":
    from simulators.testing.refusals import Absent, UnknownRefusal, cases

    try:
        return cases(provider, only or None)
    except (Absent, UnknownRefusal) as error:
        fail(f"--only: {error}")


def _success(given: str) -> "Success | None":
    from simulators.conformance.trigger import BadSuccess, success_when

    try:
        return success_when(given) if given else None
    except BadSuccess as error:
        fail(str(error))


def _trigger(given: Given, success: "Success | None") -> "Trigger":
    from simulators.conformance import trigger

    if bool(given["line"]) == bool(given["request"]):
        fail("conformance takes --trigger COMMAND or --trigger-http REQUEST, one of them")
    if given["line"]:
        for name in ("data", "headers"):
            if given[name]:
                fail(f"--{name.removesuffix('s')} belongs to --trigger-http, not to --trigger")
        return trigger.command(given["line"], success)
    return trigger.request(given["request"], given["data"], given["headers"], success)


@contextmanager
def _there(given: Given) -> "Iterator[Stand]":
    from simulators.conformance.stand import Stand

    yield Stand(given["url"], given["name"], given["account"], given["token"])


@contextmanager
def _started(given: Given) -> "Iterator[Stand]":
    """A server of its own, which lasts as long as the run."""
    import logging

    from simulators.app import Options, in_thread
    from simulators.conformance.stand import Stand
    from simulators.server import tls
    from simulators.server.listeners import PortInUse

    if given["account"] != "default":
        fail("--account is for --url; a server that is started has the account 'default' alone")
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a broken client is no news
    folder: Path = given["tls_dir"] or tls.default_folder()
    options = Options(
        port=given["port"],
        tls_port=None if given["no_tls"] else given["tls_port"],
        provider_ports={given["name"]: given["provider_port"]},
        tls_dir=folder,
    )
    try:
        with in_thread(options) as simulators:
            ca = "" if given["no_tls"] else str(tls.ca_path(folder))
            yield Stand(simulators.url, given["name"], "default", "", ca)
    except (PortInUse, tls.UnusableFolder) as error:
        fail(str(error))
