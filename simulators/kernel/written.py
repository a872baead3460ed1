"""Phone numbers as a person writes them, and points in time or in the messages' order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from simulators.kernel import phone
from simulators.kernel.checks import Unacceptable, shown
from simulators.kernel.clock import from_iso
from simulators.kernel.provider import Provider
from simulators.kernel.world import World

_ZONE_WITHOUT_PLUS = re.compile(r"(T[0-9:.]+) ([0-9]{2}:?[0-9]{2})$")


def e164(text: str, provider: Provider | None = None) -> str:
    """A number in any usual writing as E.164, read as a provider does if there is one at hand.
    Raises `Unacceptable`."""
    number = phone.written(text, provider.number if provider else phone.international)
    if number is None:
        raise Unacceptable("not a phone number", "a number like +15005550010", shown(text))
    return number.e164


def readings(text: str, providers: Iterable[Provider]) -> tuple[str, ...]:
    """The numbers in E.164 that a filter's `to` may mean, the likeliest first: it finds a message
    if it is what that message's provider reads. Raises `Unacceptable`."""
    found = [e164(text), *(e164(text, provider) for provider in providers)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Since:
    """Messages after a sequence and not before a time count."""

    after: int = 0
    at: float = 0.0


ALL = Since()


def since(text: str, world: World) -> Since:
    """Reads `since`: "now", a sequence or an ISO time; all messages if it is empty. Raises
    `Unacceptable`."""
    if not text:
        return ALL
    if text == "now":
        return Since(after=world.store.newest(world.id))
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return Since(after=int(text))
    return Since(at=time(text, "an ISO time, a message's sequence, or 'now'"))


def time(text: str, expected: str = "an ISO 8601 time, like 2026-01-31T12:00:00Z") -> float:
    """Epoch seconds of an ISO time between 1970 and 2200. Raises `Unacceptable`."""
    try:
        found = from_iso(_ZONE_WITHOUT_PLUS.sub(r"\1+\2", text))
    except (ValueError, OverflowError):
        raise Unacceptable("not a time", expected, shown(text)) from None
    return bounded(found, text)


def bounded(epoch: float, text: str) -> float:
    """The time, if every calendar can spell it. Raises `Unacceptable`."""
    if not 0 <= epoch < 7_258_118_400:
        raise Unacceptable("a time out of range", "a time between 1970 and 2200", shown(text))
    return epoch
