"""Operators: whose number it is, what a message to it costs by channel and operator, and how one
is looked up: hlr/check and hlr/status, number/operator.

Operator numbers, and the prices of the channel FREE SIGN: smsaero_api 3.2.0, whose sample of a
Beeline number costs 5.49. The prices of the other channels are this simulator's. Prefixes: the
numbering plan as it was given out; a number that was taken to another operator is not known.
A check is in work for `WORKS` seconds; then every number that can be sent to is available. The
account's checks are the settings document `smsaero/hlr`, the newest `KEPT` of them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.phone import Number
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.smsaero import fields, wire

SHARED, DIRECT, ABROAD, VIBER = "FREE SIGN", "DIRECT", "INTERNATIONAL", "OFFICIAL"
VIBER_PRICE = 2.25
OTHER = 0
OPERATORS = MappingProxyType({1: "MEGAFON", 4: "MTS", 5: "BEELINE", 6: "TELE2", OTHER: "OTHER"})
TARIFFS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        SHARED: {
            "MEGAFON": "8.99",
            "MTS": "4.99",
            "BEELINE": "5.49",
            "TELE2": "4.79",
            "OTHER": "5.19",
        },
        DIRECT: {
            "MEGAFON": "6.49",
            "MTS": "4.29",
            "BEELINE": "4.59",
            "TELE2": "3.99",
            "OTHER": "4.39",
        },
        ABROAD: {"OTHER": "9.90"},
    }
)
_PREFIXES = (
    (1, ("92", "930", "931", "932", "933", "934", "936", "937", "938", "939", "999")),
    (4, ("91", "98")),
    (5, ("903", "905", "906", "909", "960", "961", "962", "963", "964", "965", "966", "967")),
    (5, ("968", "969")),
    (6, ("900", "901", "902", "904", "908", "950", "951", "952", "953", "958", "977", "991")),
    (6, ("992", "993", "994", "995", "996")),
)


def operator(number: Number) -> int:
    """The number of the operator that the prefix was given to, `OTHER` for all others."""
    if number.country_code == 7:
        for code, prefixes in _PREFIXES:
            if number.national.startswith(prefixes):
                return code
    return OTHER


def channel(number: Number, sign: str, shared: frozenset[str]) -> str:
    """The channel, which the sign decides in Russia: the shared sender has one of its own."""
    if sign in shared:
        return SHARED
    return DIRECT if number.country_code == 7 else ABROAD


def price(of_channel: str, of_operator: int, segments: int) -> float:
    """What one message costs in roubles, all its segments together."""
    tariff = TARIFFS[of_channel]
    each = tariff.get(OPERATORS[of_operator], tariff["OTHER"])
    return round(float(each) * segments, 2)


WORKS = 2.0
KEPT = 1000
_STORED = "smsaero/hlr"


def _asked(exchange: Exchange) -> tuple[list[phone.Number], bool]:
    """The numbers, and whether there was a single one."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = fields.numbers(given, wrong, KEPT)
    fields.hold(wrong)
    return numbers, "number" in given


def hlr_check(exchange: Exchange) -> Reply:
    """Begins a check of each number."""
    numbers, single = _asked(exchange)
    world = exchange.world
    made: dict[str, Any] = {}
    shown = []
    for number in numbers:
        key = world.store.count(world.id, _STORED)
        made[str(key)] = [number.e164, exchange.now]
        shown.append(_check(key, number.e164, done=False))
    world.update(_STORED, lambda checks: dict(list({**checks, **made}.items())[-KEPT:]), {})
    return wire.success(shown[0] if single else shown)


def hlr_status(exchange: Exchange) -> Reply:
    """What a check found."""
    key = fields.identifier(fields.of(exchange))
    checks: dict[str, Any] = exchange.world.load(_STORED, {})
    if str(key) not in checks:
        raise Refusal("400/id")
    number, began = checks[str(key)]
    return wire.success(_check(key, number, done=exchange.now >= began + WORKS))


def _check(key: int, number: str, *, done: bool) -> dict[str, Any]:
    state = (1, "available") if done else (4, "in work")
    known = {"id": key, "number": number.removeprefix("+")}
    return {**known, "hlrStatus": state[0], "extendHlrStatus": state[1]}


def number_operator(exchange: Exchange) -> Reply:
    """The operator that the prefix was given to."""
    numbers, single = _asked(exchange)
    shown = [operated(number) for number in numbers]
    return wire.success(shown[0] if single else shown)


def operated(number: phone.Number) -> dict[str, Any]:
    """A number with its operator."""
    code = operator(number)
    known = {"number": number.e164.removeprefix("+"), "operator": code}
    return {**known, "extendOperator": OPERATORS[code]}
