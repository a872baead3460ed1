"""Twilio Verify v2, and Lookup v2 beside it: codes that Twilio makes, sends and checks.

References: https://www.twilio.com/docs/verify/api and https://www.twilio.com/docs/lookup/v2-api
The account is that of Programmable Messaging, and so are its credentials; a service (VA...) is what
a verification is started in. Lookup sends nothing; it has a host name of its own.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges, schemas
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Handler,
    Provider,
    Query,
    Send,
)
from simulators.kernel.templates import Template
from simulators.providers.twilio import PLACES, account, senders, wire
from simulators.providers.twilio import PROVIDER as TWILIO
from simulators.providers.twilio_verify import (
    attempts,
    create,
    limits,
    lookups,
    services,
    verification,
)
from simulators.providers.twilio_verify import templates as resources

CATALOGUE = catalogue.load("twilio_verify")

_PRODUCTS = ("verify", "lookups")
HOSTS = tuple(f"{product}{place}.twilio.com" for place in PLACES for product in _PRODUCTS)

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "60200",
        Problem.TOO_LARGE: "60200",
        Problem.NOT_FOUND: "20404",
        Problem.METHOD_NOT_ALLOWED: "20004",
        Problem.NO_CREDENTIALS: "20003",
        Problem.UNKNOWN_CREDENTIALS: "20003",
        Problem.UNAUTHENTICATED: "20003",
        Problem.EXPIRED: "20003",
        Problem.REPLAYED: "20003",
        Problem.FORBIDDEN: "60238",
        Problem.SUSPENDED: "20005",
        Problem.NO_CREDIT: "20005",
        Problem.THROTTLED: "20429",
        Problem.MISSING_RECIPIENT: "20001/parameter",
        Problem.BAD_RECIPIENT: "60200/to",
        Problem.TOO_MANY_RECIPIENTS: "60200/to",
        Problem.REGION_NOT_ALLOWED: "60605",
        Problem.OPTED_OUT: "21610",
        Problem.MISSING_SENDER: "60223",
        Problem.BAD_SENDER: "60217",
        Problem.MISSING_TEXT: "60204",
        Problem.TEXT_TOO_LONG: "60247",
        Problem.TEMPLATE_UNKNOWN: "60228",
        Problem.TEMPLATE_MISMATCH: "60224",
        Problem.INTERNAL: "20500",
        Problem.UNAVAILABLE: "20503",
    }
)

# How the message of an attempt fares, which shows in the attempt alone.
STATES = MappingProxyType(
    {
        "queued": State.ACCEPTED,
        "sent": State.SENT,
        "delivered": State.DELIVERED,
        "undelivered": State.UNDELIVERED,
        "failed": State.FAILED,
        "read": State.DELIVERED,
    }
)
LIFECYCLES = MappingProxyType({"sent": (Step(0, "queued"), Step(1, "sent"), Step(3, "delivered"))})

TEMPLATES = (
    Template(
        "HJ0123456789abcdef0123456789abcdef",
        "Your {{friendly_name}} verification code is: {{code}}. It expires in {{ttl}} minutes.",
        name="Code with its time",
    ),
)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """The SID of an attempt."""
    return "VL" + exchange.world.chance.hex(32)


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """The values of every placeholder in the catalogue."""
    known = wire.placeholders(exchange, draft)
    if draft is not None:
        known["prefix"] = draft.number
        known["channel"] = str(draft.details.get("channel", "sms")).upper()
    return known


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """Twilio's envelope; a full bucket tells of itself in two headers."""
    answer = wire.refuse(exchange, failure)
    if failure.row.key == "20429/rate-limit" and "wait_s" in failure.values:
        answer.headers.append(("Retry-After", str(failure.values["wait_s"])))
        answer.headers.append(("Twilio-Reached-Rate-Limit", limits.name_of(exchange.fired)))
    return answer


def v2(operation: str, method: str, path: str, does: Send | Handler) -> Endpoint:
    """An operation below /v2."""
    return Endpoint(
        operation=operation,
        method=method,
        path=f"/v2{path}",
        read=wire.read,
        does=does if isinstance(does, Send) else Query(does),
    )


