"""Message templates: what an account may send to whoever has not written to it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
One of the authentication kind has Meta's own words, and the code in them; every language has a
template of its own, so what requests name by name and language is kept under `name:language`. The
review is whoever runs the simulator.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from simulators.kernel import templates
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.templates import Kind, Template, Variables
from simulators.kernel.world import newest
from simulators.providers.whatsapp import wire

VARIABLES = Variables(r"\{\{\s*(\w+)\s*\}\}")
CODE = "*{{1}}* is your verification code."
SAFE = f"{CODE} For your security, do not share this code."
MOST_LANGUAGES = 100  # in one request, of the seventy or so that there are; ours
_COMPONENTS = "whatsapp/components"
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")
STATUSES = {
    "approved": "APPROVED",
    "reviewing": "PENDING",
    "rejected": "REJECTED",
    "canceled": "DISABLED",
}
_KINDS: Mapping[str, Kind] = {
    "AUTHENTICATION": "code",
    "UTILITY": "notification",
    "MARKETING": "promotion",
}
CATEGORIES = {kind: name for name, kind in _KINDS.items()}
_OTP = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
_BUTTON = {"type": "URL", "text": "Copy code", "url": _OTP, "example": [_OTP.replace("{{1}}", "1")]}

NAMES = (
    *("logto_sign_in", "logto_register", "logto_forgot_password", "logto_generic"),
    *("logto_organization_invitation", "logto_user_permission_validation"),
    *("logto_bind_new_identifier", "logto_mfa_verification", "logto_bind_mfa"),
)
# What every account starts with: the names that Logto's page proposes, in two languages.
TEMPLATES = tuple(
    Template(f"{name}:{language}", CODE, name=name)
    for name in NAMES
    for language in ("en", "en_US")
)


def find(exchange: Exchange, name: str, language: str) -> Template:
    """The approved template of that name in that language. Raises `Refusal`."""
    known = templates.templates(exchange.world, exchange.provider)
    template = known.get(f"{name}:{language}")
    if template is not None and template.status == "canceled":
        raise Refusal("132016")
    if template is None or template.status != "approved":
        raise Refusal("132001", name=name, language=language)
    return template


def components(exchange: Exchange, template: Template) -> list[dict[str, Any]]:
    """Header, body, footer and buttons. One that came by the control API has a body, and one for
    codes its button."""
    kept: list[dict[str, Any]] | None = exchange.world.load(_COMPONENTS, {}).get(template.code)
    if kept is not None:
        return kept
    return _of_code(template.content) if template.kind == "code" else [_body(template.content)]


def _body(text: str) -> dict[str, Any]:
    names = VARIABLES.names(text)
    example = {"example": {"body_text": [["123456" for _ in names]]}} if names else {}
    return {"type": "BODY", "text": text, **example}


def _of_code(text: str, minutes: Any = None, button: str = "Copy code") -> list[dict[str, Any]]:
    body = {**_body(text), "add_security_recommendation": text == SAFE}
    footer = []
    if isinstance(minutes, int):
        said = f"This code expires in {minutes} minutes."
        footer = [{"type": "FOOTER", "text": said, "code_expiration_minutes": minutes}]
    return [body, *footer, {"type": "BUTTONS", "buttons": [{**_BUTTON, "text": button}]}]


def identity(code: str) -> str:
    """The id of a template, which follows from its name and language."""
    return str(10**14 + int.from_bytes(hashlib.sha256(code.encode()).digest()[:5], "big"))


def shown(exchange: Exchange, template: Template) -> dict[str, Any]:
    """A template as the API has it."""
    name, _, language = template.code.partition(":")
    named = any(not one.isdecimal() for one in VARIABLES.names(template.content))
    return {
        "name": name,
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": components(exchange, template),
        "language": language,
        "status": STATUSES[template.status],
        "category": CATEGORIES[template.kind],
        "id": identity(template.code),
    }


def listed(exchange: Exchange) -> Reply:
    """Those of an account, by name, language, status and category."""
    wire.owned(exchange, "waba_id")
    every = templates.templates(exchange.world, exchange.provider).values()
    found = [shown(exchange, template) for template in every]
    for name in ("name", "language", "status", "category"):
        wanted = wire.parameter(exchange, name)
        if wanted:
            found = [one for one in found if one[name] == wanted]
    page = wire.paged(exchange, found)
    page["data"] = [wire.chosen(exchange, one) for one in page["data"]]
    summary = {
        "total_count": len(found),
        "message_template_count": len(every),
        "message_template_limit": 250,
        "are_translations_complete": True,
    }
    asked = wire.parameter(exchange, "summary").split(",")
    if told := {name: value for name, value in summary.items() if name in asked}:
        page["summary"] = told
    return wire.answer(exchange, page)


def create(exchange: Exchange) -> Reply:
    """One more, which waits for its review."""
    wire.owned(exchange, "waba_id")
    given = wire.body(exchange)
    name, category = wire.text_of(given, "name"), wire.text_of(given, "category")
    language = wire.text_of(given, "language")
    template, parts = _made(name, category, language, given.get("components"))
    _add(exchange, [(template, parts)], anew=False)
    told = {"id": identity(template.code), "status": "PENDING", "category": category}
    return wire.answer(exchange, told)


def upsert(exchange: Exchange) -> Reply:
    """One for codes in several languages, made or changed; they need no review."""
    wire.owned(exchange, "waba_id")
    given = wire.body(exchange)
    name, category = wire.text_of(given, "name"), wire.text_of(given, "category")
    languages = given.get("languages")
    if not isinstance(languages, list) or not languages:
        raise wire.required("languages")
    if len(languages) > MOST_LANGUAGES:
        raise Refusal("100/template", problem="languages")
    if category != "AUTHENTICATION":
        raise Refusal("100/one-of", name="category", options="{AUTHENTICATION}")
    made = [
        _made(name, category, str(language), given.get("components"), "approved")
        for language in languages
    ]
    _add(exchange, made, anew=True)
    told = [
        {
            "id": identity(template.code),
            "status": "APPROVED",
            "language": template.code.partition(":")[2],
        }
        for template, _parts in made
    ]
    return wire.answer(exchange, {"data": told})


def _made(
    name: str, category: str, language: str, given: Any, status: templates.Status = "reviewing"
) -> tuple[Template, list[dict[str, Any]]]:
    if not _NAME.fullmatch(name):
        raise Refusal("100/template", problem="name")
    if category not in _KINDS:
        options = "{UTILITY, MARKETING, AUTHENTICATION}"
        raise Refusal("100/one-of", name="category", options=options)
    if not _LANGUAGE.fullmatch(language):
        raise Refusal("100/template", problem="language")
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise wire.required("components")
    kinds = {str(part.get("type", "")).upper(): part for part in given}
    if category == "AUTHENTICATION":
        parts = _authentication(kinds)
    else:
        parts = [_part(part) for part in given]
    body = next((part for part in parts if part["type"] == "BODY"), {})
    text = wire.text_of(body, "text", "components")
    return Template(f"{name}:{language}", text, _KINDS[category], status, name=name), parts


def _part(given: Mapping[str, Any]) -> dict[str, Any]:
    """A component as messages are made of it: its words, and buttons with their URLs."""
    buttons = given.get("buttons", [])
    words = [given.get("text", "")]
    if isinstance(buttons, list) and all(isinstance(button, dict) for button in buttons):
        words += [button.get("url", "") for button in buttons]
        if all(isinstance(one, str) for one in words):
            return {**given, "type": str(given.get("type", "")).upper()}
    raise Refusal("100/template", problem="components")


def _authentication(kinds: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Meta's words, by what was chosen: only whether they warn, and when the code expires."""
    buttons = kinds.get("BUTTONS", {}).get("buttons")
    if not isinstance(buttons, list) or not buttons or not isinstance(buttons[0], dict):
        raise Refusal("100/template", problem="buttons")
    safe = kinds.get("BODY", {}).get("add_security_recommendation") is True
    minutes = kinds.get("FOOTER", {}).get("code_expiration_minutes")
    if minutes is not None and not (isinstance(minutes, int) and 1 <= minutes <= 90):
        raise Refusal("100/template", problem="code_expiration_minutes")
    text = buttons[0].get("text", "Copy code")
    if not isinstance(text, str) or not 0 < len(text) <= 25:
        raise Refusal("100/template", problem="button")
    return _of_code(SAFE if safe else CODE, minutes, text)


