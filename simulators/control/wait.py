"""The long poll: answers when a message arrives, and costs no thread while it waits."""

import asyncio
import logging
from typing import Any

from simulators.control.errors import Bad, away, document
from simulators.control.messages import numbers_of, show
from simulators.control.route import HEADERS, Ask, Asked, Route, Schema
from simulators.control.schemas import (
    NULLABLE,
    PROVIDER,
    SINCE,
    TO,
    count,
    record,
    ref,
    said,
)
from simulators.kernel.arrivals import Wanted, instead
from simulators.kernel.call import Reply
from simulators.kernel.message import Message
from simulators.kernel.steps import by_turns
from simulators.kernel.store import Unavailable
from simulators.kernel.written import Since, since

MOST_POLLS = 1000
MOST_SECONDS = 300
MOST_REMEMBERED = 10_000
_SECONDS = 30.0

_TIMEOUT: Schema = {
    "type": "number",
    "minimum": 0,
    "maximum": MOST_SECONDS,
    "default": _SECONDS,
    "description": f"seconds, from 0 to {MOST_SECONDS}",
}
_AFTER: Schema = {
    "type": "string",
    "pattern": "^([0-9]{1,15}|last)$",
    "description": "the sequence of an earlier answer, or 'last' for that of the last one to the"
    " same question (to, provider); later messages count",
}
_log = logging.getLogger(__name__)


def _wait(ask: Ask) -> Reply:
    query = ask.query
    to = numbers_of(ask)
    asked = (ask.world.id, to, query.get("provider", ""))
    start = since(query.get("since", ""), ask.world)
    after = max(start.after, _after(ask, asked))
    wanted = Wanted(to, query.get("provider", ""), Since(after, start.at))
    timeout = float(query.get("timeout", _SECONDS))

    async def later() -> Reply:
        try:
            return await _answer(ask, wanted, timeout, asked)
        except Bad as bad:
            return _reply(bad.status, document(bad))
        except Unavailable as error:
            return _reply(503, document(away(error)))
        except Exception:  # a fault of ours is answered like any other, and told in the log
            _log.exception("wait")
            return _reply(500, {"error": "a fault of ours", "expected": "", "got": "a fault"})

    return Reply(200, later=later)


def _after(ask: Ask, asked: Asked) -> int:
    """The sequence that `after` names; "last" is what an earlier wait for the same returned."""
    after = ask.query.get("after", "")
    if after != "last":
        return int(after or 0)
    returned = ask.state.returned.get(asked, 0)
    # An emptied world counts from the beginning.
    return returned if returned <= ask.world.store.newest(ask.world.id) else 0


def _remember(ask: Ask, asked: Asked, sequence: int) -> None:
    returned = ask.state.returned
    returned.pop(asked, None)
    returned[asked] = sequence
    while len(returned) > MOST_REMEMBERED:
        del returned[next(iter(returned))]


async def _answer(ask: Ask, wanted: Wanted, timeout: float, asked: Asked) -> Reply:
    arrived: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def seen(message: Message) -> None:
        if wanted.fits(message) and not arrived.done():
            arrived.set_result(message)

    # Watched first and looked at then: what comes in between, where looking takes a while, is seen.
    stop = ask.world.store.watch(ask.world.id, seen)
    try:
        message = await by_turns(wanted.newest(ask.world))
        if message is None and timeout > 0:
            message = await _arrival(ask, arrived, timeout)
    finally:
        stop()
    if message is not None:
        _remember(ask, asked, message.sequence)
        shown = show(ask, message)
        told = {"message": shown, "code": shown["code"], "sequence": message.sequence}
        return _reply(200, told)
    return _late(ask, wanted, timeout)


async def _arrival(ask: Ask, arrived: asyncio.Future[Message], timeout: float) -> Message | None:
    if ask.simulators.polls >= MOST_POLLS:
        raise Bad(429, "too many open waits", f"at most {MOST_POLLS}", f"{ask.simulators.polls}")
    ask.simulators.polls += 1
    try:
        return await asyncio.wait_for(arrived, timeout)
    except TimeoutError:
        return None
    finally:
        ask.simulators.polls -= 1


def _late(ask: Ask, wanted: Wanted, timeout: float) -> Reply:
    others, got = instead(ask.simulators.accounts, ask.world, wanted)
    document: dict[str, Any] = {
        "error": f"no {wanted} within {timeout:g} s",
        "expected": f"a {wanted}",
        "got": got,
        "arrived": [show(ask, message) for message in others],
    }
    return _reply(408, document)


def _reply(status: int, document: Any) -> Reply:
    return Reply.json(status, document, *HEADERS)


ROUTES = (
    Route(
        name="wait",
        method="GET",
        path="/_sim/wait",
        summary="The newest message that matches, as soon as there is one; 408 if none comes",
        handle=_wait,
        query={
            "to": TO,
            "provider": PROVIDER,
            "since": SINCE,
            "after": _AFTER,
            "timeout": _TIMEOUT,
        },
        answer=record(
            message=ref("Message"),
            code=said(NULLABLE, "the one-time code found in its text, null for none"),
            sequence=count("the message's sequence: `after` it comes the next"),
        ),
    ),
)
