"""Twilio Programmable Messaging, API version 2010-04-01.

Reference: https://www.twilio.com/docs/messaging/api/message-resource
A request is refused as a whole. With a Messaging Service whatever depends on the sender is found
out only after the 201, and shows as a status.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges, schemas
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Draft, Endpoint, Exchange, Handler, Provider, Query, Send
from simulators.kernel.templates import Template
from simulators.providers.twilio import account, create, messages, receipts, senders, services, wire

CATALOGUE = catalogue.load("twilio")

# A host name picks the region that processes; into us1 every edge leads, into the others the one
# that is there (https://www.twilio.com/docs/global-infrastructure/understanding-edge-locations).
# Newer SDKs add the edge where only a region is given (https://github.com/twilio/twilio-java/pull/928).
# Of the names without an edge us1's alone is left since April 2026:
# https://www.twilio.com/docs/global-infrastructure/api-domain-migration-guide
EDGES = (
    *((edge, "us1") for edge in ("ashburn", "umatilla", "dublin", "frankfurt", "roaming")),
    *((edge, "us1") for edge in ("sao-paulo", "singapore", "sydney", "tokyo")),
    *(("dublin", "ie1"), ("sydney", "au1"), ("tokyo", "jp1"), ("osaka", "jp2")),
    *(("sao-paulo", "br1"), ("frankfurt", "de1"), ("singapore", "sg1"), ("umatilla", "us2")),
)
PLACES = ("", ".us1", *(f".{edge}.{region}" for edge, region in EDGES))
HOSTS = tuple(
    f"{product}{place}.twilio.com" for place in PLACES for product in ("api", "messaging")
)

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
        "receiving": State.ACCEPTED,
        "received": State.RECEIVED,
    }
)

# https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
LIFECYCLES = MappingProxyType(
    {
        "inbound": (Step(0, "receiving"), Step(0, "received")),
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
        "test": (Step(0, "queued"),),  # test credentials: there it stays
    }
)


TEMPLATES = (Template("HX0123456789abcdef0123456789abcdef", "Your verification code is {{1}}"),)


def message_id(exchange: Exchange, draft: Draft) -> str:
    """SM for an SMS, MM for one with media."""
    return ("MM" if "media" in draft.details else "SM") + exchange.world.chance.hex(32)


def api(operation: str, method: str, path: str, does: Send | Query) -> tuple[Endpoint, ...]:
    """An operation of the 2010-04-01 API, in JSON and in XML."""
    return tuple(
        Endpoint(
            operation=operation,
            method=method,
            path=f"/2010-04-01/Accounts{path}{suffix}",
            read=wire.read,
            does=does,
        )
        for suffix in (".json", "")
    )


def v1(operation: str, method: str, path: str, handle: Handler) -> Endpoint:
    """An operation of messaging.twilio.com."""
    path = f"/v1/Services{path}"
    return Endpoint(
        operation=operation, method=method, path=path, read=wire.read, does=Query(handle)
    )


SEND = Send(create.parse, create.answer)
MESSAGES, LEGACY = "/<account_sid>/Messages", "/<account_sid>/SMS/Messages"
MESSAGE = f"{MESSAGES}/<sid>"
SENDERS = "/<service_sid>/<kind>"

ENDPOINTS = (
    *api("create-message", "POST", MESSAGES, SEND),
    *api("list-messages", "GET", MESSAGES, Query(messages.listed)),
    *api("fetch-message", "GET", MESSAGE, Query(messages.fetch)),
    *api("update-message", "POST", MESSAGE, Query(messages.update)),
    *api("delete-message", "DELETE", MESSAGE, Query(messages.delete)),
    *api("create-message", "POST", LEGACY, SEND),
    *api("list-messages", "GET", LEGACY, Query(messages.listed)),
    *api("fetch-message", "GET", f"{LEGACY}/<sid>", Query(messages.fetch)),
    *api("update-message", "POST", f"{LEGACY}/<sid>", Query(messages.update)),
    *api("delete-message", "DELETE", f"{LEGACY}/<sid>", Query(messages.delete)),
    *api("create-feedback", "POST", f"{MESSAGE}/Feedback", Query(messages.give_feedback)),
    *api("list-media", "GET", f"{MESSAGE}/Media", Query(messages.list_media)),
    *api("fetch-media", "GET", f"{MESSAGE}/Media/<media_sid>", Query(messages.fetch_media)),
    *api("delete-media", "DELETE", f"{MESSAGE}/Media/<media_sid>", Query(messages.delete_media)),
    *api("fetch-balance", "GET", "/<account_sid>/Balance", Query(account.balance)),
    *api("fetch-account", "GET", "/<account_sid>", Query(account.fetch)),
    *api("list-accounts", "GET", "", Query(account.listed)),
    v1("create-service", "POST", "", services.create),
    v1("list-services", "GET", "", services.listed),
    v1("fetch-service", "GET", "/<service_sid>", services.fetch),
    v1("update-service", "POST", "/<service_sid>", services.update),
    v1("delete-service", "DELETE", "/<service_sid>", services.delete),
    v1("create-sender", "POST", SENDERS, services.create_sender),
    v1("list-senders", "GET", SENDERS, services.list_senders),
    v1("fetch-sender", "GET", f"{SENDERS}/<sender_sid>", services.fetch_sender),
    v1("delete-sender", "DELETE", f"{SENDERS}/<sender_sid>", services.delete_sender),
)

_NUMBER = {
    "type": "string",
    "pattern": r"^(\+[1-9][0-9]{6,14}|[1-9][0-9]{4,5})$",
    "description": "E.164, or a short code",
}
_OWNED = {
    **schemas.record(
        phone_number=_NUMBER, capabilities=schemas.many(schemas.one_of(*account.CAPABILITIES))
    ),
    "required": ["phone_number", "capabilities"],
    "description": "an object with phone_number and capabilities",
}
SETTINGS = MappingProxyType(
    {
        "twilio/trial": schemas.record(verified=schemas.many(schemas.E164)),
        "twilio/numbers": schemas.many(_OWNED),
    }
)

_MESSAGE = "https://www.twilio.com/docs/messaging/api/message-resource"
EMULATES = (
    ("Create, read, list, redact, cancel and delete messages", "every field and state", _MESSAGE),
    (
        "Every refusal of a create",
        "by parameter where it follows from one, else by a rule",
        _MESSAGE,
    ),
    (
        "Order of the checks, and which of 35114 and 35117 goes with which fault",
        "chosen: not documented",
        "https://www.twilio.com/docs/api/errors",
    ),
    (
        "Changes of a message",
        "30400 for no parameter, for both, a Body with a text and a Status but canceled",
        "https://www.twilio.com/docs/errors/30400",
    ),
    (
        "Regions and edges",
        "every name that the SDKs build and Twilio serves, one account behind all; api.ie1 and the"
        " like (no edge), which Twilio stopped in April 2026, are not there",
        "https://www.twilio.com/docs/global-infrastructure/api-domain-migration-guide",
    ),
    (
        "Sender-dependent failures behind a Messaging Service",
        "201 first, then a status with the code",
        "https://www.twilio.com/docs/api/errors/21611",
    ),
    (
        "Sender pools",
        "one sender for each recipient; names where a region takes them, by a short list",
        "https://www.twilio.com/docs/messaging/services",
    ),
    (
        "Test credentials",
        "all magic numbers; a MessagingServiceSid is refused as 20008, which is a guess",
        "https://www.twilio.com/docs/iam/test-credentials",
    ),
    (
        "StatusCallback",
        "any absolute URL; Twilio refuses localhost (21609), where receivers of tests are",
        _MESSAGE,
    ),
    (
        "Trial accounts",
        "the notice, verified numbers, the daily cap and no media; other parameters that Twilio"
        " takes from them are not known",
        "https://www.twilio.com/docs/messaging/guides/how-to-use-your-free-trial-account",
    ),
    (
        "A text that is missing",
        "21602 where Body is empty, 21619 where it is not there: recorded so, but never side by"
        " side",
        "https://github.com/twilio/twilio-php/issues/810",
    ),
    (
        "ValidityPeriod, ProvideFeedback, ForceDelivery, Attempt, ShortenUrls, SendAsMms",
        "checked where a code exists; without effect, since nothing waits long enough",
        _MESSAGE,
    ),
    (
        "Smart Encoding",
        "applied when it gets the whole text into GSM-7",
        "https://www.twilio.com/docs/messaging/services/smart-encoding-char-list",
    ),
    ("Prices", "0.0079 a segment, whatever the country", _MESSAGE),
    (
        "HTTP concurrency limit, 20429",
        "by a rule only: the figure is not published",
        "https://www.twilio.com/docs/api/errors/20429",
    ),
    (
        "Numbers",
        "those of a numbering plan, by libphonenumber's metadata: 21211 for +15555555555 and"
        " +15551234567; beside them Twilio's own (+1500555xxxx, +1555867xxxx) and what is kept for"
        " fiction (555-0100 to 0199 under any area code, Ofcom's +447700900xxx and"
        " +441632960xxx), since tests rightly use it",
        "https://www.twilio.com/docs/usage/troubleshooting/debugging-your-application",
    ),
    (
        "Landlines, premium numbers",
        "premium only for +1900; landlines by a rule",
        "https://www.twilio.com/docs/api/errors/21614",
    ),
    (
        "Calls, number purchase, RCS, A2P registration, subaccounts, OAuth",
        "not there: answered 20404 or 20003; Verify and Lookup are a provider of their own",
        "https://www.twilio.com/docs/usage/api",
    ),
)


PROVIDER = Provider(
    number=create.taken,
    name="twilio",
    title="Twilio Programmable Messaging",
    hosts=HOSTS,
    reference="https://www.twilio.com/docs/messaging/api/message-resource",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    settings=SETTINGS,
    lifecycles=LIFECYCLES,
    judges=(judges.credit, judges.region, create.verified, judges.opted_out, senders.reachable),
    limits=senders.LIMITS,
    concurrency=senders.CONCURRENCY,
    price=messages.PRICE,
    templates=TEMPLATES,
    endpoints=ENDPOINTS,
    credentials=account.CREDENTIALS,
    identify=account.identify,
    authenticate=account.authenticate,
    refuse=wire.refuse,
    message_id=message_id,
    placeholders=wire.placeholders,
    receipts=receipts.RECEIPTS,
    emulates=EMULATES,
    inbound=receipts.INBOUND,
)
