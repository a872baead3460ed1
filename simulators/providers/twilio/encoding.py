"""Smart Encoding: look-alikes of GSM-7 characters replaced, where that spares the UCS-2 segments.

https://www.twilio.com/docs/messaging/services/smart-encoding-char-list
"""

from simulators.kernel.segments import is_gsm7

_GROUPS = {
    '"': "«»“”ʺˮ‟❝❞〝〞＂",
    "'": "‘’ʻˈʼʽʹ‛＇´ˊ`ˋ❛❜",
    "-": "‐‑‒–—―",
    "/": "÷⁄∕／",
    "_": "＿",
    "|": "∣｜",
    ",": "‚，",
    " ": "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f",
    "": "\u200b\u2060\ufeff",
    "...": "…",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
}
_TABLE = str.maketrans({char: plain for plain, chars in _GROUPS.items() for char in chars})


def smart(text: str) -> str:
    """The text in GSM-7 if replacing look-alikes is enough for that, else unchanged."""
    if is_gsm7(text):
        return text
    replaced = text.translate(_TABLE)
    return replaced if is_gsm7(replaced) else text
