"""`serve --processes N`: several processes behind the same ports, started and stopped as one.

The first process is there before the others: what is made once, as the CA and the accounts to
start with, it makes alone. Each port has a socket for every process, among which the kernel shares
out the connections; this process holds all of them, so that what comes while one process takes the
place of another waits, and is not refused. It does nothing else: it starts, waits and tells.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Container, Iterator, Mapping
from typing import NoReturn

import click

from simulators.server.group import Board, Member
from simulators.server.listeners import listen

_LONG = 10.0  # seconds after which a process counts as one that works
_SOON = 1.0  # to the next try of one that did not, then twice as long, and so on
_LATEST = 30.0
_ENDING = (signal.SIGINT, signal.SIGTERM)

Ready = Callable[[str], None]
Work = Callable[[Member, Ready], None]


class Group:
    """So many processes that do `work`, each in a fork of this one, which has no threads. They call
    what they are given with what is to be told of them once they are ready, and end with SIGTERM,
    or once `alive` can be read. `ports` are host, port and flag by name; those of `one` are for the
    first process alone. Raises `PortInUse`."""

    def __init__(
        self,
        count: int,
        ports: Mapping[str, tuple[str, int, str]],
        work: Work,
        one: Container[str] = (),
    ) -> None:
        self._count = count
        self._work = work
        self._board = Board(count)
        self._sockets: list[dict[str, socket.socket]] = [{} for _ in range(count)]
        for name, (host, port, flag) in ports.items():
            with listen(host, port, flag) as alone:  # nobody has it, no other group either
                chosen = alone.getsockname()[1]
            for sockets in self._sockets[: 1 if name in one else count]:
                sockets[name] = listen(host, chosen, flag, together=True)
        self._alive, self._life = os.pipe()
        self._woken, self._wake = os.pipe()
        self._pids: dict[int, int] = {}
        self._began = [0.0] * count
        self._tries = [0] * count
        self._stopping = False

    def run(self, ready: Callable[[str], None]) -> int:
        """Serves until a signal ends it; `ready` is called with what the first process told once
        all are there. Returns the exit code."""
        with self._signalled():
            try:
                told = [self._begin(number) for number in range(self._count)]
                ready(told[0])
                while not self._stopping:
                    self._watch()
            except _Ended as ended:
                return 0 if self._stopping else ended.code
            finally:
                self._end()
        return 0

    @contextlib.contextmanager
    def _signalled(self) -> Iterator[None]:
        os.set_blocking(self._wake, False)
        signals = (*_ENDING, signal.SIGCHLD)
        before = {number: signal.signal(number, self._signal) for number in signals}
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signal(self, number: int, _frame: object) -> None:
        if number in _ENDING:
            self._stopping = True
            for pid in self._pids.values():
                os.kill(pid, signal.SIGTERM)

    def _begin(self, number: int) -> str:
        """Starts a process; returns what it told when it was ready. Raises `_Ended`."""
        told, tell = os.pipe()
        self._began[number] = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            self._be(number, tell)
        os.close(tell)
        self._pids[number] = pid
        if self._stopping:
            os.kill(pid, signal.SIGTERM)
        with os.fdopen(told) as file:
            said = file.read()
        if not said:
            raise _Ended(self._gone(number, os.waitpid(pid, 0)[1]))
        return said

    def _be(self, number: int, tell: int) -> NoReturn:
        """Is the process, until it ends."""
        code = 0
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for all: the first one tells
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (self._life, self._woken, self._wake):
                os.close(fd)
            for other, sockets in enumerate(self._sockets):
                for sock in sockets.values() if other != number else ():
                    sock.close()

            def ready(said: str) -> None:
                with os.fdopen(tell, "w") as file:
                    file.write(said)

            self._work(Member(number, self._sockets[number], self._board, self._alive), ready)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
            code = 1
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _watch(self) -> None:
        """Waits for what happens, and has another process take the place of one that ended."""
        for number, pid in list(self._pids.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._gone(number, status)
        missing = [number for number in range(self._count) if number not in self._pids]
        for number in missing:
            self._sleep(min(_SOON * (2 ** self._tries[number] - 1), _LATEST))
            if self._stopping:
                return
            with contextlib.suppress(_Ended):  # which was told; it is tried again later
                self._begin(number)
        if not missing:
            self._sleep(None)

    def _gone(self, number: int, status: int) -> int:
        """Tells of a process that ended; its exit code."""
        del self._pids[number]
        worked = time.monotonic() - self._began[number] >= _LONG
        self._tries[number] = 0 if worked else self._tries[number] + 1
        code = os.waitstatus_to_exitcode(status)
        if not self._stopping:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
            click.echo(f"sms-simulators: process {number + 1} of {self._count} {how}", err=True)
        return code if code > 0 else 1

    def _sleep(self, seconds: float | None) -> None:
        """Until then, or until a signal comes."""
        if select.select([self._woken], [], [], seconds)[0]:
            os.read(self._woken, 4096)

    def _end(self) -> None:
        for pid in self._pids.values():
            os.kill(pid, signal.SIGTERM)
        for pid in self._pids.values():
            os.waitpid(pid, 0)
        for sockets in self._sockets:
            for sock in sockets.values():
                sock.close()


class _Ended(Exception):
    """A process ended before it was ready."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
