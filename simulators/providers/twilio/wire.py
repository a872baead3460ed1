"""Twilio's envelope: forms in; JSON or XML out, a resource or a page of them; headers and dates;
what error texts speak of.

Pages: https://www.twilio.com/docs/usage/twilios-response#pagination
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson

from simulators.kernel import markup, reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import (
    Document,
    Draft,
    Exchange,
    Failure,
    Refusal,
    basic_placeholders,
)
from simulators.kernel.reading import Fields, first, whole

# Recorded on successes and refusals alike, 2018 to 2023; of the CORS set only the origin.
_HEADERS = [
    ("Access-Control-Allow-Origin", "*"),
    ("X-Powered-By", "AT-5000"),
    ("X-Shenanigans", "none"),
    ("X-Home-Region", "us1"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Twilio-Request-Duration", "0.080"),
]


def read(call: Call) -> Document:
    """Only forms are read: a JSON body is, to Twilio, a request without parameters."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.form(call))


def reply(exchange: Exchange, status: int, body: dict[str, Any], root: str) -> Reply:
    """JSON, or XML for paths of 2010-04-01 that do not end in .json."""
    if suffix(exchange.call):
        return _reply(exchange, status, orjson.dumps(body), "application/json")
    return _reply(exchange, status, xml(root, body), "application/xml")


def empty(exchange: Exchange) -> Reply:
    """204, what a deletion is answered with."""
    return Reply(204, b"", _headers(exchange))


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """The error envelope; 20003 carries a `detail` and a challenge."""
    row, call = failure.row, exchange.call
    body: dict[str, object] = {"code": row.code}
    if row.key == "20003":
        told = "Your AccountSid or AuthToken was incorrect."
        body["detail"] = (row.extra or {}).get("detail", told)
    body["message"] = failure.text
    page = (row.extra or {}).get("more_info", row.code)  # that of 20503 is named by its status
    body["more_info"] = f"https://www.twilio.com/docs/errors/{page}"
    body["status"] = row.http_status
    if suffix(call):  # spaced as recorded: clients show this body to people as it is
        answer = _reply(exchange, row.http_status, json.dumps(body).encode(), "application/json")
    else:
        answer = _reply(exchange, row.http_status, xml("RestException", body), "application/xml")
    if row.http_status == 401:
        answer.headers.append(("WWW-Authenticate", 'Basic realm="Twilio API"'))
    return answer


def suffix(call: Call) -> str:
    """What a URI in an answer to this call ends in: ".json", or nothing where XML was asked for."""
    path = call.path
    return "" if path.startswith("/2010-04-01") and not path.endswith(".json") else ".json"


def _reply(exchange: Exchange, status: int, body: bytes, media_type: str) -> Reply:
    return Reply(status, body, [("Content-Type", media_type), *_headers(exchange)])


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    provider = exchange.provider
    under_way = exchange.world.under_way(provider.name, exchange.now) + 1
    return [
        *_HEADERS,
        ("X-API-Domain", provider.hosts[0]),
        ("Twilio-Concurrent-Requests", str(under_way)),
        ("Twilio-Request-Id", "RQ" + exchange.world.chance.hex(32)),
    ]


def xml(root: str, body: Mapping[str, Any]) -> bytes:
    """The XML form: element names in CamelCase, null as an empty element. Of a page the records
    are elements, and what tells its place are attributes without underscores."""
    top = Element("TwilioResponse")
    rows = next((name for name, value in body.items() if isinstance(value, list)), "")
    if rows:
        place = {
            k.replace("_", ""): "" if v is None else str(v) for k, v in body.items() if k != rows
        }
        listed = SubElement(top, _camel(rows), place)
        for row in body[rows]:
            _fill(SubElement(listed, root), row)
    else:
        _fill(SubElement(top, root), body)
    text: str = tostring(top, "unicode")
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{text}".encode()


