"""A message that is taken and fails later: does the application follow what becomes of it?"""

import threading
import time

from simulators.conformance.stand import Stand
from simulators.conformance.trigger import Ran, Trigger
from simulators.conformance.values import Values
from simulators.kernel.provider import Provider

# Every course of a message has ended by then; no request signed before is too old yet.
AHEAD_SECONDS = 120
POLL_SECONDS = 0.02


def follow(
    stand: Stand, provider: Provider, trigger: Trigger, values: Values, timeout: float
) -> tuple[Ran, bool]:
    """Sends, and lets the message fail as soon as it is there, while the application may still be
    asking for it. What the application said, and whether it followed: took the receipt with what
    the provider expects, or asked what became of the message."""
    newest = stand.newest()
    with _Aside(trigger, values, timeout) as aside:
        message = _arrival(stand, newest, values["to"], aside)
        if message is None:
            return aside.ran(), False
        stand.advance(AHEAD_SECONDS)
        try:
            since = stand.journal()
            ran = aside.ran()
            return ran, _taken(stand, provider, message) or _asked(stand, since, message)
        finally:
            stand.advance(-AHEAD_SECONDS)


class _Aside:
    """A trigger in a thread of its own."""

    def __init__(self, trigger: Trigger, values: Values, timeout: float) -> None:
        self._come: list[Ran | BaseException] = []
        self._thread = threading.Thread(target=self._work, args=(trigger, values, timeout))

    def _work(self, trigger: Trigger, values: Values, timeout: float) -> None:
        try:
            self._come.append(trigger(values, timeout))
        except BaseException as error:  # it is raised where the run is waited for
            self._come.append(error)

    def __enter__(self) -> "_Aside":
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._thread.join()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def ran(self) -> Ran:
        self._thread.join()
        (come,) = self._come
        if isinstance(come, BaseException):
            raise come
        return come


def _arrival(stand: Stand, newest: int, to: str, aside: _Aside) -> str | None:
    """The id of the message once it is there; None if the application ended without."""
    while True:
        ended = aside.ended
        for sent in stand.sent(newest):
            if sent["provider"] == stand.provider and sent["to"] == to:
                return str(sent["id"])
        if ended:
            return None
        time.sleep(POLL_SECONDS)


def _taken(stand: Stand, provider: Provider, message: str) -> bool:
    return any(
        attempt["state"] == "delivered" and provider.states[attempt["reports"]].final
        for attempt in stand.attempts(message)
    )


def _asked(stand: Stand, since: int, message: str) -> bool:
    """Whether a later request names the message, or its answer does."""
    return any(
        entry["provider"] == stand.provider
        and message not in entry["messages"]
        and any(message in entry[part] for part in ("target", "body", "answer"))
        for entry in stand.requests(since)
    )
