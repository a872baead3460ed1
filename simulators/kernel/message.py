"""A kept message. Its status is not stored: it follows from its lifecycle and the time."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import orjson

from simulators.kernel.codes import extract

INBOUND = "inbound"


class State(StrEnum):
    """What became of a message, in no provider's language."""

    RECEIVED = "received"
    SCHEDULED = "scheduled"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether no other state can follow."""
        return self not in (State.SCHEDULED, State.ACCEPTED, State.SENT)


class Step(NamedTuple):
    """One change of a message's status: `after` seconds from acceptance, the provider's word
    for it, and the catalogue key of the receipt row where it is a failure."""

    after: float
    status: str
    error: str = ""


Lifecycle = tuple[Step, ...]


class Message(NamedTuple):
    """One accepted message to one recipient, or (`operation` is INBOUND) a reply from a phone.

    `to` is E.164 with its plus wherever the number could be read; `at` is when it was accepted,
    in epoch seconds; `lifecycle` names one of the provider's lifecycles, or lists its own steps;
    `details` is what only its provider knows. `sequence` counts the account's messages,
    `previous` is the one before to the same number, 0 for none: both are set when a store keeps the
    message. `known_code` is the one-time code in the text where its provider knew it, else "".
    """

    id: str
    provider: str
    operation: str
    to: str
    sender: str
    text: str
    segments: int
    at: float
    lifecycle: str | Lifecycle
    template: str = ""
    callback: str = ""
    details: Mapping[str, Any] = MappingProxyType({})
    sequence: int = 0
    previous: int = 0
    known_code: str = ""

    @property
    def code(self) -> str:
        """The one-time code in the text, "" for none. It is looked for when somebody asks: of most
        messages under load nobody does."""
        return self.known_code or extract(self.text) or ""

    def status(self, now: float, lifecycles: Mapping[str, Lifecycle]) -> tuple[Step, float]:
        """The step the message is in at `now`, and when that step began."""
        steps = lifecycles[self.lifecycle] if isinstance(self.lifecycle, str) else self.lifecycle
        current = steps[0]
        for step in steps[1:]:
            if self.at + step.after > now:
                break
            current = step
        return current, self.at + current.after

    def ending(self, now: float, step: Step, lifecycles: Mapping[str, Lifecycle]) -> Lifecycle:
        """Its lifecycle cut off at `now` by one more step, whose `after` is counted from `at`."""
        steps = lifecycles[self.lifecycle] if isinstance(self.lifecycle, str) else self.lifecycle
        lived = [s for i, s in enumerate(steps) if i == 0 or self.at + s.after <= now]
        return (*lived, step._replace(after=max(now - self.at, 0.0)))

    def pack(self) -> bytes:
        """The compact form that stores keep."""
        # orjson takes tuples, but no subclasses of them: neither a Message nor a Step.
        return orjson.dumps(tuple(self), default=_plain)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """The inverse of `pack`."""
        values = orjson.loads(packed)
        if not isinstance(values[8], str):
            values[8] = steps(values[8])
        return cls._make(values)

    def numbered(self, sequence: int, previous: int) -> "Message":
        """The same message as it is kept: with its place among the account's."""
        return Message._make((*self[:_PLACE], sequence, previous, self.known_code))

    def pack_placeless(self) -> bytes:
        """What `pack` makes of it up to its place, for a store that finds the place itself."""
        return orjson.dumps(self[:_PLACE], default=_plain)[:-1] + b","

    def changed(self, **changes: Any) -> "Message":
        """The same message with some fields replaced; a new text has a code of its own."""
        if "text" in changes:
            changes["known_code"] = ""
        return self._replace(**changes)


_PLACE = Message._fields.index("sequence")  # it, `previous` and `known_code` come last


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else tuple(value)


def steps(raw: Sequence[Sequence[Any]]) -> Lifecycle:
    """A lifecycle from plain lists."""
    return tuple(Step(*step) for step in raw)
