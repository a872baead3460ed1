"""`sms-simulators ca`, `hosts` and `where`: what a machine needs to reach the simulators, and to
find their data."""

import ipaddress
from pathlib import Path

import click

from simulators import catalog
from simulators.cli import options
from simulators.cli.options import fail
from simulators.data import data
from simulators.server import tls

_FOLDERS = ("contracts", "loadtests")


@click.command
@options.TLS_DIR
def ca(tls_dir: Path | None) -> None:
    """Prints the path of the CA certificate that clients have to trust; makes it if need be.

    \b
    Node.js           export NODE_EXTRA_CA_CERTS=$(sms-simulators ca)
    Python requests   export REQUESTS_CA_BUNDLE=$(sms-simulators ca)
    Python ssl        export SSL_CERT_FILE=$(sms-simulators ca)
    curl              curl --cacert $(sms-simulators ca) ...
    """
    try:
        click.echo(tls.ca_path(tls_dir or tls.default_folder()))
    except tls.UnusableFolder as error:
        fail(str(error))


@click.command
@click.option("--address", default="127.0.0.1", show_default=True, help="Where the simulators are.")
def hosts(address: str) -> None:
    """Prints a line for the hosts file for every vendor host."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        fail(f"--address: expected an IP address, as a hosts file takes it, got '{address}'")
    for host in catalog.HOSTS:
        click.echo(f"{address} {host}")


@click.command
@click.argument("folder", type=click.Choice(_FOLDERS), required=False)
def where(folder: str | None) -> None:
    """Prints where the data folders are: schemas and error catalogues, load tests."""
    if folder is None:
        for name in _FOLDERS:
            if data(name).is_dir():
                click.echo(f"{name}  {data(name)}")
    elif not data(folder).is_dir():
        fail(f"this installation has no {folder} folder: {data(folder)} is missing", code=1)
    else:
        click.echo(data(folder))
