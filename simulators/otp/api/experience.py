"""Experience API: a person's way from an OIDC request to being signed in, and what is added to the
account on it."""

import hmac
from typing import Any

from simulators.otp import codes, languages, sending
from simulators.otp import interaction as rules
from simulators.otp.api import entrance
from simulators.otp.connector import UsageType
from simulators.otp.errors import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.state import Interaction, Verification
from simulators.otp.zod import EMAIL, NAME, PHONE, TEXT, Guard, Schema, native, obj, union

_CODE, _MFA = "/verification/verification-code", "/verification/mfa-verification-code"
_EVENT = native("SignIn", "Register", "ForgotPassword")
_PHONE = obj(["type", "value"], type={"enum": ["phone"]}, value=PHONE)
_EMAIL = obj(["type", "value"], type={"enum": ["email"]}, value={**EMAIL, "maxLength": 256})
_SOMEBODY = obj(["type", "value"], type=native("username", "email", "phone"), value=TEXT)
IDENTIFIER: Schema = union("type", _EMAIL, _PHONE)
_KIND: Schema = {"enum": ["email", "phone"]}
_BEGIN = Guard(obj(["interactionEvent"], interactionEvent=_EVENT, captchaToken=TEXT))
_SEND = Guard(
    obj(["identifier", "interactionEvent"], identifier=IDENTIFIER, interactionEvent=_EVENT)
)
VERIFY = Guard(
    obj(
        ["identifier", "verificationId", "code"],
        identifier=IDENTIFIER,
        verificationId=TEXT,
        code=TEXT,
    )
)
_PASSWORD = Guard(
    obj(
        ["identifier", "password"],
        identifier=_SOMEBODY,
        password={"type": "string", "minLength": 1},
    )
)
_SEND_MFA = Guard(obj(["identifierType"], identifierType=_KIND))
_VERIFY_MFA = Guard(
    obj(
        ["identifierType", "verificationId", "code"],
        identifierType=_KIND,
        verificationId=TEXT,
        code=TEXT,
    )
)
_IDENTIFY = Guard(obj(verificationId=TEXT, linkSocialIdentity={"type": "boolean"}))
_NEW_PASSWORD = Guard(obj(["password"], password=TEXT))
_RECORD = ("email", "phone", "social")
_PROFILE = Guard(
    union(
        "type",
        obj(["type", "value"], type={"enum": ["username"]}, value=NAME),
        obj(["type", "value"], type={"enum": ["password"]}, value=TEXT),
        *(
            obj(["type", "verificationId"], type={"enum": [kind]}, verificationId=TEXT)
            for kind in _RECORD
        ),
        obj(["type", "values"], type={"enum": ["extraProfile"]}, values={"type": "object"}),
    )
)
_BIND = Guard(obj(["type", "verificationId"], type={"enum": [rules.FACTOR]}, verificationId=TEXT))


def _begin(ask: Ask) -> Said:
    """Begins anew, whatever there was."""
    found = entrance.session(ask)
    found.event, found.user = ask.body["interactionEvent"], ""
    found.records.clear()
    found.profile.clear()
    return DONE


def _switch(ask: Ask) -> Said:
    rules.switch(ask.service, entrance.begun(ask), ask.body["interactionEvent"])
    return DONE


def _context(ask: Ask, found: Interaction) -> dict[str, str]:
    """The languages of the request, for templates: those the application asked for go first."""
    wanted = found.request.get("ui_locales", "")
    accepted = ask.headers.get("accept-language", "")
    locale = languages.chosen(wanted, accepted, ask.service.setting("languageInfo"))
    return {"locale": locale} | ({"uiLocales": wanted} if wanted else {})


async def _deliver(
    ask: Ask, found: Interaction, made: Verification, *, suppressed: bool = False
) -> Any:
    """Sends the code of a new record, which the session has once it is sent."""
    service = ask.service

    async def send() -> None:
        code = codes.create(service, made.id, made.usage, made.to)
        if made.kind == "email" and not suppressed:  # nothing here carries it
            raise Refused("connector.not_found", type="Email")
        if not suppressed:
            payload = {"code": code, **_context(ask, found)}
            await sending.send(service, made.usage, made.to, payload, ask.ip)

    await codes.guarded(service, made.to, send)
    found.records[made.kind] = made
    return {"verificationId": made.id}


async def _send(ask: Ask) -> Any:
    """With the template of the event; for a person who is known and whose sign-up has no number,
    that of binding a second factor. Nobody learns that an address is nobody's either."""
    service, found, event = ask.service, entrance.begun(ask), ask.body["interactionEvent"]
    kind, to = ask.body["identifier"]["type"], ask.body["identifier"]["value"]
    binds = found.user and kind not in service.setting("signUp")["identifiers"]
    usage: UsageType = "BindMfa" if binds else event
    made = Verification(service.id(), to, usage=usage)
    if kind == "email":
        made.kind = made.identifier = "email"
    suppressed = rules.is_suppressed(service, found, event, to)
    return await _deliver(ask, found, made, suppressed=suppressed)


