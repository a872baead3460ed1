"""The SMS sandbox: numbers that are verified by a one-time password before they get anything else.

https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html: ten numbers, five passwords to each
in 24 hours, and none is taken out within 24 hours of its last attempt. Kept in the settings
document `aws_sns/sandbox`, by number. Whether an account is in it says `sandbox` of `access.py`.
"""

import re
from typing import Any

from simulators.kernel import segments
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.kernel.reading import first
from simulators.providers.aws_sns import access, wire

NAME = "aws_sns/sandbox"
MOST, PASSWORDS, DAY = 10, 5, 86_400
PENDING, VERIFIED = "Pending", "Verified"
LANGUAGES = (
    "en-US",
    "en-GB",
    "es-419",
    "es-ES",
    "de-DE",
    "fr-CA",
    "fr-FR",
    "it-IT",
    "ja-JP",
    "pt-BR",
    "kr-KR",
    "zh-CN",
    "zh-TW",
)
TEXT = "Your AWS verification code is {}."  # UNVERIFIED, and the same in every language
_PASSWORD = re.compile(r"[0-9]{5,8}")

Numbers = dict[str, dict[str, Any]]


def is_verified(exchange: Exchange, number: str) -> bool:
    """Whether an account in the sandbox may send there."""
    known: dict[str, Any] = _numbers(exchange).get(number, {})
    return known.get("status") == VERIFIED


def _numbers(exchange: Exchange) -> Numbers:
    found: Numbers = exchange.world.load(NAME) or {}
    return found


def parse(exchange: Exchange) -> list[Draft]:
    """CreateSMSSandboxPhoneNumber: a password goes to the number."""
    params = wire.parameters(exchange)
    number = _number(params)
    language = first(params, "LanguageCode", LANGUAGES[0])
    if language not in LANGUAGES:
        told = f"Value '{language[:20]}' at 'languageCode' failed to satisfy constraint"
        raise Refusal(
            Problem.MALFORMED,
            detail=f"{told}: Member must satisfy enum value set: [{', '.join(LANGUAGES)}]",
        )
    known = _numbers(exchange)
    if number not in known and len(known) >= MOST:
        raise Refusal("UserError/most", most=MOST)
    of_number = known.get(number, {})
    if of_number.get("status") == VERIFIED:
        raise Refusal("UserError/verified")
    if len(_lately(of_number, exchange.now)) >= PASSWORDS:
        raise Refusal("Throttled")
    password = exchange.world.chance.digits(6)
    text = TEXT.format(password)
    found = wire.read_number(number)
    draft = Draft(
        number=number,
        sender="AWS",
        text=text,
        segments=segments.count(text),
        lifecycle="sms",
        callback=None,
        details={"type": "Transactional", "region": access.region(exchange), "password": password},
        code=password,
    )
    draft.region = found.region if found else ""
    return [draft]


def _lately(known: dict[str, Any], now: float) -> list[float]:
    return [at for at in known.get("sent", ()) if now - at < DAY]


def _number(params: Any) -> str:
    """The number of a request, in E.164. Raises `Refusal`."""
    found = wire.read_number(wire.required(params, "PhoneNumber"))
    if found is None:
        raise Refusal("InvalidParameter/sandbox")
    return found.e164


def answer(exchange: Exchange) -> Reply:
    """The number waits for its password from now on."""
    draft, now = exchange.outcomes[0].draft, exchange.now
    password = draft.details["password"]

    def added(known: Numbers) -> Numbers:
        sent = [*_lately(known.get(draft.number, {}), now), now]
        waiting = {"status": PENDING, "password": password, "sent": sent, "at": now}
        return {**known, draft.number: waiting}

    exchange.world.update(NAME, added, {})
    return wire.succeed(exchange, {})


def verify(exchange: Exchange) -> Reply:
    """VerifySMSSandboxPhoneNumber."""
    params = wire.parameters(exchange)
    number, password = _number(params), wire.required(params, "OneTimePassword")
    known = _numbers(exchange).get(number)
    if known is None:
        raise Refusal("ResourceNotFound")
    if not _PASSWORD.fullmatch(password) or password != known["password"]:
        _change(exchange, number, at=exchange.now)
        raise Refusal("VerificationException")
    _change(exchange, number, at=exchange.now, status=VERIFIED)
    return wire.succeed(exchange, {})


def _change(exchange: Exchange, number: str, **changes: Any) -> None:
    exchange.world.update(
        NAME, lambda known: {**known, number: {**known.get(number, {}), **changes}}, {}
    )


def delete(exchange: Exchange) -> Reply:
    """DeleteSMSSandboxPhoneNumber."""
    number = _number(wire.parameters(exchange))
    known = _numbers(exchange).get(number)
    if known is None:
        raise Refusal("ResourceNotFound")
    if exchange.now - known["at"] < DAY:
        raise Refusal("UserError/day")
    exchange.world.update(NAME, lambda now: {n: one for n, one in now.items() if n != number}, {})
    return wire.succeed(exchange, {})


def listed(exchange: Exchange) -> Reply:
    """ListSMSSandboxPhoneNumbers."""
    params = wire.parameters(exchange)
    found = [
        {"PhoneNumber": number, "Status": one["status"]}
        for number, one in _numbers(exchange).items()
    ]
    shown, following = wire.page(params, "NextToken", found, wire.count(params, "MaxResults", 100))
    return wire.succeed(exchange, {"PhoneNumbers": shown, "NextToken": following})


def status(exchange: Exchange) -> Reply:
    """GetSMSSandboxAccountStatus."""
    return wire.succeed(exchange, {"IsInSandbox": access.setting(exchange, "sandbox")})
