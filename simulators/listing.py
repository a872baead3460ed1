"""What is where, for people and for scripts."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from simulators.kernel.provider import Provider

Row = dict[str, Any]
_SHOWN = 2


def rows(providers: Iterable[Provider], base_url: Callable[[str], str]) -> list[Row]:
    """Name, title, base URL, vendor hosts and the default account's credentials of each."""
    return [
        {
            "name": provider.name,
            "title": provider.title,
            "base_url": base_url(provider.name),
            "hosts": list(provider.hosts),
            "reference": provider.reference,
            "credentials": dict(provider.default_credentials),
        }
        for provider in providers
    ]


def as_json(listed: list[Row]) -> str:
    """A JSON array, indented."""
    return json.dumps(listed, indent=2, ensure_ascii=False)


def as_text(listed: list[Row]) -> str:
    """Two tables: addresses, then credentials."""
    addresses = [("provider", "base URL", "vendor hosts")]
    addresses += [(r["name"], r["base_url"], _first(r["hosts"])) for r in listed]
    credentials = [("provider", "credential", "of the account 'default'")]
    for row in listed:
        shown = row["name"]
        for name, value in row["credentials"].items():
            credentials.append((shown, name, value))
            shown = ""
    return f"{_table(addresses)}\n\n{_table(credentials)}"


def _first(hosts: list[str]) -> str:
    more = f" and {len(hosts) - _SHOWN} more" if len(hosts) > _SHOWN else ""
    return ", ".join(hosts[:_SHOWN]) + more


def _table(lines: list[tuple[str, str, str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join(
        f"{first:{widths[0]}}  {second:{widths[1]}}  {third}".rstrip()
        for first, second, third in lines
    )
