"""Twilio's envelope: forms in, JSON or XML out, dates, headers."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange, Failure

# Recorded on successes and refusals alike, 2018 to 2023; of the CORS set only the origin.
_HEADERS = [
    ("Access-Control-Allow-Origin", "*"),
    ("X-Powered-By", "AT-5000"),
    ("X-Shenanigans", "none"),
    ("X-Home-Region", "us1"),
    ("X-API-Domain", "api.twilio.com"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Twilio-Request-Duration", "0.080"),
]
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
        body["detail"] = "Your AccountSid or AuthToken was incorrect."
    body["message"] = failure.text
    body["more_info"] = f"https://www.twilio.com/docs/errors/{row.code}"
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
    under_way = exchange.world.held["twilio"] + 1
    return [
        *_HEADERS,
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
            child.text = _NOT_XML.sub("\ufffd", str(value))


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
