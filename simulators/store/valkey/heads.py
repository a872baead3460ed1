"""What a node knows of an account: its settings documents, as they are at a version.

A document is made once of the bytes that it came as, and stays the same object while they do.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

_THERE = 1  # a document that was not told, as there are so many
_ABSENT = 1000  # names that are remembered to lead nowhere


class Head:
    """The settings documents of an account at a version, 0 for one that has none."""

    __slots__ = ("_absent", "_packed", "documents", "version")

    def __init__(self) -> None:
        self.version = 0
        self._packed: dict[str, Any] = {}
        self.documents: dict[str, Any] = {}  # those that were loaded, and where there was none
        self._absent = 0

    def load(self, name: str) -> Any:
        """A document, None for none; `KeyError` for one that was not told."""
        if name in self.documents:
            return self.documents[name]
        packed = self._packed.get(name)
        if packed == _THERE:
            raise KeyError(name)
        if packed is not None:
            made = self.documents[name] = orjson.loads(packed)
            return made
        if self._absent < _ABSENT:  # requests ask for names of their own as well
            self._absent += 1
            self.documents[name] = None
        return None

    def packed(self, name: str) -> bytes:
        """A document as it came, b"" for none; `KeyError` for one that was not told."""
        packed = self._packed.get(name, b"")
        if packed == _THERE:
            raise KeyError(name)
        found: bytes = packed
        return found

    def has(self, name: str) -> bool:
        """Whether there is such a document."""
        return name in self._packed

    def put(self, name: str, packed: Any) -> None:
        """Replaces a document by what came for it, None for none."""
        if self._packed.get(name) == packed:
            return
        if self.documents.pop(name, False) is None:
            self._absent -= 1
        if packed is None:
            self._packed.pop(name, None)
        else:
            self._packed[name] = packed

    def moved(self, before: int, after: int) -> None:
        """A change of this node's own: if nothing came between, nothing has to be asked for."""
        if self.version == before:
            self.version = after

    def refreshed(self, told: Sequence[Any]) -> Iterator[str]:
        """Takes over what has changed: a version, whether all is told anew, names and documents.
        Yields the names."""
        version, whole, *rest = told
        if version < self.version and not whole:
            return  # a later one came first
        self.version = version
        names = [name.decode() for name in rest[::2]]
        if whole:
            for gone in self._packed.keys() - set(names):
                self.put(gone, None)
                yield gone
        for name, packed in zip(names, rest[1::2], strict=True):
            self.put(name, packed)
            yield name
