"""One connection to an engine, over which everything goes in order: commands that are asked for in
one turn of the loop go out in one write, and answers end their trips as they come.

Who asks has an answer within `DEADLINE` seconds or `Unavailable`. What was sent before a connection
was cut may have been done or not: nothing is sent again. Only a script that the engine does not
know (it forgot them all when it was started anew) was certainly not run, and is sent with its text.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import libvalkey

from simulators.kernel.store import Unavailable
from simulators.store.valkey.address import Address
from simulators.store.valkey.green import Trip
from simulators.store.valkey.scripts import Script, scripts

DEADLINE = 1.0
OLDEST = (6, 2)
_LOOK = 0.1  # of a deadline
_REFUSING = (
    *("LOADING", "BUSY", "OOM", "READONLY", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "NOREPL"),
    # An account on its way from one engine of a Cluster to another, key by key. A script that was
    # led after it (ASKING) would find some of the keys, and make the others anew.
    *("ASK ", "TRYAGAIN"),
)
_ELSEWHERE = "MOVED "
_PUSHED = (b"message", b"subscribe", b"unsubscribe")
_NONE = object()

Command = Sequence[Any]
pack = libvalkey.pack_command


class UnfitEngine(Exception):
    """The engine is there and cannot be used; the message says why."""


class Moved(Unavailable):
    """What was asked for was certainly not done: the account is at another engine of the Cluster,
    which the last word names."""

    @property
    def place(self) -> tuple[bytes, int]:
        """Its host and port; the host is empty where it is that of who was asked."""
        host, _, port = str(self).rpartition(" ")[2].rpartition(":")
        return host.encode(), int(port)


def wrong(told: Exception, where: object) -> Exception:
    """What an engine's refusal comes to for whoever asked."""
    text = str(told)
    if isinstance(told, Unavailable):
        return told
    refused = f"the store at {where} refuses: {text}"
    if text.startswith(_ELSEWHERE):
        return Moved(refused)
    if text.startswith(_REFUSING):
        return Unavailable(refused)
    return RuntimeError(text)


class Asked(Trip):
    """Some commands and their answers: a list, or the answer alone of a script. `each` are the
    commands one by one where they may be about several accounts."""

    __slots__ = ("at", "count", "each", "found", "packed", "script")

    def __init__(
        self,
        packed: bytes,
        count: int,
        script: Script | None = None,
        each: Sequence[bytes] = (),
    ) -> None:
        super().__init__()
        self.packed = packed
        self.count = count
        self.script = script
        self.each = each
        self.found: list[Any] = []
        self.at = 0.0


def run(script: Script, count: int, packed: bytes) -> Asked:
    """A call of a script with so many values, packed: its key and its arguments."""
    return Asked(b"*%d\r\n%b%b" % (count + 3, script.by_hash, packed), 1, script)


def values(*given: Any) -> bytes:
    """Some values, packed as a call has them."""
    packed: bytes = pack(given)
    return packed[packed.index(b"\n") + 1 :]  # behind how many they are


def commands(*all_: Command) -> Asked:
    """Some commands, all answered together."""
    each = [pack(tuple(one)) for one in all_]
    return Asked(b"".join(each), len(each), None, each)


