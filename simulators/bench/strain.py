"""What must not slow the others: requests that wait in a delay, receipts that nobody takes."""

import resource
import socket
import time
from collections.abc import Callable
from typing import Any

from simulators.bench.measure import Figures, Target, target
from simulators.bench.receiver import receiver
from simulators.bench.samples import samples
from simulators.control import client
from simulators.store.memory import KEEP

CONNECTIONS = 4
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


def told(found: dict[str, Any]) -> str:
    """The figures as one line."""
    idle, beside = found["idle"], found["beside"]
    times = (
        f"p50 {idle['p50']:.2f} ms idle, {beside['p50']:.2f} beside;"
        f" p99 {idle['p99']:.2f} and {beside['p99']:.2f}"
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
