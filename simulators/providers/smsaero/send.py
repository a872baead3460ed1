"""sms/send and sms/testsend: one draft a number, and the message objects as the answer.

A test send takes the same request and gives the same answer; it costs nothing, and only
sms/teststatus and sms/testlist know its messages.
"""

from typing import Any

from simulators.kernel import phone, segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import Lifecycle, Step
from simulators.kernel.provider import Draft, Exchange
from simulators.providers.smsaero import fields, messages, prices, wire

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
    channel = prices.channel(number, sign, SHARED_SIGNS)
    cost = prices.price(channel, prices.operator(number), parts)
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
    shown = [messages.new(exchange, message) for message in kept]
    single = fields.of(exchange).get("number") is not None
    return wire.success(shown[0] if single else shown)
