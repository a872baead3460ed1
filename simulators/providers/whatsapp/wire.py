"""What all of the Graph API has in common: who asks, what it is about, answers and errors.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from simulators.kernel import credentials, reading
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.provider import Document, Exchange, Failure, Refusal

JSON = "application/json; charset=UTF-8"
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}")
# What stands before the ids that accounts are found by: nobody has an app's id for a token.
APP, TOKEN = "app:", "token:"
_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Cache-Control", "private, no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "Sat, 01 Jan 2000 00:00:00 GMT"),
)


def read(call: Call) -> Document:
    """JSON, or a form in which objects and lists stand as JSON."""
    query = reading.fields(call.query) if call.query else {}
    body = reading.body(call)
    if call.content_type != "application/json" and isinstance(body, dict):
        body = {name: _unfolded(value) for name, value in body.items()}
    return document(call.method, call.path, call.headers, query, body)


def _unfolded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return reading.written(value)
        except reading.Unreadable:
            pass
    return value


def token(exchange: Exchange) -> str:
    """The access token: a parameter, or else what stands behind Bearer. So pywa asks with an app's
    token, whose session has a person's in its header."""
    named = parameter(exchange, "access_token")
    scheme, _, given = exchange.call.headers.get("authorization", "").partition(" ")
    return named or (given.strip() if scheme.lower() == "bearer" else "")


def parameter(exchange: Exchange, name: str) -> str:
    """A text of the query or of the body, "" where there is none."""
    query = reading.first(exchange.document["query"], name)
    value = query or body(exchange).get(name, "")
    return value if isinstance(value, str) else str(value)


def body(exchange: Exchange) -> Mapping[str, Any]:
    """The fields of the body, none where it is no object."""
    found = exchange.document["body"]
    return found if isinstance(found, dict) else {}


def identify(exchange: Exchange) -> str | None:
    """An access token is an account's. That of an app is its id and its secret with a bar between
    them; who asks for one has the id as `client_id`."""
    given = token(exchange)
    if not given:
        app = parameter(exchange, "client_id")
        return f"{APP}{app}" if app else None
    app, bar, _secret = given.partition("|")
    return f"{APP}{app}" if bar else f"{TOKEN}{given}"


def authenticate(exchange: Exchange) -> None:
    """A token of a person proves what it was found by. An app's must have its secret; without any
    token there is but one thing to ask for, with the app's secret. Only then is the path looked at.
    """
    secret, given = exchange.credentials["app_secret"], token(exchange)
    if not given:
        if exchange.endpoint is None or exchange.endpoint.operation != "app-token":
            raise Refusal(Problem.NO_CREDENTIALS)
        if not credentials.same(secret, parameter(exchange, "client_secret")):
            raise Refusal("1/secret")
    elif is_an_app_s(exchange) and not credentials.same(secret, given.partition("|")[2]):
        raise Refusal(Problem.UNAUTHENTICATED)
    if not _VERSION.fullmatch(exchange.params.get("version", "v0.0")):
        raise Refusal(Problem.NOT_FOUND, path=exchange.call.path)


def is_an_app_s(exchange: Exchange) -> bool:
    """Whether an app asks by a token of its own, and no person."""
    return "|" in token(exchange)


def owned(exchange: Exchange, *names: str) -> str:
    """Which of these credentials the object in the path is. Raises `Refusal` for what is not
    there, or another's: both are told alike."""
    node = exchange.params["node"]
    for name in names:
        if node == exchange.credentials[name]:
            return name
    raise unsupported(exchange)


def unsupported(exchange: Exchange) -> Refusal:
    """There is no such object, or it cannot do this."""
    return Refusal("100/33", id=exchange.params.get("node", ""), verb=exchange.call.method.lower())


def required(name: str) -> Refusal:
    """A parameter is missing."""
    return Refusal("100/required", name=name)


def text_of(value: Any, name: str, within: str = "") -> str:
    """A text that has to be there, of an object; `within` is the object's own name."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        raise required(f"{within}['{name}']" if within else name)
    return found


def answer(exchange: Exchange, value: Any, status: int = 200) -> Reply:
    """JSON, with the version that was asked for."""
    version = exchange.params.get("version", "")
    told = (("facebook-api-version", version),) if _VERSION.fullmatch(version) else ()
    return Reply.json(status, value, *_HEADERS, *told, kind=JSON)


def done(exchange: Exchange) -> Reply:
    """It was done."""
    return answer(exchange, {"success": True})


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """`error` with its message, type and code; WhatsApp's own say more in `error_data`. Those of
    tokens stand in a header as well."""
    row = failure.row
    extra = row.extra or {}
    error: dict[str, Any] = {
        "message": failure.text,
        "type": extra.get("type", "OAuthException"),
        "code": row.code,
    }
    if "subcode" in extra:
        error["error_subcode"] = extra["subcode"]
    for name in ("error_user_title", "error_user_msg", "is_transient"):
        if name in extra:
            error[name] = extra[name]
    if "details" in extra:
        details = _filled(extra["details"], {**(row.defaults or {}), **failure.values})
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    trace = urlsafe_b64encode(bytes.fromhex(exchange.world.chance.hex(32))).decode().rstrip("=")
    error["fbtrace_id"] = f"A{trace}"
    reply = answer(exchange, {"error": error}, row.http_status)
    if "challenge" in extra:
        said = f'OAuth "Facebook Platform" "{extra["challenge"]}" "{failure.text}"'
        reply.headers.append(("WWW-Authenticate", said))
    return reply


def _filled(text: str, values: Mapping[str, object]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


def chosen(exchange: Exchange, value: dict[str, Any], always: tuple[str, ...] = ("id",)) -> Any:
    """The fields of an object that are asked for by `fields`, all where none are; its id always."""
    wanted = parameter(exchange, "fields")
    if not wanted:
        return value
    names = {*always, *(name.partition("{")[0] for name in wanted.split(","))}
    return {name: found for name, found in value.items() if name in names}


def paged(exchange: Exchange, items: list[Any]) -> dict[str, Any]:
    """Some of a list, and where the others are. A cursor is a place in the list."""
    limit = _number(parameter(exchange, "limit"), 25)
    start = _place(parameter(exchange, "after"))
    page = items[start : start + limit]
    told: dict[str, Any] = {"data": page}
    if page:
        ends = (str(start - 1), str(start + len(page) - 1))
        told["paging"] = {
            "cursors": dict(zip(("before", "after"), map(_cursor, ends), strict=True))
        }
    return told


def _cursor(place: str) -> str:
    return urlsafe_b64encode(place.encode()).decode()


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) and int(text) else default


def _place(cursor: str) -> int:
    for place in range(1, 251):
        if _cursor(str(place - 1)) == cursor:
            return place
    return 0
