"""`sms-simulators drift`: do a vendor and its simulator still answer alike?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulators.cli.options import TOKEN, USAGE, Number, fail

if TYPE_CHECKING:
    from simulators.drift.run import Report
    from simulators.kernel.credentials import Credentials
    from simulators.kernel.provider import Provider

DIFFERENT = 1


@click.command
@click.option("--provider", "name", default="", metavar="NAME", help="Which vendor it is.")
@click.option("--live", default="", metavar="URL", help="The vendor, as https://api.twilio.com.")
@click.option(
    "--credentials",
    "credentials",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Yours: JSON or YAML of names and values, as `providers` names them.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    metavar="FILE|DIR",
    help="Hold the simulator to these recordings instead; nobody is asked.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Write what was asked and answered, with nothing of your account in it.",
)
@click.option("--only", multiple=True, metavar="PROBE", help="Only this one; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="Print what would be asked, and ask nobody.")
@click.option("--spend", is_flag=True, help="Send what may cost, too.")
@click.option("--to", default="", metavar="NUMBER", help="Whom to send to, with --spend: yourself.")
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="A running simulator to compare with. [default: one in this process]",
)
@TOKEN
@click.option(
    "--proxy",
    default="",
    metavar="URL",
    help="The way to the vendor. [default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY say]",
)
@click.option(
    "--timeout",
    type=Number(min=0, min_open=True),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one answer may take.",
)
@click.option(
    "--pause",
    type=Number(min=0),
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="Between two requests to the vendor.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(("text", "json", "junit")),
    default="text",
    show_default=True,
    help="Of the report.",
)
def drift(**given: Any) -> None:
    """Asks a vendor and its simulator the same, and says where their answers differ: status,
    headers that clients read, shape, code, text.

    Unless told otherwise nothing is sent that costs or reaches anybody: wrong credentials, missing
    fields, numbers that are none, the vendor's test credentials and sandboxes, queries. Redirects
    are not followed, and nothing secret is printed or written.

    \b
    Examples:
      sms-simulators drift --provider twilio --list
      sms-simulators drift --provider twilio --live https://api.twilio.com \\
        --credentials mine.yaml --record twilio.jsonl
      sms-simulators drift --replay recordings/

    \b
    Exit codes: 0 none differ, 1 some do, 2 wrong usage or nobody answers.
    """
    from simulators.drift import report as shapes
    from simulators.probes import BadProbes, probes
    from simulators.samples import BadSample

    try:
        if given["replay"]:
            found = _replayed(given)
        else:
            provider = _provider(given["name"])
            if given["listing"]:
                click.echo(shapes.listed(probes(provider)))
                return
            found = _asked(given, provider)
    except (BadProbes, BadSample) as error:
        fail(str(error))
    click.echo(shapes.FORMATS[given["shape"]](found))
    counts = found.counts()
    if not counts["same"] + counts["differs"]:
        reasons = sorted({one.reason for one in found.verdicts})
        fail(f"nothing was compared: {'; '.join(reasons)}", code=USAGE)
    raise SystemExit(DIFFERENT if counts["differs"] else 0)


def _provider(name: str) -> "Provider":
    from simulators import catalog

    if not name:
        fail("--provider: expected the name of one, as twilio; or --replay with recordings")
    try:
        return catalog.find(name)
    except catalog.UnknownProvider as error:
        fail(f"--provider: {error}")


def _asked(given: dict[str, Any], provider: "Provider") -> "Report":
    import asyncio
    import secrets

    from simulators.control.client import ControlError
    from simulators.drift import line
    from simulators.drift.run import Run, conduct, simulated

    if not given["live"]:
        fail(f"--live: expected the vendor's address, as https://{provider.hosts[0]}")
    known = _credentials(given["credentials"], provider)
    _hold(given, provider)
    try:
        base = line.address(given["live"], "--live")
        proxy = line.proxy_for(base, given["proxy"])
    except line.BadAddress as error:
        fail(str(error))
    run = Run(
        provider=provider,
        known=known,
        line=line.Line(base, proxy=proxy, timeout=given["timeout"]),
        secrets=line.secrets_of(proxy),
        to=_number(given["to"]),
        spend=given["spend"],
        only=given["only"],
        pause=given["pause"],
        nonce=lambda: secrets.token_hex(16),
    )
    try:
        found = asyncio.run(conduct(run, simulated(provider, given["url"], given["token"])))
    except ControlError as error:
        fail(str(error))
    except line.NoAnswer as error:
        fail(f"{run.line.origin} cannot be asked: {error}")
    if given["record"] and found.lines:
        given["record"].write_text("\n".join([*found.lines, ""]), encoding="utf-8")
    return found


def _hold(given: dict[str, Any], provider: "Provider") -> None:
    """What can be told before anything is sent."""
    from simulators.probes import probes

    names = [probe.name for probe in probes(provider).probes]
    for name in given["only"]:
        if name not in names:
            from difflib import get_close_matches

            near = get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            fail(f"--only: no probe '{name}'; {hint}--list has all {len(names)}")
    if given["record"] and given["record"].exists():
        fail(f"--record: {given['record']} is there already; expected the name of a new file")
    if given["record"] and not given["record"].absolute().parent.is_dir():
        fail(f"--record: {given['record'].parent} is no folder")
    if given["to"] and not given["spend"]:
        fail("--to is for --spend; without it nothing is sent to anybody")


def _number(given: str) -> str:
    from simulators.kernel import phone

    if not given:
        return ""
    number = phone.parse(given)
    if number is None or not number.valid:
        fail("--to: expected a number with plus and country code, as +14155550100")
    return number.e164


def _credentials(path: Path | None, provider: "Provider") -> "Credentials":
    """Those of a file: of this provider, or under its name. What stands in it is in no message, as
    a secret may stand anywhere."""
    from difflib import get_close_matches

    if path is None:
        return {}
    document = _document(path)
    if isinstance(document, dict) and isinstance(document.get(provider.name), dict):
        document = document[provider.name]
    names = [row.name for row in provider.credentials]
    if not isinstance(document, dict) or not document:
        fail(f"--credentials: {path}: expected an object with some of {', '.join(names)}")
    for name, value in document.items():
        if name not in names:
            near = get_close_matches(str(name), names, n=1, cutoff=0.75)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            fail(
                f"--credentials: {path}: a name in it is no credential of {provider.name}{hint};"
                f" there are: {', '.join(names)}"
            )
        if not isinstance(value, str) or not value or not value.isprintable():
            fail(f"--credentials: {path}: {name}: expected a text, in quotes where it is digits")
    return dict(document)


def _document(path: Path) -> Any:
    import json

    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        fail(f"--credentials: {path}: {error.strerror}")
    except ValueError:
        fail(f"--credentials: {path}: expected UTF-8 text")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        fail(f"--credentials: {path}: expected JSON or YAML, names and values in quotes")


def _replayed(given: dict[str, Any]) -> "Report":
    from simulators.catalog import PROVIDERS
    from simulators.drift import recording
    from simulators.drift.run import replay, served

    for name in ("live", "credentials", "record", "url", "to", "proxy"):
        if given[name]:
            fail(f"--{name} is for asking a vendor; --replay asks nobody")
    only = _provider(given["name"]).name if given["name"] else ""
    try:
        found = [
            one
            for path in recording.files(given["replay"])
            for one in recording.read(path)
            if only in ("", one.provider) and (not given["only"] or one.name in given["only"])
        ]
    except recording.BadRecording as error:
        fail(f"--replay: {error}")
    for one in found:
        if one.provider not in PROVIDERS:
            known = ", ".join(sorted(PROVIDERS))
            fail(f"--replay: {one.place}: no provider '{one.provider:.40}'; there are: {known}")
    if not found:
        fail(f"--replay: {given['replay']} has no exchange that was asked for")
    with served() as simulators:
        return replay(found, PROVIDERS, simulators)
