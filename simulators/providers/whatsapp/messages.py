"""Messages: what is sent, by a template or within a day of what the person wrote; and what is
marked as read.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Refusal
from simulators.kernel.templates import Template
from simulators.providers.whatsapp import templates, wire

DAY = 86_400
LONGEST, LONGEST_CODE, LONGEST_OPAQUE = 4096, 15, 512
TYPES = (
    *("text", "template", "image", "audio", "video", "document", "sticker", "location"),
    *("contacts", "interactive", "reaction"),
)
_SPACED = re.compile(r"[+\s().-]")
_DIGITS = re.compile(r"[0-9]{1,20}")
_DISGUISE = 104_729
_BROKEN = re.compile(r"[\n\t]| {5}")


def is_a_mark(call: Call) -> bool:
    """Whether a request says that a message was read: then it has a status, and no recipient."""
    return b'"status"' in call.body and b'"message_id"' in call.body and b'"to"' not in call.body


def mark(exchange: Exchange) -> Reply:
    """A message of the person's was read, or is being answered."""
    wire.owned(exchange, "phone_number_id")
    body = wire.body(exchange)
    _for_whatsapp(body)
    if body.get("status") != "read":
        raise Refusal("100/one-of", name="status", options="{READ}")
    if not wire.text_of(body, "message_id").startswith("wamid."):
        raise Refusal("131009")
    return wire.done(exchange)


def parse(exchange: Exchange) -> list[Draft]:
    """One message to one number."""
    wire.owned(exchange, "phone_number_id")
    bent = exchange.world.load("whatsapp", {})
    if bent.get("registered") is False:
        raise Refusal("133010")
    body = wire.body(exchange)
    _for_whatsapp(body)
    to, user = body.get("to"), body.get("recipient")
    if not to and isinstance(user, str) and user:  # by the id that webhooks tell
        to, body = _behind(user) or user, {**body, "to": user}
    if not isinstance(to, str) or not to:
        raise Refusal(Problem.MISSING_RECIPIENT)
    kind = body.get("type", "text")
    if kind not in TYPES:
        raise Refusal("131051")
    draft = Draft(
        to,
        sender=f"+{exchange.credentials['phone_number']}",
        lifecycle="read" if bent.get("read") else "message",
        deferred=True,
        details={"input": body["to"], "type": kind, "version": exchange.params.get("version", "")},
    )
    opaque = body.get("biz_opaque_callback_data")
    if isinstance(opaque, str):
        if len(opaque) > LONGEST_OPAQUE:
            name = "biz_opaque_callback_data"
            raise Refusal("100/length", name=name, most=LONGEST_OPAQUE)
        draft.details["opaque"] = opaque
    _addressed(exchange, draft, bent)
    if kind == "template":
        _by_template(exchange, draft, body.get("template"))
    else:
        draft.details["category"] = "service"
        draft.text = _said(kind, body)
        _within_a_day(exchange, draft)
    return [draft]


def _for_whatsapp(body: Mapping[str, Any]) -> None:
    if "messaging_product" not in body:
        raise wire.required("messaging_product")
    if body["messaging_product"] != "whatsapp":
        raise Refusal("100/one-of", name="messaging_product", options="{WHATSAPP}")


def _addressed(exchange: Exchange, draft: Draft, bent: Mapping[str, Any]) -> None:
    """The number, in whatever way people write it: but with its country code."""
    digits = _SPACED.sub("", draft.number)
    found = phone.parse(f"+{digits}") if _DIGITS.fullmatch(digits) else None
    if found is None or not found.possible:
        draft.failure = exchange.fail(Problem.BAD_RECIPIENT)
        return
    draft.number, draft.region = found.e164, found.region
    if draft.number == draft.sender:
        draft.failure = exchange.fail("131021")
    allowed = bent.get("recipients")
    if allowed is not None and draft.number not in allowed:
        draft.failure = exchange.fail("131030")


def _within_a_day(exchange: Exchange, draft: Draft) -> None:
    """Free words go to who has written within a day; to others they fail later."""
    wrote = exchange.world.messages(
        provider="whatsapp", sender=draft.number, inbound=True, since=exchange.now - DAY, limit=1
    )
    if not wrote and draft.failure is None:
        provider = exchange.provider
        draft.lifecycle = provider.ending(draft.lifecycle, provider.row("131047/failed"))


def _said(kind: str, body: Mapping[str, Any]) -> str:
    """The words of a message that is no template's, as far as it has any."""
    content = body.get(kind)
    if not isinstance(content, dict | list) or not content:
        raise wire.required(kind)
    if isinstance(content, list):
        return f"[{kind}]"
    if kind == "text":
        text = wire.text_of(content, "body", "text")
        if len(text) > LONGEST:
            raise Refusal(Problem.TEXT_TOO_LONG)
        return text
    if kind == "interactive":
        inner = content.get("body")
        return str(inner.get("text", "")) if isinstance(inner, dict) else "[interactive]"
    told = content.get("caption") or content.get("emoji") or content.get("name")
    return told if isinstance(told, str) else f"[{kind}]"


