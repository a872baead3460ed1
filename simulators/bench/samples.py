"""A good send request to each provider, with a fresh number each time: from the providers' own
records (`simulators/samples.py`). Signatures are made anew, as a client makes them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from simulators.catalog import PROVIDERS
from simulators.kernel.call import Call
from simulators.samples import FORM, HOST, sample, wire

_CODE = "918273"  # in no credential and no number of the samples


@dataclass(frozen=True, slots=True)
class Sample:
    """`request` makes the bytes of the n-th request; `good` is in the answer to it, and in no
    refusal."""

    request: Callable[[int], bytes]
    good: bytes


def good(name: str, clock: Callable[[], int] = time.time_ns) -> Sample:
    """The sample of a provider, for the published account; signed at the time of a clock."""
    signs = "sign" in sample(name).send
    return Sample(_signed(name, clock) if signs else _filled(name), _accepted(name))


def _accepted(name: str) -> bytes:
    return sample(name).accepted.encode()


def _signed(name: str, clock: Callable[[], int]) -> Callable[[int], bytes]:
    """Made whole each time."""
    record, known = sample(name), PROVIDERS[name].published

    def request(n: int) -> bytes:
        to, now = record.written(record.number(n)), clock()
        call = record.call(known, to, _code(n), now=now / 1e9, nonce=f"{now}-{n}")
        return wire(call, f"/{name}")

    return request


def _filled(name: str) -> Callable[[int], bytes]:
    """Made once, and each time only number and code put in the place of those that are there: the
    generator shares the machine with the server that it measures."""
    record, known = sample(name), PROVIDERS[name].published
    number = record.written(record.number(1)).removeprefix("+")
    call = record.call(known, record.written(record.number(1)), _CODE, now=0.0, nonce="")
    first, between, after = _cut(wire(call, f"/{name}"), number, _CODE)

    def request(n: int) -> bytes:
        to = record.written(record.number(n)).removeprefix("+").encode()
        code = _code(n).encode()
        if between is None:
            return first.replace(number.encode(), to).replace(_CODE.encode(), code)
        return b"".join((first, to, between, code, after))

    return request


def _cut(raw: bytes, number: str, code: str) -> tuple[bytes, bytes | None, bytes]:
    """What stands before the number, between it and the code, and after; the middle is None where
    they come in another order, or more than once."""
    pieces = raw.split(number.encode())
    rest = pieces[1].split(code.encode()) if len(pieces) == 2 else []
    return (pieces[0], rest[0], rest[1]) if len(rest) == 2 else (raw, None, b"")


def _code(n: int) -> str:
    return f"{n % 1_000_000:06d}"


@cache
def samples() -> dict[str, Sample]:
    """Those of all providers."""
    return {name: good(name) for name in PROVIDERS}


def _trivial(_n: int) -> bytes:
    body = b"To=%2B14155550123&Body=Your+verification+code+is+123456"
    return wire(Call("POST", "/view", "", {"host": HOST, "content-type": FORM}, body))


# To the view that everything is compared with; about as large as a real one.
TRIVIAL = Sample(_trivial, b'"ok":true')
