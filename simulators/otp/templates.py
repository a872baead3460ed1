"""Logto's message templates: which one a message takes, and how its handlebars are filled.

Both are functions of `@logto/connector-kit`:
https://github.com/logto-io/logto/tree/master/packages/toolkit/connector-kit
"""

import re
from collections.abc import Mapping
from typing import Any

from simulators.otp.connector import Config, ConnectorError

_HANDLEBARS = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*\}\}")


def choose(config: Config, usage: str, *, exactly: bool = False) -> Mapping[str, Any]:
    """The first template of a usage type, or else the first Generic one; never that if `exactly`.

    Raises `ConnectorError` where there is none.
    """
    for wanted in (usage,) if exactly else (usage, "Generic"):
        for template in config.get("templates") or ():
            if template["usageType"] == wanted:
                return template  # type: ignore[no-any-return]  # decoded JSON
    raise ConnectorError("template_not_found", f"Cannot find template for type: {usage}")


def fill(text: str, payload: Mapping[str, Any]) -> str:
    """A text with its handlebars filled. `{{a.b}}` stays as it is where the payload has no `a`;
    where it has one without a `b`, nothing takes its place."""

    def filled(found: re.Match[str]) -> str:
        path = found[1].split(".")
        return spelled(_at(payload, path)) if path[0] and path[0] in payload else found[0]

    return _HANDLEBARS.sub(filled, text)


def spelled(value: Any, nothing: str = "") -> str:
    """A value as JavaScript's String() writes it; null is `nothing`."""
    if value is None:
        return nothing
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(spelled, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "[object Object]" if isinstance(value, Mapping) else str(value)


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
