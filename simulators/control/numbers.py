"""Phone numbers as a person writes them, and points in time or in the messages' order."""

import re
from dataclasses import dataclass

from simulators.control.errors import Bad, shown
from simulators.kernel import phone
from simulators.kernel.clock import from_iso
from simulators.kernel.world import World

# Where the providers take national writing: Aliyun and Tencent, Twilio, SMS Aero.
_REGIONS = ("CN", "US", "RU")
_ZONE_WITHOUT_PLUS = re.compile(r"(T[0-9:.]+) ([0-9]{2}:?[0-9]{2})$")


def e164(text: str) -> str:
    """A number in any usual writing as E.164. Raises `Bad`.

    With a plus (which a query string may have turned into a blank) or 00 it is international;
    else it is tried with a plus, then as national writing of China, the USA and Russia, and the
    first valid reading counts.
    """
    written = text.strip()
    international = written.startswith(("+", "00")) or text.startswith(" ")
    digits = written.removeprefix("00") if written.startswith("00") else written.lstrip("+")
    plain = phone.parse(f"+{digits}")
    readings = [plain]
    if not international:
        readings += [phone.parse(written, region) for region in _REGIONS]
    for number in readings:
        if number is not None and number.valid:
            return number.e164
    if plain is None:
        raise Bad(400, "not a phone number", "a number like +15005550006", shown(text))
    return plain.e164


@dataclass(frozen=True, slots=True)
class Since:
    """Messages after a sequence and not before a time count."""

    after: int = 0
    at: float = 0.0


ALL = Since()


def since(text: str, world: World) -> Since:
    """Reads `since`: "now", a sequence or an ISO time; all messages if it is empty. Raises
    `Bad`."""
    if not text:
        return ALL
    if text == "now":
        return Since(after=world.store.newest(world.id))
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return Since(after=int(text))
    return Since(at=time(text, "an ISO time, a message's sequence, or 'now'"))


def time(text: str, expected: str = "an ISO 8601 time, like 2026-01-31T12:00:00Z") -> float:
    """Epoch seconds of an ISO time between 1970 and 2200. Raises `Bad`."""
    try:
        found = from_iso(_ZONE_WITHOUT_PLUS.sub(r"\1+\2", text))
    except (ValueError, OverflowError):
        raise Bad(400, "not a time", expected, shown(text)) from None
    return bounded(found, text)


def bounded(epoch: float, text: str) -> float:
    """The time, if every calendar can spell it. Raises `Bad`."""
    if not 0 <= epoch < 7_258_118_400:
        raise Bad(400, "a time out of range", "a time between 1970 and 2200", shown(text))
    return epoch
