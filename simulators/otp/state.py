"""All that the service remembers, in memory: the people, their codes and sessions, its settings.

Every table is bounded; those of codes, sends and sessions forget what is too old.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Generic, Literal, TypeVar

import phonenumbers

from simulators.otp.connector import UsageType

DAY = 86_400.0
HOUR = 3600.0
SENDS_WINDOW = 600.0
RECORD_SECONDS = 600.0
_MANY = 200_000
_LONGEST_NUMBER = 32

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
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sync_profile: bool = False


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
    factor ("mfa"), or the e-mail address; or that one knows the password of `to`, a number or a
    user name. `owner` is the user whom the account API made it for."""

    id: str
    to: str
    kind: Literal["code", "mfa", "email", "password"] = "code"
    usage: UsageType = "Generic"
    identifier: Literal["phone", "email", "username"] = "phone"
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


@dataclass(slots=True)
class Grant:
    """Who signed in, by which OIDC request, and when. Its code works until it is `consumed`, its
    tokens until they are `revoked`."""

    user: str
    request: Mapping[str, str]
    at: float
    consumed: bool = False
    revoked: bool = False

    @property
    def scopes(self) -> list[str]:
        """What the application was allowed."""
        return self.request["scope"].split()


@dataclass(slots=True)
class Refresh:
    """A refresh token: what it is good for, since when, and whether another took its place."""

    grant: Grant
    born: float
    consumed: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """As the Management API shows it, and who has it: the ids of people, or of programs."""

    document: dict[str, Any]
    holders: dict[str, None] = field(default_factory=dict)

    def give(self, holder: str) -> None:
        """Somebody has it now; of very many the first to have it lose it."""
        self.holders[holder] = None
        if len(self.holders) > _MANY:
            del self.holders[next(iter(self.holders))]


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
        self.roles: Shelf[str, Role] = Shelf(1000, math.inf)
        self.console = {"signInExperienceCustomized": False, "organizationCreated": False}
        self.session_seconds = 14 * int(DAY)
        self.began = 0  # when the keys were made, once somebody asks
        self.interactions: Shelf[str, Interaction] = Shelf(_MANY, HOUR)
        self.grants: Shelf[str, Grant] = Shelf(_MANY, 60.0)
        self.tokens: Shelf[str, Grant] = Shelf(_MANY, HOUR)
        self.refreshes: Shelf[str, Refresh] = Shelf(_MANY, 14 * DAY)
        self.ended: Shelf[tuple[str, str], float] = Shelf(_MANY, 14 * DAY)
        self.leaving: Shelf[str, dict[str, Any]] = Shelf(_MANY, HOUR)
        self.records: Shelf[str, Verification] = Shelf(_MANY, RECORD_SECONDS)
        self.users = Users()


