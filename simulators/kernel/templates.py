"""Registries of templates and signatures (senders that need approval), per account and provider.

A provider's page lists what every account starts with; a world that changed its registry keeps
it as the settings documents `templates/<provider>` and `signatures/<provider>`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from simulators.kernel.world import World

Kind = Literal["code", "notification", "promotion"]
Status = Literal["approved", "reviewing", "rejected", "canceled"]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables in its provider's own syntax; `code` is what requests name it by.

    `created` is in epoch seconds, 0 for what the account came with.
    """

    code: str
    content: str
    kind: Kind = "code"
    status: Status = "approved"
    international: bool = False
    name: str = ""
    reason: str = ""
    remark: str = ""
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Signature:
    """A name that messages are signed with."""

    name: str
    status: Status = "approved"
    kind: Literal["general", "code"] = "general"
    reason: str = ""
    remark: str = ""
    created: float = 0.0


def templates(world: World, provider: str, initial: tuple[Template, ...]) -> Mapping[str, Template]:
    """The account's templates by code."""
    kept = world.load(f"templates/{provider}")
    if kept is None:
        return {template.code: template for template in initial}
    return {item["code"]: Template(**item) for item in kept}


def signatures(
    world: World, provider: str, initial: tuple[Signature, ...]
) -> Mapping[str, Signature]:
    """The account's signatures by name."""
    kept = world.load(f"signatures/{provider}")
    if kept is None:
        return {signature.name: signature for signature in initial}
    return {item["name"]: Signature(**item) for item in kept}


def save_templates(world: World, provider: str, registry: Mapping[str, Template]) -> None:
    """Replaces the account's templates."""
    world.save(f"templates/{provider}", [asdict(item) for item in registry.values()])


def save_signatures(world: World, provider: str, registry: Mapping[str, Signature]) -> None:
    """Replaces the account's signatures."""
    world.save(f"signatures/{provider}", [asdict(item) for item in registry.values()])


def plain(registry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A registry as JSON values."""
    return [asdict(item) for item in registry.values()]
