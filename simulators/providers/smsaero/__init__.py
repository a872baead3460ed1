"""SMS Aero, API version 2 at gate.smsaero.ru.

Reference: https://smsaero.ru/integration/documentation/api/ (not readable without an account; what
stands here is from the official clients at https://github.com/smsaero and from recorded answers).
Every answer is `{"success", "data", "message"}`. A request with a field that is wrong is refused
as a whole, with the reasons by field.

The world's settings document `smsaero` changes how the provider behaves here: `moderation_s` is
how many seconds a message waits for moderation (status 8) before it is queued.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, credentials, judges, schemas
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Draft,
    Endpoint,
    Exchange,
    Handler,
    Provider,
    Query,
    Refusal,
    Send,
)
from simulators.kernel.templates import Signature
from simulators.providers.smsaero import account, contacts, operators, sms, viber, wire

CATALOGUE = catalogue.load("smsaero")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "400/body",
        Problem.TOO_LARGE: "413",
        Problem.NOT_FOUND: "404",
        Problem.METHOD_NOT_ALLOWED: "405",
        Problem.NO_CREDENTIALS: "401",
        Problem.UNKNOWN_CREDENTIALS: "401",
        Problem.UNAUTHENTICATED: "401",
        Problem.EXPIRED: "401",
        Problem.REPLAYED: "401",
        Problem.FORBIDDEN: "404/ip",
        Problem.SUSPENDED: "403",
        Problem.NO_CREDIT: "402",
        Problem.THROTTLED: "429",
        Problem.MISSING_RECIPIENT: "400/number/required",
        Problem.BAD_RECIPIENT: "400/number",
        Problem.TOO_MANY_RECIPIENTS: "400/numbers",
        Problem.REGION_NOT_ALLOWED: "400/number/region",
        Problem.OPTED_OUT: "400/number/blacklist",
        Problem.MISSING_SENDER: "400/sign/required",
        Problem.BAD_SENDER: "400/sign",
        Problem.MISSING_TEXT: "400/text/required",
        Problem.TEXT_TOO_LONG: "400/text/long",
        Problem.TEMPLATE_UNKNOWN: "400/text",
        Problem.TEMPLATE_MISMATCH: "400/text",
        Problem.INTERNAL: "500",
        Problem.UNAVAILABLE: "503",
    }
)

# The numbers are constants of github.com/cloudloyalty/smsaero-client; what follows a slash is ours.
STATES = MappingProxyType(
    {
        "8": State.ACCEPTED,
        "0/scheduled": State.SCHEDULED,
        "0": State.ACCEPTED,
        "3": State.SENT,
        "4": State.SENT,
        "1": State.DELIVERED,
        "2": State.UNDELIVERED,
        "6": State.FAILED,
        **viber.STATES,
    }
)

LIFECYCLES = MappingProxyType(
    {
        "sms": (Step(0, "0"), Step(1, "3"), Step(2, "4"), Step(3, "1")),
        "viber": viber.LIFECYCLE,
    }
)

# The shared sender for tests, as the Python SDK and as users of the plain API spell it.
SIGNATURES = (Signature("SMS Aero"), Signature("SMSAero"))

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
FIRST_ID = 800_000_000  # of nine digits, as production has them

CREDENTIALS = (
    Credential(
        "email",
        "user@example.com",
        make=lambda chance: f"user-{chance.hex(8)}@example.com",
        at=("basic.user",),
        identifies=True,
    ),
    Credential(
        "api_key",
        "abcdefghijklmnopqrstuvwxyz012345",
        make=lambda chance: chance.letters(32, _LETTERS),
        at=("basic.password",),
        secret=True,
    ),
    Credential("sign", "SMS Aero"),
)


def identify(exchange: Exchange) -> str | None:
    """The user name of the Basic header: the account's e-mail address."""
    shown = credentials.basic(exchange.call)
    return shown[0] if shown else None


def authenticate(exchange: Exchange) -> None:
    """The password is the API key. Raises `Refusal`."""
    shown = credentials.basic(exchange.call)
    if shown is None or not credentials.same(exchange.credentials["api_key"], shown[1]):
        raise Refusal(Problem.UNAUTHENTICATED)


def message_id(exchange: Exchange, draft: Draft) -> str:
    """Numbers that go up by one; a sending by Viber has one for all its messages."""
    if "sending" in draft.details:
        return viber.message_id(draft.details["sending"], draft.details["n"])
    world = exchange.world
    return str(FIRST_ID + world.store.count(world.id, "smsaero/messages"))


def both(operation: str, path: str, does: Send | Query) -> tuple[Endpoint, ...]:
    """An operation by POST and by GET."""
    return tuple(
        Endpoint(operation=operation, method=method, path=f"/v2/{path}", read=wire.read, does=does)
        for method in ("POST", "GET")
    )


def asking(operation: str, path: str, handle: Handler) -> tuple[Endpoint, ...]:
    """An operation that sends nothing."""
    return both(operation, path, Query(handle))


