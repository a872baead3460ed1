"""WhatsApp Cloud API of Meta, as far as codes and short messages go.

Reference: https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform
The Graph API: `/v23.0/OBJECT/...`, the object a phone number's id, a business account's or an
app's. An access token proves the account, as Bearer or as `access_token`. Codes go by templates of
the authentication kind; free words only to who has written within a day. A message to a number
that has no WhatsApp is taken: that it failed is told by a webhook alone.
"""

import re
from types import MappingProxyType

from simulators.kernel import catalogue, judges, schemas
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Endpoint, Exchange, Handler, Provider, Query, Refusal, Send
from simulators.kernel.questions import Question
from simulators.providers.whatsapp import messages, templates, webhooks, wire

REFERENCE = (
    "https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform"
)
OPENAPI = "https://github.com/facebook/openapi"
CLIENTS = "https://github.com/david-lev/pywa"
_ERRORS = "https://developers.facebook.com/documentation/business-messaging/whatsapp/support"
_PIN = re.compile("[0-9]{6}")
_TEMPLATES = (
    "https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview"
)

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "100/malformed",
        Problem.TOO_LARGE: "1/large",
        Problem.NOT_FOUND: "2500",
        Problem.METHOD_NOT_ALLOWED: "100/33",
        Problem.NO_CREDENTIALS: "104",
        Problem.UNKNOWN_CREDENTIALS: "190",
        Problem.UNAUTHENTICATED: "190",
        Problem.EXPIRED: "190/463",
        Problem.REPLAYED: "190/463",
        Problem.FORBIDDEN: "10",
        Problem.SUSPENDED: "131031",
        Problem.NO_CREDIT: "131042",
        Problem.THROTTLED: "130429",
        Problem.MISSING_RECIPIENT: "100/to",
        Problem.BAD_RECIPIENT: "131009",
        Problem.TOO_MANY_RECIPIENTS: "131009",
        Problem.REGION_NOT_ALLOWED: "130497",
        Problem.OPTED_OUT: "131026",
        Problem.MISSING_SENDER: "133010",
        Problem.BAD_SENDER: "100/33",
        Problem.MISSING_TEXT: "100/required",
        Problem.TEXT_TOO_LONG: "100/length",
        Problem.TEMPLATE_UNKNOWN: "132001",
        Problem.TEMPLATE_MISMATCH: "132000",
        Problem.INTERNAL: "131000",
        Problem.UNAVAILABLE: "2",
    }
)

# `accepted` and `received` are ours: the answer and the webhook themselves say so.
STATES = MappingProxyType(
    {
        "accepted": State.ACCEPTED,
        "sent": State.SENT,
        "delivered": State.DELIVERED,
        "read": State.DELIVERED,
        "failed": State.FAILED,
        "received": State.RECEIVED,
    }
)
_LIFE = (Step(0, "accepted"), Step(1, "sent"), Step(3, "delivered"))
LIFECYCLES = MappingProxyType(
    {
        "message": _LIFE,
        "read": (*_LIFE, Step(8, "read")),
        "inbound": (Step(0, "accepted"), Step(0, "received")),
    }
)

CREDENTIALS = (
    Credential(
        "access_token",
        "EAAFAKEtoken0000000000000000000000000",
        make=lambda chance: f"EAAFAKE{chance.hex(48)}",
        at=("authorization.Bearer", "query.access_token", "body.access_token"),
        identifies=True,
        kind=wire.TOKEN,
        secret=True,
    ),
    Credential("phone_number_id", "106540352242922", make=lambda chance: f"1{chance.digits(14)}"),
    Credential("phone_number", "15550783881"),
    Credential("waba_id", "102290129340398", make=lambda chance: f"1{chance.digits(14)}"),
    Credential(
        "app_id",
        "670843887433847",
        make=lambda chance: f"6{chance.digits(14)}",
        at=("query.client_id", "body.client_id"),
        identifies=True,
        kind=wire.APP,
    ),
    Credential(
        "app_secret",
        "fa4e5ec2e7fa4e5ec2e7fa4e5ec2e7ff",
        make=lambda chance: chance.hex(32),
        at=("query.client_secret", "body.client_secret"),
        signs=("callback.X-Hub-Signature-256", "callback.X-Hub-Signature"),
        secret=True,
    ),
)

