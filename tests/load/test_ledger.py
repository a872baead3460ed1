"""The ledger: what users saw, kept by number and by second, shipped and summed."""

import json

from simulators.load.ledger import Ledger, Mark, Receipt, digits


def written():
    """One code from the asking to the verifying, one send that is throttled, one mark."""
    ledger = Ledger()
    ledger.asked("+86 130-1234-5671", 100.2, usage="SignIn", template="SMS_1")
    ledger.sent("8613012345671", 100.9, usage="SignIn", template="SMS_1", message_id="M1")
    ledger.received("8613012345671", "012345", "M1", 101.5, usage="SignIn")
    ledger.verified("8613012345671", "012345", 102, usage="SignIn")
    ledger.asked("8613012345671", 103, usage="SignIn", template="SMS_1")
    ledger.throttled("8613012345671", "rate_limit_exceeded", 103, usage="SignIn", template="SMS_1")
    ledger.mark("connector changed", 104)
    return ledger


def test_a_number_is_one_in_every_writing():
    """A plus, spaces and dashes are writing; the digits are the number."""
    assert "8613012345671" == digits("+86 130-1234-5671")
    assert ["8613012345671"] == list(written().numbers)


def test_counts_are_by_kind_and_by_label():
    """A label is a use or a template; an unknown one has no counts."""
    ledger = written()

    assert (2, 1, 1) == tuple(map(ledger.count, ("asked", "sent", "throttled")))
    assert (2, 2, 0) == tuple(ledger.count("asked", of) for of in ("SignIn", "SMS_1", "Register"))
    assert ["SMS_1", "SignIn"] == ledger.labels()


def test_what_is_taken_is_plain_and_leaves_nothing():
    """So that a worker's memory does not grow with the length of the test."""
    ledger = written()

    json.dumps(ledger.take())
    assert Ledger() == ledger


def test_shipped_in_parts_it_is_the_same_ledger():
    """Two workers and two reports each sum up to what one process would have written."""
    one, master = Ledger(), Ledger()
    for ledger in (one, one, written()):
        ledger.merge(written().take())
    for worker in (written(), written()):
        master.merge(json.loads(json.dumps(worker.take())))
        master.merge(worker.take())

    assert one == master
    assert {"asked": 4, "sent": 2, "throttled": 2} == master.numbers["8613012345671"]
    assert 2 == master.verified_codes["8613012345671", "012345"]
    assert {Receipt("8613012345671", "012345", "M1")} == master.receipts
    assert {"M1": "8613012345671"} == master.handed_off
    assert 2 == master.reasons["throttled", "rate_limit_exceeded"]
    assert [Mark(104, "connector changed")] * 2 == master.marks
