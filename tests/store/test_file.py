"""The file behind the memory store: what is in it at any time brings back what was acknowledged."""

import asyncio
import errno
import json
import os
from array import array
from collections import deque
from contextlib import closing
from pathlib import Path

import pytest

from simulators.app import Options, Simulators
from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call
from simulators.kernel.flow import Hit
from simulators.kernel.journal import REQUESTS, VIOLATIONS
from simulators.kernel.message import Message
from simulators.kernel.store import Cost, Unavailable
from simulators.samples import sample
from simulators.store import compaction, file
from simulators.store.file import FileStore
from simulators.store.log import HEADER, ROOM, Unusable
from simulators.store.plans import Plans
from simulators.store.windows import REMEMBERED

NOW = 1_800_000_000.0


@pytest.fixture
def path(tmp_path):
    """Where a store may have its file."""
    return tmp_path / "data"


def message(name, at=NOW):
    return Message(
        name, "twilio", "send", "+15550000001", "Acme", "Your code is 123456", 1, at, "x"
    )


def hit(kind, n=0):
    return Hit("twilio", kind, f"+{n}", kind, 9000, 60.0, NOW, identity=kind)


def keep(store, *names, account="a"):
    kinds = [hit(kind) for kind in ("rolling", "natural", "queue")]
    return [store.admit(account, [(kinds, message(name))], NOW)[0].message for name in names]


def fill(store):
    """Something of everything that is kept."""
    store.put_account({"id": "a", "credentials": {}, "seed": ""}, [("twilio", "AC1")])
    store.put_account({"id": "gone", "credentials": {}, "seed": ""}, [("twilio", "AC2")])
    keep(store, "m1", "m2", "m3", "m4")
    keep(store, "m1", account="gone")
    store.drop_account("gone")
    store.admit("a", [((), message("m5")), ((), message("m6"))], NOW + 1, [Cost(1.0)] * 2)
    store.change("a", "m1", text="Your code is 654321", details={"read": True})
    store.remove("a", "m2")
    store.save("a", "balance", 3.5)
    store.admit("a", [([hit("rolling", n)], message(f"c{n}")) for n in range(3)], NOW + 2,
                [Cost(0.5, 0.1)] * 3)  # fmt: skip
    store.save("a", "clock", {"offset": 60.0})
    store.update("a", "rules", lambda _kept: [{"name": "rule-1"}])
    store.save("a", "forgotten", 1)
    store.save("a", "forgotten", None)
    store.include("a", "numbers", ["+1", "+2", "é"], 9)
    store.exclude("a", "numbers", "+2")
    store.include("a", "others", ["x"], 9, anew=True)
    store.once("a", "nonce", NOW, NOW + 900)
    for name in ("chance", "chance", "other"):
        store.count("a", name)
    store.uncount("a", ["other"])
    for n in range(4):
        store.plan("a", NOW + n, ["m1", n, 0, NOW])
    for one in store.due("a", NOW + 1, 9)[:1]:
        store.done("a", one.number)
    for n in range(3):
        store.record("a", b'{"n":"%d \xc3\xa9"}' % n, REQUESTS, *[VIOLATIONS] * (n == 1))
        store.record("a", b"[%d]" % n, "receipts")
    keep(store, "m1", account="b")
    store.clear("b")
    keep(store, "m1", "m2", account="c")
    store.remove_all("c")


def told(path, **bounds):
    """All that a store has which reads the file now, as lines."""
    with closing(FileStore(path, **bounds)) as store:
        return list(store.snapshot())


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def test_what_is_read_is_what_was_kept(path):
    """Windows, sets, counters and all: memory and file say the same. What was handed out and is
    not done is planned again, as nobody has it."""
    with closing(FileStore(path)) as store:
        fill(store)
        before = list(store.snapshot())

    after = told(path)
    again = {line for line in after if line not in before}
    assert [["plan", "a", NOW + 1, ["m1", 1, 0, NOW], 2]] == [json.loads(one) for one in again]
    assert before == [line for line in after if line not in again]
    assert 30 < len(after)


