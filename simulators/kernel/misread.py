"""A body that is something else than it is read as, told as that.

Whoever sends JSON where a form is read broke one rule, and not those of all fields that nobody
found. So a request that breaks its contract is read again as what its body looks like: JSON, a
form, parts, another encoding, one too many. Where that breaks less, it is what was meant.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call
from simulators.kernel.contracts import Violation, shown

MOST = 65_536  # bytes of a body that is read again
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

_MOST_FIELDS = 200
_FORM = re.compile(rb"[\w.~\[\]%+-]{1,100}=[^&\s]*(?:&[\w.~\[\]%+-]{1,100}=[^&\s]*)*")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
_BOM = b"\xef\xbb\xbf"


class Reading(NamedTuple):
    """A request as it may have been meant, and what is wrong with the way it was sent. `converted`
    says that the body is what its Content-Type says, and may be what nobody reads there."""

    call: Call
    wrong: Violation
    converted: bool = False


def readings(call: Call, source: str) -> Iterator[Reading]:
    """What a body may have been meant as, the likeliest first; nothing for one that is long.
    `source` is the page about the vendor's requests."""
    if not call.body or len(call.body) > MOST:
        return
    for got, expected, body in _inner(call):
        kinds = [call.content_type, *(kind for kind in (JSON, FORM) if kind != call.content_type)]
        for kind in kinds:
            yield _as(call, kind, body, Violation("body", got, expected, source))
    if call.body.startswith(b"--") or call.content_type.startswith("multipart/"):
        parts = _parts(call)
        said = shown(call.content_type) if call.content_type else "missing"
        for kind, body in ((FORM, _form(parts)), (JSON, orjson.dumps(parts))):
            wrong = Violation("headers.content-type", f"{said}, and parts of a form", kind, source)
            yield _as(call, kind, body, wrong)
    yield from _labelled(call, source)


def _labelled(call: Call, source: str) -> Iterator[Reading]:
    """JSON and forms under another Content-Type, or where the other one is read."""
    value = _json(call.body)
    looks, other = (JSON, FORM) if isinstance(value, dict | list) else (FORM, JSON)
    if looks == FORM and not _FORM.fullmatch(call.body):
        return
    if call.content_type != looks:
        said = shown(call.content_type) if call.content_type else "missing"
        expected = f"{looks}, as the body is {_WORDS[looks]}"
        wrong = Violation("headers.content-type", said, expected, source)
        yield _as(call, looks, call.body, wrong)
    if looks == FORM:
        value = _fields(call.body)
    if isinstance(value, dict) and value:
        body = _form(value) if other == FORM else orjson.dumps(value)
        expected = f"{_WORDS[other]} ({other}), as {_shape(value, other)}"
        wrong = Violation("body", _WORDS[looks], expected, source)
        yield _as(call, other, body, wrong)._replace(converted=True)


_WORDS = {JSON: "JSON", FORM: "a form"}


def _as(call: Call, kind: str, body: bytes, wrong: Violation) -> Reading:
    headers = {**call.headers, "content-type": kind} if kind else call.headers
    return Reading(replace(call, headers=headers, body=body), wrong)


def _inner(call: Call) -> Iterator[tuple[str, str, bytes]]:
    """What came, what was expected and the body inside of it, for one that was encoded in a way
    that nobody undoes."""
    body = call.body
    if body.startswith(_BOM):
        yield "a byte order mark before it", "UTF-8 without one", body.removeprefix(_BOM)
    elif body[:2] == b"\x1f\x8b":
        try:
            inner = zlib.decompressobj(31).decompress(body, MOST)
        except zlib.error:
            return
        yield "compressed by gzip", "the body as it is", inner
    elif b"\0" in body[:8] or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield from _decoded(body, "utf-16", "utf-16-le", "utf-16-be")
    else:
        try:
            body.decode()
        except UnicodeDecodeError:
            yield from _decoded(body, "gb18030", "cp1252")
            return
        yield from _twice(body)


def _decoded(body: bytes, *codecs: str) -> Iterator[tuple[str, str, bytes]]:
    for codec in codecs:
        try:
            inner = body.decode(codec).encode()
        except UnicodeError:
            continue
        yield f"bytes that are no UTF-8; they read as {codec.upper()}", "UTF-8", inner


def _twice(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    if body.startswith(b'"'):
        text = _json(body)
        if isinstance(text, str):
            yield "a text in JSON's quotes", "the body itself, without them", text.encode()
    elif b"=" not in body and b"%3" in body:
        said = "percent-encoded as a whole", "a form whose names and values are encoded, once"
        yield *said, unquote_to_bytes(body.replace(b"+", b" "))
    elif b"%7B" in body[:3].upper():
        yield "percent-encoded as a whole", "JSON as it is", unquote_to_bytes(body)
    elif len(body) % 4 == 0 and _BASE64.fullmatch(body):
        try:
            yield "in Base64", "the body as it is", base64.b64decode(body, validate=True)
        except binascii.Error:
            return


def _json(body: bytes) -> Any:
    if body.lstrip()[:1] not in (b"{", b"[", b'"'):
        return None
    try:
        return reading.document(body)
    except reading.Unreadable:
        return None


def _fields(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return dict(pairs)


def _parts(call: Call) -> dict[str, Any]:
    """The fields of a multipart body; by its first line where its Content-Type is another."""
    kind = call.headers.get("content-type", "")
    if "boundary=" not in kind.lower():
        boundary = call.body[2:].partition(b"\n")[0].strip().decode("latin-1")
        kind = f'multipart/form-data; boundary="{boundary}"'
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    found: dict[str, Any] = {}
    parsed = message_from_bytes(head + call.body)
    for part in islice(parsed.walk(), 1, _MOST_FIELDS):
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload.decode("utf-8", "replace")
    return found


def _form(value: dict[str, Any]) -> bytes:
    flat = {
        name: [_text(one) for one in (inner if isinstance(inner, list) else [inner])]
        for name, inner in value.items()
        if inner is not None
    }
    return urlencode(flat, doseq=True, errors="replace").encode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _shape(value: dict[str, Any], kind: str) -> str:
    """The names as they would stand there: values may be secrets."""
    names = list(value)[:4]
    more = len(value) > len(names)
    if kind == FORM:
        return "&".join([*(f"{name}=..." for name in names), *(["..."] if more else [])])
    return (
        "{" + ", ".join([*(f'"{name}": ...' for name in names), *(["..."] if more else [])]) + "}"
    )