SETTINGS = MappingProxyType(
    {
        "whatsapp": schemas.record(
            registered=schemas.FLAG,
            read=schemas.FLAG,
            recipients=schemas.many(schemas.E164),
            pin={"type": "string", "pattern": f"^{_PIN.pattern}$", "description": "six digits"},
        )
    }
)


def number(exchange: Exchange) -> dict[str, object]:
    """A phone number as the API has it."""
    known = exchange.credentials
    digits = known["phone_number"]
    urls = webhooks.of_account(exchange)
    return {
        "id": known["phone_number_id"],
        "verified_name": "sms-simulators",
        "display_phone_number": f"+{digits[0]} {digits[1:4]}-{digits[4:7]}-{digits[7:]}",
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        **({"webhook_configuration": urls} if urls else {}),
    }


def numbers(exchange: Exchange) -> Reply:
    """The numbers of a business account: there is one."""
    wire.owned(exchange, "waba_id")
    return wire.answer(exchange, wire.paged(exchange, [wire.chosen(exchange, number(exchange))]))


def read_node(exchange: Exchange) -> Reply:
    """A number, a business account, an app or a template, by its id."""
    template = templates.by_id(exchange)
    if template is not None:
        return wire.answer(exchange, wire.chosen(exchange, templates.shown(exchange, template)))
    known = exchange.credentials
    node: dict[str, object]
    match wire.owned(exchange, "phone_number_id", "waba_id", "app_id"):
        case "phone_number_id":
            node = number(exchange)
        case "waba_id":
            node = {"id": known["waba_id"], "name": "sms-simulators", "timezone_id": "1"}
            node["message_template_namespace"] = "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9"
        case _:
            node = {"id": known["app_id"], "name": "sms-simulators"}
    return wire.answer(exchange, wire.chosen(exchange, node))


def change_node(exchange: Exchange) -> Reply | Question:
    """Where the webhooks of a number go; other components of a template."""
    template = templates.by_id(exchange)
    if template is not None:
        return templates.edit(exchange, template)
    wire.owned(exchange, "phone_number_id")
    body = wire.body(exchange)
    if "webhook_configuration" not in body:
        raise wire.required("webhook_configuration")
    return webhooks.of_number(exchange, body["webhook_configuration"])


def register(exchange: Exchange) -> Reply:
    """Makes a number usable: its PIN is set the first time, and asked for later."""
    wire.owned(exchange, "phone_number_id")
    pin = wire.text_of(wire.body(exchange), "pin")
    if not _PIN.fullmatch(pin):
        raise Refusal("131009/pin")
    if exchange.world.load("whatsapp", {}).get("pin", pin) != pin:
        raise Refusal("133005")
    return _registered(exchange, registered=True, pin=pin)


def deregister(exchange: Exchange) -> Reply:
    """The number sends no more."""
    wire.owned(exchange, "phone_number_id")
    return _registered(exchange, registered=False)


def _registered(exchange: Exchange, **changed: object) -> Reply:
    exchange.world.update("whatsapp", lambda kept: {**kept, **changed}, {})
    return wire.done(exchange)


def app_token(exchange: Exchange) -> Reply:
    """An app's own token, for its id and secret."""
    known = exchange.credentials
    token = f"{known['app_id']}|{known['app_secret']}"
    return wire.answer(exchange, {"access_token": token, "token_type": "bearer"})


def _endpoint(operation: str, method: str, path: str, does: Handler) -> Endpoint:
    return Endpoint(
        operation=operation,
        method=method,
        path=f"/<version>/{path}",
        read=wire.read,
        does=Query(does),
    )


