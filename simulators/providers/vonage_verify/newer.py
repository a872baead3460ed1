"""Version 2: create a verification, check a code, cancel it, go on to its next channel.

https://developer.vonage.com/en/api/verify.v2
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.kernel.verifications import Code, State, Verification
from simulators.providers.vonage import application, problems
from simulators.providers.vonage_verify import workflow

MOST_CHANNELS = 3
TIMEOUT = 180  # seconds; 300 in the documents of 2023
SILENT_TIMEOUT = 60
CHANNELS = ("sms", "voice", "whatsapp", "whatsapp_interactive", "rcs", "email", workflow.SILENT)

_BRAND = re.compile(r"[^\\/{}:$]{1,18}")
_CODE = re.compile(r"[a-zA-Z0-9]{4,10}")
_LOCALE = re.compile(r"[a-z]{2}-[a-z0-9]{2,3}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(?:\.[^@\s.]{1,63}){1,9}")  # in lengths of RFC 5321
_REF = re.compile(r"[a-zA-Z0-9_.:-]{1,40}")  # documented are letters and digits, shown are dashes

# Of each field that may be there what it has to be, and why it is refused, which is UNVERIFIED.
_TEXTS = MappingProxyType(
    {
        "locale": (_LOCALE, "is not a supported locale"),
        "client_ref": (_REF, "must be 1 to 40 characters"),
        "code": (_CODE, "must be 4 to 10 letters or digits"),
        "template_id": (_UUID, "is not a valid UUID"),
    }
)
_NUMBERS = MappingProxyType({"channel_timeout": (15, 900), "code_length": (4, 10)})


def parse(exchange: Exchange) -> list[Draft]:
    """A draft for the first channel; none where it sends nothing that a person reads."""
    body = exchange.document["body"] or {}
    opened = _opened(exchange, body)
    busy = workflow.kept(exchange.world).under_way(opened.key, exchange.now)
    if busy is not None:
        raise Refusal("concurrent", request_id=busy.id)
    exchange.prepared = opened
    new = workflow.draft(opened, 0, exchange.provider)
    if new is not None and _is_blocked(exchange, opened):
        blocked = exchange.provider.row("blocked")
        new.lifecycle = exchange.provider.ending(new.lifecycle, blocked)
    return [] if new is None else [new]


def _is_blocked(exchange: Exchange, opened: Verification) -> bool:
    """The request is taken all the same; its summary tells."""
    return workflow.is_blocked(
        exchange.world, workflow.network(opened.details["steps"][0]["to"]), exchange.now
    )


def _wrong(name: str, reason: str) -> Refusal:
    return Refusal("invalid-params", parameter=name, reason=reason)


def _opened(exchange: Exchange, body: Mapping[str, Any]) -> Verification:
    world, now = exchange.world, exchange.now
    brand = body.get("brand")
    if brand is None or brand == "":
        raise Refusal("invalid-params/brand")
    if not isinstance(brand, str) or not _BRAND.fullmatch(brand):
        raise _wrong("brand", "must be 1 to 18 characters without any of \\ / { } : $")
    _hold_options(exchange, body)
    given = body.get("workflow")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_CHANNELS:
        raise _wrong("workflow", f"must have 1 to {MOST_CHANNELS} channels")
    channels = [_channel(exchange, item, at, brand) for at, item in enumerate(given)]
    timeout = body.get("channel_timeout", TIMEOUT)
    begins, at = list[float](), now
    for channel in channels:
        begins.append(at)
        at += SILENT_TIMEOUT if channel["channel"] == workflow.SILENT else timeout
    codes = _codes(exchange, body, given)
    proved = application.bearer(exchange.call) is not None
    return Verification(
        id=world.chance.uuid(),
        key=f"v2/{channels[0]['to']}",
        codes=[Code(codes[0], at)],
        opened=now,
        details={
            "brand": brand,
            "steps": workflow.steps(channels, begins, codes),
            "wait": timeout,
            "valid": math.ceil(timeout / 60),
            "client_ref": body.get("client_ref", ""),
            "operation": "create-verification",
            "callback": "" if proved else None,  # by Basic there are none
        },
    )


def _hold_options(exchange: Exchange, body: Mapping[str, Any]) -> None:
    for name, (pattern, reason) in _TEXTS.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, str) and pattern.fullmatch(value)):
            raise _wrong(name, reason)
    for name, (least, most) in _NUMBERS.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _wrong(name, f"must be between {least} and {most}")
    bent = exchange.world.load(workflow.NAME, {})
    if "fraud_check" in body and not bent.get("fraud_check"):
        raise Refusal("forbidden")


def _channel(exchange: Exchange, item: Any, at: int, brand: str) -> dict[str, Any]:
    """What of a channel is kept. Raises `Refusal`, which names the place in the workflow."""
    name = f"workflow[{at}]"
    if not isinstance(item, dict) or item.get("channel") not in CHANNELS:
        raise _wrong(name, f"`channel` must be one of {', '.join(CHANNELS)}")
    channel, to = item["channel"], item.get("to")
    if not isinstance(to, str) or not to:
        raise Refusal(Problem.MISSING_RECIPIENT, parameter=name, reason="`to` is required")
    if channel == "email":
        if not _EMAIL.fullmatch(to):
            raise _wrong(name, "`to` Email address is invalid")
        return {"channel": channel, "to": to, "from": str(item.get("from") or brand)}
    if channel == workflow.SILENT:
        _hold_silent(exchange, at)
    sender = item.get("from")
    if sender is None and channel in ("whatsapp", "rcs"):
        raise Refusal(Problem.MISSING_SENDER)
    if sender is not None and not _is_sender(sender):
        raise Refusal(Problem.BAD_SENDER)
    app_hash = item.get("app_hash")
    if app_hash is not None and not (isinstance(app_hash, str) and len(app_hash) == 11):
        raise _wrong(name, "`app_hash` must be 11 characters")
    return {"channel": channel, "to": _number(exchange, to, name), "from": sender or brand}


def _is_sender(sender: Any) -> bool:
    if not isinstance(sender, str) or not sender.strip():
        return False
    digits = sender.removeprefix("+")
    return len(digits) <= 15 if digits.isascii() and digits.isdigit() else len(sender) <= 11


def _hold_silent(exchange: Exchange, at: int) -> None:
    if at:
        raise _wrong(f"workflow[{at}]", "`silent_auth` must be the first channel")
    if not exchange.world.load(workflow.NAME, {}).get("silent_auth"):
        raise Refusal("precondition-failed/network")


def _number(exchange: Exchange, to: str, name: str) -> str:
    """E.164. Documented is a number without plus or zeros; that they are refused is UNVERIFIED."""
    strict = exchange.world.load(workflow.NAME, {}).get("strict_numbers")
    digits = to if strict else to.removeprefix("+").removeprefix("00")
    number = phone.parse(f"+{digits}") if digits.isascii() and digits.isdigit() else None
    if number is None or not number.possible or digits.startswith("0"):
        raise Refusal(Problem.BAD_RECIPIENT, parameter=name, reason="`to` Phone number is invalid")
    return number.e164


def _codes(exchange: Exchange, body: Mapping[str, Any], given: list[Any]) -> list[str]:
    """The code of each channel: its own, unless it is told to take the one before, or all have the
    application's."""
    codes: list[str] = []
    for item in given:
        own = body.get("code")
        if own is None and codes and item.get("reuse_code") is True:
            own = codes[-1]
        codes.append(own or workflow.new_code(exchange.world, body.get("code_length", 4)))
    return codes


