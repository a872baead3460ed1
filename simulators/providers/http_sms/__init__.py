"""A service of one's own that takes SMS over HTTP: the receiver of Logto's HTTP SMS connector.

Reference: https://docs.logto.io/connectors/sms-connectors/http-sms
Many shapes come in: the connector's webhook `{to, type, payload, ip?}`, what other auth systems
post (`profiles.py`, a row a system), and the generic form whose field names its sender chooses.
There is no vendor, so the refusals are this project's own; any path is served.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import orjson

from simulators.kernel import catalogue, credentials, judges, schemas
from simulators.kernel.call import JSON, Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Condition,
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Provider,
    Refusal,
    Send,
    accept_all,
)
from simulators.kernel.script import raw
from simulators.providers.http_sms import profiles, receive, signatures
from simulators.providers.http_sms.profiles import OPERATIONS, PROFILES, Profile

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
    """The Authorization header as it came; without one, a path of one's own, and so with one that
    names nobody: a token that is another each time, or a user and a password."""
    given = exchange.call.headers.get("authorization")
    path = exchange.call.path
    if not path.startswith("/hooks/"):
        return given
    nobody = given and (signatures.is_token(given) or credentials.basic(exchange.call))
    return path if nobody else given or path


def authenticate(exchange: Exchange) -> None:
    """The header that the account was found by must be the account's, to the letter; where the
    account has set a secret, a profile with signatures wants the right one."""
    given = exchange.credential or ""
    header = exchange.call.headers.get("authorization")
    if header == given and not credentials.same(exchange.credentials["authorization"], given):
        raise Refusal(Problem.UNAUTHENTICATED)
    verify = profiles.of(exchange).verify
    secret = exchange.world.load(receive.SETTINGS, {}).get("secret") if verify else None
    if verify and secret:
        verify(exchange, secret)


def parse(exchange: Exchange) -> list[Draft]:
    """The one message of a request, as its profile reads it."""
    return [receive.draft(profiles.of(exchange).read(exchange))]


def answer(exchange: Exchange) -> Reply:
    """200 and what the profile's system takes for success, or what the account has set."""
    wanted = exchange.world.load(receive.SETTINGS, {}).get("answer")
    if wanted is not None:
        return raw(wanted)
    return Reply(200, profiles.of(exchange).taken, [("Content-Type", JSON)])


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """As the profile's system reads it."""
    return profiles.of(exchange).refuse(failure)


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
    if not isinstance(found, dict) or "type" not in found:
        return False
    return all(
        isinstance(value, dict) for name, value in found.items() if name not in _BESIDE_PAYLOAD
    )


_BESIDE_PAYLOAD = frozenset({"to", "type", "ip"})


def _when(profile: Profile) -> Condition:
    if profile is profiles.CONNECTOR:
        return is_webhook
    return accept_all if profile is profiles.GENERIC else profile.recognises


def endpoints(path: str) -> tuple[Endpoint, ...]:
    """One for each profile at one path, the generic form's by either method and last."""
    return tuple(
        Endpoint(
            operation=operation,
            method=method,
            path=path,
            read=receive.read,
            does=Send(parse, answer),
            when=_when(profile),
        )
        for operation, profile in OPERATIONS.items()
        for method in profile.methods
    )


_ALL = endpoints("/")
_CHOSEN = {
    profile.name: [replace(one, when=accept_all) for one in _ALL if one.operation == operation]
    for operation, profile in OPERATIONS.items()
}
# Whose account has set where recipient and text stand sends Logto's form or a generic one.
_NO_SYSTEM = [one for one in _ALL if OPERATIONS[one.operation] not in profiles.SYSTEMS]


def chosen(exchange: Exchange, candidates: Sequence[Endpoint]) -> Sequence[Endpoint]:
    """The endpoints of the profile that the account has chosen, else all, to be recognised by."""
    settings = exchange.world.load(receive.SETTINGS)
    if not settings or not candidates:
        return candidates
    if "profile" in settings:
        return _CHOSEN[settings["profile"]]
    return _NO_SYSTEM if {"to", "text"} & settings.keys() else candidates


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
_SECRET = {
    "type": "string",
    "minLength": 1,
    "maxLength": 500,
    "description": "a text of 1 to 500 characters",
}
_STATUS = {"type": "integer", "minimum": 200, "maximum": 599, "description": "200 to 599"}
SETTINGS = MappingProxyType(
    {
        "http_sms": schemas.record(
            to=_PLACES,
            text=_PLACES,
            type=_PLACES,
            profile=schemas.one_of(*PROFILES),
            secret=_SECRET,
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
    chosen=chosen,
    lifecycles=LIFECYCLES,
    endpoints=(*endpoints("/"), *endpoints("/<path:rest>")),
    credentials=CREDENTIALS,
    identify=identify,
    authenticate=authenticate,
    refuse=refuse,
    message_id=message_id,
    judges=(judges.active, judges.region, judges.opted_out, judges.credit),
    emulates=(
        *((one.title, one.extent, one.reference) for one in PROFILES.values()),
        (
            "answers",
            "200 {} or any status, headers and body set per account; refusals are our own",
            "no vendor",
        ),
    ),
)
