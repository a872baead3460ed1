"""Webhooks: what becomes of messages and what people write is posted to the application, signed;
and how an application says where to, and proves that it is there.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
A URL is asked for with `hub.challenge` before it is used, and has to answer with that and nothing
else. The app has one, and a business account and a number may have one of their own instead.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from simulators.kernel.call import Reply
from simulators.kernel.inbound import Inbound, set_webhooks
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.questions import Answered, Question
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.whatsapp import messages, wire

PAGE = "https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks"
ERRORS = "/documentation/business-messaging/whatsapp/support/error-codes"
SECONDS = 10.0  # for the application to answer; UNVERIFIED
_KEPT = "whatsapp/webhook"
_WITHOUT_CONVERSATION = 24  # from this version on
_CONVERSATION = 86_400  # it is open for a day


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """What became of a message."""
    (report,) = reports
    digits = report.message.to.removeprefix("+")
    return _event(world, url, {"contacts": [_contact(digits)], "statuses": [_status(report)]})


def _contact(digits: str) -> dict[str, Any]:
    """Who it is about: the number, and the id that newer clients know a person by."""
    return {"profile": {"name": digits}, "wa_id": digits, "user_id": messages.user_id(digits)}


def _status(report: Report) -> dict[str, Any]:
    message, row = report.message, report.row
    word = report.step.status
    told: dict[str, Any] = {
        "id": message.id,
        "status": word,
        "timestamp": str(int(report.since)),
        "recipient_id": message.to.removeprefix("+"),
    }
    category = message.details["category"]
    if word in ("sent", "delivered"):
        if _has_conversation(message.details["version"]):
            told["conversation"] = _conversation(report, category)
        told["pricing"] = {
            "billable": category != "service",
            "pricing_model": "PMP",
            "type": "free_customer_service" if category == "service" else "regular",
            "category": category,
        }
    if row is not None:
        said = row.message
        told["errors"] = [
            {
                "code": row.code,
                "title": said,
                "message": said,
                "error_data": {"details": (row.extra or {}).get("details", said)},
                "href": ERRORS,
            }
        ]
    if "opaque" in message.details:
        told["biz_opaque_callback_data"] = message.details["opaque"]
    return told


def _has_conversation(version: str) -> bool:
    number = version.removeprefix("v").partition(".")[0]
    return number.isdecimal() and int(number) < _WITHOUT_CONVERSATION


def _conversation(report: Report, category: str) -> dict[str, Any]:
    message = report.message
    told: dict[str, Any] = {"id": hashlib.sha256(message.id.encode()).hexdigest()[:32]}
    if report.step.status == "sent":
        told["expiration_timestamp"] = str(int(message.at) + _CONVERSATION)
    return {**told, "origin": {"type": category}}


def build_inbound(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """What somebody wrote."""
    message = reports[0].message
    digits = message.sender.removeprefix("+")
    told = {
        "from": digits,
        "id": messages.wamid(digits, message.id.replace("-", "")[:20], outbound=False),
        "timestamp": str(int(message.at)),
        "type": "text",
        "text": {"body": message.text},
    }
    return _event(world, url, {"contacts": [_contact(digits)], "messages": [told]})


def _event(world: World, url: str, said: dict[str, Any]) -> Callback:
    known = world.credentials("whatsapp")
    metadata = {
        "display_phone_number": known["phone_number"],
        "phone_number_id": known["phone_number_id"],
    }
    value = {"messaging_product": "whatsapp", "metadata": metadata, **said}
    change = {"value": value, "field": "messages"}
    event = {
        "object": "whatsapp_business_account",
        "entry": [{"id": known["waba_id"], "changes": [change]}],
    }
    # Beyond ASCII there are escapes, and the signature is of them.
    body = json.dumps(event, separators=(",", ":")).encode()
    return Callback("POST", url, (("Content-Type", "application/json"), *signed(world, body)), body)


def signed(world: World, body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers that prove a body: HMACs with the app's secret."""
    secret = world.credentials("whatsapp")["app_secret"].encode()
    return tuple(
        (name, f"{method}={hmac.new(secret, body, method).hexdigest()}")
        for name, method in (("X-Hub-Signature", "sha1"), ("X-Hub-Signature-256", "sha256"))
    )


def expects(status: int, _body: bytes) -> str:
    """200 and no other status."""
    return "" if status == 200 else f"a status of 200, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset({"sent", "delivered", "read", "failed"}),
    build=build,
    expects=expects,
    # Less and less often for up to seven days; the steps are UNVERIFIED.
    retries=(1.0, 10.0, 60.0, 600.0, 3600.0, *[21_600.0] * 27),
    timeout=SECONDS,
    source=PAGE,
)
INBOUND = Inbound(
    receipts=replace(RECEIPTS, statuses=frozenset({"received"}), build=build_inbound), keywords={}
)


def subscribe(exchange: Exchange) -> Reply | Question:
    """The app's own URL, and the fields it wants."""
    _by_the_app(exchange)
    if wire.parameter(exchange, "object") != "whatsapp_business_account":
        raise Refusal("100/one-of", name="object", options="{WHATSAPP_BUSINESS_ACCOUNT, PAGE}")
    fields = wire.parameter(exchange, "fields")
    url = wire.parameter(exchange, "callback_url")
    if not url:
        raise wire.required("callback_url")
    kept = {"app": {"url": url, "fields": [one.strip() for one in fields.split(",") if one]}}
    return _verified(exchange, url, wire.parameter(exchange, "verify_token"), kept)


