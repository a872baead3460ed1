"""Yunpian SMS, version 2.

Reference: https://github.com/yunpian/yunpian-java-sdk
A form with an `apikey` and no signature. A refused request has HTTP 400 and `{http_status_code,
code, msg, detail}`; of a batch each number is answered on its own, under HTTP 200. Numbers without
a plus are Chinese ones of eleven digits. Any text passes: what its templates would let pass is not
emulated.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import orjson

from simulators.kernel import catalogue, judges, phone, reading, segments
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
    Outcome,
    Provider,
    Refusal,
    Send,
)
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World

REFERENCE = "https://github.com/yunpian/yunpian-java-sdk"
CLIENTS = "https://github.com/yunpian/sms"
PRICE = 0.05
MOST = 1000
_DOMESTIC = re.compile(r"1[0-9]{10}")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "2",
        Problem.TOO_LARGE: "413",
        Problem.NOT_FOUND: "404",
        Problem.METHOD_NOT_ALLOWED: "11",
        Problem.NO_CREDENTIALS: "1/apikey",
        Problem.UNKNOWN_CREDENTIALS: "-1",
        Problem.UNAUTHENTICATED: "-1",
        Problem.EXPIRED: "19",
        Problem.REPLAYED: "19",
        Problem.FORBIDDEN: "-2",
        Problem.SUSPENDED: "-2",
        Problem.NO_CREDIT: "3",
        Problem.THROTTLED: "-5",
        Problem.MISSING_RECIPIENT: "1/mobile",
        Problem.BAD_RECIPIENT: "2/mobile",
        Problem.TOO_MANY_RECIPIENTS: "2",
        Problem.REGION_NOT_ALLOWED: "20",
        Problem.OPTED_OUT: "10",
        Problem.MISSING_SENDER: "-57",
        Problem.BAD_SENDER: "15",
        Problem.MISSING_TEXT: "1/text",
        Problem.TEXT_TOO_LONG: "2",
        Problem.TEMPLATE_UNKNOWN: "5",
        Problem.TEMPLATE_MISMATCH: "5",
        Problem.INTERNAL: "-50",
        Problem.UNAVAILABLE: "-51",
    }
)

# On the wire are SUCCESS and FAIL; what stands before them is ours, as are the words of replies.
STATES = MappingProxyType(
    {
        "accepted": State.ACCEPTED,
        "SUCCESS": State.DELIVERED,
        "FAIL": State.UNDELIVERED,
        "received": State.RECEIVED,
    }
)
LIFECYCLES = MappingProxyType(
    {
        "sms": (Step(0, "accepted"), Step(3, "SUCCESS")),
        "inbound": (Step(0, "accepted"), Step(0, "received")),
    }
)

CREDENTIALS = (
    Credential(
        "apikey",
        "9b11127a9701975c734b8aee81ee3526",
        make=lambda chance: chance.hex(32),
        at=("body.apikey",),
        identifies=True,
        secret=True,
    ),
    Credential("signature", "【云片网】"),
)


def read(call: Call) -> Document:
    """A form; what comes in the query is not looked at."""
    query = reading.fields(call.query) if call.query else {}
    return document(call.method, call.path, call.headers, query, reading.form(call))


def identify(exchange: Exchange) -> str | None:
    """The apikey is all there is: who has it is the account."""
    return reading.first(_fields(exchange), "apikey") or None


def _fields(exchange: Exchange) -> reading.Fields:
    """The form; none where a body could not be read."""
    return exchange.document["body"] or {}


def authenticate(_exchange: Exchange) -> None:
    """Nothing proves more than the apikey by which the account was found."""


def number(digits: str) -> phone.Number | None:
    """Eleven digits without a plus are a Chinese number, and others are none."""
    return phone.parse(digits, "CN") if _DOMESTIC.fullmatch(digits) else None


def parse_single(exchange: Exchange) -> list[Draft]:
    """One number, and what it is sent."""
    return [_draft(exchange, *_asked(exchange))]


def parse_batch(exchange: Exchange) -> list[Draft]:
    """Numbers separated by commas, a thousand at most."""
    mobile, text = _asked(exchange)
    numbers = mobile.split(",")
    if len(numbers) > MOST:
        raise Refusal(Problem.TOO_MANY_RECIPIENTS)
    return [_draft(exchange, one, text) for one in numbers]


def _asked(exchange: Exchange) -> tuple[str, str]:
    body = _fields(exchange)
    mobile, text = reading.first(body, "mobile"), reading.first(body, "text")
    if not mobile:
        raise Refusal(Problem.MISSING_RECIPIENT)
    if not text:
        raise Refusal(Problem.MISSING_TEXT)
    return mobile, text if text.startswith("【") else exchange.credentials["signature"] + text


def _draft(exchange: Exchange, mobile: str, text: str) -> Draft:
    callback = reading.first(_fields(exchange), "callback_url")
    # Whatever the alphabet, more than 70 characters are charged by 67.
    parts = segments.count(text, unicode=True)
    draft = Draft(mobile, text=text, segments=parts, lifecycle="sms", callback=callback)
    draft.details = {"mobile": mobile}
    found = phone.parse(mobile) if mobile.startswith("+") else number(mobile)
    if found is None or not found.possible:
        draft.failure = exchange.fail(Problem.BAD_RECIPIENT, to=mobile)
    else:
        draft.number, draft.region = found.e164, found.region
    return draft


def answer_single(exchange: Exchange) -> Reply:
    """The number of segments, what they cost, and the id."""
    return _json(200, _row(exchange.outcomes[0]))


def answer_batch(exchange: Exchange) -> Reply:
    """A row for each number; those that were refused cost nothing."""
    rows = [_row(outcome) for outcome in exchange.outcomes]
    fees = sum(row.get("fee", 0.0) for row in rows)
    taken = sum(row["code"] == 0 for row in rows)
    return _json(
        200, {"total_count": taken, "total_fee": f"{fees:.4f}", "unit": "RMB", "data": rows}
    )


def _row(outcome: Outcome) -> dict[str, Any]:
    draft, message, failure = outcome.draft, outcome.message, outcome.failure
    mobile = draft.details.get("mobile", draft.number)
    if message is None or failure is not None:
        code, text = (failure.row.code, failure.text) if failure else (0, "")
        return {"code": code, "msg": text, "mobile": mobile}
    fee = round(PRICE * message.segments, 4)
    told = {"code": 0, "msg": "发送成功", "count": message.segments, "fee": fee, "unit": "RMB"}
    return {**told, "mobile": mobile, "sid": int(message.id)}


def refuse(_exchange: Exchange, failure: Failure) -> Reply:
    """`detail` says more than `msg` where the row has one; clients show either."""
    row = failure.row
    detail = replace(row, message=(row.extra or {}).get("detail", row.message))
    told = {"http_status_code": row.http_status, "code": row.code, "msg": failure.text}
    return _json(row.http_status, {**told, "detail": detail.text(failure.values)})


def _json(status: int, body: object) -> Reply:
    kind = [("Content-Type", "application/json;charset=utf-8")]
    return Reply(status, orjson.dumps(body), kind)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """The sid: ten digits."""
    return f"3{exchange.world.chance.digits(9)}"


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A form whose `sms_status` is a JSON list. The push is UNVERIFIED, its items are not."""
    items = [
        {
            "sid": int(report.message.id),
            "uid": None,
            "user_receive_time": _time(report.since),
            "error_msg": report.row.message if report.row else "DELIVRD",
            "mobile": report.message.details.get("mobile", report.message.to),
            "report_status": report.step.status,
        }
        for report in reports
    ]
    return _push(url, sms_status=orjson.dumps(items).decode())


