"""SMSBao (短信宝): SMS within China and abroad, codes read out by telephone, and the balance.

Reference: https://www.smsbao.com/openapi/56.html
Four paths, asked by GET (or a form by POST): `/sms`, `/wsms`, `/voice` and `/query`. `u` is the
account, and `p` proves it: the MD5 of its password, or its API key as it is. An answer is HTTP 200
with a bare number, 0 for taken; there are no words, no id of a message and no receipts.

Numbers within China have eleven digits. Clients send them with the country code as well, and what
the vendor says to that nobody has written down: it is taken, or in the settings document `smsbao`
with `numbers` set to `strict` refused.
"""

import hashlib
import re
from collections.abc import Callable
from math import ceil
from types import MappingProxyType

from simulators.kernel import catalogue, credentials, judges, phone, reading, schemas, steps
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Document,
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Provider,
    Query,
    Refusal,
    Send,
    Turns,
)

REFERENCE = "https://www.smsbao.com/openapi/56.html"
CLIENTS = "https://github.com/overtrue/easy-sms/blob/master/src/Gateways/SmsbaoGateway.php"
CHARGED = 64  # characters that are charged as one message, as clients say
MOST = 99  # numbers in one request
BOUGHT = 1000  # messages, where the account's balance is not set
_CHINA = 8 * 3600
_DOMESTIC = re.compile(r"1[0-9]{10}")
_WITH_COUNTRY = re.compile(r"\+?86(1[0-9]{10})")
_SIGNED = re.compile(r"\s*【([^】]*)】")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "-1",
        Problem.TOO_LARGE: "413",
        Problem.NOT_FOUND: "404",
        Problem.METHOD_NOT_ALLOWED: "405",
        Problem.NO_CREDENTIALS: "-1",
        Problem.UNKNOWN_CREDENTIALS: "40",
        Problem.UNAUTHENTICATED: "30",
        Problem.EXPIRED: "30",
        Problem.REPLAYED: "30",
        Problem.FORBIDDEN: "43",
        Problem.SUSPENDED: "42",
        Problem.NO_CREDIT: "41",
        Problem.THROTTLED: "60",
        Problem.MISSING_RECIPIENT: "-1",
        Problem.BAD_RECIPIENT: "51",
        Problem.TOO_MANY_RECIPIENTS: "51/many",
        Problem.REGION_NOT_ALLOWED: "51/region",
        Problem.OPTED_OUT: "51/opted-out",
        Problem.MISSING_SENDER: "50/signature",
        Problem.BAD_SENDER: "50/signature",
        Problem.MISSING_TEXT: "-1",
        Problem.TEXT_TOO_LONG: "50/length",
        Problem.TEMPLATE_UNKNOWN: "50",
        Problem.TEMPLATE_MISMATCH: "50",
        Problem.INTERNAL: "500",
        Problem.UNAVAILABLE: "503",
    }
)

# Nothing of this is on the wire: a client never learns what became of a message.
STATES = MappingProxyType(
    {"accepted": State.ACCEPTED, "sent": State.SENT, "delivered": State.DELIVERED}
)
LIFECYCLES = MappingProxyType(
    {
        "sms": (Step(0, "accepted"), Step(1, "sent"), Step(5, "delivered")),
        "voice": (Step(0, "accepted"), Step(1, "sent"), Step(10, "delivered")),
    }
)

CREDENTIALS = (
    Credential(
        "username",
        "fakeuser",
        make=lambda chance: f"fake{chance.hex(8)}",
        at=("query.u", "body.u"),
        identifies=True,
    ),
    Credential(
        "api_key",
        "adc114e7875eeeecca8437398e1fe3f3",
        make=lambda chance: chance.hex(32),
        at=("query.p", "body.p"),
        secret=True,
    ),
    Credential(
        "password",
        "fake-smsbao-password",
        make=lambda chance: f"fake-{chance.hex(16)}",
        signs=("query.p", "body.p"),
        secret=True,
    ),
)

SETTINGS = MappingProxyType(
    {
        "smsbao": schemas.record(
            numbers=schemas.one_of("lenient", "strict"),
            ips=schemas.many(
                {"type": "string", "pattern": r"^[0-9a-fA-F.:]+$", "description": "an IP address"}
            ),
            words=schemas.many(
                {"type": "string", "minLength": 1, "description": "a word that is not let through"}
            ),
        )
    }
)


def read(call: Call) -> Document:
    """The fields of the query; those of a form stand there as well, as its way is no other."""
    fields = reading.fields(call.query) if call.query else {}
    if call.method == "POST":
        fields |= reading.form(call)
    return document(call.method, call.path, call.headers, fields, reading.body(call))


def _field(exchange: Exchange, name: str) -> str:
    return reading.first(exchange.document["query"], name)


def identify(exchange: Exchange) -> str | None:
    """The name of the account."""
    return _field(exchange, "u") or None


def unknown(exchange: Exchange) -> Refusal:
    """What is missing is said before the name is looked up. UNVERIFIED."""
    return Refusal(Problem.UNKNOWN_CREDENTIALS if _complete(exchange) else Problem.MALFORMED)


def authenticate(exchange: Exchange) -> None:
    """The MD5 of the password, in either case of its letters, or the API key; then the address the
    request comes from, where the account lists those that may ask."""
    if not _complete(exchange):
        raise Refusal(Problem.MALFORMED)
    given, known = _field(exchange, "p"), exchange.credentials
    hashed = hashlib.md5(known["password"].encode(), usedforsecurity=False).hexdigest()
    if not (credentials.same(hashed, given.lower()) or credentials.same(known["api_key"], given)):
        raise Refusal(Problem.UNAUTHENTICATED)
    allowed = exchange.world.load("smsbao", {}).get("ips")
    if allowed and exchange.call.client not in allowed:
        raise Refusal(Problem.FORBIDDEN)


