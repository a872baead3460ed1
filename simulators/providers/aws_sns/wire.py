"""The Query API: a form or a query in, XML out.

https://docs.aws.amazon.com/sns/latest/api/CommonParameters.html. A list is `name.member.1`, a map
`name.entry.1.key` and `name.entry.1.value`. Every answer names its request twice, in the body and
in the header `x-amzn-RequestId`.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from simulators.kernel import markup, phone, reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Draft, Exchange, Failure, Refusal
from simulators.kernel.provider import basic_placeholders as basic
from simulators.kernel.reading import Fields, first, whole

VERSION = "2010-03-31"
NAMESPACE = f"http://sns.amazonaws.com/doc/{VERSION}/"
_ACTION = re.compile(rb"(?:^|&)Action=([^&]*)")
_VERSION = re.compile(rb"(?:^|&)Version=([^&]*)")
_DIGITS = re.compile(r"\+?[1-9][0-9]{1,14}")
_NAME = re.compile(r"[A-Za-z0-9.-]{1,60}")


class Entries(dict[str, str]):
    """A map in an answer, whose names are data: `<entry><key>...</key><value>...`."""


def action(call: Call) -> str:
    """The operation that a request names, "" for none."""
    return _named(call, _ACTION)


def named_action(call: Call) -> tuple[str, str]:
    """Where an operation is named, and how."""
    in_query = call.method == "GET" or (call.query and _ACTION.search(call.query.encode()))
    return "query.Action" if in_query else "body.Action", action(call)


def _named(call: Call, pattern: re.Pattern[bytes]) -> str:
    named = _of_body(call.body, pattern) if call.method != "GET" else None
    if named is not None:
        return named
    found = pattern.search(call.query.encode()) if call.query else None
    return found[1].decode("latin-1") if found else ""


@lru_cache(8)
def _of_body(body: bytes, pattern: re.Pattern[bytes]) -> str | None:
    """What a body names, None for nothing. Several steps ask for it, and a body may be a MiB: it
    is gone through once."""
    found = pattern.search(body)
    return found[1].decode("latin-1") if found else None


def asks_for(call: Call) -> tuple[str, str]:
    """Operation and version as error texts may quote them: what is no name is not repeated."""
    named, version = action(call), _named(call, _VERSION) or "NO_VERSION_SPECIFIED"
    return _shown(named), _shown(version)


def _shown(text: str) -> str:
    return text if _NAME.fullmatch(text) else "-"


def read(call: Call) -> Document:
    """Parameters come in a form, in the query, or in both."""
    query: Fields = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.form(call))


def parameters(exchange: Exchange) -> Fields:
    """The parameters of query and form together."""
    query: Fields = exchange.document.get("query") or {}
    form: Fields = exchange.document.get("body") or {}
    return {**query, **form} if query and form else query or form


def required(params: Fields, name: str) -> str:
    """A parameter that has to be there."""
    value = first(params, name)
    if not value:
        raise missing(name)
    return value


def missing(name: str) -> Refusal:
    """What is said where a member that the model requires is not there."""
    lower = f"{name[0].lower()}{name[1:]}"
    told = f"Value null at '{lower}' failed to satisfy constraint: Member must not be null"
    return Refusal(Problem.MALFORMED, detail=told)


def members(params: Fields, name: str) -> list[str]:
    """The values of a list, in order."""
    return list(_numbered(params, f"{name}.member.{{}}"))


def entries(params: Fields, name: str) -> dict[str, str]:
    """A map."""
    keys = _numbered(params, f"{name}.entry.{{}}.key")
    return {k: first(params, f"{name}.entry.{n}.value") for n, k in enumerate(keys, 1)}


def _numbered(params: Fields, form: str) -> Iterator[str]:
    at = 1
    while form.format(at) in params:
        yield first(params, form.format(at))
        at += 1


def read_number(text: str) -> phone.Number | None:
    """E.164, None if it is none; the plus may be left out."""
    if not _DIGITS.fullmatch(text):
        return None
    found = phone.parse(f"+{text.lstrip('+')}")
    return found if found is not None and found.possible else None


def count(params: Fields, name: str, most: int) -> int:
    """A page size, the most where none is asked for."""
    text = first(params, name) or str(most)
    found = whole(text, 1, most)
    if found is None:
        told = f"Value '{text[:20]}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint"
        raise Refusal(
            Problem.MALFORMED, detail=f"{told}: Member must have value between 1 and {most}"
        )
    return found


def page(
    params: Fields, name: str, items: Sequence[Any], size: int
) -> tuple[Sequence[Any], str | None]:
    """The items from a token on, and the token of those behind them, None for none."""
    at = place(params, name)
    following = at + size
    return items[at:following], token(following) if following < len(items) else None


def token(at: int) -> str:
    """What names a place in a list to a client, which makes nothing of it."""
    return base64.b64encode(f"from {at}".encode()).decode()


def place(params: Fields, name: str) -> int:
    """The place that a token names, 0 without one. Raises `Refusal` for another's."""
    text = first(params, name)
    if not text:
        return 0
    try:
        said, _, at = base64.b64decode(text, validate=True).decode("ascii").partition(" ")
    except (binascii.Error, ValueError):
        said = at = ""
    if said == "from" and at.isdigit() and len(at) < 9:
        return int(at)
    raise Refusal("InvalidParameter/token", name=name)


