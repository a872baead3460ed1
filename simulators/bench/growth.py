"""Does anything grow? Sends on a server that keeps much of something, and on an empty one by turns.

While the longest stall is measured, somebody looks at everything there is to see: pages of
messages and requests, filters that find nothing, limits, receipts, accounts, the inbox.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import median
from typing import Any
from urllib.parse import urlencode

from simulators.bench.measure import Figures, NotGood, Target, target
from simulators.control import client
from simulators.store.memory import KEEP

CONNECTIONS = 4
FILLING = 32  # connections
SHARE = 0.4  # of the rate that the empty server can
_ROW = "{:<22} {:>9} {:>8} {:>9} {:>9} {:>11}"
_NOBODY = "+15005550000"
_LOOKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/_sim/messages", {"limit": "100"}),
    ("/_sim/messages", {"to": _NOBODY}),
    ("/_sim/messages", {"status": "nowhere", "limit": "1"}),
    ("/_sim/requests", {"limit": "100"}),
    ("/_sim/violations", {}),
    ("/_sim/limits", {}),
    ("/_sim/receipts", {"limit": "100"}),
    ("/_sim/accounts", {}),
    ("/_sim/rules", {}),
    ("/metrics", {}),
    ("/", {}),
)


def grown(name: str, most: int, seconds: float, rounds: int) -> dict[str, Any]:
    """A row for each state, by its name: CPU a send, its ratio to an empty server, p99, and the
    longest stall while everything is looked at."""
    found = {}
    with target("simulators", KEEP) as empty:
        rate = _fastest(empty, name, seconds) * SHARE
        for made, accounts in (
            (_messages, 0),
            (_accounts, most // 100),
            (_windows, 0),
            (_rules, 0),
        ):
            with target("simulators", KEEP, accounts=accounts) as server:
                _fastest(server, name, seconds)
                for state in made(server, name, most):
                    found[state] = _beside(server, empty, name, rate, seconds, rounds)
    return {"rate": rate, "states": found}


def told(found: dict[str, Any]) -> str:
    """The rows as a table."""
    head = _ROW.format("", "cpu us", "cpu x", "p99 ms", "stall ms", "empty's ms")
    lines = [f"at {found['rate']:,.0f} a second", head]
    for state, row in found["states"].items():
        figures = (f"{row[name]:.2f}" for name in ("cpu_ratio", "p99", "stall", "stall_empty"))
        lines.append(_ROW.format(state, f"{row['cpu']:.1f}", *figures))
    return "\n".join(lines)


def _messages(server: Target, name: str, most: int) -> Iterator[str]:
    kept = 0
    for count in (most // 100, most // 10, most):
        server.load(name, FILLING, count=count - kept)
        kept = count
        yield f"{count:,} messages"


def _accounts(server: Target, _name: str, most: int) -> Iterator[str]:
    """It began with them: the control API makes no more than a thousand."""
    there = len(_control(server, "GET", "/_sim/accounts")["accounts"])
    assert there > most // 100  # noqa: S101 - with the default one
    yield f"{most // 100:,} accounts"


def _windows(server: Target, name: str, most: int) -> Iterator[str]:
    """A limit of the account's own, which counts by number: each send makes a window."""
    count = most // 10
    limit = {"name": "of a day", "key": ["number"], "permits": 1000, "seconds": 86400}
    _control(server, "PUT", "/_sim/limits", {"mode": [limit]})
    server.load(name, FILLING, count=count)
    yield f"{count:,} windows"


def _rules(server: Target, name: str, most: int) -> Iterator[str]:
    count = most // 1000
    rules = [
        {
            "name": f"rule {number}",
            "match": {"provider": name, "to": f"+1500555{number:04}"},
            "effect": {"delay_ms": 1},
        }
        for number in range(count)
    ]
    _control(server, "PUT", "/_sim/rules", {"rules": rules})
    yield f"{count:,} rules"


def _fastest(server: Target, name: str, seconds: float) -> float:
    server.load(name, CONNECTIONS, seconds=seconds / 2)
    return server.load(name, CONNECTIONS, seconds=seconds).rate


def _beside(
    server: Target, empty: Target, name: str, rate: float, seconds: float, rounds: int
) -> dict[str, float]:
    def turn(one: Target) -> Figures:
        return one.load(name, CONNECTIONS, seconds=seconds, rate=rate)

    pairs = [(turn(server), turn(empty)) for _ in range(rounds)]
    return {
        "cpu": median(a.cpu for a, _ in pairs),
        "cpu_ratio": median(a.cpu / b.cpu for a, b in pairs),
        "p99": median(a.p99 for a, _ in pairs),
        "stall": _looked_at(server, lambda: turn(server)).late,
        "stall_empty": _looked_at(empty, lambda: turn(empty)).late,
    }


def _looked_at(server: Target, work: Callable[[], Figures]) -> Figures:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path, query in _LOOKS:
                _seen(server, f"{path}?{urlencode(query)}")

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            found = work()
        finally:
            over.set()
        looking.result()  # what it could not see ends the benchmark
    return found


def _seen(server: Target, path: str) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    if response.status != HTTPStatus.OK:
        raise NotGood(f"GET {path}: {response.status}")


def _control(server: Target, method: str, path: str, body: Any = None, **query: str) -> Any:
    return client.call(f"http://127.0.0.1:{server.port}", method, path, query, body=body)
