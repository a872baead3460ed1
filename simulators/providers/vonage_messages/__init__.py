"""Vonage Messages API, the channel `sms`.

Reference: https://developer.vonage.com/en/api/messages
The newer way to send an SMS by Vonage: JSON, HTTP 202 and a `message_uuid`, a refusal as
problem+json, and webhooks that are signed. The account is that of Vonage SMS; a request is proved
by an application's token or by key and secret. One request has one recipient.

The world's settings document `vonage_messages` has one name: `any_token` (true takes every token
that names the application, whoever signed it).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from simulators.kernel import catalogue, judges, schemas
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Provider,
    Query,
    Send,
)
from simulators.kernel.world import World
from simulators.providers import vonage
from simulators.providers.vonage import application, problems
from simulators.providers.vonage import send as sms
from simulators.providers.vonage_messages import send, webhooks

REFERENCE = "https://developer.vonage.com/en/api/messages"

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "invalid-json",
        Problem.TOO_LARGE: "too-large",
        Problem.NOT_FOUND: "gateway-404",
        Problem.METHOD_NOT_ALLOWED: "http-403",
        Problem.NO_CREDENTIALS: "unauthorised/missing",
        Problem.UNKNOWN_CREDENTIALS: "unauthorised/invalid",
        Problem.UNAUTHENTICATED: "unauthorised/invalid",
        Problem.EXPIRED: "unauthorised/invalid",
        Problem.REPLAYED: "unauthorised/invalid",
        Problem.FORBIDDEN: "unprovisioned",
        Problem.SUSPENDED: "unprovisioned/barred",
        Problem.NO_CREDIT: "low-balance",
        Problem.THROTTLED: "rate-limit",
        Problem.MISSING_RECIPIENT: "invalid-params",
        Problem.BAD_RECIPIENT: "invalid-recipient",
        Problem.TOO_MANY_RECIPIENTS: "invalid-params",
        Problem.REGION_NOT_ALLOWED: "invalid-recipient/region",
        Problem.OPTED_OUT: "invalid-recipient/opted-out",
        Problem.MISSING_SENDER: "invalid-params",
        Problem.BAD_SENDER: "invalid-sender",
        Problem.MISSING_TEXT: "invalid-params",
        Problem.TEXT_TOO_LONG: "invalid-params",
        Problem.TEMPLATE_UNKNOWN: "invalid-message-type",
        Problem.TEMPLATE_MISMATCH: "invalid-message-type",
        Problem.INTERNAL: "internal",
        Problem.UNAVAILABLE: "internal",
    }
)

# https://developer.vonage.com/en/api/messages#message-status; `accepted` and the words of replies
# are ours, and so is `expired`, which is `undeliverable` on the wire.
STATES = MappingProxyType(
    {
        "accepted": State.ACCEPTED,
        "submitted": State.SENT,
        "delivered": State.DELIVERED,
        "rejected": State.FAILED,
        "undeliverable": State.UNDELIVERED,
        "expired": State.EXPIRED,
        "receiving": State.ACCEPTED,
        "received": State.RECEIVED,
    }
)
LIFECYCLES = MappingProxyType(
    {
        "inbound": (Step(0, "receiving"), Step(0, "received")),
        "sms": (Step(0, "accepted"), Step(1, "submitted"), Step(3, "delivered")),
    }
)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """A UUID."""
    return exchange.world.chance.uuid()


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """problem+json, its `type` last; a wrong secret is told in other words than a wrong token."""
    if failure.row.key == "unauthorised/invalid" and application.bearer(exchange.call) is None:
        failure = exchange.failure = exchange.fail("unathorized", **failure.values)
    if (failure.row.extra or {}).get("shape") == "none":
        return send.identified(exchange, problems.reply(exchange, failure.row.http_status))
    answer = problems.problem(exchange, failure, {}, type_last=True)
    if failure.row.http_status == 429:
        answer.headers += _rate_limit(failure.values)
    return send.identified(exchange, answer)


def _rate_limit(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """What the specification has in the answer to one request too many."""
    wait = str(values.get("wait_s", 1))
    permits = str(values.get("permits", sms.LIMITS[0].permits))
    return [
        ("X-RateLimit-Limit", permits),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", wait),
        ("Retry-After", wait),
    ]


def _go_on(world: World, told: Sequence[Any]) -> None:
    send.go_on(PROVIDER, world, told)


ENDPOINTS = (
    Endpoint(
        operation="send-message",
        method="POST",
        path="/v1/messages",
        read=problems.read,
        does=Send(send.parse, send.answer),
    ),
    Endpoint(
        operation="update-message",
        method="PATCH",
        path="/v1/messages/<message_uuid>",
        read=problems.read,
        does=Query(send.update),
    ),
)

LIMITS = (
    Limit(
        name="account-second",
        permits=30,
        seconds=1,
        kind="natural",
        key=(),
        error="rate-limit",
        source="https://help.nexmo.com/hc/en-us/articles/203993598",
    ),
)

EMULATES = (
    (
        "Send an SMS",
        "all parameters of the channel `sms`; other channels are refused; which parameters are"
        " refused by `invalid_parameters` and in which words is UNVERIFIED but for two",
        f"{REFERENCE}#sendMessage",
    ),
    (
        "Failover",
        "the next message is sent when the one before it was rejected, and is then taken whatever"
        " the account is set to",
        f"{REFERENCE}#sendMessage",
    ),
    (
        "Tokens and Basic",
        "RS256 by the application's key; 401 in the words that were recorded",
        application.SOURCE,
    ),
    (
        "Message status",
        "signed, by `webhook_url` or the account's own URL; in the form of `v1` whatever"
        " `webhook_version` says; of an error's detail the name, what follows it is UNVERIFIED",
        webhooks.SOURCE,
    ),
    (
        "Inbound messages",
        "signed; a long one whole, one network for all; when it is tried again is UNVERIFIED",
        f"{REFERENCE}#inbound-message",
    ),
    (
        "Throughput",
        "30 requests a second for a key, which is the SMS API's and for this one UNVERIFIED",
        "https://help.nexmo.com/hc/en-us/articles/203993598",
    ),
    (
        "Sandbox",
        "refuses the channel `sms`, which it does not have: the body is UNVERIFIED",
        "https://developer.vonage.com/en/messages/concepts/messages-api-sandbox",
    ),
    (
        "A status that is set (PATCH)",
        "an SMS has none: 404, or 422 for one that is there, which is UNVERIFIED",
        f"{REFERENCE}#updateMessage",
    ),
    ("Version 0.1", "not there: 404", "https://developer.vonage.com/en/api/messages-olympus.v0"),
)

PROVIDER = Provider(
    name=send.NAME,
    title="Vonage Messages",
    hosts=("api.nexmo.com",),
    more_hosts=(
        *("api-eu.nexmo.com", "api-us.nexmo.com", "api-ap.nexmo.com"),
        *("api-eu.vonage.com", "api-us.vonage.com", "api-ap.vonage.com"),
        send.SANDBOX,
    ),
    reference=REFERENCE,
    catalogue=catalogue.load(send.NAME),
    problems=PROBLEMS,
    states=STATES,
    settings=MappingProxyType({send.NAME: schemas.record(any_token=schemas.FLAG)}),
    lifecycles=LIFECYCLES,
    account_of=vonage.PROVIDER,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    limits=LIMITS,
    price=sms.PRICE,
    emulates=EMULATES,
    receipts=webhooks.RECEIPTS,
    inbound=webhooks.INBOUND,
    later=_go_on,
    endpoints=ENDPOINTS,
    identify=application.identify,
    authenticate=application.authenticate,
    refuse=refuse,
    message_id=message_id,
)