SERVICES, SERVICE = "/Services", "/Services/<service_sid>"
VERIFICATIONS = f"{SERVICE}/Verifications"
LIMITS, LIMIT = f"{SERVICE}/RateLimits", f"{SERVICE}/RateLimits/<rate_limit_sid>"
BUCKETS, BUCKET = f"{LIMIT}/Buckets", f"{LIMIT}/Buckets/<bucket_sid>"
CONFIGURATIONS = f"{SERVICE}/MessagingConfigurations"
CONFIGURATION = f"{CONFIGURATIONS}/<country>"
SAFE, SAFE_ONE = "/SafeList/Numbers", "/SafeList/Numbers/<number>"

ENDPOINTS = (
    v2("create-verification", "POST", VERIFICATIONS, Send(create.parse, create.answer)),
    v2("fetch-verification", "GET", f"{VERIFICATIONS}/<sid>", verification.fetch),
    v2("update-verification", "POST", f"{VERIFICATIONS}/<sid>", verification.update),
    v2("check-verification", "POST", f"{SERVICE}/VerificationCheck", verification.check),
    v2("create-service", "POST", SERVICES, services.create),
    v2("list-services", "GET", SERVICES, services.listed),
    v2("fetch-service", "GET", SERVICE, services.fetch),
    v2("update-service", "POST", SERVICE, services.update),
    v2("delete-service", "DELETE", SERVICE, services.delete),
    v2("create-rate-limit", "POST", LIMITS, limits.create),
    v2("list-rate-limits", "GET", LIMITS, limits.listed),
    v2("fetch-rate-limit", "GET", LIMIT, limits.fetch),
    v2("update-rate-limit", "POST", LIMIT, limits.update),
    v2("delete-rate-limit", "DELETE", LIMIT, limits.delete),
    v2("create-bucket", "POST", BUCKETS, limits.create_bucket),
    v2("list-buckets", "GET", BUCKETS, limits.list_buckets),
    v2("fetch-bucket", "GET", BUCKET, limits.fetch_bucket),
    v2("update-bucket", "POST", BUCKET, limits.update_bucket),
    v2("delete-bucket", "DELETE", BUCKET, limits.delete_bucket),
    v2("create-configuration", "POST", CONFIGURATIONS, services.create_configuration),
    v2("list-configurations", "GET", CONFIGURATIONS, services.list_configurations),
    v2("fetch-configuration", "GET", CONFIGURATION, services.fetch_configuration),
    v2("update-configuration", "POST", CONFIGURATION, services.update_configuration),
    v2("delete-configuration", "DELETE", CONFIGURATION, services.delete_configuration),
    v2("list-attempts", "GET", "/Attempts", attempts.listed),
    v2("fetch-attempt-summary", "GET", "/Attempts/Summary", attempts.summary),
    v2("fetch-attempt", "GET", "/Attempts/<sid>", attempts.fetch),
    v2("list-templates", "GET", "/Templates", resources.listed),
    v2("create-safe-number", "POST", SAFE, services.add_safe),
    v2("fetch-safe-number", "GET", SAFE_ONE, services.fetch_safe),
    v2("delete-safe-number", "DELETE", SAFE_ONE, services.delete_safe),
    v2("lookup", "GET", "/PhoneNumbers/<number>", lookups.fetch),
)

SETTINGS = MappingProxyType(
    {
        create.OFF: schemas.many(schemas.one_of(*create.SENT)),
        create.BLOCKED: schemas.many(
            {"type": "string", "pattern": r"^\+[1-9][0-9]{0,14}$", "description": "+ and digits"}
        ),
        lookups.LINES: lookups.SCHEMA,
    }
)

