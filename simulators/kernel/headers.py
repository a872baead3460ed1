"""Header values: what may stand in one, and how a person's words are put into it.

A header is visible ASCII and blanks. Words that are none of that, as the name of a rule in
Chinese, go out percent-encoded as in a URL, in UTF-8: `decodeURIComponent`, `urllib.parse.unquote`
and their like give them back. Every answer and every callback goes out through `legal`, so no
value can break one, wherever it came from.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

Headers = Iterable[tuple[str, str]]

FRAMING = frozenset({"content-length", "transfer-encoding"})  # the server's own to say
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[ -~]*")
_ILLEGAL = re.compile(r"[^ -~]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_AS_IT_IS = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def spelled(words: str) -> str:
    """A person's words as a header value that `unquote` turns back into them. Plain ASCII without
    `%` stays as it is; blanks at the ends, which a header loses, are encoded too."""
    inner = words.strip(" ")
    before, after = words[: words.find(inner)] if inner else words, ""
    if inner:
        after = words[len(before) + len(inner) :]
    return quote(before, safe="") + quote(inner, safe=_AS_IT_IS) + quote(after, safe="")


def legal(headers: Headers) -> list[tuple[str, str]]:
    """The same headers as they can be sent: what may not stand in a value is percent-encoded, and
    a name that is none is left out."""
    return [(name, _legal(value)) for name, value in headers if _is_name(name)]


@lru_cache(4096)  # most of what answers carry is the same each time, and all of it is ours
def line(name: str, value: str) -> bytes | None:
    """A header as it goes over the wire, its name in lower case. Nothing where the name is none,
    or says what the server says itself; None where it changes what becomes of the connection."""
    lower = name.lower()
    if lower == "connection":
        return None
    if lower in FRAMING:
        return b""
    return f"{lower}: {_legal(value)}\r\n".encode() if _is_name(name) else b""


def wrong(name: str, value: object) -> str:
    """What was expected of a header that a person writes, "" if it can go out as it is."""
    if not _NAME.fullmatch(name):
        return "a header name of letters, digits and hyphens"
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        return "a value of printable ASCII"
    return ""


def named(names: str) -> tuple[str, ...]:
    """The headers that a signature says it is over, `host;x-date`, each once: a long one that is
    named thousands of times would be put together as often."""
    return tuple(dict.fromkeys(names.split(";")))


def has_control(words: str) -> bool:
    """Whether there is a character that is none to read: no name has one."""
    return _CONTROL.search(words) is not None


@lru_cache(1024)  # the same few names stand in every answer
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _legal(value: str) -> str:
    return value if value.isascii() and value.isprintable() else _ILLEGAL.sub(_encoded, value)


def _encoded(found: re.Match[str]) -> str:
    return quote(found[0], safe="", errors="replace")
