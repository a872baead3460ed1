"""What the user says a success looks like: an expression to find, or a place in a JSON answer."""

import json
import re
from collections.abc import Callable
from typing import Any

Success = Callable[[str], bool]
_NOTHING = object()


class BadSuccess(ValueError):
    """Not a way to tell success; the message says what was expected."""


def success_when(given: str) -> Success:
    """`/sent` is a JSON pointer to something other than false, null, 0 and "", `/status=sent` one
    to that value; anything else is a regular expression to be found. Raises `BadSuccess`."""
    if given.startswith("/"):
        pointer, equals, wanted = given.partition("=")
        return lambda text: _points(text, pointer, wanted if equals else None)
    try:
        pattern = re.compile(given)
    except re.error as error:
        raise BadSuccess(
            f"--success-when: expected a regular expression or a JSON pointer, got '{given}'"
            f" ({error})"
        ) from None
    return lambda text: pattern.search(text) is not None


def _points(text: str, pointer: str, wanted: str | None) -> bool:
    found = _at(_document(text), pointer)
    if found is _NOTHING:
        return False
    if wanted is None:
        return bool(found)
    return wanted == (found if isinstance(found, str) else json.dumps(found))


def _document(text: str) -> Any:
    """The text as JSON, or else its last line."""
    for part in (text, *text.strip().splitlines()[-1:]):
        try:
            return json.loads(part)
        except ValueError:
            continue
    return None


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return _NOTHING
    return document
