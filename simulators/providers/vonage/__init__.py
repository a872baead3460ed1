"""Vonage SMS API, formerly Nexmo.

Reference: https://developer.vonage.com/en/api/sms
A submission is answered with HTTP 200 whatever became of it: the verdict is the `status` in the
answer's `messages`, every value of which is a string. One request has one recipient.

The world's settings document `vonage` changes how the provider behaves here, all names optional:
`lenient_signatures` (true takes what vonage-python and @vonage/auth sign in their own way),
`wrong_basic` (the row for a wrong Basic header: "4", or "401"), `test_numbers` (a trial account
and the E.164 numbers it may send to), `numeric_sender_regions` (where a name is no sender),
`conversions` (false where they are not enabled), `auto_reload` (the euro that the account tops
itself up by), `webhook_method` ("GET", "POST" or "POST-JSON")
and `signed_webhooks` (true signs receipts).
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges, schemas
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Draft, Endpoint, Exchange, Handler, Provider, Query, Send
from simulators.providers.vonage import access, account, receipts, send, wire

CATALOGUE = catalogue.load("vonage")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "3/body",
        Problem.TOO_LARGE: "413",
        Problem.NOT_FOUND: "404",
        Problem.METHOD_NOT_ALLOWED: "404",
        Problem.NO_CREDENTIALS: "2/api_key",
        Problem.UNKNOWN_CREDENTIALS: "4",
        Problem.UNAUTHENTICATED: "4",
        Problem.EXPIRED: "14",
        Problem.REPLAYED: "14",
        Problem.FORBIDDEN: "11",
        Problem.SUSPENDED: "8",
        Problem.NO_CREDIT: "9",
        Problem.THROTTLED: "1",
        Problem.MISSING_RECIPIENT: "2",
        Problem.BAD_RECIPIENT: "3",
        Problem.TOO_MANY_RECIPIENTS: "3",
        Problem.REGION_NOT_ALLOWED: "6",
        Problem.OPTED_OUT: "7",
        Problem.MISSING_SENDER: "2",
        Problem.BAD_SENDER: "15",
        Problem.MISSING_TEXT: "2",
        Problem.TEXT_TOO_LONG: "12",
        Problem.TEMPLATE_UNKNOWN: "3/value",
        Problem.TEMPLATE_MISMATCH: "3/value",
        Problem.INTERNAL: "5",
        Problem.UNAVAILABLE: "13",
    }
)

# https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts; before the first receipt
# there is no word on the wire: `submitted` is ours, as are those of a message from a phone.
STATES = MappingProxyType(
    {
        "submitted": State.ACCEPTED,
        "accepted": State.SENT,
        "buffered": State.SENT,
        "delivered": State.DELIVERED,
        "expired": State.EXPIRED,
        "failed": State.FAILED,
        "rejected": State.UNDELIVERED,
        "unknown": State.UNKNOWN,
        "receiving": State.ACCEPTED,
        "received": State.RECEIVED,
    }
)

LIFECYCLES = MappingProxyType(
    {
        "inbound": (Step(0, "receiving"), Step(0, "received")),
        "sms": (Step(0, "submitted"), Step(1, "accepted"), Step(3, "delivered")),
    }
)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """A UUID, since 2021; before it was 16 hexadecimal digits."""
    return exchange.world.chance.uuid()


def resource(operation: str, path: str, *methods: str, handle: Handler) -> tuple[Endpoint, ...]:
    """An operation that sends nothing, under each of its methods."""
    return tuple(
        Endpoint(operation=operation, method=method, path=path, read=wire.read, does=Query(handle))
        for method in methods
    )


# Number Insight at its levels, and the two calls that were before it.
INSIGHTS = (
    *("/ni/<level>/json", "/ni/advanced/async/json", "/ni/json"),
    *("/number/format/json", "/number/lookup/json"),
)

ENDPOINTS = (
    *(
        Endpoint(
            operation="send-sms",
            method=method,
            path=f"/sms/{form}",
            read=wire.read,
            does=Send(send.parse, send.answer, per_recipient=True),
        )
        for form in ("json", "xml")
        for method in ("POST", "GET")
    ),
    *resource("get-balance", "/account/get-balance", "GET", handle=account.get_balance),
    *resource("settings", "/account/settings", "POST", handle=account.settings),
    *resource("search-message", "/search/message", "GET", "POST", handle=account.search_message),
    *resource("search-messages", "/search/messages", "GET", "POST", handle=account.search_messages),
    *resource("search-rejections", "/search/rejections", "GET", handle=account.search_rejections),
    *(
        one
        for product in ("", "/<product>")
        for one in resource(
            "get-pricing",
            f"/account/get-pricing/outbound{product}",
            "GET",
            handle=account.get_pricing,
        )
    ),
    *resource(
        "get-full-pricing",
        "/account/get-full-pricing/outbound/<product>",
        "GET",
        handle=account.get_full_pricing,
    ),
    *(
        one
        for product in ("", "/<product>")
        for one in resource(
            "get-prefix-pricing",
            f"/account/get-prefix-pricing/outbound{product}",
            "GET",
            handle=account.get_prefix_pricing,
        )
    ),
    *resource(
        "get-phone-pricing",
        "/account/get-phone-pricing/outbound/<product>",
        "GET",
        handle=account.get_phone_pricing,
    ),
    *resource("top-up", "/account/top-up", "POST", handle=account.top_up),
    *(
        one
        for path in INSIGHTS
        for one in resource("number-insight", path, "GET", "POST", handle=account.insight)
    ),
    *resource("conversion", "/conversions/sms", "POST", handle=account.convert),
)

SETTINGS = MappingProxyType(
    {
        "vonage": schemas.record(
            wrong_basic=schemas.one_of("4", "401"),
            test_numbers=schemas.many(schemas.E164),  # a trial account may send to these alone
            numeric_sender_regions=schemas.many(schemas.REGION),
            lenient_signatures=schemas.FLAG,
            signed_webhooks=schemas.FLAG,
            webhook_method=schemas.one_of("GET", "POST", "POST-JSON"),
            conversions=schemas.FLAG,
            auto_reload=schemas.number(0, 1e6),
        )
    }
)

_DOCS = "https://developer.vonage.com/en"

EMULATES = (
    (
        "Submissions, JSON and XML",
        "all parameters, forms and queries, parts, prices; refusals as rows of the catalogue",
        f"{_DOCS}/api/sms",
    ),
    (
        "Signatures",
        "the five methods; the window of 300 s is UNVERIFIED; what two SDKs sign by a setting",
        f"{_DOCS}/getting-started/concepts/signing-messages",
    ),
    (
        "Throughput",
        "30 requests a second for a key, one for a US number, with the wait computed",
        "https://help.nexmo.com/hc/en-us/articles/203993598",
    ),
    (
        "Receipts",
        "by GET, POST and POST-JSON, signed if asked for; one a part; "
        "the pauses between attempts are UNVERIFIED",
        f"{_DOCS}/messaging/sms/guides/delivery-receipts",
    ),
    (
        "Inbound messages",
        "as receipts are; a long one whole, not in parts; no binary; no keyword opts out",
        f"{_DOCS}/messaging/sms/guides/inbound-sms",
    ),
    (
        "Numbers",
        "status 6 where the length fits no country; which prefixes have no route, and what becomes"
        " of numbers that no plan has, is not documented: they are taken",
        "https://developer.vonage.com/api-errors/sms",
    ),
    (
        "Price and network",
        "one price and one network a country, twenty countries",
        f"{_DOCS}/api/sms",
    ),
    (
        "Balance, settings, search, conversion",
        "as the SDKs call them; refused submissions as far as the newest 1000 requests go back; a"
        " call without credentials is 401 as recorded in 2017",
        f"{_DOCS}/api/account",
    ),
    (
        "Price lists",
        "twenty countries, each with one network whose name is ours, the same for every product; by"
        " phone number with the four fields that clients read, which SDKs call deprecated",
        f"{_DOCS}/api/pricing",
    ),
    ("Top-up", "refused, unless the setting `auto_reload` has an amount", f"{_DOCS}/api/account"),
    (
        "Number Insight, number/format, number/lookup",
        "refused by status 19, Facility Not Allowed; texts are UNVERIFIED but that of status 3",
        "https://developer.vonage.com/en/api/number-insight",
    ),
    ("Numbers, short codes, USSD", "not there: 404", f"{_DOCS}/api"),
    (
        "Text outside GSM 7-bit without type=unicode",
        "becomes `?`, which is UNVERIFIED",
        f"{_DOCS}/messaging/sms/concepts/encoding-and-sizes",
    ),
)


PROVIDER = Provider(
    name="vonage",
    title="Vonage SMS",
    hosts=("rest.nexmo.com", "api.nexmo.com"),
    reference="https://developer.vonage.com/en/api/sms",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    settings=SETTINGS,
    lifecycles=LIFECYCLES,
    judges=(
        judges.active,
        send.on_trial,
        judges.credit,
        judges.region,
        judges.opted_out,
        send.sender_allowed,
    ),
    limits=send.LIMITS,
    price=send.PRICE,
    emulates=EMULATES,
    receipts=receipts.RECEIPTS,
    inbound=receipts.INBOUND,
    endpoints=ENDPOINTS,
    credentials=access.CREDENTIALS,
    identify=access.identify,
    authenticate=access.authenticate,
    refuse=wire.refuse,
    message_id=message_id,
)
