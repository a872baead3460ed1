"""GatewayAPI, the REST API at /rest/mtsms.

Reference: https://gatewayapi.com/docs/apis/legacy/rest/
A request is refused as a whole, a batch with it. Error codes are hexadecimal strings; the text
keeps its `%1`, and the value for it stands in `variables`.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Draft, Endpoint, Exchange, Provider, Query, Send
from simulators.providers.gatewayapi import access, account, messages, receipts, wire

CATALOGUE = catalogue.load("gatewayapi")
DOCS = "https://gatewayapi.com/docs/apis/legacy/rest/"

# Whatever is wrong with a field is a 422; the vendor documents no code and one text for them all.
PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "422/body",
        Problem.TOO_LARGE: "400/arguments",
        Problem.NOT_FOUND: "404/unknown",
        Problem.METHOD_NOT_ALLOWED: "405/method",
        Problem.NO_CREDENTIALS: "0x0229/absent",
        Problem.UNKNOWN_CREDENTIALS: "0x0229",
        Problem.UNAUTHENTICATED: "0x0229",
        Problem.EXPIRED: "0x0225",
        Problem.REPLAYED: "0x0226",
        Problem.FORBIDDEN: "0x0213",
        Problem.SUSPENDED: "0x022A",
        Problem.NO_CREDIT: "0x0216",
        Problem.THROTTLED: "429/requests",
        Problem.MISSING_RECIPIENT: "422/body",
        Problem.BAD_RECIPIENT: "422/body",
        Problem.TOO_MANY_RECIPIENTS: "422/body",
        Problem.REGION_NOT_ALLOWED: "0x0217",
        Problem.OPTED_OUT: "0x0215",
        Problem.MISSING_SENDER: "422/body",
        Problem.BAD_SENDER: "422/body",
        Problem.MISSING_TEXT: "422/body",
        Problem.TEXT_TOO_LONG: "422/body",
        Problem.TEMPLATE_UNKNOWN: "422/body",
        Problem.TEMPLATE_MISMATCH: "422/body",
        Problem.INTERNAL: "0x0301",
        Problem.UNAVAILABLE: "0x0309",
    }
)

STATES = MappingProxyType(
    {
        "UNKNOWN": State.ACCEPTED,
        "SCHEDULED": State.SCHEDULED,
        "BUFFERED": State.ACCEPTED,
        "ENROUTE": State.SENT,
        "DELIVERED": State.DELIVERED,
        "ACCEPTED": State.DELIVERED,  # by the network, on the phone's behalf: nothing follows
        "EXPIRED": State.EXPIRED,
        "UNDELIVERABLE": State.UNDELIVERED,
        "REJECTED": State.UNDELIVERED,
        "SKIPPED": State.UNDELIVERED,
        "DELETED": State.CANCELED,
        "RECEIVED": State.RECEIVED,  # of a message from a phone; the word is ours
    }
)

# UNKNOWN is where every message starts and nobody sees it; the change to the next is reported.
LIFECYCLES = MappingProxyType(
    {
        "inbound": (Step(0, "UNKNOWN"), Step(0, "RECEIVED")),
        "sent": (
            Step(0, "UNKNOWN"),
            Step(0, "BUFFERED"),
            Step(1, "ENROUTE"),
            Step(3, "DELIVERED"),
        ),
    }
)


def message_id(_exchange: Exchange, draft: Draft) -> str:
    """The id of the first recipient's message is the vendor's; further ones add their place."""
    shared, place = draft.details["id"], draft.details["n"]
    return f"{shared}-{place}" if place else str(shared)


def endpoint(
    operation: str, method: str, path: str, does: Send | Query, *, public: bool = False
) -> Endpoint:
    """An operation on messages in any of their three forms."""
    return Endpoint(
        operation=operation,
        method=method,
        path=path,
        read=wire.read,
        does=does,
        public=public,
    )


EMULATES = (
    ("sending: JSON, batch, form, GET; tags, sendtime, max_parts, binary", "full", DOCS),
    ("token, user and password, OAuth 1.0a without a user", "full; 300 s of clock skew", DOCS),
    ("bearer token", "refused; documented for /api/vas alone", DOCS),
    ("msisdn with + or 00", "accepted; the contract wants digits alone, as documented", DOCS),
    (
        "numbers of no numbering plan",
        "taken by their length: what becomes of them is not told",
        DOCS,
    ),
    ("characters outside GSM 03.38 without UCS2", "arrive as ?; as what is not documented", DOCS),
    ("reading back", "404 until ENROUTE, then at once", DOCS),
    ("notifications, signed with a JWT", "full; also to the webhooks of the account", DOCS),
    ("MO SMS: callback and list", "full; one number, no keywords of its own", DOCS),
    ("prices", "JSON and CSV, no XLSX; figures of this simulator's own", DOCS),
    ("wrong fields", "422 with one text; code and text are not documented", DOCS),
    ("40 open connections for an address", "not limited; 429 and 503 by rule", DOCS),
    ("forms and queries", "up to 1000 fields", "this simulator's bound"),
    ("content filter, trial limits, operators, IP lists", "no; their errors by rule", DOCS),
    ("charged SMS, refunds, e-mail, HLR, VAS", "no", DOCS),
)

ENDPOINTS = (
    endpoint("send-sms", "POST", "/rest/mtsms", Send(messages.parse, messages.answer)),
    endpoint("send-sms", "GET", "/rest/mtsms", Send(messages.parse, messages.answer)),
    endpoint("get-sms", "GET", "/rest/mtsms/<message_id>", Query(messages.get)),
    endpoint("delete-sms", "DELETE", "/rest/mtsms/<message_id>", Query(messages.delete)),
    endpoint("get-account", "GET", "/rest/me", Query(account.me)),
    endpoint("list-received", "GET", "/rest/mosms", Query(account.received)),
    endpoint("usage-by-label", "POST", "/api/usage/labels", Query(account.usage)),
    endpoint(
        *("list-prices", "GET", "/api/prices/list/sms/<form>"),
        Query(account.price_list),
        public=True,
    ),
)

PROVIDER = Provider(
    name="gatewayapi",
    title="GatewayAPI",
    hosts=("gatewayapi.com", "gatewayapi.eu"),
    reference=DOCS,
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    receipts=receipts.RECEIPTS,
    inbound=receipts.INBOUND,
    endpoints=ENDPOINTS,
    credentials=access.CREDENTIALS,
    identify=access.identify,
    authenticate=access.authenticate,
    unknown=access.unknown,
    refuse=wire.refuse,
    message_id=message_id,
    placeholders=messages.placeholders,
    emulates=EMULATES,
)