OF_THE_PROCESS = ("watchers", "leases", "shared", "gone", "_gone", "_kept")


def parts(one):
    """All that an object is made of, as plain values; but for what a process has of its own."""
    if isinstance(one, Plans):
        return sorted(one.all())
    if isinstance(one, dict):
        return {key: parts(value) for key, value in one.items()}
    if isinstance(one, list | tuple | deque | array):
        return [parts(each) for each in one]
    names = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    names += getattr(one, "__dict__", {})
    if not names:
        return one
    return {name: parts(getattr(one, name)) for name in names if name not in OF_THE_PROCESS}


@pytest.mark.parametrize("shortened", [False, True])
def test_nothing_of_a_world_is_left_out(path, shortened):
    """Field by field, whatever a world may have one day: it is read as it was kept."""
    with closing(FileStore(path, floor=0)) as store:
        fill(store)
        store.done("a", 2)  # which it was handed
        for n in range(3 * REMEMBERED):
            hits = [hit(kind, n) for kind in ("rolling", "natural", "queue")]
            store.admit("b", [(hits, message(f"m{n}"))], NOW + n)
        before = parts(store._shelves)
        if shortened:
            shorten(store)
    with closing(FileStore(path)) as store:
        after = parts(store._shelves)
    assert 5 < len(before["a"])
    for account in before:
        for name in before[account]:
            assert before[account][name] == after[account][name], (account, name)


def test_every_line_is_enough(path, tmp_path):
    """A process that is killed behind any byte comes back with all whose line was written; what it
    was at is cut off and told, and the next line stands behind the others."""
    with closing(FileStore(path)) as store:
        fill(store)
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    states = {}
    for end in ends:
        cut = tmp_path / "cut"
        cut.write_bytes(whole[:end])
        states[end] = told(cut)
    for at in range(0, len(whole), 23):
        cut = tmp_path / "torn"
        cut.write_bytes(whole[:at])
        said = []
        with closing(FileStore(cut, tell=said.append)) as store:
            end = max([end for end in ends if end <= at], default=0)
            assert list(store.snapshot()) == states[end or ends[0]]
            assert (at not in (0, end) and end > 0) == bool(said), said
            store.count("a", "chance")
        assert len(HEADER) <= cut.stat().st_size
        assert told(cut)
    assert f"{cut}: the last line was not finished, {at - end} bytes are cut off" == said[0]


def test_the_reading_of_a_large_file_is_told(path, monkeypatch):
    """Now and then, and at its end; a small one's is not."""
    with closing(FileStore(path)) as store:
        fill(store)
        for n in range(3000):
            store.save("a", "document", "x" * 1000 + str(n))
    said = []
    FileStore(path, tell=said.append).close()
    assert [] == said

    monkeypatch.setattr(file, "_TOLD", 1 << 20)
    FileStore(path, tell=said.append).close()
    assert [f"reading {path}: {n} of 2 MiB" for n in (1, 2)] == said[:2]
    assert [f"read {path}: 8 messages"] == said[2:]


def test_numbers_go_on_where_they_were(path):
    """No sequence, no number of an entry and none of what is planned comes a second time."""
    with closing(FileStore(path)) as store:
        fill(store)
        newest = store.newest("a")
        noted = max(number for number, _entry in store.records("a", "receipts"))
    with closing(FileStore(path)) as store:
        (kept,) = keep(store, "m9")
        assert newest + 1 == kept.sequence
        store.record("a", b"{}", REQUESTS)
        assert noted + 1 == store.records("a", REQUESTS)[-1][0]
        store.plan("a", NOW, ["m1", 9])
        assert [5, 2] == [one.number for one in store.due("a", NOW + 1, 9)]
        assert 3 == store.count("a", "chance")


