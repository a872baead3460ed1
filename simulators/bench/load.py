"""The load generator, a process of its own: raw HTTP/1.1 over connections that are kept open.

`python -m simulators.bench.load` reads a `Job` as one line of JSON and writes a `Result`.
"""

import asyncio
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from typing import cast

import orjson
import uvloop

from simulators.bench.samples import TRIVIAL, good


@dataclass(frozen=True, slots=True)
class Job:
    """What to send: to whom, over how many connections, from which running number on, until so
    many answers have come or so many seconds are over. With a `rate` requests are sent at that
    many a second, whether or not the answers keep up; else each as soon as one is answered."""

    port: int
    arm: str
    connections: int
    first: int
    count: int = 1 << 62
    seconds: float = 1e9
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came back. Times are in seconds; with a rate they count from when a request was due.

    `bad` are answers that were refusals, `example` is the first of them.
    """

    answers: int
    bad: int
    took: float
    p50: float
    p99: float
    longest: float
    example: str = ""


class _Run:
    """What all connections of a job share."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.sample = TRIVIAL if job.arm == "trivial" else good(job.arm)
        self.next = job.first
        self.open = job.connections
        self.times = array("d")
        self.bad = 0
        self.example = ""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.began = time.perf_counter()

    def request(self) -> bytes | None:
        """The next request, None when there are no more."""
        sent = self.next - self.job.first
        if sent >= self.job.count or time.perf_counter() - self.began > self.job.seconds:
            return None
        self.next += 1
        return self.sample.request(self.next)

    def answered(self, since: float, answer: bytes) -> None:
        self.times.append(time.perf_counter() - since)
        if self.sample.good not in answer:
            self.bad += 1
            self.example = self.example or answer[:600].decode("latin-1")

    def ended(self) -> None:
        self.open -= 1
        if self.open <= 0 and not self.done.done():
            self.done.set_result(None)

    def result(self) -> Result:
        times = sorted(self.times)
        if not times:
            return Result(0, 0, 0.0, 0.0, 0.0, 0.0, self.example)
        return Result(
            answers=len(times),
            bad=self.bad,
            took=time.perf_counter() - self.began,
            p50=times[len(times) // 2],
            p99=times[len(times) * 99 // 100],
            longest=times[-1],
            example=self.example,
        )


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run, place: int) -> None:
        self.run = run
        self.buffer = b""
        self.since = 0.0
        self.ends = False
        rate = run.job.rate
        self.interval = run.job.connections / rate if rate else 0.0
        self.due = run.began + place / rate if rate else 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.go_on()

    def go_on(self) -> None:
        """Sends the next request, now or when it is due."""
        wait = self.due - time.perf_counter() if self.interval else 0.0
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self.send)
        else:
            self.send()

    def send(self) -> None:
        request = self.run.request()
        if request is None:
            self.ends = True
            self.transport.close()
            return
        self.since = self.due if self.interval else time.perf_counter()
        self.due += self.interval
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self.run.answered(self.since, self.buffer)
            self.buffer = b""
            self.go_on()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ends:
            self.run.bad += 1
            self.run.example = self.run.example or "the connection was closed"
        self.run.ended()


def _length(head: bytes) -> int:
    at = head.lower().rfind(b"content-length:")
    return int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0


async def drive(job: Job) -> Result:
    """Carries out a job on the running loop."""
    run = _Run(job)
    loop = asyncio.get_running_loop()
    for place in range(job.connections):
        await loop.create_connection(
            lambda place=place: _Connection(run, place),  # type: ignore[misc]  # a default binds it
            "127.0.0.1",
            job.port,
        )
    await run.done
    return run.result()


def main() -> None:
    """One job in, one result out."""
    job = Job(**orjson.loads(sys.stdin.readline()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(drive(job))
    sys.stdout.write(orjson.dumps(asdict(result)).decode() + "\n")


if __name__ == "__main__":
    main()
