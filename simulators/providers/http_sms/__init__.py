"""A service of one's own that takes SMS over HTTP: the receiver of Logto's HTTP SMS connector.

Reference: https://docs.logto.io/connectors/sms-connectors/http-sms
Two shapes come in: the webhook `{to, type, payload, ip?}`, and the generic form whose field names
its sender chooses. There is no vendor, so the refusals are this project's own; any path is served.
"""

from types import MappingProxyType

import orjson

from simulators.kernel import catalogue, credentials, judges, schemas
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Draft, Endpoint, Exchange, Failure, Provider, Refusal, Send
from simulators.providers.http_sms import receive

# Every problem has a row of the same name: with no vendor there is no other vocabulary.
PROBLEMS = MappingProxyType({problem: problem.value for problem in Problem})

STATES = MappingProxyType({"accepted": State.ACCEPTED, "delivered": State.DELIVERED})

LIFECYCLES = MappingProxyType({"taken": (Step(0, "accepted"), Step(2, "delivered"))})

# An Authorization header, and a path for connectors that are configured without one.
CREDENTIALS = (
    Credential(
        "authorization",
        "Bearer fake-http-sms-token",
        make=lambda chance: f"Bearer {chance.hex(32)}",
        at=("header.authorization",),
        identifies=True,
        secret=True,
    ),
    Credential(
        "path",
        "/hooks/fake-http-sms-key",
        make=lambda chance: f"/hooks/{chance.hex(24)}",
        at=("path./hooks/",),
        identifies=True,
        secret=True,
    ),
)


def identify(exchange: Exchange) -> str | None:
    """The Authorization header as it came; without one, a path of one's own."""
    given = exchange.call.headers.get("authorization")
    path = exchange.call.path
    return given or (path if path.startswith("/hooks/") else None)


def authenticate(exchange: Exchange) -> None:
    """The header must be the account's, to the letter."""
    given = exchange.call.headers.get("authorization")
    if given and not credentials.same(exchange.credentials["authorization"], given):
        raise Refusal(Problem.UNAUTHENTICATED)


def refuse(_exchange: Exchange, failure: Failure) -> Reply:
    """`{"error": code, "message": text}`: Logto shows the body as it is."""
    status = failure.row.http_status
    challenge = [("WWW-Authenticate", "Bearer")] if status == 401 else []
    return Reply.json(status, {"error": failure.row.code, "message": failure.text}, *challenge)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """A UUID; the sender never sees it."""
    return exchange.world.chance.uuid()


def is_webhook(call: Call) -> bool:
    """Whether a body is the connector's own: `payload` is a name nobody else would choose. Without
    it, a type and nothing that the generic form could have a text in is the connector's, too."""
    if call.content_type != "application/json":
        return False
    return b'"payload"' in call.body or (b'"type"' in call.body and _has_no_text(call.body))


def _has_no_text(body: bytes) -> bool:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and all(
        isinstance(value, dict) for name, value in found.items() if name not in _BESIDE_PAYLOAD
    )


_BESIDE_PAYLOAD = frozenset({"to", "type", "ip"})


def endpoints(path: str) -> tuple[Endpoint, ...]:
    """The webhook, and the generic form by either method, at one path."""
    webhook = Endpoint(
        operation="send-webhook",
        method="POST",
        path=path,
        read=receive.read,
        does=Send(receive.parse_webhook, receive.answer),
        when=is_webhook,
    )
    generic = [
        Endpoint(
            operation="send-generic",
            method=method,
            path=path,
            read=receive.read,
            does=Send(receive.parse_generic, receive.answer),
        )
        for method in ("POST", "GET")
    ]
    return webhook, *generic


_PLACES = schemas.many(
    {
        "type": "string",
        "pattern": "^(query|body|header):.{1,100}$",
        "description": "query:NAME, body:NAME or header:NAME",
    }
)
_HEADER = {"type": "string", "pattern": "^[ -~]*$", "description": "printable ASCII"}
_HEADERS = {
    "type": "object",
    "propertyNames": {"pattern": "^[A-Za-z0-9-]+$"},
    "additionalProperties": _HEADER,
    "description": "an object of header names and values",
}
_BODY = {"type": ["string", "object", "array"], "description": "a text, or JSON"}
_STATUS = {"type": "integer", "minimum": 200, "maximum": 599, "description": "200 to 599"}
SETTINGS = MappingProxyType(
    {
        "http_sms": schemas.record(
            to=_PLACES,
            text=_PLACES,
            type=_PLACES,
            answer=schemas.record(status=_STATUS, headers=_HEADERS, body=_BODY),
        )
    }
)


PROVIDER = Provider(
    name="http_sms",
    title="HTTP SMS webhook",
    hosts=("sms-webhook.example.com",),
    reference="https://docs.logto.io/connectors/sms-connectors/http-sms",
    catalogue=catalogue.load("http_sms"),
    problems=PROBLEMS,
    states=STATES,
    settings=SETTINGS,
    lifecycles=LIFECYCLES,
    endpoints=(*endpoints("/"), *endpoints("/<path:rest>")),
    credentials=CREDENTIALS,
    identify=identify,
    authenticate=authenticate,
    refuse=refuse,
    message_id=message_id,
    judges=(judges.active, judges.region, judges.opted_out, judges.credit),
    emulates=(
        (
            "the connector's webhook {to, type, payload, ip?}",
            "any path and host routed here; Authorization verbatim, or a path of one's own",
            "https://docs.logto.io/connectors/sms-connectors/http-sms",
        ),
        (
            "the generic form",
            "GET or POST; query, JSON, form or headers; field names configurable per account",
            "https://docs.logto.io/connectors/sms-connectors/http-sms",
        ),
        (
            "answers",
            "200 {} or any status, headers and body set per account; refusals are our own",
            "no vendor",
        ),
    ),
)
