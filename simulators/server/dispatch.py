"""Sends receipts when they are due on their world's clock, and plans what follows; has providers do
what else they had planned."""

import asyncio
import contextlib
import logging
from collections import defaultdict, deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

import orjson

from simulators.kernel import journal, later, receipts
from simulators.kernel.accounts import Accounts
from simulators.kernel.contracts import Violation
from simulators.kernel.message import INBOUND, Message
from simulators.kernel.receipts import LOG, UNANSWERED, Callback, Due, Report, Reporting
from simulators.kernel.store import Planned, Unavailable
from simulators.kernel.world import STRANGERS, World
from simulators.server.courier import Courier, Delivery

_log = logging.getLogger(__name__)
CHUNK = 100
MAX_IN_FLIGHT = 5000
AGAIN_SECONDS = 1.0  # to the next try of what the store could not keep
_FAULT = "a fault of ours: no callback could be made"


class _Item(NamedTuple):
    """One report, and the number by which it was handed out."""

    due: Due
    report: Report
    number: int


class _Parcel(NamedTuple):
    """Reports that go out in one callback. Those that are dealt with are taken out of `items`."""

    world: World
    reporting: Reporting
    url: str
    items: list[_Item]
    began: float
    resets: int  # of the world when this was packed: what it was emptied of since is not reported


