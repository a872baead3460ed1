"""Worlds in this process's memory, and in a file that brings them back: `serve --data`.

What changes anything is written as a line (`log.py`, in the words of `replay.py`) before it is
done in memory, so before anybody is told that it was: killed at any time, a process that is started
again has all that was acknowledged. What cannot be written is not done: memory and file never say
two things. What is leased is not written, as whoever has a lease ends with this process; and what
was handed out by `due` is not `done`, so it is due again.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from simulators.kernel.flow import Hit
from simulators.kernel.message import Message
from simulators.kernel.store import Admission, Unavailable
from simulators.store.compaction import FLOOR, Compaction
from simulators.store.log import Log, Sync, Write
from simulators.store.memory import JOURNAL, KEEP
from simulators.store.replay import Replayed, said
from simulators.store.shelf import Shelf, packed

_TOLD = 32 << 20  # bytes of a file whose reading is told, and after which it is told again
_log = logging.getLogger(__name__)


def _quiet(_text: str) -> None:
    pass


class FileStore(Replayed):
    """A `Store` in memory and in a file of its own. `tell` is told how far the reading of a large
    one is, and what was cut off; a file of up to `floor` bytes is not made shorter. Raises
    `Unusable`."""

    def __init__(
        self,
        path: Path,
        keep: int = KEEP,
        journal: int = JOURNAL,
        *,
        tell: Callable[[str], object] = _quiet,
        floor: int = FLOOR,
        write: Write = os.write,
        sync: Sync = os.fdatasync,
    ) -> None:
        super().__init__(keep, journal)
        self._file = Log(path, write, sync)
        self._written = self._synced = 0  # lines
        self._syncing: asyncio.Task[None] | None = None
        try:
            self._read(tell)
        except BaseException:
            self._file.close()
            raise
        bounds = keep, journal
        self._compaction = Compaction(self._file, bounds, self.base, self.based, floor)

    def _read(self, tell: Callable[[str], object]) -> None:
        file, told = self._file, _TOLD
        if file.torn:
            tell(f"{file.path}: the last line was not finished, {file.torn} bytes are cut off")

        def passed(at: int) -> None:
            nonlocal told
            if at >= told:
                tell(f"reading {file.path}: {at >> 20} of {file.size >> 20} MiB")
                told += _TOLD

        with file.reading() as lines:
            self.rebuild(file.path, lines, file.size, passed)
        if file.size >= _TOLD:
            tell(f"read {file.path}: {self.kept()} messages")

    def close(self) -> None:
        """Lets others have the file. The store is of no use any more."""
        self._compaction.stop()
        self._file.close()

    def tidy(self) -> bool:
        """As memory does; and makes the file shorter, step by step, where that is worth it."""
        more = super().tidy()
        return self._compaction.step(self.kept()) or more

    async def synced(self) -> None:
        """Returns when all that was written up to now is on the disk. Those who ask while others
        wait share the next sync. Raises `Unavailable`."""
        wanted = self._written
        while self._synced < wanted:
            if self._syncing is None:
                self._syncing = asyncio.ensure_future(self._sync())
            await asyncio.shield(self._syncing)

    async def _sync(self) -> None:
        await asyncio.sleep(0)  # what else comes in this turn of the loop goes with it
        written = self._written
        try:
            await asyncio.to_thread(self._file.syncing())
        except OSError as error:
            reason = f"{self._file.path} cannot be written to the disk: {error.strerror}"
            _log.warning("%s; what it is about is not acknowledged", reason)
            raise Unavailable(reason) from None
        finally:
            self._syncing = None
        self._synced = written

    def _say(self, *values: Any) -> None:
        line = orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
        self._file.append(line)
        self._written += 1

    def put_account(self, account: dict[str, Any], credentials: Sequence[tuple[str, str]]) -> None:
        self._check_credentials(account["id"], credentials)
        self._say("put_account", account, list(credentials))
        super().put_account(account, credentials)

    def drop_account(self, account: str) -> bool:
        self._say("drop_account", account)
        return super().drop_account(account)

    def _keep_all(
        self,
        account: str,
        shelf: Shelf,
        drafts: Sequence[tuple[Sequence[Hit], Message]],
        now: float,
        left: float | None,
    ) -> list[Admission]:
        wanted = [hits for hits, _message in drafts]
        kept = shelf.numbered([message for _hits, message in drafts])
        rows = [
            ([tuple(hit) for hit in hits], orjson.Fragment(packed_))
            for hits, (_message, packed_) in zip(wanted, kept, strict=True)
        ]
        self._say("admit", account, now, left, rows)
        self._restore(shelf, wanted, kept, now, left)
        return [Admission(message, None) for message, _packed in kept]

    def change(self, account: str, message: str, **changes: Any) -> Message | None:
        found = self.find(account, message)
        if found is None:
            return None
        self._say("change", account, orjson.Fragment(packed(found.changed(**changes))))
        return super().change(account, message, **changes)

    def remove(self, account: str, message: str) -> bool:
        self._say("remove", account, message)
        return super().remove(account, message)

    def remove_all(self, account: str) -> int:
        self._say("remove_all", account)
        return super().remove_all(account)

    def save(self, account: str, name: str, value: Any) -> None:
        self._say("save", account, name, value)
        super().save(account, name, value)

    def include(
        self, account: str, name: str, members: Sequence[str], most: int, *, anew: bool = False
    ) -> bool:
        self._say("include", account, name, list(members), most, anew)
        return super().include(account, name, members, most, anew=anew)

    def exclude(self, account: str, name: str, member: str) -> bool:
        self._say("exclude", account, name, member)
        return super().exclude(account, name, member)

    def once(self, account: str, key: str, now: float, until: float) -> bool:
        self._say("once", account, key, now, until)
        return super().once(account, key, now, until)

    def count(self, account: str, name: str) -> int:
        self._say("count", account, name)
        return super().count(account, name)

    def uncount(self, account: str, names: Sequence[str]) -> None:
        self._say("uncount", account, list(names))
        super().uncount(account, names)

    def plan(self, account: str, at: float, item: Sequence[Any]) -> None:
        self._say("plan", account, at, list(item), self._planned + 1)
        super().plan(account, at, item)

    def done(self, account: str, number: int) -> None:
        self._say("done", account, number)

    def record(self, account: str, entry: bytes, *logs: str) -> None:
        self._say("record", account, said(entry), *logs)
        super().record(account, entry, *logs)

    def clear(self, account: str) -> None:
        self._say("clear", account)
        super().clear(account)