def _fill(parent: Element, body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        child = SubElement(parent, _camel(name))
        if isinstance(value, dict):
            _fill(child, value)
        elif value is not None:
            child.text = markup.plain(str(value))


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def date(epoch: float) -> str:
    """RFC 2822 with a numeric zone."""
    return _date(int(epoch))


@lru_cache(maxsize=64)
def _date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def iso(epoch: float) -> str:
    """ISO 8601 to the second, as messaging.twilio.com writes dates."""
    return datetime.fromtimestamp(int(epoch), UTC).isoformat().replace("+00:00", "Z")


MAX_SIZE = 1000


class Wanted(NamedTuple):
    """Which page was asked for: how many records, its number, and the token it was given by."""

    size: int
    number: int
    token: str


def wanted(query: Fields) -> Wanted:
    """The page asked for. Raises `Refusal` for one that is too large."""
    size = _number(query, "PageSize") or 50
    if size > MAX_SIZE:
        raise Refusal("20007")
    return Wanted(size, _number(query, "Page"), first(query, "PageToken"))


def _number(query: Fields, name: str) -> int:
    return whole(first(query, name), 0, 10**9) or 0


def page(
    exchange: Exchange,
    key: str,
    records: Sequence[dict[str, Any]],
    page: Wanted,
    *,
    previous: str = "",
    following: str = "",
) -> dict[str, Any]:
    """A 2010-04-01 page: no other keys, since clients take the one they do not know for the
    records. `previous` and `following` are the tokens of the pages around it."""
    query: Fields = exchange.document["query"]
    kept = [(k, v) for k, v in query.items() if k not in ("Page", "PageToken", "PageSize")]

    def uri(number: int, token: str) -> str:
        pairs = [*kept, ("PageSize", page.size), ("Page", number)]
        pairs += [("PageToken", token)] if token else []
        asked = urlencode(pairs, doseq=True, quote_via=quote)
        return f"{quote(exchange.call.path)}?{asked}"

    start = page.number * page.size
    return {
        "end": start + max(len(records) - 1, 0),
        "first_page_uri": uri(0, ""),
        "next_page_uri": uri(page.number + 1, following) if following else None,
        "page": page.number,
        "page_size": page.size,
        "previous_page_uri": uri(max(page.number - 1, 0), previous) if previous else None,
        key: list(records),
        "start": start,
        "uri": uri(page.number, page.token),
    }


def meta(exchange: Exchange, key: str, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A v1 page of all `records`: its place under `meta`, with absolute URLs."""
    page = wanted(exchange.document["query"])
    return page_of(exchange, key, records[page.number * page.size :], page)


def page_of(
    exchange: Exchange, key: str, records: Sequence[dict[str, Any]], page: Wanted
) -> dict[str, Any]:
    """A v1 page of the `records` from its first one on; there is another where there are more."""
    query: Fields = exchange.document["query"]
    kept = [(k, v) for k, v in query.items() if k not in ("Page", "PageToken", "PageSize")]

    def url(number: int) -> str:
        pairs = [*kept, ("PageSize", page.size), ("Page", number)]
        asked = urlencode(pairs, doseq=True, quote_via=quote)
        return f"{base(exchange)}{exchange.call.path}?{asked}"

    return {
        "meta": {
            "page": page.number,
            "page_size": page.size,
            "first_page_url": url(0),
            "previous_page_url": url(page.number - 1) if page.number else None,
            "url": url(page.number),
            "next_page_url": url(page.number + 1) if len(records) > page.size else None,
            "key": key,
        },
        key: list(records[: page.size]),
    }


def base(exchange: Exchange) -> str:
    """What absolute URLs begin with: the address the client itself used."""
    call = exchange.call
    prefix = unquote(call.raw_path).removesuffix(call.path)
    return f"{call.scheme}://{call.host or 'messaging.twilio.com'}{prefix}"


def masked(number: str) -> str:
    """A number with its last four digits hidden, as error texts show it."""
    return f"{number[:-4]}XXXX"


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """The values of every placeholder in the catalogue."""
    form = exchange.document.get("body") or {}
    to = draft.number if draft is not None else first(form, "To")
    own = exchange.credentials.get("account_sid", "")
    return {
        **basic_placeholders(exchange, draft),
        "path": exchange.call.path.removeprefix("/v1"),
        "to": to,
        "to_masked": masked(to),
        "from": (draft.sender if draft is not None else "") or first(form, "From"),
        "sid": first(form, "MessagingServiceSid"),
        "url": first(form, "StatusCallback"),
        "account_sid": exchange.params.get("account_sid", own),
        "limit": 50,  # the daily cap seen on trial accounts, row 63038
    }
