"""sms/*: send, and test sends; the message object; its status and lists; the callback on each
change of status.

A test send takes the same request and gives the same answer; it costs nothing, and only
sms/teststatus and sms/testlist know its messages. The cost is a number in the answer to a send, and
text everywhere else. That there is a callback, that it is a form unless `callbackFormat` is JSON,
and that it wants a 200 is said in https://github.com/smsaero/smsaero_golang; the names of its
fields, the method and the retries are UNVERIFIED: they are this simulator's proposal.
"""

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Lifecycle, Message, Step
from simulators.kernel.provider import Draft, Exchange, Refusal, Turns
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.steps import TURN
from simulators.kernel.world import World
from simulators.providers.smsaero import fields, operators, wire

# The words for 0, 1 and 8 are recorded; the others as clients cite the vendor's page.
WORDS = MappingProxyType(
    {
        0: "queue",
        1: "delivery",
        2: "undelivered",
        3: "sent",
        4: "wait",
        6: "reject",
        8: "moderation",
    }
)


def wire_status(word: str) -> int:
    """The number on the wire: `0/scheduled` is a 0 that lasts until dateSend."""
    return int(word.partition("/")[0])


def new(exchange: Exchange, message: Message) -> dict[str, Any]:
    """A message as the answer to a send has it."""
    step, _ = message.status(exchange.now, exchange.provider.lifecycles)
    return _shown(message, step.status, message.details["cost"])


def kept(exchange: Exchange, message: Message) -> dict[str, Any]:
    """A message as status and list have it. `dateAnswer` is when the last word of the operator
    came, null before there was one."""
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    shown = _shown(message, step.status, f"{message.details['cost']:.2f}")
    answered = shown["status"] not in (0, 8)
    return {**shown, "dateAnswer": int(since) if answered else None}


def _shown(message: Message, word: str, cost: float | str) -> dict[str, Any]:
    status = wire_status(word)
    return {
        "id": int(message.id),
        "from": message.sender,
        "number": message.to.removeprefix("+"),
        "text": message.text,
        "status": status,
        "extendStatus": WORDS[status],
        "channel": message.details["channel"],
        "cost": cost,
        "dateCreate": int(message.at),
        "dateSend": message.details.get("dateSend") or int(message.at),
    }


def status(operation: str) -> Callable[[Exchange], Reply]:
    """The message with the id asked for, if that operation sent it; 400 for all others."""

    def handle(exchange: Exchange) -> Reply:
        wanted = str(fields.identifier(fields.of(exchange)))
        message = exchange.world.store.find(exchange.world.id, wanted)
        if message is None or (message.provider, message.operation) != ("smsaero", operation):
            raise Refusal("400/id")
        return wire.success(kept(exchange, message))

    return handle


def listing(operation: str, path: str) -> Callable[[Exchange], Turns]:
    """That operation's messages, newest first; `number` and a part of the `text` choose."""

    def handle(exchange: Exchange) -> Turns:
        given = fields.of(exchange)
        to, part = given.get("number"), str(given.get("text", ""))
        found = list[str]()  # their ids: all messages at once might be more than fits in memory
        for some in slices(exchange, operation, f"+{to}" if to is not None else ""):
            found += [message.id for message in some if part in message.text]
            yield TURN

        def shown(key: str) -> dict[str, Any]:
            message = exchange.world.store.find(exchange.world.id, key)
            return kept(exchange, message) if message else {}  # removed since it was found

        return wire.success(wire.page(exchange, found, path, shown))

    return handle


def slices(exchange: Exchange, operation: str, to: str = "") -> Iterator[list[Message]]:
    """The messages that an operation sent, newest first."""
    for found in exchange.world.slices(provider=exchange.provider.name, to=to):
        yield [message for message in found if message.operation == operation]


SEND, TEST = "send-sms", "test-send-sms"
SHARED_SIGNS = frozenset({"SMS Aero", "SMSAero"})


