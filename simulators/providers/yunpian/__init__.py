"""Yunpian SMS, version 2.

Reference: https://github.com/yunpian/yunpian-java-sdk
A form with an `apikey`, which proves the account. A refused request has HTTP 400 and
`{http_status_code, code, msg, detail}`; of a batch each number is answered on its own, under HTTP
200. Numbers without a plus are Chinese ones of eleven digits. A text is sent as it is, if an
approved template of the account has it (`registry.py`).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from simulators.kernel import catalogue, clock, judges, phone, queues, reading, segments
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import ErrorRow, Problem
from simulators.kernel.contracts import document
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit, always
from simulators.kernel.inbound import Inbound
from simulators.kernel.message import Message, State, Step
from simulators.kernel.provider import (
    Document,
    Draft,
    Endpoint,
    Exchange,
    Failure,
    Outcome,
    Provider,
    Query,
    Refusal,
    Send,
    basic_placeholders,
)
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.templates import Template
from simulators.kernel.world import World
from simulators.providers.yunpian import registry

REFERENCE = "https://github.com/yunpian/yunpian-java-sdk"
CLIENTS = "https://github.com/yunpian/sms"
FORM = "application/x-www-form-urlencoded;charset=utf-8"
PRICE = 0.05
MOST, PULLED = 1000, 100
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
        Problem.TEXT_TOO_LONG: "2/code",
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
    return reading.first(registry.fields(exchange), "apikey") or None


def authenticate(_exchange: Exchange) -> None:
    """Nothing proves more than the apikey by which the account was found."""


def number(digits: str) -> phone.Number | None:
    """Eleven digits without a plus are a Chinese number, and others are none."""
    return phone.parse(digits, "CN") if _DOMESTIC.fullmatch(digits) else None


def parse_single(exchange: Exchange) -> list[Draft]:
    """One number, and what it is sent."""
    (mobile,) = registry.asked(exchange, "mobile")
    return [_draft(exchange, mobile, *registry.text(exchange))]


def parse_batch(exchange: Exchange) -> list[Draft]:
    """Numbers separated by commas, a thousand at most."""
    (mobile,) = registry.asked(exchange, "mobile")
    numbers = mobile.split(",")
    if len(numbers) > MOST:
        raise Refusal(Problem.TOO_MANY_RECIPIENTS)
    text, fit = registry.text(exchange)
    return [_draft(exchange, one, text, fit) for one in numbers]


def parse_template(exchange: Exchange) -> list[Draft]:
    """One number, a template by its id, and its values as a query string within the form."""
    mobile, tpl_id, raw = registry.asked(exchange, "mobile", "tpl_id", "tpl_value")
    template = registry.all_templates(exchange).get(tpl_id)
    if template is None:
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    given = reading.fields(raw)
    values = {name.strip("#"): reading.first(given, name) for name in given}
    text = registry.VARIABLES.fill(template.content, values)
    return [_draft(exchange, mobile, text, registry.usable([template], text))]


def _draft(exchange: Exchange, mobile: str, text: str, fit: Sequence[Template]) -> Draft:
    callback = reading.first(registry.fields(exchange), "callback_url")
    # Whatever the alphabet, more than 70 characters are charged by 67.
    parts = segments.count(text, unicode=True)
    draft = Draft(mobile, text=text, segments=parts, lifecycle="sms", callback=callback)
    draft.details = {"mobile": mobile}
    found = phone.parse(mobile) if mobile.startswith("+") else number(mobile)
    if found is None or not found.possible:
        draft.failure = exchange.fail(Problem.BAD_RECIPIENT, to=mobile)
        return draft
    draft.number, draft.region = found.e164, found.region
    there = [one for one in fit if found.country_code == 86 or one.international]
    if not there:
        draft.failure = exchange.fail("23", to=mobile)
        return draft
    draft.template, draft.details["kind"] = there[0].code, there[0].kind
    return draft


def answer_single(exchange: Exchange) -> Reply:
    """The number of segments, what they cost, and the id."""
    return registry.answer(_row(exchange.outcomes[0]))


def answer_batch(exchange: Exchange) -> Reply:
    """A row for each number; those that were refused cost nothing."""
    rows = [_row(outcome) for outcome in exchange.outcomes]
    fees = sum(row.get("fee", 0.0) for row in rows)
    taken = sum(row["code"] == 0 for row in rows)
    told = {"total_count": taken, "total_fee": f"{fees:.4f}", "unit": "RMB", "data": rows}
    return registry.answer(told)


def _row(outcome: Outcome) -> dict[str, Any]:
    draft, message, failure = outcome.draft, outcome.message, outcome.failure
    mobile = draft.details.get("mobile", draft.number)
    if message is None or failure is not None:
        code, text = (failure.row.code, failure.text) if failure else (0, "")
        return {"code": code, "msg": text or None, "mobile": mobile}
    fee = round(PRICE * message.segments, 4)
    told = {"code": 0, "msg": "发送成功", "count": message.segments, "fee": fee, "unit": "RMB"}
    return {**told, "mobile": mobile, "sid": int(message.id)}


def refuse(_exchange: Exchange, failure: Failure) -> Reply:
    """`detail` says more than `msg` where the row has one; clients show either."""
    row = failure.row
    detail = replace(row, message=(row.extra or {}).get("detail", row.message))
    told = {"http_status_code": row.http_status, "code": row.code, "msg": failure.text or None}
    return registry.answer({**told, "detail": detail.text(failure.values)}, row.http_status)


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """Texts speak of a number as it was written."""
    written = {"mobile": draft.details["mobile"]} if draft else {}
    return {**basic_placeholders(exchange, draft), **written}


def pull_status(exchange: Exchange) -> Reply:
    """The oldest receipts that were not handed out yet."""
    found = queues.receipts(exchange, _page_size(exchange))
    return registry.answer([_status(exchange, message) for message in found])


def pull_reply(exchange: Exchange) -> Reply:
    """The oldest replies that were not handed out yet."""
    found = queues.replies(exchange, _page_size(exchange))
    return registry.answer([_reply(exchange.world, message) for message in found])


def _page_size(exchange: Exchange) -> int:
    text = reading.first(registry.fields(exchange), "page_size") or "20"
    size = reading.whole(text, 1, PULLED)
    if size is None:
        raise Refusal(Problem.MALFORMED)
    return size


def get_user(exchange: Exchange) -> Reply:
    """The account, whose balance is the one that is counted, if any is."""
    told = {
        "nick": "sms-simulators",
        "gmt_created": clock.wall(0, clock.CHINA),
        "mobile": "",
        "email": "",
        "ip_whitelist": None,
        "api_version": "v2",
        "alarm_balance": 0,
        "emergency_contact": "",
        "emergency_mobile": "",
        "balance": round(exchange.world.load("balance", 1000.0), 4),
    }
    return registry.answer(told)


def message_id(exchange: Exchange, _draft: Draft) -> str:
    """The sid: ten digits."""
    return f"3{exchange.world.chance.digits(9)}"


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A form whose `sms_status` is a JSON list."""
    items = [
        _item(report.message, report.step.status, report.since, report.row) for report in reports
    ]
    return Callback.form(url, {"sms_status": orjson.dumps(items).decode()}, FORM)


