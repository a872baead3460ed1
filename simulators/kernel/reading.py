"""Bytes to documents: forms, JSON and query strings, as plain JSON-like values."""

import re
from itertools import islice
from typing import Any

import orjson

from simulators.kernel.call import Call

MAX_FIELDS = 1000
MAX_DEPTH = 100
MAX_ESCAPED = 20_000  # pieces between others; one may be as long as it likes

Fields = dict[str, str | list[str]]

_DIGITS = 9  # more than any bound of a number that is asked for has
# It begins with a character, which `re` looks for first: as (...)+ it takes five times as long.
_ESCAPES = re.compile(r"%[0-9A-Fa-f][0-9A-Fa-f](?:%[0-9A-Fa-f][0-9A-Fa-f])*")
_ASCII = {f"%{code:02X}": chr(code) for code in range(128)}


class Unreadable(ValueError):
    """The bytes are not what their content type says; the message tells what is wrong."""


def fields(text: str) -> Fields:
    """A query string or form as a mapping; a name given more than once becomes a list.

    Blank values are kept: some clients send and sign them. Bytes that are not UTF-8 become
    U+FFFD. Raises `Unreadable` above `MAX_FIELDS` or `MAX_ESCAPED`.
    """
    if text.count("&") >= MAX_FIELDS:
        raise Unreadable(f"more than {MAX_FIELDS} fields")
    if text.count("%") >= MAX_ESCAPED and _pieces(text) >= MAX_ESCAPED:
        raise Unreadable(f"{MAX_ESCAPED} percent-encoded pieces or more")
    found: Fields = {}
    for part in text.replace("+", " ").split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        if "%" in part:
            name = _ESCAPES.sub(_unescaped, name) if "%" in name else name
            value = _ESCAPES.sub(_unescaped, value)
        if name not in found:
            found[name] = value
            continue
        earlier = found[name]
        if isinstance(earlier, list):
            earlier.append(value)
        else:
            found[name] = [earlier, value]
    return found


def _pieces(text: str) -> int:
    """How many escaped pieces there are, counted as far as they are too many."""
    return sum(1 for _ in islice(_ESCAPES.finditer(text), MAX_ESCAPED))


def _unescaped(run: re.Match[str]) -> str:
    """A run of percent-escapes at once; the standard library takes them one by one."""
    escaped = run[0]
    return _ASCII.get(escaped) or bytes.fromhex(escaped.replace("%", "")).decode("utf-8", "replace")


def form(call: Call) -> Fields:
    """The form body of a request; empty unless it is declared as one."""
    if not call.body or call.content_type != "application/x-www-form-urlencoded":
        return {}
    # Raw UTF-8 in a form is read as if it had been percent-encoded.
    return fields(call.body.decode("utf-8", "replace"))


# So deep orjson reads; what is nested in the rest of it may only be `MAX_DEPTH` deep.
_READ_DEPTH = 1024
_OPEN, _CLOSE = b"[" * (_READ_DEPTH - MAX_DEPTH), b"]" * (_READ_DEPTH - MAX_DEPTH)


def json(call: Call) -> Any:
    """The JSON body of a request; raises `Unreadable`."""
    return document(call.body)


def document(raw: bytes) -> Any:
    """What is written in JSON; raises `Unreadable` when it is not JSON, or nested deeper than
    `MAX_DEPTH`."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _deep(raw):
        raise Unreadable(f"not JSON of at most {MAX_DEPTH} levels")
    return value


def written(text: str) -> Any:
    """The same of a parameter that is JSON, which the standard library would read with halves of
    characters that nothing can be made of any more."""
    return document(text.encode("utf-8", "surrogatepass"))


def _deep(body: bytes) -> bool:
    """Whether a document goes too deep. The parser is asked, which stops where it does: a walk
    through what it made would take a step for each of half a million brackets."""
    try:
        orjson.loads(b"".join((_OPEN, body, _CLOSE)))
    except orjson.JSONDecodeError:
        return True
    return False


def body(call: Call) -> Any:
    """The body by its content type: a form, JSON, or None where there is none or it is other."""
    if not call.body:
        return None
    if call.content_type == "application/json":
        return json(call)
    if call.content_type == "application/x-www-form-urlencoded":
        return form(call)
    return None


def first(values: Fields, name: str, default: str = "") -> str:
    """The first value of a field, or the default where it is absent."""
    value = values.get(name, default)
    return value if isinstance(value, str) else value[0]


def many(values: Fields, name: str) -> list[str]:
    """All values of a field."""
    value = values.get(name)
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def whole(text: str, least: int, most: int) -> int | None:
    """The whole number within bounds that a text is in ASCII digits; None for any other text. One
    of thousands of digits is not even made a number, which Python refuses to do."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    found = int(text)
    return found if least <= found <= most else None
