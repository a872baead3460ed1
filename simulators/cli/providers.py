"""`sms-simulators providers`: what is where, for people and for scripts, and the fidelity table."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import click

from simulators import catalog
from simulators.cli.options import DEFAULT_URL
from simulators.kernel.catalogue import Confirmed
from simulators.kernel.provider import Provider

Row = dict[str, Any]
_SHOWN = 2
_HEAD = """\
# Fidelity

What is emulated, how far, and by which source. UNVERIFIED marks what no source settles.
`make fidelity` writes this page from the code; a test holds it to that.

Errors are the rows of `contracts/*/errors.json`. Each says in `confirmed` what it rests on: a
*recording* (an answer of the real service that somebody kept), the *documentation* (the vendor's
pages, SDKs and specifications have code and text), the *code* alone (documented; its text or its
HTTP status is ours), or *nothing*. `source` says which.

What no source settles the vendor can. Whoever has an account there runs
`sms-simulators drift --provider NAME --live URL --credentials FILE --record FILE`, which asks what
costs nothing and reaches nobody, and names the rows that no source settles and by which both
refuse alike ([How true is it?](docs/drift.md)). The recording has nothing of the account in it:
attached to an issue it goes into `tests/recordings`, where the suite holds the simulator to it. The
row is then confirmed by a recording, its source; where the vendor differs, the row is mended."""


@click.command
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
@click.option("--fidelity", is_flag=True, help="What is emulated and how far, as Markdown.")
def providers(as_json: bool, fidelity: bool) -> None:
    """Lists the providers: base URL, vendor hosts, credentials of the default account.

    The URLs are those of `serve` with its default port.
    """
    if fidelity:
        click.echo(fidelity_page(catalog.PROVIDERS.values()))
        return
    listed = rows(catalog.PROVIDERS.values(), lambda name: f"{DEFAULT_URL}/{name}")
    click.echo(_as_json(listed) if as_json else as_text(listed))


def rows(providers: Iterable[Provider], base_url: Callable[[str], str]) -> list[Row]:
    """Name, title, base URL, vendor hosts and the default account's credentials of each; and whose
    these are: its own, or those of another provider of its family."""
    return [
        {
            "name": provider.name,
            "title": provider.title,
            "base_url": base_url(provider.name),
            "hosts": list(provider.hosts),
            "reference": provider.reference,
            "account_of": provider.account,
            "credentials": provider.published,
        }
        for provider in providers
    ]


def _as_json(listed: list[Row]) -> str:
    """A JSON array, indented."""
    return json.dumps(listed, indent=2, ensure_ascii=False)


def as_text(listed: list[Row]) -> str:
    """Two tables: addresses, then credentials."""
    addresses = [("provider", "base URL", "vendor hosts")]
    addresses += [(r["name"], r["base_url"], _first(r["hosts"])) for r in listed]
    credentials = [("provider", "credential", "of the account 'default'")]
    for row in listed:
        shown = row["name"]
        if row["account_of"] != shown:
            credentials.append((shown, "those of", row["account_of"]))
            continue
        for name, value in row["credentials"].items():
            credentials.append((shown, name, _line_of(value)))
            shown = ""
    return f"{_table(addresses)}\n\n{_table(credentials)}"


def _line_of(value: str) -> str:
    """A key of several lines is told by its first one; whoever needs it asks for JSON."""
    first, _, more = value.partition("\n")
    return f"{first} ... (whole by `sms-simulators providers --json`)" if more else value


def _first(hosts: list[str]) -> str:
    more = f" and {len(hosts) - _SHOWN} more" if len(hosts) > _SHOWN else ""
    return ", ".join(hosts[:_SHOWN]) + more


def _table(lines: list[tuple[str, str, str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join(
        f"{first:{widths[0]}}  {second:{widths[1]}}  {third}".rstrip()
        for first, second, third in lines
    )


def fidelity_page(providers: Iterable[Provider]) -> str:
    """The page as Markdown: a summary of all providers, then a table for each."""
    listed = sorted(providers, key=lambda provider: provider.title.lower())
    return "\n\n".join([_HEAD, _summary(listed), *map(_section, listed)])


def _summary(providers: list[Provider]) -> str:
    lines = [_line("provider", "operations", "errors", *(f"by {word}" for word in Confirmed))]
    lines += ["| --- |" + " ---: |" * (2 + len(Confirmed))]
    for provider in providers:
        by = Counter(row.confirmed for row in provider.catalogue)
        figures = (
            _operations(provider),
            len(provider.catalogue),
            *(by[word] for word in Confirmed),
        )
        lines.append(_line(provider.title, *map(str, figures)))
    return "\n".join(lines)


def _operations(provider: Provider) -> int:
    return len({endpoint.operation for endpoint in provider.endpoints})


def _section(provider: Provider) -> str:
    lines = [f"## {provider.title}", "", "| what | how far | source |", "| --- | --- | --- |"]
    lines += [_line(what, how_far, _link(source)) for what, how_far, source in provider.emulates]
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _link(source: str) -> str:
    if not source.startswith("https://"):
        return source
    return f"[{source.removeprefix('https://').split('/')[0]}]({source})"
