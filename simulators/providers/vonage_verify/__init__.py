"""Vonage Verify: version 2, and version 1, which Vonage calls legacy.

Reference: https://developer.vonage.com/en/api/verify.v2
Vonage makes a code, or takes the application's, sends it through a workflow of channels and says
whether the code that the person entered is right. Both versions are one product with two ways of
speaking (`newer.py`, `older.py`): problem+json with HTTP statuses, or a `status` under HTTP 200.
The account is that of Vonage SMS; version 2 is asked with an application's token or with key and
secret, and version 1 with key and secret.

The world's settings document `vonage_verify` changes how the provider behaves here, all names
optional: `any_token` (true takes every token that names the application, whoever signed it),
`low_balance` (true answers 402 in place of 401 where there is no credit), `fraud_check` (true for
an account that may send it), `own_codes` (false where version 1 may not take the application's
codes), `silent_auth` (true where the network of the phone can do it), `strict_numbers` (true takes
no plus and no zeros before a number), `strict_cancel` (true cancels nothing in the first 30 seconds
or after the first channel) and `blocked_networks` (those that are blocked for fraud).
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from simulators.kernel import catalogue, credentials, judges, schemas
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Condition,
    Draft,
    Endpoint,
    Exchange,
    Provider,
    Query,
    Reader,
    Refusal,
    Send,
    accept_all,
)
from simulators.kernel.reading import Unreadable
from simulators.kernel.world import World
from simulators.providers import vonage
from simulators.providers.vonage import access, application, problems
from simulators.providers.vonage import wire as parameters
from simulators.providers.vonage_verify import callbacks, newer, older, wire, workflow

REFERENCE = "https://developer.vonage.com/en/api/verify.v2"
_OLD_REFERENCE = "https://developer.vonage.com/en/api/verify"
_GUIDES = "https://developer.vonage.com/en/verify/guides"
PRICE = 0.05  # euro, of a verification

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "invalid-json",
        Problem.TOO_LARGE: "too-large",
        Problem.NOT_FOUND: "gateway-404",
        Problem.METHOD_NOT_ALLOWED: "gateway-method",
        Problem.NO_CREDENTIALS: "unauthorized/missing",
        Problem.UNKNOWN_CREDENTIALS: "unauthorized",
        Problem.UNAUTHENTICATED: "unauthorized",
        Problem.EXPIRED: "jwt-expired",
        Problem.REPLAYED: "unauthorized",
        Problem.FORBIDDEN: "forbidden",
        Problem.SUSPENDED: "forbidden",
        Problem.NO_CREDIT: "quota-exceeded",
        Problem.THROTTLED: "throttled",
        Problem.MISSING_RECIPIENT: "invalid-params/to",
        Problem.BAD_RECIPIENT: "invalid-params/to",
        Problem.TOO_MANY_RECIPIENTS: "invalid-params",
        Problem.REGION_NOT_ALLOWED: "invalid-params/region",
        Problem.OPTED_OUT: "invalid-params/opted-out",
        Problem.MISSING_SENDER: "invalid-sender",
        Problem.BAD_SENDER: "invalid-sender",
        Problem.MISSING_TEXT: "invalid-params",
        Problem.TEXT_TOO_LONG: "invalid-params",
        Problem.TEMPLATE_UNKNOWN: "template-not-found",
        Problem.TEMPLATE_MISMATCH: "invalid-params",
        Problem.INTERNAL: "internal-error",
        Problem.UNAVAILABLE: "internal-error",
    }
)

# On the wire are those of `callbacks`; what else there is between them is ours.
STATES = MappingProxyType(
    {
        "started": State.ACCEPTED,
        "sent": State.SENT,
        "verified": State.SENT,
        "completed": State.DELIVERED,
        "refused": State.SENT,
        "failed": State.UNDELIVERED,
        "passed": State.EXPIRED,
        "expired": State.EXPIRED,
        "blocked": State.FAILED,
        "cancelled": State.CANCELED,
    }
)
LIFECYCLES = MappingProxyType({"sms": (Step(0, "started"), Step(1, "sent"))})


def identify(exchange: Exchange) -> str | None:
    """By a token or Basic; in version 1 by parameters or Basic."""
    if wire.is_old(exchange.call) and application.bearer(exchange.call) is None:
        return access.identify(exchange)
    return application.identify(exchange)


def authenticate(exchange: Exchange) -> None:
    """By what was used to ask."""
    if wire.is_old(exchange.call) and application.bearer(exchange.call) is None:
        _key, secret, _basic = access.pair(exchange)
        if not secret:
            raise Refusal("2/api_secret")
        if not credentials.same(exchange.credentials["api_secret"], secret):
            raise Refusal(Problem.UNAUTHENTICATED)
    else:
        application.authenticate(exchange)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """Of what is sent; what applications know is the id of the verification."""
    return exchange.world.chance.uuid()


def _commanded(*commands: str) -> Condition:
    def holds(call: Call) -> bool:
        try:
            return parameters.parameters(parameters.read(call)).get("cmd") in commands
        except Unreadable:
            return False

    return holds


def _old(
    operation: str,
    path: str,
    does: Send | Query,
    *,
    methods: tuple[str, ...] = ("GET", "POST"),
    when: Condition = accept_all,
    read: Reader = parameters.read,
) -> tuple[Endpoint, ...]:
    """An operation of version 1, by each of its methods."""
    return tuple(
        Endpoint(
            operation=operation,
            method=method,
            path=path,
            read=read,
            does=does,
            rows=wire.OLD,
            when=when,
        )
        for method in methods
    )


def _new(operation: str, method: str, path: str, does: Send | Query) -> Endpoint:
    return Endpoint(
        operation=operation, method=method, path=f"/v2/verify{path}", read=problems.read, does=does
    )


def _unblock(operation: str, path: str) -> Endpoint:
    return Endpoint(
        operation=operation,
        method="POST",
        path=path,
        read=problems.read,
        does=Query(workflow.unblock),
    )


_ONE = "/<request_id>"
ENDPOINTS = (
    _new("create-verification", "POST", "", Send(newer.parse, newer.create)),
    _new("check-code", "POST", _ONE, Query(newer.check)),
    _new("cancel-verification", "DELETE", _ONE, Query(newer.cancel)),
    _new("next-workflow", "POST", f"{_ONE}/next_workflow", Send(newer.parse_next, newer.go_on)),
    _unblock("network-unblock", "/v2/verify/network-unblock"),
    *(
        one
        for form in ("json", "xml")
        for one in (
            *_old("verify", f"/verify/{form}", Send(older.parse, older.create)),
            *_old("verify-check", f"/verify/check/{form}", Query(older.check)),
            *_old(
                "verify-control",
                f"/verify/control/{form}",
                Query(older.cancel),
                when=_commanded("cancel"),
            ),
            *_old(
                "verify-control",
                f"/verify/control/{form}",
                Send(older.parse_next, older.go_on),
                when=_commanded("trigger_next_event"),
            ),
            *_old("verify-control", f"/verify/control/{form}", Query(older.control)),
            *_old("verify-search", f"/verify/search/{form}", Query(older.search)),
        )
    ),
    *_old("verify-psd2", "/verify/psd2/json", Send(older.parse, older.create)),
    _unblock("network-unblock", "/verify/network-unblock"),
)


def _go_on(world: World, told: Sequence[Any]) -> None:
    workflow.go_on(PROVIDER, world, told)


SETTINGS = MappingProxyType(
    {
        workflow.NAME: schemas.record(
            any_token=schemas.FLAG,
            low_balance=schemas.FLAG,
            fraud_check=schemas.FLAG,
            own_codes=schemas.FLAG,
            silent_auth=schemas.FLAG,
            strict_numbers=schemas.FLAG,
            strict_cancel=schemas.FLAG,
            blocked_networks=schemas.many(
                {"type": "string", "pattern": "^[0-9]{5,6}$", "description": "an MCC and MNC"}
            ),
        )
    }
)

LIMITS = (
    Limit(
        name="account-second",
        permits=30,
        seconds=1,
        kind="natural",
        key=(),
        error="throttled",
        source="https://help.nexmo.com/hc/en-us/articles/204103233",
    ),
)

EMULATES = (
    (
        "Version 2: create, check, cancel, next workflow",
        "by token and by key and secret; the workflow goes on by the clock; what every channel but"
        " silent authentication sends is in the inbox, an e-mail and what WhatsApp asks as well",
        REFERENCE,
    ),
    (
        "Version 2: what it refuses",
        "as recorded; the reasons in `invalid_parameters` but two, and how a destination is refused"
        " that may not be sent to, are UNVERIFIED",
        f"{REFERENCE}#newRequest-responses",
    ),
    (
        "Silent authentication",
        "412 unless the setting `silent_auth` says that the network can do it; then a `check_url`"
        " that leads nowhere, and the next channel is begun by `next_workflow` alone",
        f"{_GUIDES}/silent-authentication",
    ),
    (
        "Version 1: verify, check, control, search, psd2",
        "JSON and XML, by GET and POST, seven workflows; the sentences as they are on the wire,"
        " which are not those of the page",
        _OLD_REFERENCE,
    ),
    (
        "Codes",
        "three wrong ones end a verification, counted anew with a new code, which for version 2 is"
        " UNVERIFIED; the text is English whatever the locale, and for version 2 UNVERIFIED, as is"
        " what WhatsApp asks in place of a code",
        "https://help.nexmo.com/hc/en-us/articles/204102283",
    ),
    (
        "Callbacks",
        "an event and a summary when a verification ends, signed; none of a cancelled one; which"
        " events there are and when they are tried again is UNVERIFIED",
        callbacks.SOURCE,
    ),
    (
        "Fraud",
        "networks are blocked by the setting `blocked_networks`, and unblocked as documented; not"
        " by conversion",
        f"{_GUIDES}/v2-anti-fraud",
    ),
    (
        "Throughput",
        "30 requests a second for a key",
        "https://help.nexmo.com/hc/en-us/articles/204103233",
    ),
    (
        "Templates and their fragments",
        "not there: 404; a `template_id` is taken and not looked at",
        f"{_GUIDES}/custom-templates",
    ),
)

PROVIDER = Provider(
    name=workflow.NAME,
    title="Vonage Verify",
    hosts=("api.nexmo.com",),
    reference=REFERENCE,
    catalogue=catalogue.load(workflow.NAME),
    problems=PROBLEMS,
    states=STATES,
    settings=SETTINGS,
    lifecycles=LIFECYCLES,
    account_of=vonage.PROVIDER,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    limits=LIMITS,
    price=PRICE,
    emulates=EMULATES,
    receipts=callbacks.RECEIPTS,
    endpoints=ENDPOINTS,
    identify=identify,
    authenticate=authenticate,
    refuse=wire.refuse,
    message_id=message_id,
    later=_go_on,
)