def build_reply(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A form whose `sms_reply` is a JSON object, signed over its fields. UNVERIFIED."""
    message = reports[0].message
    fields = {
        "id": message.id,
        "mobile": message.sender.removeprefix("+86"),
        "reply_time": _time(message.at),
        "text": message.text,
        "extend": "",
        "base_extend": "",
    }
    signed = ",".join([fields[name] for name in sorted(fields)])
    key = world.credentials("yunpian")["apikey"]
    digest = hashlib.md5(f"{signed},{key}".encode(), usedforsecurity=False)
    return _push(url, sms_reply=orjson.dumps({**fields, "_sign": digest.hexdigest()}).decode())


def _push(url: str, **form: str) -> Callback:
    kind = "application/x-www-form-urlencoded;charset=utf-8"
    return Callback("POST", url, (("Content-Type", kind),), urlencode(form).encode())


def _time(at: float) -> str:
    """In China's time, which knows no summer."""
    return f"{datetime.fromtimestamp(at, UTC) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"


def expects(status: int, body: bytes) -> str:
    """SUCCESS or 0 acknowledges, under HTTP 200. UNVERIFIED."""
    good = status == 200 and body.strip() in (b"SUCCESS", b"0")
    return "" if good else "a status of 200 with the text SUCCESS or 0"


RECEIPTS = Receipts(
    statuses=frozenset({"SUCCESS", "FAIL"}),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),  # UNVERIFIED
    timeout=10.0,
    source=CLIENTS,
)
INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"received"}), build=build_reply), keywords={}
)

LIMITS = tuple(
    Limit(name=name, permits=permits, seconds=seconds, key=key, error=error, source=REFERENCE)
    for name, permits, seconds, key, error in (
        ("same text in 30 s", 1, 30, ("number", "text"), "8"),
        ("same text in 5 min", 3, 300, ("number", "text"), "9"),
        ("number in 1 h", 3, 3600, ("number",), "22"),  # the figures are one client's, UNVERIFIED
        ("number in 24 h", 5, 86_400, ("number",), "17"),
    )
)

PROVIDER = Provider(
    name="yunpian",
    title="Yunpian",
    hosts=("sms.yunpian.com",),
    reference=REFERENCE,
    catalogue=catalogue.load("yunpian"),
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    endpoints=(
        Endpoint(
            operation="single-send",
            method="POST",
            path="/v2/sms/single_send.json",
            read=read,
            does=Send(parse=parse_single, answer=answer_single),
        ),
        Endpoint(
            operation="batch-send",
            method="POST",
            path="/v2/sms/batch_send.json",
            read=read,
            does=Send(parse=parse_batch, answer=answer_batch, per_recipient=True),
        ),
    ),
    credentials=CREDENTIALS,
    identify=identify,
    authenticate=authenticate,
    refuse=refuse,
    message_id=message_id,
    judges=(judges.active, judges.region, judges.opted_out, judges.credit),
    limits=LIMITS,
    number=number,
    price=PRICE,
    receipts=RECEIPTS,
    inbound=INBOUND,
    emulates=(
        ("single_send", "any text passes: templates are not emulated", REFERENCE),
        ("batch_send", "each number answered on its own, a thousand at most", CLIENTS),
        ("status and reply push", "the names of the items; the rest is UNVERIFIED", CLIENTS),
        ("limits", "of 8, 9, 17 and 22; the counts an hour and a day are UNVERIFIED", REFERENCE),
        ("pull_status, pull_reply, templates, signatures", "not emulated", REFERENCE),
    ),
)
