"""What the simulators kept of a run: the messages, and the limits that they should have kept to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.control.client import ControlError
from simulators.kernel.operations import MOST_WINDOWS
from simulators.load.inbox import Inbox

_INBOUND = "inbound"


@dataclass(frozen=True, slots=True)
class Kept:
    """The messages to phones since the run began, as the control API shows them; `gone` more
    messages are kept no longer. `limits` is the table in force all the time; the limits named in
    `changed` were not. `refusals` are the messages that found a window full, `forgotten` more are
    not logged any longer. `used` are the windows, as (provider, limit, window), that counted
    something when the run began, None if there were more than are told."""

    messages: Sequence[Mapping[str, Any]]
    limits: Sequence[Mapping[str, Any]] = ()
    changed: Sequence[str] = ()
    gone: int = 0
    refusals: Sequence[Mapping[str, Any]] = ()
    forgotten: int = 0
    used: frozenset[tuple[str, str, str]] | None = frozenset()


class Watch:
    """Remembers where the inbox stood when the run began. Raises `ControlError`."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._last = inbox.last()
        self._refused = inbox.refused()
        self._used = _used(inbox.windows())
        self._limits: list[dict[str, Any]] | None = None

    def settle(self) -> None:
        """Remembers the limits, once the scenario has set those that it wants. A run that is over
        before had those in force at its end. Raises `ControlError`."""
        self._limits = self._inbox.limits()

    def kept(self) -> Kept:
        """All that came since, also if the world was emptied at the start of the run. Raises
        `ControlError`."""
        emptied = self._last is not None and not self._still_there()
        after = self._last.sequence if self._last and not emptied else 0
        refused = 0 if emptied else self._refused
        # Before the messages, so that all that are told to have been there by then are among them.
        refusals = list(self._inbox.refusals(refused))
        messages = list(self._inbox.messages(after))
        now = self._inbox.limits()
        before = now if self._limits is None else self._limits
        newest = [*(one["sequence"] for one in messages), *(one["after"] for one in refusals)]
        count = max(newest, default=after) - after
        return Kept(
            [message for message in messages if message["operation"] != _INBOUND],
            [limit for limit in now if limit in before],
            sorted({_name(one) for one in (*before, *now) if one not in before or one not in now}),
            count - len(messages),
            refusals,
            max((one["sequence"] for one in refusals), default=refused) - refused - len(refusals),
            self._used,
        )

    def _still_there(self) -> bool:
        assert self._last is not None  # noqa: S101 - asked only if there was one
        try:
            self._inbox.call("GET", f"/_sim/messages/{self._last.message_id}")
        except ControlError:
            return False
        return True


def _used(windows: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, str, str]] | None:
    if len(windows) >= MOST_WINDOWS:
        return None
    return frozenset((one["provider"], one["limit"], one["window"]) for one in windows)


def _name(limit: Mapping[str, Any]) -> str:
    return f"{limit['provider']} {limit['limit']}"
