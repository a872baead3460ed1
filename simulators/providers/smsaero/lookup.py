"""About numbers: hlr/check and hlr/status, number/operator.

A check is in work for `WORKS` seconds; then every number that can be sent to is available. The
account's checks are the settings document `smsaero/hlr`, the newest `KEPT` of them.
"""

from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.smsaero import fields, prices, wire

WORKS = 2.0
KEPT = 1000
_STORED = "smsaero/hlr"


def _asked(exchange: Exchange) -> tuple[list[phone.Number], bool]:
    """The numbers, and whether there was a single one."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = fields.numbers(given, wrong, KEPT)
    fields.hold(wrong)
    return numbers, "number" in given


def check(exchange: Exchange) -> Reply:
    """Begins a check of each number."""
    numbers, single = _asked(exchange)
    world = exchange.world
    made: dict[str, Any] = {}
    shown = []
    for number in numbers:
        key = world.store.count(world.id, _STORED)
        made[str(key)] = [number.e164, exchange.now]
        shown.append(_shown(key, number.e164, done=False))
    world.update(_STORED, lambda checks: dict(list({**checks, **made}.items())[-KEPT:]), {})
    return wire.success(shown[0] if single else shown)


def status(exchange: Exchange) -> Reply:
    """What a check found."""
    key = fields.identifier(fields.of(exchange))
    checks: dict[str, Any] = exchange.world.load(_STORED, {})
    if str(key) not in checks:
        raise Refusal(Problem.NOT_FOUND)
    number, began = checks[str(key)]
    return wire.success(_shown(key, number, done=exchange.now >= began + WORKS))


def _shown(key: int, number: str, *, done: bool) -> dict[str, Any]:
    state = (1, "available") if done else (4, "in work")
    known = {"id": key, "number": number.removeprefix("+")}
    return {**known, "hlrStatus": state[0], "extendHlrStatus": state[1]}


def operator(exchange: Exchange) -> Reply:
    """The operator that the prefix was given to."""
    numbers, single = _asked(exchange)
    shown = [operated(number) for number in numbers]
    return wire.success(shown[0] if single else shown)


def operated(number: phone.Number) -> dict[str, Any]:
    """A number with its operator."""
    code = prices.operator(number)
    known = {"number": number.e164.removeprefix("+"), "operator": code}
    return {**known, "extendOperator": prices.OPERATORS[code]}
