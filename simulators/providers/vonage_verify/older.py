"""Version 1, which Vonage calls legacy: HTTP 200 whatever became of a request, and the verdict is
its `status`, a text, of which only "0" is success.

https://developer.vonage.com/en/api/verify
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel import clock, phone
from simulators.kernel.call import Reply
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.kernel.reading import whole
from simulators.kernel.verifications import Code, State, Verification
from simulators.providers.vonage import wire as parameters
from simulators.providers.vonage_verify import wire, workflow

PRICE = "0.05000000"  # of a verification that succeeded; others cost nothing
MOST_SEARCHED = 10
VALID = 300  # seconds that a code holds

# https://developer.vonage.com/en/verify/guides/workflows-and-events: channels, and the seconds that
# each lasts. The last of 6 and 7 is as long as the code holds.
WORKFLOWS: Mapping[int, tuple[tuple[str, int], ...]] = MappingProxyType(
    {
        1: (("sms", 125), ("tts", 180), ("tts", 300)),
        2: (("sms", 125), ("sms", 180), ("tts", 300)),
        3: (("tts", 150), ("tts", 150)),
        4: (("sms", 120), ("sms", 180)),
        5: (("sms", 120), ("tts", 180)),
        6: (("sms", VALID),),
        7: (("tts", VALID),),
    }
)

_NUMBER = re.compile(r"\+?[0-9 ().-]{4,30}")
# Whole numbers within bounds.
_RANGES = MappingProxyType(
    {"pin_expiry": (60, 3600), "next_event_wait": (60, 900), "workflow_id": (1, 7)}
)
_LONGEST = MappingProxyType({"brand": 18, "payee": 18, "sender_id": 11})


def parse(exchange: Exchange) -> list[Draft]:
    """A draft for the first event."""
    given = parameters.parameters(exchange.document)
    psd2 = exchange.call.path.startswith("/verify/psd2")
    for name in ("number", "payee", "amount") if psd2 else ("number", "brand"):
        if not given.get(name):
            raise Refusal("2", name=name)
    _hold_options(exchange, given)
    opened = _opened(exchange, given, given["payee"] if psd2 else given["brand"])
    busy = workflow.kept(exchange.world).under_way(opened.key, exchange.now)
    if busy is not None:
        raise Refusal("10", request_id=busy.id)
    _hold_network(exchange, opened)
    exchange.prepared = opened
    new = workflow.draft(opened, 0, exchange.provider)
    assert new is not None  # noqa: S101 - every channel of this version is read or heard
    return [new]


def _hold_options(exchange: Exchange, given: Mapping[str, str]) -> None:
    for name, longest in _LONGEST.items():
        if len(given.get(name, "")) > longest:
            raise Refusal("3/too-long", name=name)
    length = whole(given.get("code_length", "4"), 0, 10**9)
    if length is None:
        raise Refusal("3", name="code_length")
    if length not in (4, 6):
        raise Refusal("3/code_length")
    for name, (least, most) in _RANGES.items():
        if given.get(name) and whole(given[name], least, most) is None:
            raise Refusal("3", name=name)
    _hold_words(given)
    pin = given.get("pin_code", "")
    if pin and exchange.world.load(workflow.NAME, {}).get("own_codes") is False:
        raise Refusal("20")


def _hold_words(given: Mapping[str, str]) -> None:
    for name, size in (("country", (2,)), ("lg", (5, 6))):
        value = given.get(name, "")
        if value and not (len(value) in size and value.replace("-", "").isalnum()):
            raise Refusal("3", name=name)
    pin = given.get("pin_code", "")
    if pin and not (pin.isascii() and pin.isalnum() and 4 <= len(pin) <= 10):
        raise Refusal("3", name="pin_code")


def _opened(exchange: Exchange, given: Mapping[str, str], brand: str) -> Verification:
    world, now = exchange.world, exchange.now
    to = _number(given)
    wait, valid = int(given.get("next_event_wait") or 0), int(given.get("pin_expiry") or VALID)
    if wait and valid % wait:
        valid = wait
    events = WORKFLOWS[int(given.get("workflow_id") or 1)]
    waits = [wait or seconds for _channel, seconds in events]
    if len(events) == 1:
        waits = [max(valid, wait)]
    sender = given.get("sender_id") or "VERIFY"
    channels = [{"channel": channel, "to": to, "from": sender} for channel, _seconds in events]
    begins = [now + sum(waits[:at]) for at in range(len(events))]
    return Verification(
        id=world.chance.hex(32),
        key=f"v1/{to}",
        codes=[Code("", now + sum(waits))],
        opened=now,
        details={
            "brand": brand,
            "steps": workflow.steps(channels, begins, _codes(exchange, given, begins, valid)),
            "wait": waits[-1],
            "valid": math.ceil(valid / 60),
            "client_ref": "",
            "operation": exchange.endpoint.operation if exchange.endpoint else "",
            "callback": None,
            "sender": given.get("sender_id") or "verify",
        },
    )


def _number(given: Mapping[str, str]) -> str:
    """E.164 of a number in any notation, a national one with its country."""
    text, region = given["number"].strip(), given.get("country", "").upper()
    digits = re.sub("[^0-9]", "", text)
    number = phone.parse(f"+{digits.removeprefix('00')}")
    if region and not text.startswith(("+", "00")):
        number = phone.parse(digits, region) or number
    if number is None or not number.possible or not _NUMBER.fullmatch(text):
        raise Refusal("3", name="number")
    return number.e164


def _codes(
    exchange: Exchange, given: Mapping[str, str], begins: list[float], valid: int
) -> list[str]:
    """The code of each event: the same until its time is over."""
    length = int(given.get("code_length") or 4)
    codes, since = list[str](), begins[0]
    for begin in begins:
        if given.get("pin_code"):
            codes.append(given["pin_code"])
        elif codes and begin - since < valid:
            codes.append(codes[-1])
        else:
            since = begin
            codes.append(workflow.new_code(exchange.world, length))
    return codes


def _hold_network(exchange: Exchange, opened: Verification) -> None:
    network = workflow.network(opened.details["steps"][0]["to"])
    if workflow.is_blocked(exchange.world, network, exchange.now):
        raise Refusal("7", network=network)


def create(exchange: Exchange) -> Reply:
    """The id, with which everything else is asked."""
    workflow.start(exchange, exchange.prepared)
    return wire.told(exchange, {"request_id": exchange.prepared.id, "status": "0"})


def _given(exchange: Exchange, name: str) -> str:
    return parameters.parameters(exchange.document).get(name, "")


def _found(exchange: Exchange, one: str, row: str) -> Verification:
    found = workflow.kept(exchange.world).find(one)
    if found is None or not found.key.startswith("v1/") or not found.under_way(exchange.now):
        raise Refusal(row, request_id=one)
    return found


def check(exchange: Exchange) -> Reply:
    """0 for the right code, 16 for a wrong one, 17 for the third, which ends it."""
    one, code = _given(exchange, "request_id"), _given(exchange, "code")
    for name, value in (("request_id", one), ("code", code)):
        if not value:
            raise Refusal("2", name=name)
    if len(one) > 32:
        raise Refusal("3", name="request_id")
    if not (code.isascii() and code.isalnum() and 4 <= len(code) <= 10):
        raise Refusal("3/code")
    found = _found(exchange, one, "6/check")
    verifications = workflow.kept(exchange.world)
    checked = verifications.check(one, code, exchange.now, same=workflow.is_right)
    if checked is None or checked.before is not State.PENDING:
        raise Refusal("6/check", request_id=one)
    if checked.right:
        workflow.ended(exchange, checked.verification, "completed")
        return wire.told(
            exchange,
            {
                "request_id": found.id,
                "status": "0",
                "event_id": exchange.world.chance.uuid(),
                "price": PRICE,
                "currency": "EUR",
                "estimated_price_messages_sent": f"{0.0333 * checked.verification.sent:.8f}",
            },
        )
    if workflow.wrong(checked.verification, exchange.now) < workflow.ATTEMPTS:
        raise Refusal("16", request_id=one)
    verifications.close(one, State.USED_UP, exchange.now)
    workflow.ended(exchange, checked.verification, "failed")
    raise Refusal("17")


def cancel(exchange: Exchange) -> Reply:
    """Not in the first 30 seconds, nor once a second event was begun."""
    one, now = _given(exchange, "request_id"), exchange.now
    if not one or not _given(exchange, "cmd"):
        raise Refusal("2/control")
    found = _found(exchange, one, "6/control")
    if now < found.opened + workflow.NO_CANCEL:
        raise Refusal("19/early", request_id=one)
    if workflow.place(found, now):
        raise Refusal("19/late", request_id=one)
    workflow.kept(exchange.world).close(one, State.CANCELLED, now)
    workflow.ended(exchange, found, "cancelled")
    return wire.told(exchange, {"status": "0", "command": "cancel"}, "response")


def control(exchange: Exchange) -> Reply:
    """Any other command: `cancel` and `trigger_next_event` are those there are."""
    if not _given(exchange, "request_id") or not _given(exchange, "cmd"):
        raise Refusal("2/control")
    raise Refusal("3/cmd")


def parse_next(exchange: Exchange) -> list[Draft]:
    """A draft for the next event, begun now."""
    one = _given(exchange, "request_id")
    if not one:
        raise Refusal("2/control")
    hurried = workflow.hurried(_found(exchange, one, "6/control"), exchange.now)
    if hurried is None:
        raise Refusal("19/trigger", request_id=one)
    exchange.prepared = hurried
    new = workflow.draft(hurried, workflow.place(hurried, exchange.now), exchange.provider)
    return [] if new is None else [new]


def go_on(exchange: Exchange) -> Reply:
    """That the event was begun."""
    workflow.hurry(exchange, exchange.prepared)
    return wire.told(exchange, {"status": "0", "command": "trigger_next_event"}, "response")


def search(exchange: Exchange) -> Reply:
    """One by `request_id`, which counts where both are given, or up to ten by `request_ids`."""
    query, body = exchange.document.get("query") or {}, exchange.document.get("body") or {}
    given = {**query, **body}
    one = _given(exchange, "request_id")
    if one:
        found = _of_account(exchange, one)
        if found is None:
            raise Refusal("101")
        return wire.told(exchange, _shown(exchange, found), "verify_request")
    several = given.get("request_ids", [])
    asked = [several] if isinstance(several, str) else several
    if not isinstance(asked, list) or not asked or asked == [""]:
        raise Refusal("6/search")
    if len(asked) > MOST_SEARCHED:
        raise Refusal("18")
    each = [_of_account(exchange, str(name)) for name in asked]
    shown = [_shown(exchange, found) for found in each if found is not None]
    if not shown:
        raise Refusal("101")
    return wire.told(exchange, {"verification_requests": shown}, "verify_response")


def _of_account(exchange: Exchange, one: str) -> Verification | None:
    found = workflow.kept(exchange.world).find(one)
    return found if found is not None and found.key.startswith("v1/") else None


_STATUS = MappingProxyType(
    {
        State.PENDING: "IN PROGRESS",
        State.APPROVED: "SUCCESS",
        State.CANCELLED: "CANCELLED",
        State.USED_UP: "FAILED",
        State.EXPIRED: "EXPIRED",
    }
)


def _date(at: float) -> str:
    return clock.wall(at)


def _shown(exchange: Exchange, found: Verification) -> dict[str, Any]:
    """A verification as the search shows it."""
    now, state = exchange.now, found.state(exchange.now)
    steps = found.details["steps"][: workflow.place(found, min(now, _over(found))) + 1]
    return {
        "request_id": found.id,
        "account_id": exchange.credentials["api_key"],
        "number": steps[0]["to"].removeprefix("+"),
        "sender_id": found.details["sender"],
        "date_submitted": _date(found.opened),
        "date_finalized": "" if state is State.PENDING else _date(_over(found)),
        "checks": [
            {
                "date_received": _date(check.at),
                "code": check.code,
                "status": "VALID" if check.right else "INVALID",
                "ip_address": "",
            }
            for check in found.checks
        ],
        "first_event_date": _date(steps[0]["at"]),
        "last_event_date": _date(steps[-1]["at"]),
        "price": PRICE if state is State.APPROVED else "0",
        "currency": "EUR",
        "status": _STATUS[state],
        "estimated_price_messages_sent": f"{0.0333 * found.sent:.8f}",
        "events": [
            {"id": f"{found.id}{at}", "type": "sms" if step["channel"] == "sms" else "tts"}
            for at, step in enumerate(steps)
        ],
    }


def _over(found: Verification) -> float:
    return found.closed_at if found.closed else found.ends
