"""Finds the one-time code in a message's text."""

import re

_WORDS = (
    r"code|otp|pin|passcode|password|verification|verify|token|"
    r"验证码|校验码|动态码|驗證碼|код|пароль|código|codigo|kode|koden|kod|認証|인증"
)
_CODE = r"(?<![\w+.,:/-])(?:[A-Z]-)?(\d{3}[ -]\d{3}|\d{4,8})(?![\w/@%]|[.,:]\d|-\d)"
_AFTER = re.compile(rf"(?:{_WORDS})\D{{0,40}}?{_CODE}", re.IGNORECASE)
_BEFORE = re.compile(rf"{_CODE}\D{{0,20}}?(?:{_WORDS})", re.IGNORECASE)
_ANY = re.compile(_CODE)


def extract(text: str) -> str | None:
    """The code, digits only, or None.

    A group of 4 to 8 digits (or two threes) next to a word that means code, before any other
    such group; parts of URLs, dates, amounts and phone numbers do not count.
    """
    joined = _joined(text)
    for pattern in (_AFTER, _BEFORE, _ANY):
        found = pattern.search(joined)
        if found:
            return re.sub(r"\D", "", found[1])
    return None


def _joined(text: str) -> str:
    # Chinese writes no space between a word and a number; the look-behind wants one.
    return re.sub(r"(?<=[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef])(?=\d)", " ", _spaced(text))


def _spaced(text: str) -> str:
    return re.sub(r"(?<=\d)(?=[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef])", " ", text)