class _Schedule:
    """Which world has something due, and when on the system's time the next one has. A world is
    asked again when its plans or its clock have changed: with ten thousand others it costs as much
    as alone. One that cannot be asked, as the store is away or the part of it where that world is,
    is asked again later, and holds up no other."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._changed = {*accounts.store.accounts(), STRANGERS}
        self._away: set[str] = set()
        self._at: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []  # what is not in `_at` so is out of date

    def changed(self, account: str) -> None:
        """Its earliest plan or its clock is another."""
        self._changed.add(account)

    def away(self, account: str) -> None:
        """It cannot be asked before `again`."""
        self._away.add(account)
        self._at.pop(account, None)

    def again(self) -> None:
        """Those that could not be asked may be asked now."""
        self._changed |= self._away
        self._away.clear()

    def due(self) -> str:
        """A world that has something due, those that have waited longer first; "" for none."""
        self._look()
        now = self._accounts.system()
        while self._queue and self._queue[0][0] <= now:
            at, account = self._queue[0]
            if self._at.get(account) != at:
                heappop(self._queue)
                continue
            try:
                if self._accounts.store.next_due(account) is not None:
                    return account
            except Unavailable:
                self.away(account)
            if self._at.get(account) == at:
                del self._at[account]  # it was emptied or dropped meanwhile
        return ""

    def wait(self) -> float | None:
        """Seconds until something is due; None if no running clock leads there."""
        self._look()
        if self._is_due():
            return 0.0
        left = max(self._queue[0][0] - self._accounts.system(), 0) if self._queue else None
        if not self._away:
            return left
        return AGAIN_SECONDS if left is None else min(left, AGAIN_SECONDS)

    def pending(self, account: str) -> bool:
        """Whether something is due, or may be: a world has changed that was not asked since. Of
        those that cannot be asked, this one counts; without one all do."""
        may_be = account in self._away if account else bool(self._away)
        return may_be or self._is_due()

    def _is_due(self) -> bool:
        while self._queue and self._at.get(self._queue[0][1]) != self._queue[0][0]:
            heappop(self._queue)
        due = self._queue and self._queue[0][0] <= self._accounts.system()
        return bool(self._changed - self._away or due)

    def _look(self) -> None:
        self._changed -= self._away
        while self._changed:
            account = self._changed.pop()
            try:
                at = self._when(account)
            except Unavailable:
                self.away(account)
                continue
            if at is None:
                self._at.pop(account, None)
            elif at != self._at.get(account):
                self._at[account] = at
                heappush(self._queue, (at, account))
        if len(self._queue) > 2 * len(self._at) + 1000:
            self._queue = [(at, account) for account, at in self._at.items()]
            heapify(self._queue)

    def _when(self, account: str) -> float | None:
        at = self._accounts.store.next_due(account)
        if at is None:
            return None
        try:
            clock, now = self._accounts.world(account).clock, self._accounts.system()
        except LookupError:  # it was dropped since
            return None
        left = at - clock.now()
        if left <= 0:
            return now
        return None if clock.frozen else now + left


def _at_once(work: Callable[[], None]) -> None:
    work()


class Dispatcher:
    """Watches every world's plans. All but the HTTP exchange happens on the servers' loop."""

    def __init__(
        self,
        accounts: Accounts,
        courier: Courier,
        work: Callable[[Callable[[], None]], None] = _at_once,
    ) -> None:
        """`work` does what the loop calls for: where a store has to be waited for, it begins it."""
        self._accounts = accounts
        self._courier = courier
        self._work = work
        self._handed: deque[tuple[World, list[Planned]]] = deque()  # and not sent yet
        self._unsent: list[tuple[World, list[Planned]]] = []  # as the store was away
        self._looking = False  # for what is due: some may be handed out already
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._under_way: dict[int, _Parcel] = {}
        self._answered: deque[tuple[_Parcel, Callback, Delivery]] = deque()
        self._unkept: list[tuple[_Parcel, Callback, Delivery]] = []  # as the store was away
        self._idle = asyncio.Event()
        self._schedule = _Schedule(accounts)
        accounts.store.on_plan(self._planned)

    async def run(self) -> None:
        """Sends what is due, until cancelled."""
        self._loop = asyncio.get_running_loop()
        again = 0.0
        while True:
            self._woken.clear()
            self._looking = True
            if self._loop.time() >= again:  # the store may be there by now
                again = self._loop.time() + AGAIN_SECONDS
                self._schedule.again()
                self._handed.extend(self._unsent)
                self._unsent.clear()
            try:
                wait = self._send_due()
            except Unavailable:  # which the store tells in the log
                wait = AGAIN_SECONDS
            finally:
                self._looking = False
            if wait == 0:
                await asyncio.sleep(0)  # others first: this may be a long queue
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), wait)

    def _planned(self, account: str) -> None:
        self._schedule.changed(account)
        self._woken.set()

    def under_way(self, account: str) -> list[dict[str, Any]]:
        """The reports of an account that are being made: taken from its plans, not answered yet."""
        return [
            {"at": parcel.began, **_of_report(due, report), "url": parcel.url}
            for parcel in self._under_way.values()
            if parcel.world.id == account
            for due, report, _number in parcel.items
        ]

    async def settled(self, timeout: float, account: str = "") -> bool:
        """Waits until nothing is due and nothing under way, of an account nowhere; False if that
        takes too long. For one account, others whose store is away are not waited for."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout
        while self._busy(account) or self._schedule.pending(account) or self._elsewhere(account):
            left = ends - loop.time()
            if left <= 0:
                return False
            self._idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._idle.wait(), left if self._under_way else min(left, 0.01)
                )
        return True

    def _elsewhere(self, account: str) -> bool:
        return bool(account) and self._accounts.store.elsewhere(account)

    def _busy(self, account: str) -> bool:
        unsent = any(account in ("", world.id) for world, _taken in self._unsent)
        stuck = sum(account not in ("", parcel.world.id) for parcel, *_told in self._unkept)
        under_way = len(self._under_way) > stuck
        return bool(under_way or self._handed or unsent or self._looking)

    def _send_due(self) -> float | None:
        """Sends some of what is due; seconds to what comes next, None if no clock leads there."""
        store, taken = self._accounts.store, 0
        self._send_handed()  # which the store was away for
        while taken < CHUNK and (account := self._schedule.due()):
            if len(self._under_way) >= MAX_IN_FLIGHT:
                return 1.0
            self._schedule.changed(account)
            try:
                world = self._accounts.world(account)
                found = store.due(account, world.clock.now(), CHUNK)
                self._handed.append((world, found))
                taken += len(found)
            except Unavailable:  # which the store tells in the log
                self._schedule.away(account)
            except LookupError:  # it was dropped since
                pass
            taken += 1
            self._send_handed()
        self._idle.set()
        wait = self._schedule.wait()
        if not self._unsent:
            return wait
        return AGAIN_SECONDS if wait is None else min(wait, AGAIN_SECONDS)

    def _send_handed(self) -> None:
        """Does what was handed out. Where the store is away for it, it is done later."""
        while self._handed:
            world, taken = self._handed.popleft()
            try:
                self._do_tasks(world, taken)
                parcels = self._packed(world, taken)
            except Unavailable:
                self._unsent.append((world, taken))
                continue
            for parcel in parcels:
                self._send(parcel)

    def _do_tasks(self, world: World, taken: list[Planned]) -> None:
        """Does what providers do by themselves, and leaves the reports of what is due."""
        for planned in tuple(taken):
            task = later.task(planned.item)
            if task is None:
                continue
            try:
                does = self._accounts.providers[task.provider].later
                if does is not None:
                    does(world, task.told)
            except Unavailable:
                raise
            except Exception:  # a provider page's mistake must not end what else is due
                _log.exception("%s: what it does by itself failed", task.provider)
            taken.remove(planned)
            with contextlib.suppress(Unavailable):  # whoever gets it again finds that it was done
                world.store.done(world.id, planned.number)

    def _packed(self, world: World, taken: list[Planned]) -> list[_Parcel]:
        """The reports that still hold, those of one provider and kind to one URL together."""
        groups: dict[tuple[str, bool, str], list[_Item]] = defaultdict(list)
        for planned in taken:
            due = Due(*planned.item)
            found = self._report(world, due)
            if found is None:
                with contextlib.suppress(Unavailable):  # whoever gets it again finds it so as well
                    world.store.done(world.id, planned.number)
                continue
            message = found.message
            reply = message.operation == INBOUND
            item = _Item(due, found, planned.number)
            groups[message.provider, reply, message.callback].append(item)
        parcels = []
        for (_provider, _reply, url), items in groups.items():
            reporting = self._reporting(items[0].report.message)
            if reporting is not None:
                size = reporting.receipts.batch
                now, resets = world.clock.now(), world.resets
                parcels += [
                    _Parcel(world, reporting, url, items[at : at + size], now, resets)
                    for at in range(0, len(items), size)
                ]
        return parcels

    def _report(self, world: World, due: Due) -> Report | None:
        """What is to be reported, None where it holds no longer."""
        message = world.store.find(world.id, due.message)
        reporting = self._reporting(message) if message else None
        if message is None or reporting is None:
            return None
        try:
            return receipts.report(reporting, message, due)
        except Exception:  # one message that cannot be reported must not end the others
            _log.exception("no report of %s message %s", message.provider, message.id)
            return None

    def _reporting(self, message: Message) -> Reporting | None:
        return self._accounts.providers[message.provider].reporting(message)

    def _send(self, parcel: _Parcel) -> None:
        kind = parcel.reporting.receipts
        self._under_way[id(parcel)] = parcel
        callback = Callback("", parcel.url)

        def done(delivery: Delivery) -> None:  # in the courier's thread
            self._answered.append((parcel, callback, delivery))
            if len(self._answered) == 1 and self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the server ended meanwhile
                    self._loop.call_soon_threadsafe(self._work, self._take_answers)

        try:
            reports = [item.report for item in parcel.items]
            callback = kind.build(parcel.world, parcel.url, reports)
        except Unavailable:
            done(Delivery(0, b"", "the store was away", False, 0.0))
        except Exception:  # a provider page's mistake must not end every other receipt
            _log.exception("no callback for %s", self._accounts.mask().text(parcel.url))
            done(Delivery(0, b"", _FAULT, False, 0.0))
        else:
            self._courier.send(callback, kind.timeout, done)

    def _take_answers(self) -> None:
        """Deals with what was answered: as much as one turn of the loop is good for. What the
        store cannot keep waits until it can: it would be reported again otherwise."""
        try:
            for _ in range(CHUNK):
                if not self._answered:
                    break
                answered = self._answered.popleft()
                try:
                    self._delivered(*answered)
                except Unavailable:
                    self._unkept.append(answered)
                    if len(self._unkept) == 1 and self._loop is not None:
                        self._loop.call_later(AGAIN_SECONDS, self._work, self._take_again)
        finally:  # whoever adds to some that are there relies on their being taken
            if self._answered and self._loop is not None:
                self._loop.call_soon(self._work, self._take_answers)

    def _take_again(self) -> None:
        again, self._unkept = self._unkept, []
        self._answered.extend(again)
        self._take_answers()

    def _delivered(self, parcel: _Parcel, callback: Callback, delivery: Delivery) -> None:
        concluded = True
        try:
            if self._is_current(parcel):
                self._conclude(parcel, callback, delivery)
        except Unavailable:
            concluded = False
            raise
        finally:
            if concluded:
                del self._under_way[id(parcel)]
                self._idle.set()
                self._woken.set()

    def _is_current(self, parcel: _Parcel) -> bool:
        """Whether the account is still there, and was not emptied meanwhile."""
        world = parcel.world
        return self._accounts.is_kept(world) and world.resets == parcel.resets

    def _conclude(self, parcel: _Parcel, callback: Callback, delivery: Delivery) -> None:
        lacks = delivery.error or parcel.reporting.receipts.expects(delivery.status, delivery.body)
        if lacks and delivery.reached:
            _judge(parcel, callback, delivery, lacks)
        while parcel.items:
            state, due = "delivered", parcel.items[0].due
            if lacks:
                retried = delivery.error != _FAULT and receipts.again(
                    parcel.reporting, parcel.world, due
                )
                state = "retrying" if retried else "given up"
            self._close(parcel, parcel.items[0], callback, delivery, lacks, state)
            parcel.items.pop(0)

    def _close(
        self,
        parcel: _Parcel,
        item: _Item,
        callback: Callback,
        delivery: Delivery,
        lacks: str,
        state: str,
    ) -> None:
        """Ends one attempt: in the log, and with the next report of the message if this one is
        not tried again."""
        due, report, number = item
        world = parcel.world
        if state != "retrying":
            self._plan_next(parcel, due)
        entry = _entry(world.clock.now(), due, report, callback, delivery, lacks, state)
        world.store.record(world.id, entry, LOG)
        world.store.done(world.id, number)

    def _plan_next(self, parcel: _Parcel, due: Due) -> None:
        world = parcel.world
        message = world.store.find(world.id, due.message)
        if message is not None:
            receipts.plan(parcel.reporting, world, message, due.place + 1)


