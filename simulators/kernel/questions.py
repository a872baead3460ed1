"""A question to the application that an answer waits for: vendors that verify a webhook ask for it
before they say that it will do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulators.kernel.call import Reply
from simulators.kernel.receipts import Callback


class Answered(NamedTuple):
    """What the application said, or in `error` why nothing came of it."""

    status: int
    body: bytes
    error: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked once, for at most `timeout` seconds; `then` makes the reply of what came back,
    or raises `Refusal`."""

    callback: Callback
    timeout: float
    then: Callable[[Answered], Reply]


class Asker(Protocol):
    """Carries a question to the application. Raises nothing."""

    def __call__(self, callback: Callback, timeout: float, /) -> Awaitable[Answered]: ...


async def nobody(_callback: Callback, _timeout: float) -> Answered:
    """For a pipeline that no server stands in front of: there is no application to ask."""
    return Answered(0, b"", "no application can be asked here")