@pytest.mark.parametrize(
    "broken",
    [
        b"not json",
        b"",
        b"\0\0\0",
        b"{}",
        b"[]",
        b'["no such operation","a"]',
        b'["count","a"]',
        b'["count","a","chance","and more"]',
        b'["admit","a",1.0,null,[[[],["m9"]]]]',
        b'["once","a","key",null,null]',
        b'["plan","a",1.0,7,7]',
        "half",
        "left out",
        "twice",
    ],
)
def test_a_broken_line_in_the_middle_is_told_by_its_number(path, broken):
    """And nothing is started: the lines behind it cannot be trusted. A message that is missing
    between two others is noticed as well."""
    with closing(FileStore(path)) as store:
        keep(store, "m1", "m2", "m3")
    written = lines(path)
    number = 3
    if broken == "half":
        written[2] = written[2][:40] + b"\n"
    elif broken == "left out":
        del written[2]
    elif broken == "twice":
        written.insert(2, written[1])
    else:
        written[2] = broken + b"\n"
    path.write_bytes(b"".join(written))

    with pytest.raises(Unusable) as told_:
        FileStore(path)
    assert str(told_.value).startswith(f"{path}, line {number}: expected an operation")
    assert b"".join(written) == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"accounts:\n- id: mine\n", "is no data of sms-simulators: expected"),
        (b"no line at all", "is no data of sms-simulators: expected"),
        (b'["sms-simulators","data",3]\n', "has format 3, of another version of sms-simulators"),
        (b'["sms-simulators","other",1]\n', "is no data of sms-simulators: expected"),
        (b"\xff\xfe\n", "is no data of sms-simulators: expected"),
    ],
)
def test_a_file_of_somebody_else_is_left_alone(path, content, said):
    """It is told what it is, and not touched."""
    path.write_bytes(content)
    with pytest.raises(Unusable, match=said):
        FileStore(path)
    assert content == path.read_bytes()


def test_what_can_be_no_file_is_told(path):
    """A folder, a device, a place in no folder."""
    for wrong in (path.parent, Path(os.devnull), path / "data"):
        with pytest.raises(Unusable, match=str(wrong)):
            FileStore(wrong)


def test_a_file_is_one_process_s(path):
    """The second is refused, until the first one ends; so it is after the file was replaced."""
    with closing(FileStore(path, floor=0)) as store:
        for shortened in (False, True):
            if shortened:
                keep(store, "m1")
                shorten(store)
            with pytest.raises(Unusable, match="is in use by another process"):
                FileStore(path)
    assert told(path)


def test_what_is_closed_writes_nothing_any_more(path):
    """Not even into what has its number since; to close it twice is no error."""
    store = FileStore(path)
    keep(store, "m1")
    store.close()
    store.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable, match="Bad file descriptor"):
        keep(store, "m2")
    assert before == path.read_bytes()


class Disk:
    """Writes as the system does until it is full; then so many bytes of what it is given, first."""

    def __init__(self, left=1 << 30):
        self.left = left

    def write(self, fd, data):
        if self.left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = os.write(fd, data[: self.left])
        self.left -= done
        return done


