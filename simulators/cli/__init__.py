"""The command line: a module a command, each loaded when it is asked for: help is instant."""

import contextlib
import gc
from collections.abc import Iterator, Sequence
from importlib import import_module

import click

from simulators.cli.options import PROVIDERS_GROUP, fail

EXAMPLES = """\b
Examples:
  sms-simulators serve
  sms-simulators serve --port 0 --no-tls --provider-port aliyun=9005
  sms-simulators providers --json
  CODE=$(sms-simulators wait --to +15005550009)
  sms-simulators tail --refused
  sms-simulators rules load magic
  sms-simulators check requests.har --format github
  sms-simulators load send_verify --users 50 --threshold 'send p95 < 50 ms'
  sms-simulators conformance --provider twilio --trigger 'python send.py {to}'
  sms-simulators drift --provider twilio --live https://api.twilio.com --credentials mine.yaml
  sms-simulators provider new acme
  export NODE_EXTRA_CA_CERTS=$(sms-simulators ca)
  sms-simulators hosts | sudo tee -a /etc/hosts

\b
Exit codes: 0 all is well, 1 the check failed or nothing came, 2 wrong usage."""

# Each command is the attribute of its own name in its module; its line in the help stands here.
_COMMANDS = {
    "serve": ("serve", "Start the simulators."),
    "providers": ("providers", "List the providers, their addresses and credentials."),
    "wait": ("wait", "Wait for a message and print its code."),
    "tail": ("tail", "Print a line for each message, as they come."),
    "rules": ("rules", "List, add, load or clear scripted behaviour."),
    "check": ("check", "Hold recorded requests to the providers' contracts."),
    "conformance": ("conformance", "See whether your application notices each refusal."),
    "drift": ("drift", "Ask a vendor and its simulator the same, and say where they differ."),
    "load": ("load", "Load a service that sends codes, and judge what became of them."),
    "provider": ("provider", "Write a new provider, or check one."),
    "ca": ("addresses", "Print the path of the CA certificate to trust."),
    "hosts": ("addresses", "Print lines for a hosts file."),
    "where": ("addresses", "Print where the data folders are."),
}


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """What an import makes, stays: to look through it for garbage, again and again, is a seventh of
    the time that a start takes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Lazy(click.Group):
    """A group that imports the module of a command only when that command is used."""

    def list_commands(self, _context: click.Context | None) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        with _no_collection():
            command = getattr(import_module(f"simulators.cli.{_COMMANDS[name][0]}"), name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table says so
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's lines: asking the commands for theirs would import them all."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_module, line) in _COMMANDS.items()])


@click.group(
    cls=_Lazy,
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


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: errors are one line on stderr, with their exit code. The arguments are those
    of the process, or as given."""
    try:
        code = commands.main(arguments, prog_name="sms-simulators", standalone_mode=False)
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except ImportError as error:
        if error.name != PROVIDERS_GROUP:
            raise
        fail(f"a provider cannot be used: {error}")
    except click.ClickException as error:
        fail(error.format_message(), code=error.exit_code, context=getattr(error, "ctx", None))
    raise SystemExit(code if isinstance(code, int) else 0)
