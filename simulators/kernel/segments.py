"""How many SMS a text makes (3GPP TS 23.038 alphabets, 23.040 concatenation)."""

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM7_ALL = GSM7 | GSM7_EXTENSION


def is_gsm7(text: str) -> bool:
    """Whether the GSM 7-bit default alphabet with its extension table can spell the text."""
    if text.isascii() and text.isprintable():
        return "`" not in text  # the only one of these that it lacks
    return _GSM7_ALL.issuperset(text)


def count(text: str, *, unicode: bool | None = None) -> int:
    """The number of segments: 160/153 septets in GSM-7, 70/67 UTF-16 units in UCS-2.

    An extension character costs two septets and an astral character two units; neither is
    split over two segments. `unicode` forces the alphabet; None takes GSM-7 where it fits.
    """
    if unicode is None:
        unicode = not is_gsm7(text)
    if unicode:
        if len(text) <= 35:
            return 1
        if len(text.encode("utf-16-le", "surrogatepass")) <= 140:
            return 1
        return _count([2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67)
    if len(text) <= 80:
        return 1
    return _count([2 if char in GSM7_EXTENSION else 1 for char in text], 160, 153)


def _count(costs: list[int], single: int, part: int) -> int:
    if sum(costs) <= single:
        return 1
    parts, used = 1, 0
    for cost in costs:
        if used + cost > part:
            parts, used = parts + 1, 0
        used += cost
    return parts
