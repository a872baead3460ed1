"""Management API: users, and what they may change of their account themselves."""

from typing import Any

from simulators.otp.api.entrance import enter
from simulators.otp.api.pages import bounds, part
from simulators.otp.errors import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.state import User, is_phone
from simulators.otp.zod import EMAIL, NAME, PHONE, TEXT, Guard, Schema, obj

_EMPTY: Schema = {"const": ""}
_OPTIONAL_PHONE: Schema = {"anyOf": [{"type": "null"}, {"anyOf": [PHONE, _EMPTY]}]}
_FLAG: Schema = {"type": "boolean"}
_SECRET: Schema = {"type": "string", "minLength": 1}
_OBJECT: Schema = {"type": "object"}
_URL: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*:.", "x-kind": "url"}
_USER = Guard(
    obj(
        primaryPhone=PHONE,
        primaryEmail=EMAIL,
        username=NAME,
        password=_SECRET,
        name=TEXT,
        avatar={"anyOf": [{"type": "null"}, {"anyOf": [_URL, _EMPTY]}]},
        customData=_OBJECT,
        profile=_OBJECT,
    )
)
_CUSTOM = Guard(obj(["customData"], customData=_OBJECT))
_PASSWORD = Guard(obj(["password"], password=_SECRET))
_OPTIONAL_NAME: Schema = {"anyOf": [{"type": "null"}, {"anyOf": [NAME, _EMPTY]}]}
_OPTIONAL_URL: Schema = {"anyOf": [{"type": "null"}, {"anyOf": [_URL, _EMPTY]}]}
_CHANGE = Guard(
    obj(
        username=_OPTIONAL_NAME,
        primaryEmail={"anyOf": [{"type": "null"}, {"anyOf": [EMAIL, _EMPTY]}]},
        primaryPhone=_OPTIONAL_PHONE,
        name={"anyOf": [{"type": "null"}, {"anyOf": [TEXT, _EMPTY]}]},
        avatar=_OPTIONAL_URL,
        customData=_OBJECT,
        profile=_OBJECT,
    )
)
_SUSPEND = Guard(obj(["isSuspended"], isSuspended=_FLAG))
_ABOUT = ("name", "avatar", "customData", "profile")
_SEARCHED = 10_000  # people looked at by one search, so that none holds the loop
_CONTROL: Schema = {"enum": ["Off", "ReadOnly", "Edit"]}
_CENTER = Guard(obj(enabled=_FLAG, fields={"type": "object", "additionalProperties": _CONTROL}))


def shown(user: User) -> dict[str, Any]:
    """A user as the Management API shows one, but for the password."""
    changed = max(user.created, user.changed, user.signed_in or 0)
    return {
        "id": user.id,
        "username": user.username,
        "primaryEmail": user.email,
        "primaryPhone": user.phone,
        "name": user.about.get("name"),
        "avatar": user.about.get("avatar"),
        "customData": user.about.get("customData", {}),
        "identities": {},
        "lastSignInAt": user.signed_in and round(user.signed_in * 1000),
        "createdAt": round(user.created * 1000),
        "updatedAt": round(changed * 1000),
        "profile": user.about.get("profile", {}),
        "applicationId": None,
        "cimdClientId": None,
        "isSuspended": user.suspended,
        "hasPassword": user.password is not None,
    }


def _create(ask: Ask) -> Any:
    service, body = ask.service, ask.body
    users, phone, name = service.state.users, body.get("primaryPhone"), body.get("username")
    if name is not None and users.named(name):
        raise Refused("user.username_already_in_use", status=422)
    email = body.get("primaryEmail")
    if email is not None and users.with_email(email):
        raise Refused("user.email_already_in_use")
    if phone is not None and users.with_phone(phone):
        raise Refused("user.phone_already_in_use")
    if phone is not None and not is_phone(phone):
        raise Refused("user.invalid_phone")
    user = User(service.id(12), service.now(), phone, name, body.get("password"), email=email)
    user.about = {name: body[name] for name in _ABOUT if name in body}
    users.add(user)
    return shown(user)