def _by_the_app(exchange: Exchange) -> None:
    """Subscriptions are an app's: no person's token will do."""
    wire.owned(exchange, "app_id")
    if not wire.is_an_app_s(exchange):
        raise Refusal("15")


def subscriptions(exchange: Exchange) -> Reply:
    """What the app has subscribed to."""
    _by_the_app(exchange)
    app = exchange.world.load(_KEPT, {}).get("app")
    version = exchange.params.get("version", "")
    told = {
        "object": "whatsapp_business_account",
        "callback_url": app["url"] if app else "",
        "active": True,
        "fields": [{"name": name, "version": version} for name in app["fields"]] if app else [],
    }
    return wire.answer(exchange, {"data": [told] if app else []})


def unsubscribe(exchange: Exchange) -> Reply:
    """Nothing is posted any more, but where a number or an account has a URL of its own."""
    _by_the_app(exchange)
    return _keep(exchange, {"app": None})


def subscribe_account(exchange: Exchange) -> Reply | Question:
    """The app hears of this business account: at its own URL, or at another one."""
    wire.owned(exchange, "waba_id")
    url = wire.parameter(exchange, "override_callback_uri")
    if not url:
        return _keep(exchange, {"waba": None, "deaf": False})
    kept = {"waba": url, "deaf": False}
    return _verified(exchange, url, wire.parameter(exchange, "verify_token"), kept)


def subscribed(exchange: Exchange) -> Reply:
    """The apps that hear of this business account."""
    wire.owned(exchange, "waba_id")
    kept = exchange.world.load(_KEPT, {})
    app = exchange.credentials["app_id"]
    told: dict[str, Any] = {
        "whatsapp_business_api_data": {
            "id": app,
            "link": f"https://www.facebook.com/games/?app_id={app}",
            "name": "sms-simulators",
        }
    }
    if kept.get("waba"):
        told["override_callback_uri"] = kept["waba"]
    return wire.answer(exchange, {"data": [] if kept.get("deaf") else [told]})


def unsubscribe_account(exchange: Exchange) -> Reply:
    """The app hears of this business account no more."""
    wire.owned(exchange, "waba_id")
    return _keep(exchange, {"waba": None, "deaf": True})


def of_number(exchange: Exchange, wanted: Any) -> Reply | Question:
    """The URL of a number, "" for none."""
    url = wanted.get("override_callback_uri") if isinstance(wanted, dict) else None
    if not isinstance(url, str):
        raise wire.required("webhook_configuration['override_callback_uri']")
    if not url:
        return _keep(exchange, {"phone": None})
    token = str(wanted.get("verify_token", ""))
    return _verified(exchange, url, token, {"phone": url})


def of_account(exchange: Exchange) -> dict[str, str]:
    """The URLs that there are, by whose they are."""
    kept = exchange.world.load(_KEPT, {})
    urls = {"phone_number": kept.get("phone"), "whatsapp_business_account": kept.get("waba")}
    urls["application"] = (kept.get("app") or {}).get("url")
    return {name: url for name, url in urls.items() if url}


def _verified(exchange: Exchange, url: str, token: str, kept: dict[str, Any]) -> Question:
    """Keeps it once the URL has answered with the challenge."""
    if not url.startswith(("https://", "http://")):
        raise Refusal("2200", why="the URL is none")
    challenge = exchange.world.chance.digits(10)
    asked = urlencode(
        {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    )
    callback = Callback("GET", f"{url}{'&' if '?' in url else '?'}{asked}")
    return Question(callback, SECONDS, _then(exchange, challenge, lambda: _keep(exchange, kept)))


def _then(
    exchange: Exchange, challenge: str, keep: Callable[[], Reply]
) -> Callable[[Answered], Reply]:
    def reply(answered: Answered) -> Reply:
        said = answered.body.decode("utf-8", "replace")
        if answered.error:
            raise Refusal("2200", why=answered.error)
        if answered.status != 200:
            known = answered.status in HTTPStatus.__members__.values()
            phrase = HTTPStatus(answered.status).phrase if known else ""
            why = f"HTTP Status Code = {answered.status}; HTTP Message = {phrase}"
            raise Refusal("2200", why=why)
        if said != challenge:
            expected = f'expected value="{challenge}", received="{said[:80]}"'
            raise Refusal("2200", why=f"Response does not match challenge, {expected}")
        return keep()

    return reply


def _keep(exchange: Exchange, changed: dict[str, Any]) -> Reply:
    """What was changed of it; from now on that is where everything goes."""
    kept = exchange.world.update(_KEPT, lambda known: {**known, **changed}, {})
    app = kept.get("app") or {"url": "", "fields": []}
    own = kept.get("phone") or kept.get("waba")
    url = own or (app["url"] if "messages" in app["fields"] else "")
    if kept.get("deaf"):
        url = ""
    set_webhooks(exchange.world, "whatsapp", {"receipts": url, "inbound": url})
    return wire.done(exchange)
