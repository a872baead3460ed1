"""What an account can ask about itself: credentials, balance, cards, tariffs, signs.

The balance is that of a recorded answer while none is counted. A sign that was added waits for
whoever runs the simulator to approve it, through the registry of signatures.
"""

import zlib
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange
from simulators.kernel.templates import Signature, signatures, update_signatures
from simulators.providers.smsaero import fields, operators, wire

BALANCE = 337.03
CARDS = {12345: "Visa*****1234", 12346: "MasterCard*****4321"}
MOST_SIGNS = 1000
_STATES = {
    "approved": (1, "approve"),
    "reviewing": (0, "moderation"),
    "rejected": (2, "reject"),
    "canceled": (2, "reject"),
}


def auth(_exchange: Exchange) -> Reply:
    """That the credentials are right."""
    return wire.success(None, "Successful authorization.")


def balance(exchange: Exchange) -> Reply:
    """What is left, in roubles."""
    return wire.success({"balance": exchange.world.load("balance", BALANCE)})


def balance_add(exchange: Exchange) -> Reply:
    """Pays in from a card; adds to the balance where it is counted."""
    given, wrong = fields.of(exchange), list[str]()
    amount = _amount(given.get("sum"))
    if amount is None:
        wrong.append("400/sum")
    if fields.whole(given.get("cardId")) not in CARDS:
        wrong.append("400/cardId")
    fields.hold(wrong)
    paid = amount or 0.0
    exchange.world.update("balance", lambda left: None if left is None else round(left + paid, 2))
    return wire.success({"sum": amount})


def _amount(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = float(value) if isinstance(value, float) or len(str(value)) < 13 else 0.0
    except ValueError:
        return None
    if not 0 < amount <= 1e9:
        return None
    return int(amount) if amount.is_integer() else round(amount, 2)


def cards(_exchange: Exchange) -> Reply:
    """The two cards that every account here has."""
    shown = [{"id": key, "number": number} for key, number in CARDS.items()]
    return wire.success({str(at): card for at, card in enumerate(shown)})


def tariffs(_exchange: Exchange) -> Reply:
    """Prices by channel and operator, as text."""
    return wire.success({channel: dict(tariff) for channel, tariff in operators.TARIFFS.items()})


def sign_add(exchange: Exchange) -> Reply:
    """A new sign, on moderation; one that is there already as it is."""
    name = fields.of(exchange).get("name")
    if not isinstance(name, str) or not 2 <= len(name) <= 64:
        fields.hold(["400/name" if name is not None else "400/name/required"])

    def added(owned: dict[str, Signature]) -> None:
        if str(name) not in owned:
            if len(owned) >= MOST_SIGNS:
                fields.hold(["400/name"])
            owned[str(name)] = Signature(str(name), "reviewing", created=exchange.now)

    owned = update_signatures(exchange.world, exchange.provider, added)
    return wire.success(_shown(owned[str(name)]))


def sign_list(exchange: Exchange) -> Reply:
    """The account's signs, a page at a time."""
    listed = wire.page(exchange, list(_owned(exchange).values()), "sign/list", _shown)
    return wire.success(listed)


def viber_sign_list(exchange: Exchange) -> Reply:
    """The same signs, whose word for approved is another here; without a count."""
    listed = wire.page(exchange, list(_owned(exchange).values()), "viber/sign/list", _for_viber)
    del listed["totalCount"], listed["links"]
    return wire.success(listed)


def _owned(exchange: Exchange) -> dict[str, Signature]:
    return dict(signatures(exchange.world, exchange.provider))


def _for_viber(sign: Signature) -> dict[str, Any]:
    shown = _shown(sign)
    return {**shown, "extendStatus": "active"} if sign.status == "approved" else shown


def _shown(sign: Signature) -> dict[str, Any]:
    status, word = _STATES[sign.status]
    state = {"status": status, "extendStatus": word}
    by_operator = {
        str(code): {"operator": code, "extendOperator": name, **state}
        for code, name in operators.OPERATORS.items()
        if code != operators.OTHER
    }
    made = {"id": zlib.crc32(sign.name.encode()) % 10**8, "name": sign.name}
    return {**made, **state, "statusOperators": by_operator}