ENDPOINTS = (
    *both(sms.SEND, "sms/send", Send(sms.parse, sms.answer)),
    *both(sms.TEST, "sms/testsend", Send(sms.parse, sms.answer)),
    *both(viber.SEND, "viber/send", Send(viber.parse, viber.answer)),
    *asking("get-sms", "sms/status", sms.status(sms.SEND)),
    *asking("get-test-sms", "sms/teststatus", sms.status(sms.TEST)),
    *asking("list-sms", "sms/list", sms.listing(sms.SEND, "sms/list")),
    *asking("list-test-sms", "sms/testlist", sms.listing(sms.TEST, "sms/testlist")),
    *asking("auth", "auth", account.auth),
    *asking("get-balance", "balance", account.balance),
    *asking("add-balance", "balance/add", account.balance_add),
    *asking("list-cards", "cards", account.cards),
    *asking("list-tariffs", "tariffs", account.tariffs),
    *asking("add-sign", "sign/add", account.sign_add),
    *asking("list-signs", "sign/list", account.sign_list),
    *asking("list-viber-signs", "viber/sign/list", account.viber_sign_list),
    *asking("check-hlr", "hlr/check", operators.hlr_check),
    *asking("get-hlr", "hlr/status", operators.hlr_status),
    *asking("get-operator", "number/operator", operators.number_operator),
    *asking("list-viber", "viber/list", viber.listing),
    *asking("get-viber-statistic", "viber/statistic", viber.statistic),
    *asking("add-to-blacklist", "blacklist/add", contacts.blacklist_add),
    *asking("list-blacklist", "blacklist/list", contacts.blacklist_list),
    *asking("delete-from-blacklist", "blacklist/delete", contacts.blacklist_delete),
    *asking("add-group", "group/add", contacts.group_add),
    *asking("list-groups", "group/list", contacts.group_list),
    *asking("delete-group", "group/delete", contacts.delete(contacts.GROUPS)),
    *asking("delete-groups", "group/delete-all", contacts.delete_all(contacts.GROUPS)),
    *asking("add-contact", "contact/add", contacts.contact_add),
    *asking("list-contacts", "contact/list", contacts.contact_list),
    *asking("delete-contact", "contact/delete", contacts.delete(contacts.CONTACTS)),
    *asking("delete-contacts", "contact/delete-all", contacts.delete_all(contacts.CONTACTS)),
)

SETTINGS = MappingProxyType({"smsaero": schemas.record(moderation_s=schemas.number(0, 1e6))})

_SDK = "https://github.com/smsaero/smsaero_python"
_GO = "https://github.com/smsaero/smsaero_golang"
_RECORDED = "https://github.com/cloudloyalty/smsaero-client"

EMULATES = (
    (
        "sms/send, sms/testsend, sms/status, sms/teststatus, sms/list, sms/testlist",
        "whole, as JSON, form or query; shortLink, channel and marker are ignored",
        _SDK,
    ),
    ("Basic with e-mail and API key", "whole; the realm of WWW-Authenticate is ours", _RECORDED),
    (
        "wrong fields",
        "shape, HTTP 400, `number` and `sign` as recorded; reasons of other fields by analogy",
        _RECORDED,
    ),
    (
        "no credit",
        "402 `Not enough money`; `result: no credits` with HTTP 200 is version 1's, which official"
        " SDKs look for still, by a rule; the balance falls with sends where one is counted",
        "https://smsaero.ru/integration/documentation/api/",
    ),
    (
        "numbers",
        "7 to 15 digits, no plus; a 7 has to be followed by a mobile number of Russia or"
        " Kazakhstan; that numbers of other countries are taken by their length is ours",
        _SDK,
    ),
    (
        "prices",
        "those of FREE SIGN as in the SDK's sample, all others ours; operators by prefix, numbers"
        " that changed operator are not known",
        _SDK,
    ),
    ("callbacks", "on each status; names of fields, POST and three retries are UNVERIFIED", _GO),
    (
        "statuses",
        "numbers and words as documented; queue, delivery and moderation recorded",
        _RECORDED,
    ),
    ("blacklist", "a message to a number of it ends with status 6, UNVERIFIED", _SDK),
    ("hlr/check, hlr/status", "every number that can be sent to is available after 2 s", _SDK),
    (
        "viber/send, viber/list, viber/statistic, viber/sign/list",
        "pictures and buttons are not looked at, a CASCADE sends no SMS; signs are those of SMS",
        _SDK,
    ),
    (
        "groups, contacts, cards, balance/add, sign/add",
        "whole, 1000 of a kind; a sign is approved by whoever runs the simulator",
        _SDK,
    ),
    ("telegram, mobile-id, flashcall, voicecode", "no", _SDK),
)


PROVIDER = Provider(
    name="smsaero",
    title="SMS Aero",
    hosts=("gate.smsaero.ru", "gate.smsaero.org", "gate.smsaero.net", "gate.smsaero.uz"),
    reference="https://smsaero.ru/integration/documentation/api/",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    settings=SETTINGS,
    lifecycles=LIFECYCLES,
    judges=(judges.active, judges.region, judges.opted_out),
    signatures=SIGNATURES,
    receipts=sms.RECEIPTS,
    endpoints=ENDPOINTS,
    credentials=CREDENTIALS,
    identify=identify,
    authenticate=authenticate,
    refuse=wire.refuse,
    message_id=message_id,
    placeholders=wire.placeholders,
    price=0,  # each draft has a cost of its own: that depends on the operator
    emulates=EMULATES,
)
