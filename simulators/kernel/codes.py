"""Finds the one-time code in a message's text.

The work grows with the length of the text and no faster, whatever stands in it: the text is gone
through once for groups of digits, and of each group no more than `_WINDOW` characters on either
side are looked at.
"""

import re
import unicodedata
from bisect import bisect_left

from simulators.kernel.remembered import remembered

MAX_TEXT = 2000
_NEAR = 40
_FAR = _NEAR + 1
_WINDOW = 64
_PIECE = 128

# Expressions that are searched for begin with a character or a set: so `re` looks for that first.
# The word for a one-time code in the languages that providers' customers write; short ones alone.
_WORD = re.compile(
    r"code|otp(?<!\wotp)\b|pin(?<!\wpin)\b|passcode|password|verif|token(?<!\wtoken)\b|one-time"
    r"|tan(?<!\wtan)\b|kod|kód|kood|cód|codi[cg]|cod(?<!\wcod)\b|clave|contraseña|senha|passwor"
    r"|wachtwoord|hasło|heslo|mot de passe|mã(?<!\wmã)\b|sandi|salasana|lösenord|κωδικ|код|парол"
    r"|קוד|סיסמה|رمز|كود|कोड|ओटीपी|รหัส"
    r"|验证码|校验码|动态码|动态密码|驗證碼|検証|認証|確認|コード|인증|코드|암호"
)
_NUMBER = re.compile(r"[0-9][0-9]{2}(?:[ -][0-9]{3}|[0-9]{1,5})(?![a-z0-9_])(?![-.,:/][0-9])")
_GLUE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_+")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|[。]")
_FOREIGN_DIGIT = re.compile(r"[\d](?<![0-9])")


def _backwards(*words: str) -> str:
    """The words as they stand in a text that is read from its end."""
    return "|".join(re.escape(word[::-1]) for word in words)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"\.?[a-z]{{0,6}}(?:{_backwards(*_MONTHS)})"
_MONEY = ("usd", "eur", "gbp", "cny", "rmb", "rub", "inr", "元", "руб", *"$€£¥₽₹")
_CALL = "call", "tel", "phone", "тел"
_ORDER = "order", "invoice", "booking", "ticket", "订单"

# What stands before a number that is no code, read from the number to the left.
_BEFORE = re.compile(
    "|".join(
        [
            rf"\s*+(?:{_backwards(*_MONEY)})(?!\s*+[0-9])",
            rf"[0-9 -]*+[.:\s]*+(?:(?:{_backwards(*_CALL)})\b|{_backwards('致电', '拨打', '电话')}"
            rf"|{_backwards('звоните')})",
            rf"\s*+[:#№]?\s*+(?:{_backwards('no.', 'no', 'number', 'id', '号')})?\s*+"
            rf"(?:{_backwards(*_ORDER)}|\w{{0,8}}{_backwards('заказ')})",
            rf"(?:{_backwards('stop to ')})\b",
            rf"\s*+(?:(?:{_backwards(' in', ' with')})?(?:{_backwards('ending')})|号?尾|[*x]{{2}})",
            r":[0-9]{1,2}(?![0-9])",  # the minutes of a time
            r"(?:[ ()-]*+[0-9]++)++\+|[0-9 -]*+\)[0-9]{2,4}\(",  # +1 555..., (555) ...
            r"[a-z0-9.-]*+@\S",
        ]
    )
)
_DATE_BEFORE = re.compile(
    rf"\s++,?(?:{_backwards('st', 'nd', 'rd', 'th')})?[0-9]{{1,2}}\s++{_MONTH}"
    rf"|\s++,?{_MONTH}\s++\.?[0-9]"
)
_AFTER = re.compile(
    r"\s*+(?:min|sec|hour|day|分|秒|小时|天|мин|сек|час|年|%|"
    + "|".join(map(re.escape, _MONEY))
    + r")|[a-z0-9._%+-]*+@\S|\)\s*+[0-9][0-9 -]{4}"
)
_LINK = re.compile(r"https?://|www\.|[a-z0-9-]\.[a-z]{2,24}(?::[0-9]{1,5})?/")
# What stands between the letters of Chinese, as NFKC has it too: most texts need no more then.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_GROUPS = re.compile(r"[0-9]{3,4}[ -][0-9]{3,4}[ -][0-9]{3,4}")


