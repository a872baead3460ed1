"""Vonage's throughput: requests, not parts, count."""

from types import MappingProxyType

from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft

_THROUGHPUT = "https://help.nexmo.com/hc/en-us/articles/203993598"


def american_number(draft: Draft) -> bool:
    """Whether the sender is a long number of the United States or Canada."""
    return len(draft.sender) == 11 and draft.sender.isdigit() and draft.sender[0] == "1"


LIMITS = (
    Limit(
        name="account-second",
        permits=30,
        seconds=1,
        kind="natural",
        key=(),
        error="1",
        source=_THROUGHPUT,
    ),
    Limit(
        name="us-number-second",
        permits=1,
        seconds=1,
        kind="natural",
        key=("sender",),
        error="1",
        source=_THROUGHPUT,
        applies=american_number,
        where=MappingProxyType({"sender": "^1[0-9]{10}$"}),
    ),
)
