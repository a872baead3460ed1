"""Flow control: what may wait for each kind of sender, and how much a trial account may send.

The queue is ten hours of segments at the sender's rate: https://www.twilio.com/docs/api/errors/21611.
"""

from collections.abc import Callable, Mapping

from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft

# https://www.twilio.com/docs/api/errors/20429 publishes no figure; this one is often quoted.
CONCURRENCY = 100


def is_long_code(draft: Draft) -> bool:
    """A number of the United States or Canada: one segment a second."""
    return draft.sender.startswith("+1") and "test" not in draft.details


def is_short_code(draft: Draft) -> bool:
    """Digits alone: a hundred segments a second."""
    return draft.sender.isdigit()


def is_other(draft: Draft) -> bool:
    """Numbers elsewhere and names: ten segments a second."""
    return bool(draft.sender) and not draft.sender.startswith("+1") and not draft.sender.isdigit()


def queue(
    rate: int, applies: Callable[[Draft], bool], name: str, where: Mapping[str, str]
) -> Limit:
    """Ten hours of segments at a sender's rate, in segments a second."""
    return Limit(
        name=f"queue-{name}",
        permits=36_000 * rate,
        seconds=36_000,
        kind="queue",
        key=("sender",),
        error="21611",
        source="https://www.twilio.com/docs/api/errors/21611",
        applies=applies,
        where=where,
    )


LIMITS = (
    queue(1, is_long_code, "long-code", {"sender": r"^\+1", "details.test": "^$"}),
    queue(100, is_short_code, "short-code", {"sender": "^[0-9]+$"}),
    queue(10, is_other, "other", {"sender": r"^(?!\+1)(?![0-9]+$)."}),
    Limit(
        name="trial-day",
        permits=50,
        seconds=86_400,
        key=("lifecycle",),
        error="63038",
        source="https://www.twilio.com/docs/api/errors/63038",
        applies=lambda draft: "trial" in draft.details,
        where={"details.trial": "."},
    ),
)
