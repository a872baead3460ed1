"""`sms-simulators provider`: a new one to start from, and what is asked of one."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulators.cli.options import PROVIDERS_GROUP, fail

if TYPE_CHECKING:
    from simulators.kernel.provider import Provider


@click.group(short_help="Write a new provider, or check one.")
def provider() -> None:
    """Writes a provider that works, to be made into yours, and checks what is asked of one.

    \b
    Examples:
      sms-simulators provider new acme --title "Acme SMS"
      sms-simulators provider new acme --into ../sms-acme
      sms-simulators provider check yunpian
    """


@provider.command(short_help="Write a provider that works.")
@click.argument("name")
@click.option("--title", help="The vendor's name [default: NAME in capitals].")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of a project of its own, instead of this checkout.",
)
def new(name: str, title: str | None, into: Path | None) -> None:
    """Writes folder, contracts, errors and a sample: one send that is answered already."""
    from simulators import scaffold

    try:
        written = scaffold.write(name, title or name.replace("_", " ").title(), into)
    except scaffold.CannotWrite as error:
        fail(str(error))
    for path in written:
        click.echo(path)
    where = f" --from {into}" if into else ""
    click.echo(f"\nNext: sms-simulators provider check {name}{where}")


@provider.command(short_help="Say what is wrong with a provider.")
@click.argument("name")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Where sms_NAME is, for one that is not installed  [default: here].",
)
def check(name: str, folder: Path) -> None:
    """Asks of a provider what is asked of every one; prints a sentence for each mistake.

    \b
    Exit codes: 0 nothing is wrong, 1 something is, 2 there is no such provider.
    """
    try:
        import jsonpatch  # noqa: F401 - told before anything is begun
    except ImportError:
        fail("checking examples takes jsonpatch: install sms-simulators with its extra 'provider'")
    found = list(_found(name, folder))
    for sentence in found:
        click.echo(f"- {sentence}")
    if found:
        click.echo(f"\n{name}: {len(found)} to mend")
        raise click.exceptions.Exit(1)
    click.echo(f"{name}: nothing is wrong with it")


def _found(name: str, folder: Path) -> list[str]:
    """The sentences. A provider that cannot even be loaded has one."""
    try:
        providers = _with(name, folder)
    except ImportError as error:
        if error.name != PROVIDERS_GROUP:
            raise
        return [str(error)]
    from simulators.check.provider import check as asked

    return list(asked(providers[name], providers))


def _with(name: str, folder: Path) -> "Mapping[str, Provider]":
    """The catalogue, with the provider in that folder where it is not installed."""
    from simulators.catalog import PROVIDERS, UnknownProvider, collect, find, load

    if name not in PROVIDERS and (folder / f"sms_{name}").is_dir():
        sys.path.insert(0, str(folder.resolve()))
        return collect([*PROVIDERS.values(), load(f"sms_{name}:PROVIDER")])
    try:
        find(name)
    except UnknownProvider as error:
        fail(f"{error}; in {folder} there is no sms_{name} either")
    return PROVIDERS