def _list(ask: Ask) -> Any:
    """The newest first. `search` is in the id, the name or the number of one of the last ten
    thousand; `%` is what Logto's own console puts around it."""
    wanted, users = ask.query.get("search", "").strip("%").lower(), ask.service.state.users
    start, stop = bounds(ask)
    if not wanted:
        return part(ask, [shown(user) for user in users.newest(start, stop)], len(users))
    found = [user for user in users.newest(0, _SEARCHED) if wanted in _searched(user)]
    return part(ask, [shown(user) for user in found[start:stop]], len(found))


def _searched(user: User) -> str:
    return " ".join((user.id, user.phone or "", (user.username or "").lower()))


def person(ask: Ask) -> User:
    """The one that the path names. Raises `Refused` (entity.not_found)."""
    user = ask.service.state.users.find(ask.params["id"])
    if user is None:
        raise Refused("entity.not_found")
    return user


def _get(ask: Ask) -> Any:
    return shown(person(ask))


def _change(ask: Ask) -> Any:
    user, users = person(ask), ask.service.state.users
    if "primaryPhone" in ask.body:
        phone = ask.body["primaryPhone"] or None
        if phone is not None and not is_phone(phone):
            raise Refused("user.invalid_phone")
        if phone is not None and users.with_phone(phone) not in (None, user):
            raise Refused("user.phone_already_in_use")
        users.change_phone(user, phone)
    if "username" in ask.body:
        name = ask.body["username"] or None
        if name is not None and users.named(name) not in (None, user):
            raise Refused("user.username_already_in_use")
        users.rename(user, name)
    if "primaryEmail" in ask.body:
        email = ask.body["primaryEmail"] or None
        if email is not None and users.with_email(email) not in (None, user):
            raise Refused("user.email_already_in_use")
        users.change_email(user, email)
    user.about |= {name: ask.body[name] for name in _ABOUT if name in ask.body}
    user.changed = ask.service.now()
    return shown(user)


def _custom(ask: Ask) -> Any:
    return person(ask).about.get("customData", {})


def _change_custom(ask: Ask) -> Any:
    """Merged, field by field."""
    user = person(ask)
    user.about["customData"] = {**user.about.get("customData", {}), **ask.body["customData"]}
    user.changed = ask.service.now()
    return user.about["customData"]


def _suspend(ask: Ask) -> Any:
    user = person(ask)
    user.suspended, user.changed = ask.body["isSuspended"], ask.service.now()
    return shown(user)


def _remove(ask: Ask) -> Said:
    named = person(ask).id
    ask.service.state.users.remove(named)
    for role in ask.service.state.roles.rows():
        role.holders.pop(named, None)
    return DONE


def _password(ask: Ask) -> Any:
    """Whatever the policy says: it is for people, not for those who look after them."""
    user = person(ask)
    user.password, user.changed = ask.body["password"], ask.service.now()
    return shown(user)


def _try_password(ask: Ask) -> Said:
    if person(ask).password != ask.body["password"]:
        raise Refused("session.invalid_credentials")
    return DONE


def _has_password(ask: Ask) -> Any:
    return {"hasPassword": person(ask).password is not None}


def _center(ask: Ask) -> Any:
    return {"id": "default", **ask.service.state.account_center}


def _change_center(ask: Ask) -> Any:
    known = ask.service.state.account_center
    ask.service.state.account_center = {name: ask.body.get(name, known[name]) for name in known}
    return _center(ask)


ROUTES = tuple(
    Route(method=method, path=path, view=view, guard=guard, enter=enter)
    for method, path, view, guard in (
        ("POST", "/api/users", _create, _USER),
        ("GET", "/api/users", _list, None),
        ("GET", "/api/users/<id>", _get, None),
        ("PATCH", "/api/users/<id>", _change, _CHANGE),
        ("PATCH", "/api/users/<id>/is-suspended", _suspend, _SUSPEND),
        ("GET", "/api/users/<id>/custom-data", _custom, None),
        ("PATCH", "/api/users/<id>/custom-data", _change_custom, _CUSTOM),
        ("PATCH", "/api/users/<id>/password", _password, _PASSWORD),
        ("POST", "/api/users/<id>/password/verify", _try_password, _PASSWORD),
        ("GET", "/api/users/<id>/has-password", _has_password, None),
        ("DELETE", "/api/users/<id>", _remove, None),
        ("GET", "/api/account-center", _center, None),
        ("PATCH", "/api/account-center", _change_center, _CENTER),
    )
)
