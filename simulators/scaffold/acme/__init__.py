"""Acme SMS.

Reference: https://docs.acme.example/sms
Say here what a reader should know first: how requests are signed, how a refusal looks, whether one
request has several recipients.
"""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simulators.kernel import catalogue, credentials, judges, phone, reading, segments
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import document
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit
from simulators.kernel.inbound import Inbound
from simulators.kernel.message import State, Step
from simulators.kernel.provider import (
    Document,
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Provider,
    Refusal,
    Send,
)
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World

REFERENCE = "https://docs.acme.example/sms"

# Every problem has a row in errors.json. Two problems may share one: name its key.
PROBLEMS = MappingProxyType({problem: problem.value for problem in Problem})

# The vendor's status words, and how a message goes through them: seconds from acceptance.
STATES = MappingProxyType(
    {
        "queued": State.ACCEPTED,
        "sent": State.SENT,
        "delivered": State.DELIVERED,
        "undelivered": State.UNDELIVERED,
        "received": State.RECEIVED,
    }
)
LIFECYCLES = MappingProxyType(
    {
        "sms": (Step(0, "queued"), Step(1, "sent"), Step(3, "delivered")),
        "inbound": (Step(0, "queued"), Step(0, "received")),
    }
)

CREDENTIALS = (
    Credential(
        "account",
        "acme-fake-account",
        make=lambda chance: f"acme-{chance.hex(12)}",
        at=("basic.user",),
        identifies=True,
    ),
    Credential(
        "api_key",
        "FakeAcmeKeyFakeAcmeKey01",
        make=lambda chance: chance.hex(24),
        at=("basic.password",),
        secret=True,
    ),
)


def identify(exchange: Exchange) -> str | None:
    """Whose request it is: the user of the Authorization header."""
    pair = credentials.basic(exchange.call)
    return pair[0] if pair else None


def authenticate(exchange: Exchange) -> None:
    """The password must be the account's key."""
    pair = credentials.basic(exchange.call)
    if pair is None or not credentials.same(exchange.credentials["api_key"], pair[1]):
        raise Refusal(Problem.UNAUTHENTICATED)


def read(call: Call) -> Document:
    """Query and body, by content type: what contracts judge and `parse` reads."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.body(call))


def parse(exchange: Exchange) -> list[Draft]:
    """One draft a recipient, with the text that the person would read."""
    body = exchange.document["body"]
    if not isinstance(body, dict):
        raise Refusal(Problem.MALFORMED, detail="the body is not an object")
    to, text = body.get("to"), body.get("text")
    if not isinstance(to, list) or not to:
        raise Refusal(Problem.MISSING_RECIPIENT)
    if not isinstance(text, str) or not text:
        raise Refusal(Problem.MISSING_TEXT)
    callback = body.get("callback", "")  # "": the account's own URL, where one is set
    return [_draft(exchange, one, text, str(callback)) for one in to]


def _draft(exchange: Exchange, to: object, text: str, callback: str) -> Draft:
    shown = str(to)
    number = phone.parse(shown if shown.startswith("+") else f"+{shown}")
    draft = Draft(
        shown, text=text, segments=segments.count(text), lifecycle="sms", callback=callback
    )
    if number is None or not number.possible:
        draft.failure = exchange.fail(Problem.BAD_RECIPIENT, to=shown)  # the others still go
    else:
        draft.number, draft.region = number.e164, number.region
    return draft


def answer(exchange: Exchange) -> Reply:
    """A row for each recipient: the id of the message, or why there is none."""
    rows = []
    for outcome in exchange.outcomes:
        row: dict[str, Any] = {"to": outcome.draft.number}
        if outcome.message is not None:
            row |= {"id": outcome.message.id, "status": "queued"}
        elif outcome.failure is not None:
            row |= {"error": outcome.failure.row.code, "message": outcome.failure.text}
        rows.append(row)
    return Reply.json(200, {"messages": rows})


def refuse(_exchange: Exchange, failure: Failure) -> Reply:
    """The refusal of a whole request."""
    return Reply.json(failure.row.http_status, {"error": failure.row.code, "message": failure.text})


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """An id as the vendor makes them, from the account's own chance."""
    return exchange.world.chance.uuid()


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """What the vendor posts when a message's status has changed."""
    (report,) = reports
    row = report.row
    fields = {
        "id": report.message.id,
        "to": report.message.to,
        "status": report.step.status,
        "error": row.code if row else None,
    }
    return Callback.json(url, fields)


def build_reply(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """What the vendor posts when somebody has written back."""
    message = reports[0].message
    fields = {"id": message.id, "from": message.sender, "to": message.to, "text": message.text}
    return Callback.json(url, fields)


def expects(status: int, _body: bytes) -> str:
    """What an application's answer lacks; "" when it acknowledges."""
    return "" if 200 <= status <= 299 else f"a status of 2xx, not {status}"


RETRIES = (60.0, 300.0, 900.0)  # UNVERIFIED
RECEIPTS = Receipts(
    statuses=frozenset({"sent", "delivered", "undelivered"}),
    build=build,
    expects=expects,
    retries=RETRIES,
    timeout=10.0,
    source=REFERENCE,
)
INBOUND = Inbound(
    receipts=Receipts(
        statuses=frozenset({"received"}),
        build=build_reply,
        expects=expects,
        retries=RETRIES,
        timeout=10.0,
        source=REFERENCE,
    ),
    keywords={"STOP": "stop", "START": "start"},
)

PROVIDER = Provider(
    name="acme",
    title="Acme SMS",
    hosts=("api.acme.example",),
    reference=REFERENCE,
    catalogue=catalogue.load("acme", Path(__file__).parent / "contracts"),
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    endpoints=(
        Endpoint(
            operation="send-sms",
            method="POST",
            path="/v1/messages",
            read=read,
            does=Send(parse=parse, answer=answer, per_recipient=True),
        ),
    ),
    credentials=CREDENTIALS,
    identify=identify,
    authenticate=authenticate,
    refuse=refuse,
    message_id=message_id,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    limits=(
        Limit(
            name="per number",
            permits=30,
            seconds=60,
            key=("number",),
            error=Problem.THROTTLED.value,
            source=REFERENCE,
        ),
    ),
    receipts=RECEIPTS,
    inbound=INBOUND,
    emulates=(
        ("POST /v1/messages", "to one or many, answered for each: UNVERIFIED", REFERENCE),
        ("receipts and replies", "as JSON, tried again: UNVERIFIED", REFERENCE),
        ("limits", "30 a minute and number: UNVERIFIED", REFERENCE),
    ),
)
