"""What must not slow the others: requests that wait in a delay, receipts that nobody takes, pages
that are open."""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from http.client import HTTPConnection
from statistics import median
from typing import Any

from simulators.bench.measure import Figures, Target, target
from simulators.bench.receiver import receiver
from simulators.bench.samples import samples
from simulators.control import client
from simulators.store.memory import KEEP

CONNECTIONS = 4
WATCHED_RATE = 5000.0
PAGE_SECONDS = 5.0  # as `BUSY_MS` of the page's script
_ELSEWHERE = 3_000_000  # running numbers that the load does not come to
_SOON = 0.02
_PATIENCE = 120.0


class Stuck(RuntimeError):
    """What was waited for did not come; the message says what."""


def held(name: str, count: int, seconds: float) -> dict[str, Any]:
    """Sends beside `count` requests that wait in a delay, and without them."""
    _allow_open_files()
    with target("simulators", KEEP) as server:
        idle = _calm(server, name, seconds)
        delay = {"delay_ms": 300_000}
        _control(
            server, "PUT", "/_sim/rules", {"rules": [{"match": {"times": count}, "effect": delay}]}
        )
        waiting = [_send(server, name, _ELSEWHERE + n) for n in range(count)]
        _until(lambda: _uses(server) == count, f"{count} requests that wait")
        busy = server.load(name, CONNECTIONS, seconds=seconds)
        for connection in waiting:
            connection.close()
    return {"idle": _times(idle), "beside": _times(busy), "held": count}


def receipts(name: str, count: int, seconds: float) -> dict[str, Any]:
    """Sends beside the receipts of `count` messages to a receiver that hangs; then it recovers,
    and every receipt arrives."""
    with target("simulators", KEEP) as server, receiver() as application:
        idle = _calm(server, name, seconds)
        _control(server, "PUT", "/_sim/webhooks", {"provider": name, "receipts": application.url})
        server.load(name, CONNECTIONS, count=count)
        _control(server, "PUT", "/_sim/webhooks", {"provider": name, "receipts": ""})
        _advance(server, 5)
        _until(lambda: application.left > 0, "a receipt that hangs")
        hanging = application.left
        busy = server.load(name, CONNECTIONS, seconds=seconds)
        application.recover()
        began = time.perf_counter()
        _until(lambda: _none_left(server), "the last receipt")
        took = time.perf_counter() - began
        lost = _control(server, "GET", "/_sim/receipts", state="given up")["attempts"]
    return {
        "idle": _times(idle),
        "beside": _times(busy),
        "messages": count,
        "hanging": hanging,
        "taken": application.taken,
        "given_up": len(lost),
        "recovered_s": took,
    }


def watched(name: str, count: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Sends at a steady rate while `count` pages of the inbox are open, and while none is, by
    turns. The CPU is the server's own, pages included."""
    with target("simulators", KEEP) as server:
        most = _calm(server, name, seconds).rate
        rate = min(WATCHED_RATE, most * 0.4)
        alone, beside = [], []
        for _ in range(rounds):
            alone.append(server.load(name, CONNECTIONS, seconds=seconds, rate=rate))
            with _pages(server, count) as seen:
                beside.append(server.load(name, CONNECTIONS, seconds=seconds, rate=rate))
    return {
        "idle": _times(_middle(alone)),
        "beside": _times(_middle(beside)),
        "watched": count,
        "rate": rate,
        "cpu_idle": _middle(alone).cpu,
        "cpu_beside": _middle(beside).cpu,
        "bytes_read": sum(seen),
    }


def _middle(found: list[Figures]) -> Figures:
    return Figures(*(median(getattr(one, each.name) for one in found) for each in fields(Figures)))


@contextlib.contextmanager
def _pages(server: Target, count: int) -> Iterator[list[int]]:
    """Open pages: each reads its events and, as the page does where more comes than is told, makes
    itself anew every few seconds. What they have read is told at the end."""
    seen = [0] * count
    streams = []
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", server.port))
        stream.sendall(b"GET /_sim/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream.recv(1)
        streams.append(stream)
    threads = [
        threading.Thread(target=_read, args=(server, stream, place, seen))
        for place, stream in enumerate(streams)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        for stream in streams:
            stream.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for stream in streams:
            stream.close()


def _read(server: Target, stream: socket.socket, place: int, seen: list[int]) -> None:
    anew = time.perf_counter() + PAGE_SECONDS * place / len(seen)
    with contextlib.suppress(OSError):
        while piece := stream.recv(1 << 16):
            seen[place] += len(piece)
            if time.perf_counter() >= anew:
                anew = time.perf_counter() + PAGE_SECONDS
                with contextlib.closing(HTTPConnection("127.0.0.1", server.port)) as connection:
                    connection.request("GET", "/", headers={"Accept": "text/html"})
                    connection.getresponse().read()


def told(found: dict[str, Any]) -> str:
    """The figures as one line."""
    idle, beside = found["idle"], found["beside"]
    times = (
        f"p50 {idle['p50']:.2f} ms idle, {beside['p50']:.2f} beside;"
        f" p99 {idle['p99']:.2f} and {beside['p99']:.2f}"
    )
    if "watched" in found:
        return (
            f"{times}; cpu {found['cpu_idle']:.1f} us a request alone, {found['cpu_beside']:.1f}"
            f" with {found['watched']} pages open, at {found['rate']:,.0f} a second"
        )
    if "held" in found:
        return f"{times}; {found['held']:,} held"
    return (
        f"{times}; {found['messages']:,} messages, {found['hanging']} callbacks hanging;"
        f" {found['taken']:,} taken within {found['recovered_s']:.1f} s of the recovery,"
        f" {found['given_up']} given up"
    )


def _calm(server: Target, name: str, seconds: float) -> Figures:
    server.load(name, CONNECTIONS, seconds=seconds / 2)
    return server.load(name, CONNECTIONS, seconds=seconds)


def _times(figures: Figures) -> dict[str, float]:
    return {"p50": figures.p50, "p99": figures.p99, "longest": figures.longest}


def _send(server: Target, name: str, n: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(samples()[name].request(n))
    return connection


def _uses(server: Target) -> int:
    uses: int = _control(server, "GET", "/_sim/rules")["rules"][0]["used"]
    return uses


def _none_left(server: Target) -> bool:
    _advance(server, 60)
    time.sleep(_SOON)
    left = _control(server, "GET", "/_sim/receipts", limit="1")["pending"]
    return not left


def _advance(server: Target, seconds: float) -> None:
    _control(server, "POST", "/_sim/clock", {"advance": seconds})


def _control(server: Target, method: str, path: str, body: Any = None, **query: str) -> Any:
    return client.call(f"http://127.0.0.1:{server.port}", method, path, query, body=body)


def _until(reached: Callable[[], bool], what: str) -> None:
    ends = time.perf_counter() + _PATIENCE
    while not reached():
        if time.perf_counter() > ends:
            raise Stuck(f"waited {_PATIENCE:g} s for {what}")
        time.sleep(_SOON)


def _allow_open_files() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
