"""`sms-simulators serve`: from options to a running server, and what it prints."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import uvloop

from simulators import catalog, listing
from simulators.cli_options import fail, known_providers
from simulators.kernel.accounts import AccountDocument
from simulators.kernel.pipeline import Settings
from simulators.kernel.rules import Rule
from simulators.otp.service import SENDS_PER_RECIPIENT, Policy
from simulators.server import collector, tls
from simulators.server.gateway import is_loopback
from simulators.server.simulators import Options, PortInUse, Simulators
from simulators.store.memory import KEEP


def run(given: Mapping[str, Any]) -> None:
    """Serves until a signal ends it. Whatever is wrong is told before anything listens."""
    logging.basicConfig(format="sms-simulators: %(message)s", level=logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a client's mistakes are no news
    simulators = Simulators(_options(given))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(simulators))
    except (PortInUse, tls.UnusableFolder) as error:
        fail(str(error))


async def _serve(simulators: Simulators) -> None:
    def stop() -> None:
        logging.disable()  # answers that are still held back end with the process, unfinished
        simulators.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)

    def ready() -> None:
        collector.settle()
        click.echo(_announcement(simulators))

    await simulators.serve(ready)


def _options(given: Mapping[str, Any]) -> Options:
    token = given["token"]
    if not token and not is_loopback(given["host"]):
        token = secrets.token_urlsafe(18)
    return Options(
        host=given["host"],
        port=given["port"],
        tls_port=None if given["no_tls"] else given["tls_port"],
        provider_ports=known_providers(given["provider_ports"], catalog.PROVIDERS),
        names=tuple(name.lower() for name in given["names"]),
        settings=Settings(strict=given["strict"], limits=given["limits"]),
        keep=given["keep"] or KEEP,
        tls_dir=given["tls_dir"] or tls.default_folder(),
        token=token,
        callbacks_to=tuple(host.lower() for host in given["callbacks_to"]),
        accounts=_accounts(given["accounts"]),
        rules=_rules(given["rules"]),
        otp_port=given["otp_port"],
        otp_policy=_otp_policy(given),
    )


def _otp_policy(given: Mapping[str, Any]) -> Policy:
    token = given["otp_token"]
    if not token and not is_loopback(given["host"]):
        token = secrets.token_urlsafe(18)
    return Policy(
        faithful=given["otp_faithful"],
        sends_per_recipient=given["otp_sends_per_recipient"] or SENDS_PER_RECIPIENT,
        token=token,
    )


def _accounts(path: Path | None) -> list[AccountDocument]:
    if path is None:
        return []
    from simulators.server import accounts_file, documents  # YAML is read only by who asks

    try:
        return accounts_file.read(path, catalog.PROVIDERS.values())
    except documents.BadFile as error:
        fail(str(error))


def _rules(sources: Sequence[str]) -> list[Rule]:
    if not sources:
        return []
    from simulators.server import documents, rules_file

    try:
        return rules_file.read(sources, catalog.PROVIDERS)
    except documents.BadFile as error:
        fail(f"--rules: {error}")


def _announcement(simulators: Simulators) -> str:
    rows = listing.rows(simulators.providers.values(), simulators.base_url)
    credentials = simulators.accounts.world("default").account.credentials
    for row in rows:
        row["credentials"] = credentials[row["name"]]
    lines = [listing.as_text(rows), "", f"control API  {simulators.url}/_sim/health"]
    if simulators.options.token:
        lines.append(f"token        {simulators.options.token}")
    if "otp" in simulators.ports:
        lines.append(f"OTP service  {simulators.otp_url}")
        if simulators.options.otp_policy.token:
            lines.append(f"its token    {simulators.options.otp_policy.token}")
    ports = [(simulators.ports[name], name) for name in simulators.options.provider_ports]
    lines += [f"port         {port} is {name} alone" for port, name in ports]
    if "https" in simulators.ports:
        lines += _about_tls(simulators)
    return "\n".join([*lines, "ready"])


def _about_tls(simulators: Simulators) -> list[str]:
    path = tls.ca_path(simulators.options.tls_dir)
    return [
        f"TLS          {simulators.secure_url} and every vendor host, by this CA:",
        f"             {path}",
        "             trust it by NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE",
        "             or curl --cacert; `sms-simulators hosts` prints lines for a hosts file",
    ]
