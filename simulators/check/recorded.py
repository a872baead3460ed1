"""Files of recorded requests: HAR, JSON Lines, a JSON list."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from simulators.kernel.call import Call

_FORM = "application/x-www-form-urlencoded"


class BadFile(ValueError):
    """A file, or one request in it, that cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as a client sent it. `line` is 0 where the file has no useful lines; `foreign`
    says that requests to other hosts are to be expected beside it, as in a browser's HAR."""

    file: str
    line: int
    place: str
    host: str
    call: Call
    foreign: bool = False


def read(path: Path) -> list[Recorded | BadFile]:
    """All requests of a file, in its order, one that cannot be read as why it cannot: the others
    are still to be judged. Raises `BadFile` where the file is none of the forms."""
    text = _text(path)
    try:
        whole = _parsed(text)
    except json.JSONDecodeError as error:
        return list(_lines(path, text, error))
    except RecursionError:
        raise BadFile(f"{path}: nested too deep") from None
    if isinstance(whole, dict) and "log" in whole:
        return list(_har(path, whole["log"]))
    if not isinstance(whole, list):
        line = text.count("\n", 0, len(text) - len(text.lstrip())) + 1
        return list(_requests(path, line, f"{path}:{line}", whole))
    return [
        found
        for number, item in enumerate(whole, 1)
        for found in _requests(path, 0, f"{path} request {number}", item)
    ]


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or error}") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadFile(f"{path}:{line}: not UTF-8 text") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # an integer of more digits than Python takes
        raise json.JSONDecodeError(str(error), text, 0) from None


def _lines(path: Path, text: str, error: json.JSONDecodeError) -> Iterator[Recorded | BadFile]:
    """The requests of JSON Lines; `error` is why the text as a whole is not JSON."""
    given = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not given:
        raise BadFile(f"{path}: the file is empty") from None
    for number, line in given:
        try:
            item = _parsed(line)
        except (json.JSONDecodeError, RecursionError) as broken:
            first = number == given[0][0]  # then it is not JSON Lines
            at, why = (error.lineno, error) if first else (number, broken)
            said = why.msg if isinstance(why, json.JSONDecodeError) else "nested too deep"
            bad = BadFile(f"{path}:{at}: not JSON: {said}")
            if first:
                raise bad from None
            yield bad
            continue
        yield from _requests(path, number, f"{path}:{number}", item)


def _requests(path: Path, line: int, place: str, item: Any) -> Iterator[Recorded | BadFile]:
    """A line's own request, or those it lists as `requests`."""
    listed = item.get("requests") if isinstance(item, dict) else None
    for one in listed if isinstance(listed, list) else [item]:
        yield _or_why(_request, path, line, place, one)


def _or_why(make: Callable[..., Recorded], *given: Any) -> Recorded | BadFile:
    try:
        return make(*given)
    except BadFile as error:
        return error


def _request(path: Path, line: int, place: str, item: Any) -> Recorded:
    if not isinstance(item, dict):
        raise BadFile(f"{place}: expected an object with method, url, headers and body")
    url = item.get("url")
    if url is None and "target" in item and "host" in item:
        url = f"{item.get('scheme', 'https')}://{item['host']}{item['target']}"
    headers = _headers(place, item.get("headers"))
    body = _body(place, item.get("body"), headers.get("content-type", ""))
    return _recorded(path, line, place, item.get("method"), url, headers, body)


def _har(path: Path, log: Any) -> Iterator[Recorded | BadFile]:
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise BadFile(f"{path}: a HAR has its requests in log.entries; there is no such list")
    for number, entry in enumerate(entries, 1):
        yield _or_why(_entry, path, f"{path} entry {number}", entry)


def _entry(path: Path, place: str, entry: Any) -> Recorded:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise BadFile(f"{place}: expected an object `request`")
    headers = _headers(place, request.get("headers"))
    body = _posted(place, request.get("postData"), headers)
    method, url = request.get("method"), request.get("url")
    return _recorded(path, 0, place, method, url, headers, body, foreign=True)


def _posted(place: str, posted: Any, headers: dict[str, str]) -> bytes:
    """A HAR's body: its text, or the parameters that it was taken apart into."""
    if not isinstance(posted, dict):
        return b""
    if isinstance(posted.get("mimeType"), str) and posted["mimeType"]:
        headers.setdefault("content-type", posted["mimeType"])
    text = posted.get("text")
    if text and posted.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise BadFile(f"{place}: postData.text is not base64, as its encoding says") from None
    if not text and isinstance(posted.get("params"), list):
        params = [p for p in posted["params"] if isinstance(p, dict) and "name" in p]
        return urlencode([(p["name"], p.get("value", "")) for p in params]).encode()
    return _body(place, text, "")


def _headers(place: str, given: Any) -> dict[str, str]:
    """Lower-case names, repeated ones joined; from a mapping, pairs, or HAR's name and value."""
    pairs = list(given.items()) if isinstance(given, dict) else given or []
    headers: dict[str, str] = {}
    for pair in pairs if isinstance(pairs, list) else [None]:
        if isinstance(pair, dict):
            pair = (pair.get("name"), pair.get("value"))
        if not isinstance(pair, list | tuple) or [str, str] != [type(part) for part in pair]:
            raise BadFile(f"{place}: headers: expected names with text values")
        name, value = pair[0].lower(), pair[1]
        if not name.startswith(":"):  # HTTP/2's own, which browsers list too
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body(place: str, given: Any, content_type: str) -> bytes:
    """Text as it is; an object as its content type spells it."""
    if given is None:
        return b""
    if isinstance(given, dict | list):
        if isinstance(given, dict) and content_type.startswith(_FORM):
            return urlencode(given, doseq=True).encode()
        given = json.dumps(given, ensure_ascii=False)
    if not isinstance(given, str):
        raise BadFile(f"{place}: body: expected text, an object or null")
    return given.encode("utf-8", "surrogatepass")


def _recorded(
    path: Path,
    line: int,
    place: str,
    method: Any,
    url: Any,
    headers: dict[str, str],
    body: bytes,
    *,
    foreign: bool = False,
) -> Recorded:
    if not isinstance(method, str) or not method:
        raise BadFile(f"{place}: method: expected one as POST, got {method!r:.40}")
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, netloc = parts.hostname, parts.netloc.rpartition("@")[2]
    except ValueError:
        parts, host, netloc = urlsplit(""), None, ""
    if not host and foreign:  # data: and blob: addresses of a page
        netloc = host = ""
    elif not host:
        raise BadFile(f"{place}: url: expected an address with a host, got {url!r:.80}")
    headers.setdefault("host", netloc)
    raw = parts.path or "/"
    call = Call(
        method=method.upper(),
        path=unquote(raw),
        query=parts.query,
        headers=headers,
        body=body,
        scheme=parts.scheme,
        raw_path=raw,
    )
    return Recorded(str(path), line, place, netloc, call, foreign)