@remembered(1024)
def extract(text: str) -> str | None:
    """The code, digits only, or None.

    The group of 4 to 8 digits (or two threes) nearest to a word that means code; where no such
    word is near, the first group. Parts of URLs, dates, times, amounts, phone and order numbers
    do not count. Only the first `MAX_TEXT` characters are read.
    """
    return found(text[:MAX_TEXT])


def found(text: str) -> str | None:
    """`extract` of the whole text."""
    plain = _plain(text)
    numbers = [
        number.span()
        for number in _NUMBER.finditer(plain)
        if not _means_something_else(plain, *number.span())
    ]
    if len(numbers) == 1 and not _is_year(plain, numbers[0]):
        best: tuple[int, int] | None = numbers[0]
    else:
        best = _nearest(plain, numbers)
    if best is None:
        return None
    digits = plain[best[0] : best[1]]
    return digits if digits.isdigit() else digits[:3] + digits[4:]


def _plain(text: str) -> str:
    """Lower-case, with the digits and punctuation of every script as ASCII where there is one."""
    if text.isascii():
        return text.lower()
    # Normalizing sorts a run of combining marks, in a time that is quadratic: so by the piece.
    spaced = text.replace("，", ", ")  # it parts sentences, never the digits of a number
    folded = "".join([_folded(piece) for piece in _pieces(spaced)]).lower()
    return _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), folded)


def _folded(piece: str) -> str:
    if unicodedata.is_normalized("NFKC", piece):
        return piece
    return unicodedata.normalize("NFKC", piece.translate(_NARROW))


def _pieces(text: str) -> list[str]:
    if len(text) <= _PIECE:
        return [text]
    cuts = [0]
    for at in range(_PIECE, len(text), _PIECE):
        for cut in range(at, min(at + _PIECE // 2, len(text))):
            if not unicodedata.combining(text[cut]):  # a mark stays with its letter
                break
        cuts.append(cut)
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _means_something_else(text: str, start: int, end: int) -> bool:
    """Whether a group of digits is part of a word, link, date, time, amount, phone or order."""
    last = text[start - 1 : start]
    if last and (
        last in _GLUE or (last in "-.,/" and text[max(start - 2, 0) : start - 1].isdigit())
    ):
        return True
    if _AFTER.match(text, end, end + _WINDOW):
        return True
    before = text[max(start - _WINDOW, 0) : start]
    backwards = before[::-1]
    if _BEFORE.match(backwards) or (end - start == 4 and _DATE_BEFORE.match(backwards)):
        return True
    if ("/" in before or "www." in before) and _in_link(before):
        return True
    return _is_grouped(text[max(start - 2, 0) : start], text[end : end + 2]) and any(
        group.start() < end and start < group.end()
        for group in _GROUPS.finditer(text, max(start - 10, 0), end + 10)
    )


def _is_grouped(left: str, right: str) -> bool:
    """Whether more digits follow or go before, a blank or a hyphen between."""
    return (left[-1:] in (" ", "-") and left[:1].isdigit()) or (
        right[:1] in (" ", "-") and right[1:].isdigit()
    )


def _in_link(before: str) -> bool:
    """Whether what stands before a number is a link that goes on to it."""
    pieces = before.split()
    return bool(pieces) and not before[-1].isspace() and bool(_LINK.search(pieces[-1]))


def _is_year(text: str, number: tuple[int, int]) -> bool:
    return number[1] - number[0] == 4 and _YEAR.fullmatch(text, *number) is not None


def _nearest(text: str, numbers: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The number nearest to a word for code; the first where none is near, a year excepted."""
    if not numbers:
        return None
    words = [word.span() for word in _WORD.finditer(text)]
    best, shortest = None, _FAR + 1
    for number in numbers:
        # Words do not overlap, and what parts a number from one parts it from those beyond.
        following = bisect_left(words, number)
        beside = words[max(following - 1, 0) : following + 1]
        distance = min((_distance(text, word, number) for word in beside), default=_FAR)
        if distance < shortest and not (distance == _FAR and _is_year(text, number)):
            best, shortest = number, distance
    return best


def _distance(text: str, word: tuple[int, int], number: tuple[int, int]) -> int:
    """Characters between the two; `_FAR` where they are far apart or in two sentences."""
    start, end = (word[1], number[0]) if word[1] <= number[0] else (number[1], word[0])
    apart = end - start > _NEAR or _SENTENCE_END.search(text, start, end)
    return _FAR if apart else max(end - start, 0)
