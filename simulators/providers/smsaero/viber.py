"""viber/*: a sending to one number, to several, or to a group of contacts.

One sending has one id, and a message a number: `<id>-<n>`. Statuses of sendings and of numbers:
constants of https://github.com/cloudloyalty/smsaero-client. Words that no sample shows are
UNVERIFIED; the SMS that a CASCADE falls back to is not sent.
"""

from types import MappingProxyType
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.message import Lifecycle, Message, State, Step
from simulators.kernel.provider import Draft, Exchange, Refusal, Turns
from simulators.kernel.steps import TURN
from simulators.providers.smsaero import contacts, fields, operators, sms, wire

SEND = "send-viber"
CHANNELS = ("OFFICIAL", "CASCADE", "INFO")
MOST_NUMBERS = 50
MODERATION = "viber/moderation"
STATES = MappingProxyType(
    {
        MODERATION: State.ACCEPTED,
        "viber/0": State.SENT,
        "viber/1": State.DELIVERED,
        "viber/2": State.DELIVERED,  # and read
        "viber/3": State.UNDELIVERED,
        "viber/4": State.FAILED,
    }
)
LIFECYCLE: Lifecycle = (Step(0, MODERATION), Step(1, "viber/0"), Step(3, "viber/1"))
# Of a number, by the word of the message; the rows of SMS end a message that goes by Viber too.
_NUMBER = MappingProxyType(
    {
        "viber/0": (0, "send"),
        "viber/1": (1, "delivered"),
        "viber/2": (2, "write"),
        "viber/3": (3, "undelivered"),
        "viber/4": (4, "error"),
        "2": (3, "undelivered"),
        "6": (4, "error"),
    }
)
_COUNTS = ("countSend", "countDelivered", "countWrite", "countUndelivered", "countError")


def parse(exchange: Exchange) -> list[Draft]:
    """Draws up one message a number. Raises `Refusal` for all fields that are wrong together."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = _numbers(exchange, given, wrong)
    sign = fields.sign(exchange, given, wrong)
    text = fields.text(given, wrong)
    wanted = fields.date_send(exchange, given, wrong)
    channel = given.get("channel", CHANNELS[0])
    if not isinstance(channel, str) or channel not in CHANNELS:
        wrong.append("400/channel")
    fields.hold(wrong)
    world = exchange.world
    shared: dict[str, Any] = {"sending": world.store.count(world.id, "smsaero/viber")}
    shared |= {"channel": channel, "cost": operators.VIBER_PRICE, "dateSend": wanted}
    shared["of"] = len(numbers)
    lifecycle = _lifecycle(wanted - exchange.now)
    drafts = [
        Draft(
            n.e164, sign, text, n.region, 1, lifecycle, deferred=True, details={**shared, "n": at}
        )
        for at, n in enumerate(numbers)
    ]
    for draft in drafts:
        draft.cost = operators.VIBER_PRICE
    sms.hold_to_balance(exchange, drafts)
    return drafts


def _numbers(exchange: Exchange, given: fields.Fields, wrong: list[str]) -> list[phone.Number]:
    if "groupId" not in given:
        return fields.numbers(given, wrong, MOST_NUMBERS)
    group = given["groupId"]
    people = contacts.load(exchange, contacts.CONTACTS)
    if group != "all":
        people = [person for person in people if person["groupId"] == fields.whole(group)]
    if not people:
        wrong.append("400/groupId")
    return [n for n in map(phone.parse, {p["number"]: p for p in people}) if n is not None]


def _lifecycle(wait: float) -> str | Lifecycle:
    if wait <= 0:
        return "viber"
    later = [step._replace(after=step.after + wait) for step in LIFECYCLE]
    return (Step(0, "0/scheduled"), *later)


def answer(exchange: Exchange) -> Reply:
    """The sending."""
    kept = [outcome.message for outcome in exchange.outcomes if outcome.message is not None]
    return wire.success(_sending(exchange, kept))


def _sending(exchange: Exchange, kept: list[Message]) -> dict[str, Any]:
    first = kept[0]
    words = [m.status(exchange.now, exchange.provider.lifecycles)[0].status for m in kept]
    status, extended = _state(words)
    counted = [_NUMBER[word][0] for word in words if word in _NUMBER]
    return {
        "id": first.details["sending"],
        "dateCreate": int(first.at),
        "dateSend": first.details["dateSend"] or int(first.at),
        "count": len(kept),
        "sign": first.sender,
        "channel": first.details["channel"],
        "text": first.text,
        "cost": first.details["cost"],
        "status": status,
        "extendStatus": extended,
        **{name: counted.count(at) for at, name in enumerate(_COUNTS)},
    }


def _state(words: list[str]) -> tuple[int, str]:
    if words[0] == "0/scheduled":
        return 4, "scheduled"
    if MODERATION in words:
        return 1, "moderation"
    return (2, "in work") if "viber/0" in words else (3, "done")


def listing(exchange: Exchange) -> Turns:
    """The sendings, newest first."""
    found: dict[int, list[Message]] = {}
    for some in sms.slices(exchange, SEND):
        for message in some:
            found.setdefault(message.details["sending"], []).append(message)
        yield TURN

    def shown(kept: list[Message]) -> dict[str, Any]:
        number = kept[-1].to.removeprefix("+")
        return {**_sending(exchange, kept), "number": number}

    return wire.success(wire.page(exchange, list(found.values()), "viber/list", shown))


def statistic(exchange: Exchange) -> Reply:
    """Each number of a sending, once it was sent; the answer has no count."""
    key = fields.identifier(fields.of(exchange), "sendingId")
    world, kept = exchange.world, list[Message]()
    first = world.store.find(world.id, message_id(key, 0))
    if first is None or first.operation != SEND:
        raise Refusal("400/sendingId")
    for at in range(first.details["of"]):
        message = world.store.find(world.id, message_id(key, at))
        if message is not None and _word(exchange, message)[0] in _NUMBER:
            kept.append(message)
    path = f"viber/statistic?sendingId={key}"
    listed = wire.page(exchange, kept, path, lambda message: _number(exchange, message))
    del listed["totalCount"]
    return wire.success(listed)


def message_id(sending: int, at: int) -> str:
    """The id of a sending's message to its n-th number."""
    return f"viber{sending}-{at}"


def _word(exchange: Exchange, message: Message) -> tuple[str, float]:
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    return step.status, since


def _number(exchange: Exchange, message: Message) -> dict[str, Any]:
    word, since = _word(exchange, message)
    status, extended = _NUMBER[word]
    number = message.to.removeprefix("+")
    return {"number": number, "status": status, "extendStatus": extended, "dateSend": int(since)}