async def _send_mfa(ask: Ask) -> Any:
    """To the number the person has."""
    service, found = ask.service, entrance.begun(ask)
    user = service.state.users.find(found.user)
    if user is None:
        raise Refused("session.identifier_not_found", status=400)
    if user.phone is None or ask.body["identifierType"] == "email":
        raise Refused("session.mfa.mfa_factor_not_enabled")
    made = Verification(service.id(), user.phone, "mfa", "MfaVerification")
    return await _deliver(ask, found, made)


def _check(ask: Ask, found: Verification | None, to: str) -> Any:
    if found is None or found.id != ask.body["verificationId"]:
        raise Refused("session.verification_session_not_found")
    verify(ask, found, to)
    return {"verificationId": found.id}


def verify(ask: Ask, found: Verification, to: str) -> None:
    """Tries a code for a record, watched by the sentinel. Raises `Refused`."""
    code = ask.body["code"]

    def tried() -> None:
        if not code:
            raise Refused("verification_code.not_found")
        kind = "email" if found.kind == "email" else "phone"
        codes.verify(ask.service, found.id, found.usage, to, code, kind)
        found.verified = True

    codes.watched(ask.service, to, tried)


def _verify(ask: Ask) -> Any:
    kind = "email" if ask.body["identifier"]["type"] == "email" else "code"
    found = entrance.begun(ask).records.get(kind)
    return _check(ask, found, ask.body["identifier"]["value"])


def _verify_mfa(ask: Ask) -> Any:
    found = entrance.begun(ask).records.get("mfa")
    return _check(ask, found, found.to if found else "")


def _password(ask: Ask) -> Any:
    """The other first factor, without which SMS cannot be the second."""
    service, given = ask.service, ask.body["identifier"]
    kind, to = given["type"], given["value"]
    session = entrance.begun(ask)
    made = Verification(service.id(), to, "password", identifier=kind, verified=True)

    def tried() -> None:
        users = service.state.users
        find = {"phone": users.with_phone, "email": users.with_email, "username": users.named}
        user = find[kind](to)
        given_bytes = ask.body["password"].encode()
        if user is None or not hmac.compare_digest((user.password or "").encode(), given_bytes):
            raise Refused("session.invalid_credentials")
        if user.suspended:
            raise Refused("user.suspended")

    codes.watched(service, to, tried)
    session.records["password"] = made
    return {"verificationId": made.id}


def _identify(ask: Ask) -> Said:
    found, record = entrance.begun(ask), ask.body.get("verificationId", "")
    if found.event == "Register":
        rules.register(ask.service, found, record)
        return Said(201)
    if not record:
        raise Refused("guard.invalid_input")
    rules.identify(ask.service, found, record)
    return DONE


def _add(ask: Ask) -> Said:
    """An e-mail address or a social account has no record to prove it by, as nobody can make one
    here; there are no profile fields of a customer's own."""
    found, kind = entrance.begun(ask), ask.body["type"]
    if kind in ("email", "social"):
        rules.record(found, "")
    value = str(ask.body.get("verificationId", ask.body.get("value", "")))
    rules.add(ask.service, found, kind, value)
    return DONE


def _bind(ask: Ask) -> Said:
    """A second factor by SMS is the number itself."""
    rules.add(ask.service, entrance.begun(ask), "phone", ask.body["verificationId"])
    return DONE


def _reset(ask: Ask) -> Said:
    found = entrance.begun(ask)
    if found.event != "ForgotPassword":
        raise Refused("session.invalid_interaction_type")
    user = rules.identified(ask.service, found)
    rules.hold_to_policy(ask.service, ask.body["password"], user, found.profile)
    found.profile["password"] = ask.body["password"]
    return DONE


def _submit(ask: Ask) -> Said:
    found = entrance.begun(ask)
    if not rules.finish(ask.service, found):
        return DONE
    return Said(200, {"redirectTo": f"{ask.root}/oidc/auth/{found.id}"})


ROUTES = tuple(
    Route(method=method, path=f"/api/experience{path}", view=view, guard=guard, enter=enter)
    for method, path, view, guard, enter in (
        ("PUT", "", _begin, _BEGIN, entrance.session),
        ("PUT", "/interaction-event", _switch, _BEGIN, entrance.begun),
        ("POST", _CODE, _send, _SEND, entrance.begun),
        ("POST", f"{_CODE}/verify", _verify, VERIFY, entrance.begun),
        ("POST", _MFA, _send_mfa, _SEND_MFA, entrance.begun),
        ("POST", f"{_MFA}/verify", _verify_mfa, _VERIFY_MFA, entrance.begun),
        ("POST", "/verification/password", _password, _PASSWORD, entrance.begun),
        ("POST", "/identification", _identify, _IDENTIFY, entrance.begun),
        ("POST", "/profile", _add, _PROFILE, entrance.begun),
        ("PUT", "/profile/password", _reset, _NEW_PASSWORD, entrance.begun),
        ("POST", "/profile/mfa", _bind, _BIND, entrance.begun),
        ("POST", "/submit", _submit, None, entrance.begun),
    )
)
