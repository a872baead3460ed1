"""The command line."""

import asyncio

import click
import uvloop

from simulators.server.simulators import Options, Simulators


@click.group()
def main() -> None:
    """Stands in for SMS providers."""


@main.command()
@click.option("--port", default=8026)
def serve(port: int) -> None:
    """Starts the simulators."""
    simulators = Simulators(Options(port=port, tls_port=None))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(simulators.serve(lambda: click.echo("ready")))