_VERIFY = "https://www.twilio.com/docs/verify/api/verification"
_TIMES = "https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts"
EMULATES = (
    (
        "Start, resend, fetch, approve, cancel and check a verification",
        "by SID or number; ten minutes, five sends, five checks; the same code for a resend",
        _VERIFY,
    ),
    (
        "What is over",
        "approved, canceled, expired: 20404 for fetch, update and check; a number's next create"
        " gets another SID and another code",
        "https://www.twilio.com/docs/api/errors/20404",
    ),
    (
        "Used-up checks",
        "60202 until the ten minutes are over, for a create too; then 20404",
        "https://www.twilio.com/docs/api/errors/60202",
    ),
    (
        "Order of the checks of a create; whether a refused create counts",
        "chosen: not documented; it does not count",
        _VERIFY,
    ),
    (
        "Creates at the same moment",
        "60212 for all but one, where two nodes are asked at once: one server never does",
        "https://www.twilio.com/docs/api/errors/60212",
    ),
    (
        "Channels",
        "sms, call and whatsapp end in the inbox as the same text, auto is sms; email is refused"
        " (60217), sna too (60223); one that is switched off is 60223",
        "https://www.twilio.com/docs/api/errors/60223",
    ),
    (
        "Custom codes",
        "4 to 10 characters of any kind; checked as others; the account's own service takes them,"
        " one that is made does not until it is told to",
        "https://www.twilio.com/docs/verify/api/customization-options",
    ),
    (
        "Text",
        "the English default, AppHash, the warning not to share; other languages are English here",
        "https://www.twilio.com/docs/verify/api/templates",
    ),
    ("Templates", "those of the account by SID, with substitutions; no translations", _VERIFY),
    (
        "Fraud Guard, Geo Permissions",
        "blocked prefixes and regions of the account; safe list and RiskCheck=disable pass both;"
        " nothing is blocked by itself",
        "https://www.twilio.com/docs/verify/preventing-toll-fraud",
    ),
    (
        "Rate limits and buckets of a service",
        "counted by value, in rolling windows; how many there may be is ours (20 of each)",
        limits.PAGE,
    ),
    (
        "Polling",
        "60 fetches a minute, 180 an hour, 250 a day, counted by verification: UNVERIFIED",
        _TIMES,
    ),
    (
        "Attempts and their summary",
        "of what the inbox still has; the last attempt of an approved one is converted",
        "https://www.twilio.com/docs/verify/api/list-verification-attempts",
    ),
    (
        "Services, messaging configurations, safe list",
        "every field; what push, TOTP and passkeys are set to has no effect",
        "https://www.twilio.com/docs/verify/api/service",
    ),
    (
        "Numbers",
        "E.164 with its plus, of a possible length: +15551234567 is taken, as in the examples",
        "https://www.twilio.com/docs/api/errors/60200",
    ),
    (
        "Opted-out numbers",
        "refused with 21610: UNVERIFIED",
        "https://www.twilio.com/docs/api/errors/21610",
    ),
    (
        "Test credentials",
        "refused with 20008: Verify does not take them",
        "https://www.twilio.com/blog/test-verify-no-rate-limits",
    ),
    (
        "Lookup",
        "validity, country, kind of line by libphonenumber, or as the account says, carriers too;"
        " other packages are not enabled, 60606 in the package: UNVERIFIED",
        "https://www.twilio.com/docs/lookup/v2-api",
    ),
    ("Prices", "0.05 an attempt, whatever the country", _VERIFY),
    (
        "Push, TOTP, passkeys, silent network authentication, forms, webhooks, Event Streams",
        "not there: answered 20404",
        "https://www.twilio.com/docs/verify",
    ),
)


PROVIDER = Provider(
    name="twilio_verify",
    title="Twilio Verify",
    account_of=TWILIO,
    hosts=HOSTS,
    reference="https://www.twilio.com/docs/verify/api",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    settings=SETTINGS,
    lifecycles=LIFECYCLES,
    judges=(
        *(judges.credit, create.geo, create.fraud_guard, create.trial, judges.opted_out),
        *(create.landline, create.used_up, create.claimed),
    ),
    limits=create.LIMITS,
    concurrency=senders.CONCURRENCY,
    price=attempts.PRICE,
    templates=TEMPLATES,
    endpoints=ENDPOINTS,
    identify=account.identify,
    authenticate=account.authenticate,
    refuse=refuse,
    message_id=message_id,
    placeholders=placeholders,
    emulates=EMULATES,
)