def succeed(exchange: Exchange, result: Mapping[str, Any]) -> Reply:
    """The answer of an operation that was carried out; what is None is left out."""
    assert exchange.endpoint is not None  # noqa: S101 - it was carried out
    name, identifier = exchange.endpoint.action, exchange.world.chance.uuid()
    told = f'<{name}Response xmlns="{NAMESPACE}">{_element(f"{name}Result", result)}'
    told += f"{_element('ResponseMetadata', {'RequestId': identifier})}</{name}Response>"
    return _reply(exchange, 200, told, identifier)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """A refusal: whose fault it is, code and text."""
    row, identifier = failure.row, exchange.world.chance.uuid()
    fault = "Receiver" if row.http_status >= 500 else "Sender"
    more = (row.extra or {}).get("fields", {})
    error = {"Type": fault, "Code": row.code, "Message": failure.text, **more}
    told = f'<ErrorResponse xmlns="{NAMESPACE}">{_element("Error", error)}'
    told += f"{_element('RequestId', identifier)}</ErrorResponse>"
    return _reply(exchange, row.http_status, told, identifier)


def _reply(exchange: Exchange, status: int, told: str, identifier: str) -> Reply:
    headers = [
        ("x-amzn-RequestId", identifier),
        ("Content-Type", "text/xml"),
        ("Date", formatdate(exchange.now, usegmt=True)),  # by which SDKs set their own clocks
    ]
    return Reply(status, told.encode(), headers, dated=True)


def _element(name: str, value: Any) -> str:
    if isinstance(value, Entries):
        pairs = ({"key": key, "value": inner} for key, inner in value.items())
        inner = "".join([_element("entry", pair) for pair in pairs])
    elif isinstance(value, Mapping):
        inner = "".join([_element(key, one) for key, one in value.items() if one is not None])
    elif isinstance(value, list | tuple):
        inner = "".join([_element("member", item) for item in value])
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = markup.escaped(str(value))
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """What error texts may speak of: the operation, and who asked for it."""
    named, version = asks_for(exchange.call)
    account = exchange.credentials.get("account_id", "123456789012")
    values = {**basic(exchange, draft), "action": named, "version": version, "account": account}
    return values if draft is not None else {**values, "to": "*"}


def unknown_action(exchange: Exchange) -> Reply:
    """No operation, or none of that name here."""
    raise Refusal(Problem.NOT_FOUND if action(exchange.call) else "MissingAction")
