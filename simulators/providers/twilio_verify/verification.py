"""A verification as it is read, changed and checked.

https://www.twilio.com/docs/verify/api/verification
https://www.twilio.com/docs/verify/api/verification-check
One that is approved, canceled or expired is not found any more, nor is one that never was: nothing
tells these apart. Keys are in the order of recorded answers.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from simulators.kernel import phone, verifications
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import iso
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.kernel.verifications import State, Verification, Verifications
from simulators.providers.twilio import wire
from simulators.providers.twilio_verify import lookups, services

CODE = re.compile(r".{4,10}", re.DOTALL)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

STATUSES: Mapping[State, str] = MappingProxyType(
    {
        State.PENDING: "pending",
        State.APPROVED: "approved",
        State.CANCELLED: "canceled",
        State.USED_UP: "max_attempts_reached",
        State.EXPIRED: "expired",
    }
)
_ENDS = MappingProxyType({"approved": State.APPROVED, "canceled": State.CANCELLED})

# How often one may be fetched: https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts
# That it is counted by verification, in slices of the clock, is UNVERIFIED.
POLLS = MappingProxyType({60: 60, 3600: 180, 86_400: 250})


def number(to: str) -> phone.Number:
    """A number in E.164 with its plus, of a length that its country has. Raises `Refusal`."""
    found = phone.parse(to) if _E164.fullmatch(to) else None
    if found is None or not found.possible:
        raise Refusal(Problem.BAD_RECIPIENT, to=to)
    return found


def key(service: str, to: str) -> str:
    """By what a verification is found: a number has one in each service."""
    return f"{service} {to}"


def newest(exchange: Exchange, service: str, to: str) -> Verification | None:
    """The one opened last for a number."""
    return _all(exchange).newest(key(service, to))


def _all(exchange: Exchange) -> Verifications:
    return Verifications(exchange.world, exchange.provider.name)


def resource(exchange: Exchange, one: Verification) -> dict[str, Any]:
    """The verification as create, fetch and update answer it."""
    service = services.known(exchange).get(one.details["service"], {})
    looked = bool(service.get("lookup_enabled"))
    to = one.details["to"]
    attempts = [
        {"attempt_sid": sent["sid"], "channel": sent["channel"], "time": iso(sent["at"])}
        for sent in one.sends
    ]
    common = _common(exchange, one, STATUSES[one.state(exchange.now)])
    return {
        "status": common["status"],
        "payee": common["payee"],
        "date_updated": common["date_updated"],
        "send_code_attempts": attempts,
        "account_sid": common["account_sid"],
        "to": to,
        "amount": common["amount"],
        "valid": common["valid"],
        "lookup": {"carrier": lookups.carrier(exchange, to)} if looked else {},
        "url": services.url(exchange, "Services", one.details["service"], "Verifications", one.id),
        "sid": one.id,
        "date_created": common["date_created"],
        "service_sid": common["service_sid"],
        "channel": common["channel"],
        "sna": None,
    }


def _common(exchange: Exchange, one: Verification, status: str) -> dict[str, Any]:
    changes = [one.opened, one.closed_at, *(sent["at"] for sent in one.sends)]
    return {
        "status": status,
        "payee": one.details["payee"],
        "date_updated": wire.iso(max([*changes, *(check.at for check in one.checks)])),
        "account_sid": exchange.credentials["account_sid"],
        "to": one.details["to"],
        "amount": one.details["amount"],
        "valid": status == "approved",
        "sid": one.id,
        "date_created": wire.iso(one.opened),
        "service_sid": one.details["service"],
        "channel": one.details["channel"],
    }


def _live(exchange: Exchange) -> Verification:
    """The one in the path, by its SID or its number. Raises `Refusal` for one that is over; one
    whose checks are used up is not, before its time."""
    service, named = services.of(exchange)["sid"], exchange.params["sid"]
    found = (
        newest(exchange, service, named) if named.startswith("+") else _all(exchange).find(named)
    )
    if found is None or found.details["service"] != service or _over(exchange, found):
        raise Refusal(Problem.NOT_FOUND)
    return found


def _over(exchange: Exchange, one: Verification) -> bool:
    """Whether it is over, or nothing was sent of it: its first create was refused, or goes on."""
    return bool(one.closed) or not one.sent or exchange.now >= one.ends


def fetch(exchange: Exchange) -> Reply:
    """One verification; who asks too often is refused."""
    one = _all(exchange).change(_live(exchange).id, lambda old: _polled(old, exchange))
    if one is None:
        raise Refusal(Problem.NOT_FOUND)
    return wire.reply(exchange, 200, resource(exchange, one), root="")


def _polled(one: Verification, exchange: Exchange) -> Verification:
    if exchange.world.load("limits") == "off":
        return one
    before: Mapping[str, Any] = one.details.get("polled", {})
    polled = {}
    for seconds, most in POLLS.items():
        begun = exchange.now // seconds
        at, count = before.get(str(seconds), (begun, 0))
        count = count + 1 if at == begun else 1
        if count > most:
            raise Refusal(Problem.THROTTLED)
        polled[str(seconds)] = [begun, count]
    return replace(one, details={**one.details, "polled": polled})


def update(exchange: Exchange) -> Reply:
    """The application says what became of it: approved or canceled."""
    status = services.required(exchange.document["body"], "Status")
    if status not in _ENDS:
        raise Refusal("60200/parameter", name="Status")
    end, now = _ENDS[status].value, exchange.now
    closed = _all(exchange).change(
        _live(exchange).id, lambda old: replace(old, closed=end, closed_at=now)
    )
    if closed is None:
        raise Refusal(Problem.NOT_FOUND)
    return wire.reply(exchange, 200, resource(exchange, closed), root="")


def check(exchange: Exchange) -> Reply:
    """Whether a code is right: 200 whatever it is, until the checks are used up."""
    service, form = services.of(exchange)["sid"], exchange.document["body"]
    code = services.required(form, "Code")
    if not CODE.fullmatch(code):
        raise Refusal("60200/code")
    found = _all(exchange).check(_meant(exchange, service, form), code, exchange.now, _same(form))
    if found is None:
        raise Refusal(Problem.NOT_FOUND)
    one = found.verification
    if found.before is State.USED_UP and exchange.now < one.ends:
        raise Refusal("60202")
    if found.before is not State.PENDING:
        raise Refusal(Problem.NOT_FOUND)
    body = _common(exchange, one, "approved" if found.right else "pending")
    # The last wrong code is told as all before it: only the next one is refused.
    body |= {"date_updated": wire.iso(exchange.now), "sna_attempts_error_codes": []}
    return wire.reply(exchange, 200, body, root="")


def _meant(exchange: Exchange, service: str, form: Fields) -> str:
    """The SID of the verification that a check is of. Raises `Refusal`."""
    sid, to = first(form, "VerificationSid"), first(form, "To")
    if not sid and not to:
        raise Refusal("60221")
    own = number(to).e164 if to else ""
    found = _all(exchange).find(sid) if sid else newest(exchange, service, own)
    if found is None or not found.sent or found.details["service"] != service:
        raise Refusal(Problem.NOT_FOUND)
    if own not in ("", found.details["to"]):
        raise Refusal(Problem.NOT_FOUND)
    return found.id


def _same(form: Fields) -> verifications.Same:
    """The code alone, or with amount and payee where it is of a payment."""
    given = [first(form, name) or None for name in ("Amount", "Payee")]

    def same(one: Verification, code: str, now: float) -> bool:
        paid = [one.details["amount"], one.details["payee"]]
        return one.takes(code, now) and (paid == [None, None] or paid == given)

    return same
