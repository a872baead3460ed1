"""The scripts that the engine runs, an operation each, in the files of `lua/`."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_FOLDER = files("simulators.store.valkey").joinpath("lua")
_USES = re.compile(r"-- uses: ([\w ]+)\n")


class Script(NamedTuple):
    """One script, with the parts that it uses in front."""

    name: str
    text: bytes
    sha: str


@cache
def script(name: str) -> Script:
    """A script by the name of its file, whose first line names the parts that it uses."""
    own = _read(name)
    uses = _USES.match(own)
    parts = [_read(part) for part in uses[1].split()] if uses else []
    text = "".join([*parts, own]).encode()
    return Script(name, text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


@cache
def scripts() -> tuple[Script, ...]:
    """All of them: those that are a part of others are none."""
    names = sorted(one.name.removesuffix(".lua") for one in _FOLDER.iterdir())
    return tuple(script(name) for name in names if _USES.match(_read(name)))


def _read(name: str) -> str:
    return _FOLDER.joinpath(f"{name}.lua").read_text("utf-8")
