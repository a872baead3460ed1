"""The command line. Each command imports what it needs, so that `--help` is instant."""

from pathlib import Path
from typing import Any

import click

from simulators import cli_options as options
from simulators.cli_conformance import conformance
from simulators.cli_load_options import load_options
from simulators.cli_options import DEFAULT_URL, fail
from simulators.cli_rules import rules

_FOLDERS = ("contracts", "loadtests")

EXAMPLES = """\b
Examples:
  sms-simulators serve
  sms-simulators serve --port 0 --no-tls --provider-port aliyun=9005
  sms-simulators providers --json
  CODE=$(sms-simulators wait --to +15005550009)
  sms-simulators rules load magic
  sms-simulators check requests.har --format github
  sms-simulators load send_verify --users 50 --threshold 'send p95 < 50 ms'
  sms-simulators conformance --provider twilio --trigger 'python send.py {to}'
  export NODE_EXTRA_CA_CERTS=$(sms-simulators ca)
  sms-simulators hosts | sudo tee -a /etc/hosts

\b
Exit codes: 0 all is well, 1 the check failed, 2 wrong usage."""


@click.group(
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="sms-simulators", message="sms-simulators %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Stands in for the SMS providers your application sends one-time codes through.

    It answers, refuses and throttles as they do, and never sends an SMS.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@commands.command(short_help="Start the simulators.")
@options.serve_options
def serve(**given: Any) -> None:
    """Starts the simulators and serves until Ctrl-C.

    Prints what is where, then `ready` as the last line. Port 0 picks a free port.

    \b
    Clients reach a provider by any of:
      its URL            http://127.0.0.1:8026/twilio
      the vendor's host  https://api.twilio.com (see `hosts` and `ca`)
      its own name       http://twilio.localhost:8026
      its own port       --provider-port twilio=9001
    """
    from simulators import cli_serve

    cli_serve.run(given)


@commands.command(short_help="List the providers, their addresses and credentials.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
@click.option("--fidelity", is_flag=True, help="What is emulated and how far, as Markdown.")
def providers(as_json: bool, fidelity: bool) -> None:
    """Lists the providers: base URL, vendor hosts, credentials of the default account.

    The URLs are those of `serve` with its default port.
    """
    from simulators import catalog, listing
    from simulators.fidelity import as_markdown

    if fidelity:
        click.echo(as_markdown(catalog.PROVIDERS.values()))
        return
    rows = listing.rows(catalog.PROVIDERS.values(), lambda name: f"{DEFAULT_URL}/{name}")
    click.echo(listing.as_json(rows) if as_json else listing.as_text(rows))


@commands.command(short_help="Wait for a message and print its code.")
@click.option("--to", required=True, metavar="NUMBER", help="The recipient, as +15005550009.")
@click.option("--provider", default="", metavar="NAME", help="Only messages sent through this one.")
@options.ACCOUNT
@click.option("--since", default="", metavar="TIME", help="Only later ones: 'now' or ISO 8601.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
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

    A message that is there already counts. Exit code 1 if none came in time.
    """
    from simulators.control import client

    try:
        found = client.wait(url, to=to, **wanted)
    except client.ControlError as error:
        fail(str(error), code=1)
    if as_json:
        import json

        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(found.get("code") or found["message"]["text"])


@commands.command(short_help="Hold recorded requests to the providers' contracts.")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--url", default="", metavar="URL", help="A running server, for its journal.")
@options.ACCOUNT
@options.TOKEN
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST=PROVIDER",
    help="A host in the files that stands for a provider; may be repeated.",
)
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
    are found by host and path. Exit code 1 if a request breaks its contract, 2 for a file that
    cannot be read, a host that is no provider's, or nothing to judge.
    """
    from simulators import cli_check

    cli_check.run(**given)


@commands.command(short_help="Load a service that sends codes, and judge what became of them.")
@load_options
def load(scenario: str, **given: Any) -> None:
    """Runs a load scenario with Locust and judges it: were all codes sent once, to the right phone,
    within the provider's limits, and did the thresholds hold?

    SCENARIO is a name (without one they are listed) or a locustfile of your own. Simulators and an
    OTP service are started for the run, unless --host or --sim names what is there. What follows
    `--` goes to Locust and the scenario, as `-- --html page.html`.

    \b
    Thresholds   send p95 < 50 ms            failures == 0
                 verify success > 99.9 %     send throttled between 5 and 20 %
                 SignIn blocked < 30 s       rate > 100/s
    Exit codes   0 all held, 1 something did not, 2 wrong usage, before the first user starts
    """
    from simulators import cli_load

    cli_load.run(scenario, given)


@commands.command(short_help="Print the path of the CA certificate to trust.")
@options.TLS_DIR
def ca(tls_dir: Path | None) -> None:
    """Prints the path of the CA certificate that clients have to trust; makes it if need be.

    \b
    Node.js           export NODE_EXTRA_CA_CERTS=$(sms-simulators ca)
    Python requests   export REQUESTS_CA_BUNDLE=$(sms-simulators ca)
    Python ssl        export SSL_CERT_FILE=$(sms-simulators ca)
    curl              curl --cacert $(sms-simulators ca) ...
    """
    from simulators.server import tls

    try:
        click.echo(tls.ca_path(tls_dir or tls.default_folder()))
    except tls.UnusableFolder as error:
        fail(str(error))


@commands.command(short_help="Print lines for a hosts file.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where the simulators are.")
def hosts(address: str) -> None:
    """Prints a line for the hosts file for every vendor host."""
    import ipaddress

    from simulators import catalog

    try:
        ipaddress.ip_address(address)
    except ValueError:
        fail(f"--address: expected an IP address, as a hosts file takes it, got '{address}'")
    for provider in catalog.PROVIDERS.values():
        for host in provider.hosts:
            click.echo(f"{address} {host}")


@commands.command(short_help="Print where the data folders are.")
@click.argument("folder", type=click.Choice(_FOLDERS), required=False)
def where(folder: str | None) -> None:
    """Prints where the data folders are: schemas and error catalogues, load tests."""
    from simulators.data import data

    if folder is None:
        for name in _FOLDERS:
            if data(name).is_dir():
                click.echo(f"{name}  {data(name)}")
    elif not data(folder).is_dir():
        fail(f"this installation has no {folder} folder: {data(folder)} is missing", code=1)
    else:
        click.echo(data(folder))


commands.add_command(rules)
commands.add_command(conformance)


def main() -> None:
    """The entry point: errors are one line on stderr, with their exit code."""
    try:
        code = commands.main(prog_name="sms-simulators", standalone_mode=False)
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as error:
        fail(error.format_message(), code=error.exit_code, context=getattr(error, "ctx", None))
    raise SystemExit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
