"""A memory store that takes nothing which another store could not: the tests run on it."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from simulators.store.memory import MemoryStore

_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


class StrictStore(MemoryStore):
    """Keeps what can be kept as JSON, and gives back what JSON does of it; else it raises
    `TypeError`. Nobody can change in place what it keeps, and each change of a document is made
    twice, as if another node had come between."""

    def put_account(self, account: dict[str, Any], credentials: Sequence[tuple[str, str]]) -> None:
        super().put_account(_same(account), credentials)

    def load(self, account: str, name: str) -> Any:
        return _same(super().load(account, name))

    def save(self, account: str, name: str, value: Any) -> None:
        super().save(account, name, _same(value))

    def update(self, account: str, name: str, change: Callable[[Any], Any]) -> Any:
        change(self.load(account, name))
        return super().update(account, name, change)

    def plan(self, account: str, at: float, item: Sequence[Any]) -> None:
        super().plan(account, at, _same(list(item)))


def _same(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=_PLAIN))
