"""The people who can sign in, found by id, phone number and user name."""

from collections.abc import Iterator
from dataclasses import dataclass

MOST = 1_000_000


@dataclass(slots=True)
class User:
    """Somebody. `phone` is country code and number, digits alone."""

    id: str
    created: float
    phone: str | None = None
    username: str | None = None
    password: str | None = None
    suspended: bool = False
    signed_in: float | None = None


class Users:
    """At most `MOST`; the first to come are the first to go."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_phone: dict[str, User] = {}
        self._by_name: dict[str, User] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    def add(self, user: User) -> None:
        """Adds somebody whose number and name nobody has."""
        self._by_id[user.id] = user
        if user.phone is not None:
            self._by_phone[user.phone] = user
        if user.username is not None:
            self._by_name[user.username] = user
        if len(self._by_id) > MOST:
            self.remove(next(iter(self._by_id)))

    def find(self, user_id: str) -> User | None:
        """By id."""
        return self._by_id.get(user_id)

    def with_phone(self, phone: str) -> User | None:
        """By number."""
        return self._by_phone.get(phone)

    def named(self, username: str) -> User | None:
        """By user name."""
        return self._by_name.get(username)

    def change_phone(self, user: User, phone: str | None) -> None:
        """Gives somebody another number."""
        if user.phone is not None:
            self._by_phone.pop(user.phone, None)
        user.phone = phone
        if phone is not None:
            self._by_phone[phone] = user

    def remove(self, user_id: str) -> bool:
        """Whether there was somebody to remove."""
        user = self._by_id.pop(user_id, None)
        if user is None:
            return False
        if user.phone is not None:
            self._by_phone.pop(user.phone, None)
        if user.username is not None:
            self._by_name.pop(user.username, None)
        return True
