"""Twilio's envelope: forms in, JSON or XML out, dates, headers."""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson

from simulators.kernel import reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange

# Recorded on successes and refusals alike, 2018 to 2023; of the CORS set only the origin.
_HEADERS = [
    ("Access-Control-Allow-Origin", "*"),
    ("X-Powered-By", "AT-5000"),
    ("X-Shenanigans", "none"),
    ("X-Home-Region", "us1"),
    ("X-API-Domain", "api.twilio.com"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Twilio-Concurrent-Requests", "1"),
    ("Twilio-Request-Duration", "0.080"),
]


def read(call: Call) -> Document:
    """Only forms are read: a JSON body is, to Twilio, a request without parameters."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.form(call))


def reply(exchange: Exchange, status: int, body: dict[str, Any], root: str) -> Reply:
    """JSON for paths that end in .json, XML for those without."""
    headers = [*_HEADERS, ("Twilio-Request-Id", "RQ" + exchange.world.chance.hex(32))]
    path = exchange.call.path
    if path.startswith("/2010-04-01") and not path.endswith(".json"):
        return Reply(status, xml(root, body), [("Content-Type", "application/xml"), *headers])
    return Reply(status, orjson.dumps(body), [("Content-Type", "application/json"), *headers])


def xml(root: str, body: dict[str, Any]) -> bytes:
    """The XML form: element names in CamelCase, null as an empty element."""
    top = Element("TwilioResponse")
    _fill(SubElement(top, root), body)
    text: str = tostring(top, "unicode")
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{text}".encode()


def _fill(parent: Element, body: dict[str, Any]) -> None:
    for name, value in body.items():
        child = SubElement(parent, "".join(part.capitalize() for part in name.split("_")))
        if isinstance(value, dict):
            _fill(child, value)
        elif value is not None:
            child.text = str(value)


def date(epoch: float) -> str:
    """RFC 2822 with a numeric zone."""
    return _date(int(epoch))


@lru_cache(maxsize=64)
def _date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def masked(number: str) -> str:
    """A number with its last four digits hidden, as error texts show it."""
    return f"{number[:-4]}XXXX"
