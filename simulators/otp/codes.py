"""One-time codes: made, verified, and kept from whoever asks for too many or guesses too often.

Rules of Logto's libraries/passcode.ts and of its sentinel. A code is six digits, replaced by the
next, consumed once; it belongs to an owner (a verification, or for the Management API the recipient
itself) and a usage type.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from simulators.otp.connector import UsageType
from simulators.otp.errors import Refused
from simulators.otp.service import Service
from simulators.otp.state import HOUR, SENDS_WINDOW, Passcode, Suspect, normal

LIFE = 600
TRIES = 10
_DIGITS = 6


def create(service: Service, owner: str, usage: UsageType, to: str) -> str:
    """A new code, which replaces the one there was."""
    code = f"{service.chance.randrange(10**_DIGITS):0{_DIGITS}}"
    now = service.now()
    service.state.passcodes.put((owner, usage), Passcode(to, code, now), now)
    return code


def verify(
    service: Service, owner: str, usage: UsageType, to: str, code: str, kind: str = "phone"
) -> None:
    """Consumes the code if it is right. Raises `Refused` (verification_code.*), in Logto's order:
    an expired code is not tried, and after too many tries the right one is refused too."""
    now = service.now()
    passcode = service.state.passcodes.get((owner, usage), now)
    if passcode is None:
        raise Refused("verification_code.not_found")
    if passcode.to != to:
        raise Refused(f"verification_code.{kind}_mismatch")
    policy = service.setting("verificationCodePolicy")
    if passcode.created + policy.get("expirationDuration", LIFE) < now:
        raise Refused("verification_code.expired")
    if passcode.tries >= policy.get("maxRetryAttempts", TRIES):
        raise Refused("verification_code.exceed_max_try")
    if passcode.code != code:
        passcode.tries += 1
        raise Refused("verification_code.code_mismatch")
    service.state.passcodes.pop((owner, usage), now)


ATTEMPTS = 100
LOCKOUT_MINUTES = 60
_LONGEST_LOCKOUT = 60 * 24 * 366  # minutes
_T = TypeVar("_T")


async def guarded(service: Service, to: str, send: Callable[[], Awaitable[_T]]) -> _T:
    """Sends unless the recipient had its sends of the last ten minutes; counts what succeeds.

    Raises `Refused` (request.message_rate_limited) before anything is made or sent. A place is
    taken before the provider is asked, and given back if the send fails: of many requests at once
    no more than are allowed are under way.
    """
    recipient, at = normal(to), service.now()
    sends = service.state.sends
    taken = [sent for sent in sends.get(recipient, at) or () if sent > at - SENDS_WINDOW]
    if len(taken) >= service.policy.sends_per_recipient:
        raise Refused("request.message_rate_limited")
    sends.put(recipient, [*taken, at], at)
    try:
        return await send()
    except BaseException:
        now = service.now()
        held = list(sends.get(recipient, now) or ())
        if at in held:  # not if it was forgiven meanwhile
            held.remove(at)
            sends.put(recipient, held, now)
        raise


def watched(service: Service, identifier: str, verify: Callable[[], None]) -> None:
    """Verifies, and raises what that raises; while the identifier is blocked, the verification is
    done all the same and `Refused` (session.verification_blocked_too_many_attempts) is raised."""
    error: Refused | None = None
    try:
        verify()
    except Refused as refused:
        error = refused
    until = _report(service, identifier, failed=error is not None)
    if until is not None:
        minutes = round((until - service.now()) / 60)
        when = f"in {minutes} minute{'' if minutes == 1 else 's'}"
        raise Refused("session.verification_blocked_too_many_attempts", relativeTime=when)
    if error is not None:
        raise error


def _report(service: Service, identifier: str, *, failed: bool) -> float | None:
    """Until when the identifier is blocked; an attempt that is blocked counts for no later one."""
    now, policy = service.now(), service.setting("sentinelPolicy")
    identifier = normal(identifier)
    suspect = service.state.suspects.get(identifier, now) or Suspect()
    if suspect.until > now:
        return suspect.until
    suspect.failures = [at for at in suspect.failures if at > now - HOUR]
    most = policy.get("maxAttempts", ATTEMPTS)
    if not failed and len(suspect.failures) < most:
        return None
    if len(suspect.failures) + failed >= most:  # none at all are allowed by 0: any attempt locks
        minutes = policy.get("lockoutDuration", LOCKOUT_MINUTES)
        suspect.until = now + 60 * max(min(minutes, _LONGEST_LOCKOUT), 0)
    elif failed:
        suspect.failures.append(now)
    service.state.suspects.put(identifier, suspect, now)
    return suspect.until if suspect.until > now else None


def forgive(service: Service, identifier: str) -> None:
    """Lifts both: the lockout and the count of sends."""
    now, identifier = service.now(), normal(identifier)
    service.state.suspects.pop(identifier, now)
    service.state.sends.pop(identifier, now)
