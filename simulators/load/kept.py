"""What the simulators kept of a run: the messages, and the limits that they should have kept to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.control.client import ControlError
from simulators.load.inbox import Inbox

_INBOUND = "inbound"


@dataclass(frozen=True, slots=True)
class Kept:
    """The messages to phones since the run began, as the control API shows them; `gone` more
    messages are kept no longer. `limits` is the table in force all the time; the limits named in
    `changed` were not."""

    messages: Sequence[Mapping[str, Any]]
    limits: Sequence[Mapping[str, Any]] = ()
    changed: Sequence[str] = ()
    gone: int = 0


class Watch:
    """Remembers where the inbox stood when the run began. Raises `ControlError`."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._last = inbox.last()
        self._limits: list[dict[str, Any]] | None = None

    def settle(self) -> None:
        """Remembers the limits, once the scenario has set those that it wants. A run that is over
        before had those in force at its end. Raises `ControlError`."""
        self._limits = self._inbox.limits()

    def kept(self) -> Kept:
        """All that came since, also if the world was emptied at the start of the run. Raises
        `ControlError`."""
        after = self._last.sequence if self._last and self._still_there() else 0
        messages = list(self._inbox.messages(after))
        now = self._inbox.limits()
        before = now if self._limits is None else self._limits
        count = max((message["sequence"] for message in messages), default=after) - after
        return Kept(
            [message for message in messages if message["operation"] != _INBOUND],
            [limit for limit in now if limit in before],
            sorted({_name(one) for one in (*before, *now) if one not in before or one not in now}),
            count - len(messages),
        )

    def _still_there(self) -> bool:
        assert self._last is not None  # noqa: S101 - asked only if there was one
        try:
            self._inbox.call("GET", f"/_sim/messages/{self._last.message_id}")
        except ControlError:
            return False
        return True


def _name(limit: Mapping[str, Any]) -> str:
    return f"{limit['provider']} {limit['limit']}"
