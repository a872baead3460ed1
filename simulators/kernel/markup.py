"""XML in answers: what may stand in a text, and an answer as the JSON-like value that contracts
are about."""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACE = re.compile(r"^\{[^}]*\}")


def plain(text: str, instead: str = "\ufffd") -> str:
    """The text without the characters that no XML document can have, however they are escaped."""
    return _ILLEGAL.sub(instead, text)


def escaped(text: str, instead: str = "\ufffd") -> str:
    """The text as it stands between two tags."""
    return escape(plain(text, instead))


def document(body: bytes) -> Any:
    """An XML answer as `{name of the root: value}`: an element that has others is an object, one
    that comes more than once a list, any other its text. Namespaces and attributes are left out.
    Raises `ValueError` for what is no XML."""
    try:
        root = fromstring(body)  # noqa: S314 - expat bounds what entities expand to
    except ParseError as error:
        raise ValueError(f"not XML: {error}") from None
    return {_name(root): _value(root)}


def _name(element: Element) -> str:
    return _NAMESPACE.sub("", element.tag)


def _value(element: Element) -> Any:
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        name, value = _name(child), _value(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