K = TypeVar("K")
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """At most `most` rows, each for at most `seconds` after it was last put. `now` is given with
    each use, in epoch seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self.seconds = seconds
        self._rows: dict[K, tuple[float, V]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: K, value: V, now: float) -> None:
        """Adds or replaces a row."""
        self._rows.pop(key, None)
        self._rows[key] = (now, value)
        while len(self._rows) > self._most:
            self._drop_first()
        for _ in range(2):  # two may go for one that comes, so a shelf that was full empties
            if self._first_born() + self.seconds < now:
                self._drop_first()

    def get(self, key: K, now: float) -> V | None:
        """The row, None if there is none or it is too old."""
        found = self._rows.get(key)
        if found is None or found[0] + self.seconds < now:
            return None
        return found[1]

    def rows(self) -> list[V]:
        """All rows that are there, the oldest first; for tables that forget nothing by age."""
        return [value for _born, value in self._rows.values()]

    def pop(self, key: K, now: float) -> V | None:
        """The row, taken away."""
        found = self.get(key, now)
        self._rows.pop(key, None)
        return found

    def _first_born(self) -> float:
        return next((born for born, _value in self._rows.values()), math.inf)

    def _drop_first(self) -> None:
        del self._rows[next(iter(self._rows))]


MOST = 1_000_000


@dataclass(slots=True)
class User:
    """Somebody. `phone` is country code and number, digits alone; `about` is what is kept of a
    person and asked by nobody here: `name`, `avatar`, `customData`, `profile`."""

    id: str
    created: float
    phone: str | None = None
    username: str | None = None
    password: str | None = None
    suspended: bool = False
    signed_in: float | None = None
    email: str | None = None
    changed: float = 0.0
    about: dict[str, Any] = field(default_factory=dict)


def normal(phone: str) -> str:
    """A number in the one spelling that it is known by: without the zero that people in many
    countries dial before it. What is no number stays as it is."""
    return _normal(phone) if len(phone) <= _LONGEST_NUMBER and phone.isdecimal() else phone


@lru_cache(maxsize=65_536)
def _normal(phone: str) -> str:
    try:
        read = phonenumbers.parse(f"+{phone}")
    except phonenumbers.NumberParseException:
        return phone
    return f"{read.country_code}{phonenumbers.national_significant_number(read)}"


def is_phone(phone: str) -> bool:
    """Whether a number could be one: a country code that there is, and a length that fits."""
    try:
        return len(phone) <= _LONGEST_NUMBER and bool(phonenumbers.parse(f"+{phone}"))
    except phonenumbers.NumberParseException:
        return False


class Users:
    """At most `MOST`; the first to come are the first to go. Two spellings of a number are one."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_phone: dict[str, User] = {}
        self._by_name: dict[str, User] = {}
        self._by_email: dict[str, User] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    def add(self, user: User) -> None:
        """Adds somebody whose number and name nobody has."""
        self._by_id[user.id] = user
        if user.phone is not None:
            user.phone = normal(user.phone)
            self._by_phone[user.phone] = user
        if user.username is not None:
            self._by_name[user.username] = user
        if user.email is not None:
            self._by_email[user.email.lower()] = user
        if len(self._by_id) > MOST:
            self.remove(next(iter(self._by_id)))

    def newest(self, start: int, stop: int) -> list[User]:
        """Some of them, the last to come first; however many there are, the others are not read."""
        return list(islice(reversed(self._by_id.values()), start, stop))

    def find(self, user_id: str) -> User | None:
        """By id."""
        return self._by_id.get(user_id)

    def with_phone(self, phone: str) -> User | None:
        """By number."""
        return self._by_phone.get(normal(phone))

    def named(self, username: str) -> User | None:
        """By user name."""
        return self._by_name.get(username)

    def with_email(self, email: str) -> User | None:
        """By e-mail address."""
        return self._by_email.get(email.lower())

    def change_email(self, user: User, email: str | None) -> None:
        """Gives somebody another address."""
        if user.email is not None:
            self._by_email.pop(user.email.lower(), None)
        user.email = email
        if email is not None:
            self._by_email[email.lower()] = user

    def change_phone(self, user: User, phone: str | None) -> None:
        """Gives somebody another number."""
        if user.phone is not None:
            self._by_phone.pop(user.phone, None)
        user.phone = phone and normal(phone)
        if user.phone is not None:
            self._by_phone[user.phone] = user

    def rename(self, user: User, username: str | None) -> None:
        """Gives somebody another user name."""
        if user.username is not None:
            self._by_name.pop(user.username, None)
        user.username = username
        if username is not None:
            self._by_name[username] = user

    def remove(self, user_id: str) -> bool:
        """Whether there was somebody to remove."""
        user = self._by_id.pop(user_id, None)
        if user is None:
            return False
        if user.phone is not None:
            self._by_phone.pop(user.phone, None)
        if user.username is not None:
            self._by_name.pop(user.username, None)
        if user.email is not None:
            self._by_email.pop(user.email.lower(), None)
        return True
