"""All that the service remembers, in memory."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from simulators.otp.connector import UsageType
from simulators.otp.shelf import Shelf
from simulators.otp.tokens import Grant
from simulators.otp.users import Users

DAY = 86_400.0
HOUR = 3600.0
SENDS_WINDOW = 600.0
RECORD_SECONDS = 600.0
_MANY = 200_000

DEFAULT_SETTINGS: Mapping[str, Any] = {
    "signInMode": "SignInAndRegister",
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
    "forgotPasswordMethods": [],
    "mfa": {"factors": [], "policy": "UserControlled"},
    "verificationCodePolicy": {},
    "sentinelPolicy": {},
    "passwordPolicy": {},
    "languageInfo": {"autoDetect": True, "fallbackLanguage": "en"},
}


@dataclass(frozen=True, slots=True)
class Alive:
    """The one SMS connector there is. A configuration that was left out was not `checked`."""

    id: str
    factory: str
    config: Mapping[str, Any]
    checked: bool


@dataclass(slots=True)
class Passcode:
    """A code that was sent and is not consumed. `to` is the number as the caller gave it."""

    to: str
    code: str
    created: float
    tries: int = 0


@dataclass(slots=True)
class Verification:
    """Something to prove: that one has the number `to`, for signing in ("code") or as a second
    factor ("mfa"); or that one knows the password of `to`, a number or a user name. `owner` is the
    user whom the account API made it for."""

    id: str
    to: str
    kind: Literal["code", "mfa", "password"] = "code"
    usage: UsageType = "Generic"
    identifier: Literal["phone", "username"] = "phone"
    verified: bool = False
    owner: str = ""


@dataclass(slots=True)
class Interaction:
    """One person's way through sign-in: the OIDC request it began with, and how far it went.

    `event` is "" before `PUT /api/experience`, `user` while nobody is identified. There is one
    record of a kind. `profile` has what is to be the user's once it is done: `phone`, `username`,
    `password`.
    """

    id: str
    request: Mapping[str, str]
    event: str = ""
    user: str = ""
    records: dict[str, Verification] = field(default_factory=dict)
    profile: dict[str, str] = field(default_factory=dict)
    done: bool = False
    consented: bool = False


@dataclass(slots=True)
class Suspect:
    """Failures of one identifier: those that were not blocked, and until when it is."""

    failures: list[float] = field(default_factory=list)
    until: float = 0.0


class State:
    """Tables of the service. Every one is bounded; those of people and sends forget."""

    def __init__(self) -> None:
        self.connector: Alive | None = None
        self.settings: dict[str, Any] = dict(DEFAULT_SETTINGS)
        self.account_center: dict[str, Any] = {"enabled": False, "fields": {}}
        self.passcodes: Shelf[tuple[str, str], Passcode] = Shelf(_MANY, DAY)
        self.sends: Shelf[str, list[float]] = Shelf(_MANY, SENDS_WINDOW)
        self.suspects: Shelf[str, Suspect] = Shelf(_MANY, DAY)
        self.applications: Shelf[str, dict[str, Any]] = Shelf(1000, math.inf)
        self.interactions: Shelf[str, Interaction] = Shelf(_MANY, HOUR)
        self.grants: Shelf[str, Grant] = Shelf(_MANY, 60.0)
        self.tokens: Shelf[str, Grant] = Shelf(_MANY, HOUR)
        self.records: Shelf[str, Verification] = Shelf(_MANY, RECORD_SECONDS)
        self.users = Users()