def create(exchange: Exchange) -> Reply:
    """202 and the id, with which everything else is asked."""
    opened: Verification = exchange.prepared
    workflow.start(exchange, opened)
    if _is_blocked(exchange, opened):
        workflow.kept(exchange.world).close(opened.id, State.CANCELLED, exchange.now)
    answer = {"request_id": opened.id}
    if opened.details["steps"][0]["channel"] == workflow.SILENT:
        call = exchange.call
        where = f"{call.scheme}://{call.host}/v2/verify/{opened.id}/silent-auth/redirect"
        answer["check_url"] = where
    return problems.json(exchange, 202, answer)


def _found(exchange: Exchange) -> Verification:
    """One that is under way. Whatever else there was or was not is told alike."""
    one = exchange.params["request_id"]
    found = workflow.kept(exchange.world).find(one)
    if found is None or not found.key.startswith("v2/") or not found.under_way(exchange.now):
        raise Refusal("request-not-found", request_id=one)
    return found


def check(exchange: Exchange) -> Reply:
    """200 for the right code, 400 for a wrong one, 410 for the third, which ends it."""
    body, found = exchange.document["body"] or {}, _found(exchange)
    code = body.get("code")
    if not isinstance(code, str) or not code:
        raise _wrong("code", "is required")
    if not workflow.step_of(found, exchange.now)["code"]:
        raise Refusal("no-code")
    checked = workflow.kept(exchange.world).check(
        found.id, code, exchange.now, same=workflow.is_right
    )
    if checked is None or checked.before is not State.PENDING:
        raise Refusal("request-not-found", request_id=found.id)
    if checked.right:
        workflow.ended(exchange, checked.verification, "verified", "completed")
        return problems.json(exchange, 200, {"request_id": found.id, "status": "completed"})
    if workflow.wrong(checked.verification, exchange.now) < workflow.ATTEMPTS:
        raise Refusal("invalid-code")
    workflow.kept(exchange.world).close(found.id, State.USED_UP, exchange.now)
    workflow.ended(exchange, checked.verification, "refused", "failed")
    raise Refusal("last-invalid-code")


def cancel(exchange: Exchange) -> Reply:
    """204. Within 30 seconds, and once a second channel was begun, the rules say that it cannot be
    done; how that is refused is UNVERIFIED, so it is only by the setting `strict_cancel`."""
    found, now = _found(exchange), exchange.now
    if exchange.world.load(workflow.NAME, {}).get("strict_cancel") and (
        now < found.opened + workflow.NO_CANCEL or workflow.place(found, now)
    ):
        raise Refusal("cancel-too-early")
    workflow.kept(exchange.world).close(found.id, State.CANCELLED, now)
    workflow.ended(exchange, found, "cancelled")
    return problems.reply(exchange, 204)


def parse_next(exchange: Exchange) -> list[Draft]:
    """A draft for the next channel, begun now."""
    found = _found(exchange)
    hurried = workflow.hurried(found, exchange.now)
    if hurried is None:
        raise Refusal("no-events")
    at = workflow.place(hurried, exchange.now)
    exchange.prepared = hurried
    new = workflow.draft(hurried, at, exchange.provider)
    return [] if new is None else [new]


def go_on(exchange: Exchange) -> Reply:
    """200, with an empty body."""
    workflow.hurry(exchange, exchange.prepared)
    return problems.reply(exchange, 200)