def _judge(parcel: _Parcel, callback: Callback, delivery: Delivery, lacks: str) -> None:
    """The verdict on an application that was there and did not acknowledge."""
    kind, world = parcel.reporting.receipts, parcel.world
    got = f"{delivery.status} {delivery.body[:80].decode('utf-8', 'replace')}".strip()
    violation = Violation(
        "answer",
        f"`{got}`" if delivery.status else delivery.error,
        f"an answer within {kind.timeout:g} s" if delivery.error else lacks,
        kind.source,
    )
    messages = [item.report.message for item in parcel.items]
    operation = "inbound" if messages[0].operation == INBOUND else "receipt"
    now = world.clock.now()
    entry = journal.callback(
        now, operation, messages, callback, delivery.status, delivery.body, violation
    )
    world.store.record(world.id, entry, UNANSWERED)


def _entry(
    now: float,
    due: Due,
    report: Report,
    callback: Callback,
    delivery: Delivery,
    lacks: str,
    state: str,
) -> bytes:
    """One attempt, for the log: what was sent, what came back, what that lacks."""
    return orjson.dumps(
        {
            "at": now,
            **_of_report(due, report),
            "state": state,
            "method": callback.method,
            "url": callback.url,
            "headers": dict(callback.headers),
            "body": callback.body.decode("utf-8", "backslashreplace"),
            "status": delivery.status,
            "answer": delivery.body.decode("utf-8", "backslashreplace"),
            "seconds": round(delivery.seconds, 4),
            "lacks": lacks,
        }
    )


def _of_report(due: Due, report: Report) -> dict[str, Any]:
    return {
        "message": due.message,
        "provider": report.message.provider,
        "to": report.message.to,
        "reports": report.step.status,
        "error": report.step.error,
        "attempt": due.attempt + 1,
    }
