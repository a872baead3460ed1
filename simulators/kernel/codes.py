"""Finds the one-time code in a message's text."""

import re
import unicodedata

MAX_TEXT = 2000
_NEAR = 40
_FAR = _NEAR + 1

# The word for a one-time code in the languages that providers' customers write.
_WORD = re.compile(
    r"code|\botp\b|\bpin\b|passcode|password|verif|\btoken\b|one-time|\btan\b"
    r"|kod|kód|kood|cód|codi[cg]|\bcod\b|clave|contraseña|senha|passwor|wachtwoord|hasło|heslo"
    r"|mot de passe|\bmã\b|sandi|salasana|lösenord|κωδικ|код|парол|קוד|סיסמה|رمز|كود|कोड|ओटीपी|รหัส"
    r"|验证码|校验码|动态码|动态密码|驗證碼|検証|認証|確認|コード|인증|코드|암호"
)
_NUMBER = re.compile(
    r"(?<![a-z0-9_+])(?<![0-9][-.,/])(?:[a-z]-)?"
    r"(\d{3}[ -]\d{3}|\d{4,8})(?![a-z0-9_])(?![-.,:/]\d)",
    re.ASCII,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|[。]")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CURRENCY = r"(?:usd|eur|gbp|cny|rmb|rub|inr|元|руб|[$€£¥₽₹])"
_NO_CODE = re.compile(
    "|".join(
        [
            r"https?://\S+|www\.\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/\S*|\S+@\S+",
            r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}",
            r"\d{4}\s*年(?:\s*\d+\s*月)?(?:\s*\d+\s*日)?",
            rf"{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}",
            rf"\d{{1,2}}\.?\s+{_MONTH},?\s+\d{{4}}",
            r"\d{1,2}:\d\d(?::\d\d)?",
            rf"{_CURRENCY}\s*\d[\d.,]*|\d[\d.,]*\s*(?:{_CURRENCY}|%)",
            r"\d+\s*(?:min|sec|hour|day|分|秒|小时|天|мин|сек|час)\w*",
            r"\+\d[\d ()-]{5,}\d|\(\d{2,4}\)\s*\d[\d -]{4,}|\d{3,4}[ -]\d{3,4}[ -]\d{3,4}",
            r"(?:\bcall|\btel|\bphone|致电|拨打|电话|звоните|\bтел)[.:\s]*\d[\d -]*",
            r"\bstop to \d+|(?:ending(?: in| with)?|尾号|[*x]{2,})\s*\d{4}",
            r"(?:order|invoice|booking|ticket|订单|заказ\w*)\s*(?:no\.?|number|id|号)?\s*[:#№]?\s*\d+",
        ]
    )
)


def extract(text: str) -> str | None:
    """The code, digits only, or None.

    The group of 4 to 8 digits (or two threes) nearest to a word that means code; where no such
    word is near, the first group. Parts of URLs, dates, times, amounts, phone and order numbers
    do not count. Only the first `MAX_TEXT` characters are read.
    """
    clean = _NO_CODE.sub(" | ", _plain(text[:MAX_TEXT]))
    words = [found.span() for found in _WORD.finditer(clean)]
    best, shortest = None, _FAR + 1
    for number in _NUMBER.finditer(clean):
        distance = min((_distance(clean, word, number.span()) for word in words), default=_FAR)
        if distance < shortest and not (distance == _FAR and _YEAR.fullmatch(number[1])):
            best, shortest = number, distance
    return re.sub(r"\D", "", best[1]) if best else None


def _plain(text: str) -> str:
    """Lower-case, with the digits and punctuation of every script as ASCII where there is one."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in folded)


def _distance(text: str, word: tuple[int, int], number: tuple[int, int]) -> int:
    """Characters between the two; `_FAR` where they are far apart or in two sentences."""
    start, end = (word[1], number[0]) if word[1] <= number[0] else (number[1], word[0])
    apart = end - start > _NEAR or _SENTENCE_END.search(text, start, end)
    return _FAR if apart else max(end - start, 0)