def _by_template(exchange: Exchange, draft: Draft, given: Any) -> None:
    name = wire.text_of(given, "name", "template")
    language = given.get("language")
    code = wire.text_of(language, "code", "template['language']")
    policy = language.get("policy", "deterministic")
    if str(policy).lower() != "deterministic":
        name = "template['language']['policy']"
        raise Refusal("100/one-of", name=name, options="{DETERMINISTIC}")
    template = templates.find(exchange, name, code)
    parts = templates.components(exchange, template)
    draft.template = template.code
    draft.details["category"] = templates.CATEGORIES[template.kind].lower()
    filled = [_filled(part, given, template) for part in parts if "text" in part]
    _buttons(parts, given)
    draft.text = "\n".join(filled)


def _filled(part: Mapping[str, Any], given: Mapping[str, Any], template: Template) -> str:
    """A header, a body or a footer with its variables' values."""
    kind = str(part["type"]).lower()
    values = _values(_component(given, kind), kind)
    names = list(dict.fromkeys(templates.VARIABLES.names(part["text"])))
    if len(values) != len(names):
        raise Refusal("132000", part=kind, got=len(values), expected=len(names))
    known = {}
    for name, (own, value) in zip(names, values, strict=True):
        if template.kind == "code" and len(value) > LONGEST_CODE:
            raise Refusal("131009/code")
        if _BROKEN.search(value):
            raise Refusal("132008")
        known[own or name] = value
    text = str(part["text"])
    if template.kind == "code":  # the asterisks make it bold
        text = re.sub(r"\*(\{\{\w+\}\})\*", r"\1", text)
    return templates.VARIABLES.fill(text, known)


def _component(given: Mapping[str, Any], kind: str, index: int = 0) -> Mapping[str, Any]:
    """The component of that type, of buttons the one with that index."""
    listed = given.get("components")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or str(one.get("type", "")).lower() != kind:
            continue
        if kind != "button" or str(one.get("index", "0")) == str(index):
            return one
    return {}


def _values(component: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    """The names, "" for those by their order, and values of a component's parameters."""
    found = []
    listed = component.get("parameters")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            raise Refusal("100", details=f"{kind}: a parameter is no object")
        if one.get("type", "text") != "text":
            got = str(one.get("type")).upper()
            raise Refusal("132012", part=kind, expected="TEXT", got=got)
        text = one.get("text")
        if not isinstance(text, str) or not text:
            raise Refusal("100")
        found.append((str(one.get("parameter_name", "")), text))
    return found


def _buttons(parts: list[dict[str, Any]], given: Mapping[str, Any]) -> None:
    """A button whose URL has a variable wants a value for it."""
    for part in parts:
        for index, button in enumerate(part.get("buttons", ())):
            names = templates.VARIABLES.names(str(button.get("url", "")))
            if not names:
                continue
            component = _component(given, "button", index)
            if not _values(component, "button"):
                raise Refusal("131008", index=index)
            if not component.get("sub_type"):
                raise wire.required("template['components'][1]['sub_type']")


def user_id(digits: str) -> str:
    """The id that a person has at a business: a region, and a number that says nothing. Here it is
    the phone number's, in disguise."""
    found = phone.parse(f"+{digits}")
    return f"{(found.region if found else '') or 'ZZ'}.{int(digits) * _DISGUISE}"


def _behind(user: str) -> str:
    """The number of whoever has such an id, "" for nobody's."""
    own = user.partition(".")[2]
    if not _DIGITS.fullmatch(own) or int(own) % _DISGUISE:
        return ""
    return str(int(own) // _DISGUISE)


def answer(exchange: Exchange) -> Reply:
    """Whom it goes to, as it was written and as WhatsApp has it, and its id."""
    (outcome,) = exchange.outcomes
    draft, message = outcome.draft, outcome.message
    assert message is not None  # noqa: S101 - one that is refused refuses the request
    told: dict[str, Any] = {"id": message.id}
    if draft.template:
        told["message_status"] = "accepted"
    return wire.answer(
        exchange,
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": draft.details["input"], "wa_id": draft.number[1:]}],
            "messages": [told],
        },
    )


def message_id(exchange: Exchange, draft: Draft) -> str:
    """`wamid.` and in Base64 the number and eighteen hexadecimal digits."""
    return wamid(draft.number[1:], exchange.world.chance.hex(18), outbound=True)


def wamid(digits: str, tail: str, *, outbound: bool) -> str:
    """An id of a message to or from a number."""
    head = bytes([0x1C, 0x18, len(digits)]) + digits.encode()
    middle = bytes([0x15, 0x02, 0x00, 0x11 if outbound else 0x12, 0x18, len(tail)])
    return f"wamid.{b64encode(head + middle + tail.upper().encode() + bytes(1)).decode()}"
