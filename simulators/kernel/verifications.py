"""Verifications: a vendor makes a code or takes one, sends it, and tells whether it is right.

One is under way from `open` until the right code came (`check`), it was closed, its checks were
used up, or its time is over. Several sends may belong to it (`resend`). What a provider answers in
each of these cases is its own; here is what they have in common, with a world's clock and chance.

`key` names what is verified, such as a service and a number: `newest` finds the verification by it,
under way or not, and `find` any by its id. An account keeps the `MOST` newest ones of a provider.
Each is a settings document of its own, and what leads to it are two more: a request costs the same
however many there are, and two checks at once are both counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple

from simulators.kernel.clock import Chance
from simulators.kernel.world import MOST, World

REMEMBERED = 20  # checks and sends of one verification that are told apart; the others are counted
_LONGEST = 64  # characters of a code that came, as it is remembered
_DIGITS = "0123456789"

Document = Mapping[str, Any]


class State(StrEnum):
    """What has become of a verification."""

    PENDING = "pending"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    USED_UP = "used up"  # as many wrong codes as it takes
    EXPIRED = "expired"


class Code(NamedTuple):
    """A code, and until when it is right, in epoch seconds."""

    text: str
    until: float


class Check(NamedTuple):
    """A code that came, when, and whether it was right."""

    code: str
    at: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One of them. `codes` are those it takes, the one sent last at the end; it ends when the last
    of them does. `checks` are at most `most`, or any number where that is 0, and `checked` says how
    many there were. `sends` are whatever the provider tells of each, and `sent` how many there
    were. `details` are the provider's own, plain JSON as all of it; `closed` is how it was ended,
    if it was."""

    id: str
    key: str
    codes: Sequence[Code]
    opened: float
    most: int = 0
    checked: int = 0
    checks: Sequence[Check] = ()
    sent: int = 0
    sends: Sequence[Document] = ()
    closed: str = ""
    closed_at: float = 0.0
    details: Document = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The code that was sent last."""
        return self.codes[-1].text

    @property
    def ends(self) -> float:
        """Until when it can be approved, in epoch seconds."""
        return max(code.until for code in self.codes)

    @property
    def left(self) -> int:
        """How many checks it takes yet; of any number as many as there may be."""
        return max(self.most - self.checked, 0) if self.most else 1

    def state(self, now: float) -> State:
        """What has become of it by now. One that took all its wrong codes stays so when its time is
        over."""
        if self.closed:
            return State(self.closed)
        if not self.left:
            return State.USED_UP
        return State.PENDING if now < self.ends else State.EXPIRED

    def under_way(self, now: float) -> bool:
        """Whether the right code would approve it."""
        return self.state(now) is State.PENDING

    def takes(self, code: str, now: float) -> bool:
        """Whether this is one of its codes, and still right."""
        return any(code == own.text and now < own.until for own in self.codes)

    def with_send(self, send: Document) -> "Verification":
        """With one more send."""
        sends = [*self.sends, send][-REMEMBERED:]
        return replace(self, sends=sends, sent=self.sent + 1)


Same = Callable[[Verification, str, float], bool]


class Checked(NamedTuple):
    """What a check found: the state before it, where `PENDING` says that the code was looked at;
    whether it was `right`; and the verification as it is now."""

    before: State
    right: bool
    verification: Verification


def drawn(chance: Chance, length: int) -> str:
    """A new code. It may begin with 0, at which whoever reads codes as numbers fails."""
    return chance.letters(length, _DIGITS)


class Verifications:
    """Those of one provider in one world, by the provider's name."""

    def __init__(self, world: World, provider: str) -> None:
        self._world = world
        self._name = f"verifications/{provider}"

    def find(self, one: str) -> Verification | None:
        """One by its id, None if there is none, or no more."""
        kept = self._world.load(f"{self._name}/id/{one}")
        return None if kept is None else _read(kept)

    def newest(self, key: str) -> Verification | None:
        """The one opened last for a key, whatever has become of it."""
        one = self._world.load(f"{self._name}/key/{key}")
        return None if one is None else self.find(one)

    def under_way(self, key: str, now: float) -> Verification | None:
        """The one opened last for a key, if it is under way."""
        found = self.newest(key)
        return found if found is not None and found.under_way(now) else None

    def open(self, verification: Verification) -> Verification:
        """Keeps a new one, which is the newest of its key; the oldest of all goes."""
        self._keep(verification)
        self._world.save(f"{self._name}/key/{verification.key}", verification.id)
        return verification

    def claim(self, verification: Verification, before: Verification | None) -> bool:
        """Opens one if the newest of its key is the one `before` still: of several requests at
        once, here and elsewhere, one does. The others keep nothing."""
        self._keep(verification)
        new, seen = verification.id, None if before is None else before.id
        newest = self._world.update(
            f"{self._name}/key/{verification.key}", lambda kept: new if kept == seen else kept
        )
        if newest != new:
            self.forget(new)
        return bool(newest == new)

    def _keep(self, verification: Verification) -> None:
        world, name = self._world, self._name
        slot = f"{name}/slot/{world.store.count(world.id, name) % MOST}"
        gone = world.load(slot)
        if gone is not None:
            self.forget(gone)
        world.save(slot, verification.id)
        world.save(f"{name}/id/{verification.id}", _plain(verification))

    def resend(
        self,
        one: str,
        send: Document,
        code: Code | None = None,
        *,
        beside: bool = False,
        **details: Any,
    ) -> Verification | None:
        """Counts one more send, with another code in the place of those before, or `beside` them,
        where there is one. What `details` say is changed. None where there is none of that id."""

        def sent(known: Verification) -> Verification:
            new = replace(known.with_send(send), details={**known.details, **details})
            if code is None:
                return new
            codes = [*known.codes, code][-REMEMBERED:] if beside else [code]
            return replace(new, codes=codes)

        return self.change(one, sent)

    def check(
        self,
        one: str,
        code: str,
        now: float,
        same: Same = Verification.takes,
    ) -> Checked | None:
        """Looks at a code that came. While it is under way this is counted, and the right one
        approves it; after that nothing changes. `same` says what is right, the very text unless
        told otherwise. None where there is none of that id."""
        before, right = State.PENDING, False

        def checked(known: Verification) -> Verification:
            nonlocal before, right  # by the last of its calls, which is the one that counts
            before = known.state(now)
            right = before is State.PENDING and same(known, code, now)
            if before is not State.PENDING:
                return known
            came = Check(code[:_LONGEST], now, right)
            new = replace(
                known,
                checked=known.checked + 1,
                checks=[*known.checks, came][-REMEMBERED:],
            )
            return _closed(new, State.APPROVED, now) if right else new

        found = self.change(one, checked)
        return None if found is None else Checked(before, right, found)

    def close(self, one: str, state: State, now: float) -> Verification | None:
        """Ends one that is under way before its time: as `APPROVED` or `CANCELLED`, or as `USED_UP`
        where the vendor takes no more codes. None where there is none of that id, or it ended
        before."""
        done = False

        def closed(known: Verification) -> Verification:
            nonlocal done  # as in `check`
            done = known.under_way(now)
            return _closed(known, state, now) if done else known

        found = self.change(one, closed)
        return found if done else None

    def change(
        self, one: str, change: Callable[[Verification], Verification]
    ) -> Verification | None:
        """Replaces one by what `change` makes of it, and returns that; None where there is none of
        that id. `change` may be called more than once: it does nothing else."""

        def changed(kept: Document | None) -> Document | None:
            return None if kept is None else _plain(change(_read(kept)))

        kept = self._world.update(f"{self._name}/id/{one}", changed)
        return None if kept is None else _read(kept)

    def forget(self, one: str) -> None:
        """Keeps one no more."""
        known = self.find(one)
        if known is None:
            return
        self._world.save(f"{self._name}/id/{one}", None)
        newest = f"{self._name}/key/{known.key}"
        if self._world.load(newest) == one:
            self._world.save(newest, None)


def _closed(known: Verification, state: State, now: float) -> Verification:
    return replace(known, closed=state.value, closed_at=now)


_FIELDS = tuple(one.name for one in fields(Verification))


def _plain(verification: Verification) -> dict[str, Any]:
    plain = {name: getattr(verification, name) for name in _FIELDS}
    plain["codes"] = [list(code) for code in verification.codes]
    plain["checks"] = [list(check) for check in verification.checks]
    return plain


def _read(kept: Document) -> Verification:
    codes = [Code(*code) for code in kept["codes"]]
    checks = [Check(*check) for check in kept["checks"]]
    return Verification(**{**kept, "codes": codes, "checks": checks})