@pytest.mark.parametrize("left", [0, 1, 5])
def test_what_finds_no_room_is_not_done(path, caplog, left):
    """Whatever it is: memory and file say what they said before, and it is told once; with room
    again, it is done."""
    disk = Disk()
    with closing(FileStore(path, write=disk.write)) as store:
        fill(store)
        (handed,) = store.due("a", NOW + 2, 1)
        store.plan("a", handed.at, handed.item)
        tries = [
            lambda: store.put_account({"id": "n", "credentials": {}, "seed": ""}, []),
            lambda: store.drop_account("a"),
            lambda: keep(store, "m9"),
            lambda: store.change("a", "m1", text="x"),
            lambda: store.remove("a", "m1"),
            lambda: store.remove_all("a"),
            lambda: store.record("a", b"{}", REQUESTS, VIOLATIONS),
            lambda: store.save("a", "clock", None),
            lambda: store.update("a", "rules", lambda kept: [*kept, {}]),
            lambda: store.include("a", "numbers", ["+9"], 9),
            lambda: store.exclude("a", "numbers", "+1"),
            lambda: store.once("a", "another", NOW, NOW + 9),
            lambda: store.count("a", "chance"),
            lambda: store.uncount("a", ["chance"]),
            lambda: store.plan("a", NOW, ["m1", 0]),
            lambda: store.record("a", b"{}", "receipts"),
            lambda: store.clear("a"),
            lambda: store.done("a", handed.number),
        ]
        before = list(store.snapshot())
        for one in tries:
            disk.left = left
            with pytest.raises(Unavailable, match="No space left on device"):
                one()
            assert before == list(store.snapshot())
        disk.left = ROOM - 1  # which would do for many lines
        with pytest.raises(Unavailable):
            store.done("a", handed.number)
        assert 1 == len(caplog.records)
        disk.left = 1 << 30
        store.done("a", handed.number)
        (kept,) = keep(store, "m9")
        assert 2 == len(caplog.records)
        assert kept == store.find("a", "m9")
        last = list(store.snapshot())
    again = b'["plan","a",1800000001.0,["m1",1,0,1800000000.0],2]\n'  # `fill` was handed it
    assert last == [line for line in told(path) if line != again]


def shorten(store):
    """Has it done, however many steps it takes."""
    first = store._file.path.stat().st_ino
    while store._file.path.stat().st_ino == first:
        store.tidy()
        if store._compaction._under_way is not None:
            store._compaction._under_way._process.wait()


def test_a_file_is_made_as_short_as_what_it_keeps(path, monkeypatch):
    """While it goes on: what is kept meanwhile is in the new file as well."""
    monkeypatch.setattr(compaction, "_PIECE", 100)
    with closing(FileStore(path, floor=1000, keep=5)) as store:
        fill(store)
        for n in range(300):
            keep(store, f"n{n}")
        long = path.stat().st_size
        store.tidy()
        under_way = store._compaction._under_way
        assert under_way is not None
        under_way._process.wait()
        keep(store, *[f"o{n}" for n in range(20)])
        steps = 0
        while store._compaction._under_way is not None:
            keep(store, "p") if steps == 5 else None
            steps += 1
            store.tidy()
        assert steps > 20
        keep(store, "q")
        before = list(store.snapshot())
        assert long > 4 * path.stat().st_size
    assert before == told(path, keep=5)
    assert ["data"] == os.listdir(path.parent)


@pytest.mark.parametrize("forget", ["clear", "drop_account", "remove_all"])
def test_what_is_forgotten_makes_it_short_again(path, forget):
    """However long it was before: a start reads what is kept, and not what was."""
    with closing(FileStore(path, floor=2000)) as store:
        store.put_account({"id": "a", "credentials": {}, "seed": ""}, [])
        for n in range(100):
            store.admit("a", [((), message(f"m{n}"))], NOW)
        shorten(store)
        store.tidy()
        assert store._compaction._under_way is None
        getattr(store, forget)("a")
        shorten(store)
        assert path.stat().st_size < 3000


def test_one_that_cannot_be_made_shorter_goes_on_as_it_is(path, caplog):
    """It is told why, and tried again once there is more to be gained; nothing is left beside."""
    with closing(FileStore(path, floor=1000)) as store:
        store._compaction.program = ("/bin/false",)
        keep(store, *[f"m{n}" for n in range(10)])
        store.tidy()
        store._compaction._under_way._process.wait()
        for _ in range(3):
            store.tidy()
        assert 1 == len(caplog.records)
        assert "could not be made shorter: its process ended with 1" in caplog.text
        assert ["data"] == os.listdir(path.parent)
        keep(store, *[f"n{n}" for n in range(10)])
        store.tidy()
        assert store._compaction._under_way is not None
        before = list(store.snapshot())
    assert ["data"] == os.listdir(path.parent)
    assert before == told(path)


