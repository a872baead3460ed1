"""A file of lines to which one process appends, and which is whole whatever ends that process.

The first line says what the file is. A line counts once its end is there: what follows the last
end was never acknowledged, and is cut off when the file is opened again. Where a line cannot be
written, as the disk is full, what is there of it is cut off, and nothing else is written before
there is `ROOM`: else the short lines would pass and the long ones not, of one and the same request.
"""

import errno
import fcntl
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from simulators.kernel.store import Unavailable

FORMAT = 2
HEADER = b'["sms-simulators","data",%d]\n' % FORMAT
ROOM = 64 << 10  # bytes
_SHOWN = 40
_log = logging.getLogger(__name__)

Write = Callable[[int, bytes], int]
Sync = Callable[[int], object]


class Unusable(Exception):
    """The file cannot be what it is given for; the message says why, in a sentence."""


class Log:
    """The file, open and locked. `size` is how far it is whole, `torn` how many bytes were cut off
    behind that when it was opened, `cuts` how often a line could not be written since."""

    def __init__(self, path: Path, write: Write = os.write, sync: Sync = os.fdatasync) -> None:
        self.path = path
        self._write = write
        self._sync = sync
        self._fd = _opened(path)
        self._full = False  # what the last write left is to be cut off, or the disk was full
        self._syncs = False
        self.torn = self.cuts = 0
        try:
            self.size = self._begun()
        except BaseException:
            os.close(self._fd)
            raise

    def _begun(self) -> int:
        with self.reading() as file:
            first = file.readline(200)
        if first == HEADER:
            size = _whole(self._fd)
            self.torn = os.fstat(self._fd).st_size - size
            if self.torn:
                os.ftruncate(self._fd, size)
            return size
        if first.endswith(b"\n") or not HEADER.startswith(first):
            raise Unusable(_foreign(self.path, first))
        os.ftruncate(self._fd, 0)  # its maker ended before it was made
        try:
            os.write(self._fd, HEADER)
        except OSError as error:
            raise Unusable(f"{self.path}: {error.strerror}") from None
        return len(HEADER)

    def reading(self) -> BinaryIO:
        """The file from its beginning, for who goes through it."""
        return self.path.open("rb", buffering=1 << 20)

    def append(self, line: bytes) -> None:
        """Writes a line, its end included, or nothing. Raises `Unavailable`."""
        try:
            if self._full:
                os.ftruncate(self._fd, self.size)
                self._put(bytes(ROOM))
                os.ftruncate(self._fd, self.size)
            self._put(line)
        except OSError as error:
            self._failed(error)
        self.size += len(line)
        if self._full:
            self._full = False
            _log.warning("%s can be written again", self.path)

    def _put(self, data: bytes) -> None:
        done = self._write(self._fd, data)
        while done < len(data):
            more = self._write(self._fd, data[done:])
            if more <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += more

    def _failed(self, error: OSError) -> None:
        reason = f"{self.path} cannot be written: {error.strerror or error}"
        if not self._full:
            self.cuts += 1
            _log.warning("%s; nothing is acknowledged until it can", reason)
        self._full = True
        raise Unavailable(reason) from None

    def syncing(self) -> Callable[[], None]:
        """What, called in any thread, returns when all that was appended up to now is on the disk,
        or raises `OSError`."""
        self._syncs = True
        fd = os.dup(self._fd)  # another file may take its place meanwhile

        def sync() -> None:
            try:
                self._sync(fd)
            finally:
                os.close(fd)

        return sync

    def read(self, at: int, most: int) -> bytes:
        """Some bytes of the file."""
        return os.pread(self._fd, min(most, self.size - at), at)

    def replace(self, other: int, path: Path) -> None:
        """Goes on in another file, which stands in a path beside and is locked, and has the same to
        tell: it takes this one's place. Raises `OSError`, and then goes on here."""
        if self._syncs:
            self._sync(other)
        path.rename(self.path)
        if self._syncs:
            _sync_folder(self.path.parent)
        # The bytes of a file that nobody has any more are given back when it is closed: of a large
        # one that takes longer than others should wait.
        threading.Thread(target=os.close, args=(self._fd,)).start()
        self._fd = other
        self.size = os.fstat(other).st_size

    def close(self) -> None:
        """Lets others have the file, if it does not yet. Nothing can be written any more."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def lock(fd: int) -> bool:
    """Has a file for this process alone; False if another one has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def lines(file: BinaryIO, upto: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a file from its second one up to a place, each with the place of its end."""
    at = len(file.readline())
    for line in file:
        at += len(line)
        if at > upto:
            return
        yield at, line


def _opened(path: Path) -> int:
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise Unusable(f"{path}: {error.strerror}") from None
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise Unusable(f"{path}: expected a file, or a path where one can be made")
            if not lock(fd):
                raise Unusable(
                    f"{path} is in use by another process; expected a file of this one's own"
                )
            if os.path.samestat(found, path.stat()):
                return fd
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # it was replaced by another one before it was locked


def _whole(fd: int) -> int:
    """Where the last line ends."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(end - (1 << 16), 0)
        place = os.pread(fd, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _foreign(path: Path, first: bytes) -> str:
    try:
        name, kind, version = orjson.loads(first)
    except (ValueError, TypeError):
        name = kind = version = None
    if (name, kind) == ("sms-simulators", "data") and isinstance(version, int):
        return (
            f"{path} has format {version}, of another version of sms-simulators; expected format"
            f" {FORMAT}"
        )
    shown = first[:_SHOWN].decode("utf-8", "backslashreplace").strip()
    return f"{path} is no data of sms-simulators: expected {HEADER.decode().strip()}, got '{shown}'"
