"""Registries of templates and signatures (senders that need approval), per account and provider.

A provider's page lists what every account starts with; a world that changed its registry keeps
it as the settings documents `templates/<provider>` and `signatures/<provider>`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar

from simulators.kernel.world import World, newest

Kind = Literal["code", "notification", "promotion"]
_T = TypeVar("_T", "Template", "Signature")
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


class Variables:
    """How templates of one provider write their variables: `pattern` finds one, and its only
    group is the variable's name."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.names = lru_cache(maxsize=1024)(self._names)
        self._fixed = lru_cache(maxsize=1024)(self._between)

    def _names(self, content: str) -> tuple[str, ...]:
        """The names in the order they stand there, each as often as it does."""
        return tuple(self._pattern.findall(content))

    def fill(self, content: str, values: Mapping[str, str]) -> str:
        """The text of a template; a variable without a value stays as it is."""
        return self._pattern.sub(lambda found: values.get(found[1], found[0]), content)

    def read(self, content: str, text: str) -> dict[str, str] | None:
        """The values that make a template this text; None if it cannot be one of it. Where
        several would do, each value is as short as can be; a name that stands twice has one."""
        first, *between = self._fixed(content)
        if not between:
            return {} if text == first else None
        at, end = len(first), len(text) - len(between[-1])
        if at > end or not (text.startswith(first) and text.endswith(between[-1])):
            return None
        values: dict[str, str] = {}
        # No regular expression, which might try for ever: each variable goes on to where what
        # follows it comes next, the last one to the end.
        for left, (name, fixed) in enumerate(zip(self.names(content), between, strict=True), 1):
            upto = text.find(fixed, at, end) if left < len(between) else end
            if upto < 0 or values.setdefault(name, text[at:upto]) != text[at:upto]:
                return None
            at = upto + len(fixed)
        return values

    def _between(self, content: str) -> tuple[str, ...]:
        """What stands before, between and behind the variables."""
        return tuple(self._pattern.split(content)[::2])


class Registering(Protocol):
    """A provider, as far as its registries go: what every account starts with."""

    @property
    def name(self) -> str: ...

    @property
    def templates(self) -> tuple[Template, ...]: ...

    @property
    def signatures(self) -> tuple[Signature, ...]: ...


def templates(world: World, provider: Registering) -> Mapping[str, Template]:
    """The account's templates by code."""
    initial = provider.templates
    return world.derived(
        f"templates/{provider.name}", lambda kept: _read(kept, initial, "code", Template)
    )


def signatures(world: World, provider: Registering) -> Mapping[str, Signature]:
    """The account's signatures by name."""
    initial = provider.signatures
    return world.derived(
        f"signatures/{provider.name}", lambda kept: _read(kept, initial, "name", Signature)
    )


def _read(
    kept: Sequence[dict[str, Any]], initial: tuple[_T, ...], name: str, kind: type[_T]
) -> Mapping[str, _T]:
    """A registry as it is looked up in: once made it is kept until it changes, as requests that
    name a template come far oftener than new ones."""
    if kept == ():  # nothing, where `[]` is a registry that was emptied
        return _by_name(initial, name)
    return MappingProxyType({item[name]: kind(**item) for item in kept})


@lru_cache(64)
def _by_name(initial: tuple[Any, ...], name: str) -> Mapping[str, Any]:
    """What a provider's accounts start with: one for all of them."""
    return MappingProxyType({getattr(item, name): item for item in initial})


def update_templates(
    world: World, provider: Registering, change: Callable[[dict[str, Template]], None]
) -> dict[str, Template]:
    """Changes the account's templates and returns them. `change` does so in place, and may be
    called more than once: it does nothing else. What it raises leaves all as it was."""
    initial = {template.code: template for template in provider.templates}
    name = f"templates/{provider.name}"
    return _update(world, name, initial, lambda item: (item["code"], Template(**item)), change)


def update_signatures(
    world: World, provider: Registering, change: Callable[[dict[str, Signature]], None]
) -> dict[str, Signature]:
    """Changes the account's signatures, as `update_templates` does templates."""
    initial = {signature.name: signature for signature in provider.signatures}
    name = f"signatures/{provider.name}"
    return _update(world, name, initial, lambda item: (item["name"], Signature(**item)), change)


def _update(
    world: World,
    name: str,
    initial: Mapping[str, _T],
    read: Callable[[dict[str, Any]], tuple[str, _T]],
    change: Callable[[dict[str, _T]], None],
) -> dict[str, _T]:
    def changed(kept: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
        registry = dict(initial) if kept is None else dict(map(read, kept))
        change(registry)
        return plain(newest(registry, initial))

    return dict(map(read, world.update(name, changed)))


def plain(registry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A registry as JSON values."""
    return [asdict(item) for item in registry.values()]
