"""Twilio Programmable Messaging, API version 2010-04-01.

Reference: https://www.twilio.com/docs/messaging/api/message-resource
A request is refused as a whole. With a Messaging Service whatever depends on the sender is found
out only after the 201, and shows as a status.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges, proof
from simulators.kernel.call import Reply
from simulators.kernel.clock import Chance
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.problem import Problem
from simulators.kernel.provider import (
    Credentials,
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Provider,
    Refusal,
)
from simulators.providers.twilio import create, receipts, texts, wire

CATALOGUE = catalogue.load("twilio")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "20422",
        Problem.TOO_LARGE: "20001",
        Problem.NOT_FOUND: "20404",
        Problem.METHOD_NOT_ALLOWED: "20004",
        Problem.NO_CREDENTIALS: "20003",
        Problem.UNKNOWN_CREDENTIALS: "20003/username",
        Problem.UNAUTHENTICATED: "20003",
        Problem.EXPIRED: "20003",
        Problem.REPLAYED: "20003",
        Problem.FORBIDDEN: "20006",
        Problem.SUSPENDED: "20005",
        Problem.NO_CREDIT: "20005",
        Problem.THROTTLED: "20429",
        Problem.MISSING_RECIPIENT: "21604",
        Problem.BAD_RECIPIENT: "21211",
        Problem.TOO_MANY_RECIPIENTS: "21211",
        Problem.REGION_NOT_ALLOWED: "21408",
        Problem.OPTED_OUT: "21610",
        Problem.MISSING_SENDER: "21603",
        Problem.BAD_SENDER: "21606",
        Problem.MISSING_TEXT: "21602",
        Problem.TEXT_TOO_LONG: "21617",
        Problem.TEMPLATE_UNKNOWN: "21655",
        Problem.TEMPLATE_MISMATCH: "21656",
        Problem.INTERNAL: "20500",
        Problem.UNAVAILABLE: "20503",
    }
)

STATES = MappingProxyType(
    {
        "scheduled": State.SCHEDULED,
        "accepted": State.ACCEPTED,
        "queued": State.ACCEPTED,
        "sending": State.ACCEPTED,
        "sent": State.SENT,
        "delivered": State.DELIVERED,
        "undelivered": State.UNDELIVERED,
        "failed": State.FAILED,
        "canceled": State.CANCELED,
        "read": State.DELIVERED,
    }
)

# https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
LIVES = MappingProxyType(
    {
        "number": (
            Step(0, "queued"),
            Step(0.5, "sending"),
            Step(1, "sent"),
            Step(3, "delivered"),
        ),
        "service": (
            Step(0, "accepted"),
            Step(0.3, "queued"),
            Step(0.8, "sending"),
            Step(1.2, "sent"),
            Step(3.2, "delivered"),
        ),
    }
)

LIMITS = (
    Limit(
        name="sender-queue",
        permits=36_000,  # ten hours of segments at the one segment a second of a US long code
        seconds=36_000,
        kind="queue",
        key=("sender",),
        error="21611",
        source="https://www.twilio.com/docs/api/errors/21611",
    ),
)

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

DEFAULT_CREDENTIALS = MappingProxyType(
    {
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "auth_token": "fedcba9876543210fedcba9876543210",
        "api_key_sid": "SK11112222333344445555666677778888",
        "api_key_secret": "FakeApiKeySecretFakeApiKeySecret",
        "test_account_sid": "AC" + "7e57" * 8,
        "test_auth_token": "57e7" * 8,
        "number": "+15005550006",
        "messaging_service_sid": "MG00112233445566778899aabbccddeeff",
    }
)


def new_credentials(chance: Chance) -> dict[str, str]:
    """Well-formed credentials for a new account."""
    return {
        "account_sid": "AC" + chance.hex(32),
        "auth_token": chance.hex(32),
        "api_key_sid": "SK" + chance.hex(32),
        "api_key_secret": chance.letters(
            32, "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        ),
        "test_account_sid": "AC" + chance.hex(32),
        "test_auth_token": chance.hex(32),
        "number": "+1500555" + chance.digits(4),
        "messaging_service_sid": "MG" + chance.hex(32),
    }


def credential_ids(credentials: Credentials) -> tuple[str, ...]:
    """The Basic user names an account is known by."""
    return tuple(credentials[f"{name}_sid"] for name in ("account", "api_key", "test_account"))


def identify(exchange: Exchange) -> str | None:
    """The Basic user name."""
    pair = proof.basic(exchange.call)
    return pair[0] if pair else None


def authenticate(exchange: Exchange) -> None:
    """Basic with the account SID, an API key or the test SID; then the account in the path."""
    known = exchange.credentials
    user, password = proof.basic(exchange.call) or ("", "")
    secrets = {
        known["account_sid"]: known["auth_token"],
        known["api_key_sid"]: known["api_key_secret"],
        known["test_account_sid"]: known["test_auth_token"],
    }
    if not proof.same(secrets[user], password):
        raise Refusal(Problem.UNAUTHENTICATED)
    test = user == known["test_account_sid"]
    if test and getattr(exchange.endpoint, "operation", "") != "create-message":
        raise Refusal("20008")
    path_account = exchange.params.get("account_sid")
    own = known["test_account_sid" if test else "account_sid"]
    if path_account is not None and path_account != own:
        raise Refusal(Problem.NOT_FOUND, path=exchange.call.path)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """The error envelope; 20003 carries a `detail` and a challenge."""
    row = failure.row
    body: dict[str, object] = {"code": row.code}
    if row.key == "20003":
        body["detail"] = "Your AccountSid or AuthToken was incorrect."
    body["message"] = failure.text
    body["more_info"] = f"https://www.twilio.com/docs/errors/{row.code}"
    body["status"] = row.http_status
    reply = wire.reply(exchange, row.http_status, body, root="RestException")
    if row.http_status == 401:
        reply.headers.append(("WWW-Authenticate", 'Basic realm="Twilio API"'))
    return reply


def message_id(exchange: Exchange, draft: Draft) -> str:
    """SM for an SMS, MM for one with media."""
    return ("MM" if draft.details.get("media") else "SM") + exchange.world.chance.hex(32)


def endpoint(operation: str, method: str, path: str, **functions: object) -> Endpoint:
    """An operation under the account, read as a form."""
    return Endpoint(
        operation=operation,
        method=method,
        path=f"/2010-04-01/Accounts/<account_sid>{path}",
        read=wire.read,
        **functions,  # type: ignore[arg-type]  # parse and answer, or handle: Endpoint checks it
    )


ENDPOINTS = (
    endpoint("create-message", "POST", "/Messages.json", parse=create.parse, answer=create.answer),
)

PROVIDER = Provider(
    name="twilio",
    title="Twilio Programmable Messaging",
    hosts=("api.twilio.com", "messaging.twilio.com"),
    reference="https://www.twilio.com/docs/messaging/api/message-resource",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    lives=LIVES,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    limits=LIMITS,
    endpoints=ENDPOINTS,
    default_credentials=DEFAULT_CREDENTIALS,
    new_credentials=new_credentials,
    credential_ids=credential_ids,
    secrets=("auth_token", "api_key_secret", "test_auth_token"),
    identify=identify,
    authenticate=authenticate,
    refuse=refuse,
    message_id=message_id,
    placeholders=texts.placeholders,
    receipts=receipts.RECEIPTS,
)
