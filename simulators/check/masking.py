"""Verdicts are printed where many read them: what proves who asks is not shown in them."""

from collections.abc import Iterable
from typing import Any

from simulators.kernel.contracts import Breach, shown
from simulators.kernel.credentials import secret_fields
from simulators.kernel.provider import Document, Provider

MASK = "***"


def masked(provider: Provider, document: Document) -> Document:
    """The request document with every field masked that proves who asks; of credentials in a
    header the scheme stays."""
    proofs = secret_fields(provider.credentials)
    return {part: _without(part, value, proofs) for part, value in document.items()}


def _without(name: str, value: Any, proofs: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {inner: _without(inner, item, proofs) for inner, item in value.items()}
    if name.casefold() in proofs and value is not None:
        scheme, space, _rest = value.partition(" ") if isinstance(value, str) else ("", "", "")
        return f"{scheme} {MASK}" if space and name == "authorization" else MASK
    if isinstance(value, list):
        return [_without(name, item, proofs) for item in value]
    return value


def without_proofs(
    provider: Provider, document: Document, breaches: Iterable[Breach]
) -> list[Breach]:
    """The breaches, each showing what came as the masked document has it."""
    safe = masked(provider, document)
    return [_shown(breach, document, safe) for breach in breaches]


def _shown(breach: Breach, document: Document, safe: Document) -> Breach:
    if breach.got == "missing":
        return breach
    parts = breach.pointer.split(".") if breach.pointer else []
    was, now = _at(document, parts), _at(safe, parts)
    if was == now:
        return breach
    return Breach(breach.pointer, shown(now), breach.expected, breach.source)


def _at(value: Any, parts: list[str]) -> Any:
    """The value a pointer leads to; names may have dots of their own, as a form's lists do."""
    if not parts:
        return value
    for taken in range(1, len(parts) + 1):
        name = ".".join(parts[:taken])
        if isinstance(value, dict) and name in value:
            return _at(value[name], parts[taken:])
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            return _at(value[int(name)], parts[taken:])
    return value
