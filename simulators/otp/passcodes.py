"""One-time codes: six digits, replaced by the next, consumed once.

Rules of Logto's libraries/passcode.ts. A code belongs to an owner (a verification, or for the
Management API the recipient itself) and a usage type.
"""

from simulators.otp.connector import UsageType
from simulators.otp.refused import Refused
from simulators.otp.service import Service
from simulators.otp.state import Passcode

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