def _add(
    exchange: Exchange, made: list[tuple[Template, list[dict[str, Any]]]], *, anew: bool
) -> None:
    def change(known: dict[str, Template]) -> None:
        for template, _parts in made:
            if template.code in known and not anew:
                raise Refusal("100/2388024")
            known[template.code] = template

    templates.update_templates(exchange.world, exchange.provider, change)
    parts = {template.code: found for template, found in made}
    exchange.world.update(_COMPONENTS, lambda kept: newest({**kept, **parts}), {})


def delete(exchange: Exchange) -> Reply:
    """All of one name, or with `hsm_id` the one in one language."""
    wire.owned(exchange, "waba_id")
    name, one = wire.parameter(exchange, "name"), wire.parameter(exchange, "hsm_id")
    if not name:
        raise wire.required("name")

    def change(known: dict[str, Template]) -> None:
        going = [
            code for code in known if code.partition(":")[0] == name and one in ("", identity(code))
        ]
        if not going:
            raise Refusal("100/2593002")
        for code in going:
            del known[code]

    templates.update_templates(exchange.world, exchange.provider, change)
    return wire.done(exchange)


def by_id(exchange: Exchange) -> Template | None:
    """The template that the path names by its id."""
    known = templates.templates(exchange.world, exchange.provider)
    node = exchange.params["node"]
    return next((one for code, one in known.items() if identity(code) == node), None)


def edit(exchange: Exchange, template: Template) -> Reply:
    """Other components or another category; it is reviewed anew."""
    name, _, language = template.code.partition(":")
    given = wire.body(exchange)
    category = given.get("category", CATEGORIES[template.kind])
    parts = given.get("components", components(exchange, template))
    _add(exchange, [_made(name, str(category), language, parts)], anew=True)
    return wire.done(exchange)
