"""The scripts that the engine runs, an operation each, in the files of `lua/`."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_FOLDER = files("simulators.store.valkey").joinpath("lua")
_USES = re.compile(r"-- uses: ([\w ]+)\n")


class Script(NamedTuple):
    """One script, with the parts that it uses in front: how its call begins as it goes over the
    line, by its hash and `in_full`. The key and the arguments come behind."""

    name: str
    text: bytes
    sha: str
    by_hash: bytes
    in_full: bytes


@cache
def script(name: str) -> Script:
    """A script by the name of its file, whose first line names the parts that it uses."""
    own = _read(name)
    uses = _USES.match(own)
    parts = [_read(part) for part in uses[1].split()] if uses else []
    text = "".join([*parts, own]).encode()
    sha = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    by_hash = b"$7\r\nEVALSHA\r\n$40\r\n%b\r\n$1\r\n1\r\n" % sha.encode()
    in_full = b"$4\r\nEVAL\r\n$%d\r\n%b\r\n$1\r\n1\r\n" % (len(text), text)
    return Script(name, text, sha, by_hash, in_full)


@cache
def scripts() -> tuple[Script, ...]:
    """All of them: those that are a part of others are none."""
    names = sorted(one.name.removesuffix(".lua") for one in _FOLDER.iterdir())
    return tuple(script(name) for name in names if _USES.match(_read(name)))


def _read(name: str) -> str:
    return _FOLDER.joinpath(f"{name}.lua").read_text("utf-8")