def build_reply(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A form whose `sms_reply` is a JSON object, signed over its fields."""
    return Callback.form(
        url, {"sms_reply": orjson.dumps(_reply(world, reports[0].message)).decode()}, FORM
    )


def _item(message: Message, status: str, since: float, row: ErrorRow | None) -> dict[str, Any]:
    return {
        "sid": int(message.id),
        "uid": None,
        "user_receive_time": clock.wall(since, clock.CHINA),
        "error_msg": row.message if row else "DELIVRD",
        "mobile": message.details.get("mobile", message.to),
        "report_status": status,
    }


def _status(exchange: Exchange, message: Message) -> dict[str, Any]:
    step, since = message.status(exchange.now, exchange.provider.lifecycles)
    return _item(
        message, step.status, since, exchange.provider.row(step.error) if step.error else None
    )


def _reply(world: World, message: Message) -> dict[str, str]:
    fields = {
        "id": message.id,
        "mobile": message.sender.removeprefix("+86"),
        "reply_time": clock.wall(message.at, clock.CHINA),
        "text": message.text,
        "extend": "",
        "base_extend": "",
    }
    signed = ",".join([fields[name] for name in sorted(fields)])
    key = world.credentials("yunpian")["apikey"]
    digest = hashlib.md5(f"{signed},{key}".encode(), usedforsecurity=False)
    return {**fields, "_sign": digest.hexdigest()}


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


def _codes(draft: Draft) -> bool:
    return bool(draft.details["kind"] == "code")


def _limit(
    name: str, permits: int, seconds: int, error: str, *key: str, codes: bool = False
) -> Limit:
    return Limit(
        name=name,
        permits=permits,
        seconds=seconds,
        key=("number", *key),
        error=error,
        source=CLIENTS,
        applies=_codes if codes else always,
        where=MappingProxyType({"details.kind": "^code$"} if codes else {}),
    )


LIMITS = (
    _limit("same text in 30 s", 1, 30, "8", "text"),
    _limit("same text in 5 min", 3, 300, "9", "text"),
    _limit("same template in 30 s", 1, 30, "33", "template", codes=True),
    _limit("codes in 1 h", 3, 3600, "22", codes=True),
    _limit("number in 24 h", 5, 86_400, "17"),
)


def _endpoint(path: str, does: Send | Query) -> Endpoint:
    return Endpoint(
        operation=re.sub("[/_]", "-", path.removeprefix("sms/")),
        method="POST",
        path=f"/v2/{path}.json",
        read=read,
        does=does,
    )


ENDPOINTS = (
    _endpoint("sms/single_send", Send(parse_single, answer_single)),
    _endpoint("sms/tpl_single_send", Send(parse_template, answer_single)),
    _endpoint("sms/batch_send", Send(parse_batch, answer_batch, per_recipient=True)),
    _endpoint("sms/pull_status", Query(pull_status)),
    _endpoint("sms/pull_reply", Query(pull_reply)),
    _endpoint("tpl/get", Query(registry.get_templates)),
    _endpoint("tpl/add", Query(registry.add_template)),
    _endpoint("tpl/update", Query(registry.update_template)),
    _endpoint("tpl/del", Query(registry.delete_template)),
    _endpoint("sign/get", Query(registry.get_signatures)),
    _endpoint("sign/add", Query(registry.add_signature)),
    _endpoint("user/get", Query(get_user)),
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
    endpoints=ENDPOINTS,
    templates=registry.TEMPLATES,
    signatures=registry.SIGNATURES,
    credentials=CREDENTIALS,
    identify=identify,
    authenticate=authenticate,
    refuse=refuse,
    placeholders=placeholders,
    message_id=message_id,
    judges=(judges.active, judges.region, judges.opted_out, judges.credit),
    limits=LIMITS,
    number=number,
    price=PRICE,
    receipts=RECEIPTS,
    inbound=INBOUND,
    emulates=(
        ("single_send, tpl_single_send", "full", REFERENCE),
        ("batch_send", "each number answered on its own, a thousand at most", CLIENTS),
        (
            "templates and signatures",
            "a text is one of an approved template; the review is whoever runs the simulator;"
            " the values of sign/get and the order of refusals are UNVERIFIED",
            REFERENCE,
        ),
        ("pull_status, pull_reply", "each handed out once; kept for longer than 72 h", CLIENTS),
        ("status and reply push", "when it is tried again is UNVERIFIED", CLIENTS),
        ("limits", "codes 8, 9, 17, 22 and 33; what counts for 17 is UNVERIFIED", CLIENTS),
        ("multi_send, get_record, get_reply, short links, voice", "not emulated", REFERENCE),
    ),
)