def test_a_full_disk_ends_what_makes_it_shorter(path, caplog):
    """What was copied may have been cut off since."""
    disk = Disk()
    with closing(FileStore(path, floor=1000, write=disk.write)) as store:
        keep(store, *[f"m{n}" for n in range(10)])
        store.tidy()
        store._compaction._under_way._process.wait()
        disk.left = 10
        with pytest.raises(Unavailable):
            keep(store, "none")
        disk.left = 1 << 30
        store.tidy()
        assert store._compaction._under_way is None
        keep(store, "one")
        before = list(store.snapshot())
    assert before == told(path)
    assert "could not be made shorter: the disk is full" in caplog.text


def test_a_process_that_was_killed_while_it_made_one_leaves_nothing(path):
    """The file beside goes when the other is opened again."""
    beside = path.with_name("data.new")
    with closing(FileStore(path)) as store:
        keep(store, "m1")
        beside.write_bytes(HEADER)
    assert told(path)
    assert not beside.exists()


def test_one_sync_serves_those_of_a_turn(path):
    """An answer waits for the disk; those that come while it is written share the next one."""
    synced = []

    async def run():
        with closing(FileStore(path, sync=synced.append)) as store:
            await store.synced()
            assert [] == synced
            for _round in range(2):
                waiting = []
                for n in range(20):
                    keep(store, f"m{n}")
                    waiting.append(asyncio.ensure_future(store.synced()))
                await asyncio.gather(*waiting)
            await store.synced()

    asyncio.run(run())
    assert 2 == len(synced)


def test_what_does_not_reach_the_disk_is_not_acknowledged(path, caplog):
    """Whoever waits is told; the next one tries again."""
    failing = [True]

    def sync(_fd):
        if failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    async def run():
        with closing(FileStore(path, sync=sync)) as store:
            keep(store, "m1")
            for waiting in (store.synced(), store.synced()):
                with pytest.raises(Unavailable, match="Input/output error"):
                    await waiting
            failing.clear()
            await store.synced()

    asyncio.run(run())
    assert "cannot be written to the disk" in caplog.text


def asked(simulators, method, path, document=None):
    """What the control API answers."""
    headers = {"host": "localhost", "content-type": "application/json"}
    body = b"" if document is None else json.dumps(document).encode()
    path, _, query = path.partition("?")
    answer = simulators.gateway.answer(Call(method, path, query, headers, body=body), 0)
    if answer.later is not None:  # in turns
        answer = asyncio.run(answer.later())
    assert 200 <= answer.status < 300, answer.body
    return json.loads(answer.body)


def test_a_server_comes_back_as_it_was(path):
    """Every provider's sends, accounts, rules, settings, replies and clocks; and no id again."""
    options = Options(port=0, tls_port=None, data=path)
    ids, states = [], []
    for _start in range(3):
        simulators = Simulators(options)
        try:
            states.append(sorted(simulators.store.snapshot()))
            for name in sorted(PROVIDERS):
                record, world = sample(name), simulators.accounts.world(DEFAULT)
                for n in range(3):
                    call = record.call(
                        world.credentials(name),
                        record.written(record.number(len(ids))),
                        "123456",
                        now=world.clock.now(),
                        nonce=f"nonce-{len(ids)}",
                    )
                    call.path = f"/{name}{call.path}"
                    call.headers.setdefault("host", "localhost")
                    simulators.gateway.answer(call, 0)
                    ids += [(name, n)]
            kept = asked(simulators, "GET", "/_sim/messages?limit=1000")["messages"]
            assert len(ids) == len({one["id"] for one in kept}) == len(kept)
            asked(simulators, "POST", "/_sim/accounts", {})
            asked(simulators, "POST", "/_sim/rules", {"effect": {"delay_ms": 0}})
            reply = {"provider": "twilio", "from": "+15005550009", "text": "STOP"}
            asked(simulators, "POST", "/_sim/inbound", reply)
            states.append(sorted(simulators.store.snapshot()))
        finally:
            simulators.store.close()
    for before, after in ((states[1], states[2]), (states[3], states[4])):
        assert before == after
