"""Reads a request: whether a page of another site sent it, and what its body says.

Bodies are read as Logto's koa-body reads them: JSON, a form or text by the content type, inflated
where they are compressed, chunked or not; whatever else comes is an empty document.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import orjson
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.http import parse_cookie

from simulators.otp.errors import Refused
from simulators.otp.route import Ask
from simulators.otp.service import Service

MAX_INFLATED = 1 << 20
MAX_TEXT = 56 << 10
MAX_FIELDS = 1000
MAX_DEPTH = 100
_READ_DEPTH = 1024
WRITING = ("POST", "PUT", "PATCH", "DELETE")
_PARSED = ("POST", "PUT", "PATCH")
_OWN_SITE = ("same-origin", "none")
_OWN_PORT = {"http": ":80", "https": ":443"}
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_CONTEXT = 10
_SAID = {
    "Expecting property name": "Expected property name or '}' in JSON",
    "Expecting ':'": "Expected ':' after property name in JSON",
    "Expecting ','": "Expected ',' or '}' after property value in JSON",
    "Extra data": "Unexpected non-whitespace character after JSON",
    "Invalid control character": "Bad control character in string literal in JSON",
    "Unterminated string": "Unterminated string in JSON",
}


class NotJson(Exception):
    """A body that says it is JSON and is not; the message is that of Node's parser."""


class Asked(Protocol):
    """A request as it came. `headers` has lower-case names, repeated ones joined; `path` is decoded
    and `query` as sent; `client` is an address."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    scheme: str
    client: str


def ask(service: Service, asked: Asked, params: Mapping[str, str], *, shared: bool = False) -> Ask:
    """What a view sees of a request. Raises `Refused` for one that another site's page sent, unless
    it is `shared` with those, `NotJson`, and `HTTPException` for a body that cannot be inflated."""
    host = _host(asked)
    foreign = "" if shared else _foreign(asked, host)
    if foreign:
        told = {"expected": f"a program, or a page of {host}", "got": foreign}
        raise Refused("auth.forbidden", told)
    cookie = asked.headers.get("cookie")
    return Ask(
        service=service,
        method=asked.method,
        path=asked.path,
        params=params,
        query=query(asked.query) if asked.query else {},
        headers=asked.headers,
        cookies=parse_cookie(cookie) if cookie else {},
        body=_body(asked),
        ip=asked.client,
        root=f"{asked.scheme}://{host}",
    )


def query(text: str) -> dict[str, str]:
    """The fields of a query, of a name that is there twice the first."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        fields.setdefault(name, value)
    return fields


def _host(asked: Asked) -> str:
    """The Host header, without the port where that is the scheme's own."""
    return asked.headers.get("host", "").removesuffix(_OWN_PORT.get(asked.scheme, ":"))


def _foreign(asked: Asked, host: str) -> str:
    """What tells that a page of another site had a browser send this, "" if nothing does.

    Without this, any page could post a form to a service on the developer's own machine, which
    wants no token there. Browsers say where a request comes from; programs say nothing.
    """
    if asked.method not in WRITING:
        return ""
    site = asked.headers.get("sec-fetch-site", "none")
    if site not in _OWN_SITE:
        return f"Sec-Fetch-Site: {site}"
    name = "Origin" if "origin" in asked.headers else "Referer"
    source = asked.headers.get(name.lower())
    try:
        own = source is None or urlsplit(source).netloc.lower() == host.lower()
    except ValueError:  # no URL
        own = False
    return "" if own else f"{name}: {source}"


def _body(asked: Asked) -> Any:
    """A document, the fields of a form (a list where one is given twice), a text, or `{}`."""
    if asked.method not in _PARSED:
        return {}
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return _document(_inflated(asked))
    if kind == "application/x-www-form-urlencoded":
        return _form(_short(_inflated(asked)))
    if kind.startswith("text/"):
        return _short(_inflated(asked))
    return {}


def _short(text: str) -> str:
    """A form or a text, of which koa-body takes less than of a JSON document."""
    if len(text) > MAX_TEXT:
        raise RequestEntityTooLarge(f"expected at most {MAX_TEXT} bytes that are not JSON")
    return text


def _inflated(asked: Asked) -> str:
    raw = asked.body
    encoding = asked.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("gzip", "deflate"):
        inflating = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            raw = inflating.decompress(raw, MAX_INFLATED)
        except zlib.error as error:
            raise BadRequest(f"expected a body in {encoding}, got {error}") from None
        if inflating.unconsumed_tail:
            raise RequestEntityTooLarge(f"expected at most {MAX_INFLATED} bytes, inflated")
    elif encoding not in ("", "identity"):
        raise UnsupportedMediaType(
            f"expected Content-Encoding gzip, deflate or none, got '{encoding}'"
        )
    return raw.decode("utf-8", "replace")


def _form(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    text = "&".join(text.split("&", MAX_FIELDS)[:MAX_FIELDS])  # the others are left out, as by qs
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields


def _document(text: str) -> Any:
    if not text:
        return {}
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        raise NotJson("invalid JSON, only supports object and array")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotJson(_as_node_says(text, str(error))) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _deep(text):
        raise NotJson(f"expected JSON of at most {MAX_DEPTH} levels")
    return document


def _deep(text: str) -> bool:
    """Whether a document is nested deeper than `MAX_DEPTH`: what checks it would give up. The
    parser is asked, which reads `_READ_DEPTH` levels and no more."""
    more = _READ_DEPTH - MAX_DEPTH
    try:
        orjson.loads("".join(("[" * more, text, "]" * more)))
    except orjson.JSONDecodeError:
        return True
    return False


def _as_node_says(text: str, otherwise: str) -> str:
    """What V8 says of a text that is no JSON, as far as Python's parser tells the cases apart. Of a
    long one it is not asked: that would take as long again."""
    if len(text) > MAX_TEXT:
        return otherwise
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        at = error.pos
        if error.msg == "Expecting value":
            return _unexpected(text, at)
        where = f"at position {at} (line {error.lineno} column {error.colno})"
        said = [node for python, node in _SAID.items() if error.msg.startswith(python)]
        return f"{said[0] if said else error.msg} {where}"
    except RecursionError:
        return otherwise
    return otherwise  # Python takes more than JSON has


def _unexpected(text: str, at: int) -> str:
    if at >= len(text.rstrip()):
        return "Unexpected end of JSON input"
    before, after = max(at - _CONTEXT, 0), at + _CONTEXT
    near = f'"{text[before:after]}"'
    near = f"...{near}" if before else near
    near = f"{near}..." if after < len(text) else near
    return f"Unexpected token '{text[at]}', {near} is not valid JSON"