def _complete(exchange: Exchange) -> bool:
    wanted = ("u", "p", "m", "c") if exchange.endpoint and exchange.endpoint.sends else ("u", "p")
    return all(_field(exchange, name) for name in wanted)


def within_china(exchange: Exchange, written: str) -> phone.Number | None:
    """Eleven digits; with the country code before them, unless the account is set to be strict."""
    lenient = exchange.world.load("smsbao", {}).get("numbers") != "strict"
    found = _WITH_COUNTRY.fullmatch(written) if lenient else None
    digits = found[1] if found else written
    return phone.parse(digits, "CN") if _DOMESTIC.fullmatch(digits) else None


def abroad(_exchange: Exchange, written: str) -> phone.Number | None:
    """A plus, the country code and the number. One whose plus was not encoded reads as a blank, and
    is none."""
    return phone.parse(written) if written.startswith("+") else None


def number(digits: str) -> phone.Number | None:
    """Digits without a plus are a Chinese number, and others are none."""
    return phone.parse(digits, "CN") if _DOMESTIC.fullmatch(digits) else None


def parse_sms(exchange: Exchange) -> list[Draft]:
    """Numbers within China, separated by commas."""
    return _drafts(exchange, within_china, "sms")


def parse_wsms(exchange: Exchange) -> list[Draft]:
    """Numbers anywhere, separated by commas."""
    return _drafts(exchange, abroad, "sms")


def parse_voice(exchange: Exchange) -> list[Draft]:
    """A code that one number within China is called with. The content is the code alone."""
    if "," in _field(exchange, "m"):
        raise Refusal(Problem.TOO_MANY_RECIPIENTS)
    return _drafts(exchange, within_china, "voice")


def _drafts(
    exchange: Exchange, numbered: Callable[[Exchange, str], phone.Number | None], lifecycle: str
) -> list[Draft]:
    numbers, text = _field(exchange, "m").split(","), _field(exchange, "c")
    if len(numbers) > MOST:
        raise Refusal(Problem.TOO_MANY_RECIPIENTS)
    signed = _SIGNED.match(text)
    found = []
    for written in numbers:
        draft = Draft(
            written,
            text=text,
            segments=ceil(len(text) / CHARGED),
            lifecycle=lifecycle,
            signature=signed[1] if signed else "",
            details={"written": written, "product": _field(exchange, "g")},
        )
        one = numbered(exchange, written)
        if one is None or not one.possible:
            draft.failure = exchange.fail(Problem.BAD_RECIPIENT)
        else:
            draft.number, draft.region = one.e164, one.region
        found.append(draft)
    return found


def worded(exchange: Exchange, draft: Draft) -> Failure | None:
    """50 for a text with a word that the account's settings name."""
    words = exchange.world.load("smsbao", {}).get("words", ())
    return exchange.fail("50") if any(word in draft.text for word in words) else None


def answer(_exchange: Exchange) -> Reply:
    """One number for all of them."""
    return _bare("0")


def refuse(_exchange: Exchange, failure: Failure) -> Reply:
    """The code, and not a word more."""
    return _bare(str(failure.row.code), failure.row.http_status)


def _bare(body: str, status: int = 200) -> Reply:
    return Reply(status, body.encode(), [("Content-Type", "text/html;charset=UTF-8")])


def query(exchange: Exchange) -> Turns:
    """A line with 0, and one with how many messages were sent and how many are left."""
    sent = 0
    for some in exchange.world.slices(provider="smsbao"):
        sent += sum(message.segments for message in some)
        yield steps.TURN
    left = exchange.world.load("balance", max(BOUGHT - sent, 0))
    return _bare(f"0\n{sent},{int(left)}")


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """An id of our own: the vendor tells none."""
    return exchange.world.chance.uuid()


def _endpoints(operation: str, does: Send | Query) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(operation=operation, method=method, path=f"/{operation}", read=read, does=does)
        for method in ("GET", "POST")
    )


PROVIDER = Provider(
    name="smsbao",
    title="SMSBao",
    hosts=("api.smsbao.com", "www.smsbao.com"),
    reference=REFERENCE,
    catalogue=catalogue.load("smsbao"),
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    endpoints=(
        *_endpoints("sms", Send(parse_sms, answer)),
        *_endpoints("wsms", Send(parse_wsms, answer)),
        *_endpoints("voice", Send(parse_voice, answer)),
        *_endpoints("query", Query(query)),
    ),
    credentials=CREDENTIALS,
    identify=identify,
    unknown=unknown,
    authenticate=authenticate,
    refuse=refuse,
    message_id=message_id,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out, worded),
    limits=(
        Limit(
            name="number in a day",
            permits=4,
            seconds=86_400,
            key=("number",),
            error="60",
            source=REFERENCE,
            kind="natural",
            zone=_CHINA,
        ),
    ),
    number=number,
    price=1.0,
    settings=SETTINGS,
    emulates=(
        ("/sms, /wsms, /voice", "99 numbers at most; the order of refusals is UNVERIFIED", CLIENTS),
        (
            "numbers with 86 before them",
            "taken, or refused by 51 where the account is set to strict; UNVERIFIED",
            CLIENTS,
        ),
        ("/query", "counted by 64 characters, of 1000 unless a balance is set", CLIENTS),
        (
            "limits",
            "four messages a day and number; the code that says so, 60, is UNVERIFIED",
            REFERENCE,
        ),
        ("POST of a form", "as a GET; UNVERIFIED", CLIENTS),
        ("approval of templates, receipts, replies", "not emulated: no client has them", REFERENCE),
    ),
)