def _messages(path: str) -> tuple[Endpoint, ...]:
    """With a version and, as older scripts have it, without."""
    mark = Endpoint(
        operation="mark-read",
        method="POST",
        path=path,
        read=wire.read,
        does=Query(messages.mark),
        when=messages.is_a_mark,
    )
    send = Endpoint(
        operation="send-message",
        method="POST",
        path=path,
        read=wire.read,
        does=Send(messages.parse, messages.answer),
    )
    return mark, send


ENDPOINTS = (
    *_messages("/<version>/<node>/messages"),
    *_messages("/<node>/messages"),
    _endpoint("app-token", "GET", "oauth/access_token", app_token),
    _endpoint("read-node", "GET", "<node>", read_node),
    _endpoint("change-node", "POST", "<node>", change_node),
    _endpoint("list-numbers", "GET", "<node>/phone_numbers", numbers),
    _endpoint("register", "POST", "<node>/register", register),
    _endpoint("deregister", "POST", "<node>/deregister", deregister),
    _endpoint("list-templates", "GET", "<node>/message_templates", templates.listed),
    _endpoint("create-template", "POST", "<node>/message_templates", templates.create),
    _endpoint("delete-template", "DELETE", "<node>/message_templates", templates.delete),
    _endpoint("upsert-templates", "POST", "<node>/upsert_message_templates", templates.upsert),
    _endpoint("subscribe", "POST", "<node>/subscriptions", webhooks.subscribe),
    _endpoint("list-subscriptions", "GET", "<node>/subscriptions", webhooks.subscriptions),
    _endpoint("unsubscribe", "DELETE", "<node>/subscriptions", webhooks.unsubscribe),
    _endpoint("subscribe-app", "POST", "<node>/subscribed_apps", webhooks.subscribe_account),
    _endpoint("list-subscribed-apps", "GET", "<node>/subscribed_apps", webhooks.subscribed),
    _endpoint("unsubscribe-app", "DELETE", "<node>/subscribed_apps", webhooks.unsubscribe_account),
)

_THROUGHPUT = "https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput"
LIMITS = (
    Limit(
        name="a number's throughput",
        permits=80,
        seconds=1,
        key=("sender",),
        error="130429",
        source=_THROUGHPUT,
    ),
    # A message in six seconds; 45 may go at once, which are borrowed from those to come.
    Limit(
        name="pair of numbers",
        permits=45,
        seconds=270,
        key=("sender", "number"),
        error="131056",
        source=REFERENCE,
        kind="queue",
    ),
)

PROVIDER = Provider(
    name="whatsapp",
    title="WhatsApp Cloud",
    hosts=("graph.facebook.com",),
    reference=REFERENCE,
    catalogue=catalogue.load("whatsapp"),
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    endpoints=ENDPOINTS,
    credentials=CREDENTIALS,
    identify=wire.identify,
    authenticate=wire.authenticate,
    refuse=wire.refuse,
    message_id=messages.message_id,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    limits=LIMITS,
    templates=templates.TEMPLATES,
    receipts=webhooks.RECEIPTS,
    inbound=webhooks.INBOUND,
    settings=SETTINGS,
    emulates=(
        (
            "messages by template",
            "Meta's words in English alone; headers, named parameters and buttons with a URL",
            _TEMPLATES,
        ),
        (
            "free words and media",
            "within a day of what the person wrote, else failed later; media are not fetched",
            OPENAPI,
        ),
        (
            "template management",
            "list, create, change, upsert, delete; whoever runs the simulator reviews",
            OPENAPI,
        ),
        (
            "webhooks",
            "sent, delivered, read, failed, text messages; verified by hub.challenge over HTTP too;"
            " when it is tried again is UNVERIFIED",
            webhooks.PAGE,
        ),
        (
            "limits",
            "80 a second and number, 45 at once to one person and then one in 6 s, where Meta has a"
            " burst paid back whole first; messaging tiers and calls an hour are not emulated; HTTP"
            " 429 of 130429 is UNVERIFIED",
            _THROUGHPUT,
        ),
        ("errors", "statuses of the older table, where today's has none", _ERRORS),
        ("numbers, registration, an app's token", "one number an account", CLIENTS),
        ("media, flows, calls, groups, block lists, profiles", "not emulated", OPENAPI),
    ),
)
