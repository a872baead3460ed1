"""What is kept is bounded in bytes as well, as docs/scale.md says: sizes are added up."""

import sys
from array import array
from collections import deque

import pytest

from simulators.app import Options, Simulators
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.journal import REQUESTS
from simulators.samples import sample
from simulators.server.arrival import MAX_HEADER_BYTES, too_much

FEW = 400
A_MESSAGE = 1200  # bytes of a short text with all that is kept about it
AN_ENTRY = 512 << 10  # of the journal, at the most


def size(root):
    """The bytes of everything that is reachable from here, each thing once."""
    total, seen, todo = 0, set(), [root]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            todo += [*one, *one.values()]
        elif isinstance(one, list | tuple | set | frozenset | deque):
            todo += one
        elif not isinstance(one, str | bytes | array | int | float):
            slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
            todo += vars(one).values() if hasattr(one, "__dict__") else ()
            todo += [getattr(one, name) for name in slots if hasattr(one, name)]
    return total


@pytest.fixture
def simulators():
    """A server's state, with room for few messages and entries."""
    made = Simulators(Options(port=0, tls_port=None, keep=FEW))
    made.store._journal = FEW
    made.store.clear(DEFAULT)
    return made


def send(simulators, n, **more):
    """One short message to a number of its own, as a client sends it."""
    record, world = sample("twilio"), simulators.accounts.world(DEFAULT)
    call = record.call(
        world.credentials("twilio"), record.written(record.number(n)), f"{n:06}", now=0.0, nonce="1"
    )
    call.path = f"/twilio{call.path}"
    call.headers |= {"host": "localhost", **more}
    return simulators.gateway.answer(call, 0)


def test_memory_ends_where_the_bounds_are_reached(simulators):
    """A message costs so many bytes; once the store holds as many as it may, no more."""
    shelf, sizes = simulators.store._shelf(DEFAULT), []
    for round_ in range(6):
        for n in range(FEW):
            assert send(simulators, round_ * FEW + n).status == 201
        simulators.accounts.world(DEFAULT).clock.advance(86_400 * 2)
        journal = sum(len(entry) for _sequence, entry in shelf.logs[REQUESTS])
        sizes.append(size(shelf) - journal)
    assert (FEW, FEW) == (len(shelf.messages), len(shelf.logs[REQUESTS]))

    assert 400 < sizes[0] / FEW < A_MESSAGE
    assert max(sizes[3:]) < 1.5 * sizes[2] < 3 * sizes[0]


def test_an_entry_of_the_journal_is_so_long_at_the_most(simulators):
    """Whatever the request, of the largest size that is let in."""
    head = MAX_HEADER_BYTES - 2048
    send(simulators, 1, **{"x-long": "\x80" * head})
    call = sample("twilio").call(
        simulators.accounts.world(DEFAULT).credentials("twilio"), "+1", "1", now=0.0, nonce="1"
    )
    call.path, call.headers["host"] = f"/twilio{call.path}", "localhost"
    call.query, call.body = "\x80" * head, b"\x01" * (1 << 20)
    simulators.gateway.answer(call, 0)

    entries = [entry for _sequence, entry in simulators.store._shelf(DEFAULT).logs[REQUESTS]]
    entries += [entry for _sequence, entry in simulators.store._shelf("strangers").logs[REQUESTS]]
    assert 2 == len(entries)
    assert 2 * head < max(map(len, entries)) < AN_ENTRY


def test_an_address_counts_as_a_header_does():
    """So nothing longer gets into the journal."""
    assert too_much(1, MAX_HEADER_BYTES) is None
    assert too_much(1, MAX_HEADER_BYTES + 1).status == 431