class Line(asyncio.Protocol):
    """The connection. `heard` is told what others publish."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: Address,
        heard: Callable[[str, bytes], None],
        deadline: float = DEADLINE,
    ) -> None:
        self._loop = loop
        self.address = address
        self._heard = heard
        self._deadline = deadline
        self._transport: asyncio.WriteTransport | None = None
        self._reader = libvalkey.Reader(notEnoughData=_NONE)
        self._out: list[bytes] = []
        self._waiting: deque[Asked] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._late: Asked | None = None
        self.why = "it was not reached yet"
        self.is_up = False
        self.of_cluster = False
        self.turn = 0
        self.ended: asyncio.Future[None] = loop.create_future()

    async def open(self) -> None:
        """Connects, and says who asks. Raises `Unavailable` or `UnfitEngine`."""
        address = self.address
        try:
            async with asyncio.timeout(self._deadline):
                if address.path:
                    await self._loop.create_unix_connection(lambda: self, address.path)
                else:
                    context = address.context()
                    await self._loop.create_connection(
                        lambda: self, address.host, address.port, ssl=context
                    )
                await self._greet()
        except TimeoutError:
            self.cut(f"no answer within {self._deadline:g} s")
        except ssl.SSLCertVerificationError as error:
            self.cut("its certificate is not trusted")
            raise UnfitEngine(address.untrusted(error)) from None
        except OSError as error:
            self.cut(str(error) or type(error).__name__)
        except UnfitEngine as error:
            self.cut(str(error))
            raise
        if not self.is_up:
            raise self.away()

    def away(self) -> Unavailable:
        """What is told to who asks when there is no engine."""
        return Unavailable(f"the store at {self.address} is away: {self.why}")

    async def _greet(self) -> None:
        address = self.address
        proof = ("AUTH", address.user or "default", address.password) if address.password else ()
        asked = commands(("HELLO", 3, *proof), ("SELECT", address.database))
        hello, selected = await self._answered(asked)
        if isinstance(hello, Exception):
            if str(hello).startswith(_REFUSING):
                self.cut(str(hello))
                return
            raise UnfitEngine(f"the store at {address} refuses: {hello}")
        told = hello[b"version"].decode()
        if tuple(map(int, told.split(".")[:2])) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise UnfitEngine(f"the store at {address} is {told}, expected Redis from {oldest}")
        self.of_cluster = hello.get(b"mode") == b"cluster"
        if isinstance(selected, Exception):
            there = "; a Cluster has 0" if self.of_cluster else ""
            raise UnfitEngine(f"the store at {address}, the database: {selected}{there}")
        every = scripts()
        (known,) = await self._answered(commands(("SCRIPT", "EXISTS", *[one.sha for one in every])))
        missing = [one for one, there in zip(every, known, strict=True) if not there]
        if missing:
            await self._answered(commands(*[("SCRIPT", "LOAD", one.text) for one in missing]))
        self.is_up, self.why = True, ""

    async def _answered(self, asked: Asked) -> list[Any]:
        self._send(asked)
        await asked.future()
        if asked.error is not None:
            raise OSError(self.why)
        found: list[Any] = asked.value
        return found

    def submit(self, asked: Asked) -> None:
        """Sends it with all others of this turn. Raises `Unavailable` where there is no engine."""
        if not self.is_up:
            raise self.away()
        self._send(asked)

    def _send(self, asked: Asked) -> None:
        asked.at = self._loop.time()
        self._waiting.append(asked)
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(asked.packed)
        if self._timer is None:
            self._timer = self._loop.call_later(self._deadline * _LOOK, self._look)

    def _flush(self) -> None:
        out, self._out = self._out, []
        self.turn += 1
        if self._transport is not None:
            self._transport.write(b"".join(out))

    def _look(self) -> None:
        """Ends a connection whose engine does not answer."""
        self._timer = None
        if not self._waiting:
            return
        first = self._waiting[0]
        if first is self._late:
            self.cut(f"no answer within {self._deadline:g} s")
            return
        if self._loop.time() - first.at >= self._deadline:
            # If it was this process that had no time, the answer is there, and read in between.
            self._late = first
        self._timer = self._loop.call_later(self._deadline * _LOOK, self._look)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The engine is reached."""
        self._transport = transport  # type: ignore[assignment]  # a stream's transport writes

    def data_received(self, data: bytes) -> None:
        """Answers, and what others publish, in the order in which they were made."""
        self._reader.feed(data)
        waiting = self._waiting
        while (got := self._reader.gets()) is not _NONE:
            if type(got) is list and len(got) == 3 and got[0] in _PUSHED:
                if got[0] == b"message":
                    self._heard(got[1].decode(), got[2])
                continue
            asked = waiting[0]
            if asked.script is not None:
                waiting.popleft()
                self._ended(asked, got)
                continue
            asked.found.append(got)
            if len(asked.found) == asked.count:
                waiting.popleft()
                asked.end(asked.found)

    def _ended(self, asked: Asked, got: Any) -> None:
        if not isinstance(got, libvalkey.ReplyError):
            asked.end(got)
            return
        assert asked.script is not None  # noqa: S101 - commands end with all that came for them
        if str(got).startswith("NOSCRIPT"):
            asked.packed = asked.packed.replace(asked.script.by_hash, asked.script.in_full, 1)
            self._send(asked)
            return
        error = wrong(got, self.address)
        if not isinstance(error, Unavailable):
            error = RuntimeError(f"{asked.script.name}: {error}")
        asked.end(None, error)

    def connection_lost(self, error: Exception | None) -> None:
        """The engine is gone, or was given up."""
        self.cut(f"the connection ended{f' ({error})' if error else ''}")

    def cut(self, why: str) -> None:
        """Gives up the connection: whatever is under way is unknown."""
        if self.ended.done():
            return
        self.why, self.is_up = why, False
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        self.ended.set_result(None)
        waiting, self._waiting = self._waiting, deque()
        for asked in waiting:
            asked.end(None, self.away())