def parse(exchange: Exchange) -> list[Draft]:
    """Draws up one message a number. Raises `Refusal` for all fields that are wrong together."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = fields.numbers(given, wrong)
    sign = fields.sign(exchange, given, wrong)
    text = fields.text(given, wrong)
    wanted = fields.date_send(exchange, given, wrong)
    url = fields.callback(given, wrong)
    fields.hold(wrong)
    parts = segments.count(text)
    lifecycle = _lifecycle(exchange, wanted)
    shared: dict[str, Any] = {"dateSend": wanted} if wanted else {}
    if given.get("callbackFormat") == "JSON":
        shared["json"] = True
    drafts = [_draft(number, sign, text, parts) for number in numbers]
    for draft in drafts:
        draft.lifecycle, draft.callback = lifecycle, url
        draft.details.update(shared)
        draft.cost = 0.0 if is_test(exchange) else draft.details["cost"]
    hold_to_balance(exchange, drafts)
    return drafts


def _draft(number: phone.Number, sign: str, text: str, parts: int) -> Draft:
    channel = operators.channel(number, sign, SHARED_SIGNS)
    cost = operators.price(channel, operators.operator(number), parts)
    details = {"channel": channel, "cost": cost}
    return Draft(number.e164, sign, text, number.region, parts, deferred=True, details=details)


def _lifecycle(exchange: Exchange, wanted: int) -> str | Lifecycle:
    """Accounts may have messages looked at first: `{"moderation_s": seconds}` in the world's
    settings document `smsaero`."""
    moderation = float(exchange.world.load("smsaero", {}).get("moderation_s", 0))
    wait = max(wanted - exchange.now, 0.0)
    if not moderation and not wait:
        return "sms"
    start = max(moderation, wait)
    steps = [Step(0, "8")] if moderation else []
    if wait > moderation:
        steps.append(Step(moderation, "0/scheduled"))
    queued = [Step(start, "0")]
    return (*steps, *queued, Step(start + 1, "3"), Step(start + 2, "4"), Step(start + 3, "1"))


def is_test(exchange: Exchange) -> bool:
    """Whether this is a test send."""
    return exchange.endpoint is not None and exchange.endpoint.operation == TEST


def hold_to_balance(exchange: Exchange, drafts: list[Draft]) -> None:
    """Marks all drafts as refused where a counted balance does not cover them together."""
    balance, total = exchange.world.load("balance"), sum(draft.cost or 0.0 for draft in drafts)
    if balance is not None and total and balance < round(total, 2):
        for draft in drafts:
            draft.failure = exchange.fail(Problem.NO_CREDIT)


def answer(exchange: Exchange) -> Reply:
    """The message, or an array of messages where `numbers` was used, even for one."""
    kept = [outcome.message for outcome in exchange.outcomes if outcome.message is not None]
    shown = [new(exchange, message) for message in kept]
    single = fields.of(exchange).get("number") is not None
    return wire.success(shown[0] if single else shown)


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A form, or JSON where the message asked for it."""
    (report,) = reports
    found = reported(report)
    if report.message.details.get("json"):
        return Callback.json(url, found)
    return Callback.form(url, found)


def reported(report: Report) -> dict[str, Any]:
    """The fields, named as those of the message object."""
    message, status = report.message, wire_status(report.step.status)
    return {
        "id": int(message.id),
        "status": status,
        "extendStatus": WORDS[status],
        "number": message.to.removeprefix("+"),
        "cost": f"{message.details['cost']:.2f}",
        "dateSend": message.details.get("dateSend") or int(message.at),
        "dateAnswer": int(report.since),
    }


def expects(status: int, _body: bytes) -> str:
    """200 acknowledges, nothing else."""
    return "" if status == 200 else f"status 200, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset({"0", "1", "2", "3", "4", "6"}),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),
    timeout=10.0,
    source="https://github.com/smsaero/smsaero_golang",
)
