"""A data file made as short as what it keeps, while its process goes on.

Another process reads the file as far as it is, in memory of its own, and writes what came of it
into a file beside (`python -m simulators.store.compaction`, at a lower priority). What was written
since is copied behind that, and then the new file takes the place of the old one: whoever is killed
meanwhile has one of them whole. The process that serves does nothing of it that takes long.
"""

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators.store.log import HEADER, Log, lock
from simulators.store.replay import Replayed

FLOOR = 64 << 20  # bytes of a file that are not worth it
_PIECE = 256 << 10  # bytes copied in one step
_LEFT = 4 << 20  # bytes that the other process leaves to be copied
_NICE = 5
_log = logging.getLogger(__name__)


class Compaction:
    """Goes on by steps, which are for the loop of the process that serves. `base` is the size of
    the last snapshot in the file, of `based` messages: what was written since, or forgotten, is
    worth a new one once the file is twice as long as what would be in it."""

    program = (sys.executable, "-m", "simulators.store.compaction")

    def __init__(
        self, file: Log, bounds: tuple[int, int], base: int, based: int, floor: int
    ) -> None:
        self._file = file
        self._bounds = bounds
        self._base, self._based, self._floor = base, based, floor
        self._tried = 0  # the size at which it last failed
        self._beside = file.path.with_name(f"{file.path.name}.new")
        self._beside.unlink(missing_ok=True)  # of a process that was killed
        self._under_way: _Work | None = None

    def step(self, kept: int) -> bool:
        """Does a little of it; whether there is more to do at once. `kept` is how many messages the
        store has now."""
        try:
            if self._under_way is None:
                if self._is_worth_it(kept):
                    work = _Work(self.program, self._file, self._beside, self._bounds)
                    self._under_way = work
                return False
            if not self._under_way.is_read():
                return False
            if self._under_way.copy():
                return True
            self._base, self._based = self._under_way.finish()
            self._under_way = None
        except OSError as error:
            _log.warning("%s could not be made shorter: %s", self._file.path, error)
            self._tried = self._file.size
            self.stop()
        return False

    def _is_worth_it(self, kept: int) -> bool:
        size = self._file.size
        share = min(kept / self._based, 1.0) if self._based else 1.0
        return size > max(self._floor, 2 * self._base * share, self._tried + self._floor)

    def stop(self) -> None:
        """Leaves it."""
        if self._under_way is not None:
            self._under_way.stop()
            self._under_way = None


class _Work:
    """The process that reads, and the file beside. Any of its steps may raise `OSError`."""

    def __init__(
        self, program: Sequence[str], file: Log, beside: Path, bounds: tuple[int, int]
    ) -> None:
        self._file, self._beside = file, beside
        self._cuts = file.cuts
        self._copied = -1
        self._fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            lock(self._fd)
            given = [str(n) for n in (self._fd, file.size, *bounds)]
            self._process = subprocess.Popen(  # noqa: S603 - this very program, with numbers
                [*program, str(file.path), *given],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[self._fd],
                process_group=0,  # a Ctrl-C is for the process that serves
            )
        except BaseException:
            os.close(self._fd)
            raise

    def is_read(self) -> bool:
        """Whether the other process is through."""
        if self._file.cuts != self._cuts:
            raise OSError("the disk is full")  # and what was copied may be no line any more
        if self._copied < 0 and self._process.poll() is not None:
            told, failed = self._process.communicate()
            if self._process.returncode:
                reason = failed.decode(errors="replace").strip().rpartition("\n")[2]
                raise OSError(reason or f"its process ended with {self._process.returncode}")
            self._copied, self._base, self._based = map(int, told.split())
        return self._copied >= 0

    def copy(self) -> bool:
        """Copies some of what was written since; whether there is more."""
        piece = self._file.read(self._copied, _PIECE)
        _write(self._fd, piece)
        self._copied += len(piece)
        return self._copied < self._file.size

    def finish(self) -> tuple[int, int]:
        """Goes on in the new file. Returns what its snapshot has: bytes, and messages."""
        self._file.replace(self._fd, self._beside)
        return self._base, self._based

    def stop(self) -> None:
        """Leaves nothing of it behind."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        os.close(self._fd)
        self._beside.unlink(missing_ok=True)


def compact(path: Path, fd: int, upto: int, keep: int, journal: int) -> tuple[int, int, int]:
    """Writes into a file what the lines of another one come to up to a place, and nearly all that
    was written behind it meanwhile. Returns how far it is in the one, how many bytes its snapshot
    has in the other, and of how many messages that is."""
    store = Replayed(keep, journal)
    with path.open("rb", buffering=1 << 20) as file:
        store.rebuild(path, file, upto)
        with os.fdopen(os.dup(fd), "wb", buffering=1 << 20) as made:
            made.write(HEADER)
            made.writelines(store.snapshot())
        base = os.fstat(fd).st_size
        while os.fstat(file.fileno()).st_size - upto > _LEFT:
            piece = os.pread(file.fileno(), _LEFT, upto)
            _write(fd, piece)
            upto += len(piece)
    os.fsync(fd)
    return upto, base, store.kept()


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


if __name__ == "__main__":
    gc.disable()  # nothing it makes is in a circle
    os.nice(_NICE)
    found = compact(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    sys.stdout.write(" ".join(map(str, found)))
