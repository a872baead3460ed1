"""Account API: a person who is signed in proves a number, and makes it theirs."""

from datetime import UTC, datetime
from typing import Any

from simulators.otp import codes, languages, sending
from simulators.otp.api.experience import IDENTIFIER, VERIFY, verify
from simulators.otp.api.people import shown
from simulators.otp.api.tokens import bearer_token
from simulators.otp.connector import UsageType
from simulators.otp.cors import ACCOUNT
from simulators.otp.errors import Refused
from simulators.otp.interaction import hold_to_policy
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.state import RECORD_SECONDS, User, Verification, normal
from simulators.otp.zod import PHONE, TEXT, Guard, obj

_TEMPLATES = {"anyOf": [{"const": "BindMfa"}, {"const": "UserPermissionValidation"}]}
_SEND = Guard(obj(["identifier"], identifier=IDENTIFIER, templateType=_TEMPLATES))
_READ = ("ReadOnly", "Edit")
_ALWAYS = (
    *("lastSignInAt", "createdAt", "updatedAt"),
    *("applicationId", "cimdClientId", "isSuspended"),
)
_PASSWORD = Guard(obj(["password"], password={"type": "string", "minLength": 1}))
_CHANGE = Guard(
    obj(
        ["phone", "newIdentifierVerificationRecordId"],
        phone=PHONE,
        newIdentifierVerificationRecordId=TEXT,
    )
)


def _user(ask: Ask) -> User:
    """Whose token it is. Raises `Refused` for none."""
    try:
        user = ask.service.state.users.find(bearer_token(ask).user)
    except Refused as refused:
        if refused.code != "oidc.invalid_token":
            raise
        user = None
    if user is None:
        raise Refused("auth.unauthorized")
    return user


def _enter(ask: Ask) -> User:
    """The same, where people may look after their account themselves."""
    user = _user(ask)
    if not ask.service.state.account_center["enabled"]:
        raise Refused("account_center.not_enabled")
    return user


def _kept(ask: Ask, made: Verification) -> Said:
    now = ask.service.now()
    ask.service.state.records.put(made.id, made, now)
    until = datetime.fromtimestamp(now + RECORD_SECONDS, UTC)
    expires = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Said(201, {"verificationRecordId": made.id, "expiresAt": expires})


async def _send(ask: Ask) -> Said:
    """To one's own number to prove that one is oneself, to another to make it one's own."""
    service, user, identifier = ask.service, _user(ask), ask.body["identifier"]
    if identifier["type"] == "email":
        raise Refused("connector.not_found", type="Email")
    to = identifier["value"]
    own = normal(to) == user.phone
    usage: UsageType = "UserPermissionValidation" if own else "BindNewIdentifier"
    usage = ask.body.get("templateType", usage) if own else usage
    made = Verification(service.id(), to, usage=usage, owner=user.id if own else "")

    async def send() -> None:
        code = codes.create(service, made.id, usage, to)
        await sending.send(service, usage, to, {"code": code, "locale": _locale(ask)}, ask.ip)

    await codes.guarded(service, to, send)
    return _kept(ask, made)


def _locale(ask: Ask) -> str:
    accepted = ask.headers.get("accept-language", "")
    return languages.chosen("", accepted, ask.service.setting("languageInfo"))


def _record(ask: Ask, record_id: str) -> Verification:
    found = ask.service.state.records.get(record_id, ask.service.now())
    if found is None:
        raise Refused("verification_record.not_found")
    return found


def _verify(ask: Ask) -> Any:
    _user(ask)
    found = _record(ask, ask.body["verificationId"])
    if found.kind != "code" or ask.body["identifier"]["type"] == "email":  # nobody has one here
        raise Refused("verification_record.not_found")
    verify(ask, found, ask.body["identifier"]["value"])
    return {"verificationRecordId": found.id}


def _password(ask: Ask) -> Said:
    """The other way to prove that one is oneself."""
    user, service = _user(ask), ask.service

    def tried() -> None:
        if user.password != ask.body["password"]:
            raise Refused("session.invalid_credentials")

    codes.watched(service, user.id, tried)
    made = Verification(service.id(), user.id, "password", verified=True, owner=user.id)
    return _kept(ask, made)


def _may_edit(ask: Ask, field: str) -> User:
    """Who has just proven to be oneself, where the account center lets people change that."""
    user, state = _user(ask), ask.service.state
    own = state.records.get(ask.headers.get("logto-verification-id", ""), ask.service.now())
    if own is None or not own.verified or own.owner != user.id:
        raise Refused("verification_record.permission_denied")
    if state.account_center["fields"].get(field) != "Edit":
        raise Refused("account_center.field_not_editable")
    return user


def _change_password(ask: Ask) -> Said:
    user = _may_edit(ask, "password")
    hold_to_policy(ask.service, ask.body["password"], user)
    user.password, user.changed = ask.body["password"], ask.service.now()
    return DONE


def _may_edit_phone(ask: Ask) -> User:
    user = _may_edit(ask, "phone")
    if "phone" not in bearer_token(ask).scopes:
        raise Refused("auth.unauthorized", status=400)
    return user


def _remove_phone(ask: Ask) -> Said:
    """Not the last by which somebody can sign in."""
    user = _may_edit_phone(ask)
    if user.username is None:
        raise Refused("user.last_sign_in_method_required")
    ask.service.state.users.change_phone(user, None)
    return DONE


def _profile(ask: Ask) -> Any:
    """As much as the token's scopes and the account center allow."""
    user, scopes = _user(ask), bearer_token(ask).scopes
    fields, known = ask.service.state.account_center["fields"], shown(user)
    told: dict[str, Any] = {"id": user.id}
    if "profile" in scopes:
        told |= {name: known[name] for name in _ALWAYS}
        readable = {name: name for name in ("name", "avatar", "username", "profile")}
        readable["password"] = "hasPassword"  # noqa: S105 - the name of a field
        told |= {
            name: known[name] for field, name in readable.items() if fields.get(field) in _READ
        }
    if "phone" in scopes and fields.get("phone") in _READ:
        told["primaryPhone"] = user.phone
    if "email" in scopes and fields.get("email") in _READ:
        told["primaryEmail"] = user.email
    if "custom_data" in scopes and fields.get("customData") in _READ:
        told["customData"] = known["customData"]
    proofs = user.password or user.phone or user.email
    return told | {"hasSecurityVerificationMethod": bool(proofs)}


def _change_phone(ask: Ask) -> Said:
    user, state = _may_edit_phone(ask), ask.service.state
    phone = ask.body["phone"]
    new = _record(ask, ask.body["newIdentifierVerificationRecordId"])
    if not new.verified or new.kind != "code" or new.to != phone:
        raise Refused("verification_record.not_found", status=400)
    if state.users.with_phone(phone) not in (None, user):
        raise Refused("user.phone_already_in_use")
    state.users.change_phone(user, phone)
    return DONE


ROUTES = tuple(
    Route(method=method, path=f"/api{path}", view=view, guard=guard, enter=_enter, shared=ACCOUNT)
    for method, path, view, guard in (
        ("POST", "/verifications/verification-code", _send, _SEND),
        ("POST", "/verifications/verification-code/verify", _verify, VERIFY),
        ("POST", "/verifications/password", _password, _PASSWORD),
        ("GET", "/my-account", _profile, None),
        ("POST", "/my-account/password", _change_password, _PASSWORD),
        ("POST", "/my-account/primary-phone", _change_phone, _CHANGE),
        ("DELETE", "/my-account/primary-phone", _remove_phone, None),
    )
)
